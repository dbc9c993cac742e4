"""What the tests of sending share: small mails, and a pool for a scripted server."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from core.letters import Outcome, Verdict
from core.settings import Settings
from mail.sending.pool import SmtpPool
from mail.sending.rendering import Mail
from tests.mail.scripted_server import ScriptedServer

# Only tests of silence wait it out.
SOON = timedelta(seconds=0.5)
PATIENT = timedelta(seconds=60)
IN_THE_END = 60
"""Seconds, for what must not hang: a busy machine is slow."""


def mail(number: int = 1, *, size: int = 100) -> Mail:
    content = b"Message-ID: <%d@example.org>\r\nSubject: x\r\n\r\n.dots\r\n" % number + b"x" * size + b"\r\n"
    return Mail(number, f"bounces+{number}@example.org", f"learner{number}@example.org", content)


def mails(count: int) -> list[Mail]:
    return [mail(number) for number in range(1, count + 1)]


def settings_for(server: ScriptedServer, *, connections: int = 1, patience: timedelta = PATIENT) -> Settings:
    return replace(
        Settings(), smtp_host="127.0.0.1", smtp_port=server.port, smtp_connections=connections, smtp_timeout=patience
    )


@asynccontextmanager
async def pool_of(settings: Settings, tls: ssl.SSLContext | None = None) -> AsyncIterator[SmtpPool]:
    pool = SmtpPool(settings, tls=tls)
    try:
        yield pool
    finally:
        await pool.close()


async def send(server: ScriptedServer, *given: Mail, patience: timedelta = PATIENT) -> list[Outcome]:
    async with pool_of(settings_for(server, patience=patience)) as pool:
        return await pool.send(given)


def verdicts(outcomes: list[Outcome]) -> list[Verdict]:
    return [outcome.verdict for outcome in outcomes]
