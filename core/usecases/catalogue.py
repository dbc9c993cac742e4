"""The catalogue: courses and runs arrive by a file, all of it or nothing. A row that is absent from it stays."""

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select, update

from core import access
from core.context import Context
from core.errors import CatalogueInvalid
from core.model import Course, CourseRun, Organisation, Provider
from core.rules.catalogue import CatalogueRow, RowProblem, read_catalogue
from core.usecases.reminders import replan

CatalogueModel = TypeVar("CatalogueModel", Course, CourseRun)
_PROBLEMS_WORDED = 20


@dataclass(frozen=True, slots=True)
class ImportCatalogue:
    """``text`` is the decoded file."""

    organisation: str
    text: str


@dataclass(frozen=True, slots=True)
class CatalogueImported:
    courses_created: int
    courses_updated: int
    runs_created: int
    runs_updated: int
    unchanged: int
    """Courses and runs that were already as the file says."""


def import_catalogue(ctx: Context, command: ImportCatalogue) -> CatalogueImported:
    """Raises CatalogueInvalid with every problem of every row; then nothing was imported."""
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    rows, problems = read_catalogue(command.text, organisation.time_zone)
    providers, foreign = _providers(ctx, organisation, rows)
    if problems or foreign or not rows:
        raise _invalid(problems + foreign)
    first_of_course = {row.course_code: row for row in reversed(rows)}
    courses = [_course_values(organisation, row, providers) for row in first_of_course.values()]
    ids, *of_courses = _merge(ctx, Course, organisation, courses)
    runs = [_run_values(organisation, row, ids[row.course_code]) for row in rows]
    run_ids, *of_runs = _merge(ctx, CourseRun, organisation, runs)
    # A run that closes sooner or later is reminded of sooner or later.
    replan(ctx, tuple(run_ids.values()))
    return CatalogueImported(of_courses[0], of_courses[1], of_runs[0], of_runs[1], of_courses[2] + of_runs[2])


def _merge(
    ctx: Context, model: type[CatalogueModel], organisation: Organisation, rows: list[dict[str, Any]]
) -> tuple[dict[str, int], int, int, int]:
    """(ids by code, created, updated, unchanged). Two statements for all rows."""
    codes = [row["code"] for row in rows]
    known = {
        row.code: row
        for row in ctx.session.scalars(
            select(model).where(model.organisation_id == organisation.id, model.code.in_(codes))
        )
    }
    created = [_with_ids(ctx, row) for row in rows if row["code"] not in known]
    changed = [
        {**_kept(row, known[row["code"]]), "id": known[row["code"]].id}
        for row in rows
        if row["code"] in known and _differs(row, known[row["code"]])
    ]
    if created:
        ctx.session.execute(access.insert_shared(model), created)
    if changed:
        ctx.session.execute(update(model), changed)
    ids = {code: row.id for code, row in known.items()} | {row["code"]: row["id"] for row in created}
    return ids, len(created), len(changed), len(rows) - len(created) - len(changed)


def _with_ids(ctx: Context, row: dict[str, Any]) -> dict[str, Any]:
    new_id = ctx.tokens.new_id()
    return {**row, "id": new_id, "uuid": row["uuid"] or str(uuid.UUID(int=new_id << 64 | ctx.tokens.new_id()))}


def _kept(row: dict[str, Any], known: Course | CourseRun) -> dict[str, Any]:
    """A file without a uuid does not take one away."""
    return {**row, "uuid": row["uuid"] or known.uuid}


def _differs(row: dict[str, Any], known: Course | CourseRun) -> bool:
    return any(getattr(known, name) != value for name, value in _kept(row, known).items())


def _course_values(organisation: Organisation, row: CatalogueRow, providers: dict[str, int]) -> dict[str, Any]:
    return {
        "organisation_id": organisation.id,
        "provider_id": providers.get(row.provider_ukprn),
        "code": row.course_code,
        "uuid": row.course_uuid,
        "title": row.course_title,
        "partner": row.partner or organisation.name,
        "kind": row.kind,
        "model": row.model,
        "price_pence": row.price_pence,
    }


def _run_values(organisation: Organisation, row: CatalogueRow, course_id: int) -> dict[str, Any]:
    return {
        "organisation_id": organisation.id,
        "course_id": course_id,
        "code": row.run_code,
        "slug": row.slug,
        "uuid": row.run_uuid,
        "title": row.run_title,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "enrolment_opens_at": row.enrolment_opens_at,
        "enrolment_closes_at": row.enrolment_closes_at,
        "step_count": row.step_count,
        "time_zone": row.time_zone,
        "join_url": row.join_url,
    }


def _providers(
    ctx: Context, organisation: Organisation, rows: list[CatalogueRow]
) -> tuple[dict[str, int], list[RowProblem]]:
    query = select(Provider.ukprn, Provider.id).where(Provider.organisation_id == organisation.id)
    known = {row.ukprn: row.id for row in ctx.session.execute(query)}
    foreign = [
        RowProblem(row.row, "provider_ukprn", row.provider_ukprn, f"{organisation.name} has no such provider")
        for row in rows
        if row.provider_ukprn and row.provider_ukprn not in known
    ]
    return known, foreign


def _invalid(problems: list[RowProblem]) -> CatalogueInvalid:
    if not problems:
        problems = [RowProblem(1, "", "", "the file has no rows below its header")]
    lines = [
        f"  row {problem.row}, {problem.column or 'file'}: {problem.reason}"
        + (f" (it says “{problem.value}”)" if problem.value else "")
        for problem in problems[:_PROBLEMS_WORDED]
    ]
    if len(problems) > _PROBLEMS_WORDED:
        lines.append(f"  … and {len(problems) - _PROBLEMS_WORDED} more")
    return CatalogueInvalid(count=len({problem.row for problem in problems}), problems="\n".join(lines))
