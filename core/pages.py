"""Pages of a list. They count from 1; a page that is not there gives the nearest one that is."""

from typing import Generic, TypeVar

from msgspec import Struct

from core.rules.policy import PAGE_ROWS

Row = TypeVar("Row")


class Page(Struct, Generic[Row], frozen=True):
    rows: tuple[Row, ...]
    page: int
    page_count: int
    total: int
    """Of all pages."""


def page_within(wanted: int, total: int, page_rows: int = PAGE_ROWS) -> tuple[int, int]:
    """(page, number of pages)"""
    page_count = max(1, -(-total // page_rows))
    return min(max(wanted, 1), page_count), page_count
