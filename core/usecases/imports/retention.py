"""What is kept of imports for thirty days only: file, rows, what they replaced. That they came, and counts, stay.

In steps that are each a short transaction: whoever keeps house asks until nothing is left.
"""

from typing import ClassVar

from msgspec import Struct
from sqlalchemy import delete, select

from core import access
from core.context import Context
from core.model import Import, ImportRow
from core.rules.policy import IMPORT_ROWS_FORGOTTEN, IMPORTS_FORGOTTEN
from core.usecases.imports.telling import tell_changed
from core.words import ImportReason, ImportState

_SETTLED = (ImportState.APPLIED, ImportState.REJECTED, ImportState.UNDONE)


class ForgetImports(Struct, frozen=True):
    is_routine: ClassVar = True

    row_limit: int = IMPORT_ROWS_FORGOTTEN


class ImportsForgotten(Struct, frozen=True):
    imports: int
    rows: int
    is_more: bool


def forget_imports(ctx: Context, command: ForgetImports) -> ImportsForgotten:
    """Those whose time is over, the oldest first. What still waits for somebody, or for its end, waits no more."""
    access.require_system(ctx)
    over = ctx.session.scalars(
        select(Import)
        .where(Import.content.is_not(None), Import.ends_at <= ctx.now)
        .order_by(Import.ends_at, Import.id)
        .limit(IMPORTS_FORGOTTEN)
        .with_for_update(skip_locked=True)
    ).all()
    imports = rows = 0
    for found in over:
        erased = _erase_rows(ctx, found, command.row_limit - rows)
        rows += erased
        if rows >= command.row_limit:
            return ImportsForgotten(imports, rows, is_more=True)
        _close(ctx, found)
        found.content = found.reading = None
        found.file_name = ""
        imports += 1
    return ImportsForgotten(imports, rows, is_more=len(over) == IMPORTS_FORGOTTEN)


def _erase_rows(ctx: Context, found: Import, limit: int) -> int:
    of_import = ImportRow.import_id == found.id
    some = select(ImportRow.number).where(of_import).limit(limit)
    erased = ctx.session.execute(
        delete(ImportRow).where(of_import, ImportRow.number.in_(some)).returning(ImportRow.number),
    )
    return len(erased.all())


def _close(ctx: Context, found: Import) -> None:
    if found.state not in _SETTLED:
        found.state, found.reason = ImportState.REJECTED, ImportReason.EXPIRED
        found.settled_at = ctx.now
        tell_changed(ctx, found)
