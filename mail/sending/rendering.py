"""Letters as mails, ready to send. ``templates/email/<kind>/`` has the words; this has the values and the headers.

Nothing here raises for what people typed: one strange name must not stop a batch.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from markupsafe import escape
from msgspec import Struct

from core.cards import RunCard
from core.import_reports import Enclosed
from core.letters import (
    AnswerLetter,
    DigestLetter,
    HeldMailLetter,
    InvitationLetter,
    JoinConfirmationLetter,
    JoinedLetter,
    Letter,
    LetterHead,
    NudgeLetter,
    ReminderLetter,
    SignInLetter,
    SlackCodeLetter,
    StaffInvitationLetter,
    StoppedLetter,
    WelcomeLetter,
)
from core.rules.links import LinkSigner
from core.settings import Settings
from core.wording.phrases import (
    BENEFITS,
    ROLES,
    day_words,
    last_day_words,
    moment_words,
    size_words,
    until_words,
    zone_named,
)
from core.words import MessageKind
from mail.answers.rendering import rendered_answer, rendered_digest
from mail.sending.calendar import invited_part, joined_part
from mail.sending.skeleton import Skeleton, skeleton, slots
from mail.sending.templates import TEMPLATE_FILES, filled, tight
from mail.sending.wire import (
    alternatives,
    ascii_address,
    file_part,
    mailbox_header,
    one_line,
    plain_header,
    refs_header,
    text_header,
    with_attachments,
)
from mail.sending.words import grouped

_FILE_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
_SLOTS = slots(("recipient_name", "url", "stop_url", "code"))


class Mail(Struct, frozen=True):
    """``sender`` is the envelope's: a bounce to it names the message."""

    message_id: int
    sender: str
    recipient: str
    content: bytes


class _Skeletons(Struct, frozen=True):
    subject: str
    text: Skeleton
    html: Skeleton


class _RunWords(Struct, frozen=True):
    """What the templates call ``run``."""

    title: str
    subtitle: str
    partner: str
    starts_on: str
    ends_on: str
    benefits: tuple[tuple[str, str], ...]
    join_url: str


def render(
    letter: Letter, settings: Settings, links: LinkSigner, *, now: datetime, files: Sequence[Enclosed] = ()
) -> Mail:
    """``files`` go with an answer."""
    if isinstance(letter, AnswerLetter):
        subject, part = rendered_answer(letter, settings)
        body = with_attachments(part, [_file(each) for each in files]) if files else part
        return _mail(letter, subject, body, settings, links, now)
    own = _own_values(letter, settings)
    if isinstance(letter, DigestLetter):
        subject, part = rendered_digest(letter, settings, own["stop_url"])
        return _mail(letter, subject, part, settings, links, now)
    skeletons = _skeletons(letter.kind, _shared_values(letter, settings, now), bool(own["recipient_name"]))
    filling = {_SLOTS[name]: value for name, value in own.items()}
    part = alternatives(skeletons.text.fill(filling), skeletons.html.fill(filling))
    attachment = _attachment(letter, settings, now)
    body = part if attachment is None else with_attachments(part, (attachment,))
    return _mail(letter, skeletons.subject, body, settings, links, now)


def _mail(letter: Letter, subject: str, body: bytes, settings: Settings, links: LinkSigner, now: datetime) -> Mail:
    head = letter.head
    return Mail(
        message_id=head.message_id,
        sender=f"bounces+{links.bounce_token(head.message_id)}@{_domain(settings.message_domain)}",
        recipient=ascii_address(head.recipient),
        content=b"".join((*_headers(letter, subject, settings, links, now), body)),
    )


@lru_cache(maxsize=128)
def _skeletons(kind: MessageKind, shared: tuple[tuple[str, object], ...], has_name: bool) -> _Skeletons:
    values = {**_SLOTS, **dict(shared)}
    if not has_name:
        values["recipient_name"] = ""
    subject, text, html = (filled(f"{kind}/{name}", values) for name in TEMPLATE_FILES)
    return _Skeletons(subject, skeleton(text), skeleton(tight(html), _escape_html))


def _escape_html(value: str) -> str:
    return str(escape(value))


def _own_values(letter: Letter, settings: Settings) -> dict[str, str]:
    """What only this recipient gets: a template may print these, and test none but ``recipient_name``."""
    own = {"recipient_name": one_line(letter.head.recipient_name)}
    match letter:
        case InvitationLetter() | ReminderLetter():
            own["url"] = f"{settings.base_url}/i/{letter.token}"
            own["stop_url"] = f"{settings.base_url}/i/{letter.token}/stop"
        case WelcomeLetter():
            own["url"] = f"{settings.base_url}/i/{letter.token}"
        case NudgeLetter():
            own["stop_url"] = f"{settings.base_url}/p/{letter.token}/stop"
        case JoinedLetter():
            own["url"] = f"{settings.base_url}/p/{letter.token}"
            own["stop_url"] = f"{settings.base_url}/p/{letter.token}/stop"
        case JoinConfirmationLetter():
            own["url"] = f"{settings.base_url}/c/{letter.token}"
            own["stop_url"] = f"{settings.base_url}/c/{letter.token}/stop"
        case StaffInvitationLetter():
            own["url"] = f"{settings.base_url}/s/{letter.token}"
        case SlackCodeLetter():
            own["code"] = grouped(letter.code)
        case SignInLetter():
            own["url"] = f"{settings.base_url}/sign-in/{letter.token}"
        case DigestLetter():
            own["stop_url"] = f"{settings.base_url}/d/{letter.token}/stop"
        case HeldMailLetter():
            own["url"] = f"{settings.base_url}/h/{letter.token}"
    return own


def _shared_values(letter: Letter, settings: Settings, now: datetime) -> tuple[tuple[str, object], ...]:
    """What a whole batch has in common."""
    return (
        ("organisation", one_line(letter.head.organisation)),
        ("can_reply", bool(_reply_to(letter, settings))),
        ("service", one_line(settings.mail_from_name)),
        ("is_answer", False),
        *_kind_values(letter, now),
    )


def _kind_values(letter: Letter, now: datetime) -> tuple[tuple[str, object], ...]:
    match letter:
        case InvitationLetter():
            return (
                ("run", _run_words(letter.run)),
                ("has_started", letter.run.starts_at <= now),
                ("inviter", one_line(letter.inviter)),
                ("note_lines", _note_lines(letter.note)),
                ("until", until_words(letter.expires_at, zone_named(letter.run.time_zone))),
                ("is_again", letter.is_again),
            )
        case ReminderLetter():
            return (
                ("run", _run_words(letter.run)),
                ("has_started", letter.run.starts_at <= now),
                ("inviter", one_line(letter.inviter)),
                ("until", until_words(letter.expires_at, zone_named(letter.run.time_zone))),
            )
        case WelcomeLetter() | JoinedLetter():
            return (("run", _run_words(letter.run)), ("has_started", letter.run.starts_at <= now))
        case JoinConfirmationLetter():
            return (("course_title", one_line(letter.course_title)),)
        case StaffInvitationLetter():
            until = until_words(letter.expires_at, zone_named(letter.time_zone))
            return (("role", one_line(letter.role)), ("role_words", ROLES.get(letter.role, "")), ("until", until))
        case SlackCodeLetter() | SignInLetter():
            return (("minutes", letter.minutes),)
        case AnswerLetter() | DigestLetter():
            return ()
        case StoppedLetter():
            return ()
        case NudgeLetter():
            return (
                ("run", _run_words(letter.run)),
                ("author", one_line(letter.author)),
                ("word_lines", _note_lines(letter.words)),
            )
        case HeldMailLetter():
            zone = zone_named(letter.time_zone)
            return (
                ("received", moment_words(letter.received_at, zone)),
                ("size", size_words(letter.size)),
                ("server", one_line(letter.server)),
                ("subject", one_line(letter.subject)),
                ("waiting", letter.waiting),
                ("erased_on", day_words(letter.erased_at, zone)),
            )


@lru_cache(maxsize=256)
def _run_words(run: RunCard) -> _RunWords:
    zone = zone_named(run.time_zone)
    title, subtitle = one_line(run.course_title), one_line(run.run_title)
    return _RunWords(
        title=title,
        subtitle="" if subtitle.casefold() in title.casefold() else subtitle,
        partner=one_line(run.partner),
        starts_on=day_words(run.starts_at, zone),
        ends_on=last_day_words(run.ends_at, zone) if run.ends_at else "",
        benefits=tuple(BENEFITS[benefit] for benefit in run.benefits),
        # The address comes from a sheet; anything but a web address would be no link.
        join_url=one_line(run.join_url) if run.join_url.startswith(("https://", "http://")) else "",
    )


@lru_cache(maxsize=256)
def _note_lines(note: str) -> tuple[str, ...]:
    return tuple(one_line(line) for line in note.strip().splitlines())


def _headers(letter: Letter, subject: str, settings: Settings, links: LinkSigner, now: datetime) -> tuple[bytes, ...]:
    head = letter.head
    return (
        plain_header("Date", _date(now)),
        _from_header(head.organisation, settings.mail_from_name, settings.mail_from),
        mailbox_header("To", head.recipient_name, head.recipient),
        _reply_header(_reply_to(letter, settings)),
        text_header("Subject", subject),
        plain_header("Message-ID", head.message_ref),
        _fixed_headers(letter.kind, _domain(settings.message_domain)),
        *_kind_headers(letter, settings, links),
        *_thread_headers(letter),
    )


def _kind_headers(letter: Letter, settings: Settings, links: LinkSigner) -> tuple[bytes, ...]:
    stop_url = _own_values(letter, settings).get("stop_url")
    about = (
        f"{letter.run.run_id}:"
        if isinstance(letter, InvitationLetter | ReminderLetter | JoinedLetter | NudgeLetter)
        else ""
    )
    feedback = plain_header("Feedback-ID", f"{about}{letter.kind}:usher")
    if isinstance(letter, AnswerLetter):
        return feedback, *_thread_headers(letter)
    if stop_url is None:
        return (feedback,)
    return (
        feedback,
        f"List-Unsubscribe:\r\n <{stop_url}>{_stop_mail(letter.head, settings, links)}\r\n".encode(),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    )


def _stop_mail(head: LetterHead, settings: Settings, links: LinkSigner) -> str:
    """For mail programs that press nothing. The token is in the subject, for not every host knows ``+``."""
    if not settings.mail_inbox:
        return ""
    inbox = quote(ascii_address(settings.mail_inbox), safe="@+")
    return f",\r\n <mailto:{inbox}?subject=stop%20{links.stop_token(head.message_id)}>"


def _thread_headers(letter: Letter) -> tuple[bytes, ...]:
    """A reminder stands beside the e-mail that it reminds of, an answer below the one that asked."""
    if isinstance(letter, AnswerLetter):
        return refs_header("In-Reply-To", (letter.in_reply_to,)), refs_header("References", letter.references)
    if not isinstance(letter, ReminderLetter | StoppedLetter) or not letter.answers_ref:
        return ()
    return plain_header("In-Reply-To", letter.answers_ref), plain_header("References", letter.answers_ref)


@lru_cache(maxsize=16)
def _fixed_headers(kind: MessageKind, domain: str) -> bytes:
    """Robots must not answer, and our own inbox must know its own mail again. No Precedence: it is not bulk mail."""
    origin = "auto-replied" if kind in (MessageKind.ANSWER, MessageKind.STOPPED) else "auto-generated"
    return b"".join((
        f"MIME-Version: 1.0\r\nAuto-Submitted: {origin}\r\nX-Auto-Response-Suppress: All\r\n".encode(),
        plain_header("X-Usher-Loop", domain),
    ))  # fmt: skip


@lru_cache(maxsize=256)
def _from_header(organisation: str, service: str, address: str) -> bytes:
    return mailbox_header("From", " via ".join(filter(None, (organisation, service))), address)


@lru_cache(maxsize=256)
def _reply_header(address: str) -> bytes:
    return plain_header("Reply-To", ascii_address(address)) if address else b""


def _reply_to(letter: Letter, settings: Settings) -> str:
    """An answer's reply goes on with the conversation, and a nudge's to its author; nowhere else."""
    if isinstance(letter, AnswerLetter | DigestLetter | NudgeLetter):
        return letter.head.reply_to
    return settings.mail_reply_to or letter.head.reply_to


def _attachment(letter: Letter, settings: Settings, now: datetime) -> bytes | None:
    today, domain = now.astimezone(UTC).date(), _domain(settings.message_domain)
    match letter:
        case InvitationLetter():
            return invited_part(letter.run, domain, today)
        case WelcomeLetter() | JoinedLetter():
            return joined_part(letter.run, domain, today)
        case _:
            return None


def _file(enclosed: Enclosed) -> bytes:
    suffix = enclosed.name.rpartition(".")[2]
    return file_part(enclosed.name, _FILE_TYPES.get(suffix, "application/octet-stream"), enclosed.content)


@lru_cache(maxsize=16)
def _date(now: datetime) -> str:
    return format_datetime(now)


@lru_cache(maxsize=16)
def _domain(name: str) -> str:
    return ascii_address(f"x@{name}").rpartition("@")[2]
