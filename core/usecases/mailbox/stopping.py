"""A learner wants no more e-mails from an organisation: by the link in a mail, by one click, or by a reply.

1. It acts at once. Doing it twice does it once.
2. Whoever is on a course stays there. A pending invitation counts as declined, and who invited hears of it.
3. By e-mail the proof is what only the recipient was sent: the token of our header, or our Message-ID in the reply.
   It acts for the address that we wrote to; who claims to write decides nothing.
4. The same e-mail ends a staff member's digests by e-mail, where it names one.
5. A reply is answered once, at the address that we wrote to, and only if the reply claims to come from there: a child
   may have written it, and should know that it worked. A press or a click has its answer on the page.
"""

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.context import Context
from core.deeds import about_invitation
from core.model import (
    Digest,
    DigestSetting,
    Enrolment,
    FollowUp,
    Invitation,
    InvitationBatch,
    LearnerAddress,
    OutboundMessage,
)
from core.outbox import email_row, message_by_ref, say, touch_scoreboards
from core.usecases.digests.settings import end_mail
from core.usecases.invitations.unreached import tell_of_unreached
from core.usecases.links.enrolling import close_invitation
from core.usecases.mailbox.settling import settle, state_of
from core.usecases.mailbox.suppressions import silence
from core.words import ABOUT_INVITATIONS, InvitationState, MailRule, MailState, MessageKind, Subject, SuppressReason

_STOPPABLE = ABOUT_INVITATIONS | {
    MessageKind.NUDGE,
    MessageKind.JOINED,
    MessageKind.JOIN_CONFIRMATION,
    MessageKind.STOPPED,
    MessageKind.DIGEST,
}


class StopByMail(Struct, frozen=True):
    """``tokens``: what may be a token of ours; ``refs``: Message-IDs that it replies to, the nearest first.

    ``sender`` is the key of the address that it claims to come from.
    """

    inbound_id: int
    tokens: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    sender: str = ""


class StoppedByMail(Struct, frozen=True):
    """``is_news`` False: nothing of ours is named, or that address was left alone before."""

    state: MailState
    is_news: bool = False


def stop_by_mail(ctx: Context, command: StopByMail) -> StoppedByMail:
    """What names no e-mail of ours is held: somebody wants something, and a person should read it."""
    access.require_system(ctx)
    message = _message(ctx, command)
    if message is None or message.kind not in _STOPPABLE:
        detail = "asks for no more e-mails, and replies to none of ours to a learner"
        settle(ctx, command.inbound_id, MailState.HELD, MailRule.STOP, detail=detail, sender=command.sender)
        return StoppedByMail(state_of(ctx, command.inbound_id))
    values = {"organisation_id": message.organisation_id, "sender": command.sender}
    if not settle(ctx, command.inbound_id, MailState.PROCESSED, MailRule.STOP, **values):
        return StoppedByMail(state_of(ctx, command.inbound_id))
    if message.kind is MessageKind.DIGEST:
        return StoppedByMail(MailState.PROCESSED, _stop_digest(ctx, message))
    is_news = _stop(ctx, message)
    if is_news and _is_reply_of(message, command):
        _confirm(ctx, message, command.inbound_id)
    return StoppedByMail(MailState.PROCESSED, is_news)


def _stop_digest(ctx: Context, message: OutboundMessage) -> bool:
    digest = ctx.session.get(Digest, message.about_id)
    setting = ctx.session.get(DigestSetting, digest.setting_id) if digest else None
    is_news = setting is not None and setting.by_mail
    if setting is not None:
        end_mail(setting)
    return is_news


def stop_for_invitation(ctx: Context, invitation: Invitation) -> bool:
    """True: the address was written to until now."""
    about_invitation(ctx, invitation)
    is_news = silence(ctx, invitation.organisation_id, invitation.address_key, SuppressReason.ASKED)
    batch = ctx.session.get_one(InvitationBatch, invitation.batch_id)
    if invitation.state is InvitationState.PENDING and close_invitation(ctx, invitation, InvitationState.DECLINED):
        touch_scoreboards(ctx, {batch.confirmation_id})
    if is_news:
        tell_of_unreached(ctx, batch)
    return is_news


def stop_for_enrolment(ctx: Context, enrolment: Enrolment) -> bool:
    """All addresses of the learner. Nobody invited them, so nobody is told."""
    ctx.about(Subject.LEARNER, enrolment.learner_id, organisation_id=enrolment.organisation_id)
    ctx.within(Subject.RUN, enrolment.run_id, organisation_id=enrolment.organisation_id)
    return _stop_learner(ctx, enrolment.organisation_id, enrolment.learner_id)


def _stop_learner(ctx: Context, organisation_id: int, learner_id: int) -> bool:
    keys = select(LearnerAddress.address_key).where(LearnerAddress.learner_id == learner_id)
    news = [silence(ctx, organisation_id, key, SuppressReason.ASKED) for key in ctx.session.scalars(keys)]
    return any(news)


def _message(ctx: Context, command: StopByMail) -> OutboundMessage | None:
    ids = filter(None, (ctx.links.read_stop_token(token) for token in command.tokens))
    by_token = (ctx.session.get(OutboundMessage, message_id) for message_id in ids)
    by_ref = (message_by_ref(ctx, ref) for ref in command.refs)
    return next(filter(None, (*by_token, *by_ref)), None)


def _is_reply_of(message: OutboundMessage, command: StopByMail) -> bool:
    return message.message_ref in command.refs and command.sender == message.recipient_key


def _stop(ctx: Context, message: OutboundMessage) -> bool:
    if message.kind in ABOUT_INVITATIONS:
        invitation = ctx.session.get(Invitation, message.about_id)
        if invitation is not None:
            return stop_for_invitation(ctx, invitation)
    if message.kind is MessageKind.JOINED:
        enrolment = ctx.session.get(Enrolment, message.about_id)
        if enrolment is not None:
            return stop_for_enrolment(ctx, enrolment)
    if message.kind is MessageKind.NUDGE:
        follow_up = ctx.session.get(FollowUp, message.about_id)
        if follow_up is not None:
            return _stop_learner(ctx, follow_up.organisation_id, follow_up.learner_id)
    return silence(ctx, message.organisation_id, message.recipient_key, SuppressReason.ASKED)


def _confirm(ctx: Context, message: OutboundMessage, inbound_id: int) -> None:
    confirmation = email_row(
        ctx,
        MessageKind.STOPPED,
        to=message.recipient,
        to_key=message.recipient_key,
        about_id=inbound_id,
        key=f"stopped:{inbound_id}",
        not_before=ctx.now,
    )
    say(ctx, [{**confirmation, "organisation_id": message.organisation_id}])
