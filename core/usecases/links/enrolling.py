"""What joining a run does, however somebody joins: the learner, the enrolment, its charge, the invitation closed.

1. A learner is one person in all runs of an organisation, known by address.
2. At most one enrolment per learner and run, and one charge with it, its price frozen at that moment.
3. A pending invitation is closed once: of two answers at the same moment, the second finds it closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, select, update

from core import access
from core.context import Context
from core.deeds import about_invitation
from core.model import Agreement, Charge, CourseRun, Enrolment, Invitation, Learner, LearnerAddress, OutboundMessage
from core.queries import Query
from core.rules.learner_words import search_words
from core.usecases.costs.budgets import draw
from core.words import InvitationState, JoinedBy, MessageState, Subject

_QUIET = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who joins, and whom a new learner belongs to. The names are clean already."""

    provider_id: int | None
    address: str
    address_key: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody came to a run, and at whose price."""

    joined_by: JoinedBy
    agreement_id: int | None
    shared_link_id: int | None = None
    is_proven: bool = True
    """False: the address was typed, and whose it is nobody knows."""

    @property
    def is_promised(self) -> bool:
        """Their invitation counted against the budget already."""
        return self.joined_by is JoinedBy.INVITATION


class ProofWanted(Exception):
    """Somebody who was removed, or had left, comes back by their own mailbox only. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    enrolment_id: int
    learner_id: int
    is_new: bool
    """False: they were on the run before, or had been and are back."""
    is_new_learner: bool


# Without mapped objects: a thousand learners may join within a few seconds.
_KNOWN = Query(
    select(
        Learner.id.label("learner_id"),
        Learner.removed_at,
        Enrolment.id.label("enrolment_id"),
        Enrolment.left_at,
    )
    .select_from(LearnerAddress)
    .join(Learner, Learner.id == LearnerAddress.learner_id)
    .outerjoin(Enrolment, and_(Enrolment.learner_id == Learner.id, Enrolment.run_id == bindparam("run_id")))
    .where(LearnerAddress.address_key == bindparam("address_key"))
)


def enrol(ctx: Context, run: CourseRun, joiner: Joiner, way: Way) -> Enrolled:
    """Whoever is enrolled already stays so, and is not charged again. Somebody who was removed is back by joining, and
    a charge that was waived for one who had left counts from then on.

    Raises ProofWanted, and BudgetSpent where nobody had promised a place.
    """
    enrolled = _enrol(ctx, run, joiner, way)
    about_joining(ctx, run, way, [enrolled])
    return enrolled


def about_joining(ctx: Context, run: CourseRun, way: Way, enrolled: Sequence[Enrolled]) -> None:
    """For the audit."""
    ctx.about(Subject.LEARNER, *(each.learner_id for each in enrolled))
    ctx.within(Subject.RUN, run.id)
    if way.shared_link_id is not None:
        ctx.within(Subject.LINK, way.shared_link_id)
    ctx.amount = len(enrolled)


def _enrol(ctx: Context, run: CourseRun, joiner: Joiner, way: Way) -> Enrolled:
    known = _KNOWN.run(ctx, run_id=run.id, address_key=joiner.address_key).one_or_none()
    if known is None:
        return enrol_newcomers(ctx, run, [joiner], way)[0]
    if not way.is_proven and (known.removed_at is not None or known.left_at is not None):
        raise ProofWanted
    if known.removed_at is not None:
        ctx.session.execute(
            update(Learner).where(Learner.id == known.learner_id).values(removed_at=None), execution_options=_QUIET
        )
    if known.enrolment_id is None:
        return _enrolled(ctx, run, [known.learner_id], way, is_new_learner=False)[0]
    if known.left_at is not None:
        _come_back(ctx, known.enrolment_id, way)
    return Enrolled(known.enrolment_id, known.learner_id, is_new=False, is_new_learner=False)


def _come_back(ctx: Context, enrolment_id: int, way: Way) -> None:
    """Of two at the same moment one comes back. The waiver was for somebody who should not have been on the run."""
    back = ctx.session.execute(
        update(Enrolment)
        .where(Enrolment.id == enrolment_id, Enrolment.left_at.is_not(None))
        .values(left_at=None)
        .returning(Enrolment.id),
        execution_options=_QUIET,
    ).one_or_none()
    waived = select(Charge).where(Charge.enrolment_id == enrolment_id, Charge.waived_at.is_not(None))
    charge = ctx.session.scalars(waived).one_or_none() if back is not None else None
    if charge is None:
        return
    agreement = ctx.session.get_one(Agreement, charge.agreement_id) if charge.agreement_id is not None else None
    charge.is_prepaid = agreement is not None and draw(ctx, agreement, is_promised=way.is_promised)
    # One charge an enrolment, at the frozen price; what it costs now belongs to this month.
    charge.waived_at, charge.waived_reason, charge.charged_at = None, "", ctx.now


def enrol_newcomers(ctx: Context, run: CourseRun, joiners: Sequence[Joiner], way: Way) -> list[Enrolled]:
    """For addresses that nobody here has, all different. As many statements for all as for one. Raises BudgetSpent."""
    return _enrolled(ctx, run, _new_learners(ctx, joiners), way, is_new_learner=True)


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
    about_invitation(ctx, invitation)
    ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id == invitation.message_id, OutboundMessage.state == MessageState.PENDING)
        .values(state=MessageState.DROPPED, problem="answered"),
        execution_options={"synchronize_session": False},
    )
    return True


def _enrolled(
    ctx: Context, run: CourseRun, learner_ids: Sequence[int], way: Way, *, is_new_learner: bool
) -> list[Enrolled]:
    enrolment_ids = ctx.tokens.new_ids(len(learner_ids))
    same = {
        "run_id": run.id,
        "joined_by": way.joined_by,
        "shared_link_id": way.shared_link_id,
        "enrolled_at": ctx.now,
    }
    pairs = list(zip(enrolment_ids, learner_ids, strict=True))
    access.insert_all(
        ctx, Enrolment, [{**same, "id": enrolment_id, "learner_id": learner_id} for enrolment_id, learner_id in pairs]
    )
    _charge(ctx, enrolment_ids, run, way)
    return [
        Enrolled(enrolment_id, learner_id, is_new=True, is_new_learner=is_new_learner)
        for enrolment_id, learner_id in pairs
    ]


def _charge(ctx: Context, enrolment_ids: Sequence[int], run: CourseRun, way: Way) -> None:
    agreement_id = way.agreement_id
    agreement = ctx.session.get_one(Agreement, agreement_id) if agreement_id is not None else None
    same = {
        "run_id": run.id,
        "agreement_id": agreement_id,
        "price_pence": agreement.price_pence if agreement else run.course.price_pence,
        "charged_at": ctx.now,
    }
    charges = [
        {
            **same,
            "id": charge_id,
            "enrolment_id": enrolment_id,
            "is_prepaid": agreement is not None and draw(ctx, agreement, is_promised=way.is_promised),
        }
        for charge_id, enrolment_id in zip(ctx.tokens.new_ids(len(enrolment_ids)), enrolment_ids, strict=True)
    ]
    access.insert_all(ctx, Charge, charges)


def _new_learners(ctx: Context, joiners: Sequence[Joiner]) -> Sequence[int]:
    learner_ids = ctx.tokens.new_ids(len(joiners))
    learners = [
        {
            "id": learner_id,
            "provider_id": joiner.provider_id,
            "first_name": joiner.first_name,
            "last_name": joiner.last_name,
            "search_words": search_words(joiner.first_name, joiner.last_name, joiner.address),
            "created_at": ctx.now,
        }
        for learner_id, joiner in zip(learner_ids, joiners, strict=True)
    ]
    access.insert_all(ctx, Learner, learners)
    addresses = [
        {
            "id": address_id,
            "learner_id": learner_id,
            "address": joiner.address,
            "address_key": joiner.address_key,
        }
        for address_id, learner_id, joiner in zip(ctx.tokens.new_ids(len(joiners)), learner_ids, joiners, strict=True)
    ]
    access.insert_all(ctx, LearnerAddress, addresses)
    return learner_ids
