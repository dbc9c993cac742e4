"""Text files: every encoding and delimiter that people's programs write, found from the bytes."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.sheets.cells import FileNote
from core.sheets.faults import FileFault
from core.sheets.formulas import guarded, is_like_formula, without_guard
from core.sheets.text import DELIMITERS
from tests.core.sheets.files import HEADINGS
from tests.core.sheets.reading import read_here
from tests.slow import examples

LATIN = st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), max_size=12)
ANY = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=12)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")


def written(rows: list[list[str]], delimiter: str, encoding: str, ending: str = "\r\n") -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=ending).writerows(rows)
    return file.getvalue().encode(encoding)


def is_unlike_utf8(content: bytes) -> bool:
    try:
        return content.decode("utf-8") is None
    except UnicodeDecodeError:
        return True


@settings(max_examples=examples(40), deadline=None)
@given(
    rows=st.lists(st.lists(LATIN, min_size=6, max_size=6), max_size=8),
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(ENCODINGS),
    ending=st.sampled_from(["\r\n", "\n", "\r"]),
)
def test_what_was_written_with_any_delimiter_and_encoding_is_read_back(
    rows: list[list[str]], delimiter: str, encoding: str, ending: str
) -> None:
    content = written([list(HEADINGS), *rows], delimiter, encoding, ending)
    if encoding == "cp1252" and not is_unlike_utf8(content):
        # Then nobody can tell the two apart, and UTF-8 is what it is.
        content = written([list(HEADINGS), *rows], delimiter, "utf-8", ending)

    read = read_here(content)

    assert read.rows[""][0].cells == HEADINGS
    kept = [(number, cells) for number, cells in enumerate(rows, start=2) if any(cell.strip() for cell in cells)]
    assert [(row.number, [*row.cells, *[""] * (6 - len(row.cells))]) for row in read.rows[""][1:]] == [
        (number, ["" if cell.isspace() else without_guard(cell) for cell in cells]) for number, cells in kept
    ]


@given(ANY | st.text("'=+-@\t\r\n ＝abc1"))
@example("=1+1")
@example("'=1+1")
@example(" =1+1")
@example("\t=1+1")
@example("＝1")
@example("''+44")
def test_guarded_text_is_never_a_formula_and_comes_back(text: str) -> None:
    safe = guarded(text)

    assert without_guard(safe) == text
    assert safe.lstrip()[:1] not in tuple("=+-@＝＋－＠")
    assert safe[:1] not in ("\t", "\r", "\n")
    assert is_like_formula(text) == (safe != text)


def test_an_encoding_that_had_to_be_guessed_is_said() -> None:
    read = read_here("UKPRN,First name\n10000001,Zoë\n".encode("cp1252"))

    assert read.end is not None
    assert read.end.notes == [FileNote.ENCODING_GUESSED]
    assert read.only[1] == ("10000001", "Zoë")


def test_characters_that_no_encoding_has_are_said() -> None:
    read = read_here(b"UKPRN,First name\n10000001,Zo\x81\xeb\n")

    assert read.end is not None
    assert read.end.notes == [FileNote.CHARACTERS_LOST, FileNote.ENCODING_GUESSED]


@pytest.mark.parametrize("text", ["\ufeffa,b\n1,2\n", "a;b\n1;2,5\n2;3,5\n", "a\tb\n1,5\t2\n", "sep=|\na|b\n1|2;2,2\n"])
def test_the_delimiter_is_the_one_that_makes_columns(text: str) -> None:
    assert read_here(text.encode()).only[0] == ("a", "b")


def test_headings_decide_against_more_frequent_marks() -> None:
    content = b"UKPRN;First name;Last name;Postcode\n1;a,b,c,d;e,f,g,h;i,j\n2;a,b,c,d;e,f,g,h;i,j\n"

    assert read_here(content).only[0] == ("UKPRN", "First name", "Last name", "Postcode")


def test_a_page_of_notes_above_the_headings_changes_nothing() -> None:
    notes = "Exported on 3 March, 9 a.m., by the office\n" * 10

    assert read_here(f"{notes}UKPRN\tFirst name\tLast name\n1\ta\tb\n".encode()).only[-1] == ("1", "a", "b")


@pytest.mark.parametrize(
    ("content", "row"), [(b'a,b\n"x,1\n2,3\n', "2"), (b'a,b\n1,2\n3,"4', "3"), (b'"a,b\n' + b"1,2\n" * 5000, "1")]
)
def test_a_quotation_that_never_ends_is_named_by_its_row(content: bytes, row: str) -> None:
    read = read_here(content)

    assert (read.fault, read.detail) == (FileFault.OPEN_QUOTE, row)


def test_quotation_marks_within_a_text_are_text() -> None:
    assert read_here(b'a,b\n6" pipe,"say ""hi"""\n"x"y,z\n').only[1:] == [('6" pipe', 'say "hi"'), ("xy", "z")]


@pytest.mark.slow  # Load: it guards how long hostile text takes, not how it is read.
def test_no_text_takes_long() -> None:
    """Each of these once kept some program busy; here they take milliseconds."""
    for content in (b"," * 1_000_000, b'"' * 1_000_000, b"\n" * 200_000, b"a " * 500_000, b"'" * 1_000_000 + b"="):
        assert read_here(content).end or read_here(content).fault
