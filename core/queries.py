"""Queries that are built once, with their module: building a statement anew costs eight times as much as running it.

1. A query sees the rows of the transaction's organisation only, as every statement does (``core.access``): the scope
   is a part of it, and its value is put in when it runs. Without a scope it does not run.
2. Columns come straight from the connection, without the mapper's bookkeeping; mapped objects come from the session.
"""

from typing import Any, Final, Generic, TypeVarTuple

from sqlalchemy import Result, Select, bindparam
from sqlalchemy.orm import Mapper, with_loader_criteria

from core.context import Context
from core.model import OrganisationOwned

Columns = TypeVarTuple("Columns")

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
