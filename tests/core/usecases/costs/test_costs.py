"""What enrolments cost: by month and run, prepaid, waived; and budgets that stop what would go beyond them."""

from datetime import UTC, datetime

import pytest

from core.errors import AgreementNotFound, AgreementUnclear, BudgetExceeded, BudgetSpent, ChargeNotFound, MonthUnclear
from core.model import Agreement, Charge, Enrolment, Invitation
from core.rules.months import Month
from core.usecases.costs.budgets import BudgetsShown, SetBudget, set_budget
from core.usecases.costs.costs import CostsShown, CostSums, ShowCosts, show_costs
from core.usecases.costs.waiving import (
    FindCharge,
    RestoreCharge,
    WaiveCharge,
    find_charge,
    restore_charge,
    waive_charge,
)
from core.usecases.invitations.batches import (
    InvitationPreviewed,
    InviteLearners,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.changes import (
    CancelInvitations,
    Chosen,
    RestoreInvitations,
    cancel_invitations,
    restore_invitations,
)
from core.usecases.staff.organisations import AddAgreement, add_agreement
from tests.core.usecases.acting import accept, at_once, change, clock_of, everything, invite, only, refusal_of
from tests.core.usecases.sharing import join, share
from tests.factories import NOW, OPERATOR, School, counted_queries

POETRY = "poetry-2026-03"
MATHS = "maths-2026-03"
FIVE = [f"a{number}@example.org" for number in range(5)]


def costs(school: School, month: str = "") -> CostsShown:
    return school.app.read(show_costs, ShowCosts(month), school.owner)


def limit(school: School, pence: int | None, course: str = "") -> BudgetsShown:
    return school.app.run(set_budget, SetBudget("southgate", course, pence), school.owner)


def preview(school: School, addresses: str, run: str) -> InvitationPreviewed:
    return school.app.run(prepare_invitation, PrepareInvitation(run, addresses), school.owner)


def enrol(school: School, *addresses: str, run: str = POETRY) -> None:
    invite(school, *addresses, run=run)
    for address in addresses:
        accept(school.app, address)


def test_a_month_adds_up_by_run_with_prepaid_places_apart(school: School) -> None:
    enrol(school, *FIVE)
    enrol(school, "b@example.org", run=MATHS)

    shown = costs(school)

    assert shown.sums == CostSums(enrolments=6, prepaid=3, waived=0, to_invoice_pence=2 * 2000 + 2450)
    by_run = {row.run_code: (row.price_pence, row.sums.enrolments, row.sums.to_invoice_pence) for row in shown.rows}
    assert by_run == {POETRY: (2000, 5, 4000), MATHS: (2450, 1, 2450)}
    assert [(each.month, each.sums) for each in shown.months] == [(shown.month, shown.sums)]
    (agreement,) = shown.agreements
    assert (agreement.owner, agreement.prepaid_used, agreement.spent_pence) == ("Southgate University", 3, 4000)


def test_a_month_is_that_of_the_organisations_zone(school: School) -> None:
    clock_of(school.app).now = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    enrol(school, "march@example.org", run=MATHS)
    clock_of(school.app).now = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    enrol(school, "april@example.org", run=MATHS)

    assert costs(school).month == Month(2026, 4)
    assert [costs(school, month).sums.enrolments for month in ("2026-03", "april", "february")] == [1, 1, 0]
    assert [(each.month, each.sums.enrolments) for each in costs(school).months] == [
        (Month(2026, 4), 1),
        (Month(2026, 3), 1),
    ]


def test_no_month_is_told_with_an_example(school: School) -> None:
    refusal = refusal_of(school.app, show_costs, ShowCosts("smarch"), school.owner)

    assert isinstance(refusal, MonthUnclear)
    assert "2026-0" in refusal.hint


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
def test_the_number_of_queries_does_not_grow(school: School) -> None:
    enrol(school, "a@example.org", run=MATHS)
    with counted_queries(school.app.engine) as few:
        costs(school)
    enrol(school, *FIVE)
    with counted_queries(school.app.engine) as many:
        costs(school)

    assert len(few) == len(many) <= 8


def test_what_is_removed_still_costs_and_another_organisation_sees_nothing_of_it(school: School) -> None:
    enrol(school, *FIVE)
    change(school.app, Enrolment, everything(school.app, Enrolment)[0].id, left_at=NOW)

    assert costs(school).sums.enrolments == 5
    foreign = school.app.read(show_costs, ShowCosts(), school.other_owner)
    assert (foreign.sums, foreign.months, foreign.agreements) == (CostSums(), (), ())


# --- Budgets ----------------------------------------------------------------------------------------------


def test_a_preview_says_what_it_would_come_to_with_all_that_is_open(school: School) -> None:
    limit(school, 500_000)
    invite(school, *FIVE, run=POETRY)

    budget = preview(school, "x@example.org, y@example.org", POETRY).cost.budget

    assert budget is not None
    assert (budget.planned_pence, budget.new_pence, budget.total_pence) == (4000, 4000, 8000)
    assert not budget.is_over


def test_beyond_the_budget_nobody_is_invited_and_the_refusal_says_how_many_fit(school: School) -> None:
    limit(school, 3_999)
    shown = preview(school, ", ".join(FIVE), POETRY)

    refusal = refusal_of(school.app, invite_learners, InviteLearners(shown.draft_id), school.owner)

    assert not shown.can_be_confirmed
    assert isinstance(refusal, BudgetExceeded)
    assert "£40.00" in refusal.message
    assert "room for 4 more" in refusal.hint
    invite(school, *FIVE[:4], run=POETRY)


def test_two_confirmations_at_once_stay_within_the_budget_together(school: School) -> None:
    limit(school, 2000)
    drafts = [preview(school, addresses, POETRY).draft_id for addresses in (", ".join(FIVE[:3]), ", ".join(FIVE[2:]))]

    def confirming(draft_id: int) -> object:
        return refusal_of(school.app, invite_learners, InviteLearners(draft_id), school.owner)

    results = at_once(*(lambda draft_id=draft_id: confirming(draft_id) for draft_id in drafts))

    # 3 prepaid places and one to invoice: of three and three people, one confirmation fits.
    assert [type(result) for result in results if result] == [BudgetExceeded]


def test_what_was_cancelled_comes_back_only_if_there_is_still_room(school: School) -> None:
    limit(school, 4000)
    invite(school, *FIVE, run=POETRY)
    chosen = Chosen(POETRY, tuple(each.id for each in everything(school.app, Invitation)))
    cancelled = school.app.run(cancel_invitations, CancelInvitations(chosen), school.owner)
    invite(school, "x@example.org", "y@example.org", run=POETRY)
    back = RestoreInvitations(cancelled.change_id)

    refusal = refusal_of(school.app, restore_invitations, back, school.owner)
    limit(school, 8000)
    restored = school.app.run(restore_invitations, back, school.owner)

    assert isinstance(refusal, BudgetExceeded)
    assert restored.restored == 5


def test_an_invitation_that_went_out_is_a_promise_though_the_budget_was_lowered(school: School) -> None:
    invite(school, *FIVE, run=POETRY)
    limit(school, 0)

    for address in FIVE:
        accept(school.app, address)

    assert only(school.app, Agreement).spent_pence == 4000


def test_by_a_shared_link_nobody_joins_beyond_the_budget_and_nothing_is_left_behind(school: School) -> None:
    limit(school, 2000)
    link = share(school, "poetry").link_id
    for address in FIVE[:4]:
        join(school, link, address)

    with pytest.raises(BudgetSpent):
        join(school, link, FIVE[4])

    assert len(everything(school.app, Enrolment)) == len(everything(school.app, Charge)) == 4
    limit(school, 4000)
    join(school, link, FIVE[4])


def test_a_shared_link_leaves_the_places_that_invitations_promise(school: School) -> None:
    limit(school, 0)
    invite(school, *FIVE[:3], run=POETRY)
    link = share(school, "poetry").link_id

    with pytest.raises(BudgetSpent):
        join(school, link, "quick@example.org")

    for address in FIVE[:3]:
        accept(school.app, address)
    assert only(school.app, Agreement).spent_pence == 0


def test_a_budget_is_set_by_an_owner_and_says_what_it_was_before(school: School) -> None:
    first, second = limit(school, 500_000), limit(school, None, "poetry")

    assert first.changed is not None
    assert second.changed is not None
    assert (first.before_pence, first.changed.budget_pence) == (None, 500_000)
    assert (second.before_pence, second.changed.budget_pence) == (500_000, None)


def test_an_agreement_is_named_by_its_owner_and_course(school: School) -> None:
    school.app.run(add_agreement, AddAgreement("northfield", "southgate", "secret", 900, 0, NOW, None), OPERATOR)

    unclear = refusal_of(school.app, set_budget, SetBudget("Southgate", "", 1), school.owner)
    unknown = refusal_of(school.app, set_budget, SetBudget("eastgate", "", 1), school.owner)

    assert isinstance(unclear, AgreementUnclear)
    assert "“southgate secret”" in unclear.hint
    assert isinstance(unknown, AgreementNotFound)
    assert "southgate poetry" in unknown.hint
    assert limit(school, 700, "secret").changed is not None


# --- Waiving ----------------------------------------------------------------------------------------------


def test_a_waived_charge_costs_nothing_and_frees_what_it_took_until_it_is_restored(school: School) -> None:
    enrol(school, *FIVE)
    spent = [FIVE[number] for number in range(5) if not _is_prepaid(school, FIVE[number])]

    done = school.app.run(waive_charge, WaiveCharge("northfield", spent[0], POETRY, "Enrolled by mistake"), OPERATOR)
    again = school.app.run(waive_charge, WaiveCharge("northfield", spent[0], POETRY, "Another reason"), OPERATOR)

    assert (done.reason, again.reason) == ("Enrolled by mistake", "Enrolled by mistake")
    assert costs(school).sums == CostSums(5, 3, 1, 2000)
    assert only(school.app, Agreement).spent_pence == 2000
    school.app.run(restore_charge, RestoreCharge("northfield", spent[0], POETRY), OPERATOR)
    assert costs(school).sums == CostSums(5, 3, 0, 4000)


def test_who_had_left_and_comes_back_is_charged_again_once_and_at_the_price_of_then(school: School) -> None:
    enrol(school, *FIVE)
    address = next(each for each in FIVE if not _is_prepaid(school, each))
    school.app.run(waive_charge, WaiveCharge("northfield", address, POETRY, "Enrolled by mistake"), OPERATOR)
    enrolment_id = next(each.enrolment_id for each in everything(school.app, Charge) if each.waived_at is not None)
    waived = costs(school).sums
    change(school.app, Enrolment, enrolment_id, left_at=clock_of(school.app).now)
    change(school.app, Agreement, only(school.app, Agreement).id, price_pence=9900)
    clock_of(school.app).advance(seconds=60)

    enrol(school, address)

    assert waived == CostSums(5, 3, 1, 2000)
    assert len(everything(school.app, Charge)) == 5
    assert costs(school).sums == CostSums(5, 3, 0, 4000)


def _is_prepaid(school: School, address: str) -> bool:
    return school.app.read(find_charge, FindCharge("northfield", address, POETRY), OPERATOR).is_prepaid


def test_a_waived_prepaid_place_can_be_used_again(school: School) -> None:
    enrol(school, *FIVE[:3])

    school.app.run(waive_charge, WaiveCharge("northfield", FIVE[0], POETRY, "A mistake"), OPERATOR)

    assert only(school.app, Agreement).prepaid_used == 2


@pytest.mark.parametrize(("address", "run"), [("nobody@example.org", POETRY), (FIVE[0], "nowhere")])
def test_a_charge_that_is_not_there_is_told_so(school: School, address: str, run: str) -> None:
    enrol(school, FIVE[0])

    assert isinstance(
        refusal_of(school.app, waive_charge, WaiveCharge("northfield", address, run, "Why"), OPERATOR), ChargeNotFound
    )
