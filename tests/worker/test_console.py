"""What an operator may see and do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from dbos import DBOSClient

from core.app import App
from core.rules.policy import CHUNK_MESSAGES
from tests.worker.ledger import make_organisation, write_messages
from tests.worker.processes import Life
from worker import console
from worker.client import open_client
from worker.console import JobCount, JobNotFound

FAR_FUTURE = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def client(life: Life, app: App) -> Iterator[DBOSClient]:
    make_organisation(app)
    client = open_client(life.url)
    client.delete_workflows([job.workflow_id for job in client.list_workflows()])
    yield client
    client.destroy()


def test_what_waits_is_counted_by_queue(app: App, client: DBOSClient) -> None:
    write_messages(app, CHUNK_MESSAGES + 1)
    write_messages(app, CHUNK_MESSAGES + 1, seconds=30)

    assert console.job_counts(client) == [JobCount("mail", "DELAYED", 2), JobCount("mail", "ENQUEUED", 2)]


def test_a_cancelled_job_can_be_replayed_on_its_queue(app: App, client: DBOSClient) -> None:
    write_messages(app, 1)
    [job] = client.list_workflows()

    console.cancel_job(client, job.workflow_id)
    cancelled = console.job_counts(client)
    console.replay_job(client, job.workflow_id)

    assert cancelled == []
    assert console.job_counts(client) == [JobCount("mail", "ENQUEUED", 1)]


def test_a_job_that_is_not_there_is_neither_replayed_nor_cancelled(client: DBOSClient) -> None:
    for act in (console.replay_job, console.cancel_job):
        with pytest.raises(JobNotFound, match="no job “mail-7”"):
            act(client, "mail-7")


def test_finished_jobs_are_forgotten_after_a_while(app: App, client: DBOSClient) -> None:
    write_messages(app, 1)
    [job] = client.list_workflows()
    console.cancel_job(client, job.workflow_id)

    young = console.forget_finished(client, before=FAR_FUTURE - timedelta(days=36500))
    old = console.forget_finished(client, before=FAR_FUTURE)

    assert (young, old) == (0, 1)
    assert client.list_workflows() == []


def test_waiting_jobs_are_not_forgotten(app: App, client: DBOSClient) -> None:
    write_messages(app, 1)

    assert console.forget_finished(client, before=FAR_FUTURE) == 0
    assert console.failed_jobs(client) == []
