"""One connection to the mail server, and the handing over of one mail on it.

1. A verdict is REFUSED only if the server said so after it knew the recipient.
2. A verdict is UNSURE only if the final dot may have left this machine and no answer came.
3. Where the dot had not left, it never will: the connection is cut off, not closed, so that nothing waiting is sent.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponse, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

from core.letters import Outcome, Verdict
from core.settings import Settings
from mail.rendering import Mail
from mail.verdicts import Stage, detail_of, ends_connection, is_no_mailbox, plain_detail, verdict_of

Failpoint = Callable[[str], None]
"""Called with "mail", "before_dot" and "after_dot"; a fault experiment may end the process there."""

_OK: Final = 250
_WILL_FORWARD: Final = 251
_SEND_CONTENT: Final = 354
_QUIT_SECONDS: Final = 2.0


class CannotConnect(Exception):
    """No session: nothing was said about any message."""

    def __init__(self, verdict: Verdict, detail: str) -> None:
        super().__init__(detail)
        self.verdict = verdict
        self.detail = detail


class KeptConnectionLost(Exception):
    """The server had ended the connection, or said so to MAIL: the mail may go on another one at once."""


@dataclass(slots=True, eq=False)
class Connection:
    smtp: SMTP
    timeout: float
    mails: int = 0
    is_kept: bool = False

    @property
    def is_usable(self) -> bool:
        return self.smtp.is_connected

    async def quit(self) -> None:
        """Never raises."""
        transport = self.smtp.transport
        with suppress(SMTPException, OSError):
            await self.smtp.quit(timeout=min(_QUIT_SECONDS, self.timeout))
        _abort(transport)

    def cut(self) -> None:
        _abort(self.smtp.transport)
        self.smtp.close()


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


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
    refusal = await _announce(connection, mail) or await _begin_content(connection, mail)
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
    connection = Connection(smtp, settings.smtp_timeout.total_seconds())
    try:
        await _greet(smtp)
    except BaseException:
        connection.cut()
        raise
    return connection


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
    """MAIL and RCPT."""
    try:
        code, text = await connection.smtp.execute_command(b"MAIL", b"FROM:<%s>" % mail.sender.encode("ascii"))
    except (SMTPException, OSError) as problem:
        connection.cut()
        if connection.is_kept:
            raise KeptConnectionLost from problem
        return _lost(mail, "before the sender was answered", problem)
    if code == _OK:
        return await _command(
            connection, mail, Stage.RECIPIENT, b"RCPT", b"TO:<%s>" % mail.recipient.encode("ascii"),
            good=(_OK, _WILL_FORWARD),
        )  # fmt: skip
    if ends_connection(code) and connection.is_kept:
        connection.cut()
        raise KeptConnectionLost
    return await _refusal(connection, mail, Stage.SENDER, code, text)


async def _begin_content(connection: Connection, mail: Mail) -> Outcome | None:
    return await _command(connection, mail, Stage.CONTENT, b"DATA", good=(_SEND_CONTENT,))


async def _command(
    connection: Connection, mail: Mail, stage: Stage, *words: bytes, good: tuple[int, ...]
) -> Outcome | None:
    try:
        code, text = await connection.smtp.execute_command(*words)
    except (SMTPException, OSError) as problem:
        connection.cut()
        return _lost(mail, f"at {stage}", problem)
    return None if code in good else await _refusal(connection, mail, stage, code, text)


async def _send_content(connection: Connection, mail: Mail, failpoint: Failpoint) -> Outcome:
    protocol, transport = connection.smtp.protocol, connection.smtp.transport
    if protocol is None or not isinstance(transport, asyncio.WriteTransport):
        return _lost(mail, "before the content", None)
    failpoint("before_dot")
    try:
        # Not SMTP.data(): its errors do not tell whether the final dot had left.
        protocol.write(_dotted(mail.content))
    except SMTPException as problem:
        return _lost(mail, "before the content", problem)
    # Started before anything is awaited: an answer that nobody waits for would be dropped.
    answer = asyncio.ensure_future(protocol.read_response())
    try:
        async with asyncio.timeout(connection.timeout):
            await _left_this_machine(protocol, transport)
    except (SMTPException, OSError) as problem:
        answer.cancel()
        connection.cut()
        return _lost(mail, "before the end of the content", problem)
    failpoint("after_dot")
    return await _content_answer(connection, mail, answer)


async def _content_answer(connection: Connection, mail: Mail, answer: asyncio.Future[SMTPResponse]) -> Outcome:
    try:
        code, text = await asyncio.wait_for(answer, connection.timeout)
    except (SMTPException, OSError) as problem:
        connection.cut()
        return Outcome(mail.message_id, Verdict.UNSURE, _reason("the mail was sent, but no answer came", problem))
    if 200 <= code < 300:
        return Outcome(mail.message_id, Verdict.ACCEPTED, detail_of(code, text))
    if 400 <= code < 600:
        return await _refusal(connection, mail, Stage.CONTENT, code, text)
    connection.cut()
    return Outcome(mail.message_id, Verdict.UNSURE, detail_of(code, text))


async def _left_this_machine(protocol: SMTPProtocol, transport: asyncio.WriteTransport) -> None:
    """Until the socket has taken every byte; raises when the connection ends before."""
    if not transport.get_write_buffer_size():
        return
    # The limits tell the protocol, which otherwise hears only about 64 KB, when nothing waits any more. Not 0: with
    # TLS that would mean that it never drains.
    transport.set_write_buffer_limits(high=1, low=0)
    await protocol._drain_helper()
    if transport.is_closing():
        raise SMTPServerDisconnected("Connection lost")


async def _refusal(connection: Connection, mail: Mail, stage: Stage, code: int, text: str) -> Outcome:
    if ends_connection(code) or not 400 <= code < 600:
        connection.cut()
    else:
        await _reset(connection)
    verdict = verdict_of(stage, code, text)
    return Outcome(
        mail.message_id,
        verdict,
        detail_of(code, text),
        is_deferral=verdict is Verdict.LATER and not ends_connection(code),
        is_no_mailbox=verdict is Verdict.REFUSED and is_no_mailbox(code, text),
    )


async def _reset(connection: Connection) -> None:
    """The server forgets the refused mail, or the connection is not used again."""
    try:
        code, _ = await connection.smtp.execute_command(b"RSET")
    except (SMTPException, OSError):
        code = 0
    if code != _OK:
        connection.cut()


def _dotted(content: bytes) -> bytes:
    ending = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    return content.replace(b"\r\n.", b"\r\n..") + ending


def _lost(mail: Mail, where: str, problem: BaseException | None) -> Outcome:
    return Outcome(mail.message_id, Verdict.LATER, _reason(f"the connection was lost {where}", problem))


def _reason(words: str, problem: BaseException | None) -> str:
    return plain_detail(f"{words}: {problem}" if problem is not None and str(problem) else words)
