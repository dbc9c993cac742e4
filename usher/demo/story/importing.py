"""Importing: a spreadsheet by mail -> what is wrong, and the marked workbook -> “good rows” -> the others are in."""

import io

from msgspec import Struct
from openpyxl import load_workbook

from core.context import system_clock
from core.rules.ucas.columns import STATUS_COLUMNS
from usher.demo.opened_mail import OpenedMail
from usher.demo.running import Demo
from usher.demo.sample import SIXTH_FORM
from usher.demo.sample_sheet import NAME, sample_sheet
from usher.demo.story.acting import StoryBroke, ask, figures_in
from usher.demo.writing import Enclosure


class Imported(Struct, frozen=True):
    """``marked``: rows with a problem in the workbook that came back; ``new``: what the reply brought in."""

    rows: int
    problems: int
    marked: int
    new: int
    left_out: int
    workbook: str
    answered_after_seconds: float
    imported_after_seconds: float


async def tell_of_importing(demo: Demo) -> Imported:
    """Raises StoryBroke."""
    sheet = Enclosure(NAME, sample_sheet(SIXTH_FORM, system_clock().date()))
    held = await ask(demo, "New learners", "Please find them attached.\n\nOlive\n", files=(sheet,))
    problems, rows = figures_in(held.opened.text, r"([\d,]+) of ([\d,]+) rows need", "the answer to the spreadsheet")
    workbook, marked = _marked(held.opened)
    released = await ask(demo, held.opened.subject, "good rows\n", replied_to=held)
    new, _, left_out = figures_in(
        released.opened.text, r"([\d,]+) of ([\d,]+) rows imported; ([\d,]+) left out", "the answer to “good rows”"
    )
    return Imported(rows, problems, marked, new, left_out, workbook, held.seconds, released.seconds)


def _marked(answer: OpenedMail) -> tuple[str, int]:
    """The name of the workbook, and how many of its rows are to be corrected."""
    found = next((each for each in answer.attachments if each.name.endswith(".xlsx")), None)
    if found is None:
        raise StoryBroke("the answer to the spreadsheet has no workbook")
    book = load_workbook(io.BytesIO(found.content), read_only=True)
    headings, *rows = next(iter(book)).iter_rows(values_only=True)
    status = headings.index(STATUS_COLUMNS[0])
    return found.name, sum(row[status] == "To correct" for row in rows)
