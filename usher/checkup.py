"""What ``usher doctor`` looks at. Each check is a function that never raises and says what to do."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import text

from core.context import Clock, System
from core.database import open_engine
from core.errors import UsherError
from core.settings import Settings
from mail.faults import words_of
from usher.logs import redacted
from usher.migrating import faults_named, require_schema
from usher.wiring import make_app

if TYPE_CHECKING:
    from core.app import App
    from core.usecases.mailbox.watching import WatchedMailbox

_CLOCK_LEEWAY = timedelta(seconds=60)
_TIMEOUT = 10.0
_LOGIN_WANTED = 530
_UNBOUND_ROLE = text("SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)")


class Health(StrEnum):
    GOOD = "good"
    LOOK = "look"
    """Works, but not as one would want it."""
    BAD = "bad"


class Finding(Struct, frozen=True):
    about: str
    health: Health
    says: str
    advice: str = ""


def check_up(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Finding by finding, as they come: a network check may take ten seconds."""
    yield _keys(settings)
    yield _base_url(settings)
    database = _database(settings)
    yield database
    yield from _sender(settings)
    yield _smtp(settings)
    if database.health is not Health.BAD:
        yield from _data_keys(settings)
        yield from _mailboxes(settings)
    yield from _slack(settings, clock)


def _keys(settings: Settings) -> Finding:
    missing = [
        name
        for name, keys in (("USHER_LINK_KEYS", settings.link_keys), ("USHER_DATA_KEY", settings.data_key))
        if not keys
    ]
    if missing:
        return Finding(
            "keys", Health.BAD, f"{' and '.join(missing)} missing", "Make them with “usher keys new --write”."
        )
    return Finding(
        "keys", Health.GOOD, f"{len(settings.link_keys)} for links, {len(settings.data_key)} for what is stored"
    )


def _base_url(settings: Settings) -> Finding:
    if settings.base_url.startswith("https://"):
        return Finding("address", Health.GOOD, settings.base_url)
    advice = "Learners' links begin with it: set USHER_BASE_URL to an https:// address before you invite real people."
    return Finding("address", Health.LOOK, f"{settings.base_url} is not https", advice)


def _database(settings: Settings) -> Finding:
    engine = open_engine(settings.database_url, pool_size=1)
    try:
        require_schema(engine)
        with faults_named(engine), engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar() if settings.is_sqlite else "wal"
            role = None if settings.is_sqlite else connection.execute(_UNBOUND_ROLE).scalar()
    except UsherError as problem:
        return Finding("database", Health.BAD, problem.message, problem.hint)
    finally:
        engine.dispose()
    if mode != "wal":
        return Finding("database", Health.BAD, f"journal mode is {mode}", "Put the file on a local disk.")
    if role is not None:
        says = f"row-level security does not bind the role {role}: a slip in our code could mix organisations"
        advice = "Let Usher connect as a role with NOSUPERUSER and NOBYPASSRLS: docs/operating.md says how."
        return Finding("database", Health.LOOK, says, advice)
    return Finding("database", Health.GOOD, engine.dialect.name)


def _data_keys(settings: Settings) -> Iterator[Finding]:
    """Silent where all is well, or no key is set at all, which is said already."""
    from core.usecases.staff.data_keys import CheckDataKeys, check_data_keys

    if not settings.data_key:
        return
    app = make_app(settings)
    try:
        locked = app.read(check_data_keys, CheckDataKeys(), System()).locked
    except UsherError as problem:
        yield Finding("data keys", Health.BAD, problem.message.rstrip("."), problem.hint)
        return
    finally:
        app.engine.dispose()
    if locked:
        says = f"no key opens what is stored of {', '.join(locked)}: no import runs there, and details stay locked"
        advice = "Put the old key back into USHER_DATA_KEY, behind the new one, with a comma. Keep all old ones."
        yield Finding("data keys", Health.BAD, says, advice)


def _sender(settings: Settings) -> Iterator[Finding]:
    if settings.mail_from == Settings.mail_from:
        says = f"e-mails come from {settings.mail_from}, which is an example"
        yield Finding("sender", Health.BAD, says, "Set USHER_MAIL_FROM to an address of yours.")


def _smtp(settings: Settings) -> Finding:
    if not settings.smtp_host:
        return Finding("mail", Health.BAD, "no mail server is set: mail waits", "Set USHER_SMTP_HOST.")
    try:
        with _smtp_client(settings) as client:
            client.ehlo_or_helo_if_needed()
            if settings.smtp_security == "starttls":
                client.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                client.login(settings.smtp_user, settings.smtp_password)
            code, answer = client.mail(settings.mail_from)
            client.rset()
    except (OSError, smtplib.SMTPException) as problem:
        says = f"{settings.smtp_host}:{settings.smtp_port}: {_mail_fault(problem)}"
        return Finding("mail", Health.BAD, says, _mail_advice(problem))
    if code != 250:
        asks_for_login = code == _LOGIN_WANTED
        advice = "Set USHER_SMTP_USER and USHER_SMTP_PASSWORD." if asks_for_login else "It refuses USHER_MAIL_FROM."
        return Finding("mail", Health.BAD, _answer(code, answer), advice)
    return Finding("mail", Health.GOOD, f"{settings.smtp_host} takes mail from {settings.mail_from}")


def _smtp_client(settings: Settings) -> smtplib.SMTP:
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT, context=context)
    return smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT)


def _mail_fault(problem: OSError) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        # -1 stands for what is no answer at all.
        is_smtp = problem.smtp_code > 0
        return _answer(problem.smtp_code, problem.smtp_error) if is_smtp else "it does not speak SMTP: look at the port"
    if isinstance(problem, smtplib.SMTPException):
        return _short(problem).rstrip(".")
    return words_of(problem)


def _mail_advice(problem: OSError) -> str:
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return "Look at USHER_SMTP_USER and USHER_SMTP_PASSWORD."
    return "Look at USHER_SMTP_HOST, USHER_SMTP_PORT and USHER_SMTP_SECURITY."


def _answer(code: int, said: bytes | str) -> str:
    return _short(f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}")


def _mailboxes(settings: Settings) -> Iterator[Finding]:
    from usher.mailbox_check import watched_mailboxes

    about = "mailboxes"
    app = make_app(settings)
    try:
        with faults_named(app.engine):
            mailboxes = watched_mailboxes(app)
        if not settings.mail_inbox:
            if mailboxes or settings.mail_listen:
                advice = "Set USHER_MAIL_INBOX to what people write to."
                yield Finding(about, Health.BAD, "USHER_MAIL_INBOX is missing: no mail comes in", advice)
            return
        if not mailboxes and not settings.mail_listen:
            advice = "Add one with “usher mailbox add”, or set USHER_MAIL_LISTEN."
            yield Finding(about, Health.BAD, f"nobody reads the mail to {settings.mail_inbox}", advice)
            return
        yield from (_mailbox(app, mailbox) for mailbox in mailboxes)
        yield _authserv(settings)
    except UsherError as problem:
        yield Finding(about, Health.BAD, problem.message.rstrip("."), problem.hint)
    finally:
        app.engine.dispose()


def _mailbox(app: App, mailbox: WatchedMailbox) -> Finding:
    from usher.mailbox_check import look_at

    found = asyncio.run(look_at(app, mailbox))
    about = f"mailbox {mailbox.name}"
    if found.problem:
        advice = f"A new password: usher mailbox password {mailbox.name}. Then: usher mailbox check {mailbox.name}."
        return Finding(about, Health.BAD, redacted(found.problem), advice)
    return Finding(about, Health.GOOD, " ".join(found.lines))


def _authserv(settings: Settings) -> Finding:
    """Whether forged headers are removed can only be tried: it is the mail host's doing (RFC 8601, section 5)."""
    about = "senders of mail"
    if not settings.mail_authserv_ids:
        advice = (
            "Set USHER_MAIL_AUTHSERV_IDS to the name that your mail host puts first into Authentication-Results; until "
            "then only senders whose domain signs its mail (DKIM) are believed."
        )
        return Finding(about, Health.LOOK, "no mail host is trusted to say who wrote", advice)
    name = settings.mail_authserv_ids[0]
    advice = (
        f"Try once that it removes forgeries: from outside, send a mail to {settings.mail_inbox} with the header "
        f"“Authentication-Results: {name}; dmarc=pass header.from=example.org”. That line must not arrive."
    )
    return Finding(about, Health.GOOD, f"{name} is trusted to say who wrote", advice)


def _slack(settings: Settings, clock: Clock) -> Iterator[Finding]:
    if not settings.slack_signing_secret and not settings.slack_app_token:
        yield Finding("Slack", Health.BAD, "no app is set", "Make one from “usher slack manifest”; see docs/slack.md.")
        return
    yield from _slack_installing(settings)
    if not settings.slack_bot_token:
        if not settings.can_install_slack:
            advice = "Set USHER_SLACK_BOT_TOKEN, or client id and secret so that each workspace gets its own."
            yield Finding("Slack", Health.LOOK, "no bot token is set", advice)
        return
    yield from _slack_answer(settings, clock)


def _slack_installing(settings: Settings) -> Iterator[Finding]:
    about = "Slack installation"
    if bool(settings.slack_client_id) != bool(settings.slack_client_secret):
        missing = "USHER_SLACK_CLIENT_SECRET" if settings.slack_client_id else "USHER_SLACK_CLIENT_ID"
        yield Finding(about, Health.BAD, f"{missing} missing", "Copy it from the app's “Basic Information” page.")
    elif settings.can_install_slack and not settings.slack_signing_secret:
        advice = "Set USHER_SLACK_SIGNING_SECRET: several workspaces are served over HTTP only."
        yield Finding(about, Health.BAD, "the page is not there", advice)
    elif settings.can_install_slack and not settings.base_url.startswith("https://"):
        advice = "Set USHER_BASE_URL to an https:// address."
        yield Finding(about, Health.LOOK, "Slack comes back to https only", advice)
    elif settings.can_install_slack:
        yield Finding(about, Health.GOOD, f"{settings.base_url}/slack/install")


def _slack_answer(settings: Settings, clock: Clock) -> Iterator[Finding]:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError, SlackClientError

    client = WebClient(settings.slack_bot_token, base_url=settings.slack_api_url, timeout=int(_TIMEOUT))
    try:
        answer = client.auth_test()
    except SlackApiError as problem:
        advice = "Copy the bot token from the app's “OAuth & Permissions” page again."
        yield Finding("Slack", Health.BAD, f"Slack says {problem.response.get('error')}", advice)
        return
    except (SlackClientError, OSError) as problem:
        # The client wraps what the network says.
        cause = getattr(problem, "reason", problem)
        says = words_of(cause) if isinstance(cause, OSError) else _short(cause)
        yield Finding("Slack", Health.BAD, says, "Look at the network and USHER_SLACK_API_URL.")
        return
    yield Finding("Slack", Health.GOOD, f"connected to {answer.get('team')}")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    yield _scopes(headers)
    yield _clock(headers, clock)


def _scopes(headers: Mapping[str, str]) -> Finding:
    from bot.manifest import SCOPES

    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    missing = sorted(set(SCOPES) - granted)
    if missing:
        advice = "Add them on the app's “OAuth & Permissions” page and install the app again."
        return Finding("Slack scopes", Health.BAD, f"missing: {', '.join(missing)}", advice)
    return Finding("Slack scopes", Health.GOOD, f"{len(SCOPES)} granted")


def _clock(headers: Mapping[str, str], clock: Clock) -> Finding:
    """Slack refuses nothing of ours by time, but we refuse its requests when our clock is five minutes off."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return Finding("clock", Health.LOOK, "Slack did not say what time it is")
    off: timedelta = abs(clock() - theirs)
    if off > _CLOCK_LEEWAY:
        says = f"{int(off.total_seconds())} seconds off Slack's"
        return Finding("clock", Health.BAD, says, "Set the machine's clock (NTP): Slack's requests will be refused.")
    return Finding("clock", Health.GOOD, "right to the minute")


def _short(problem: object) -> str:
    return redacted(" ".join(str(problem).split()))[:200]
