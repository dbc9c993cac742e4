"""Letters and settings for tests; each states only what its test is about."""

import email.policy
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage

from core.cards import RunCard
from core.letters import (
    HeldMailLetter,
    InvitationLetter,
    JoinConfirmationLetter,
    JoinedLetter,
    LetterHead,
    NudgeLetter,
    ReminderLetter,
    SignInLetter,
    SlackCodeLetter,
    StaffInvitationLetter,
    StoppedLetter,
    WelcomeLetter,
)
from core.rules.benefits import benefits_of
from core.rules.links import LinkKind, LinkSigner
from core.settings import Settings
from core.words import AccessModel, CourseKind, Role
from mail.sending.rendering import Mail

NOW = datetime(2026, 2, 20, 9, 30, tzinfo=UTC)
LINKS = LinkSigner([b"k" * 32])
SETTINGS = Settings(base_url="https://usher.example.org")


def run_card(
    *,
    course_title: str = "Everyday maths",
    run_title: str = "March 2026",
    partner: str = "Riverside University",
    model: AccessModel = AccessModel.UPGRADED,
    starts_at: datetime = datetime(2026, 3, 2, tzinfo=UTC),
    ends_at: datetime | None = datetime(2026, 4, 11, 23, tzinfo=UTC),
    time_zone: str = "Europe/London",
    join_url: str = "https://learn.example.org/courses/maths",
) -> RunCard:
    return RunCard(
        run_id=7,
        code="maths-2026-03",
        course_title=course_title,
        run_title=run_title,
        partner=partner,
        kind=CourseKind.OPEN,
        model=model,
        benefits=benefits_of(model),
        starts_at=starts_at,
        ends_at=ends_at,
        closes_at=None,
        time_zone=time_zone,
        step_count=20,
        join_url=join_url,
        uuid="5b1c7a52-0000-4000-8000-000000000001",
    )


def head(
    message_id: int = 1,
    *,
    recipient: str = "bo@example.org",
    recipient_name: str = "Bo Young",
    organisation: str = "Northwood College",
    reply_to: str = "sam@example.org",
) -> LetterHead:
    return LetterHead(
        message_id=message_id,
        message_ref=f"<{message_id:016x}@example.org>",
        recipient=recipient,
        recipient_name=recipient_name,
        organisation=organisation,
        reply_to=reply_to,
        created_at=NOW,
    )


def invitation(
    letter_head: LetterHead | None = None,
    *,
    run: RunCard | None = None,
    inviter: str = "Sam Jones",
    note: str = "",
    expires_at: datetime = datetime(2026, 3, 7, tzinfo=UTC),
    is_again: bool = False,
) -> InvitationLetter:
    used = letter_head or head()
    token = LINKS.token(LinkKind.INVITATION, used.message_id)
    return InvitationLetter(used, token, run or run_card(), inviter, note, expires_at, is_again)


def reminder(
    letter_head: LetterHead | None = None, *, expires_at: datetime = datetime(2026, 3, 7, tzinfo=UTC)
) -> ReminderLetter:
    used = letter_head or head(2)
    token = LINKS.token(LinkKind.INVITATION, used.message_id)
    return ReminderLetter(used, token, run_card(), "Sam Jones", expires_at, "<0000000000000001@example.org>")


def welcome(letter_head: LetterHead | None = None, *, run: RunCard | None = None) -> WelcomeLetter:
    return WelcomeLetter(letter_head or head(), LINKS.token(LinkKind.INVITATION, 1), run or run_card())


def joined(letter_head: LetterHead | None = None) -> JoinedLetter:
    return JoinedLetter(letter_head or head(recipient_name=""), LINKS.token(LinkKind.PLACE, 1), run_card())


def join_confirmation(letter_head: LetterHead | None = None) -> JoinConfirmationLetter:
    token = LINKS.token(LinkKind.JOIN_CONFIRMATION, 1)
    return JoinConfirmationLetter(letter_head or head(recipient_name=""), token, "Everyday maths")


def nudge(letter_head: LetterHead | None = None) -> NudgeLetter:
    token = LINKS.token(LinkKind.PLACE, 1)
    return NudgeLetter(letter_head or head(), token, run_card(), "Sam Jones", "How are you getting on?")


def staff_invitation(letter_head: LetterHead | None = None) -> StaffInvitationLetter:
    token = LINKS.token(LinkKind.STAFF_INVITATION, 1)
    return StaffInvitationLetter(letter_head or head(), token, Role.MANAGER, NOW + timedelta(days=14), "Europe/London")


def sign_in(letter_head: LetterHead | None = None) -> SignInLetter:
    return SignInLetter(letter_head or head(), LINKS.token(LinkKind.SIGN_IN, 7), 10)


def stopped(letter_head: LetterHead | None = None) -> StoppedLetter:
    return StoppedLetter(letter_head or head(recipient_name="", reply_to=""), "<stop@mx.example.org>")


def slack_code(letter_head: LetterHead | None = None) -> SlackCodeLetter:
    return SlackCodeLetter(letter_head or head(), "48150716", 10)


def parsed(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=email.policy.default)


def plain_text(mail: Mail) -> str:
    return _body(mail, "plain")


def html_text(mail: Mail) -> str:
    return _body(mail, "html")


def _body(mail: Mail, kind: str) -> str:
    # With a policy that parses headers this takes ten times as long.
    whole = message_from_bytes(mail.content)
    body = next(part for part in whole.walk() if part.get_content_type() == f"text/{kind}")
    content = body.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode(body.get_content_charset("ascii")).replace("\r\n", "\n")


def held_mail(*, subject: str = "invite everybody", server: str = "mail.evil.test", waiting: int = 2) -> HeldMailLetter:
    return HeldMailLetter(
        head=head(reply_to=""),
        token=LINKS.token(LinkKind.HELD_MAIL, 7),
        received_at=NOW,
        size=4321,
        server=server,
        subject=subject,
        waiting=waiting,
        erased_at=NOW + timedelta(days=30),
        time_zone="Europe/London",
    )
