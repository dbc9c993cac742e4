"""The catalogue: courses and runs arrive by a file, all of it or nothing. A row that is absent from it stays.

This is an operator's way. Owners send a sheet like one of learners: see ``run_importing``, which writes with this.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.errors import CatalogueInvalid
from core.model import Course, CourseRun, Organisation, Provider
from core.rules.catalogue import CatalogueRow, CatalogueTerms
from core.rules.catalogue_text import read_catalogue, read_rows
from core.rules.ucas.problems import Cell, Problem
from core.usecases.invitations.reminders import replan

CatalogueModel = TypeVar("CatalogueModel", Course, CourseRun)
_PROBLEMS_WORDED = 20


class ImportCatalogue(Struct, frozen=True):
    """``rows`` of the file, as ``core.sheets`` read them; or ``text``, comma-separated."""

    organisation: str
    text: str = ""
    rows: Sequence[tuple[int, Sequence[Cell]]] = ()
    is_preview: bool = False


class CatalogueImported(Struct, frozen=True):
    courses_created: int
    courses_updated: int
    runs_created: int
    runs_updated: int
    unchanged: int
    """Courses and runs that were already as the file says."""
    is_preview: bool = False


def import_catalogue(ctx: Context, command: ImportCatalogue) -> CatalogueImported:
    """Raises CatalogueInvalid with every problem of every row; then nothing was imported."""
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    providers = provider_ids(ctx, organisation)
    terms = CatalogueTerms(organisation.time_zone, frozenset(providers))
    read = read_rows(command.rows, terms) if command.rows else read_catalogue(command.text, terms)
    if read.problems or not read.rows:
        raise _invalid(read.problems)
    written = write_runs(ctx, organisation, read.rows, providers, is_preview=command.is_preview)
    return replace(written, is_preview=command.is_preview)


def write_runs(
    ctx: Context,
    organisation: Organisation,
    rows: Sequence[CatalogueRow],
    providers: Mapping[str, int],
    *,
    is_preview: bool = False,
) -> CatalogueImported:
    """The caller has authorised it, and checked the rows. ``is_preview``: only counted."""
    first_of_course = {row.course_code: row for row in reversed(rows)}
    courses = [course_values(organisation, row, providers) for row in first_of_course.values()]
    ids, *of_courses = _merge(ctx, Course, organisation, courses, is_preview=is_preview)
    runs = [run_values(organisation, row, ids[row.course_code]) for row in rows]
    run_ids, *of_runs = _merge(ctx, CourseRun, organisation, runs, is_preview=is_preview)
    if not is_preview:
        # A run that closes sooner or later is reminded of sooner or later.
        replan(ctx, tuple(run_ids.values()))
    return CatalogueImported(of_courses[0], of_courses[1], of_runs[0], of_runs[1], of_courses[2] + of_runs[2])


def _merge(
    ctx: Context,
    model: type[CatalogueModel],
    organisation: Organisation,
    rows: list[dict[str, Any]],
    *,
    is_preview: bool,
) -> tuple[dict[str, int], int, int, int]:
    """(ids by code, created, updated, unchanged). Two statements for all rows."""
    codes = [row["code"] for row in rows]
    known = by_code(ctx, model, organisation, codes)
    created = [_with_ids(ctx, row) for row in rows if row["code"] not in known]
    changed = [
        {**_kept(row, known[row["code"]]), "id": known[row["code"]].id}
        for row in rows
        if row["code"] in known and differing(row, known[row["code"]])
    ]
    if created and not is_preview:
        ctx.session.execute(access.insert_shared(model), created)
    if changed and not is_preview:
        ctx.session.execute(update(model), changed)
    ids = {code: row.id for code, row in known.items()} | {row["code"]: row["id"] for row in created}
    return ids, len(created), len(changed), len(rows) - len(created) - len(changed)


def _with_ids(ctx: Context, row: dict[str, Any]) -> dict[str, Any]:
    new_id = ctx.tokens.new_id()
    return {**row, "id": new_id, "uuid": row["uuid"] or str(uuid.UUID(int=new_id << 64 | ctx.tokens.new_id()))}


def _kept(row: dict[str, Any], known: Course | CourseRun) -> dict[str, Any]:
    """A file without a uuid does not take one away."""
    return {**row, "uuid": row["uuid"] or known.uuid}


def differing(row: dict[str, Any], known: Course | CourseRun) -> tuple[str, ...]:
    """The attributes in which the row is not as what is known."""
    return tuple(name for name, value in _kept(row, known).items() if getattr(known, name) != value)


def by_code(
    ctx: Context, model: type[CatalogueModel], organisation: Organisation, codes: Sequence[str]
) -> dict[str, CatalogueModel]:
    """As the database has them: what is written here goes past the session."""
    query = select(model).where(model.organisation_id == organisation.id, model.code.in_(codes))
    return {row.code: row for row in ctx.session.scalars(query, execution_options={"populate_existing": True})}


def course_values(organisation: Organisation, row: CatalogueRow, providers: Mapping[str, int]) -> dict[str, Any]:
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


def run_values(organisation: Organisation, row: CatalogueRow, course_id: int) -> dict[str, Any]:
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


def provider_ids(ctx: Context, organisation: Organisation) -> dict[str, int]:
    """By UKPRN."""
    query = select(Provider.ukprn, Provider.id).where(Provider.organisation_id == organisation.id)
    return {row.ukprn: row.id for row in ctx.session.execute(query)}


def _invalid(problems: Sequence[tuple[int, Problem]]) -> CatalogueInvalid:
    lines = [_worded(row, found) for row, found in problems[:_PROBLEMS_WORDED]]
    if len(problems) > _PROBLEMS_WORDED:
        lines.append(f"  … and {len(problems) - _PROBLEMS_WORDED} more")
    lines = lines or ["  the sheet has no rows below its headings"]
    rows = len({row for row, _ in problems if row})
    what = f"{rows} of the catalogue's rows" if rows else "The catalogue"
    return CatalogueInvalid(what=what, problems="\n".join(lines))


def _worded(row: int, found: Problem) -> str:
    where = f"row {row}, {found.column or 'file'}" if row else "the sheet"
    says = f" (it says “{found.value}”)" if found.value else ""
    suggestion = f" Perhaps “{found.suggestion}”?" if found.suggestion else ""
    return f"  {where}: {found.reason}{says}. {found.advice}{suggestion}"
