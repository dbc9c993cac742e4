"""Addresses that wait for their run."""

from datetime import timedelta

import pytest

from core.errors import (
    NoAddresses,
    NotYourPreview,
    NoUsableAddress,
    PreviewExpired,
    RoleMissing,
    RunNotChosen,
    RunNotFound,
)
from core.model import Draft, IdempotencyRecord, Invitation
from core.rules.policy import DRAFT_LIFE
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.gathering import (
    AddressesGathered,
    ChooseRun,
    GatherAddresses,
    choose_run,
    gather_addresses,
)
from core.usecases.retention import ForgetOld, forget_old
from tests.core.usecases.acting import MATHS, POETRY, clock_of, everything, only
from tests.factories import NOW, SYSTEM, School

LIST = "ada@example.org, Bo <bo@gmial.com>, ada@example.org, nonsense"


def gathered(school: School, addresses: str = LIST) -> AddressesGathered:
    return school.app.run(gather_addresses, GatherAddresses(addresses), school.owner)


def test_what_was_found_is_counted_and_kept_for_a_quarter_of_an_hour(school: School) -> None:
    found = gathered(school)

    assert (found.found, found.duplicates, found.invalid) == (2, 1, 1)
    assert found.valid_until == NOW + DRAFT_LIFE == NOW + timedelta(minutes=15)
    assert only(school.app, Draft).run_id is None


def test_the_preview_is_the_same_as_if_the_run_had_been_named_at_once(school: School) -> None:
    found = gathered(school)

    chosen = school.app.run(choose_run, ChooseRun(found.draft_id, MATHS), school.owner)
    named = school.app.run(prepare_invitation, PrepareInvitation(MATHS, LIST), school.owner)

    assert (chosen.buckets, chosen.invalid, chosen.typos) == (named.buckets, named.invalid, named.typos)
    assert (chosen.run, chosen.cost, chosen.valid_until) == (named.run, named.cost, named.valid_until)


def test_who_chose_a_wrong_run_chooses_again(school: School) -> None:
    found = gathered(school)
    school.app.run(choose_run, ChooseRun(found.draft_id, POETRY), school.owner)

    chosen = school.app.run(choose_run, ChooseRun(found.draft_id, MATHS), school.owner)
    invited = school.app.run(invite_learners, InviteLearners(chosen.draft_id), school.owner)

    assert (invited.run.code, invited.invited) == (MATHS, 2)
    assert {invitation.address for invitation in everything(school.app, Invitation)} == {
        "ada@example.org",
        "bo@gmial.com",
    }


def test_addresses_without_a_run_cannot_be_confirmed(school: School) -> None:
    found = gathered(school)

    with pytest.raises(RunNotChosen):
        school.app.run(invite_learners, InviteLearners(found.draft_id), school.owner)

    assert everything(school.app, Invitation) == []


def test_a_preview_is_no_gathered_list(school: School) -> None:
    preview = school.app.run(prepare_invitation, PrepareInvitation(MATHS, LIST), school.owner)

    with pytest.raises(PreviewExpired):
        school.app.run(choose_run, ChooseRun(preview.draft_id, POETRY), school.owner)


def test_after_a_quarter_of_an_hour_the_addresses_are_gone(school: School) -> None:
    found = gathered(school)
    clock_of(school.app).advance(minutes=15)

    with pytest.raises(PreviewExpired):
        school.app.run(choose_run, ChooseRun(found.draft_id, MATHS), school.owner)
    clock_of(school.app).advance(seconds=1)
    school.app.run(forget_old, ForgetOld(), SYSTEM)

    assert everything(school.app, Draft) == []


def test_only_who_gathered_them_may_choose(school: School) -> None:
    found = gathered(school)

    with pytest.raises(NotYourPreview):
        school.app.run(choose_run, ChooseRun(found.draft_id, MATHS), school.manager)
    with pytest.raises(RoleMissing):
        school.app.run(gather_addresses, GatherAddresses(LIST), school.viewer)


def test_an_empty_list_and_an_unknown_run_are_said_so(school: School) -> None:
    found = gathered(school)

    with pytest.raises(NoAddresses):
        gathered(school, " \n")
    with pytest.raises(NoAddresses):
        gathered(school, "a letter\nabout things")
    with pytest.raises(NoUsableAddress, match="“ana@college”"):
        gathered(school, "ana@college")
    with pytest.raises(RunNotFound):
        school.app.run(choose_run, ChooseRun(found.draft_id, "no-such-run"), school.owner)


def test_a_repeated_event_gathers_once_and_is_remembered_without_addresses(school: School) -> None:
    first = school.app.run(gather_addresses, GatherAddresses(LIST), school.owner, key="slack:Ev1")

    again = school.app.run(gather_addresses, GatherAddresses(LIST), school.owner, key="slack:Ev1")

    assert again == first
    assert len(everything(school.app, Draft)) == 1
    assert "@" not in only(school.app, IdempotencyRecord).result
