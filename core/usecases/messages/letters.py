"""From rows to what they say: one read for a whole chunk, a fixed number of queries a kind.

Invitations come by the ten thousand: for them columns are read and not objects, by statements that are built once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, select

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.letters import (
    InvitationLetter,
    JoinConfirmationLetter,
    JoinedLetter,
    Letter,
    ReminderLetter,
    StoppedLetter,
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
    StaffMember,
    Suppression,
)
from core.outbox import is_first_invitation
from core.rules.links import LinkKind
from core.usecases.digests.letters import digest_letters
from core.usecases.links.confirmation_mails import confirmation_key
from core.usecases.messages.answer_letters import answer_letters
from core.usecases.messages.letter_heads import letter_head
from core.usecases.messages.staff_letters import code_letters, held_mail_letters, sign_in_letters, staff_letters
from core.usecases.progress.nudges import nudge_letters
from core.words import Channel, InvitationState, MessageKind, MessageState


class LoadLetters(Struct, frozen=True):
    message_ids: tuple[int, ...]


class LettersLoaded(Struct, frozen=True):
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
        head=letter_head(row, invitation.name, invitation.organisation, inviter.email),
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
        head=letter_head(row, invitation.name, invitation.organisation, inviter.email),
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
            head=letter_head(row, each.Learner.first_name, each.name, each.email),
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
            head=letter_head(row, "", each.name, each.email),
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
            head=letter_head(row, "", each.name, each.email),
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


def _stopped_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(InboundMessage.id, InboundMessage.message_ref, Organisation.name)
        .join(Organisation, Organisation.id == InboundMessage.organisation_id)
        .where(InboundMessage.id.in_([row.about_id for row in rows]))
    )
    found = {each.id: each for each in ctx.session.execute(query)}
    return [
        StoppedLetter(letter_head(row, "", each.name, ""), each.message_ref)
        for row in rows
        if (each := found.get(row.about_id)) is not None
    ]


_LOADERS = {
    MessageKind.WELCOME: _welcome_letters,
    MessageKind.JOINED: _joined_letters,
    MessageKind.JOIN_CONFIRMATION: _confirmation_letters,
    MessageKind.STAFF_INVITATION: staff_letters,
    MessageKind.SLACK_CODE: code_letters,
    MessageKind.SIGN_IN: sign_in_letters,
    MessageKind.ANSWER: answer_letters,
    MessageKind.STOPPED: _stopped_letters,
    MessageKind.HELD_MAIL: held_mail_letters,
    MessageKind.DIGEST: digest_letters,
    MessageKind.NUDGE: nudge_letters,
}


_RUNS = (
    select(CourseRun)
    .join(CourseRun.course)
    .options(access.with_course())
    .where(CourseRun.id.in_(bindparam("ids", expanding=True)))
)


def _runs(ctx: Context, ids: set[int]) -> dict[int, RunCard]:
    return {run.id: run_card(run) for run in ctx.session.scalars(_RUNS, {"ids": list(ids)})}
