"""``usher mailbox``: mailboxes that Usher reads over IMAP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TextIO

import click

from core.words import MailboxAuth, MailboxSecurity, OldMail
from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from core.usecases.mailbox.mailboxes import MailboxRow, MailboxSecret

_SECRET_FILE = click.option(
    "--secret-file",
    type=click.File(),
    help="Where the secret is read from: the password; or the token, and on a second line the client secret. "
    "“-”: from the standard input. Without it you are asked.",
)
_NONE = "There are none. “usher mailbox add” adds one."
_NEVER = "  never connected to: does “usher serve” or “usher mailbox watch” run?"
_MOMENT = "%d %B %Y %H:%M UTC"


@click.group()
def mailbox() -> None:
    """Mailboxes that Usher reads."""


@mailbox.command("add")
@click.argument("name")
@click.option("--address", required=True, help="What people write to: usher@example.org.")
@click.option("--host", required=True, help="The IMAP server.")
@click.option("--port", default=993, show_default=True)
@click.option("--user", default="", help="User name there; without it the address.")
@click.option("--auth", type=click.Choice([auth.value for auth in MailboxAuth]), default="password", show_default=True)
@click.option("--token-url", default="", help="XOAUTH2: where a refresh token gets access tokens.")
@click.option("--client-id", default="", help="XOAUTH2: the client id that the refresh token belongs to.")
@click.option("--no-tls", is_flag=True, help="For a server on this machine only.")
@_SECRET_FILE
def add(
    name: str,
    address: str,
    host: str,
    port: int,
    user: str,
    auth: str,
    token_url: str,
    client_id: str,
    secret_file: TextIO | None,
    *,
    no_tls: bool,
) -> None:
    """Read a mailbox from now on, under NAME. What lies in it already waits until you decide about it."""
    from core.usecases.mailbox.mailboxes import AddMailbox, add_mailbox

    way = MailboxAuth(auth)
    security = MailboxSecurity.NONE if no_tls else MailboxSecurity.TLS
    secret = _secret(way, secret_file, token_url, client_id)
    command = AddMailbox(name, address, host, port, security, way, user or address, secret)
    with operator_app() as app:
        app.run(add_mailbox, command, OPERATOR)
    click.echo(f"{name} is read within ten seconds, where “usher serve” or “usher mailbox watch” runs.")
    click.echo(f"See whether it can be: usher mailbox check {name}")


@mailbox.command("password")
@click.argument("name")
@click.option("--token-url", default="", help="XOAUTH2: where a refresh token gets access tokens.")
@click.option("--client-id", default="", help="XOAUTH2: the client id that the refresh token belongs to.")
@_SECRET_FILE
def password(name: str, token_url: str, client_id: str, secret_file: TextIO | None) -> None:
    """Give NAME another password or token. It is used within ten seconds."""
    from core.usecases.mailbox.mailboxes import (
        ChangeMailboxSecret,
        ListMailboxes,
        change_mailbox_secret,
        list_mailboxes,
    )

    with operator_app() as app:
        (row,) = app.read(list_mailboxes, ListMailboxes(name), OPERATOR).rows
        secret = _secret(row.auth, secret_file, token_url, client_id)
        app.run(change_mailbox_secret, ChangeMailboxSecret(name, secret), OPERATOR)
    click.echo(f"{name} has its new secret.")


def _secret(auth: MailboxAuth, file: TextIO | None, token_url: str, client_id: str) -> MailboxSecret:
    from core.usecases.mailbox.mailboxes import MailboxSecret

    given = file.read().splitlines() if file is not None else None
    if auth is MailboxAuth.PASSWORD:
        asked = given if given is not None else [click.prompt("Password", hide_input=True)]
        return MailboxSecret(password=asked[0] if asked else "")
    if not token_url:
        asked = given if given is not None else [click.prompt("Access token", hide_input=True)]
        return MailboxSecret(access_token=asked[0].strip() if asked else "")
    if given is None:
        token = click.prompt("Refresh token", hide_input=True)
        given = [token, click.prompt("Client secret (empty if there is none)", hide_input=True, default="")]
    token, client_secret = [*given, "", ""][:2]
    return MailboxSecret(
        refresh_token=token.strip(), client_secret=client_secret.strip(), client_id=client_id, token_url=token_url
    )


@mailbox.command("list")
def list_all() -> None:
    """List them, a line each."""
    rows = _rows("")
    for row in rows:
        click.echo(f"{row.name}  {row.address}  {row.host}:{row.port}  {_state(row)}")
    if not rows:
        click.echo(_NONE)


def _state(row: MailboxRow) -> str:
    if not row.is_on:
        return "disabled"
    return row.problem or ("read" if row.seen_at else "never connected to")


@mailbox.command("status")
@click.argument("name", required=False, default="")
def status(name: str) -> None:
    """Say when they were seen, what waits, what is wrong."""
    rows = _rows(name)
    for row in rows:
        click.echo("\n".join(_described(row)))
    if not rows:
        click.echo(_NONE)


def _rows(name: str) -> tuple[MailboxRow, ...]:
    from core.usecases.mailbox.mailboxes import ListMailboxes, list_mailboxes

    with operator_app() as app:
        return app.read(list_mailboxes, ListMailboxes(name), OPERATOR).rows


def _described(row: MailboxRow) -> list[str]:
    lines = [f"{row.name}: {row.user} at {row.host}:{row.port}, for {row.address}"]
    if not row.is_on:
        lines.append(f"  disabled; “usher mailbox enable {row.name}” reads it again")
    if row.problem:
        lines.append(f"  not read: {row.problem}")
    if row.seen_at is None:
        return lines if row.problem else [*lines, _NEVER]
    lines.append(f"  last seen: {row.seen_at:{_MOMENT}}")
    lines.append(f"  waiting: {row.waiting}")
    if row.waiting_old and row.connected_at is not None:
        lines.append(f"  older than the first connection ({row.connected_at:{_MOMENT}}): {row.waiting_old}, not read")
        lines.append(f"    “usher mailbox answer-old {row.name}” reads and answers them,")
        lines.append(f"    “usher mailbox ignore-old {row.name}” moves them to Ignored")
    return lines


@mailbox.command("answer-old")
@click.argument("name")
def answer_old(name: str) -> None:
    """Read and answer older mail in NAME. It lay there before the first connection."""
    _decide(name, OldMail.ANSWERED, "Older messages: {count}. They are read and answered from now on.")


@mailbox.command("ignore-old")
@click.argument("name")
def ignore_old(name: str) -> None:
    """Move older mail in NAME to Ignored, unread. It lay there before the first connection."""
    _decide(name, OldMail.IGNORED, "Older messages: {count}. They go to Ignored, unread.")


def _decide(name: str, old_mail: OldMail, words: str) -> None:
    from core.usecases.mailbox.mailboxes import DecideOldMail, decide_old_mail

    with operator_app() as app:
        changed = app.run(decide_old_mail, DecideOldMail(name, old_mail), OPERATOR)
    click.echo(words.format(count=changed.waiting_old))


@mailbox.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Do not read NAME any more; everything about it is kept."""
    _switch(name, is_on=False)
    click.echo(f"{name} is not read any more. What arrives there stays in its INBOX.")


@mailbox.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Read NAME again."""
    _switch(name, is_on=True)
    click.echo(f"{name} is read again.")


def _switch(name: str, *, is_on: bool) -> None:
    from core.usecases.mailbox.mailboxes import SwitchMailbox, switch_mailbox

    with operator_app() as app:
        app.run(switch_mailbox, SwitchMailbox(name, is_on), OPERATOR)


@mailbox.command("remove")
@click.argument("name")
@click.confirmation_option(prompt="Forget this mailbox and its secret?")
def remove(name: str) -> None:
    """Forget NAME and its secret. Its messages stay, at its server and here."""
    from core.usecases.mailbox.mailboxes import RemoveMailbox, remove_mailbox

    with operator_app() as app:
        app.run(remove_mailbox, RemoveMailbox(name), OPERATOR)
    click.echo(f"{name} is forgotten.")


@mailbox.command("check")
@click.argument("name")
def check(name: str) -> None:
    """Connect to NAME and say what is there. Makes the folders; reads and moves nothing."""
    from core.usecases.mailbox.watching import ListWatched, list_watched
    from usher.mailbox_check import look_at

    with operator_app() as app:
        (watched,) = app.read(list_watched, ListWatched(name), OPERATOR).mailboxes
        found = asyncio.run(look_at(app, watched))
    for line in found.lines:
        click.echo(line)
    if found.problem:
        raise click.ClickException(found.problem)


@mailbox.command("watch")
def watch() -> None:
    """Read the mailboxes, and listen if USHER_MAIL_LISTEN is set. Run as many as you like on PostgreSQL."""
    from core.settings import load_settings
    from usher.commands.serving import require_inbox, run

    settings = load_settings()
    require_inbox(settings)
    run(settings, frozenset({"mailbox"}))
