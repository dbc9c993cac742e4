"""What a learner does with a personal invitation: look, accept, decline, ask for a new link, ask for no more.

The link is the proof of identity. Looking changes nothing. Two answers at the same moment end in one.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.deeds import about_invitation
from core.errors import InvitationClosed, NameMissing
from core.model import CourseRun, Invitation, InvitationBatch, Learner, LinkRequest, Organisation, StaffMember
from core.outbox import email_row, say, slack_row, touch_scoreboards
from core.rules.policy import NAME_CHARACTERS
from core.rules.text import clean_name
from core.usecases.links.enrolling import Joiner, Way, close_invitation, enrol
from core.usecases.mailbox.stopping import stop_for_invitation
from core.words import InvitationState, JoinedBy, MessageKind, RequestState


class LinkState(StrEnum):
    """What the page has to say."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLOSED = "closed"
    """The run takes nobody any more: asking for a new link would not help."""


class ShowInvitation(Struct, frozen=True):
    token: str


class InvitationShown(Struct, frozen=True):
    state: LinkState
    run: RunCard
    organisation: str
    inviter: str
    note: str
    name: str
    """As the inviter gave it; empty unless the invitation is open."""
    address: str
    """The invited address; empty unless the invitation is open or accepted."""
    expires_at: datetime
    can_ask: bool
    has_asked: bool


class AcceptInvitation(Struct, frozen=True):
    token: str
    first_name: str
    last_name: str


class InvitationAccepted(Struct, frozen=True):
    run: RunCard
    organisation: str
    first_name: str


class DeclineInvitation(Struct, frozen=True):
    token: str


class InvitationDeclined(Struct, frozen=True):
    run: RunCard
    organisation: str
    inviter: str


class AskForLink(Struct, frozen=True):
    token: str


class LinkAskedFor(Struct, frozen=True):
    organisation: str
    inviter: str


class StopInvitations(Struct, frozen=True):
    token: str


class InvitationsStopped(Struct, frozen=True):
    organisation: str


def show_invitation(ctx: Context, command: ShowInvitation) -> InvitationShown:
    invitation = access.invitation_by_link(ctx, command.token)
    run = access.run_of_invitation(ctx, invitation)
    organisation, batch, inviter = _around(ctx, invitation)
    state = link_state(ctx, invitation, run)
    return InvitationShown(
        state=state,
        run=run_card(run),
        organisation=organisation.name,
        inviter=inviter.name,
        note=batch.note if state is LinkState.OPEN else "",
        name=invitation.name if state is LinkState.OPEN else "",
        address=invitation.address if state in (LinkState.OPEN, LinkState.ACCEPTED) else "",
        expires_at=min(invitation.expires_at, run.closes_at or invitation.expires_at),
        can_ask=_can_ask(ctx, state, run),
        has_asked=_waiting_request(ctx, invitation) is not None,
    )


def _can_ask(ctx: Context, state: LinkState, run: CourseRun) -> bool:
    """Once the run is closed no new link would help."""
    is_over = state in (LinkState.EXPIRED, LinkState.ACCEPTED, LinkState.DECLINED)
    return is_over and not run.is_closed(ctx.now)


def link_state(ctx: Context, invitation: Invitation, run: CourseRun) -> LinkState:
    if invitation.state is not InvitationState.PENDING:
        return LinkState(invitation.state.value)
    if run.is_closed(ctx.now):
        return LinkState.CLOSED
    return LinkState.EXPIRED if invitation.expires_at <= ctx.now or invitation.replaced_at else LinkState.OPEN


def accept_invitation(ctx: Context, command: AcceptInvitation) -> InvitationAccepted:
    """Enrols, charges and welcomes. Raises InvitationClosed, NameMissing. A second click is told the same."""
    invitation = access.invitation_by_link(ctx, command.token)
    run = access.run_of_invitation(ctx, invitation)
    organisation, batch, _inviter = _around(ctx, invitation)
    state = link_state(ctx, invitation, run)
    if state is LinkState.ACCEPTED:
        return _accepted_before(ctx, invitation, run, organisation)
    _require_open(state)
    first, last = _names(command)
    if not close_invitation(ctx, invitation, InvitationState.ACCEPTED):
        # Pressed twice, or in two windows: whoever came second hears what the first one did.
        if invitation.state is InvitationState.ACCEPTED:
            return _accepted_before(ctx, invitation, run, organisation)
        raise _just_answered()
    joiner = _joiner(invitation, batch, first, last)
    enrolled = enrol(ctx, run, joiner, Way(JoinedBy.INVITATION, batch.agreement_id))
    invitation.learner_id = enrolled.learner_id
    welcome(ctx, invitation, f"welcome:{invitation.id}")
    touch_scoreboards(ctx, {batch.confirmation_id})
    return InvitationAccepted(run_card(run), organisation.name, first)


def _accepted_before(
    ctx: Context, invitation: Invitation, run: CourseRun, organisation: Organisation
) -> InvitationAccepted:
    first_name = ctx.session.get_one(Learner, invitation.learner_id).first_name
    return InvitationAccepted(run_card(run), organisation.name, first_name)


def decline_invitation(ctx: Context, command: DeclineInvitation) -> InvitationDeclined:
    invitation = access.invitation_by_link(ctx, command.token)
    run = access.run_of_invitation(ctx, invitation)
    organisation, batch, inviter = _around(ctx, invitation)
    state = link_state(ctx, invitation, run)
    if state is not LinkState.DECLINED:
        _require_open(state)
        if (
            not close_invitation(ctx, invitation, InvitationState.DECLINED)
            and invitation.state is not InvitationState.DECLINED
        ):
            raise _just_answered()
        touch_scoreboards(ctx, {batch.confirmation_id})
    return InvitationDeclined(run_card(run), organisation.name, inviter.name)


def ask_for_link(ctx: Context, command: AskForLink) -> LinkAskedFor:
    """Asking twice asks once. The inviter decides in Slack."""
    invitation = access.invitation_by_link(ctx, command.token)
    run = access.run_of_invitation(ctx, invitation)
    organisation, batch, inviter = _around(ctx, invitation)
    state = link_state(ctx, invitation, run)
    if not _can_ask(ctx, state, run):
        raise InvitationClosed(state=_STATE_WORDS[state], next_step="Ask the person who invited you about another run.")
    about_invitation(ctx, invitation)
    if _waiting_request(ctx, invitation) is None:
        _ask(ctx, invitation, batch)
    return LinkAskedFor(organisation.name, inviter.name)


def stop_invitations(ctx: Context, command: StopInvitations) -> InvitationsStopped:
    """The address gets no more from this organisation. A pending invitation counts as declined."""
    invitation = access.invitation_by_link(ctx, command.token)
    stop_for_invitation(ctx, invitation)
    return InvitationsStopped(ctx.session.get_one(Organisation, invitation.organisation_id).name)


# --- Answering --------------------------------------------------------------------------------------------

_STATE_WORDS = {
    LinkState.OPEN: "still open",
    LinkState.ACCEPTED: "already accepted",
    LinkState.DECLINED: "already declined",
    LinkState.CANCELLED: "no longer valid: the people who sent it took it back",
    LinkState.EXPIRED: "no longer valid: its time is over",
    LinkState.CLOSED: "no longer valid: this course takes nobody new",
}


def _require_open(state: LinkState) -> None:
    if state is not LinkState.OPEN:
        raise InvitationClosed(state=_STATE_WORDS[state], next_step="Open the link again to see what you can do.")


def _just_answered() -> InvitationClosed:
    return InvitationClosed(state="just answered in another window", next_step="Open the link again to see how.")


def _joiner(invitation: Invitation, batch: InvitationBatch, first_name: str, last_name: str) -> Joiner:
    return Joiner(
        provider_id=batch.provider_id,
        address=invitation.address,
        address_key=invitation.address_key,
        first_name=first_name,
        last_name=last_name,
    )


def welcome(ctx: Context, invitation: Invitation, key: str) -> None:
    """``key`` is said once."""
    message = email_row(
        ctx,
        MessageKind.WELCOME,
        to=invitation.address,
        to_key=invitation.address_key,
        about_id=invitation.id,
        key=key,
        not_before=ctx.now,
    )
    say(ctx, [message])


def _names(command: AcceptInvitation) -> tuple[str, str]:
    first = clean_name(command.first_name, NAME_CHARACTERS)
    last = clean_name(command.last_name, NAME_CHARACTERS)
    if not first:
        raise NameMissing(part="first name")
    if not last:
        raise NameMissing(part="last name")
    return first, last


def _around(ctx: Context, invitation: Invitation) -> tuple[Organisation, InvitationBatch, StaffMember]:
    row = ctx.session.execute(
        select(Organisation, InvitationBatch, StaffMember)
        .join(InvitationBatch, InvitationBatch.organisation_id == Organisation.id)
        .join(StaffMember, StaffMember.id == InvitationBatch.staff_id)
        .where(InvitationBatch.id == invitation.batch_id)
    ).one()
    return row.Organisation, row.InvitationBatch, row.StaffMember


def _waiting_request(ctx: Context, invitation: Invitation) -> LinkRequest | None:
    return ctx.session.scalars(
        select(LinkRequest).where(LinkRequest.invitation_id == invitation.id, LinkRequest.state == RequestState.WAITING)
    ).one_or_none()


def _ask(ctx: Context, invitation: Invitation, batch: InvitationBatch) -> None:
    request = LinkRequest(
        id=ctx.tokens.new_id(),
        organisation_id=invitation.organisation_id,
        invitation_id=invitation.id,
        state=RequestState.WAITING,
        asked_at=ctx.now,
    )
    ctx.session.add(request)
    ctx.session.flush()
    note = slack_row(
        ctx,
        MessageKind.LINK_REQUEST,
        staff_id=batch.staff_id,
        about_id=request.id,
        key=f"link_request:{request.id}",
    )
    say(ctx, [note])
