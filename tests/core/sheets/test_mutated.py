"""Whatever a file has become on its way: it is answered with its rows or a named fault, within the limits."""

from random import Random  # noqa: TID251 - it is seeded

import pytest

from core.limited import Limits
from core.sheets.annotate import full_copies
from core.sheets.cells import SheetFile
from core.sheets.faults import NotRead
from core.sheets.marks import RowResult, SheetMarks
from core.sheets.reader import read_sheets
from tests.core.sheets.mutating import mutated, originals

LIMITS = Limits(wall=120.0, cpu=5, memory=1 << 30)


def answer(seed: int) -> str:
    random = Random(seed)
    content = mutated(random.choice(originals()), random)
    read = read_sheets(content, LIMITS)
    if isinstance(read, SheetFile):
        assert all(row.number > 0 and row.cells for sheet in read.sheets for row in sheet.rows)
        return "rows"
    assert isinstance(read, NotRead)
    assert read.message
    return read.fault.value


@pytest.mark.slow  # Its kinds of damage stand one by one among the hostile files.
def test_a_damaged_file_is_answered_and_harms_nobody() -> None:
    answers = {answer(seed) for seed in range(12)}

    assert {"rows", "file.damaged"} <= answers


@pytest.mark.slow
def test_many_damaged_files_are_answered_and_harm_nobody() -> None:
    answers = [answer(seed) for seed in range(12, 230)]

    assert answers.count("file.too_hard") < 4
    assert len(set(answers)) >= 4


@pytest.mark.slow
def test_damaged_files_can_be_sent_back_if_they_were_read() -> None:
    for seed in range(25):
        random = Random(seed)
        content = mutated(random.choice(originals()), random)
        read = read_sheets(content, LIMITS)
        if isinstance(read, SheetFile):
            sheet = read.sheets[0]
            first, *rest = sheet.rows
            results = [RowResult(row.number, "created", "", "", {0: "x"}, is_faulty=True) for row in rest]
            marks = SheetMarks(sheet.name, first.number, (0, 1), results, "I-1")

            assert full_copies(content, read.kind, "a.xlsx", marks), seed
