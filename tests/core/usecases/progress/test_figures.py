"""One run's progress, and one learner's across all runs: what is known, of when, and from where."""

import re
from datetime import timedelta

import pytest

from core.errors import LearnerNotFound, NotFound, ProviderNotGranted
from core.model import Learner
from core.rules.progress.bands import Band
from core.usecases.progress.figures import ProgressShown, ShowProgress, show_progress
from core.usecases.progress.one_learner import (
    LearnerProgressShown,
    ShowLearnerProgress,
    show_learner_progress,
)
from core.usecases.progress.run_statements import ProgressList
from core.words import FeedKind
from tests.core.conftest import Play
from tests.core.usecases.acting import MATHS, POETRY, SAFETY, change, clock_of, decline, invite
from tests.core.usecases.progressing import enrol, learner_of, line, send, send_file
from tests.factories import NOW, School, counted_queries, plan_of, sent

ADA, BO, CY, DI, EVE = (f"{name}@example.org" for name in ("ada", "bo", "cy", "di", "eve"))


def shown(school: School, run: str = MATHS, **wanted: object) -> ProgressShown:
    return school.app.read(show_progress, ShowProgress(run, **wanted), school.owner)  # type: ignore[arg-type]


def card(school: School, who: str) -> LearnerProgressShown:
    return school.app.read(show_learner_progress, ShowLearnerProgress(who), school.owner)


def _told(school: School) -> None:
    """Ada is done, Bo stalled, Cy has not begun, Di left, nobody knows of Eve; Fay has not answered yet."""
    enrol(school, ADA, BO, CY, DI, EVE)
    invite(school, "fay@example.org")
    sent(school.app)
    send(
        school,
        line(ADA, steps_completed="95%", avg_test_score="90%", comments_posted="4"),
        line(BO, steps_completed="30%", avg_test_score="60%", comments_posted="0"),
        line(CY, steps_completed="0%"),
        line(DI, steps_completed="55%", left_at="2026-03-01"),
    )
    clock_of(school.app).advance(days=15)


@pytest.fixture
def told(after: Play) -> School:
    return after(_told)


def test_a_runs_figures_add_up_and_name_their_source(told: School) -> None:
    found = shown(told)

    assert (found.enrolled, found.waiting, found.left, found.stalled) == (5, 1, 1, 1)
    assert dict(found.bands) == {
        Band.COMPLETED: 1,
        Band.OVER_HALF: 0,
        Band.BEGUN: 1,
        Band.NOT_BEGUN: 1,
        Band.UNKNOWN: 1,
    }
    assert sum(dict(found.bands).values()) + found.left == found.enrolled
    assert (found.average_test_score, found.scored, found.comments_posted) == (7500, 2, 4)
    (source,) = found.sources
    assert (source.source, source.learners) == (FeedKind.PLATFORM_REPORT, 4)
    assert source.as_of < clock_of(told.app)() - timedelta(days=14)
    assert [row.address for row in found.page.rows] == [ADA, DI, BO, CY, EVE]
    assert [row.figures.step_percentage for row in found.page.rows] == [9500, 5500, 3000, 0, None]


@pytest.mark.parametrize(
    ("listed", "who"),
    [
        (ProgressList.STALLED, [BO]),
        (ProgressList.COMPLETED, [ADA]),
        (ProgressList.UNDER_WAY, [BO]),
        (ProgressList.NOT_BEGUN, [CY]),
    ],
)
def test_lists_hold_whom_they_name(told: School, listed: ProgressList, who: list[str]) -> None:
    found = shown(told, shown=listed)

    assert [row.address for row in found.page.rows] == who
    assert found.page.total == len(who)
    assert [row.figures.has_stalled for row in found.page.rows] == [each == BO for each in who]


def test_whoever_goes_on_has_stalled_no_more(told: School) -> None:
    send(told, line(BO, steps_completed="35%"))

    assert shown(told).stalled == 0


def test_people_are_found_and_removed_ones_are_not(told: School) -> None:
    change(told.app, Learner, learner_of(told, ADA).id, removed_at=NOW)

    assert [row.address for row in shown(told, search="BO@", page=9).page.rows] == [BO]
    assert shown(told, search="bo young").page.total == 4
    assert shown(told, search="nobody").page.total == 0
    assert shown(told).enrolled == 4
    with pytest.raises(LearnerNotFound):
        card(told, ADA)


def test_a_learners_card_has_all_that_is_known(told: School) -> None:
    enrol(told, BO, run=POETRY)
    invite(told, BO, run=SAFETY)
    sent(told.app)
    decline(told.app, BO)

    found = card(told, "BO@example.org")

    assert (found.name, found.addresses) == ("Bo Young", (BO,))
    assert [(run.run_code, run.figures.step_percentage) for run in found.runs] == [(POETRY, None), (MATHS, 3000)]
    maths = found.runs[1].figures
    assert (maths.average_test_score, maths.comments_posted, maths.has_stalled) == (6000, 0, True)
    assert [(each.run_code, each.is_declined) for each in found.invitations] == [(SAFETY, True)]


def test_grants_hide_runs_and_learners(told: School) -> None:
    provider = learner_of(told, ADA).provider_id
    enrol(told, ADA, run=SAFETY)

    with pytest.raises(ProviderNotGranted):
        told.app.read(show_progress, ShowProgress(SAFETY), told.manager)
    with pytest.raises(NotFound):
        told.app.read(show_progress, ShowProgress(MATHS), told.other_owner)
    with pytest.raises(NotFound):
        told.app.read(show_learner_progress, ShowLearnerProgress(ADA), told.other_owner)
    assert provider is None


def test_an_answer_takes_the_same_few_statements_whatever_it_holds(told: School) -> None:
    enrol(told, *(f"p{number}@example.org" for number in range(30)))
    counts = []
    for look in (
        lambda: shown(told),
        lambda: shown(told, page=3),
        lambda: shown(told, shown=ProgressList.STALLED),
        lambda: shown(told, search="bo"),
        lambda: told.app.read(show_progress, ShowProgress(MATHS), told.manager),
        lambda: card(told, ADA),
    ):
        with counted_queries(told.app.engine) as statements:
            look()
        counts.append(len([each for each in statements if each.lstrip().startswith(("SELECT", "WITH"))]))

    assert max(counts) <= 6
    assert counts[:4] == [5, 5, 5, 5]


def test_by_the_platforms_own_report_nobody_is_stalled_who_did_a_step_lately(school: School) -> None:
    enrol(school, ADA, BO)
    headings = "Email address,Number of steps completed,Average test score,Date of last step the learner has visited"
    rows = f"{ADA},12,,2026-03-01\n{BO},12,50%,2026-02-01T09:30:00Z"
    send_file(school, f"{headings}\n{rows}\n".encode(), run=MATHS)

    found = {row.address: row.figures for row in shown(school).page.rows}

    # Twelve steps of the forty that the catalogue has.
    assert (found[ADA].steps_completed, found[ADA].step_percentage, found[ADA].has_stalled) == (12, 3000, False)
    assert found[BO].last_step_at is not None
    assert (found[BO].has_stalled, found[BO].silent_days) == (True, 28)


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)  # PostgreSQL plans by what is in the tables.
def test_a_learner_is_found_by_address_without_a_look_at_all_others(school: School) -> None:
    enrol(school, ADA)

    with counted_queries(school.app.engine) as queries:
        card(school, ADA)

    (looking,) = (query for query in queries if "email_key = ?" in query)
    steps = [step for step in plan_of(school.app.engine, looking) if "SEARCH learner " in step]
    assert len(steps) == 3
    assert all(re.search(r"\((rowid|organisation_id=\? AND (username|email_key))=\?", step) for step in steps), steps
