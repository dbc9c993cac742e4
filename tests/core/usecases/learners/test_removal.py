"""Who is removed keeps their courses but for private ones; nobody sees them; their enrolments still cost (LM)."""

import pytest

from core.errors import BudgetExceeded, LearnerNotChosen, LearnerNotFound, UndoOver
from core.model import Agreement, Charge, Enrolment, Invitation, Learner
from core.rules.policy import UNDO_LIFE
from core.usecases.catalogue.courses import ShowRun, show_run
from core.usecases.learners.cards import ShowLearner, show_learner
from core.usecases.learners.lists import ListLearners, list_learners
from core.usecases.learners.removal import (
    LearnerRemoved,
    PreviewRemoval,
    RemoveLearner,
    UndoLearnerChange,
    preview_removal,
    remove_learner,
    undo_learner_change,
)
from core.words import CancelReason, InvitationState, MessageState
from tests.core.usecases.acting import accept, change, clock_of, everything, invite, message_of, newest, only
from tests.core.usecases.importing import import_sheet, line
from tests.core.usecases.managing import save
from tests.factories import School

A = "ada@example.org"
MATHS, SAFETY, POETRY = "maths-2026-03", "safety-2026-03", "poetry-2026-03"


def ada(school: School) -> int:
    """On an open and on a private run, and invited to a third."""
    made = save(school.app, school.owner, "Ada", email=A)
    for run in (MATHS, SAFETY):
        clock_of(school.app).advance(seconds=1)
        invite(school, A, run=run)
        accept(school.app, A)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, run=POETRY)
    return made.card.learner_id


def remove(school: School, learner_id: int) -> LearnerRemoved:
    return school.app.run(remove_learner, RemoveLearner(learner_id), school.owner)


def left_runs(school: School) -> int:
    return len(everything(school.app, Enrolment, Enrolment.left_at.is_not(None)))


def test_the_preview_says_what_removing_does_and_changes_nothing(school: School) -> None:
    learner_id = ada(school)

    preview = school.app.read(preview_removal, PreviewRemoval(learner_id), school.owner)
    removed = remove(school, learner_id)

    assert (preview.kept, preview.left, preview.invitations, preview.charges) == ((MATHS,), (SAFETY,), 1, 2)
    assert (removed.kept, removed.left, removed.invitations, removed.charges) == ((MATHS,), (SAFETY,), 1, 2)


def test_nobody_sees_who_was_removed_and_what_they_had_still_costs(school: School) -> None:
    learner_id = ada(school)

    remove(school, learner_id)

    listed = school.app.read(list_learners, ListLearners(), school.owner)
    shown = school.app.read(show_run, ShowRun(MATHS), school.owner)
    assert (listed.total, shown.page.total) == (0, 0)
    with pytest.raises(LearnerNotFound):
        school.app.read(show_learner, ShowLearner(learner_id), school.owner)
    with pytest.raises(LearnerNotFound):
        remove(school, learner_id)
    assert len(everything(school.app, Charge)) == 2
    assert left_runs(school) == 1
    invitation = newest(school.app, A)
    assert (invitation.state, invitation.cancel_reason) == (InvitationState.CANCELLED, CancelReason.REMOVED)
    assert message_of(school.app, A).state is MessageState.DROPPED


def test_undo_brings_back_the_learner_the_private_run_and_the_invitation(school: School) -> None:
    learner_id = ada(school)
    removed = remove(school, learner_id)

    school.app.run(undo_learner_change, UndoLearnerChange(removed.change_id), school.owner)

    assert only(school.app, Learner).removed_at is None
    assert left_runs(school) == 0
    assert newest(school.app, A).state is InvitationState.PENDING
    assert message_of(school.app, A).state is MessageState.PENDING
    shown = school.app.read(show_learner, ShowLearner(learner_id), school.owner)
    assert [entry.what for entry in shown.history][:2] in (
        ["removed", "undone"],
        ["undone", "removed"],
        ["created", "removed"],
    )


def test_undo_is_refused_where_the_budget_has_no_room_for_the_invitation_any_more(school: School) -> None:
    removed = remove(school, ada(school))
    change(school.app, Agreement, only(school.app, Agreement).id, budget_pence=0, prepaid_count=0)

    with pytest.raises(BudgetExceeded):
        school.app.run(undo_learner_change, UndoLearnerChange(removed.change_id), school.owner)

    assert only(school.app, Learner).removed_at is not None
    assert newest(school.app, A).state is InvitationState.CANCELLED


def test_an_invitation_made_anew_meanwhile_is_not_doubled(school: School) -> None:
    learner_id = ada(school)
    removed = remove(school, learner_id)
    invite_again(school)

    school.app.run(undo_learner_change, UndoLearnerChange(removed.change_id), school.owner)

    pending = everything(school.app, Invitation, Invitation.state == InvitationState.PENDING)
    assert len(pending) == 1


def invite_again(school: School) -> None:
    from core.usecases.invitations.single import ReinviteLearner, reinvite_learner

    school.app.run(reinvite_learner, ReinviteLearner(POETRY, A, is_confirmed=True), school.owner)


def test_an_import_brings_them_back_and_then_there_is_nothing_to_undo(school: School) -> None:
    import_sheet(school, line("Ada", Dob="2010-01-02"))
    removed = remove(school, only(school.app, Learner).id)

    import_sheet(school, line("Ada", Dob="2010-01-02", Town="York"))

    assert only(school.app, Learner).removed_at is None
    with pytest.raises(UndoOver, match="was changed since"):
        school.app.run(undo_learner_change, UndoLearnerChange(removed.change_id), school.owner)


def test_who_is_created_again_is_back_with_their_username(school: School) -> None:
    made = save(school.app, school.owner, "Ada")
    remove(school, made.card.learner_id)

    again = save(school.app, school.owner, "Ada", town="York")

    assert (again.card.learner_id, again.card.username) == (made.card.learner_id, made.card.username)
    school.app.run(undo_learner_change, UndoLearnerChange(again.change_id), school.owner)
    assert only(school.app, Learner).removed_at is not None


def test_undo_is_over_after_ten_minutes(school: School) -> None:
    removed = remove(school, save(school.app, school.owner, "Ada").card.learner_id)
    clock_of(school.app).now += UNDO_LIFE

    with pytest.raises(UndoOver, match="more than 10 minutes ago"):
        school.app.run(undo_learner_change, UndoLearnerChange(removed.change_id), school.owner)


def test_somebody_must_be_named_and_be_the_asker_s(school: School) -> None:
    made = save(school.app, school.owner, "Ada", ukprn="10000001")

    with pytest.raises(LearnerNotChosen):
        school.app.run(remove_learner, RemoveLearner(), school.owner)
    with pytest.raises(LearnerNotFound):
        school.app.run(remove_learner, RemoveLearner(made.card.learner_id), school.manager)
    with pytest.raises(LearnerNotFound):
        school.app.run(remove_learner, RemoveLearner(who="nobody"), school.owner)


def test_a_new_one_who_has_been_on_a_run_and_left_it_is_not_taken_back(school: School) -> None:
    made = save(school.app, school.owner, "Ada", email="ada@example.org")
    invite(school, "ada@example.org", run=MATHS)
    accept(school.app, "ada@example.org")
    change(school.app, Enrolment, only(school.app, Enrolment).id, left_at=clock_of(school.app).now)

    with pytest.raises(UndoOver, match="joined a run"):
        school.app.run(undo_learner_change, UndoLearnerChange(made.change_id), school.owner)
