"""From rows to what they say: one read for a whole chunk, a fixed number of queries a kind.

Invitations come by the ten thousand: for them columns are read and not objects, by statements that are built once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, or_, select

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.letters import (
    HeldMailLetter,
    InvitationLetter,
    JoinConfirmationLetter,
    JoinedLetter,
    Letter,
    LetterHead,
    ReminderLetter,
    SignInLetter,
    SlackCodeLetter,
    StaffInvitationLetter,
    WelcomeLetter,
)
from core.model import (
    Course,
    CourseRun,
    Enrolment,
    InboundMessage,
    Invitation,
    InvitationBatch,
    JoinRequest,
    Learner,
    Organisation,
    OutboundMessage,
    SharedLink,
    SignIn,
    SlackUser,
    StaffMember,
    Suppression,
)
from core.outbox import is_first_invitation
from core.rules.links import CodeKind, LinkKind
from core.rules.policy import LINK_CODE_LIFE, SIGN_IN_LIFE
from core.usecases.confirmation_mails import confirmation_key
from core.usecases.held_mail import HeldMailShown, held_mail_shown
from core.usecases.staff import invitation_ends, is_invitation_open
from core.words import Channel, InvitationState, MailState, MessageKind, MessageState


@dataclass(frozen=True, slots=True)
class LoadLetters:
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LettersLoaded:
    letters: tuple[Letter, ...]
    unworthy_ids: tuple[int, ...]
    """Waiting still, but no longer worth saying: the invitation was answered, cancelled, or is over."""
    confirmation_ids: tuple[int, ...]
    """Whose scoreboards change when these are sent."""


def load_letters(ctx: Context, command: LoadLetters) -> LettersLoaded:
    access.require_system(ctx)
    rows = waiting(ctx, Channel.EMAIL, command.message_ids, (MessageState.PENDING,))
    about_invitations = [row for row in rows if row.kind in (MessageKind.INVITATION, MessageKind.REMINDER)]
    batches = _batches(ctx, about_invitations) if about_invitations else {}
    letters = _invitation_letters(ctx, about_invitations, batches) if about_invitations else []
    for kind, load in _LOADERS.items():
        of_kind = [row for row in rows if row.kind is kind]
        if of_kind:
            letters += load(ctx, of_kind)
    worthy = {letter.head.message_id for letter in letters}
    unworthy = tuple(row.id for row in rows if row.id not in worthy)
    confirmations = {batch.confirmation_id for batch, _ in batches.values()}
    return LettersLoaded(tuple(letters), unworthy, tuple(confirmations))


_WAITING = select(
    OutboundMessage.id,
    OutboundMessage.organisation_id,
    OutboundMessage.kind,
    OutboundMessage.generation,
    OutboundMessage.recipient,
    OutboundMessage.recipient_key,
    OutboundMessage.about_id,
    OutboundMessage.idempotency_key,
    OutboundMessage.message_ref,
    OutboundMessage.created_at,
).where(
    OutboundMessage.id.in_(bindparam("ids", expanding=True)),
    OutboundMessage.channel == bindparam("channel"),
    OutboundMessage.state.in_(bindparam("states", expanding=True)),
)


def waiting(ctx: Context, channel: Channel, ids: Sequence[int], states: Sequence[MessageState]) -> Sequence[Row[Any]]:
    """Those of the rows that are still to be said, in columns."""
    return list(ctx.session.execute(_WAITING, {"ids": ids, "channel": channel, "states": states}))


_OPEN_INVITATIONS = (
    select(
        Invitation.id,
        Invitation.name,
        Invitation.generation,
        Invitation.run_id,
        Invitation.expires_at,
        Invitation.batch_id,
        Organisation.name.label("organisation"),
    )
    .join(Organisation, Organisation.id == Invitation.organisation_id)
    .where(Invitation.id.in_(bindparam("ids", expanding=True)))
    .where(Invitation.state == InvitationState.PENDING, Invitation.replaced_at.is_(None))
    .where(Invitation.expires_at > bindparam("now"))
)


_BATCHES = (
    select(InvitationBatch, StaffMember)
    .join(StaffMember, StaffMember.id == InvitationBatch.staff_id)
    .where(
        InvitationBatch.id.in_(select(Invitation.batch_id).where(Invitation.id.in_(bindparam("ids", expanding=True))))
    )
)
_Batches = Mapping[int, tuple[InvitationBatch, StaffMember]]


def _batches(ctx: Context, rows: Sequence[Row[Any]]) -> _Batches:
    """With who invited; of invitations that are over, too."""
    found = ctx.session.execute(_BATCHES, {"ids": [row.about_id for row in rows]})
    return {each.InvitationBatch.id: (each.InvitationBatch, each.StaffMember) for each in found}


def _invitation_letters(ctx: Context, rows: Sequence[Row[Any]], batches: _Batches) -> list[Letter]:
    given = {"ids": [row.about_id for row in rows], "now": ctx.now}
    found: dict[int, Any] = {each.id: each for each in ctx.session.execute(_OPEN_INVITATIONS, given)}
    runs = _runs(ctx, {each.run_id for each in found.values()})
    open_ones = [
        (row, each)
        for row in rows
        if (each := found.get(row.about_id)) is not None and not _is_over(ctx, runs[each.run_id])
    ]
    letters: list[Letter] = [
        _invitation_letter(ctx, row, each, batches[each.batch_id], runs[each.run_id])
        for row, each in open_ones
        if row.kind is MessageKind.INVITATION
    ]
    reminders = [(row, each) for row, each in open_ones if row.kind is MessageKind.REMINDER]
    refs = _sent_refs(ctx, [each.id for _, each in reminders]) if reminders else {}
    letters += [
        _reminder_letter(ctx, row, each, batches[each.batch_id][1], runs[each.run_id], refs[each.id])
        for row, each in reminders
        if each.id in refs
    ]
    return letters


def _sent_refs(ctx: Context, ids: Sequence[int]) -> dict[int, str]:
    """The Message-ID of the e-mail to be reminded of. Whose mail has come back since is not reminded."""
    query = (
        select(Invitation.id, OutboundMessage.message_ref)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .where(Invitation.id.in_(ids), OutboundMessage.state == MessageState.SENT)
    )
    return {row.id: row.message_ref for row in ctx.session.execute(query)}


def _reminder_letter(
    ctx: Context, row: Row[Any], invitation: Row[Any], inviter: StaffMember, run: RunCard, answers_ref: str
) -> ReminderLetter:
    return ReminderLetter(
        head=_head(row, invitation.name, invitation.organisation, inviter.email),
        token=ctx.links.token(LinkKind.INVITATION, invitation.id, invitation.generation),
        run=run,
        inviter=inviter.name,
        expires_at=min(invitation.expires_at, run.closes_at or invitation.expires_at),
        answers_ref=answers_ref,
    )


def _invitation_letter(
    ctx: Context, row: Row[Any], invitation: Row[Any], origin: tuple[InvitationBatch, StaffMember], run: RunCard
) -> InvitationLetter:
    batch, inviter = origin
    return InvitationLetter(
        head=_head(row, invitation.name, invitation.organisation, inviter.email),
        token=ctx.links.token(LinkKind.INVITATION, invitation.id, invitation.generation),
        run=run,
        inviter=inviter.name,
        note=batch.note,
        expires_at=min(invitation.expires_at, run.closes_at or invitation.expires_at),
        is_again=not is_first_invitation(row.idempotency_key),
    )


def _is_over(ctx: Context, run: RunCard) -> bool:
    return run.closes_at is not None and run.closes_at <= ctx.now


def _welcome_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(Invitation, Organisation.name, StaffMember.email, Learner)
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .join(StaffMember, StaffMember.id == InvitationBatch.staff_id)
        .join(Learner, Learner.id == Invitation.learner_id)
        .where(Invitation.id.in_([row.about_id for row in rows]), Learner.removed_at.is_(None))
    )
    found = {each.Invitation.id: each for each in ctx.session.execute(query)}
    runs = _runs(ctx, {each.Invitation.run_id for each in found.values()})
    return [
        WelcomeLetter(
            head=_head(row, each.Learner.first_name, each.name, each.email),
            token=ctx.links.token(LinkKind.INVITATION, each.Invitation.id, each.Invitation.generation),
            run=runs[each.Invitation.run_id],
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
    ]


def _joined_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(Enrolment, Organisation.name, StaffMember.email)
        .join(Learner, Learner.id == Enrolment.learner_id)
        .join(Organisation, Organisation.id == Enrolment.organisation_id)
        .join(SharedLink, SharedLink.id == Enrolment.shared_link_id)
        .join(StaffMember, StaffMember.id == SharedLink.staff_id)
        .where(Enrolment.id.in_([row.about_id for row in rows]))
        .where(Enrolment.left_at.is_(None), Learner.removed_at.is_(None))
    )
    found = {each.Enrolment.id: each for each in ctx.session.execute(query)}
    runs = _runs(ctx, {each.Enrolment.run_id for each in found.values()})
    silent = _suppressed(ctx, rows)
    return [
        JoinedLetter(
            # Without the name: whoever held the link could have typed anything, to any address.
            head=_head(row, "", each.name, each.email),
            token=ctx.links.token(LinkKind.PLACE, each.Enrolment.id),
            run=runs[each.Enrolment.run_id],
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None and (row.organisation_id, row.recipient_key) not in silent
    ]


def _confirmation_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(JoinRequest, Organisation.name, StaffMember.email, Course.title)
        .join(SharedLink, SharedLink.id == JoinRequest.shared_link_id)
        .join(Course, Course.id == SharedLink.course_id)
        .join(Organisation, Organisation.id == JoinRequest.organisation_id)
        .join(StaffMember, StaffMember.id == SharedLink.staff_id)
        .where(JoinRequest.id.in_([row.about_id for row in rows]), JoinRequest.joined_at.is_(None))
        .where(SharedLink.revoked_at.is_(None), SharedLink.replaced_at.is_(None))
    )
    found = {each.JoinRequest.id: each for each in ctx.session.execute(query)}
    silent = _suppressed(ctx, rows)
    # Without the name as well. An older mail that still waits would only confuse.
    return [
        JoinConfirmationLetter(
            head=_head(row, "", each.name, each.email),
            token=ctx.links.token(LinkKind.JOIN_CONFIRMATION, each.JoinRequest.id),
            course_title=each.title,
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
        and row.idempotency_key == confirmation_key(each.JoinRequest.id, each.JoinRequest.mail_count)
        and (row.organisation_id, row.recipient_key) not in silent
    ]


def _suppressed(ctx: Context, rows: Sequence[Row[Any]]) -> set[tuple[int, str]]:
    """(organisation, key) of recipients who must not be written to."""
    query = select(Suppression.organisation_id, Suppression.address_key).where(
        Suppression.address_key.in_([row.recipient_key for row in rows])
    )
    return {(row.organisation_id, row.address_key) for row in ctx.session.execute(query)}


def _staff_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    # Who has accepted needs no invitation any more, except an owner whose organisation still waits for the terms.
    query = (
        select(StaffMember, Organisation.name, Organisation.time_zone)
        .join(Organisation, Organisation.id == StaffMember.organisation_id)
        .where(StaffMember.id.in_([row.about_id for row in rows]), StaffMember.disabled_at.is_(None))
        .where(or_(StaffMember.accepted_at.is_(None), Organisation.terms_accepted_at.is_(None)))
    )
    found = {each.StaffMember.id: each for each in ctx.session.execute(query)}
    return [
        StaffInvitationLetter(
            head=_head(row, each.StaffMember.name, each.name, ""),
            token=ctx.links.token(LinkKind.STAFF_INVITATION, each.StaffMember.id, each.StaffMember.generation),
            role=each.StaffMember.role,
            expires_at=invitation_ends(each.StaffMember),
            time_zone=each.time_zone,
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
        and is_invitation_open(each.StaffMember, ctx.now)
        # An older link's e-mail that still waits would carry the newer link, twice.
        and row.idempotency_key == f"staff_invitation:{each.StaffMember.id}:{each.StaffMember.generation}"
    ]


def _code_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(SlackUser, StaffMember, Organisation.name)
        .join(StaffMember, StaffMember.id == SlackUser.staff_id)
        .join(Organisation, Organisation.id == SlackUser.organisation_id)
        .where(SlackUser.id.in_([row.about_id for row in rows]), SlackUser.code_valid_until > ctx.now)
    )
    found = {each.SlackUser.id: each for each in ctx.session.execute(query)}
    return [
        SlackCodeLetter(
            head=_head(row, each.StaffMember.name, each.name, ""),
            code=ctx.links.code(CodeKind.SLACK_LINK, each.SlackUser.id, each.SlackUser.generation),
            minutes=int(LINK_CODE_LIFE.total_seconds() // 60),
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
        # An older code's e-mail that still waits would only confuse.
        and row.idempotency_key == f"slack_code:{each.SlackUser.id}:{each.SlackUser.generation}"
    ]


def _sign_in_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(SignIn, StaffMember, Organisation.name)
        .join(StaffMember, StaffMember.id == SignIn.staff_id)
        .join(Organisation, Organisation.id == SignIn.organisation_id)
        .where(SignIn.id.in_([row.about_id for row in rows]), SignIn.expires_at > ctx.now)
        .where(SignIn.used_at.is_(None), StaffMember.disabled_at.is_(None))
    )
    found = {each.SignIn.id: each for each in ctx.session.execute(query)}
    return [
        SignInLetter(
            head=_head(row, each.StaffMember.name, each.name, ""),
            token=ctx.links.token(LinkKind.SIGN_IN, each.SignIn.id),
            minutes=int(SIGN_IN_LIFE.total_seconds() // 60),
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
    ]


def _held_mail_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    """A handful a day at most. What was answered meanwhile in Slack is not asked any more."""
    query = (
        select(InboundMessage.id, StaffMember)
        .join(StaffMember, StaffMember.id == InboundMessage.staff_id)
        .where(InboundMessage.id.in_([row.about_id for row in rows]), InboundMessage.state == MailState.HELD)
        .where(InboundMessage.raw.is_not(None), StaffMember.disabled_at.is_(None))
    )
    found = {each.id: each.StaffMember for each in ctx.session.execute(query)}
    return [
        _held_mail_letter(row, found[row.about_id], held_mail_shown(ctx, row.about_id))
        for row in rows
        if row.about_id in found
    ]


def _held_mail_letter(row: Row[Any], staff: StaffMember, shown: HeldMailShown) -> HeldMailLetter:
    return HeldMailLetter(
        head=_head(row, staff.name, shown.organisation, ""),
        token=shown.token,
        received_at=shown.received_at,
        size=shown.size,
        server=shown.server,
        subject=shown.subject,
        waiting=shown.waiting,
        erased_at=shown.erased_at,
        time_zone=shown.time_zone,
    )


_LOADERS = {
    MessageKind.WELCOME: _welcome_letters,
    MessageKind.JOINED: _joined_letters,
    MessageKind.JOIN_CONFIRMATION: _confirmation_letters,
    MessageKind.STAFF_INVITATION: _staff_letters,
    MessageKind.SLACK_CODE: _code_letters,
    MessageKind.SIGN_IN: _sign_in_letters,
    MessageKind.HELD_MAIL: _held_mail_letters,
}


def _head(row: Row[Any], name: str, organisation: str, reply_to: str) -> LetterHead:
    return LetterHead(
        message_id=row.id,
        message_ref=row.message_ref,
        recipient=row.recipient,
        recipient_name=name,
        organisation=organisation,
        reply_to=reply_to,
        created_at=row.created_at,
    )


_RUNS = (
    select(CourseRun)
    .join(CourseRun.course)
    .options(access.with_course())
    .where(CourseRun.id.in_(bindparam("ids", expanding=True)))
)


def _runs(ctx: Context, ids: set[int]) -> dict[int, RunCard]:
    return {run.id: run_card(run) for run in ctx.session.scalars(_RUNS, {"ids": list(ids)})}
