"""The table of courses with its counts, and a run's page with its lists."""

import pytest

from core.errors import ProviderNotGranted, RunNotFound
from core.letters import Verdict
from core.pages import Page
from core.usecases.catalogue.courses import (
    CourseRow,
    EnrolledRow,
    ListCourses,
    RunList,
    RunShown,
    ShowRun,
    list_courses,
    show_run,
)
from core.usecases.invitations.lists import InvitationRow
from core.usecases.links.showing import SharedLinkShown
from core.words import JoinedBy
from tests.core.conftest import Play
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    cancel,
    decline,
    deliver,
    expire,
    invite,
)
from tests.core.usecases.sharing import share
from tests.factories import NOW, School, counted_queries


def table(school: School) -> dict[str, CourseRow]:
    listed = school.app.read(list_courses, ListCourses(), school.owner)
    return {row.run.code: row for row in listed.rows}


def page(school: School, shown: RunList = RunList.ENROLLED, search: str = "", number: int = 1) -> RunShown:
    return school.app.read(show_run, ShowRun(MATHS, shown, search, number), school.owner)


def addresses(found: Page[EnrolledRow] | Page[InvitationRow] | Page[SharedLinkShown]) -> list[str]:
    return [row.address for row in found.rows if not isinstance(row, SharedLinkShown)]


def _mixed(school: School) -> None:
    """One learner in each state on the maths run, and two elsewhere."""
    invite(school, "bounced@example.org")
    deliver(school.app, Verdict.REFUSED)
    states = ("accepted", "declined", "pending", "expired", "cancelled")
    invite(school, *(f"{state}@example.org" for state in states))
    accept(school.app, "accepted@example.org")
    decline(school.app, "declined@example.org")
    cancel(school, "cancelled@example.org")
    expire(school, "expired@example.org")
    invite(school, "one@example.org", "two@example.org", run=POETRY)


@pytest.fixture
def mixed(after: Play) -> School:
    return after(_mixed)


def test_each_run_has_its_enrolled_and_its_not_yet_accepted(mixed: School) -> None:
    counts = {code: (row.enrolled, row.waiting) for code, row in table(mixed).items()}

    assert counts[MATHS] == (1, 2)
    assert counts[POETRY] == (0, 2)
    assert counts[SAFETY] == (0, 0)


def test_another_organisation_s_learners_on_the_same_run_are_not_counted(mixed: School) -> None:
    listed = mixed.app.read(list_courses, ListCourses("poetry"), mixed.other_owner)

    assert [(row.run.code, row.waiting) for row in listed.rows] == [(POETRY, 0)]


def test_the_page_has_a_list_for_each_of_them(mixed: School) -> None:
    link = share(mixed, MATHS)
    people = [each for each in RunList if each is not RunList.LINKS]
    shown = {each: page(mixed, each) for each in RunList}

    assert {each: addresses(shown[each].page) for each in people} == {
        RunList.ENROLLED: ["accepted@example.org"],
        RunList.PENDING: ["pending@example.org"],
        RunList.DECLINED: ["declined@example.org"],
    }
    assert [row.link_id for row in shown[RunList.LINKS].page.rows if isinstance(row, SharedLinkShown)] == [link.link_id]
    for found in shown.values():
        assert dict(found.counts) == dict.fromkeys(RunList, 1)
        assert found.bounced == 1


def test_an_enrolled_learner_is_shown_by_name(mixed: School) -> None:
    (row,) = page(mixed).page.rows

    assert isinstance(row, EnrolledRow)
    assert (row.address, row.joined_by) == ("accepted@example.org", JoinedBy.INVITATION)
    assert row.name
    assert row.enrolled_at > NOW


@pytest.mark.parametrize("search", ["ACCEPTED@", "accepted@example.org", "example"])
def test_the_enrolled_can_be_searched(mixed: School, search: str) -> None:
    assert addresses(page(mixed, search=search).page) == ["accepted@example.org"]
    assert page(mixed, search="nobody").page.total == 0


def test_lists_page_by_ten(school: School) -> None:
    people = [f"learner{number:02d}@example.org" for number in range(12)]
    invite(school, *people)
    for person in people:
        accept(school.app, person)

    first, second, beyond = (page(school, number=number).page for number in (1, 2, 99))

    assert (len(first.rows), len(second.rows), first.page_count, first.total) == (10, 2, 2, 12)
    assert addresses(beyond) == addresses(second)
    assert len({*addresses(first), *addresses(second)}) == 12


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
def test_the_queries_do_not_grow_with_the_learners(school: School) -> None:
    def queries() -> int:
        with counted_queries(school.app.engine) as statements:
            table(school)
            page(school)
            page(school, RunList.PENDING)
        return len(statements)

    invite(school, "one@example.org")
    few = queries()
    people = [f"learner{number}@example.org" for number in range(30)]
    invite(school, *people)
    for person in people[:15]:
        accept(school.app, person)

    assert queries() == few


def test_a_run_that_is_not_theirs_is_not_shown(school: School) -> None:
    with pytest.raises(RunNotFound):
        school.app.read(show_run, ShowRun(MATHS), school.other_owner)
    with pytest.raises(ProviderNotGranted):
        school.app.read(show_run, ShowRun(SAFETY), school.manager)
