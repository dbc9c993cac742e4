"""``usher held``: messages that wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from core.usecases.held import HeldMessage


@click.group()
def held() -> None:
    """Messages that wait for a person, or are late because of us."""


@held.command("list")
@click.option("--page", default=1, show_default=True)
def list_messages(page: int) -> None:
    """List them, oldest first, fifty a page."""
    from core.usecases.held import ListHeld, list_held

    with operator_app() as app:
        listed = app.read(list_held, ListHeld(page=page), OPERATOR)
    click.echo(f"{listed.held_total} held, {listed.late_total} late.")
    for message in (*listed.held, *listed.late):
        click.echo(_line(message))
    if listed.held_total:
        click.echo("Look closer with “usher held show NUMBER”; send again with “usher held retry NUMBER” or “--all”.")


@held.command("show")
@click.argument("number", type=int)
def show(number: int) -> None:
    """Show one message: to whom, about what, and why it waits."""
    from core.usecases.held import ShowHeld, show_held

    with operator_app() as app:
        shown = app.read(show_held, ShowHeld(number), OPERATOR)
    message = shown.message
    click.echo(_line(message))
    click.echo(
        f"  to: {shown.recipient}\n  tries: {message.attempts}\n  next try: {message.not_before:%d %B %Y %H:%M} UTC"
    )


@held.command("retry")
@click.argument("number", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="All held messages.")
def retry(number: int | None, *, everything: bool) -> None:
    """Send a held message again: the same message, with the same Message-ID."""
    if number is None and not everything:
        raise click.UsageError("Say which message, or --all.")
    from core.usecases.held import RetryHeld, retry_held

    with operator_app() as app:
        done = app.run(retry_held, RetryHeld(number), OPERATOR)
    click.echo(f"{done.count} will be sent again within half a minute.")


def _line(message: HeldMessage) -> str:
    when = f"{message.created_at:%Y-%m-%d %H:%M}"
    return f"{message.message_id}  {message.state}  {message.kind}  {message.organisation}  {when}  {message.problem}"
