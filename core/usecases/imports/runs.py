"""Courses and runs by the same engine as learners: an import of them is staged, decided, written and taken back here.

    checked --match_runs--> held, to be looked at --released--> write_matched --undone--> take_back

1. Only owners: what stands here decides what learners may be invited to.
2. Whatever would be changed is shown before it is written, under any policy.
3. A run that somebody was invited to, or joined, stays; so does what was changed since.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.model import Course, CourseRun, Import, ImportRow, Organisation
from core.rules.catalogue import CatalogueRow, CheckedRun
from core.rules.run_columns import RunColumn
from core.rules.ucas.buckets import Bucket
from core.rules.ucas.problems import Fault, is_refused, problem
from core.usecases.catalogue.catalogue import by_code, course_values, differing, provider_ids, run_values, write_runs
from core.usecases.imports.checking import RowsStaged, in_attempt, note_progress
from core.usecases.imports.values import Keeper, keeper
from core.usecases.invitations.reminders import replan
from core.words import ImportSubject, KeptReason

_PLACE: Final = "import_row.before"
_COLUMN_OF: Final[Mapping[str, RunColumn]] = {
    "course_id": RunColumn.COURSE_CODE, "provider_id": RunColumn.PROVIDER, "partner": RunColumn.PARTNER,
    "kind": RunColumn.KIND, "model": RunColumn.MODEL, "price_pence": RunColumn.PRICE, "slug": RunColumn.SLUG,
    "starts_at": RunColumn.STARTS, "ends_at": RunColumn.ENDS, "enrolment_opens_at": RunColumn.ENROLMENT_OPENS,
    "enrolment_closes_at": RunColumn.ENROLMENT_CLOSES, "step_count": RunColumn.STEPS,
    "time_zone": RunColumn.TIME_ZONE, "join_url": RunColumn.JOIN_URL,
}  # fmt: skip
_OF_COURSE: Final = {"title": RunColumn.COURSE_TITLE, "uuid": RunColumn.COURSE_UUID}
_OF_RUN: Final = {"title": RunColumn.RUN_TITLE, "uuid": RunColumn.RUN_UUID}
_COURSE_FIELDS: Final = ("provider_id", "title", "uuid", "partner", "kind", "model", "price_pence")
_RUN_FIELDS: Final = (
    "course_id", "slug", "uuid", "title", "starts_at", "ends_at", "enrolment_opens_at", "enrolment_closes_at",
    "step_count", "time_zone", "join_url",
)  # fmt: skip
_STAGED: Final = ("number", "content", "problems", "is_refused", "bucket", "row_hash")
_PLACED: Final = ("bucket", "run_id", "changes")
_REFUSED: Final = ("bucket", "match_problem")
_APPLIED: Final = ("run_id", "before", "applied_hash")


class _Before(msgspec.Struct):
    """A run and its course as they were; None: not there. ``course_hash``: of the course, when this was applied."""

    run: dict[str, Any] | None
    course: dict[str, Any] | None
    course_id: int
    course_hash: bytes


# --- Staging ----------------------------------------------------------------------------------------------


class StageRuns(Struct, frozen=True):
    is_routine: ClassVar = True

    import_id: int
    attempt: int
    rows: Sequence[CheckedRun]


def stage_runs(ctx: Context, command: StageRuns) -> RowsStaged:
    """As ``stage_rows``, of courses and runs."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    found = in_attempt(ctx, staff, command.import_id, command.attempt)
    found.subject = ImportSubject.CATALOGUE
    kept = keeper(ctx)
    rows = [_row(kept, checked) for checked in command.rows]
    access.insert_plain(ctx, ImportRow, _STAGED, rows, import_id=found.id, changes="")
    note_progress(ctx, found, len(command.rows), len(command.rows))
    return RowsStaged(len(command.rows))


def _row(kept: Keeper, checked: CheckedRun) -> tuple[Any, ...]:
    """The values of ``_STAGED``."""
    refused, packed = is_refused(checked.problems), msgspec.msgpack.encode(checked.run)
    content = kept.vault.encrypt_bytes(packed, "import_row.content")
    bucket = Bucket.PROBLEM if refused else Bucket.CREATED
    row_hash = hashlib.blake2b(packed, digest_size=16).digest()
    return checked.number, content, kept.problems(checked.problems), refused, bucket.value, row_hash


# --- Matching ---------------------------------------------------------------------------------------------


class RunMatching(Struct):
    organisation: Organisation
    providers: Mapping[str, int]
    rows: dict[int, CatalogueRow] = {}
    """Those to write, by number."""
    has_changes: bool = False


def match_runs(ctx: Context, found: Import, organisation: Organisation) -> RunMatching:
    """Puts each row into its bucket; writes no course and no run."""
    access.require_staff(ctx, Permission.SET_RULES)
    matching = RunMatching(organisation, provider_ids(ctx, organisation))
    rows = _sound_rows(ctx, found)
    courses = by_code(ctx, Course, organisation, [row.course_code for row in rows.values()])
    runs = by_code(ctx, CourseRun, organisation, [row.run_code for row in rows.values()])
    placed: list[tuple[Any, ...]] = []
    refused: list[tuple[Any, ...]] = []
    for number, row in rows.items():
        if row.provider_ukprn and row.provider_ukprn not in matching.providers:
            why = problem(Fault.UKPRN_UNKNOWN, RunColumn.PROVIDER, row.provider_ukprn)
            refused.append((Bucket.PROBLEM.value, keeper(ctx).problems((why,)), number))
            continue
        course, run = courses.get(row.course_code), runs.get(row.run_code)
        changed = _changes(matching, row, course, run)
        bucket = Bucket.CREATED if run is None else Bucket.UPDATED if changed else Bucket.UNCHANGED
        placed.append((bucket.value, run.id if run else None, ",".join(changed) if run else "", number))
        matching.has_changes |= bucket is not Bucket.UNCHANGED
        matching.rows[number] = row
    access.update_plain(ctx, ImportRow, _PLACED, "number", placed, import_id=found.id)
    access.update_plain(ctx, ImportRow, _REFUSED, "number", refused, import_id=found.id)
    return matching


def _sound_rows(ctx: Context, found: Import) -> dict[int, CatalogueRow]:
    ctx.session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.is_refused.is_(False), ImportRow.same_as.is_(None))
        .values(bucket=Bucket.CREATED, match_problem=None, changes=""),
    )
    query = select(ImportRow.number, ImportRow.content).where(
        ImportRow.import_id == found.id, ImportRow.bucket == Bucket.CREATED
    )
    kept = keeper(ctx)
    return {
        row.number: kept.unpack(row.content, "import_row.content", CatalogueRow)
        for row in ctx.session.execute(query.order_by(ImportRow.number))
    }


def _changes(
    matching: RunMatching, row: CatalogueRow, course: Course | None, run: CourseRun | None
) -> tuple[RunColumn, ...]:
    names: dict[str, RunColumn] = {}
    if course is not None:
        values = course_values(matching.organisation, row, matching.providers)
        names |= {f"course.{name}": _OF_COURSE.get(name) or _COLUMN_OF[name] for name in differing(values, course)}
    if run is not None:
        values = run_values(matching.organisation, row, course.id if course else 0)
        names |= {f"run.{name}": _OF_RUN.get(name) or _COLUMN_OF[name] for name in differing(values, run)}
    changed = set(names.values())
    return tuple(column for column in RunColumn if column in changed)


# --- Writing ----------------------------------------------------------------------------------------------


def write_matched(ctx: Context, found: Import, matching: RunMatching) -> None:
    organisation, rows = matching.organisation, list(matching.rows.values())
    before = _known(ctx, organisation, rows)
    write_runs(ctx, organisation, rows, matching.providers)
    after = _known(ctx, organisation, rows)
    kept, marks = keeper(ctx), []
    for number, row in matching.rows.items():
        course_id, course = after.courses[row.course_code]
        run_id, run = after.runs[row.run_code]
        was = _Before(
            run=before.runs.get(row.run_code, (0, None))[1],
            course=before.courses.get(row.course_code, (0, None))[1],
            course_id=course_id,
            course_hash=_hash(course),
        )
        marks.append((run_id, kept.pack(was, _PLACE), _hash(run), number))
    access.update_plain(ctx, ImportRow, _APPLIED, "number", marks, import_id=found.id)


class _Known(Struct, frozen=True):
    """By code: id and values."""

    courses: Mapping[str, tuple[int, dict[str, Any]]]
    runs: Mapping[str, tuple[int, dict[str, Any]]]


def _known(ctx: Context, organisation: Organisation, rows: Sequence[CatalogueRow]) -> _Known:
    courses = by_code(ctx, Course, organisation, [row.course_code for row in rows])
    runs = by_code(ctx, CourseRun, organisation, [row.run_code for row in rows])
    return _Known(
        {code: (each.id, _values(each, _COURSE_FIELDS)) for code, each in courses.items()},
        {code: (each.id, _values(each, _RUN_FIELDS)) for code, each in runs.items()},
    )


def _values(row: Course | CourseRun, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _hash(values: Mapping[str, Any]) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode(values), digest_size=16).digest()


# --- Taking back ------------------------------------------------------------------------------------------


class RunsSorted(Struct):
    """What becomes of the runs of an import that is taken back."""

    before: Mapping[int, _Before]
    """By row, in order."""
    removed: list[int] = []
    restored: list[tuple[CourseRun, dict[str, Any]]] = []
    """With what they were."""
    kept: list[tuple[int, str, KeptReason]] = []
    """Row, title, why it stays."""


def take_back(ctx: Context, found: Import) -> RunsSorted:
    """Runs first, then the courses that only they were of: a course that stays is among the kept ones."""
    result = sort_back(ctx, found)
    for run, was in result.restored:
        _restore(run, CourseRun, was)
    ctx.session.flush()
    ctx.session.execute(delete(CourseRun).where(CourseRun.id.in_(result.removed)))
    _take_back_courses(ctx, found, result)
    replan(ctx, tuple(run.id for run, _ in result.restored))
    return result


def sort_back(ctx: Context, found: Import) -> RunsSorted:
    """Changes nothing. Of courses it says nothing: what becomes of them follows from their runs."""
    access.require_staff(ctx, Permission.SET_RULES)
    rows = ctx.session.execute(
        select(ImportRow.number, ImportRow.bucket, ImportRow.run_id, ImportRow.before, ImportRow.applied_hash)
        .where(ImportRow.import_id == found.id, ImportRow.bucket.in_((Bucket.CREATED, Bucket.UPDATED)))
        .order_by(ImportRow.number)
    ).all()
    kept = keeper(ctx)
    result = RunsSorted({row.number: kept.unpack(row.before, _PLACE, _Before) for row in rows})
    runs = {each.id: each for each in _of_ids(ctx, CourseRun, found, [row.run_id for row in rows])}
    used = access.used_runs(ctx, list(runs))
    for row in rows:
        run = runs.get(row.run_id)
        reason = _why_kept(row, run, used)
        if reason is not None or run is None:
            result.kept.append((row.number, run.title if run else "", reason or KeptReason.GONE))
        elif row.bucket is Bucket.CREATED:
            result.removed.append(run.id)
        elif (was := result.before[row.number].run) is not None:
            result.restored.append((run, was))
    return result


def _why_kept(row: Any, run: CourseRun | None, used: frozenset[int]) -> KeptReason | None:
    if run is None:
        return KeptReason.GONE
    if _hash(_values(run, _RUN_FIELDS)) != row.applied_hash:
        return KeptReason.CHANGED
    return KeptReason.IN_USE if row.bucket is Bucket.CREATED and run.id in used else None


def _take_back_courses(ctx: Context, found: Import, result: RunsSorted) -> None:
    first = {was.course_id: (number, was) for number, was in reversed(list(result.before.items()))}
    courses = {each.id: each for each in _of_ids(ctx, Course, found, list(first))}
    used = access.used_courses(ctx, list(courses))
    for course_id, (number, was) in first.items():
        course = courses.get(course_id)
        if course is None or (was.course is None and course_id in used):
            # Its runs stay, and they are listed.
            continue
        if _hash(_values(course, _COURSE_FIELDS)) != was.course_hash:
            result.kept.append((number, course.title, KeptReason.CHANGED))
        elif was.course is None:
            ctx.session.execute(delete(Course).where(Course.id == course_id))
        else:
            _restore(course, Course, was.course)
    ctx.session.flush()


def _of_ids(ctx: Context, model: Any, found: Import, ids: Sequence[int]) -> Sequence[Any]:
    query = select(model).where(model.organisation_id == found.organisation_id, model.id.in_(ids))
    return ctx.session.scalars(query).all()


def _restore(row: Course | CourseRun, model: type[Course] | type[CourseRun], values: Mapping[str, Any]) -> None:
    for name, stored in values.items():
        kind = getattr(model, name).type.python_type
        setattr(row, name, msgspec.convert(stored, kind | None))
