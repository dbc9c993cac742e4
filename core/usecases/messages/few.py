"""Statements about a few messages, by their ids, of those that run for every few mails."""

from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import Table, Update, bindparam

from core.context import Context
from core.model import OutboundMessage

# The table instead of the class saves a fifth. Nothing is lost: the worker's scope is every organisation.
ROWS: Final = cast(Table, OutboundMessage.__table__)
# As many places as a worker has connections at most, the unused ones empty: a list of any length is spelt out anew
# each time, which costs as much as the database's work.
_PLACES: Final = 8
_NAMES: Final = tuple(f"id{place}" for place in range(_PLACES))
_EMPTY: Final = dict.fromkeys(_NAMES)
IDS: Final = ROWS.c.id.in_([bindparam(name, type_=ROWS.c.id.type) for name in _NAMES])


def execute(ctx: Context, statement: Update, ids: Sequence[int], **given: object) -> list[Any]:
    """What it returns, where it returns rows. ``statement`` names the rows by ``IDS``."""
    returned: list[Any] = []
    for start in range(0, len(ids), _PLACES):
        some = dict(zip(_NAMES, ids[start : start + _PLACES], strict=False))
        result: Any = ctx.session.execute(statement, {**_EMPTY, **some, **given})
        if result.returns_rows:
            returned += result.all()
    return returned
