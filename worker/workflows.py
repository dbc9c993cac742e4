"""The durable workflows: rows of the engine refer to them by name, so the names stay.

1. Only ids travel. What a workflow needs besides is ``on_duty`` in this process, put there by ``Worker``.
2. The message rows are the truth: a chunk that runs twice finds nothing left to claim.
3. Steps return plain dictionaries and raise without values: the engine stores both, and must hold no address.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Event, Semaphore
from typing import Any, Final

from dbos import DBOS, DBOSClient
from msgspec import Struct
from msgspec.structs import asdict

from core.app import App
from core.context import System
from core.failpoints import Failpoints
from core.importing import fulfil_in_background, run_in_background
from core.jobs import JobKind
from core.progressing import merge_in_background
from core.rules.policy import FINISHED_JOB_LIFE, IMPORT_STEPS_AN_HOUR
from core.usecases.imports.retention import ForgetImports, forget_imports
from core.usecases.messages.recovering import HandBack, hand_back
from core.usecases.progress.retention import EraseReport, erase_report
from core.usecases.retention import EraseOverdue, ForgetOld, erase_overdue, forget_old
from worker import console
from worker.sending import ChunkSent, Deliverer, send_chunk

# After that many kills the engine lets a job lie, and the sweeper makes a new one of what is due. It is many, because
# a kill counts for chunks that were only at hand, too; what ends workers is found by the tries counted in its row.
_RECOVERIES: Final = 50

_log = logging.getLogger("usher.worker")


class ChunkFailed(Exception):
    """Names the class of what went wrong; the log has the rest."""


class Duty(Struct, frozen=True):
    app: App
    client: DBOSClient
    executor: str
    deliverers: Mapping[JobKind, Deliverer[Any]]
    failpoint: Failpoints
    stop: Event
    turns: Mapping[JobKind, Semaphore]
    """So many chunks of a kind send at a time, though more have been taken from the queue, to be at hand."""
    places: Mapping[JobKind, Semaphore]
    """So many are loaded at a time: those that send, and one to follow at once."""


_on_duty: list[Duty] = []


def begin_duty(duty: Duty) -> None:
    _on_duty.append(duty)


def end_duty() -> None:
    _on_duty.clear()


@DBOS.workflow(name="send_mail", max_recovery_attempts=_RECOVERIES)
def send_mail(message_ids: list[int]) -> dict[str, int]:
    return deliver_chunk(JobKind.SEND_MAIL, message_ids)


@DBOS.workflow(name="send_slack", max_recovery_attempts=_RECOVERIES)
def send_slack(message_ids: list[int]) -> dict[str, int]:
    return deliver_chunk(JobKind.SEND_SLACK, message_ids)


@DBOS.step(name="send_chunk")
def deliver_chunk(kind: str, message_ids: list[int]) -> dict[str, int]:
    duty = _on_duty[-1]
    try:
        sent = _sent_in_turn(duty, JobKind(kind), message_ids)
        if sent.left_ids:
            duty.app.run(hand_back, HandBack(JobKind(kind), sent.left_ids), System())
    except Exception as error:
        _log.exception("a chunk failed; the sweeper takes what is left of it")
        raise ChunkFailed(type(error).__name__) from None
    return {**sent.counts, "left": len(sent.left_ids)}


def _sent_in_turn(duty: Duty, kind: JobKind, message_ids: list[int]) -> ChunkSent:
    with duty.places[kind]:
        return send_chunk(
            duty.app,
            duty.deliverers[kind],
            message_ids,
            executor=duty.executor,
            failpoint=duty.failpoint,
            stop=duty.stop,
            turn=duty.turns[kind],
        )


@DBOS.workflow(name="run_import", max_recovery_attempts=_RECOVERIES)
def run_import(import_ids: list[int]) -> dict[str, int]:
    return finish_imports(import_ids)


@DBOS.step(name="finish_imports")
def finish_imports(import_ids: list[int]) -> dict[str, int]:
    """One that fails is swept later, and given up after a few tries."""
    return _settled(run_in_background, import_ids)


def _settled(run: Callable[[App, int], bool], ids: list[int]) -> dict[str, int]:
    app = _on_duty[-1].app
    try:
        return {"settled": sum(run(app, each) for each in ids)}
    except Exception as error:
        _log.exception("a file's job failed; the sweeper takes it up again")
        raise ChunkFailed(type(error).__name__) from None


@DBOS.workflow(name="run_order", max_recovery_attempts=_RECOVERIES)
def run_order(order_ids: list[int]) -> dict[str, int]:
    return finish_orders(order_ids)


@DBOS.step(name="finish_orders")
def finish_orders(order_ids: list[int]) -> dict[str, int]:
    """One that fails is swept later, and refused after a few tries."""
    return _settled(fulfil_in_background, order_ids)


@DBOS.workflow(name="run_report", max_recovery_attempts=_RECOVERIES)
def run_report(report_ids: list[int]) -> dict[str, int]:
    return finish_reports(report_ids)


@DBOS.step(name="finish_reports")
def finish_reports(report_ids: list[int]) -> dict[str, int]:
    """One that fails is swept later, and given up after a few tries."""
    return _settled(merge_in_background, report_ids)


# Of 2,000 rows: what is left waits for the next hour.
_RETENTION_STEPS = 100


@DBOS.workflow(name="housekeeping", max_recovery_attempts=_RECOVERIES)
def housekeeping(at: datetime, context: Any) -> None:
    """Scheduled by the engine, which runs a tick once however many workers there are."""
    tidy_up()


@DBOS.step(name="tidy_up")
def tidy_up() -> dict[str, int]:
    duty = _on_duty[-1]
    forgotten = duty.app.run(forget_old, ForgetOld(), System())
    imports = _forget_imports(duty.app)
    reports = _erase_reports(duty.app)
    for _ in range(_RETENTION_STEPS):
        if not duty.app.run(erase_overdue, EraseOverdue(), System()).is_more:
            break
    long_ago = duty.app.clock() - FINISHED_JOB_LIFE
    jobs = console.forget_finished(duty.client, before=long_ago)
    stale = console.cancel_stale(duty.client, before=long_ago)
    return asdict(forgotten) | {"imports": imports, "report_steps": reports, "jobs": jobs, "stale": stale}


def _forget_imports(app: App) -> int:
    """Step by step, so that nobody waits for long; what an hour is too short for goes on in the next."""
    count = 0
    for _ in range(IMPORT_STEPS_AN_HOUR):
        done = app.run(forget_imports, ForgetImports(), System())
        count += done.imports
        if not done.is_more:
            break
    return count


def _erase_reports(app: App) -> int:
    """Of progress, as step by step; how many steps it took."""
    for step in range(IMPORT_STEPS_AN_HOUR):
        if app.run(erase_report, EraseReport(), System()).is_done:
            return step
    return IMPORT_STEPS_AN_HOUR
