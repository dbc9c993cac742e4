"""One connection to the mail server, and the handing over of one mail on it.

1. A verdict is REFUSED only if the server said so after it knew the recipient.
2. A verdict is UNSURE only if the final dot may have left this machine and no answer came.
3. Where the dot had not left, it never will: the connection is cut off, not closed, so that nothing waiting is sent.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException, SMTPServerDisconnected
from msgspec import Struct

from core.letters import Outcome, Verdict
from core.settings import Settings
from mail.sending.rendering import Mail
from mail.sending.replies import ConnectionEnded, Replies, Reply
from mail.sending.verdicts import Stage, detail_of, ends_connection, is_no_mailbox, plain_detail, verdict_of

Failpoint = Callable[[str], None]
"""Called with "mail", "before_dot" and "after_dot"; a fault experiment may end the process there."""

_OK: Final = 250
_WILL_FORWARD: Final = 251
_SEND_CONTENT: Final = 354
_STEPS: Final = (
    (Stage.SENDER, (_OK,)),
    (Stage.RECIPIENT, (_OK, _WILL_FORWARD)),
    (Stage.CONTENT, (_SEND_CONTENT,)),
)
_STAGES_AFTER: Final = {Stage.SENDER: 2, Stage.RECIPIENT: 1, Stage.CONTENT: 0}
_QUIT_SECONDS: Final = 2.0


class CannotConnect(Exception):
    """No session: nothing was said about any message."""

    def __init__(self, verdict: Verdict, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict
        self.detail = detail


class KeptConnectionLost(Exception):
    """The server had ended the connection, or said so to MAIL: the mail may go on another one at once."""


class Connection(Struct, eq=False):
    replies: Replies
    timeout: float
    is_pipelining: bool
    """The server takes several commands at once (RFC 2920)."""
    mails: int = 0
    is_kept: bool = False

    @property
    def is_usable(self) -> bool:
        return self.replies.is_quiet

    async def quit(self) -> None:
        """Never raises."""
        with suppress(ConnectionEnded, TimeoutError):
            self.replies.say(b"QUIT\r\n")
            async with asyncio.timeout(min(_QUIT_SECONDS, self.timeout)):
                await self.replies.next()
        self.cut()

    def cut(self) -> None:
        self.replies.cut()


async def connect(settings: Settings, tls: ssl.SSLContext | None) -> Connection:
    """Raises CannotConnect."""
    try:
        return await _session(settings, tls)
    except SMTPResponseException as answer:
        verdict = verdict_of(Stage.SESSION, answer.code, answer.message)
        raise CannotConnect(verdict, detail_of(answer.code, answer.message)) from answer
    except (SMTPException, OSError, ValueError) as problem:
        detail = plain_detail(f"no connection to the mail server: {problem}")
        raise CannotConnect(Verdict.OUR_FAULT, detail) from problem


async def hand_over(connection: Connection, mail: Mail, failpoint: Failpoint) -> Outcome:
    """Raises KeptConnectionLost, on a kept connection only and only before the mail's sender was accepted."""
    connection.mails += 1
    failpoint("mail")
    refusal = await _announce(connection, mail)
    if refusal is not None:
        return refusal
    return await _send_content(connection, mail, failpoint)


async def _session(settings: Settings, tls: ssl.SSLContext | None) -> Connection:
    """Encryption is what the settings say, never what the server happens to offer."""
    smtp = SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        timeout=settings.smtp_timeout.total_seconds(),
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        tls_context=tls,
        username=settings.smtp_user or None,
        password=settings.smtp_password if settings.smtp_user else None,
        # The machine's own name would have to be looked up, and in a container it says nothing.
        local_hostname=settings.message_domain,
    )
    await smtp.connect()
    try:
        await _greet(smtp)
    except BaseException:
        _abort(smtp.transport)
        smtp.close()
        raise
    if not isinstance(smtp.transport, asyncio.Transport):
        raise SMTPServerDisconnected("Connection lost")
    timeout = settings.smtp_timeout.total_seconds()
    return Connection(Replies(smtp.transport, timeout), timeout, smtp.supports_extension("pipelining"))


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _greet(smtp: SMTP) -> None:
    """EHLO, or HELO where that is not known; a login has said it already."""
    if not smtp.is_ehlo_or_helo_needed:
        return
    try:
        await smtp.ehlo()
    except SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


async def _announce(connection: Connection, mail: Mail) -> Outcome | None:
    """MAIL, RCPT and DATA: in one go where the server takes them so."""
    commands = _commands(mail)
    if connection.is_pipelining:
        commands = (b"".join(commands), b"", b"")
    for command, (stage, good) in zip(commands, _STEPS, strict=True):
        try:
            if command:
                connection.replies.say(command)
            code, text = await connection.replies.next()
        except ConnectionEnded as problem:
            return _lost_before_content(connection, mail, stage, problem)
        if code not in good:
            return await _refused_before_content(connection, mail, stage, Reply(code, text))
    return None


def _commands(mail: Mail) -> tuple[bytes, bytes, bytes]:
    """Raises ValueError for addresses that would say more than an address."""
    addresses = mail.sender + mail.recipient
    if not addresses.isprintable() or "<" in addresses or ">" in addresses:
        raise ValueError("an address that cannot be said to a mail server")
    return (
        b"MAIL FROM:<%s>\r\n" % mail.sender.encode("ascii"),
        b"RCPT TO:<%s>\r\n" % mail.recipient.encode("ascii"),
        b"DATA\r\n",
    )


def _lost_before_content(connection: Connection, mail: Mail, stage: Stage, problem: ConnectionEnded) -> Outcome:
    connection.cut()
    if stage is Stage.SENDER and connection.is_kept:
        raise KeptConnectionLost from problem
    return _lost(mail, f"at {stage}", problem)


async def _refused_before_content(connection: Connection, mail: Mail, stage: Stage, reply: Reply) -> Outcome:
    if stage is Stage.SENDER and ends_connection(reply.code) and connection.is_kept:
        connection.cut()
        raise KeptConnectionLost
    unanswered = _STAGES_AFTER[stage] if connection.is_pipelining else 0
    return await _refusal(connection, mail, stage, reply, unanswered=unanswered)


async def _send_content(connection: Connection, mail: Mail, failpoint: Failpoint) -> Outcome:
    replies = connection.replies
    if not replies.is_quiet:
        # An answer to what was not yet sent would be taken for the mail's acceptance.
        connection.cut()
        return _lost(mail, "before the content", None)
    failpoint("before_dot")
    try:
        replies.say(_dotted(mail.content))
        await replies.all_left()
    except ConnectionEnded as problem:
        connection.cut()
        return _lost(mail, "before the end of the content", problem)
    failpoint("after_dot")
    return await _content_answer(connection, mail)


async def _content_answer(connection: Connection, mail: Mail) -> Outcome:
    try:
        reply = await connection.replies.next()
    except ConnectionEnded as problem:
        connection.cut()
        return Outcome(mail.message_id, Verdict.UNSURE, _reason("the mail was sent, but no answer came", problem))
    if 200 <= reply.code < 300:
        return Outcome(mail.message_id, Verdict.ACCEPTED, detail_of(reply.code, reply.text))
    if 400 <= reply.code < 600:
        return await _refusal(connection, mail, Stage.CONTENT, reply)
    connection.cut()
    return Outcome(mail.message_id, Verdict.UNSURE, detail_of(reply.code, reply.text))


async def _refusal(connection: Connection, mail: Mail, stage: Stage, reply: Reply, *, unanswered: int = 0) -> Outcome:
    """``unanswered``: commands that are still to be answered, DATA the last of them."""
    code, text = reply
    if ends_connection(code) or not 400 <= code < 600:
        connection.cut()
    else:
        await _reset(connection.replies, unanswered)
    verdict = verdict_of(stage, code, text)
    return Outcome(
        mail.message_id,
        verdict,
        detail_of(code, text),
        is_deferral=verdict is Verdict.LATER and not ends_connection(code),
        is_no_mailbox=verdict is Verdict.REFUSED and is_no_mailbox(code, text),
    )


async def _reset(replies: Replies, unanswered: int) -> None:
    """The server forgets the refused mail, or the connection is not used again."""
    code = 0
    try:
        for _ in range(unanswered):
            code = (await replies.next()).code
        if code == _SEND_CONTENT:
            # It waits for content though it has taken no recipient: an empty one goes to nobody (RFC 2920, 3.1).
            replies.say(b".\r\n")
            await replies.next()
        replies.say(b"RSET\r\n")
        code = (await replies.next()).code
    except ConnectionEnded:
        code = 0
    if code != _OK:
        replies.cut()


def _dotted(content: bytes) -> bytes:
    ending = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    return content.replace(b"\r\n.", b"\r\n..") + ending


def _lost(mail: Mail, where: str, problem: BaseException | None) -> Outcome:
    return Outcome(mail.message_id, Verdict.LATER, _reason(f"the connection was lost {where}", problem))


def _reason(words: str, problem: BaseException | None) -> str:
    return plain_detail(f"{words}: {problem}" if problem is not None and str(problem) else words)
