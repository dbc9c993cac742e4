"""Sizes and numbers of batches, and confirmations that meet."""

from collections.abc import Callable
from time import process_time

import pytest
from sqlalchemy import Engine

from core.app import App
from core.errors import NothingToSend, TooManyAddresses
from core.model import Draft, Invitation, InvitationBatch
from core.rules.policy import CHUNK_MESSAGES
from core.usecases.invitations.batches import (
    InvitationPreviewed,
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    at_once,
    change,
    clock_of,
    everything,
    invite,
    jobs_of,
    rival_before,
)
from tests.factories import NOW, School

ADDRESS = "a@example.org"
SQLITE = pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)


def preview(school: School, addresses: str) -> InvitationPreviewed:
    return school.app.run(prepare_invitation, PrepareInvitation(MATHS, addresses), school.owner)


@SQLITE
@pytest.mark.parametrize(("count", "sizes"), [(1000, [1000]), (1001, [1000, 1])])
def test_a_batch_has_at_most_1000_addresses(school: School, count: int, sizes: list[int]) -> None:
    addresses = [f"a{number}@example.org" for number in range(count)]

    invited = invite(school, *addresses)

    batches = sorted(everything(school.app, InvitationBatch), key=lambda batch: batch.number)
    assert invited.numbers == tuple(range(1, len(sizes) + 1))
    assert [batch.size for batch in batches] == sizes
    assert {batch.confirmation_id for batch in batches} == {invited.confirmation_id}
    of_batch = [len(everything(school.app, Invitation, Invitation.batch_id == batch.id)) for batch in batches]
    assert of_batch == sizes


@pytest.mark.slow  # Load: its quicker twin is that of 1,000 addresses below.
@SQLITE
def test_10000_addresses_are_ten_batches_under_one_confirmation(school: School) -> None:
    addresses = "\n".join(f"a{number}@example.org" for number in range(10_000))
    previewed = preview(school, addresses)

    invited = school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    assert previewed.batch_count == 10
    assert (invited.invited, invited.numbers) == (10_000, tuple(range(1, 11)))
    jobs = [job for job in jobs_of(school.app).jobs if len(job.ids) > 1]
    assert {len(job.ids) for job in jobs} == {CHUNK_MESSAGES}
    ids = [message_id for job in jobs for message_id in job.ids]
    assert len(set(ids)) == len(ids) == 10_000


@SQLITE
def test_more_than_10000_addresses_are_refused_whole(school: School) -> None:
    addresses = "\n".join(f"a{number}@example.org" for number in range(10_001))

    with pytest.raises(TooManyAddresses) as refused:
        preview(school, addresses)

    assert "10,001" in refused.value.message
    assert everything(school.app, Draft) == []


def test_numbers_run_on_without_gaps_or_doubles_when_many_confirm_at_once(school: School) -> None:
    def confirming(person: int) -> Callable[[], LearnersInvited]:
        staff = school.owner if person % 2 else school.manager
        command = PrepareInvitation(MATHS, f"a{person}@example.org, b{person}@example.org")
        draft = school.app.run(prepare_invitation, command, staff).draft_id
        return lambda: school.app.run(invite_learners, InviteLearners(draft), staff)

    results = at_once(*(confirming(person) for person in range(6)))

    invited = [result for result in results if isinstance(result, LearnersInvited)]
    assert sorted(number for each in invited for number in each.numbers) == [1, 2, 3, 4, 5, 6]
    assert len(everything(school.app, Invitation)) == 12


def test_a_refused_confirmation_leaves_no_gap(school: School) -> None:
    invite(school, ADDRESS)
    previewed = preview(school, ADDRESS)

    with pytest.raises(NothingToSend):
        school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    assert invite(school, "b@example.org").numbers == (2,)


def test_each_organisation_counts_its_own_batches(school: School) -> None:
    invite(school, ADDRESS)
    draft = school.app.run(prepare_invitation, PrepareInvitation(POETRY, ADDRESS), school.other_owner).draft_id

    there = school.app.run(invite_learners, InviteLearners(draft), school.other_owner)

    assert there.numbers == (1,)


def _confirm_both(app: App, school: School, *addresses: str) -> list[object]:
    owners = app.run(prepare_invitation, PrepareInvitation(MATHS, "\n".join(addresses)), school.owner).draft_id
    reverse = "\n".join(reversed(addresses))
    managers = app.run(prepare_invitation, PrepareInvitation(MATHS, reverse), school.manager).draft_id
    return at_once(
        lambda: app.run(invite_learners, InviteLearners(owners), school.owner),
        lambda: app.run(invite_learners, InviteLearners(managers), school.manager),
    )


def test_one_address_confirmed_by_two_colleagues_at_once_is_invited_once(school: School) -> None:
    results = _confirm_both(school.app, school, ADDRESS)

    assert sorted(type(result).__name__ for result in results) == ["LearnersInvited", "NothingToSend"]
    assert len(everything(school.app, Invitation)) == 1
    assert len(everything(school.app, InvitationBatch)) == 1


def test_expired_invitations_renewed_by_two_colleagues_at_once_end_in_one_live_one_each(school: School) -> None:
    addresses = [f"a{number}@example.org" for number in range(20)]
    invite(school, *addresses)
    for row in everything(school.app, Invitation):
        change(school.app, Invitation, row.id, expires_at=NOW)
    clock_of(school.app).advance(seconds=1)

    results = _confirm_both(school.app, school, *addresses)

    assert sorted(type(result).__name__ for result in results) == ["LearnersInvited", "NothingToSend"]
    live = everything(school.app, Invitation, Invitation.replaced_at.is_(None))
    assert sorted(row.address for row in live) == sorted(addresses)


@POSTGRESQL
def test_lists_that_overlap_and_meet_invite_everybody_once(school: School, engine: Engine) -> None:
    mine = preview(school, "a@example.org, b@example.org")
    command = PrepareInvitation(MATHS, "b@example.org, c@example.org")
    theirs = school.app.run(prepare_invitation, command, school.manager)

    def rival() -> object:
        return school.app.run(invite_learners, InviteLearners(theirs.draft_id), school.manager)

    # Both have sorted; the rival stores first.
    with rival_before(engine, "UPDATE organisation", rival):
        invited = school.app.run(invite_learners, InviteLearners(mine.draft_id), school.owner)

    assert invited.invited == 1
    assert sorted(row.address for row in everything(school.app, Invitation)) == [
        "a@example.org",
        "b@example.org",
        "c@example.org",
    ]


@SQLITE
def test_far_too_many_are_refused_before_each_is_read(school: School) -> None:
    before = process_time()
    with pytest.raises(TooManyAddresses) as refused:
        preview(school, "a@bü.example.org\n" * 1_000_000)

    assert "1,000,000 addresses" in refused.value.message
    assert process_time() - before < 2
