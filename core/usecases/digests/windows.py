"""Readers of digests share windows: (organisation, since). A statement has them as a table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, FromClause, Integer, Row, Select, and_, case, func, literal, select, union_all

from core.database import Id, UtcDateTime
from core.rules.policy import STALLED_AFTER

Rows = Sequence[Row[*tuple[Any, ...]]]


class Window(Struct, frozen=True):
    organisation_id: int
    since: datetime


class Windows:
    """As a table of the statement, in which ``place`` is a window's number."""

    def __init__(self, windows: Sequence[Window], until: datetime) -> None:
        self.until = until
        self.organisation_ids = sorted({each.organisation_id for each in windows})
        self._table: FromClause = union_all(
            *(
                select(
                    literal(place, Integer()).label("place"),
                    literal(each.organisation_id, Id).label("organisation_id"),
                    literal(each.since, UtcDateTime()).label("since"),
                    literal(each.since - STALLED_AFTER, UtcDateTime()).label("silent_since"),
                )
                for place, each in enumerate(windows)
            )
        ).subquery("news_window")
        self.place = self._table.c.place
        self.silent_since = self._table.c.silent_since

    def of(self, model: Any, *columns: Any) -> Select[*tuple[Any, ...]]:
        """From the windows to the rows of their organisations."""
        return (
            select(self.place, *columns)
            .select_from(self._table)
            .join(model, model.organisation_id == self._table.c.organisation_id)
        )

    def within(self, moment: Any) -> ColumnElement[bool]:
        return and_(moment > self._table.c.since, moment <= self.until)


def number(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name)
