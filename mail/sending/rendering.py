"""Letters as mails, ready to send. ``templates/email/<kind>/`` has the words, this the values, ``headers`` the rest.

Nothing here raises for what people typed: one strange name must not stop a batch.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

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
    NudgeLetter,
    ReminderLetter,
    SignInLetter,
    SlackCodeLetter,
    StaffInvitationLetter,
    StoppedLetter,
    WelcomeLetter,
)
from core.rules.links import LinkSigner
from core.rules.zones import zone_named
from core.settings import Settings
from core.wording.phrases import BENEFITS, ROLES, day_words, last_day_words, moment_words, size_words, until_words
from core.words import MessageKind
from mail.answers.rendering import rendered_answer, rendered_digest
from mail.sending.calendar import invited_part, joined_part
from mail.sending.headers import headers_of, mail_domain, reply_to_of
from mail.sending.skeleton import Skeleton, skeleton, slots
from mail.sending.templates import TEMPLATE_FILES, filled, tight
from mail.sending.wire import alternatives, ascii_address, file_part, one_line, with_attachments
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
    head, stop_url = letter.head, _own_values(letter, settings).get("stop_url")
    return Mail(
        message_id=head.message_id,
        sender=f"bounces+{links.bounce_token(head.message_id)}@{mail_domain(settings.message_domain)}",
        recipient=ascii_address(head.recipient),
        content=b"".join((*headers_of(letter, subject, stop_url, settings, links, now), body)),
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
        ("can_reply", bool(reply_to_of(letter, settings))),
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


def _attachment(letter: Letter, settings: Settings, now: datetime) -> bytes | None:
    today, domain = now.astimezone(UTC).date(), mail_domain(settings.message_domain)
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
