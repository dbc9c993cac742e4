"""``usher slack manifest``."""

import json

import click

from core.settings import load_settings


@click.group()
def slack() -> None:
    """The Slack app."""


@slack.command()
@click.option("--base-url", default=None, help="Where Slack reaches Usher; default: USHER_BASE_URL.")
@click.option("--prefix", default=None, help="Before the short command names; default: USHER_SLACK_COMMAND_PREFIX.")
@click.option("--socket-mode", is_flag=True, help="For an Usher that Slack cannot reach: no public address needed.")
def manifest(base_url: str | None, prefix: str | None, *, socket_mode: bool) -> None:
    """Print the manifest to paste at api.slack.com/apps. Names that Slack reserves are refused."""
    from bot.manifest import manifest as build

    settings = load_settings()
    address = base_url or settings.base_url
    if not address.startswith(("https://", "http://")):
        raise click.BadParameter("write an address like https://usher.example.org", param_hint="--base-url")
    if not socket_mode and not address.startswith("https://"):
        click.echo("Slack calls https:// addresses only: give --base-url, or --socket-mode.", err=True)
    made = build(
        address,
        settings.slack_command_prefix if prefix is None else prefix,
        socket_mode=socket_mode,
    )
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
