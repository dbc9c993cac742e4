"""What a statement goes through, read from its text: whose rows, and whether all of them."""

import functools
import re
from collections.abc import Iterator, Sequence

import sqlglot
from sqlglot import exp

from core.access.many import owned_tables

OF_ROWS = ("SELECT", "UPDATE", "DELETE", "WITH")
_OWNED = frozenset(table.name for table in owned_tables())
_NEARLY_ALL = re.compile("is_latest")
_SOME = frozenset(
    index.name
    for table in owned_tables()
    for index in table.indexes
    if (where := index.dialect_options["sqlite"]["where"]) is not None and not _NEARLY_ALL.match(str(where))
)
_SCAN = re.compile(r"SCAN (?P<table>\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (?P<index>\w+))?(?: |$)")


@functools.cache
def unscoped(sql: str) -> tuple[str, ...]:
    """Tables of organisations that it reads or changes without naming whose rows are meant.

    A row that is named by its id is fine: of another organisation's no use case gets as far (test_isolation).
    """
    parts = sqlglot.parse_one(sql, dialect="sqlite").find_all(exp.Select, exp.Update, exp.Delete)
    return tuple(alias for part in parts for alias in _unscoped_in(part))


def _unscoped_in(part: exp.Expression) -> Iterator[str]:
    tables = {table.alias or table.name: table.name for table in _tables_of(part) if isinstance(table, exp.Table)}
    named: set[str] = set()
    while more := {alias for alias in tables if alias not in named and _is_named(part, alias, tables, named)}:
        named |= more
    return (alias for alias, name in tables.items() if name in _OWNED and alias not in named)


def _tables_of(part: exp.Expression) -> list[exp.Expression]:
    """Its own, not those of what is nested in it."""
    if not isinstance(part, exp.Select):
        return [part.this]
    first = part.args.get("from_") or part.args.get("from")
    return [*([first.this] if first else []), *(join.this for join in part.args.get("joins") or [])]


def _is_named(part: exp.Expression, alias: str, tables: dict[str, str], named: set[str]) -> bool:
    """By a value, or by the organisation of another table that is named: one of its own, or one around it."""
    for equal in part.find_all(exp.EQ, exp.In):
        if equal.find_ancestor(exp.Select, exp.Update, exp.Delete) is not part:
            continue
        sides = [equal.this, equal.args.get("expression")]
        for this, other in (sides, sides[::-1]):
            if not isinstance(this, exp.Column) or (this.table or alias) != alias:
                continue
            if this.name == "id" and isinstance(equal, exp.EQ) and isinstance(other, exp.Placeholder):
                return True
            if this.name != "organisation_id":
                continue
            if not isinstance(other, exp.Column) or other.table in named or other.table not in tables:
                return True
    return False


def whole_tables(plan: Sequence[str]) -> frozenset[str]:
    """Through which tables of organisations SQLite goes from end to end. An index of some rows is none of these."""
    found = (_SCAN.match(step) for step in plan)
    return frozenset(each["table"] for each in found if each and each["table"] in _OWNED and each["index"] not in _SOME)
