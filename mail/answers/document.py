"""What an answer says, as values that one text and one HTML template both print: they can never disagree.

Everything is plain text of one line. ``cleaned`` makes it so, whatever people have typed.
"""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.wording.phrases import moment_words
from mail.sending.wire import one_line

_CHARACTERS: Final = 400


class Row(Struct, frozen=True):
    """One of a list: what it is, and below it what there is to know. Reads on a phone, as a table does not."""

    title: str
    details: tuple[str, ...] = ()
    url: str = ""
    """Where something can be done about it."""


class Listing(Struct, frozen=True):
    title: str
    rows: tuple[Row, ...]
    more: str = ""
    """How many are missing, or how to see them."""


class Bar(Struct, frozen=True):
    """Drawn with cells of a table; ``words`` has the numbers, for a bar alone says nothing. ``share`` is of 100."""

    label: str
    share: int
    words: str
    note: str = ""


class Chart(Struct, frozen=True):
    title: str
    bars: tuple[Bar, ...]
    more: str = ""


class Answer(Struct, frozen=True):
    """``headline`` has the number that matters first; ``steps`` say what to write next."""

    headline: str
    lines: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()
    """What can be replied, above all that is long."""
    facts: tuple[tuple[str, str], ...] = ()
    """Label and value."""
    charts: tuple[Chart, ...] = ()
    lists: tuple[Listing, ...] = ()
    steps: tuple[str, ...] = ()
    url: str = ""
    """The one address of ours that the answer is about."""


class Teller(Struct, frozen=True):
    """What the words depend on besides the result: in which zone moments are said."""

    zone: ZoneInfo
    base_url: str = ""
    """Of pages that an answer leads to."""

    def moment(self, at: datetime) -> str:
        return moment_words(at, self.zone)


def some(*lines: str) -> tuple[str, ...]:
    """Without the empty ones."""
    return tuple(line for line in lines if line)


def page_line(page: int, page_count: int) -> str:
    if page_count <= 1:
        return ""
    after = " Reply “more” for the next one." if page < page_count else ""
    return f"Page {page:,} of {page_count:,}.{after}"


def cleaned(answer: Answer) -> Answer:
    return Answer(
        headline=_clean(answer.headline),
        lines=tuple(map(_clean, answer.lines)),
        replies=tuple(map(_clean, answer.replies)),
        facts=tuple((_clean(label), _clean(value)) for label, value in answer.facts),
        charts=tuple(_clean_chart(chart) for chart in answer.charts),
        lists=tuple(_clean_listing(listing) for listing in answer.lists),
        steps=tuple(map(_clean, answer.steps)),
        url=one_line(answer.url),
    )


def _clean_listing(listing: Listing) -> Listing:
    rows = tuple(Row(_clean(row.title), tuple(map(_clean, row.details)), one_line(row.url)) for row in listing.rows)
    return Listing(_clean(listing.title), rows, _clean(listing.more))


def _clean_chart(chart: Chart) -> Chart:
    bars = tuple(
        Bar(_clean(bar.label), min(max(bar.share, 0), 100), _clean(bar.words), _clean(bar.note)) for bar in chart.bars
    )
    return Chart(_clean(chart.title), bars, _clean(chart.more))


def _clean(text: str) -> str:
    clean = one_line(text)
    return clean if len(clean) <= _CHARACTERS else f"{clean[: _CHARACTERS - 1].rstrip()}…"
