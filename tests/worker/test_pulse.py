"""Heartbeats, and what happens to the work of those who fall silent."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import pytest
from dbos import DBOSClient

from core.app import App
from core.rules.policy import HEARTBEAT_SILENCE
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.workers import Beat, FindDead, beat, find_dead
from tests.factories import SYSTEM, FixedClock
from tests.worker.ledger import make_organisation, states, write_messages
from tests.worker.processes import Life, close, open_app
from worker.client import open_client
from worker.pulse import Pulse, reap_dead


class Held:
    """A name that nobody disputes, or one that was taken."""

    name = "host-1"

    def __init__(self, *, held: bool = True) -> None:
        self._held = held

    def is_held(self) -> bool:
        return self._held

    def release(self) -> None:
        """Nothing holds it."""


@pytest.fixture
def clock(app: App) -> FixedClock:
    """Stands still from here on."""
    clock = FixedClock()
    app.clock = clock
    make_organisation(app)
    return clock


@pytest.fixture
def client(life: Life) -> Iterator[DBOSClient]:
    client = open_client(life.url)
    yield client
    client.destroy()


def _silent(app: App, clock: FixedClock, executor: str) -> None:
    app.run(beat, Beat(executor, is_start=True), SYSTEM)
    clock.now += HEARTBEAT_SILENCE + timedelta(seconds=1)


def _pulse(app: App, client: DBOSClient, slot: Held | None = None) -> tuple[Pulse, Event]:
    lost = Event()
    return Pulse(app, client, slot or Held(), Event(), lost.set), lost


def test_a_silent_worker_is_reaped_by_one_of_two(life: Life, app: App, clock: FixedClock, client: DBOSClient) -> None:
    other = open_app(life)
    other.clock = clock
    _silent(app, clock, "dead-1")

    reaped = [reap_dead(app, client, "host-1"), reap_dead(other, client, "host-2")]

    assert reaped == [("dead-1",), ()]
    close(other)


def test_what_a_silent_worker_was_sending_is_due_again(app: App, clock: FixedClock, client: DBOSClient) -> None:
    ids = write_messages(app, 3)
    app.run(turn_over, TurnOver("dead-1", claim_ids=ids), SYSTEM)
    before = states(app)
    _silent(app, clock, "dead-1")

    reap_dead(app, client, "host-1")

    assert before["sending"] == 3
    assert states(app)["sending"] == 0


def test_a_worker_that_was_taken_for_dead_stops(app: App, clock: FixedClock, client: DBOSClient) -> None:
    _silent(app, clock, "host-1")
    app.run(find_dead, FindDead("host-2"), SYSTEM)
    pulse, lost = _pulse(app, client)

    pulse.start()
    pulse.join()

    assert lost.is_set()


def test_a_worker_whose_name_was_taken_stops(app: App, clock: FixedClock, client: DBOSClient) -> None:
    pulse, lost = _pulse(app, client, Held(held=False))

    pulse.start()
    pulse.join()

    assert lost.is_set()


def test_who_was_silent_itself_judges_nobody_for_a_minute(app: App, clock: FixedClock, client: DBOSClient) -> None:
    app.run(beat, Beat("other-1", is_start=True), SYSTEM)
    pulse, _ = _pulse(app, client)
    pulse.tick()
    clock.now += timedelta(minutes=5)  # The database was away: nobody could beat.

    pulse.tick()

    assert not app.run(beat, Beat("other-1"), SYSTEM).is_reaped


def test_who_beats_steadily_reaps_the_silent(app: App, clock: FixedClock, client: DBOSClient) -> None:
    app.run(beat, Beat("dead-1", is_start=True), SYSTEM)
    pulse, _ = _pulse(app, client)

    for _ in range(8):
        assert pulse.tick()
        clock.now += timedelta(seconds=10)

    assert app.run(beat, Beat("dead-1"), SYSTEM).is_reaped


def test_due_messages_without_a_job_are_swept_into_one(app: App, clock: FixedClock, client: DBOSClient) -> None:
    write_messages(app, 2)
    client.cancel_workflows([job.workflow_id for job in client.list_workflows(name="send_mail")])
    clock.now += timedelta(seconds=20)

    _pulse(app, client)[0].tick()

    [swept] = client.list_workflows(name="send_mail", status="ENQUEUED")
    assert "swept" in swept.workflow_id
