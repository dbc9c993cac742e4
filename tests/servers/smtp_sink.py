"""An SMTP server in a thread of the test, with a ledger of what it accepted and answers that a test scripts.

1. A mail is in the ledger before its sender hears 250, so a mail that was answered is never missing from it.
2. A refused recipient is in no accepted mail.
3. A scripted answer is given the stated number of times, or for ever; then the sink accepts again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from enum import StrEnum
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from msgspec import Struct, field

from tests.servers.processes import LOOPBACK, ServerFailed, free_port

_ACCEPTED = "250 OK"
_GREYLISTED = "451 4.7.1 Greylisted, please try again later"
_LOGIN_REQUIRED = "530 5.7.0 Authentication required"


class Stage(StrEnum):
    HELLO = "EHLO"
    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    CONTENT = "DATA"


class AcceptedMail(Struct, frozen=True):
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=MAIL_POLICY)


class RefusedRecipient(Struct, frozen=True):
    sender: str
    recipient: str
    answer: str


class _ScriptedAnswer(Struct):
    stage: Stage
    recipient: str | None
    text: str
    times_left: int | None

    def is_for(self, stage: Stage, recipient: str | None) -> bool:
        return self.stage is stage and self.recipient in (None, recipient) and self.times_left != 0

    def give(self) -> str:
        if self.times_left is not None:
            self.times_left -= 1
        return self.text


class _State(Struct):
    """Script and ledger. The test's thread and the sink's share it: hold `changed` while touching it."""

    clock: Callable[[], datetime]
    login: tuple[str, str] | None
    changed: Condition = field(default_factory=Condition)
    answers: list[_ScriptedAnswer] = []
    drops_left: int = 0
    delay: timedelta = timedelta(0)
    greylist_period: timedelta | None = None
    first_seen_at: dict[tuple[str, str], datetime] = {}
    accepted: list[AcceptedMail] = []
    refused: list[RefusedRecipient] = []
    connections: int = 0

    def scripted(self, stage: Stage, recipient: str | None = None) -> str | None:
        for answer in self.answers:
            if answer.is_for(stage, recipient):
                return answer.give()
        return None

    def greylisted(self, sender: str, recipient: str) -> str | None:
        if self.greylist_period is None:
            return None
        now = self.clock()
        first_seen_at = self.first_seen_at.setdefault((sender, recipient), now)
        return _GREYLISTED if now < first_seen_at + self.greylist_period else None

    def takes_drop(self) -> bool:
        if not self.drops_left:
            return False
        self.drops_left -= 1
        return True


class SmtpSink:
    """Accepts everything until it is scripted otherwise; the clock moves greylisting only.

    With a login it takes mail only after AUTH with that name and password.
    """

    def __init__(self, *, clock: Callable[[], datetime], login: tuple[str, str] | None = None) -> None:
        self.host = LOOPBACK
        self.port = free_port()
        self._state = _State(clock, login)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None
        self._conversations: set[_Conversation] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def start(self) -> None:
        self._in_thread(self._listen())

    def stop(self) -> None:
        """Refuses new connections and resets open ones; the ledger and the port stay for the next start."""
        self._in_thread(self._close())

    def answer(self, stage: Stage, text: str, *, recipient: str | None = None, times: int | None = None) -> None:
        """Scripts an answer such as "550 5.1.1 No such mailbox", to one recipient or to all."""
        with self._state.changed:
            self._state.answers.append(_ScriptedAnswer(stage, recipient, text, times))

    def drop_after_content(self, *, times: int = 1) -> None:
        """Accepts the next mails and resets their connections instead of saying so."""
        with self._state.changed:
            self._state.drops_left = times

    def delay_answers(self, delay: timedelta) -> None:
        """Real time, before each answer to EHLO, MAIL, RCPT and DATA."""
        with self._state.changed:
            self._state.delay = delay

    def greylist(self, period: timedelta) -> None:
        """Answers 451 to each new pair of sender and recipient until the clock has moved on by the period."""
        with self._state.changed:
            self._state.greylist_period = period

    @property
    def accepted(self) -> list[AcceptedMail]:
        with self._state.changed:
            return list(self._state.accepted)

    @property
    def refused(self) -> list[RefusedRecipient]:
        with self._state.changed:
            return list(self._state.refused)

    @property
    def connections(self) -> int:
        """How many connections there have been, open and closed."""
        with self._state.changed:
            return self._state.connections

    def wait_for_mail(self, count: int, *, seconds: float = 10) -> list[AcceptedMail]:
        """Blocks until that many mails are accepted; raises ServerFailed after the given seconds."""
        state = self._state
        with state.changed:
            if not state.changed.wait_for(lambda: len(state.accepted) >= count, seconds):
                raise ServerFailed(f"{len(state.accepted)} of {count} mails within {seconds:g} seconds")
            return list(state.accepted)

    def _in_thread(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(self._converse, self.host, self.port)

    def _converse(self) -> "_Conversation":
        with self._state.changed:
            self._state.connections += 1
        conversation = _Conversation(self._state, self._loop)
        self._conversations.add(conversation)
        return conversation

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for conversation in self._conversations:
            _reset(conversation)
        self._conversations.clear()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Conversation(SMTP):
    """One connection."""

    def __init__(self, state: _State, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _Answers(state),
            hostname="sink.usher.test",
            loop=loop,
            auth_require_tls=False,
            authenticator=self._check_login,
        )
        self._state = state

    def _check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        return AuthResult(success=_names(given) == self._state.login, handled=False)


def _reset(connection: SMTP) -> None:
    if isinstance(connection.transport, asyncio.WriteTransport):
        connection.transport.abort()


def _names(given: object) -> tuple[str, str] | None:
    if not isinstance(given, LoginPassword):
        return None
    return given.login.decode(), given.password.decode()


class _Answers:
    """What aiosmtpd asks at each stage; it finds these methods by their names."""

    def __init__(self, state: _State) -> None:
        self._state = state

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, name: str) -> str:
        session.host_name = name
        return await self._say(self._scripted(Stage.HELLO) or "250 sink.usher.test")

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, responses: list[str]
    ) -> list[str]:
        session.host_name = name
        refusal = self._scripted(Stage.HELLO)
        await self._delay()
        return [refusal] if refusal else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, sender: str, options: list[str]
    ) -> str:
        if self._state.login is not None and not session.authenticated:
            return await self._say(_LOGIN_REQUIRED)
        refusal = self._scripted(Stage.SENDER)
        if refusal is None:
            envelope.mail_from = sender
        return await self._say(refusal or _ACCEPTED)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, recipient: str, options: list[str]
    ) -> str:
        refusal = self._recipient_refusal(envelope.mail_from or "", recipient)
        if refusal is None:
            envelope.rcpt_tos.append(recipient)
        return await self._say(refusal or _ACCEPTED)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = self._scripted(Stage.CONTENT)
        if refusal is not None:
            return await self._say(refusal)
        if self._accept(envelope):
            _reset(server)
        return await self._say(_ACCEPTED)

    def _scripted(self, stage: Stage) -> str | None:
        with self._state.changed:
            return self._state.scripted(stage)

    def _recipient_refusal(self, sender: str, recipient: str) -> str | None:
        with self._state.changed:
            scripted = self._state.scripted(Stage.RECIPIENT, recipient)
            refusal = scripted or self._state.greylisted(sender, recipient)
            if refusal is not None:
                self._state.refused.append(RefusedRecipient(sender, recipient, refusal))
            return refusal

    def _accept(self, envelope: Envelope) -> bool:
        """Whether the connection is to be dropped."""
        content = envelope.original_content or b""
        mail = AcceptedMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        with self._state.changed:
            self._state.accepted.append(mail)
            self._state.changed.notify_all()
            return self._state.takes_drop()

    async def _say(self, answer: str) -> str:
        await self._delay()
        return answer

    async def _delay(self) -> None:
        await asyncio.sleep(self._state.delay.total_seconds())
