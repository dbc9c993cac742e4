"""An invitation that went to a mistyped address goes to the right one."""

import pytest

from core.errors import AddressUnchanged, InvitationClosed, NeedsConfirmation, NoAddresses
from core.letters import Verdict
from core.model import InvitationBatch
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.corrections import (
    AddressCorrected,
    CorrectAddress,
    CorrectionShown,
    ShowCorrection,
    correct_address,
    show_correction,
)
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations
from core.words import CancelReason
from tests.core.usecases.acting import (
    MATHS,
    accept,
    at_once,
    decline,
    deliver,
    everything,
    invite,
    link_state,
    newest,
)
from tests.factories import School

WRONG, RIGHT = "bo@gmial.com", "bo@gmail.com"


def correct(school: School, new: str = RIGHT, old: str = WRONG) -> AddressCorrected:
    return school.app.run(correct_address, CorrectAddress(new, run=MATHS, address=old), school.owner)


@pytest.fixture
def bounced(school: School) -> School:
    invite(school, WRONG)
    deliver(school.app, Verdict.REFUSED, "550 5.1.2 no such domain")
    return school


def test_the_list_and_the_form_offer_what_was_probably_meant(bounced: School) -> None:
    command = ListInvitations(MATHS, ListedState.BOUNCED)
    (row,) = bounced.app.read(list_invitations, command, bounced.owner).rows
    shown = bounced.app.read(show_correction, ShowCorrection(row.invitation_id), bounced.owner)

    assert row.guess == RIGHT
    assert shown == CorrectionShown(row.invitation_id, WRONG, RIGHT)


def test_the_right_address_gets_a_new_link_and_the_wrong_one_stops(bounced: School) -> None:
    result = correct(bounced)

    assert (result.former, result.address, result.invited.invited) == (WRONG, RIGHT, 1)
    assert link_state(bounced, WRONG) is LinkState.CANCELLED
    assert newest(bounced.app, WRONG).cancel_reason is CancelReason.CORRECTED
    accept(bounced.app, RIGHT)
    assert link_state(bounced, RIGHT) is LinkState.ACCEPTED


def test_the_name_and_the_note_go_along(school: School) -> None:
    command = PrepareInvitation(MATHS, f'"Bo Young" <{WRONG}>', note="See you soon!")
    preview = school.app.run(prepare_invitation, command, school.owner)
    school.app.run(invite_learners, InviteLearners(preview.draft_id), school.owner)

    correct(school)

    assert newest(school.app, RIGHT).name == "Bo Young"
    assert {batch.note for batch in everything(school.app, InvitationBatch)} == {"See you soon!"}


def test_the_same_address_in_another_spelling_is_no_correction(bounced: School) -> None:
    with pytest.raises(AddressUnchanged):
        correct(bounced, WRONG.upper())
    assert newest(bounced.app, WRONG).cancel_reason is None


def test_what_is_no_address_is_refused_and_nothing_changes(bounced: School) -> None:
    with pytest.raises(NoAddresses):
        correct(bounced, "bo at gmail")
    assert newest(bounced.app, WRONG).cancel_reason is None


def test_an_address_that_is_invited_already_is_refused_and_nothing_changes(bounced: School) -> None:
    invite(bounced, RIGHT)

    with pytest.raises(InvitationClosed, match="still open"):
        correct(bounced)
    assert newest(bounced.app, WRONG).cancel_reason is None


def test_whoever_declined_is_asked_about_first(bounced: School) -> None:
    invite(bounced, RIGHT)
    decline(bounced.app, RIGHT)

    with pytest.raises(NeedsConfirmation):
        correct(bounced)


def test_an_answered_invitation_is_not_corrected(school: School) -> None:
    invite(school, WRONG)
    accept(school.app, WRONG)

    with pytest.raises(InvitationClosed, match="accepted"):
        correct(school)


def test_an_answer_and_a_correction_at_once_leave_one_working_link(school: School) -> None:
    invite(school, WRONG)

    outcomes = at_once(lambda: accept(school.app, WRONG), lambda: correct(school))

    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert link_state(school, WRONG) in (LinkState.ACCEPTED, LinkState.CANCELLED)
