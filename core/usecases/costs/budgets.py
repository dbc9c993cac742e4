"""What an agreement may cost, and what it does: spent, promised to invitations, and still free.

    budget set --> invitations and joins by shared link count against it --> full: nobody new, until it is raised

1. An invitation that went out is a promise: whoever accepts it is enrolled, though the budget was lowered since.
2. Two confirmations at the same moment take turns at the agreement's row, so that both together stay within.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, func, select, true, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import AgreementNotFound, AgreementUnclear, BudgetExceeded, BudgetSpent
from core.model import Agreement, CourseRun, Invitation, InvitationBatch, Organisation
from core.model.invitations import IS_LIVE
from core.queries import Query
from core.rules.costs import CostForecast, Terms, budgeted, forecast
from core.rules.text import folded
from core.wording.phrases import pounds

_PENDING: Final = Query(
    select(func.count())
    .select_from(Invitation)
    .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
    .where(InvitationBatch.agreement_id == bindparam("agreement_id"), IS_LIVE, Invitation.expires_at > bindparam("now"))
)


class AgreementCosts(Struct, frozen=True):
    owner: str
    owner_slug: str
    course_code: str
    """Empty: it is about all their courses."""
    course_title: str
    price_pence: int
    prepaid_count: int
    prepaid_used: int
    spent_pence: int
    budget_pence: int | None
    planned_pence: int
    """For invitations that are not answered yet."""


class ShowBudgets(Struct, frozen=True):
    pass


class SetBudget(Struct, frozen=True):
    """``owner``: the short name or name of whose courses it is about; ``course``: of an agreement for one course.

    ``amount_pence`` None: no budget.
    """

    owner: str
    course: str
    amount_pence: int | None


class BudgetsShown(Struct, frozen=True):
    """``changed``: the one that was set just now, and what it was before."""

    organisation: str
    agreements: tuple[AgreementCosts, ...]
    changed: AgreementCosts | None = None
    before_pence: int | None = None


def show_budgets(ctx: Context, command: ShowBudgets) -> BudgetsShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return BudgetsShown(organisation.name, agreement_costs(ctx, staff.organisation_id))


def set_budget(ctx: Context, command: SetBudget) -> BudgetsShown:
    """Holds from now on. Raises AgreementNotFound, AgreementUnclear."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    chosen = _chosen(access.agreements_of(ctx, staff.organisation_id), command)
    before, chosen.agreement.budget_pence = chosen.agreement.budget_pence, command.amount_pence
    ctx.session.flush()
    costs = agreement_costs(ctx, staff.organisation_id)
    changed = next(each for each in costs if (each.owner_slug, each.course_code) == (chosen.slug, chosen.course_code))
    return BudgetsShown(organisation.name, costs, changed, before)


def _chosen(known: Sequence[access.KnownAgreement], command: SetBudget) -> access.KnownAgreement:
    owner, course = folded(command.owner), folded(command.course)
    fitting = [each for each in known if owner in (each.slug, folded(each.owner)) and course in ("", each.course_code)]
    if not fitting:
        raise AgreementNotFound(owner=command.owner[:60], known=tuple(_named(each) for each in known[:5]))
    general = [each for each in fitting if not each.course_code]
    if len(fitting) > 1 and not (general and not course):
        raise AgreementUnclear(owner=fitting[0].owner, choices=tuple(_named(each) for each in fitting[:5]))
    return (general or fitting)[0] if not course else fitting[0]


def _named(agreement: access.KnownAgreement) -> str:
    return f"{agreement.slug} {agreement.course_code}".strip()


def agreement_costs(ctx: Context, organisation_id: int) -> tuple[AgreementCosts, ...]:
    known = access.agreements_of(ctx, organisation_id)
    pending = _pending_by_agreement(ctx, [each.agreement.id for each in known])
    return tuple(_costs(each, pending.get(each.agreement.id, 0)) for each in known)


def _pending_by_agreement(ctx: Context, ids: Sequence[int]) -> dict[int, int]:
    query = (
        select(InvitationBatch.agreement_id, func.count())
        .join(Invitation, Invitation.batch_id == InvitationBatch.id)
        .where(InvitationBatch.agreement_id.in_(ids), IS_LIVE, Invitation.expires_at > ctx.now)
        .group_by(InvitationBatch.agreement_id)
    )
    return {agreement_id: count for agreement_id, count in ctx.session.execute(query) if agreement_id is not None}


def _costs(known: access.KnownAgreement, pending: int) -> AgreementCosts:
    agreement = known.agreement
    prepaid_left = max(agreement.prepaid_count - agreement.prepaid_used, 0)
    return AgreementCosts(
        owner=known.owner,
        owner_slug=known.slug,
        course_code=known.course_code,
        course_title=known.course_title,
        price_pence=agreement.price_pence,
        prepaid_count=agreement.prepaid_count,
        prepaid_used=agreement.prepaid_used,
        spent_pence=agreement.spent_pence,
        budget_pence=agreement.budget_pence,
        planned_pence=max(pending - prepaid_left, 0) * agreement.price_pence,
    )


# --- Within it --------------------------------------------------------------------------------------------


def cost_of(ctx: Context, organisation_id: int, run: CourseRun, places: int) -> CostForecast:
    """If every one of them accepts."""
    agreement = access.agreement_for(ctx, organisation_id, run.course)
    if agreement is None:
        return forecast(places, run.course.price_pence, 0)
    return budgeted(places, _terms(ctx, agreement))


def require_room(ctx: Context, agreement: Agreement | None, places: int) -> None:
    """The agreement's row is held until the end. Raises BudgetExceeded."""
    if agreement is None or agreement.budget_pence is None or not agreement.price_pence:
        return
    ctx.session.refresh(agreement, with_for_update=True)
    require_within(budgeted(places, _terms(ctx, agreement)))


def require_room_again(ctx: Context, *reopened: ColumnElement[bool]) -> None:
    """Cancelled invitations stopped counting, and others may have been invited since. Raises BudgetExceeded."""
    query = (
        select(Agreement, func.count(Invitation.id))
        .join(InvitationBatch, InvitationBatch.agreement_id == Agreement.id)
        .join(Invitation, Invitation.batch_id == InvitationBatch.id)
        .where(*reopened, Invitation.expires_at > ctx.now)
        .group_by(Agreement.id)
    )
    for agreement, places in ctx.session.execute(query).all():
        require_room(ctx, agreement, places)


def require_within(cost: CostForecast) -> None:
    """Raises BudgetExceeded."""
    budget = cost.budget
    if budget is not None and budget.is_over:
        raise BudgetExceeded(
            cost=pounds(budget.total_pence),
            budget=pounds(budget.budget_pence),
            places=f"{budget.places_left:,}",
        )


def _terms(ctx: Context, agreement: Agreement) -> Terms:
    pending = 0
    if agreement.budget_pence is not None and agreement.price_pence:
        pending = _PENDING.run(ctx, agreement_id=agreement.id, now=ctx.now).scalar_one()
    return Terms(
        agreement.price_pence,
        agreement.prepaid_count - agreement.prepaid_used,
        agreement.budget_pence,
        agreement.spent_pence,
        pending,
    )


def draw(ctx: Context, agreement: Agreement, places: int, *, is_promised: bool) -> int:
    """How many of them are prepaid; the rest is to invoice. Two at the same moment never draw the same one.

    ``is_promised``: by an invitation; else they need room beside all promises. Raises BudgetSpent.
    """
    if not is_promised:
        _require_free_places(ctx, agreement, places)
    prepaid = _draw_prepaid(ctx, agreement, places)
    to_invoice = (places - prepaid) * agreement.price_pence
    if prepaid < places:
        _moved(ctx, agreement, true(), spent_pence=Agreement.spent_pence + to_invoice)
    return prepaid


def _require_free_places(ctx: Context, agreement: Agreement, places: int) -> None:
    try:
        require_room(ctx, agreement, places)
    except BudgetExceeded as refusal:
        raise BudgetSpent from refusal


def _draw_prepaid(ctx: Context, agreement: Agreement, places: int) -> int:
    """All at once, or one by one as far as they reach."""
    drawn, step = 0, places
    while drawn < places:
        has_prepaid = Agreement.prepaid_used + step <= Agreement.prepaid_count
        if _moved(ctx, agreement, has_prepaid, prepaid_used=Agreement.prepaid_used + step):
            drawn += step
        elif step == 1:
            break
        else:
            step = 1
    return drawn


def _moved(ctx: Context, agreement: Agreement, condition: ColumnElement[bool], **values: object) -> bool:
    moved = ctx.session.execute(
        update(Agreement).where(Agreement.id == agreement.id, condition).values(**values).returning(Agreement.id)
    )
    return moved.one_or_none() is not None
