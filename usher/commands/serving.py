"""``usher serve`` (everything in one process), and the Procfile's ``web``, ``bot``, ``worker``, ``mailbox``."""

import asyncio
import gc
from dataclasses import replace

import click

from core.errors import SettingInvalid
from core.settings import Settings, load_settings
from usher.logs import start_logging

_LISTEN = "127.0.0.1:2525"


@click.command()
@click.option("--smtp", is_flag=True, help=f"Take mail from the own mail host: USHER_MAIL_LISTEN, else {_LISTEN}.")
def serve(*, smtp: bool) -> None:
    """Run everything in one process: web pages, Slack, mailboxes, background work."""
    settings = load_settings()
    if smtp:
        require_inbox(settings)
        settings = replace(settings, mail_listen=settings.mail_listen or _LISTEN)
    run(settings, frozenset({"web", "bot", "worker", "mailbox"}))


def require_inbox(settings: Settings) -> None:
    """Raises SettingInvalid."""
    if not settings.mail_inbox:
        raise SettingInvalid(name="USHER_MAIL_INBOX", reason="it is missing; it is what people write to")


@click.command()
def web() -> None:
    """Run the web process: learners' pages and Slack's HTTP endpoint."""
    run(load_settings(), frozenset({"web"}))


@click.command()
def bot() -> None:
    """Run the Slack bot over Socket Mode. It needs USHER_SLACK_APP_TOKEN."""
    settings = load_settings()
    if not settings.slack_app_token:
        raise SettingInvalid(name="USHER_SLACK_APP_TOKEN", reason="it is missing; Socket Mode needs it")
    run(settings, frozenset({"bot"}))


@click.command()
def worker() -> None:
    """Run a background worker: it sends what must be sent. Run as many as you like on PostgreSQL."""
    run(load_settings(), frozenset({"worker"}))


def run(settings: Settings, parts: frozenset[str]) -> None:
    """Until SIGTERM or SIGINT."""
    start_logging(settings.log_level)
    # Loading is a sixth quicker without it; House.serve turns it on again.
    gc.disable()
    import uvloop

    from usher.serving import House

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(House(settings, parts=parts).serve())
