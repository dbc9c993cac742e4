"""A progress report's rows to figures, chunk by chunk, within an attempt (``attempts``). Each a short transaction.

1. A chunk takes the same number of statements however many rows it has.
2. Its rows, their problems, the counts and how far it is are stored together: killed anywhere and begun again, the
   report goes on behind the last chunk, and no row counts twice.
3. Reports of one organisation take turns: its row is locked, so no two write the same learner from old knowledge.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import bindparam, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.model import Enrolment, Progress, ProgressChange, ProgressProblem, ProgressReport
from core.queries import Among, listed
from core.rules.policy import IMPORT_LEASE, SHARE_CUT
from core.rules.progress.columns import ProgressColumn
from core.rules.progress.faults import ProgressFault
from core.rules.progress.merging import FIGURES, NOTHING, STAMPS, WHOLE, all_of, merged, same_figures
from core.rules.progress.records import Batch, CellProblem, ReadRow
from core.usecases.imports.values import keeper
from core.usecases.one_at_a_time import lock_organisation
from core.usecases.progress.attempts import in_attempt
from core.usecases.progress.matching import Matched, match_rows
from core.usecases.progress.telling import tell_changed
from core.words import FeedKind, ReportState

_NO_LONGER_LATEST: Final = update(Progress).where(Progress.id == bindparam("progress")).values(is_latest=False)
_TOLD: Final = ("step_percentage", "average_test_score", "comments_posted", "active_at", "left_at")
"""What a change keeps, and what stood there before."""
_COLUMNS: Final = (
    Progress.id, Progress.learner_id, Progress.run_id, Progress.attempt, Progress.is_latest, Progress.report_id,
    *(getattr(Progress, name) for name in (*FIGURES, *STAMPS, "active_at")),
)  # fmt: skip


class MergeRows(Struct, frozen=True):
    is_routine: ClassVar = True

    report_id: int
    attempt: int
    source: FeedKind
    batch: Batch
    seen: Mapping[tuple[int, int, int], tuple[int, int]]
    """Learner, run and attempt -> the row of this file that had them, and the hash of its figures."""
    total: int = 0
    """All rows of the sheet, as far as anybody knows."""


class RowsMerged(Struct, frozen=True):
    count: int
    seen: Mapping[tuple[int, int, int], tuple[int, int]]


class _Writing(Struct):
    """What one chunk is going to write."""

    counts: Counter[str]
    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    surpassed: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    problems: list[tuple[int, CellProblem]]
    seen: dict[tuple[int, int, int], tuple[int, int]]


def merge_rows(ctx: Context, command: MergeRows) -> RowsMerged:
    """Raises ReportClosed when somebody began anew."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = lock_organisation(ctx, staff.organisation_id)
    found = in_attempt(ctx, staff, command.report_id, command.attempt)
    rows = [row for row in command.batch.rows if row.number > found.merged_to]
    matched = match_rows(ctx, staff, organisation, rows, found.run_code)
    known = _known(ctx, matched)
    writing = _Writing(Counter(), [], [], [], [], [], {})
    for read in rows:
        row = _within_run(read, matched[read.number].run_steps)
        bucket = _place(ctx, found, command, row, matched, known, writing)
        writing.counts[bucket] += 1
        if row.problems and bucket != "problem":
            writing.counts["flagged"] += 1
        writing.problems += [(row.number, problem) for problem in row.problems]
    _write(ctx, found, writing)
    if rows:
        found.merged_to = rows[-1].number
    found.state, found.row_count, found.busy_until = ReportState.MERGING, command.total, ctx.now + IMPORT_LEASE
    tell_changed(ctx, found)
    return RowsMerged(len(rows), writing.seen)


_Known = dict[tuple[int, int], dict[int, dict[str, Any]]]
"""Learner and run -> attempt -> figures. Present, if empty, for whoever is enrolled."""


def _within_run(row: ReadRow, run_steps: int | None) -> ReadRow:
    """More steps than the run has are what a share above 100 % is; a file with its own number was looked at before."""
    completed = row.record.steps_completed
    if completed is None or not run_steps or completed <= run_steps or row.record.steps_total:
        return row
    is_far = completed * WHOLE > run_steps * SHARE_CUT
    fault = ProgressFault.FIGURE_FAR_ABOVE if is_far else ProgressFault.FIGURE_ABOVE
    problem = CellProblem(fault, ProgressColumn.STEPS_COMPLETED.value, f"{completed:,} of {run_steps:,}")
    record = replace(row.record, steps_completed=None) if is_far else row.record
    return replace(row, record=record, problems=(*row.problems, problem))


def _known(ctx: Context, matched: Mapping[int, Matched]) -> _Known:
    learners = sorted({each.learner_id for each in matched.values() if each.learner_id})
    runs = sorted({each.run_id for each in matched.values() if each.run_id})
    if not learners or not runs:
        return {}
    enrolled = ctx.session.execute(
        select(Enrolment.learner_id, Enrolment.run_id).where(
            Among(Enrolment.learner_id, listed(learners)), Enrolment.run_id.in_(runs)
        )
    )
    known: _Known = {(row.learner_id, row.run_id): {} for row in enrolled}
    query = select(*_COLUMNS).where(Among(Progress.learner_id, listed(learners)), Progress.run_id.in_(runs))
    for row in ctx.session.execute(query).mappings():
        known.setdefault((row["learner_id"], row["run_id"]), {})[row["attempt"]] = dict(row)
    return known


def _place(
    ctx: Context,
    found: ProgressReport,
    command: MergeRows,
    row: ReadRow,
    matched: Mapping[int, Matched],
    known: _Known,
    writing: _Writing,
) -> str:
    """The bucket of the row, with everything that is to be written for it noted."""
    who = matched[row.number]
    if who.problem is not None:
        writing.problems.append((row.number, who.problem))
        return "problem"
    attempts = known.get((who.learner_id, who.run_id))
    if attempts is None:
        writing.problems.append((row.number, CellProblem(ProgressFault.NOT_ENROLLED, "", who.named)))
        return "problem"
    attempt = row.record.attempt or max(attempts, default=1)
    key, mark = (who.learner_id, who.run_id, attempt), hash(row.record)
    if (earlier := command.seen.get(key) or writing.seen.get(key)) is not None:
        if earlier[1] == mark:
            return "duplicate"
        problem = CellProblem(ProgressFault.ROW_CONTRADICTS, f"row {earlier[0]}", who.named)
        writing.problems.append((row.number, problem))
        return "problem"
    writing.seen[key] = (row.number, mark)
    return _merge(ctx, found, command.source, row, who, attempts, writing, attempt)


def _merge(
    ctx: Context,
    found: ProgressReport,
    source: FeedKind,
    row: ReadRow,
    who: Matched,
    attempts: dict[int, dict[str, Any]],
    writing: _Writing,
    attempt: int,
) -> str:
    record, key = row.record, (who.learner_id, who.run_id, attempt)
    as_of = min(record.as_of or found.as_of, ctx.now)
    stored = attempts.get(attempt)
    before: Mapping[str, Any] = stored or NOTHING
    known = dict(zip(NOTHING, all_of(before), strict=True))
    after = merged(known, record, source, as_of, run_steps=who.run_steps)
    if after is None:
        return "outdated"
    if stored is None and same_figures(NOTHING, after):
        return "unchanged"
    if stored is None:
        _note_new(ctx, found, key, after, attempts, writing)
        return "created"
    if same_figures(before, after):
        if any(before[name] != after[name] for name in STAMPS):
            writing.changed.append(_change(stored, after, stored["report_id"]))
        return "unchanged"
    writing.changed.append(_change(stored, after, found.id))
    writing.changes.append(_history(ctx, found, key, before, after, is_first=False))
    return "updated"


def _note_new(
    ctx: Context,
    found: ProgressReport,
    key: tuple[int, int, int],
    after: Mapping[str, Any],
    attempts: dict[int, dict[str, Any]],
    writing: _Writing,
) -> None:
    learner_id, run_id, attempt = key
    is_latest = attempt >= max(attempts, default=attempt)
    row = {
        "id": ctx.tokens.new_id(),
        "learner_id": learner_id,
        "run_id": run_id,
        "attempt": attempt,
        "is_latest": is_latest,
        "report_id": found.id,
        **after,
    }
    if is_latest:
        # One that this chunk has noted itself is not stored yet: for it the mark is enough.
        for each in attempts.values():
            each["is_latest"] = False
            writing.surpassed.append({"progress": each["id"]})
    attempts[attempt] = row
    writing.new.append(row)
    writing.changes.append(_history(ctx, found, key, NOTHING, after, is_first=True))


def _change(stored: Mapping[str, Any], after: Mapping[str, Any], report_id: int | None) -> dict[str, Any]:
    return {"id": stored["id"], "report_id": report_id, **after}


def _history(
    ctx: Context,
    found: ProgressReport,
    key: tuple[int, int, int],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    is_first: bool,
) -> dict[str, Any]:
    return {
        "id": ctx.tokens.new_id(),
        "learner_id": key[0],
        "run_id": key[1],
        "attempt": key[2],
        "report_id": found.id,
        "at": ctx.now,
        "is_first": is_first,
        **{name: after[name] for name in _TOLD},
        **{f"was_{name}": before[name] for name in _TOLD},
    }


def _write(ctx: Context, found: ProgressReport, writing: _Writing) -> None:
    access.update_each(ctx, _NO_LONGER_LATEST, writing.surpassed)
    access.insert_all(ctx, Progress, writing.new)
    access.update_rows(ctx, Progress, "id", writing.changed)
    access.insert_all(ctx, ProgressChange, writing.changes)
    vault = keeper(ctx).vault
    problems = [
        {
            "id": ctx.tokens.new_id(),
            "report_id": found.id,
            "number": number,
            "fault": problem.fault,
            "column": problem.column[:40],
            "value": vault.encrypt_bytes(problem.value.encode(), "report.value") if problem.value else None,
        }
        for number, problem in writing.problems
    ]
    access.insert_all(ctx, ProgressProblem, problems)
    for name, count in writing.counts.items():
        setattr(found, name, getattr(found, name) + count)
