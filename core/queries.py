"""Queries that are built once, with their module: building a statement anew costs eight times as much as running it.

1. A query sees the rows of the transaction's organisation only, as every statement does (``core.access``): the scope
   is a part of it, and its value is put in when it runs. Without a scope it does not run.
2. Columns come straight from the connection, without the mapper's bookkeeping; mapped objects come from the session.
3. What is read at every click and hardly ever changes comes as columns, too, and ``copy_of`` makes objects of them,
   for reading only.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any, Final, Generic, TypeVar, TypeVarTuple

import msgspec
from sqlalchemy import JSON, Boolean, Integer, Result, Select, bindparam, cast, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Mapper, with_loader_criteria
from sqlalchemy.sql.functions import FunctionElement

from core.context import Context
from core.model import Base, OrganisationOwned

Columns = TypeVarTuple("Columns")
Model = TypeVar("Model", bound=Base)

EVERY_ORGANISATION: Final = "every organisation"
_OWN_ROWS: Final = with_loader_criteria(
    OrganisationOwned, lambda owned: owned.organisation_id == bindparam("scope"), include_aliases=True
)


class Query(Generic[*Columns]):
    """``statement`` names with ``bindparam`` what is given when it runs; the name "scope" is taken."""

    def __init__(self, statement: Select[*Columns]) -> None:
        self._everywhere = statement.execution_options(is_scoped=True)
        self._scoped = self._everywhere.options(_OWN_ROWS)
        self._has_objects = any(isinstance(column["expr"], type | Mapper) for column in statement.column_descriptions)

    def run(self, ctx: Context, **values: Any) -> Result[*Columns]:
        scope = ctx.session.info["scope"]
        statement = self._everywhere if scope == EVERY_ORGANISATION else self._scoped
        source = ctx.session if self._has_objects else ctx.session.connection()
        return source.execute(statement, {**values, "scope": scope})

    def stream(self, ctx: Context, **values: Any) -> Result[*Columns]:
        """Columns only, for rows without number: PostgreSQL keeps them, and sends some at a time.

        SQLite does so by itself, and its own cursor may be read beside the result.
        """
        scope, connection = ctx.session.info["scope"], ctx.session.connection()
        statement = self._everywhere if scope == EVERY_ORGANISATION else self._scoped
        options = {} if connection.dialect.name == "sqlite" else {"stream_results": True}
        return connection.execute(statement, {**values, "scope": scope}, execution_options=options)

    def run_everywhere(self, ctx: Context, **values: Any) -> Result[*Columns]:
        """Columns only. For ``core.access``, which sees to it that they are of one organisation."""
        return ctx.session.connection().execute(self._everywhere, values)


def columns_of(model: type[Base]) -> tuple[InstrumentedAttribute[Any], ...]:
    return tuple(getattr(model, name) for name in _names_of(model))


def copy_of(model: type[Model], values: Sequence[Any], **related: Base) -> Model:
    """``values`` of its ``columns_of``. It belongs to no session: to change it raises AttributeError."""
    # Past the mapper, which would prepare to note changes: that takes ten times as long.
    copy = model.__new__(model)
    copy.__dict__.update(zip(_names_of(model), values, strict=True), **related)
    return copy


@functools.cache
def _names_of(model: type[Base]) -> tuple[str, ...]:
    return tuple(column.key for column in model.__mapper__.column_attrs)


class Among(FunctionElement[bool]):
    """``Among(column, listed(values))``: as ``column.in_(values)``, of thousands of whole numbers or texts.

    They go as one value: SQLAlchemy writes a mark for each, and that takes longer than looking all of them up.
    """

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """As it stands: else SQLite is told to compare it with 1, and looks at each row instead of at an index."""
        return self


def listed(values: Iterable[int | str]) -> str:
    return msgspec.json.encode(list(values)).decode()


def look_up(ctx: Context, column: InstrumentedAttribute[Any], values: Iterable[str]) -> Select[*tuple[Any, ...]]:
    """Which of the texts stand in a column that has an index.

    PostgreSQL keeps a plan of what it is asked again and again. For ``column.in_(values)``, over a table that was
    nearly empty at first, it kept one that tries each row with each value: 80 s of an import of 100,000 (measured). It
    joins them instead; SQLite, of which the same is true of the join, looks among them.
    """
    if ctx.session.connection().dialect.name == "sqlite":
        return select(column).where(Among(column, listed(values)))
    given = func.json_array_elements_text(cast(list(values), JSON)).table_valued("value")
    return select(column).join(given, given.c.value == column)


@compiles(Among, "sqlite")
def _among_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - A column and a mark.


@compiles(Among, "postgresql")
def _among_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    kind = "bigint" if isinstance(next(iter(element.clauses)).type, Integer) else "text"
    # An array, not a set of rows: the planner then takes the index, as for a list.
    return f"{column} = ANY (ARRAY(SELECT value::{kind} FROM json_array_elements_text(CAST({values} AS json))))"  # noqa: S608 - As above.
