"""Houses in processes of their own that people write e-mails to, through a real Postfix and a real Dovecot.

    Olive's mail program -> Postfix -> Dovecot -> IMAP -> Usher -> Postfix -> a folder, read as everybody's mailbox

What mail hosts find out about a sender stands in the header that they add; here the story adds it, or does not.
"""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from core.context import system_clock
from core.settings import load_settings
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.mailbox.mailboxes import AddMailbox, DecideOldMail, MailboxSecret, add_mailbox, decide_old_mail
from core.words import MailboxAuth, MailboxSecurity, OldMail
from tests.factories import OPERATOR
from tests.servers.dovecot import ACCOUNT, PASSWORD
from tests.servers.postfix import HOUSE_DOMAIN, Postfix
from tests.servers.processes import LOOPBACK, free_port
from tests.stories.houses import catalogue
from tests.stories.installations import Installation, first_settings
from tests.stories.talking import PATIENCE_SECONDS, InSlack, until
from usher.demo.opened_mail import open_mail
from usher.demo.sample import Sample, make_sample
from usher.demo.slack.records import User
from usher.demo.slack.server import SlackLookalike
from usher.demo.writing import Enclosure, Written, as_bytes, thread_of
from usher.migrating import upgrade
from usher.wiring import make_app
from worker.engine import migrate

RUNS = ("thread-1", "many-1", "held-1", "bounce-1", "stop-1", "several-1", "both-1", "risk-1")
"""One for each story that invites, so that no story counts another's learners."""
HOST: Final = "mx.usher.test"


class Way(StrEnum):
    """How mail comes to the house, and what it runs as."""

    MAILBOX = "mailbox"
    CLUSTER = "cluster"
    LISTENER = "listener"

    @property
    def processes(self) -> tuple[str, ...]:
        match self:
            case Way.MAILBOX:
                return ("serve",)
            case Way.CLUSTER:
                return ("web", "bot", "worker", "mailbox watch")
            case Way.LISTENER:
                return ("serve --smtp",)


class Letter(Struct, frozen=True):
    """What somebody wrote; ``ref`` is its Message-ID."""

    ref: str
    author: str


class Came(Struct, frozen=True):
    """A mail of Usher's, and how long it took, in seconds."""

    raw: bytes
    mail: EmailMessage
    text: str
    took: float


class PostOffice(InSlack):
    house: Installation
    postfix: Postfix
    to: str
    """What people write to."""
    _opened: dict[bytes, EmailMessage] = field(default_factory=dict)

    @property
    def max(self) -> User:
        return self.sample.people[1].user

    # --- Writing ------------------------------------------------------------------------------------------

    async def mail(
        self,
        subject: str,
        text: str = "",
        *,
        author: User | None = None,
        answered: Came | None = None,
        files: tuple[Enclosure, ...] = (),
        is_proven: bool = True,
    ) -> Letter:
        author = author or self.olive
        thread = thread_of(answered.raw) if answered else None
        written = Written(author.real_name, author.email, self.to, subject, text, files, thread)
        return await self.send(as_bytes(written, system_clock()), author.email, is_proven=is_proven)

    async def send(self, raw: bytes, sender: str, *, is_proven: bool) -> Letter:
        domain = sender.rpartition("@")[2]
        found = f"Authentication-Results: {HOST}; dmarc=pass header.from={domain}\r\n".encode()
        await asyncio.to_thread(self._hand_over, (found if is_proven else b"") + raw, sender)
        return Letter(str(message_from_bytes(raw, policy=default)["Message-ID"]), sender)

    def _hand_over(self, raw: bytes, sender: str) -> None:
        with smtplib.SMTP(LOOPBACK, self.postfix.port) as client:
            client.sendmail(sender, [self.to], raw)

    # --- Reading ------------------------------------------------------------------------------------------

    async def ask(
        self, subject: str, text: str = "", *, author: User | None = None, answered: Came | None = None
    ) -> Came:
        """Written, and answered in the same thread."""
        return await self.answer_to(await self.mail(subject, text, author=author, answered=answered))

    async def answer_to(self, letter: Letter) -> Came:
        began = asyncio.get_running_loop().time()
        found = await until(lambda: self._answer_to(letter), f"{letter} is answered")
        return _came(*found, took=asyncio.get_running_loop().time() - began)

    def _answer_to(self, letter: Letter) -> tuple[bytes, EmailMessage] | None:
        found = (each for each in self.delivered() if str(each[1]["In-Reply-To"]).strip() == letter.ref)
        return next(found, None)

    def delivered(self) -> list[tuple[bytes, EmailMessage]]:
        for raw in self.postfix.delivered():
            if raw not in self._opened:
                self._opened[raw] = message_from_bytes(raw, policy=default)
        return list(self._opened.items())

    def mails_to(self, address: str) -> list[Came]:
        found = [each for each in self.delivered() if address in str(each[1]["To"])]
        return [_came(raw, mail, took=0) for raw, mail in found]

    async def mail_to(self, address: str) -> Came:
        """The first."""
        return (await until(lambda: self.mails_to(address), f"a mail to {address} arrives"))[0]


def _came(raw: bytes, mail: EmailMessage, *, took: float) -> Came:
    return Came(raw, mail, open_mail(raw).text, took)


# --- Making it --------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_post_office(
    folder: Path, way: Way, database_url: str, postfix: Postfix, imap_port: int
) -> AsyncIterator[PostOffice]:
    """``imap_port``: of the mail host, where the house reads a mailbox."""
    postfix.wipe()
    async with AsyncExitStack() as closing:
        slack = SlackLookalike(lambda: system_clock().timestamp(), allowance=float("inf"), ack_seconds=PATIENCE_SECONDS)
        await closing.enter_async_context(slack)
        inbox = f"usher@{HOUSE_DOMAIN}" if way is Way.LISTENER else ACCOUNT
        environment = _environment(way, database_url, postfix, slack, inbox)
        sample = await asyncio.to_thread(_prepare, environment, slack, 0 if way is Way.LISTENER else imap_port)
        environment["USHER_SLACK_BOT_TOKEN"] = sample.team.bot_token
        house = Installation(folder, environment, environment["USHER_BASE_URL"])
        closing.enter_context(house.running(*way.processes))
        await house.ready()
        if way is Way.CLUSTER:
            await until(lambda: slack.hub.is_connected, "the bot has dialled Slack")
        to = inbox.replace("@", "+northfield@")
        yield PostOffice(slack, sample, house, postfix, to)


def _environment(way: Way, database_url: str, postfix: Postfix, slack: SlackLookalike, inbox: str) -> dict[str, str]:
    bind = f"{LOOPBACK}:{free_port()}"
    settings = {
        **first_settings(database_url, bind, postfix.port),
        "USHER_MAIL_FROM": f"please.do.not.reply@{inbox.rpartition('@')[2]}",
        "USHER_MAIL_INBOX": inbox,
        "USHER_MAIL_REPLY_TO": inbox,
        "USHER_MAIL_AUTHSERV_IDS": HOST,
        "USHER_SLACK_API_URL": slack.api_url,
    }
    if way is Way.LISTENER:
        settings |= {"USHER_MAIL_LISTEN": f"{LOOPBACK}:{postfix.house_port}", "USHER_MAIL_LISTEN_KIND": "lmtp"}
    if way is Way.CLUSTER:
        return settings | {"USHER_SLACK_APP_TOKEN": slack.workspace.app.app_token}
    slack.courier.request_url = f"http://{bind}/slack/events"
    return settings | {"USHER_SLACK_SIGNING_SECRET": slack.workspace.app.signing_secret}


def _prepare(environment: dict[str, str], slack: SlackLookalike, imap_port: int) -> Sample:
    """Two organisations with their staff, and the mailbox, as operators and staff would have set them up."""
    settings = load_settings(environment)
    app = make_app(settings)
    try:
        upgrade(app.engine)
        sample = make_sample(app, slack.workspace, system_clock())
        app.run(import_catalogue, ImportCatalogue("northfield", catalogue(system_clock(), RUNS)), OPERATOR)
        if imap_port:
            app.run(add_mailbox, _mailbox(imap_port), OPERATOR)
            # The first letter may lie there before the first look.
            app.run(decide_old_mail, DecideOldMail("front", OldMail.ANSWERED), OPERATOR)
    finally:
        app.engine.dispose()
    migrate(settings.database_url)
    return sample


def _mailbox(port: int) -> AddMailbox:
    secret = MailboxSecret(password=PASSWORD)
    return AddMailbox("front", ACCOUNT, LOOPBACK, port, MailboxSecurity.NONE, MailboxAuth.PASSWORD, ACCOUNT, secret)
