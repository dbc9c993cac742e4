"""What mail servers say about our e-mails after they had taken them: reports of delivery, and complaints.

    parsed by the mail door --record_report--> the message, its invitation, the address, whoever invited

1. Anybody can write a report. Only what names the message by our token (an HMAC) or by our Message-ID (a random id)
   is believed; what names an address is noted, if one message only went there lately, and changes nothing.
2. Hard: the message has bounced. The address is suppressed only where the report says that nobody is there.
3. Soft: given up for now. The first time it goes out once more after a day; the second time it has bounced.
4. Late: whoever carries it still tries, so we do not. More than five messages soft or late: suppressed.
5. A complaint suppresses at once. The invitation stays open: its link still works.
6. What was accepted, declined or cancelled stays so. The same report counts once.
"""

from datetime import timedelta
from typing import ClassVar, Final

from msgspec import Struct
from sqlalchemy import func, select, update

from core import access
from core.context import Context
from core.model import DeliveryReport, Invitation, InvitationBatch, OutboundMessage
from core.outbox import message_by_ref, touch_scoreboards
from core.rules.policy import REPORT_MEMORY, SOFT_BOUNCE_MEMORY, SOFT_BOUNCE_PAUSE, SOFT_BOUNCES
from core.usecases.invitations.unreached import tell_of_unreached
from core.usecases.mailbox.settling import settle, state_of
from core.usecases.mailbox.suppressions import silence, suppress
from core.words import Channel, MailRule, MailState, MessageKind, MessageState, ReportedAs, SuppressReason

_INVITING: Final = (MessageKind.INVITATION, MessageKind.REMINDER)
_SOFT: Final = (ReportedAs.SOFT, ReportedAs.LATE)
_UNPROVEN: Final = "Perhaps not delivered: somebody says so, and does not show which e-mail it was."


class RecordReport(Struct, frozen=True):
    """``reported_as`` None: it says nothing of the kind. ``detail``: the reason in words, without addresses.

    ``tokens`` may be ours, ``refs`` are the Message-IDs that it is about, ``recipients`` the keys of addresses.
    """

    is_routine: ClassVar = True

    inbound_id: int
    rule: MailRule
    reported_as: ReportedAs | None
    tokens: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    detail: str = ""
    is_no_mailbox: bool = False


class ReportRecorded(Struct, frozen=True):
    """``message_id`` None: it is about nothing of ours."""

    state: MailState
    message_id: int | None = None
    is_proven: bool = False


def record_report(ctx: Context, command: RecordReport) -> ReportRecorded:
    """Settles the report's own row in the same transaction."""
    access.require_system(ctx)
    proven = _proven(ctx, command)
    message = proven or _probable(ctx, command)
    if message is None or command.reported_as is None:
        detail = "says nothing about a failure" if command.reported_as is None else "about no e-mail of ours"
        settle(ctx, command.inbound_id, MailState.IGNORED, command.rule, detail=detail)
        return ReportRecorded(state_of(ctx, command.inbound_id))
    detail = f"{command.reported_as}, {'proven' if proven else 'by its address only'}: {command.detail}"
    if not settle(
        ctx,
        command.inbound_id,
        MailState.PROCESSED,
        command.rule,
        detail=detail,
        organisation_id=message.organisation_id,
    ):
        return ReportRecorded(state_of(ctx, command.inbound_id))
    _keep(ctx, message, command, is_proven=proven is not None)
    if proven is None:
        _mention(ctx, message.id, _UNPROVEN)
    else:
        _EFFECTS[command.reported_as](ctx, proven, command)
    return ReportRecorded(MailState.PROCESSED, message.id, is_proven=proven is not None)


def mark_refused(ctx: Context, message: OutboundMessage, detail: str, *, is_no_mailbox: bool) -> None:
    """What follows from a refusal, whether at the door or by a report; the message's own state is the caller's.

    An address where nobody is gets suppressed in that organisation; a full mailbox or a policy passes.
    """
    if message.channel is Channel.EMAIL and is_no_mailbox:
        suppress(ctx, message.organisation_id, message.recipient_key, SuppressReason.BOUNCED)
    if message.kind is MessageKind.REMINDER:
        _mark_undelivered(ctx, message.about_id, detail)


# --- Finding ----------------------------------------------------------------------------------------------


def _proven(ctx: Context, command: RecordReport) -> OutboundMessage | None:
    ids = filter(None, (ctx.links.read_bounce_token(token) for token in command.tokens))
    by_token = (ctx.session.get(OutboundMessage, message_id) for message_id in ids)
    by_ref = (message_by_ref(ctx, ref) for ref in command.refs)
    return next(filter(None, (*by_token, *by_ref)), None)


def _probable(ctx: Context, command: RecordReport) -> OutboundMessage | None:
    """The only e-mail that went to one of these addresses lately."""
    query = (
        select(OutboundMessage)
        .where(
            OutboundMessage.recipient_key.in_(command.recipients),
            OutboundMessage.channel == Channel.EMAIL,
            OutboundMessage.state == MessageState.SENT,
            OutboundMessage.sent_at > ctx.now - REPORT_MEMORY,
        )
        .limit(2)
    )
    found = ctx.session.scalars(query).all() if command.recipients else []
    return found[0] if len(found) == 1 else None


# --- Effects ----------------------------------------------------------------------------------------------


def _keep(ctx: Context, message: OutboundMessage, command: RecordReport, *, is_proven: bool) -> None:
    row = {
        "id": ctx.tokens.new_id(),
        "organisation_id": message.organisation_id,
        "message_id": message.id,
        "inbound_id": command.inbound_id,
        "reported_as": command.reported_as,
        "is_proven": is_proven,
        "detail": command.detail if is_proven else "",
        "reported_at": ctx.now,
    }
    access.insert_all(ctx, DeliveryReport, [row])


def _hard(ctx: Context, message: OutboundMessage, command: RecordReport) -> None:
    # Behind a group or a forwarding stands another address: that nobody is there says nothing about ours.
    is_ours = not command.recipients or message.recipient_key in command.recipients
    if _bounce(ctx, message, command.detail):
        mark_refused(ctx, message, command.detail, is_no_mailbox=command.is_no_mailbox and is_ours)
        _tell(ctx, message)


def _soft(ctx: Context, message: OutboundMessage, command: RecordReport) -> None:
    """Our side tries once more, and whoever carries it then for days again."""
    if _is_too_often(ctx, message):
        suppress(ctx, message.organisation_id, message.recipient_key, SuppressReason.BOUNCED)
    elif _is_first_failure(ctx, message) and _wait(ctx, message, command.detail, SOFT_BOUNCE_PAUSE):
        touch_scoreboards(ctx, _confirmations(ctx, message))
        return
    if _bounce(ctx, message, command.detail):
        mark_refused(ctx, message, command.detail, is_no_mailbox=False)
        _tell(ctx, message)


def _late(ctx: Context, message: OutboundMessage, command: RecordReport) -> None:
    _mention(ctx, message.id, command.detail)
    if _is_too_often(ctx, message):
        suppress(ctx, message.organisation_id, message.recipient_key, SuppressReason.BOUNCED)


def _complaint(ctx: Context, message: OutboundMessage, _command: RecordReport) -> None:
    if silence(ctx, message.organisation_id, message.recipient_key, SuppressReason.COMPLAINED):
        _tell(ctx, message)


_EFFECTS: Final = {
    ReportedAs.HARD: _hard,
    ReportedAs.SOFT: _soft,
    ReportedAs.LATE: _late,
    ReportedAs.COMPLAINT: _complaint,
}


def _bounce(ctx: Context, message: OutboundMessage, detail: str) -> bool:
    """From whatever state, for it was sent: the report may be faster than our own mark. False: it was known."""
    bounced = ctx.session.execute(
        update(OutboundMessage)
        .where(
            OutboundMessage.id == message.id,
            OutboundMessage.state.not_in((MessageState.BOUNCED, MessageState.DROPPED)),
        )
        .values(
            state=MessageState.BOUNCED,
            problem=detail,
            lease_until=None,
            sent_at=func.coalesce(OutboundMessage.sent_at, ctx.now),
        )
        .returning(OutboundMessage.id)
    )
    return bounced.one_or_none() is not None


def _wait(ctx: Context, message: OutboundMessage, detail: str, pause: timedelta) -> bool:
    """The sweeper finds it when its time has come. A code that arrives after days would only confuse."""
    if not message.kind.is_safe_twice:
        return False
    waiting = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == message.id, OutboundMessage.state == MessageState.SENT)
        .values(
            state=MessageState.PENDING,
            not_before=ctx.now + pause,
            attempts=0,
            generation=OutboundMessage.generation + 1,
            problem=f"It goes out once more. {detail}",
        )
        .returning(OutboundMessage.id)
    )
    return waiting.one_or_none() is not None


def _mention(ctx: Context, message_id: int, words: str) -> None:
    """Beside a message that counts as sent."""
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == message_id, OutboundMessage.state == MessageState.SENT)
        .values(problem=words)
    )


def _mark_undelivered(ctx: Context, invitation_id: int, detail: str) -> None:
    """The address has died since the invitation was sent. Its own e-mail is where lists and scoreboards look."""
    about_it = select(Invitation.message_id).where(Invitation.id == invitation_id).scalar_subquery()
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == about_it, OutboundMessage.state == MessageState.SENT)
        .values(state=MessageState.BOUNCED, problem=detail)
    )


def _is_too_often(ctx: Context, message: OutboundMessage) -> bool:
    """This report counts too. However often one message is reported, it counts once."""
    query = (
        select(func.count(func.distinct(DeliveryReport.message_id)))
        .join(OutboundMessage, OutboundMessage.id == DeliveryReport.message_id)
        .where(
            OutboundMessage.organisation_id == message.organisation_id,
            OutboundMessage.recipient_key == message.recipient_key,
            DeliveryReport.reported_as.in_(_SOFT),
            DeliveryReport.is_proven,
            DeliveryReport.reported_at > ctx.now - SOFT_BOUNCE_MEMORY,
        )
    )
    return (ctx.session.scalar(query) or 0) > SOFT_BOUNCES


def _is_first_failure(ctx: Context, message: OutboundMessage) -> bool:
    query = select(func.count()).where(
        DeliveryReport.message_id == message.id,
        DeliveryReport.reported_as == ReportedAs.SOFT,
        DeliveryReport.is_proven,
    )
    return (ctx.session.scalar(query) or 0) <= 1


def _tell(ctx: Context, message: OutboundMessage) -> None:
    batch = _batch(ctx, message)
    if batch is not None:
        touch_scoreboards(ctx, {batch.confirmation_id})
        tell_of_unreached(ctx, batch)


def _confirmations(ctx: Context, message: OutboundMessage) -> set[int]:
    batch = _batch(ctx, message)
    return set() if batch is None else {batch.confirmation_id}


def _batch(ctx: Context, message: OutboundMessage) -> InvitationBatch | None:
    if message.kind not in _INVITING:
        return None
    query = (
        select(InvitationBatch)
        .join(Invitation, Invitation.batch_id == InvitationBatch.id)
        .where(Invitation.id == message.about_id)
    )
    return ctx.session.scalars(query).one_or_none()
