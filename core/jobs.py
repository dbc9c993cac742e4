"""The kinds of background work, and the promise that each is enqueued in the caller's transaction.

1. A job is enqueued on the session of the transaction that decided it: rolled back, it never was.
2. Only ids travel in a job. The rows are the truth; a job that runs twice says and does the same once.
3. A job that is lost is found again: every kind here acts on rows that are due, and a tick looks for due rows.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class JobKind(StrEnum):
    SEND_MAIL = "send_mail"
    SEND_SLACK = "send_slack"
    RUN_IMPORT = "run_import"
    """One import of learners, by its id."""
    RUN_ORDER = "run_order"
    """One import released or undone, by the order's id."""
    RUN_REPORT = "run_report"
    """One report of progress, by its id."""


class Job(Struct, frozen=True):
    """``key`` makes a second enqueue of the same work a no-op; it carries the attempt generation."""

    kind: JobKind
    key: str
    ids: tuple[int, ...]
    delay: timedelta = timedelta(0)


class Jobs(Protocol):
    """DBOS in ``worker/engine.py``; ``SweptJobs`` where no worker library should be loaded."""

    def enqueue(self, session: Session, jobs: list[Job]) -> None: ...


class SweptJobs:
    """Enqueues nothing: the worker's sweeper finds the due rows within half a minute.

    Used by short commands, which then need not load the engine, and by tests that look at rows.
    """

    def enqueue(self, session: Session, jobs: list[Job]) -> None:
        return None
