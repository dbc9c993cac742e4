"""The rows of an import, bucket by bucket, as somebody looks through them."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow
from core.pages import page_within
from core.rules.catalogue import CatalogueRow
from core.rules.policy import PAGE_ROWS
from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.problems import Problem
from core.usecases.imports.imports import buckets_of, find_import, may_see_rows
from core.usecases.imports.values import Keeper, import_ref, keeper
from core.words import ImportSubject


class ListImportRows(Struct, frozen=True):
    """Of an import, by number."""

    number: int
    bucket: Bucket = Bucket.PROBLEM
    page: int = 1


class ImportRowShown(Struct, frozen=True):
    number: int
    """The spreadsheet's own."""
    name: str
    problems: tuple[Problem, ...]
    changes: tuple[str, ...]
    """The columns that differ from what was known."""
    same_as: int | None
    """The earlier row that it repeats."""


class ImportRowsListed(Struct, frozen=True):
    number: int
    bucket: Bucket
    buckets: Buckets
    rows: tuple[ImportRowShown, ...]
    page: int
    page_count: int
    total: int


def list_import_rows(ctx: Context, command: ListImportRows) -> ImportRowsListed:
    """Raises ImportNotFound; ImportClosed of who may not see them, or after they were erased."""
    staff = access.require_staff(ctx, Permission.VIEW)
    found = find_import(ctx, command.number)
    if not may_see_rows(staff, found):
        raise ImportClosed(number=import_ref(found.number), reason="its rows may be of learners whom you may not see")
    if found.settled_at is None:
        raise ImportClosed(number=import_ref(found.number), reason="its rows are not checked yet")
    if found.content is None:
        raise ImportClosed(number=import_ref(found.number), reason="its rows have been erased")
    wanted = ImportRow.import_id == found.id, ImportRow.bucket == command.bucket
    total = ctx.session.scalar(select(func.count()).select_from(ImportRow).where(*wanted)) or 0
    page, page_count = page_within(command.page, total)
    rows = ctx.session.execute(
        select(
            ImportRow.number, ImportRow.content, ImportRow.problems, ImportRow.match_problem, ImportRow.changes,
            ImportRow.same_as,
        )
        .where(*wanted)
        .order_by(ImportRow.number)
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    ).all()  # fmt: skip
    shown = _shown(keeper(ctx), found, rows)
    return ImportRowsListed(found.number, command.bucket, buckets_of(found), shown, page, page_count, total)


def _shown(kept: Keeper, found: Import, rows: Sequence[Any]) -> tuple[ImportRowShown, ...]:
    def one(row: Any) -> ImportRowShown:
        return ImportRowShown(
            number=row.number,
            name=_name(kept, found, row.content),
            problems=(*kept.found(row.problems), *kept.found(row.match_problem)),
            changes=tuple(filter(None, row.changes.split(","))),
            same_as=row.same_as,
        )

    return tuple(map(one, rows))


def _name(kept: Keeper, found: Import, content: bytes) -> str:
    """The learner's; of courses and runs the run's code, or the course's."""
    if found.subject is ImportSubject.CATALOGUE:
        # A broken row was not understood as a whole, and its number must do.
        run: CatalogueRow | None = kept.unpack(content, "import_row.content", CatalogueRow | None)
        return run.run_code if run is not None else ""
    values = kept.row_values(content)
    return " ".join(filter(None, (values.first_name, values.last_name)))
