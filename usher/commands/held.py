"""``usher held``: messages that wait for a person, going out or come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import MailNotFound
from core.words import MailRule, MailState
from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from core.app import App
    from core.usecases.mailbox.received import ReceivedMail, ReceivedShown
    from core.usecases.messages.held import HeldMessage

_RULES = click.Choice([rule.value for rule in MailRule])
_STATES = click.Choice([MailState.HELD.value, MailState.FAILED.value, MailState.IGNORED.value])


@click.group()
def held() -> None:
    """Messages that wait for a person, or are late because of us."""


@held.command("list")
@click.option("--page", default=1, show_default=True)
@click.option("--rule", type=_RULES, metavar="RULE", help="Of what came in, only what this rule decided.")
@click.option("--state", type=_STATES, help="Of what came in; else held and failed ones.")
def list_messages(page: int, rule: str | None, state: str | None) -> None:
    """List them, oldest first, fifty a page: what goes out, then what came in."""
    with operator_app() as app:
        if rule is None and state is None:
            _list_outbound(app, page)
        _list_received(app, page, rule, state)


@held.command("show")
@click.argument("number", type=int)
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the e-mail as it came to a file.")
def show(number: int, save: Path | None) -> None:
    """Show one message: about what, and why it waits."""
    from core.usecases.mailbox.received import ShowReceived, show_received

    with operator_app() as app:
        try:
            shown = app.read(show_received, ShowReceived(number), OPERATOR)
        except MailNotFound:
            _show_outbound(app, number)
            return
    _say_received(shown)
    if save is not None:
        _save(shown, save)


@held.command("retry")
@click.argument("number", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="All held messages that go out.")
def retry(number: int | None, *, everything: bool) -> None:
    """Send a held message again: the same message, with the same Message-ID."""
    if number is None and not everything:
        raise click.UsageError("Say which message, or --all.")
    from core.usecases.messages.held import RetryHeld, retry_held

    with operator_app() as app:
        done = app.run(retry_held, RetryHeld(number), OPERATOR)
    click.echo(f"{done.count} will be sent again within half a minute.")


@held.command("run")
@click.argument("number", type=int, required=False)
@click.option("--rule", type=_RULES, metavar="RULE", help="All held or failed e-mails that this rule decided.")
def run(number: int | None, rule: str | None) -> None:
    """Take up an e-mail once more, by the same rules, as after a mistake of ours was mended."""
    if (number is None) == (rule is None):
        raise click.UsageError("Say which message, or --rule.")
    from core.usecases.mailbox.received import RunReceived, run_received

    with operator_app() as app:
        command = RunReceived(number, MailRule(rule) if rule else None)
        done = app.run(run_received, command, OPERATOR)
    click.echo(f"{done.count} will be taken up again within a minute.")


@held.command("release")
@click.argument("number", type=int)
def release(number: int) -> None:
    """Do what a held e-mail asks: you vouch for its sender."""
    from core.usecases.mailbox.received import ReleaseReceived, release_received

    with operator_app() as app:
        app.run(release_received, ReleaseReceived(number), OPERATOR)
    click.echo("It counts as its sender's, and will be taken up within a minute.")


@held.command("ignore")
@click.argument("number", type=int)
def ignore(number: int) -> None:
    """Throw a held or failed e-mail away. Its words are erased with those of all others, after 30 days."""
    from core.usecases.mailbox.received import IgnoreReceived, ignore_received

    with operator_app() as app:
        app.run(ignore_received, IgnoreReceived(number), OPERATOR)
    click.echo("Nothing will be done about it.")


# --- What goes out ----------------------------------------------------------------------------------------


def _list_outbound(app: App, page: int) -> None:
    from core.usecases.messages.held import ListHeld, list_held

    listed = app.read(list_held, ListHeld(page=page), OPERATOR)
    click.echo(f"{listed.held_total} held, {listed.late_total} late.")
    for message in (*listed.held, *listed.late, *listed.returned):
        click.echo(_line(message))
    if listed.returned:
        click.echo(f"{len(listed.returned)} to staff came back (bounced): mend the address, then invite them again.")
    if listed.held_total:
        click.echo("Look closer with “usher held show NUMBER”; send again with “usher held retry NUMBER” or “--all”.")


def _show_outbound(app: App, number: int) -> None:
    from core.usecases.messages.held import ShowHeld, show_held

    shown = app.read(show_held, ShowHeld(number), OPERATOR)
    message = shown.message
    click.echo(_line(message))
    click.echo(
        f"  to: {shown.recipient}\n  tries: {message.attempts}\n  next try: {message.not_before:%d %B %Y %H:%M} UTC"
    )


def _line(message: HeldMessage) -> str:
    when = f"{message.created_at:%Y-%m-%d %H:%M}"
    return f"{message.message_id}  {message.state}  {message.kind}  {message.organisation}  {when}  {message.problem}"


# --- What came in -----------------------------------------------------------------------------------------


def _list_received(app: App, page: int, rule: str | None, state: str | None) -> None:
    from core.usecases.mailbox.received import ListReceived, list_received

    command = ListReceived(MailRule(rule) if rule else None, MailState(state) if state else None, page)
    listed = app.read(list_received, command, OPERATOR)
    by_rule = ", ".join(f"{count} {each}" for each, count in listed.counts)
    click.echo(f"{listed.total} received{f': {by_rule}' if by_rule else ''}.")
    for mail in listed.mails:
        click.echo(_received_line(mail))
    if listed.total:
        click.echo("Look closer with “usher held show NUMBER”; then “usher held release”, “run” or “ignore”.")


def _received_line(mail: ReceivedMail) -> str:
    when = f"{mail.received_at:%Y-%m-%d %H:%M}"
    erased = f"erased on {mail.erased_at:%Y-%m-%d}" if mail.erased_at else "erased"
    sender = mail.sender or "no single sender"
    return f"{mail.inbound_id}  {mail.state}  {mail.rule or ''}  {sender}  {mail.organisation}  {when}  {erased}"


def _say_received(shown: ReceivedShown) -> None:
    """The rule that decided, in words."""
    from mail.receiving.screening import RULE_WORDS

    mail = shown.mail
    click.echo(_received_line(mail))
    lines = (
        ("why", RULE_WORDS[mail.rule] if mail.rule else "It waits to be read."),
        ("besides", mail.detail),
        ("reference in the log", mail.reference),
        ("sender", f"{shown.assurance or 'not proven'}{', released' if mail.is_released else ''}"),
        ("written to", shown.envelope_to),
        ("mail server calls itself", shown.server),
        ("Message-ID", shown.message_ref),
        ("size", f"{mail.size} bytes"),
        ("tries", str(mail.attempts)),
    )
    for name, value in lines:
        if value:
            click.echo(f"  {name}: {value}")


def _save(shown: ReceivedShown, path: Path) -> None:
    if shown.raw is None:
        raise click.ClickException("Its words are erased.")
    # For the operator's eyes only, and never over another file.
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(shown.raw)
    except FileExistsError:
        raise click.ClickException(f"There is a file {path} already.") from None
    click.echo(f"Saved to {path}.")
