"""A run's invitations, listed: states, search, pages."""

import pytest

from core.errors import (
    ProviderNotGranted,
    RunNotFound,
)
from core.letters import Verdict
from core.model import Agreement, CourseRun, OutboundMessage
from core.usecases.invitations.batches import (
    InviteLearners,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.lists import InvitationsListed, ListedState, ListInvitations, list_invitations
from core.usecases.invitations.single import CancelInvitation, ReinviteLearner, cancel_invitation, reinvite_learner
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    cancel,
    change,
    clock_of,
    decline,
    deliver,
    expire,
    invite,
    message_of,
    only,
    reinvite,
)
from tests.factories import NOW, School, counted_queries

A = "a@example.org"


def listed(
    school: School, state: ListedState | None = None, search: str = "", page: int = 1, run: str = MATHS
) -> InvitationsListed:
    return school.app.read(list_invitations, ListInvitations(run, state, search, page), school.owner)


@pytest.fixture
def mixed(school: School) -> School:
    """One invitation in each state, named after it; another run and a replaced one do not count."""
    invite(school, "bounced@example.org")
    deliver(school.app, Verdict.REFUSED)
    invite(school, *(f"{state}@example.org" for state in ListedState if state != "bounced"))
    accept(school.app, "accepted@example.org")
    decline(school.app, "declined@example.org")
    cancel(school, "cancelled@example.org")
    expire(school, "expired@example.org")
    reinvite(school, "expired@example.org")
    expire(school, "expired@example.org")
    invite(school, "other@example.org", run=SAFETY)
    return school


def test_every_invitation_is_listed_in_exactly_one_state(mixed: School) -> None:
    everybody = listed(mixed)

    assert dict(everybody.counts) == dict.fromkeys(ListedState, 1)
    assert everybody.total == len(ListedState)
    for state in ListedState:
        (row,) = listed(mixed, state).rows
        assert (row.address, row.state) == (f"{state}@example.org", state)


def test_once_the_run_is_closed_everything_pending_is_expired(mixed: School) -> None:
    run = only(mixed.app, CourseRun, CourseRun.code == MATHS)
    change(mixed.app, CourseRun, run.id, enrolment_closes_at=NOW)

    assert dict(listed(mixed).counts)[ListedState.EXPIRED] == 3
    assert {row.state for row in listed(mixed, ListedState.EXPIRED).rows} == {ListedState.EXPIRED}
    assert listed(mixed, ListedState.PENDING).total == listed(mixed, ListedState.BOUNCED).total == 0


def test_bounced_ones_show_why(mixed: School) -> None:
    change(mixed.app, OutboundMessage, message_of(mixed.app, "bounced@example.org").id, problem="550 unknown")

    (row,) = listed(mixed, ListedState.BOUNCED).rows

    assert row.problem == "550 unknown"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("Zoë", ["zoe@example.org"]),
        ("ZOE@", ["zoe@example.org"]),
        ("carter", ["a%b@example.org"]),
        ("%", ["a%b@example.org"]),
        ("_", ["a_b@example.org"]),
        ("john.smith", ["John.Smith@gmail.com"]),
        ("johnsmith", ["John.Smith@gmail.com"]),
        ("\\", []),
        ("\x00", ["a%b@example.org", "a_b@example.org", "John.Smith@gmail.com", "zoe@example.org"]),
        ("\ud800zoe", ["zoe@example.org"]),
    ],
)
def test_searching_matches_names_and_addresses_and_takes_wildcards_literally(
    school: School, search: str, found: list[str]
) -> None:
    invite(school, '"Zoë Éclair" <zoe@example.org>', '"Ann Carter" <a%b@example.org>', "a_b@example.org")
    invite(school, "John.Smith@gmail.com")

    assert sorted((row.address for row in listed(school, search=search).rows), key=str.lower) == found


def test_pages_have_ten_rows_newest_first_and_cover_all(school: School) -> None:
    for number in range(3):
        invite(school, *(f"{number}{place}@example.org" for place in range(9)))
        clock_of(school.app).advance(seconds=1)

    pages = [listed(school, page=page) for page in (1, 2, 3)]

    addresses = [row.address for page in pages for row in page.rows]
    assert [len(page.rows) for page in pages] == [10, 10, 7]
    assert len(set(addresses)) == pages[0].total == 27
    assert addresses[0] == "20@example.org"
    assert addresses[-1] == "08@example.org"
    assert listed(school, page=99) == pages[2]
    assert listed(school, page=0) == pages[0]


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
def test_listing_takes_as_many_queries_for_1000_invitations_as_for_10(school: School) -> None:
    def queries(run: str) -> int:
        with counted_queries(school.app.engine) as statements:
            assert len(listed(school, ListedState.PENDING, "example", run=run).rows) == 10
        return len([statement for statement in statements if statement.startswith("SELECT")])

    invite(school, *(f"a{number}@example.org" for number in range(10)), run=SAFETY)
    invite(school, *(f"a{number}@example.org" for number in range(1000)))

    assert queries(SAFETY) == queries(MATHS) == 6


def test_a_provider_s_list_needs_its_grant(school: School) -> None:
    invite(school, A, run=SAFETY)

    with pytest.raises(ProviderNotGranted):
        school.app.read(list_invitations, ListInvitations(SAFETY), school.manager)

    assert listed(school, run=SAFETY).total == 1
    assert school.app.read(list_invitations, ListInvitations(SAFETY), school.viewer).total == 1


def test_invitations_stay_ours_after_the_agreement_has_ended(school: School) -> None:
    invite(school, A, run=POETRY)
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)

    shown = listed(school, run=POETRY)
    command = CancelInvitation(run=POETRY, address=A)
    cancelled = school.app.run(cancel_invitation, command, school.owner)

    assert (shown.total, cancelled.address) == (1, A)
    with pytest.raises(RunNotFound):
        school.app.run(reinvite_learner, ReinviteLearner(POETRY, A), school.owner)


def test_an_agreement_that_ended_unused_leaves_nothing_to_see(school: School) -> None:
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)
    draft = school.app.run(prepare_invitation, PrepareInvitation(POETRY, A), school.other_owner).draft_id
    school.app.run(invite_learners, InviteLearners(draft), school.other_owner)

    with pytest.raises(RunNotFound):
        listed(school, run=POETRY)
