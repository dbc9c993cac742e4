"""The steps of the workflows, called as the functions that they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Semaphore

import pytest
from dbos import DBOSClient

from core.app import App
from core.failpoints import Failpoints
from core.jobs import JobKind
from core.letters import Loaded, Outcome
from tests.factories import FixedClock
from tests.worker.ledger import LedgerDeliverer, make_organisation, write_messages
from tests.worker.processes import Life, close, open_app
from worker import workflows
from worker.client import open_client


class Broken:
    width = 1

    def load(self, app: App, ids: Sequence[int], /) -> Loaded[int]:
        raise ValueError("learner@example.org")

    def send(self, items: Sequence[int], /) -> list[Outcome]:
        return []


@pytest.fixture
def client(embedded: Life) -> Iterator[DBOSClient]:
    client = open_client(embedded.url)
    yield client
    client.destroy()


@pytest.fixture
def duty(embedded: Life, client: DBOSClient, tmp_path: Path) -> Iterator[workflows.Duty]:
    app = open_app(embedded)
    app.clock = FixedClock()
    make_organisation(app)
    client.delete_workflows([job.workflow_id for job in client.list_workflows()])
    duty = workflows.Duty(
        app=app,
        client=client,
        executor="host-1",
        deliverers={JobKind.SEND_MAIL: LedgerDeliverer(tmp_path / "ledger"), JobKind.SEND_SLACK: Broken()},
        failpoint=Failpoints(""),
        stop=Event(),
        turns={kind: Semaphore(1) for kind in JobKind},
        places={kind: Semaphore(2) for kind in JobKind},
    )
    workflows.begin_duty(duty)
    yield duty
    workflows.end_duty()
    close(app)


def test_workflows_have_the_names_that_jobs_carry() -> None:
    flows = (workflows.send_mail, workflows.send_slack, workflows.run_import, workflows.run_report, workflows.run_order)
    names = {flow.dbos_function_name for flow in flows}  # type: ignore[union-attr]  # Set by the decorator.

    assert names == {kind.value for kind in JobKind}


def test_a_chunk_tells_what_became_of_it_in_plain_numbers(duty: workflows.Duty) -> None:
    ids = write_messages(duty.app, 3)

    assert workflows.deliver_chunk(JobKind.SEND_MAIL, list(ids)) == {"accepted": 3, "left": 0}


def test_a_failed_chunk_leaves_no_address_in_the_engine(duty: workflows.Duty) -> None:
    with pytest.raises(workflows.ChunkFailed) as failure:
        workflows.deliver_chunk(JobKind.SEND_SLACK, [1])

    assert str(failure.value) == "ValueError"
    assert failure.value.__cause__ is None


def test_a_worker_that_stops_hands_its_chunk_back_as_a_new_job(duty: workflows.Duty) -> None:
    ids = write_messages(duty.app, 3)
    duty.stop.set()

    result = workflows.deliver_chunk(JobKind.SEND_MAIL, list(ids))

    assert result == {"left": 3}
    [handed_back] = duty.client.list_workflows(status="DELAYED")
    assert handed_back.input is not None
    assert handed_back.input["args"] == (list(ids),)


def test_housekeeping_forgets_what_finished_and_ends_what_never_will(duty: workflows.Duty) -> None:
    write_messages(duty.app, 1)
    [job] = duty.client.list_workflows()
    duty.client.cancel_workflow(job.workflow_id)
    assert isinstance(duty.app.clock, FixedClock)
    duty.app.clock.now = duty.app.clock.now.replace(year=2100)

    tidied = workflows.tidy_up()

    assert (tidied["jobs"], tidied["stale"]) == (1, 0)
    assert duty.client.list_workflows() == []
