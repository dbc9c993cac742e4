"""A mailbox as we need it: what waits in its INBOX, one message's bytes, and filing it into a folder.

    open -> log in -> folders made -> INBOX selected -> search, sizes, body, file, wait ... -> close

Every function raises ConnectionLost when the connection is gone, and Refused when the server says no.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from core.confidential import Confidential
from core.large_mail import Intake, RawMail
from core.words import MailboxAuth, MailboxSecurity
from mail.inbox.protocol import PATIENCE, ConnectionLost, Protocol, Refused, Response, open_protocol, quoted

_NAMESPACE: Final = re.compile(r'NAMESPACE \(\("((?:[^"\\]|\\.)*)" (?:"(?:[^"\\]|\\.)*"|NIL)', re.IGNORECASE)
_CODE: Final = re.compile(r"\[(UIDVALIDITY|UIDNEXT) (\d+)\]", re.IGNORECASE)
_UID: Final = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_ARRIVED: Final = re.compile(rb'\bINTERNALDATE "([^"]+)"', re.IGNORECASE)
_GOODBYE_SECONDS: Final = 5.0


class Folder(StrEnum):
    """Where a message goes, beside INBOX. Its folder is its state: ``\\Seen`` means nothing."""

    PROCESSED = "Processed"
    IGNORED = "Ignored"
    HELD = "Held"
    FAILED = "Failed"


class LoginRefused(Exception):
    """Trying again changes nothing until somebody mends it. ``str`` says what, in words for an operator."""


class Account(Confidential, frozen=True):
    """``secret``: the password, or the access token."""

    host: str
    port: int
    security: MailboxSecurity
    auth: MailboxAuth
    user: str
    secret: str


class Selected(Struct, frozen=True):
    """``uid_next`` 0: the server did not say."""

    uid_validity: int
    uid_next: int


class Waiting(Struct, frozen=True):
    """``arrived_at`` None: the server wrote a date that nobody can read."""

    uid: int
    size: int
    arrived_at: datetime | None


class Connection:
    """Logged in. Made by ``open_connection``; its commands take turns, so tasks may share it."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._prefix = ""

    @property
    def can_idle(self) -> bool:
        return "IDLE" in self._protocol.capabilities

    @property
    def can_move(self) -> bool:
        return "MOVE" in self._protocol.capabilities

    @property
    def can_expunge_one(self) -> bool:
        return "UIDPLUS" in self._protocol.capabilities

    def name_of(self, folder: Folder) -> str:
        """As the server calls it: some keep all folders below ``INBOX.``."""
        return f"{self._prefix}{folder}"

    async def make_folders(self) -> None:
        if "NAMESPACE" in self._protocol.capabilities:
            told = "\n".join(_texts(_accepted(await self._protocol.namespace(), "NAMESPACE")))
            found = _NAMESPACE.search(told)
            self._prefix = re.sub(r"\\(.)", r"\1", found[1]) if found else ""
        for folder in Folder:
            await self._make(folder)

    async def _make(self, folder: Folder) -> None:
        name = quoted(self.name_of(folder))
        listed = _accepted(await self._protocol.simple_command("LIST", '""', name), "LIST")
        # The last line is the tagged one; Dovecot's begins with “List”, too.
        if any(text.upper().startswith("LIST ") for text in _texts(listed)[:-1]):
            return
        made = await self._protocol.simple_command("CREATE", name)
        if made.result != "OK" and "ALREADYEXISTS" not in _said(made).upper():
            raise Refused(f"the folder {self.name_of(folder)} cannot be made: {_said(made)}")
        # So that people see it. Who may not subscribe may still file.
        await self._protocol.try_out("SUBSCRIBE", name)

    async def select(self) -> Selected:
        response = _accepted(await self._protocol.select('"INBOX"'), "SELECT")
        told = "\n".join(_texts(response))
        if "[READ-ONLY]" in told.upper():
            raise Refused("the mailbox can only be read, so nothing can be filed")
        codes = {name.upper(): int(value) for name, value in _CODE.findall(told)}
        return Selected(codes.get("UIDVALIDITY", 0), codes.get("UIDNEXT", 0))

    async def search(self, first: int = 1, last: int | None = None) -> list[int]:
        """The UIDs in INBOX from ``first`` to ``last``, in their order."""
        span = f"{first}:{last or '*'}"
        # Without CHARSET: Exchange and others refuse it.
        found = _accepted(await self._protocol.search("UID", span, "UNDELETED", charset=None, by_uid=True), "SEARCH")
        words = [text.split()[1:] for text in _texts(found)[:-1] if text.upper().startswith("SEARCH")]
        uids = {int(word) for line in words for word in line if word.isdigit()}
        # “9:*” names the last message, too, where that is an older one.
        return sorted(uid for uid in uids if uid >= first)

    async def sizes(self, uids: Sequence[int]) -> dict[int, Waiting]:
        """Those that are still there."""
        listed = ",".join(map(str, uids))
        response = _accepted(await self._protocol.uid("FETCH", listed, "(UID RFC822.SIZE INTERNALDATE)"), "FETCH")
        found: dict[int, Waiting] = {}
        for line in response.lines:
            uid, size, arrived = _UID.search(line), _SIZE.search(line), _ARRIVED.search(line)
            if uid and size:
                found[int(uid[1])] = Waiting(int(uid[1]), int(size[1]), _moment(arrived[1]) if arrived else None)
        return found

    async def body(self, uid: int) -> RawMail | None:
        """Leaves the message unread. None: the server has no bytes for it, whatever it listed."""
        intake = Intake()
        return intake.taken() if await self._protocol.fetch_body(uid, intake) else None

    async def file(self, uids: Sequence[int], folder: Folder) -> None:
        """Out of INBOX. What is not there any more was filed by another watcher."""
        listed, name = _spans(uids), quoted(self.name_of(folder))
        verb = "MOVE" if self.can_move else "COPY"
        response = await self._protocol.uid(verb, listed, name)
        if response.result != "OK" and "TRYCREATE" in _said(response).upper():
            await self._make(folder)
            response = await self._protocol.uid(verb, listed, name)
        _accepted(response, verb)
        if verb == "COPY":
            _accepted(await self._protocol.uid("STORE", listed, "+FLAGS.SILENT", r"(\Deleted)"), "STORE")
            # A plain EXPUNGE would take away what somebody else has marked.
            if self.can_expunge_one:
                _accepted(await self._protocol.uid("EXPUNGE", listed), "EXPUNGE")

    def begin_listening(self) -> None:
        """What arrives from here on ends the next ``wait``. Before a search: it may come while that is answered."""
        self._protocol.news.clear()

    async def wait(self, seconds: float) -> None:
        """Until something arrives, or ``wake`` is called, or so long."""
        if self.can_idle:
            await self._protocol.idle(seconds)
            return
        await self._protocol.wait_quietly(seconds)
        _accepted(await self._protocol.simple_command("NOOP"), "NOOP")

    def wake(self) -> None:
        self._protocol.news.set()

    async def close(self) -> None:
        """Politely, where that is quick."""
        with contextlib.suppress(ConnectionLost, Refused):
            await self._protocol.say_goodbye(_GOODBYE_SECONDS)
        self._protocol.give_up("it was closed")


async def open_connection(
    account: Account, *, tls: ssl.SSLContext | None = None, patience: float = PATIENCE, largest: int
) -> Connection:
    """Raises ConnectionLost, Refused, LoginRefused. ``tls``: instead of the system's certificates."""
    context = tls or ssl.create_default_context() if account.security is MailboxSecurity.TLS else None
    protocol = await open_protocol(account.host, account.port, tls=context, patience=patience, largest=largest)
    try:
        await _log_in(protocol, account)
        # What it offers before the login is not what it offers after.
        await protocol.capability()
    except BaseException:
        protocol.give_up("it was closed")
        raise
    return Connection(protocol)


async def _log_in(protocol: Protocol, account: Account) -> None:
    await protocol.capability()
    if account.auth is MailboxAuth.PASSWORD and "LOGINDISABLED" in protocol.capabilities:
        raise LoginRefused("the server takes no passwords on this connection; TLS is needed, or XOAUTH2")
    if account.auth is MailboxAuth.XOAUTH2 and "AUTH=XOAUTH2" not in protocol.capabilities:
        raise LoginRefused("the server does not offer XOAUTH2")
    try:
        if account.auth is MailboxAuth.PASSWORD:
            response = await protocol.login(quoted(account.user), account.secret)
        else:
            response = await protocol.xoauth2(account.user, account.secret)
    except ValueError as problem:
        raise LoginRefused("the user name or the secret has characters that cannot be sent") from problem
    if response.result != "OK":
        what = "password" if account.auth is MailboxAuth.PASSWORD else "access token"
        raise LoginRefused(f"the server refuses the user name or the {what}")


def _spans(uids: Sequence[int]) -> str:
    """As in “3:5,9”: a server need not take a line of more than 8,000 characters."""
    spans: list[list[int]] = []
    for uid in sorted(uids):
        if spans and uid == spans[-1][1] + 1:
            spans[-1][1] = uid
        else:
            spans.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in spans)


def _accepted(response: Response, verb: str) -> Response:
    if response.result != "OK":
        raise Refused(f"the server refuses {verb}: {_said(response)}")
    return response


def _texts(response: Response) -> list[str]:
    return [line.decode(errors="replace") for line in response.lines if isinstance(line, bytes)]


def _said(response: Response) -> str:
    """The tagged line's words."""
    return _texts(response)[-1][:200] if response.lines else ""


def _moment(written: bytes) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.strptime(written.decode(errors="replace").strip(), "%d-%b-%Y %H:%M:%S %z")
    return None
