"""Workers as processes: killed, stopped, restarted. The ledger tells what left the house, and how often."""

import asyncio
import signal

import pytest

from core.app import App
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.words import MessageKind
from tests.factories import make_school
from tests.worker.ledger import deliveries, make_organisation, states, write_messages
from tests.worker.processes import PATIENCE_SECONDS, Life, close, deliverers, open_app, until, worker_process
from worker.client import open_client
from worker.console import resume_pending
from worker.engine import Worker

KILLED = -signal.SIGKILL


def _is_settled(app: App) -> bool:
    now = states(app)
    return not now["pending"] and not now["sending"]


def _killed_while_sending(life: Life, failpoints: str) -> None:
    with worker_process(life.but(failpoints=failpoints)) as process:
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == KILLED


def _killed_after(life: Life, messages: int) -> None:
    with worker_process(life) as process:
        until(lambda: sum(deliveries(life.ledger).values()) >= messages)
        process.kill()
        process.join()


def test_kills_lose_nothing_and_double_no_more_than_was_in_flight(life: Life, app: App) -> None:
    make_organisation(app)
    ids = write_messages(app, 160)
    life = life.but(seconds=0.005)

    _killed_while_sending(life, "claimed:7")
    _killed_while_sending(life, "before_mark:9")
    _killed_after(life, 100)
    with worker_process(life):
        until(lambda: _is_settled(app))

    delivered = deliveries(life.ledger)
    assert set(ids) <= set(delivered)
    assert sum(delivered.values()) - len(delivered) <= 3 * life.slots * life.width
    assert states(app) == {"sent": len(delivered)}


def test_a_kind_that_must_not_arrive_twice_never_does(life: Life, app: App) -> None:
    make_organisation(app)
    ids = write_messages(app, 120, MessageKind.SLACK_CODE)
    life = life.but(seconds=0.005)

    _killed_while_sending(life, "before_mark:5")
    _killed_while_sending(life, "claimed:11")
    with worker_process(life):
        until(lambda: _is_settled(app))

    delivered = deliveries(life.ledger)
    held = states(app)["held"]
    assert max(delivered.values()) == 1
    assert 0 < held <= 2 * life.slots * life.width
    assert len(ids) - len(delivered) < held


def test_a_worker_that_is_told_to_stop_hands_back_and_doubles_nothing(life: Life, app: App) -> None:
    make_organisation(app)
    ids = write_messages(app, 120)
    life = life.but(seconds=0.02)

    with worker_process(life) as process:
        until(lambda: sum(deliveries(life.ledger).values()) >= 20)
        process.terminate()
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0
    stopped = states(app)
    with worker_process(life.but(seconds=0)):
        until(lambda: _is_settled(app), seconds=10)

    assert stopped["sending"] == 0
    assert stopped["pending"] > 0
    assert set(deliveries(life.ledger).values()) == {1}
    assert set(ids) <= set(deliveries(life.ledger))


def test_two_workers_share_the_work_and_double_nothing(life: Life, app: App) -> None:
    make_organisation(app)
    life = life.but(seconds=0.002)

    with worker_process(life), worker_process(life):
        ids = write_messages(app, 200)
        until(lambda: _is_settled(app))

    assert set(ids) <= set(deliveries(life.ledger))
    assert set(deliveries(life.ledger).values()) == {1}


@pytest.mark.slow  # A slip of a person; that a claim is taken once is tried every day with two workers.
def test_a_live_worker_resumed_by_mistake_sends_once(life: Life, app: App) -> None:
    make_organisation(app)
    client = open_client(life.url)

    with worker_process(life.but(seconds=0.02)):
        write_messages(app, 60)
        until(lambda: len(deliveries(life.ledger)) > 5)
        resumed = resume_pending(client, "host-1")
        until(lambda: _is_settled(app))

    assert resumed > 0
    assert set(deliveries(life.ledger).values()) == {1}
    client.destroy()


def test_a_batch_that_is_recalled_before_its_window_ends_never_leaves(embedded: Life) -> None:
    life = embedded.but(recall=2)
    app = open_app(life)
    school = make_school(app)
    addresses = " ".join(f"learner{number}@example.org" for number in range(5))

    with worker_process(life):
        until(lambda: _is_settled(app))
        before = set(deliveries(life.ledger))
        draft = app.run(prepare_invitation, PrepareInvitation("maths-2026-03", addresses), school.owner)
        invited = app.run(invite_learners, InviteLearners(draft.draft_id), school.owner)
        app.run(recall_batch, RecallBatch(invited.confirmation_id), school.owner)
        client = open_client(life.url)
        until(lambda: not client.list_workflows(name="send_mail", status=["DELAYED", "ENQUEUED", "PENDING"]))

    assert states(app)["dropped"] == 5
    assert len(set(deliveries(life.ledger)) - before) <= 1  # The scoreboard tells of it.
    client.destroy()
    close(app)


def test_a_mail_leaves_without_waiting_for_the_sweeper_when_there_is_no_recall_window(embedded: Life) -> None:
    app = open_app(embedded)
    make_organisation(app)

    with worker_process(embedded):
        until(lambda: _is_settled(app))
        ids = write_messages(app, 1)
        # The sweeper leaves a message alone for fifteen seconds.
        until(lambda: ids[0] in deliveries(embedded.ledger), seconds=10)

    assert states(app)["sent"] >= 1
    assert deliveries(embedded.ledger)[ids[0]] == 1
    close(app)


def test_housekeeping_is_scheduled_and_runs(embedded: Life) -> None:
    app = open_app(embedded)
    make_organisation(app)
    client = open_client(embedded.url)

    with worker_process(embedded):
        until(lambda: _is_settled(app))
        client.trigger_schedule("housekeeping")
        until(lambda: bool(client.list_workflows(name="housekeeping", status="SUCCESS")))

    assert client.list_workflows(name="housekeeping", status="ERROR") == []
    client.destroy()
    close(app)


def _work_within_a_loop(life: Life) -> None:
    """Starts and stops a worker beside an event loop, as ``usher serve`` does."""

    async def main() -> None:
        app = open_app(life)
        worker = Worker(app, app.settings, deliverers(life))
        await asyncio.to_thread(worker.start)
        executor = asyncio.get_running_loop()._default_executor  # type: ignore[attr-defined]
        assert executor is not None
        assert executor._thread_name_prefix.startswith("asyncio")
        await asyncio.to_thread(worker.stop)
        assert await asyncio.to_thread(lambda: 7) == 7
        close(app)

    asyncio.run(main())


def test_the_threads_of_the_event_loop_are_left_alone(embedded: Life) -> None:
    with worker_process(embedded, run=_work_within_a_loop) as process:
        process.join(PATIENCE_SECONDS)

        assert process.exitcode == 0
