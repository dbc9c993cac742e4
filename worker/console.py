"""What an operator sees of the background engine, and may do to it: plain data in, plain data out."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from dbos import DBOSClient
from msgspec import Struct

from core.errors import NotFound
from worker.client import QUEUES, VERSION

_WAITING: Final = ["ENQUEUED", "DELAYED", "PENDING"]
_FAILED: Final = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_FINISHED: Final = ["SUCCESS", "CANCELLED", *_FAILED]
_AT_ONCE: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class JobNotFound(NotFound):
    code = "job_not_found"
    wording = "There is no job “{job_id}”."
    advice = "“usher jobs failed” lists those that failed."


class JobCount(Struct, frozen=True):
    queue: str
    status: str
    jobs: int


class JobShown(Struct, frozen=True):
    job_id: str
    queue: str
    status: str
    created_at: datetime
    executor: str


def job_counts(client: DBOSClient) -> list[JobCount]:
    """What waits, runs, or failed. A finished job is not counted: it is forgotten soon."""
    counts = Counter((job.queue, job.status) for job in _jobs(client, [*_WAITING, *_FAILED]))
    return [JobCount(queue, status, jobs) for (queue, status), jobs in sorted(counts.items())]


def failed_jobs(client: DBOSClient) -> list[JobShown]:
    """Nothing is lost by them: the messages they left are due, and are swept into new jobs."""
    return list(_jobs(client, _FAILED))


def replay_job(client: DBOSClient, job_id: str) -> None:
    """Runs a finished, failed or cancelled job from its start; messages that were sent are not sent again.

    Raises JobNotFound.
    """
    # The engine forgets the queue of a job that it gave up.
    name = _name(client, job_id)
    queue = next((queue for kind, queue in QUEUES.items() if kind == name), None)
    client.rewind_workflow(job_id, queue_name=queue, application_version=VERSION)


def cancel_job(client: DBOSClient, job_id: str) -> None:
    """The sweeper makes a new job of messages that are still due: recall the batch to keep them unsent.

    Raises JobNotFound: the engine would say nothing.
    """
    _name(client, job_id)
    client.cancel_workflow(job_id)


def resume_pending(client: DBOSClient, executor: str) -> int:
    """Gives a dead worker's jobs to the living, on the queue where they were. Returns how many."""
    by_queue: dict[str, list[str]] = defaultdict(list)
    for job in _jobs(client, ["PENDING"], executor):
        by_queue[job.queue].append(job.job_id)
    for queue, ids in by_queue.items():
        client.resume_workflows(ids, queue_name=queue or None)
    return sum(map(len, by_queue.values()))


def cancel_stale(client: DBOSClient, *, before: datetime) -> int:
    """Jobs that seem to run since then: their worker died, and so did the one that was about to look after them."""
    rows = client.list_workflows(status="PENDING", end_time=before.isoformat(), load_input=False, load_output=False)
    client.cancel_workflows([row.workflow_id for row in rows])
    return len(rows)


def forget_finished(client: DBOSClient, *, before: datetime) -> int:
    """The engine keeps finished jobs for ever. Returns how many it had."""
    forgotten = 0
    while True:
        rows = client.list_workflows(
            status=_FINISHED,
            completed_before=before.isoformat(),
            limit=_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if not rows:
            return forgotten
        client.delete_workflows([row.workflow_id for row in rows])
        forgotten += len(rows)


def _name(client: DBOSClient, job_id: str) -> str:
    rows = client.list_workflows(workflow_ids=[job_id], load_input=False, load_output=False)
    if not rows:
        raise JobNotFound(job_id=job_id)
    return rows[0].name


def _jobs(client: DBOSClient, status: list[str], executor: str | None = None) -> Iterator[JobShown]:
    rows = client.list_workflows(status=status, executor_id=executor, load_input=False, load_output=False)
    for row in rows:
        yield JobShown(
            job_id=row.workflow_id,
            queue=row.queue_name or "",
            status=row.status,
            created_at=_EPOCH + timedelta(milliseconds=row.created_at or 0),
            executor=row.executor_id or "",
        )
