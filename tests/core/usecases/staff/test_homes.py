"""What a home counts, and when it is drawn again."""

from datetime import UTC, datetime, timedelta

import pytest

from core.letters import Verdict
from core.model import CourseRun, Learner, OutboundMessage
from core.rules.policy import HOME_INTERVAL, HOME_LIFE
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.learners.lists import ListLearners, list_learners
from core.usecases.staff.homes import (
    DrawHomeLater,
    HomeShown,
    KeepHome,
    RefreshHomes,
    ShowHome,
    draw_home_later,
    keep_home,
    refresh_homes,
    show_home,
)
from core.words import MessageKind, MessageState
from tests.core.usecases.acting import (
    MATHS,
    SAFETY,
    accept,
    at_once,
    cancel,
    change,
    clock_of,
    decline,
    deliver,
    everything,
    expire,
    invite,
    jobs_of,
    only,
)
from tests.core.usecases.importing import import_sheet, line, sheet
from tests.core.usecases.sharing import share
from tests.factories import SYSTEM, School, counted_queries, plan_of


def shown(school: School) -> HomeShown:
    return school.app.read(show_home, ShowHome(), school.owner)


def kept(school: School) -> School:
    """Its home was opened just now."""
    school.app.run(keep_home, KeepHome("digest", clock_of(school.app)()), school.owner)
    return school


def refreshed(school: School, after: timedelta = HOME_INTERVAL) -> int:
    clock_of(school.app).now += after
    return school.app.run(refresh_homes, RefreshHomes(), SYSTEM).count


def home_row(school: School) -> OutboundMessage:
    return only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.HOME)


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)  # PostgreSQL plans by what is in the tables.
def test_the_pending_are_counted_without_a_look_at_those_who_have_answered(school: School) -> None:
    with counted_queries(school.app.engine) as queries:
        shown(school)

    (counting,) = (query for query in queries if "AS pending" in query)
    assert "uq_invitation_live" in plan_of(school.app.engine, counting)[0]


def test_what_can_still_be_answered_is_counted(school: School) -> None:
    invite(school, "bounced@example.org")
    deliver(school.app, Verdict.REFUSED)
    invite(school, *(f"{name}@example.org" for name in ("open", "accepted", "declined", "cancelled", "expired")))
    accept(school.app, "accepted@example.org")
    decline(school.app, "declined@example.org")
    cancel(school, "cancelled@example.org")
    expire(school, "expired@example.org")

    home = shown(school)

    assert (home.pending, home.bounced, home.expiring, home.learners) == (2, 1, 0, 1)
    assert [
        (batch.invited, batch.accepted, batch.declined, batch.waiting, batch.cancelled) for batch in home.batches
    ] == [
        (5, 1, 1, 2, 1),
        (1, 0, 0, 1, 0),
    ]


def test_what_ends_within_seven_days_is_counted_whatever_ends_it(school: School) -> None:
    invite(school, "maths@example.org")
    invite(school, "safety@example.org", run=SAFETY)
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=clock_of(school.app)() + timedelta(days=6))

    assert (shown(school).pending, shown(school).expiring) == (2, 1)


def test_shared_links_that_end_within_seven_days_are_counted_whatever_ends_them(school: School) -> None:
    share(school, MATHS)
    share(school, SAFETY)
    before = shown(school).links_ending
    clock_of(school.app).now = datetime(2026, 5, 27, 12, 0, tzinfo=UTC)

    assert before == 0
    assert shown(school).links_ending == 1
    clock_of(school.app).now = datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
    assert shown(school).links_ending == 0


def test_a_manager_of_some_providers_sees_theirs_only(school: School) -> None:
    invite(school, "safety@example.org", run=SAFETY)
    invite(school, "maths@example.org")

    home = school.app.read(show_home, ShowHome(), school.manager)

    assert (home.pending, len(home.batches)) == (1, 1)
    assert shown(school).pending == 2


def test_another_organisation_sees_nothing_of_it(school: School) -> None:
    invite(school, "maths@example.org")
    accept(school.app, "maths@example.org")

    home = school.app.read(show_home, ShowHome(), school.other_owner)

    assert (home.organisation, home.pending, home.learners, home.batches) == ("Southgate University", 0, 0, ())


def test_a_removed_learner_is_not_counted(school: School) -> None:
    invite(school, "maths@example.org")
    accept(school.app, "maths@example.org")
    change(school.app, Learner, only(school.app, Learner).id, removed_at=clock_of(school.app)())

    assert shown(school).learners == 0


def test_as_many_learners_are_counted_as_their_list_has(school: School) -> None:
    """Somebody of whom no provider is known is seen by those who see all of them."""
    invite(school, "nobodys@example.org")
    accept(school.app, "nobodys@example.org")
    import_sheet(school, line("Ada"))
    import_sheet(school, line("Bo", UKPRN="10000002"))

    counted = [school.app.read(show_home, ShowHome(), each).learners for each in (school.owner, school.manager)]
    listed = [school.app.read(list_learners, ListLearners(), each).total for each in (school.owner, school.manager)]

    assert counted == listed == [3, 1]


def test_imports_that_wait_and_those_that_run_are_counted(school: School) -> None:
    import_sheet(school, line("Ada"))
    import_sheet(school, line("Cy"), line("Bo", Postcode="no"))
    school.app.run(receive_import, ReceiveImport("c.csv", sheet(line("Di")), runs_later=True), school.owner)

    # Nobody else's count.
    school.app.run(receive_import, ReceiveImport("d.csv", sheet(line("Ed")), runs_later=True), school.other_owner)

    home = shown(school)

    assert (home.imports_waiting, home.imports_running) == (1, 1)


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
def test_the_queries_do_not_grow(school: School) -> None:
    def queries() -> int:
        with counted_queries(school.app.engine) as statements:
            shown(school)
        return len(statements)

    invite(school, "one@example.org")
    few = queries()
    for number in range(5):
        invite(school, *(f"learner{number}-{each}@example.org" for each in range(20)))

    assert queries() == few


def test_a_kept_home_is_drawn_again_when_the_organisation_has_news(school: School) -> None:
    kept(school)
    quiet = refreshed(school)
    invite(school, "a@example.org")

    assert (quiet, refreshed(school)) == (0, 1)
    assert home_row(school).state is MessageState.PENDING
    assert refreshed(school) == 0


def test_another_organisation_s_news_are_none(school: School) -> None:
    kept(school)
    school.app.run(keep_home, KeepHome("digest", clock_of(school.app)()), school.other_owner)
    refreshed(school)
    invite(school, "a@example.org")

    assert refreshed(school) == 1
    assert home_row_of(school, school.other_owner.staff_id).state is MessageState.SENT


def home_row_of(school: School, staff_id: int) -> OutboundMessage:
    return only(school.app, OutboundMessage, OutboundMessage.idempotency_key == f"home:{staff_id}")


def test_a_bounce_is_news(school: School) -> None:
    invite(school, "a@example.org")
    kept(school)
    clock_of(school.app).advance(seconds=1)
    deliver(school.app, Verdict.REFUSED, "550 5.1.1 no such user")

    assert refreshed(school) == 1


def test_not_more_often_than_every_twenty_seconds(school: School) -> None:
    kept(school)
    clock_of(school.app).advance(seconds=1)
    invite(school, "a@example.org")

    assert refreshed(school, timedelta(seconds=18)) == 0
    assert refreshed(school, timedelta(seconds=1)) == 1


def test_whoever_has_not_looked_for_a_week_is_left_alone(school: School) -> None:
    kept(school)
    clock_of(school.app).now += HOME_LIFE
    invite(school, "a@example.org")

    assert refreshed(school) == 0


@pytest.mark.parametrize("times", [2, 3])
def test_opening_it_again_keeps_one_row(school: School, times: int) -> None:
    for _ in range(times):
        kept(school)

    assert len(everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.HOME)) == 1


@pytest.mark.parametrize("was_kept", [True, False])
def test_one_that_could_not_be_drawn_waits_to_be_drawn_once_however_often_it_was_opened(
    school: School, was_kept: bool
) -> None:
    if was_kept:
        kept(school)

    for _ in range(2):
        school.app.run(draw_home_later, DrawHomeLater(), school.owner)

    row = home_row(school)
    assert (row.state, row.message_ref, row.not_before) == (MessageState.PENDING, "", clock_of(school.app)())
    assert (row.id,) in [job.ids for job in jobs_of(school.app).jobs]


def test_one_that_is_being_drawn_is_not_drawn_by_two(school: School) -> None:
    kept(school)
    change(school.app, OutboundMessage, home_row(school).id, state=MessageState.SENDING)

    school.app.run(draw_home_later, DrawHomeLater(), school.owner)

    assert home_row(school).state is MessageState.SENDING


def test_two_workers_at_once_draw_it_once(school: School) -> None:
    kept(school)
    clock_of(school.app).advance(seconds=1)
    invite(school, "a@example.org")
    clock_of(school.app).now += HOME_INTERVAL

    counts = at_once(*[lambda: school.app.run(refresh_homes, RefreshHomes(), SYSTEM).count] * 2)

    assert sorted(map(str, counts)) == ["0", "1"]
