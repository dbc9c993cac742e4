"""Which runs can be chosen (LM, Invite learners to courses)."""

from datetime import datetime, timedelta

import pytest

from core.app import App
from core.context import StaffActor
from core.errors import CoursePaidFor, ProviderNotGranted, RoleMissing, RunNotChoosable, RunNotFound
from core.model import Agreement
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.catalogue.runs import ChoosableRunsListed, ListChoosableRuns, list_choosable_runs
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.staff.organisations import AddAgreement, add_agreement
from tests.core.usecases.acting import MATHS, POETRY, SAFETY, change, clock_of, only
from tests.factories import CATALOGUE, NOW, OPERATOR, School

HEADER = CATALOGUE.splitlines()[0]


def _choosable(school: School, staff: StaffActor | None = None, search: str = "") -> list[str]:
    listed = school.app.read(list_choosable_runs, ListChoosableRuns(search), staff or school.owner)
    return [run.code for run in listed.runs]


def _add_runs(app: App, organisation: str, *rows: str) -> None:
    app.run(import_catalogue, ImportCatalogue(organisation, "\n".join([HEADER, *rows])), OPERATOR)


def _prepare(school: School, run: str, staff: StaffActor | None = None) -> str:
    command = PrepareInvitation(run, "a@example.org")
    return school.app.run(prepare_invitation, command, staff or school.owner).run.code


def test_choosable_runs_come_soonest_first(school: School) -> None:
    assert _choosable(school) == [POETRY, SAFETY, MATHS, "safety-2026-10"]


def test_of_an_open_course_only_the_current_or_next_run_can_be_chosen(school: School) -> None:
    with pytest.raises(RunNotChoosable) as later:
        _prepare(school, "maths-2026-09")
    assert "earlier run" in later.value.message

    assert _prepare(school, MATHS) == MATHS


def test_the_next_run_of_an_open_course_takes_the_place_of_one_that_closed(school: School) -> None:
    clock_of(school.app).now = datetime.fromisoformat("2026-04-10T23:00:00Z")

    with pytest.raises(RunNotChoosable):
        _prepare(school, MATHS)

    assert "maths-2026-09" in _choosable(school)
    assert _prepare(school, "maths-2026-09") == "maths-2026-09"


def test_every_current_and_upcoming_run_of_an_own_invite_only_course_can_be_chosen(school: School) -> None:
    assert {_prepare(school, SAFETY), _prepare(school, "safety-2026-10")} == {SAFETY, "safety-2026-10"}


def test_every_current_and_upcoming_run_under_an_agreement_can_be_chosen(school: School) -> None:
    _add_runs(
        school.app,
        "southgate",
        "poetry,Reading Poetry,open,sponsored,,0,poetry-2026-01,2026-01-05,2026-02-01,,24,UTC",
        "poetry,Reading Poetry,open,sponsored,,0,poetry-2026-09,2026-09-07,2026-11-01,,24,UTC",
    )

    assert _prepare(school, "poetry-2026-09") == "poetry-2026-09"
    assert "poetry-2026-09" in _choosable(school)
    with pytest.raises(RunNotChoosable) as ended:
        _prepare(school, "poetry-2026-01")
    assert "ended" in ended.value.message


def test_the_owner_of_an_agreed_open_course_keeps_to_its_current_run(school: School) -> None:
    row = "poetry,Reading Poetry,open,sponsored,,0,poetry-2026-09,2026-09-07,2026-11-01,,24,UTC"
    _add_runs(school.app, "southgate", row)

    assert _choosable(school, school.other_owner) == [POETRY, "secret-2026-03"]


def test_an_agreement_opens_its_own_course_only(school: School) -> None:
    with pytest.raises(RunNotFound):
        _prepare(school, "secret-2026-03")

    assert _prepare(school, POETRY) == POETRY


def test_an_agreement_for_all_courses_opens_each_of_them(school: School) -> None:
    school.app.run(add_agreement, AddAgreement("northfield", "southgate", "", 100, 0, NOW, None), OPERATOR)

    assert _prepare(school, "secret-2026-03") == "secret-2026-03"


def test_an_agreement_is_current_from_its_start_until_its_end(school: School) -> None:
    agreement = only(school.app, Agreement)
    start, end = NOW + timedelta(days=1), NOW + timedelta(days=2)
    change(school.app, Agreement, agreement.id, starts_at=start, ends_at=end)
    moments = (NOW, start, end - timedelta(microseconds=1), end)

    seen = []
    for moment in moments:
        clock_of(school.app).now = moment
        seen.append(POETRY in _choosable(school))

    assert seen == [False, True, True, False]
    with pytest.raises(RunNotFound):
        _prepare(school, POETRY)


def test_an_agreement_gives_nothing_to_the_other_side(school: School) -> None:
    with pytest.raises(RunNotFound):
        _prepare(school, MATHS, school.other_owner)

    assert _prepare(school, MATHS) == MATHS


def test_nobody_is_invited_to_a_paid_for_course(school: School) -> None:
    with pytest.raises(CoursePaidFor) as refused:
        _prepare(school, "coding-2026-03")

    assert "Coding Club" in refused.value.message
    assert "coding-2026-03" not in _choosable(school)


def test_a_paid_for_course_stays_closed_under_an_agreement(school: School) -> None:
    _add_runs(school.app, "southgate", "fees,Fees,open,paid_for,,9,fees-2026,2026-03-09,2026-06-01,,1,UTC")
    school.app.run(add_agreement, AddAgreement("northfield", "southgate", "fees", 1, 5, NOW, None), OPERATOR)

    with pytest.raises(CoursePaidFor):
        _prepare(school, "fees-2026")


def test_a_run_that_ended_or_closed_says_so(school: School) -> None:
    with pytest.raises(RunNotChoosable) as ended:
        _prepare(school, "maths-2026-01")
    clock_of(school.app).now = datetime.fromisoformat("2026-06-02T00:00:00Z")
    with pytest.raises(RunNotChoosable) as closed:
        _prepare(school, SAFETY)

    assert "it has ended" in ended.value.message
    assert "its enrolment has closed" in closed.value.message


def test_a_run_closes_at_its_end_even_if_its_enrolment_says_later(school: School) -> None:
    row = "late,Late,invite_only,sponsored,,0,late-2026,2026-03-02,2026-03-06,2026-12-01,1,UTC"
    _add_runs(school.app, "northfield", row)

    (run,) = school.app.read(list_choosable_runs, ListChoosableRuns("late-2026"), school.owner).runs

    assert run.ends_at is not None
    assert run.closes_at == run.ends_at


def test_a_provider_needs_a_grant(school: School) -> None:
    with pytest.raises(ProviderNotGranted):
        _prepare(school, SAFETY, school.manager)

    assert SAFETY not in _choosable(school, school.manager)
    assert SAFETY in _choosable(school, school.owner)
    assert _prepare(school, MATHS, school.manager) == MATHS
    assert _prepare(school, POETRY, school.manager) == POETRY


def test_a_viewer_sees_runs_and_invites_nobody(school: School) -> None:
    with pytest.raises(RoleMissing):
        _prepare(school, MATHS, school.viewer)

    assert MATHS in _choosable(school, school.viewer)


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("maths-2026-3", MATHS), ("safty-2026-03", SAFETY), ("poetry2026-03", POETRY), ("mathz", MATHS)],
)
def test_an_unknown_code_is_answered_with_the_nearest_ones(school: School, typed: str, nearest: str) -> None:
    with pytest.raises(RunNotFound) as unknown:
        _prepare(school, typed)

    assert nearest in unknown.value.values["nearest"]  # type: ignore[operator]  # Values are objects.
    assert nearest in unknown.value.hint


def test_the_nearest_names_tell_nothing_about_other_organisations(school: School) -> None:
    with pytest.raises(RunNotFound) as unknown:
        _prepare(school, "secret-2026-3")

    assert "secret" not in unknown.value.hint


@pytest.mark.parametrize("typed", ["maths-2026-03\x00", "\ud800maths-2026-03", "  MATHS-2026-03 ", "ｍaths-2026-03"])
def test_codes_are_read_without_case_width_or_what_no_database_stores(school: School, typed: str) -> None:
    assert _prepare(school, typed) == MATHS


def test_an_own_run_comes_before_an_agreed_one_of_the_same_code(school: School) -> None:
    _add_runs(
        school.app, "northfield", f"verse,Our Verse,invite_only,sponsored,,0,{POETRY},2026-03-09,2026-06-01,,1,UTC"
    )

    preview = school.app.run(prepare_invitation, PrepareInvitation(POETRY, "a@example.org"), school.owner)

    assert preview.run.course_title == "Our Verse"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("safety", [SAFETY, "safety-2026-10"]),
        ("LAB safety", [SAFETY, "safety-2026-10"]),
        ("southgate", [POETRY]),
        ("maths 09", []),
        ("%", []),
        ("_", []),
    ],
)
def test_searching_matches_every_word_in_code_title_or_partner(school: School, search: str, found: list[str]) -> None:
    assert _choosable(school, search=search) == found


def test_pages_cover_every_run_once(school: School) -> None:
    def page(number: int) -> ChoosableRunsListed:
        return school.app.read(list_choosable_runs, ListChoosableRuns(page=number, page_rows=3), school.owner)

    pages = [page(1), page(2)]

    assert [run.code for each in pages for run in each.runs] == [POETRY, SAFETY, MATHS, "safety-2026-10"]
    assert {(each.page_count, each.total) for each in pages} == {(2, 4)}
    assert page(99) == page(2)
    assert page(-1) == page(1)
