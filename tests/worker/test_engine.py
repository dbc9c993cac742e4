"""Jobs are rows of the caller's transaction."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbos import DBOSClient

import worker
from core.app import App
from core.context import Context
from core.jobs import Job, JobKind, SweptJobs
from tests.factories import OPERATOR, make_app
from tests.worker.processes import Life
from worker.client import open_client
from worker.engine import Worker


@pytest.fixture
def client(life: Life) -> Iterator[DBOSClient]:
    client = open_client(life.url)
    yield client
    client.destroy()


def test_a_job_is_stored_with_the_transaction_that_decided_it(app: App, client: DBOSClient) -> None:
    app.run(_enqueue, Job(JobKind.SEND_MAIL, "send_mail-7-0", (7, 2**62)), OPERATOR)

    [stored] = client.list_workflows()
    assert (stored.workflow_id, stored.name, stored.queue_name) == ("send_mail-7-0", "send_mail", "mail")
    assert stored.input is not None
    assert stored.input["args"] == ([7, 2**62],)


def test_a_rolled_back_transaction_leaves_no_job(app: App, client: DBOSClient) -> None:
    with pytest.raises(ZeroDivisionError):
        app.run(_enqueue_and_fail, Job(JobKind.SEND_MAIL, "send_mail-7-0", (7,)), OPERATOR)

    assert client.list_workflows() == []


def test_the_same_key_is_one_job(app: App, client: DBOSClient) -> None:
    for ids in ((7,), (8,)):
        app.run(_enqueue, Job(JobKind.SEND_MAIL, "send_mail-7-0", ids), OPERATOR)

    [stored] = client.list_workflows()
    assert stored.input is not None
    assert stored.input["args"] == ([7],)


def test_a_worker_needs_an_app_that_enqueues(app: App) -> None:
    with pytest.raises(TypeError, match="DbosJobs"):
        Worker(make_app(app.engine, jobs=SweptJobs()), app.settings, {})


def test_nobody_resets_the_system_database() -> None:
    house = Path(worker.__file__).parent.parent
    callers = [
        path
        for folder in ("bot", "core", "mail", "web", "worker", "usher", "tests", "bench")
        for path in (house / folder).rglob("*.py")
        if _names(path, "reset_system_database")
    ]

    assert callers == []


def _names(path: Path, attribute: str) -> bool:
    source = path.read_text()
    if attribute not in source:
        return False
    return any(isinstance(node, ast.Attribute) and node.attr == attribute for node in ast.walk(ast.parse(source)))


def _enqueue(ctx: Context, job: Job) -> None:
    ctx.jobs.enqueue(ctx.session, [job])


def _enqueue_and_fail(ctx: Context, job: Job) -> None:
    _enqueue(ctx, job)
    raise ZeroDivisionError
