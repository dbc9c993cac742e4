"""``usher serve`` (everything in one process), and the Procfile's ``web``, ``bot``, ``worker``."""

import asyncio
import gc

import click

from core.errors import SettingInvalid
from core.settings import Settings, load_settings
from usher.logs import start_logging


@click.command()
def serve() -> None:
    """Run everything in one process: web pages, Slack, background work."""
    _run(load_settings(), frozenset({"web", "bot", "worker"}))


@click.command()
def web() -> None:
    """Run the web process: learners' pages and Slack's HTTP endpoint."""
    _run(load_settings(), frozenset({"web"}))


@click.command()
def bot() -> None:
    """Run the Slack bot over Socket Mode. It needs USHER_SLACK_APP_TOKEN."""
    settings = load_settings()
    if not settings.slack_app_token:
        raise SettingInvalid(name="USHER_SLACK_APP_TOKEN", reason="it is missing; Socket Mode needs it")
    _run(settings, frozenset({"bot"}))


@click.command()
def worker() -> None:
    """Run a background worker: it sends what must be sent. Run as many as you like on PostgreSQL."""
    _run(load_settings(), frozenset({"worker"}))


def _run(settings: Settings, parts: frozenset[str]) -> None:
    start_logging(settings.log_level)
    # Loading is a sixth quicker without it; House.serve turns it on again.
    gc.disable()
    import uvloop

    from usher.serving import House

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(House(settings, parts=parts).serve())
