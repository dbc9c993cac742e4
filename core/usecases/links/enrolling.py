"""What joining a run does, however somebody joins: the learner, the enrolment, its charge, the invitation closed.

1. A learner is one person in all runs of an organisation, known by address.
2. At most one enrolment per learner and run, and one charge with it, its price frozen at that moment.
3. A pending invitation is closed once: of two answers at the same moment, the second finds it closed.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.deeds import about_invitation
from core.model import Agreement, Charge, CourseRun, Enrolment, Invitation, Learner, LearnerAddress, OutboundMessage
from core.rules.learner_words import search_words
from core.usecases.costs.budgets import draw
from core.usecases.learners.standing import NOBODY, Standing, standings
from core.words import InvitationState, JoinedBy, MessageState, Subject


class Joiner(Struct, frozen=True):
    """Who joins, and whom a new learner belongs to. The names are clean already."""

    provider_id: int | None
    address: str
    address_key: str
    first_name: str
    last_name: str


class Way(Struct, frozen=True):
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


class Enrolled(Struct, frozen=True):
    enrolment_id: int
    learner_id: int
    is_new: bool
    """False: they were on the run before, or had been and are back."""
    is_new_learner: bool


def enrol(ctx: Context, run: CourseRun, joiner: Joiner, way: Way) -> Enrolled:
    """Whoever is enrolled already stays so, and is not charged again. Somebody who was removed is back by joining, and
    a charge that was waived for one who had left counts from then on.

    Raises ProofWanted, and BudgetSpent where nobody had promised a place.
    """
    known = _known(ctx, run, [joiner])
    for each in known.values():
        _bring_back(ctx, each, way)
    (enrolled,) = _enrol(ctx, run, [joiner], known, way)
    about_joining(ctx, run, way, [enrolled])
    return enrolled


def enrol_together(ctx: Context, run: CourseRun, joiners: Sequence[Joiner], way: Way) -> list[tuple[Joiner, Enrolled]]:
    """As ``enrol`` for one after another, with as many statements for all as for one. Raises BudgetSpent.

    Their addresses are all different. Left out is who must prove that the address is theirs, and of two addresses of
    one learner the second.
    """
    known = _known(ctx, run, joiners)
    plain = _plain(joiners, known)
    if not plain:
        return []
    enrolled = _enrol(ctx, run, plain, known, way)
    about_joining(ctx, run, way, enrolled)
    return list(zip(plain, enrolled, strict=True))


def about_joining(ctx: Context, run: CourseRun, way: Way, enrolled: Sequence[Enrolled]) -> None:
    """For the audit."""
    ctx.about(Subject.LEARNER, *(each.learner_id for each in enrolled))
    ctx.within(Subject.RUN, run.id)
    if way.shared_link_id is not None:
        ctx.within(Subject.LINK, way.shared_link_id)
    ctx.amount = len(enrolled)


def _known(ctx: Context, run: CourseRun, joiners: Sequence[Joiner]) -> dict[str, Standing]:
    return standings(ctx, run.id, [joiner.address_key for joiner in joiners])


def _plain(joiners: Sequence[Joiner], known: Mapping[str, Standing]) -> list[Joiner]:
    plain: dict[int | str, Joiner] = {}
    for joiner in joiners:
        who = known.get(joiner.address_key, NOBODY)
        if not who.is_removed and not who.has_left:
            plain.setdefault(who.learner_id or joiner.address_key, joiner)
    return list(plain.values())


def _bring_back(ctx: Context, who: Standing, way: Way) -> None:
    """Raises ProofWanted."""
    if (who.is_removed or who.has_left) and not way.is_proven:
        raise ProofWanted
    if who.is_removed:
        ctx.session.execute(update(Learner).where(Learner.id == who.learner_id).values(removed_at=None))
    if who.enrolment_id is not None and who.has_left:
        _come_back(ctx, who.enrolment_id, way)


def _come_back(ctx: Context, enrolment_id: int, way: Way) -> None:
    """Of two at the same moment one comes back. The waiver was for somebody who should not have been on the run."""
    back = ctx.session.execute(
        update(Enrolment)
        .where(Enrolment.id == enrolment_id, Enrolment.left_at.is_not(None))
        .values(left_at=None)
        .returning(Enrolment.id),
    ).one_or_none()
    waived = select(Charge).where(Charge.enrolment_id == enrolment_id, Charge.waived_at.is_not(None))
    charge = ctx.session.scalars(waived).one_or_none() if back is not None else None
    if charge is None:
        return
    agreement = ctx.session.get_one(Agreement, charge.agreement_id) if charge.agreement_id is not None else None
    charge.is_prepaid = agreement is not None and draw(ctx, agreement, 1, is_promised=way.is_promised) == 1
    # One charge an enrolment, at the frozen price; what it costs now belongs to this month.
    charge.waived_at, charge.waived_reason, charge.charged_at = None, "", ctx.now


def _enrol(
    ctx: Context, run: CourseRun, joiners: Sequence[Joiner], known: Mapping[str, Standing], way: Way
) -> list[Enrolled]:
    """One for each, in their order."""
    met = [known.get(joiner.address_key, NOBODY) for joiner in joiners]
    newcomers = [joiner for joiner, who in zip(joiners, met, strict=True) if who is NOBODY]
    new_learners = iter(_new_learners(ctx, newcomers))
    learner_ids = [who.learner_id or next(new_learners) for who in met]
    joining = [learner_id for learner_id, who in zip(learner_ids, met, strict=True) if who.enrolment_id is None]
    new_enrolments = iter(_new_enrolments(ctx, run, joining, way))
    return [
        Enrolled(
            who.enrolment_id or next(new_enrolments),
            learner_id,
            is_new=who.enrolment_id is None,
            is_new_learner=who is NOBODY,
        )
        for learner_id, who in zip(learner_ids, met, strict=True)
    ]


def close_invitation(ctx: Context, invitation: Invitation, state: InvitationState) -> bool:
    """Moves a pending invitation; False when somebody was faster. An e-mail not sent yet is dropped."""
    if close_invitations(ctx, [invitation.id], state):
        return True
    ctx.session.refresh(invitation)
    return False


def close_invitations(ctx: Context, ids: Sequence[int], state: InvitationState) -> Sequence[Invitation]:
    """As ``close_invitation``. Those it has moved."""
    moved = ctx.session.scalars(
        update(Invitation)
        .where(Invitation.id.in_(ids), Invitation.state == InvitationState.PENDING)
        .values(state=state, answered_at=ctx.now)
        .returning(Invitation),
        execution_options={"populate_existing": True},
    ).all()
    for invitation in moved:
        about_invitation(ctx, invitation)
    ctx.session.execute(
        update(OutboundMessage)
        .where(
            OutboundMessage.id.in_([invitation.message_id for invitation in moved]),
            OutboundMessage.state == MessageState.PENDING,
        )
        .values(state=MessageState.DROPPED, problem="answered"),
    )
    return moved


def _new_enrolments(ctx: Context, run: CourseRun, learner_ids: Sequence[int], way: Way) -> Sequence[int]:
    """The enrolments' ids."""
    enrolment_ids = ctx.tokens.new_ids(len(learner_ids))
    same = {
        "run_id": run.id,
        "joined_by": way.joined_by,
        "shared_link_id": way.shared_link_id,
        "enrolled_at": ctx.now,
    }
    pairs = zip(enrolment_ids, learner_ids, strict=True)
    access.insert_all(
        ctx, Enrolment, [{**same, "id": enrolment_id, "learner_id": learner_id} for enrolment_id, learner_id in pairs]
    )
    if enrolment_ids:
        _charge(ctx, enrolment_ids, run, way)
    return enrolment_ids


def _charge(ctx: Context, enrolment_ids: Sequence[int], run: CourseRun, way: Way) -> None:
    agreement_id = way.agreement_id
    agreement = ctx.session.get_one(Agreement, agreement_id) if agreement_id is not None else None
    places = len(enrolment_ids)
    prepaid = draw(ctx, agreement, places, is_promised=way.is_promised) if agreement is not None else 0
    same = {
        "run_id": run.id,
        "agreement_id": agreement_id,
        "price_pence": agreement.price_pence if agreement else run.course.price_pence,
        "charged_at": ctx.now,
    }
    ids = zip(ctx.tokens.new_ids(places), enrolment_ids, strict=True)
    charges = [
        {**same, "id": charge_id, "enrolment_id": enrolment_id, "is_prepaid": number < prepaid}
        for number, (charge_id, enrolment_id) in enumerate(ids)
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
