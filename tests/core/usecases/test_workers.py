"""Heartbeats, and the reaping of dead workers."""

from datetime import timedelta

import pytest

from core.app import App
from core.errors import OperatorOnly
from core.model import WorkerBeat
from core.rules.policy import HEARTBEAT_SILENCE
from core.usecases.workers import (
    Beat,
    DeadFound,
    FindDead,
    ListWorkers,
    beat,
    find_dead,
    list_workers,
)
from tests.core.usecases.acting import at_once, clock_of, everything, only
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM


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
