"""Very many rows at once: straight to the driver, without SQLAlchemy's work on each value (a third of an import).

What is written is the caller's: values that both drivers take as they are (text, whole numbers, bytes, None). The
scope is added here, and moments and closed sets, which are alike for all rows, are converted once.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Table

from core.context import Context
from core.model import Base
from core.queries import EVERY_ORGANISATION


def insert_plain(
    ctx: Context, model: type[Base], columns: tuple[str, ...], rows: Sequence[Sequence[Any]], **same: Any
) -> None:
    """``same``: columns that are alike in all rows."""
    if not rows:
        return
    connection = ctx.session.connection()
    values = _converted(connection.dialect, model, {**same, "organisation_id": _organisation(ctx)})
    statement = _insert(model, (*columns, *values), connection.dialect.name)
    tail = tuple(values.values())
    connection.exec_driver_sql(statement, [(*row, *tail) for row in rows])


def update_plain(
    ctx: Context,
    model: type[Base],
    columns: tuple[str, ...],
    by: str,
    rows: Sequence[Sequence[Any]],
    **where: Any,
) -> None:
    """A row has the values of ``columns`` and then that of ``by``; ``where`` is alike for all of them."""
    if not rows:
        return
    connection = ctx.session.connection()
    values = _converted(connection.dialect, model, {**where, "organisation_id": _organisation(ctx)})
    statement = _update(model, columns, (by, *values), connection.dialect.name)
    tail = tuple(values.values())
    connection.exec_driver_sql(statement, [(*row, *tail) for row in rows])


def _organisation(ctx: Context) -> int:
    scope = ctx.session.info["scope"]
    if scope == EVERY_ORGANISATION:
        raise RuntimeError("Say which organisation these rows belong to.")
    return int(scope)


def _converted(dialect: Dialect, model: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    table = _table(model)
    converters = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in values}
    return {name: convert(values[name]) if (convert := converters[name]) else values[name] for name in values}


@functools.cache
def _insert(model: type[Base], columns: tuple[str, ...], dialect: str) -> str:
    # Defaults of the model are unknown to the driver, so they must be said.
    unsaid = [column.name for column in _table(model).columns if column.default and column.name not in columns]
    if unsaid:
        raise ValueError(f"name {', '.join(unsaid)} as well")
    marks = ", ".join([_mark(dialect)] * len(columns))
    return f'INSERT INTO "{_table(model).name}" ({_listed(model, columns)}) VALUES ({marks})'  # noqa: S608 - Names of the model.


@functools.cache
def _update(model: type[Base], columns: tuple[str, ...], by: tuple[str, ...], dialect: str) -> str:
    changes, found = (
        separator.join(f"{_listed(model, (name,))} = {_mark(dialect)}" for name in names)
        for separator, names in ((", ", columns), (" AND ", by))
    )
    return f'UPDATE "{_table(model).name}" SET {changes} WHERE {found}'  # noqa: S608 - Names of the model.


def _listed(model: type[Base], columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{_table(model).c[name].name}"' for name in columns)


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"


def _table(model: type[Base]) -> Table:
    return model.metadata.tables[model.__tablename__]
