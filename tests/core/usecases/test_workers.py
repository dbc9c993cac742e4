"""Heartbeats, the reaping of dead workers, and the forgetting of what is old."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from core.app import App
from core.errors import OperatorOnly
from core.model import Base, Draft, IdempotencyRecord, WorkerBeat
from core.rules.policy import DRAFT_LIFE, HEARTBEAT_SILENCE, IDEMPOTENCY_LIFE
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.workers import (
    Beat,
    DeadFound,
    FindDead,
    ForgetOld,
    ListWorkers,
    OldForgotten,
    beat,
    find_dead,
    forget_old,
    list_workers,
)
from tests.core.usecases.acting import MATHS, at_once, clock_of, dump, everything, invite, only
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM, School


def beats(app: App, executor: str, *, is_start: bool = False) -> bool:
    return app.run(beat, Beat(executor, is_start), SYSTEM).is_reaped


def dead(app: App, finder: str) -> tuple[str, ...]:
    return app.run(find_dead, FindDead(finder), SYSTEM).executors


def test_a_worker_that_beats_is_alive(app: App) -> None:
    beats(app, "a")
    clock_of(app).now += HEARTBEAT_SILENCE

    assert dead(app, "b") == ()
    assert not beats(app, "a")
    assert only(app, WorkerBeat).beat_at == clock_of(app)()
    assert only(app, WorkerBeat).started_at == NOW


def test_a_silent_worker_is_reaped_once(app: App) -> None:
    beats(app, "a")
    clock_of(app).now += HEARTBEAT_SILENCE + timedelta(microseconds=1)

    assert dead(app, "b") == ("a",)
    assert dead(app, "c") == ()


def test_a_worker_does_not_reap_itself(app: App) -> None:
    beats(app, "a")
    clock_of(app).advance(hours=1)

    assert dead(app, "a") == ()


def test_of_two_that_look_at_once_one_reaps_each_dead_worker(app: App) -> None:
    for name in "abc":
        beats(app, name)
    clock_of(app).advance(hours=1)

    found = at_once(*(lambda by=by: app.run(find_dead, FindDead(by), SYSTEM) for by in ("x", "y", "z")))

    reaped = [name for each in found if isinstance(each, DeadFound) for name in each.executors]
    assert sorted(reaped) == ["a", "b", "c"]


def test_a_worker_that_was_taken_for_dead_learns_it_until_it_starts_anew(app: App) -> None:
    beats(app, "a")
    clock_of(app).advance(hours=1)
    dead(app, "b")

    assert beats(app, "a")
    assert beats(app, "a")
    assert not beats(app, "a", is_start=True)
    assert not beats(app, "a")
    clock_of(app).advance(hours=1)
    assert dead(app, "b") == ("a",)


def test_two_first_beats_at_once_are_one_worker(app: App) -> None:
    assert at_once(*([lambda: beats(app, "a")] * 3)) == [False] * 3
    assert len(everything(app, WorkerBeat)) == 1


def test_an_operator_sees_who_is_silent(app: App) -> None:
    beats(app, "a")
    clock_of(app).now += HEARTBEAT_SILENCE + timedelta(seconds=1)
    beats(app, "b")
    dead(app, "b")

    workers = app.read(list_workers, ListWorkers(), OPERATOR).workers

    assert [(each.executor, each.is_silent, each.is_reaped) for each in workers] == [
        ("a", True, True), ("b", False, False)
    ]  # fmt: skip
    with pytest.raises(OperatorOnly):
        app.read(list_workers, ListWorkers(), LEARNER)


# --- Forgetting -------------------------------------------------------------------------------------------


def forget(app: App) -> OldForgotten:
    return app.run(forget_old, ForgetOld(), SYSTEM)


def test_previews_that_nobody_confirmed_are_forgotten_and_confirmed_ones_stay(school: School) -> None:
    invited = invite(school, "a@example.org")
    school.app.run(prepare_invitation, PrepareInvitation(MATHS, "b@example.org"), school.owner)
    clock_of(school.app).now += DRAFT_LIFE

    early = forget(school.app)
    clock_of(school.app).now += timedelta(microseconds=1)
    late = forget(school.app)

    assert (early.drafts, late.drafts) == (0, 1)
    assert only(school.app, Draft).id == invited.confirmation_id
    again = school.app.run(invite_learners, InviteLearners(invited.confirmation_id), school.owner)
    assert again == invited


def test_a_preview_is_remembered_no_longer_for_having_been_asked_for_by_an_event(school: School) -> None:
    school.app.run(prepare_invitation, PrepareInvitation(MATHS, "b@example.org"), school.owner, key="slack:E1")
    clock_of(school.app).now += DRAFT_LIFE + timedelta(microseconds=1)

    forget(school.app)

    assert "b@example.org" not in str(dump(school.app))


def test_answers_are_forgotten_in_their_time(app: App) -> None:
    record = {"key": "k", "action": "x", "result": "{}", "created_at": NOW}
    with app.engine.begin() as connection:
        connection.execute(insert(Base.metadata.tables["idempotency_record"]), record)

    clock_of(app).now = NOW + IDEMPOTENCY_LIFE
    early = forget(app)
    clock_of(app).now += timedelta(seconds=1)
    late = forget(app)

    assert (early.answers, late.answers) == (0, 1)
    assert everything(app, IdempotencyRecord) == []
