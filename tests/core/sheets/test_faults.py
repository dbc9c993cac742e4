"""What is said of a whole file has one code and one wording, and both are documented."""

import re
from pathlib import Path

import pytest

from core.sheets.cells import FileNote
from core.sheets.faults import FileFault, NotRead, advice, note_wording, wording

DOCS = (Path(__file__).parents[3] / "docs" / "spreadsheets.md").read_text()


@pytest.mark.parametrize("fault", FileFault)
def test_each_fault_is_worded_with_what_to_do_next(fault: FileFault) -> None:
    answer = NotRead(fault, "a PDF")

    for text in (answer.message, answer.hint):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "{" not in text
    assert re.fullmatch(r"file\.[a-z_]+", fault.value)


def test_the_docs_list_every_fault_and_note_as_it_is_worded() -> None:
    listed = [line for line in DOCS.splitlines() if line.startswith(("| `file.", "| `note."))]

    assert listed == [
        *(f"| `{fault.value}` | {wording(fault)} | {advice(fault)} |" for fault in FileFault),
        *(f"| `{note.value}` | {note_wording(note)} |" for note in FileNote),
    ]
