"""What joining a run does, however somebody joins: the learner, the enrolment, its charge, the invitation closed.

1. A learner is one person in all runs of an organisation, known by address.
2. At most one enrolment per learner and run, and one charge with it, its price frozen at that moment.
3. A pending invitation is closed once: of two answers at the same moment, the second finds it closed.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from core.context import Context
from core.model import Agreement, Charge, CourseRun, Enrolment, Invitation, Learner, LearnerAddress, OutboundMessage
from core.words import InvitationState, JoinedBy, MessageState


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who joins, and whom a new learner belongs to. The names are clean already."""

    organisation_id: int
    provider_id: int | None
    address: str
    address_key: str
    first_name: str
    last_name: str


def enrol(ctx: Context, run: CourseRun, joiner: Joiner, joined_by: JoinedBy, agreement_id: int | None) -> Enrolment:
    """Whoever is enrolled already stays so, and is not charged again."""
    learner = _learner_of(ctx, joiner)
    existing = ctx.session.scalars(
        select(Enrolment).where(Enrolment.learner_id == learner.id, Enrolment.run_id == run.id)
    ).one_or_none()
    if existing is not None:
        existing.left_at = None
        return existing
    enrolment = Enrolment(
        id=ctx.tokens.new_id(),
        organisation_id=learner.organisation_id,
        learner_id=learner.id,
        run_id=run.id,
        joined_by=joined_by,
        enrolled_at=ctx.now,
    )
    ctx.session.add(enrolment)
    ctx.session.flush()
    _charge(ctx, enrolment, run, agreement_id)
    return enrolment


def close_invitation(ctx: Context, invitation: Invitation, state: InvitationState) -> bool:
    """Moves a pending invitation; False when somebody was faster. An e-mail not sent yet is dropped."""
    moved = ctx.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.state == InvitationState.PENDING)
        .values(state=state, answered_at=ctx.now)
        .returning(Invitation.id),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    ctx.session.refresh(invitation)
    if moved is None:
        return False
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == invitation.message_id, OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="answered"),
        execution_options={"synchronize_session": False},
    )
    return True


def _charge(ctx: Context, enrolment: Enrolment, run: CourseRun, agreement_id: int | None) -> None:
    agreement = ctx.session.get_one(Agreement, agreement_id) if agreement_id is not None else None
    charge = Charge(
        id=ctx.tokens.new_id(),
        organisation_id=enrolment.organisation_id,
        enrolment_id=enrolment.id,
        run_id=run.id,
        agreement_id=agreement_id,
        price_pence=agreement.price_pence if agreement else run.course.price_pence,
        is_prepaid=agreement is not None and _draw_prepaid(ctx, agreement),
        charged_at=ctx.now,
    )
    ctx.session.add(charge)


def _draw_prepaid(ctx: Context, agreement: Agreement) -> bool:
    drawn = ctx.session.execute(
        update(Agreement)
        .where(Agreement.id == agreement.id, Agreement.prepaid_used < Agreement.prepaid_count)
        .values(prepaid_used=Agreement.prepaid_used + 1)
        .returning(Agreement.id),
        execution_options={"synchronize_session": False},
    )
    return drawn.one_or_none() is not None


def _learner_of(ctx: Context, joiner: Joiner) -> Learner:
    """The learner known by this address, or a new one. Somebody who was removed is back by joining."""
    known = ctx.session.scalars(
        select(Learner)
        .join(LearnerAddress, LearnerAddress.learner_id == Learner.id)
        .where(LearnerAddress.address_key == joiner.address_key)
    ).one_or_none()
    if known is not None:
        known.removed_at = None
        return known
    learner = Learner(
        id=ctx.tokens.new_id(),
        organisation_id=joiner.organisation_id,
        provider_id=joiner.provider_id,
        first_name=joiner.first_name,
        last_name=joiner.last_name,
        created_at=ctx.now,
    )
    ctx.session.add(learner)
    ctx.session.flush()
    ctx.session.add(
        LearnerAddress(
            id=ctx.tokens.new_id(),
            organisation_id=joiner.organisation_id,
            learner_id=learner.id,
            address=joiner.address,
            address_key=joiner.address_key,
        )
    )
    return learner
