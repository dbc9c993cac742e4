"""Very many rows at once: straight to the driver, without SQLAlchemy's work on each value (a third of an import).

What is written is the caller's: values that both drivers take as they are (text, whole numbers, bytes, None). The
scope is added here, and moments and closed sets, which are alike for all rows, are converted once.

PostgreSQL gets each column as one array: a statement a row costs its client a third more (measured). COPY does not work
where row-level security binds.

``insert_rows`` and ``update_rows`` take any values; the first knows no scope.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, CursorResult, Dialect, Insert, LargeBinary, String, Table, Update, insert
from sqlalchemy.types import TypeEngine

from core.context import Context
from core.model import Base, OrganisationOwned
from core.queries import EVERY_ORGANISATION

_FEW: Final = 3


def insert_rows(connection: Connection, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows have the same columns.

    PostgreSQL gets them as one document: its driver would send each row by itself, and the server would begin a
    statement for each. A school that joins at once costs both sides a third less so (measured). For SQLite moments and
    closed sets, which are mostly alike, are converted once.
    """
    columns = tuple(rows[0])
    is_sqlite = connection.dialect.name == "sqlite"
    if len(rows) < _FEW or (not is_sqlite and _has_bytes(model, columns)):
        connection.execute(insert_into(model), rows)
        return
    unsaid = _defaults(model, columns)
    if is_sqlite:
        statement = _insert(model, (*columns, *unsaid))
        connection.exec_driver_sql(statement, _kept(connection.dialect, model, columns, rows, unsaid))
        return
    document = msgspec.json.encode([{**row, **unsaid} for row in rows]).decode()
    connection.exec_driver_sql(_insert_document(model, (*columns, *unsaid), connection.dialect), (document,))


def _kept(
    dialect: Dialect,
    model: type[Base],
    columns: tuple[str, ...],
    rows: Sequence[Mapping[str, Any]],
    unsaid: Mapping[str, Any],
) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them."""
    values: list[Iterable[Any]] = []
    for name, convert in zip(columns, _converters(dialect, model, columns), strict=True):
        column = map(itemgetter(name), rows)
        values.append(column if convert is None else map(functools.cache(convert), column))
    tail = tuple(_converted(dialect, model, unsaid).values())
    return [(*row, *tail) for row in zip(*values, strict=True)]


@functools.lru_cache(maxsize=256)
def _converters(dialect: Dialect, model: type[Base], columns: tuple[str, ...]) -> list[Callable[[Any], Any] | None]:
    return [_table(model).c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]


@functools.cache
def insert_into(model: type[Base]) -> Insert:
    """Into the table, not the class: the mapper's bookkeeping would cost as much as the insert."""
    return insert(_table(model))


@functools.cache
def _has_bytes(model: type[Base], columns: tuple[str, ...]) -> bool:
    return any(isinstance(_table(model).c[name].type, LargeBinary) for name in columns)


@functools.cache
def _defaults(model: type[Base], columns: tuple[str, ...]) -> dict[str, Any]:
    """Those of the model are unknown to the server."""
    unsaid = [column for column in _table(model).columns if column.default and column.name not in columns]
    return {column.name: column.default.arg for column in unsaid}  # type: ignore[union-attr]  # They are plain values.


@functools.cache
def _insert_document(model: type[Base], columns: tuple[str, ...], dialect: Dialect) -> str:
    typed = ", ".join(f'"{name}" {_table(model).c[name].type.compile(dialect)}' for name in columns)
    listed = _listed(model, columns)
    rows = f"json_to_recordset(%s::json) AS given ({typed})"
    return f'INSERT INTO "{_table(model).name}" ({listed}) SELECT {listed} FROM {rows}'  # noqa: S608 - Names of the model.


def change_unowned(ctx: Context, statement: Insert | Update, values: Mapping[str, Any]) -> CursorResult[Any]:
    """Of a table that is no organisation's, built once: the session's own way to it costs twice as much (measured)."""
    if statement.table in owned_tables():
        raise RuntimeError("Rows of an organisation are changed through the session, which adds the scope.")
    return ctx.session.connection().execute(statement, values)


@functools.cache
def owned_tables() -> frozenset[Any]:
    """Whose every row is of one organisation."""
    return frozenset(each.local_table for each in Base.registry.mappers if issubclass(each.class_, OrganisationOwned))


def insert_plain(
    ctx: Context, model: type[Base], columns: tuple[str, ...], rows: Sequence[Sequence[Any]], **same: Any
) -> None:
    """``same``: columns that are alike in all rows."""
    if not rows:
        return
    connection = ctx.session.connection()
    values = _converted(connection.dialect, model, {**same, "organisation_id": _organisation(ctx)})
    if connection.dialect.name != "sqlite":
        statement = _insert_arrays(model, columns, tuple(values), connection.dialect)
        connection.exec_driver_sql(statement, (*values.values(), *_arrays(rows)))
        return
    statement = _insert(model, (*columns, *values))
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
    if connection.dialect.name != "sqlite":
        statement = _update_arrays(model, columns, by, tuple(values), connection.dialect)
        connection.exec_driver_sql(statement, (*_arrays(rows), *values.values()))
        return
    statement = _update(model, columns, (by, *values))
    tail = tuple(values.values())
    connection.exec_driver_sql(statement, [(*row, *tail) for row in rows])


def update_rows(ctx: Context, model: type[Base], by: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """As ``update_plain``, of any values. All rows have the same columns, and ``by`` among them."""
    if not rows:
        return
    columns = tuple(name for name in rows[0] if name != by)
    kept = _kept(ctx.session.connection().dialect, model, (*columns, by), rows, {})
    update_plain(ctx, model, columns, by, kept)


def _arrays(rows: Sequence[Sequence[Any]]) -> list[list[Any] | None]:
    """By column. One that is empty in all rows has no type that the driver could name."""
    return [list(column) if any(value is not None for value in column) else None for column in zip(*rows, strict=True)]


def _organisation(ctx: Context) -> int:
    scope = ctx.session.info["scope"]
    if scope == EVERY_ORGANISATION:
        raise RuntimeError("Say which organisation these rows belong to.")
    return int(scope)


def _converted(dialect: Dialect, model: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    converters = zip(values.items(), _converters(dialect, model, tuple(values)), strict=True)
    return {name: convert(value) if convert else value for (name, value), convert in converters}


@functools.cache
def _insert(model: type[Base], columns: tuple[str, ...]) -> str:
    _require_all(model, columns)
    marks = ", ".join("?" * len(columns))
    return f'INSERT INTO "{_table(model).name}" ({_listed(model, columns)}) VALUES ({marks})'  # noqa: S608 - Names of the model.


@functools.cache
def _insert_arrays(model: type[Base], columns: tuple[str, ...], same: tuple[str, ...], dialect: Dialect) -> str:
    _require_all(model, (*columns, *same))
    listed = _listed(model, (*same, *columns))
    values = ", ".join([*["%s"] * len(same), "given.*"])
    return f'INSERT INTO "{_table(model).name}" ({listed}) SELECT {values} FROM {_given(model, columns, dialect)}'  # noqa: S608 - Names of the model.


def _require_all(model: type[Base], columns: tuple[str, ...]) -> None:
    """Defaults of the model are unknown to the driver, so they must be said."""
    unsaid = [column.name for column in _table(model).columns if column.default and column.name not in columns]
    if unsaid:
        raise ValueError(f"name {', '.join(unsaid)} as well")


@functools.cache
def _update(model: type[Base], columns: tuple[str, ...], by: tuple[str, ...]) -> str:
    changes, found = (
        separator.join(f"{_listed(model, (name,))} = ?" for name in names)
        for separator, names in ((", ", columns), (" AND ", by))
    )
    return f'UPDATE "{_table(model).name}" SET {changes} WHERE {found}'  # noqa: S608 - Names of the model.


@functools.cache
def _update_arrays(
    model: type[Base], columns: tuple[str, ...], by: str, where: tuple[str, ...], dialect: Dialect
) -> str:
    table = f'"{_table(model).name}"'
    changes = ", ".join(f"{name} = given.{name}" for name in map(_quoted, columns))
    found = " AND ".join(f"{table}.{name} = %s" for name in map(_quoted, where))
    given = _given(model, (*columns, by), dialect)
    return f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.{_quoted(by)} = given.{_quoted(by)} AND {found}"  # noqa: S608 - Names of the model.


def _given(model: type[Base], columns: tuple[str, ...], dialect: Dialect) -> str:
    arrays = ", ".join(f"%b::{_array_type(_table(model).c[name].type, dialect)}" for name in columns)
    return f"unnest({arrays}) AS given ({', '.join(map(_quoted, columns))})"


def _array_type(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A cast to a text of limited length would cut it without a word."""
    if isinstance(kind, String):
        return "text[]"
    return f"{kind.compile(dialect)}[]"


def _listed(model: type[Base], columns: tuple[str, ...]) -> str:
    return ", ".join(_quoted(_table(model).c[name].name) for name in columns)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _table(model: type[Base]) -> Table:
    return model.metadata.tables[model.__tablename__]
