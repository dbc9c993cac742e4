"""The rows of a catalogue file, and every problem of every row."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from core.rules.catalogue import CatalogueRow, CatalogueTerms
from core.rules.catalogue_text import read_catalogue, read_rows
from core.rules.run_columns import NEEDED, RUN_COLUMNS, RunColumn
from core.rules.ucas.problems import Cell, Problem, shown
from core.words import AccessModel, CourseKind
from tests.core.rules.ucas.cells import CELLS, Broken


def plain(column: str) -> str:
    """``Provider UKPRN`` as ``provider_ukprn``."""
    return column.lower().replace(" ", "_")


COLUMNS = tuple(map(plain, RUN_COLUMNS))
MANDATORY = tuple(map(plain, NEEDED))
SOUND = {
    "course_code": "maths",
    "course_title": "Maths for Everyone",
    "kind": "open",
    "model": "upgraded",
    "run_code": "maths-2026-03",
    "starts": "2026-03-16",
}


class Told(Struct, frozen=True):
    """A problem, as a person would name it."""

    row: int
    column: str
    value: str
    reason: str
    code: str


def read_text(text: str, zone: str) -> tuple[list[CatalogueRow], list[Told]]:
    found = read_catalogue(text, CatalogueTerms(zone))
    return found.rows, [told(row, each) for row, each in found.problems]


def told(row: int, found: Problem) -> Told:
    return Told(row, plain(found.column), found.value, found.reason, found.code)


def read(*rows: dict[str, str], zone: str = "Europe/London") -> tuple[list[CatalogueRow], list[Told]]:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([f'"{row.get(column, "")}"' for column in columns] for row in rows)]
    return read_text("\n".join(",".join(line) for line in lines), zone)


def one(**cells: str) -> CatalogueRow:
    rows, problems = read({**SOUND, **cells})
    assert problems == []
    return rows[0]


def problem(**cells: str) -> Told:
    rows, problems = read({**SOUND, **cells})
    assert rows == []
    (found,) = problems
    return found


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- Reading ----------------------------------------------------------------------------------------------


def test_a_row_with_the_mandatory_columns_is_enough() -> None:
    row = one()

    assert (row.row, row.course_code, row.run_code) == (2, "maths", "maths-2026-03")
    assert (row.kind, row.model, row.price_pence) == (CourseKind.OPEN, AccessModel.UPGRADED, 0)
    assert (row.run_title, row.slug, row.time_zone) == ("Maths for Everyone", "maths-2026-03", "Europe/London")
    assert row.starts_at == utc("2026-03-16 00:00")
    assert (row.ends_at, row.enrolment_opens_at, row.enrolment_closes_at, row.step_count) == (None,) * 4


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_any_delimiter_line_end_and_byte_order_mark_is_read(delimiter: str, line_end: str, mark: str) -> None:
    lines = [delimiter.join(SOUND), delimiter.join(SOUND.values()), ""]

    rows, problems = read_text(mark + line_end.join(lines), "Europe/London")

    assert problems == []
    assert rows == [one()]


def test_columns_come_in_any_order_and_spelling_and_unknown_ones_are_ignored() -> None:
    mixed = {"Colour": "blue", **{name.replace("_", " ").title(): SOUND[name] for name in reversed(SOUND)}}

    rows, problems = read(mixed)

    assert problems == []
    assert rows == [one()]


def test_quoted_cells_may_hold_delimiters_and_lines() -> None:
    assert one(course_title="Maths, for\nEveryone; and | more").course_title == "Maths, for Everyone; and | more"


def test_values_are_read_without_regard_to_case_and_space() -> None:
    row = one(kind=" Invite Only ", model="No-Purchase", course_code=" MATHS ", time_zone=" Europe/Paris ")

    assert (row.kind, row.model, row.course_code) == (CourseKind.INVITE_ONLY, AccessModel.NO_PURCHASE, "maths")
    assert row.time_zone == "Europe/Paris"


@pytest.mark.parametrize(("price", "pence"), [("", 0), ("0", 0), ("24.50", 2450), ("£24.5", 2450), (" 24 ", 2400)])
def test_a_price_is_read_in_pounds(price: str, pence: int) -> None:
    assert one(price=price).price_pence == pence


@pytest.mark.parametrize(
    ("value", "starts", "ends"),
    [
        ("2026-07-01", "2026-06-30 23:00", "2026-07-01 23:00"),
        ("20260701", "2026-06-30 23:00", "2026-07-01 23:00"),
        ("2026-07-01T09:00", "2026-07-01 08:00", "2026-07-01 08:00"),
        ("2026-07-01 09:00:30", "2026-07-01 08:00:30", "2026-07-01 08:00:30"),
        ("2026-07-01T09:00Z", "2026-07-01 09:00", "2026-07-01 09:00"),
        ("2026-07-01T09:00+02:00", "2026-07-01 07:00", "2026-07-01 07:00"),
    ],
)
def test_a_date_is_a_whole_day_of_the_runs_zone_and_a_time_is_a_moment(value: str, starts: str, ends: str) -> None:
    assert one(starts=value).starts_at == utc(starts)
    assert one(starts="2026-01-01", ends=value).ends_at == utc(ends)
    assert one(enrolment_opens=value).enrolment_opens_at == utc(starts)
    assert one(enrolment_closes=value).enrolment_closes_at == utc(ends)


def test_each_row_has_its_own_zone() -> None:
    rows, problems = read(
        {**SOUND, "time_zone": "America/New_York"},
        {**SOUND, "run_code": "maths-2", "time_zone": " "},
        zone="Asia/Tokyo",
    )

    assert problems == []
    assert [row.starts_at for row in rows] == [utc("2026-03-16 04:00"), utc("2026-03-15 15:00")]


def test_empty_lines_are_passed_over_and_still_counted() -> None:
    text = f"{','.join(SOUND)}\n\n,,,\n{','.join(SOUND.values())}\n\n"

    rows, problems = read_text(text, "UTC")

    assert problems == []
    assert [row.row for row in rows] == [4]


# --- Problems ---------------------------------------------------------------------------------------------


def test_each_missing_column_is_named() -> None:
    for text in ("", "\ufeff", "\n\n", "colour,shape\n", "run code,kind,model,price\n"):
        rows, problems = read_text(text, "UTC")

        assert rows == []
        (missing,) = problems
        assert (missing.row, missing.code) == (0, "sheet.missing_columns")
        given = text.replace(" ", "_").strip().split(",")
        named = [plain(column) for column in missing.reason.partition(": ")[2].split(", ")]
        assert named == [column for column in MANDATORY if column not in given]


def test_a_header_alone_has_neither_rows_nor_problems() -> None:
    assert read_text(",".join(COLUMNS), "UTC") == ([], [])


def test_every_problem_of_every_row_is_reported_at_once() -> None:
    wrong = {
        "course_code": "math s",
        "course_title": "",
        "kind": "closed",
        "model": "free",
        "run_code": "-",
        "starts": "16/03/2026",
        "ends": "soon",
        "enrolment_opens": "2026-02-30",
        "enrolment_closes": "2026-13-01",
        "steps": "many",
        "price": "free",
        "join_url": "javascript:alert(1)",
        "time_zone": "Europe/Lundon",
        "provider_ukprn": "100000011",
        "run_title": "x" * 201,
    }

    rows, problems = read(SOUND, wrong, wrong)

    assert [row.row for row in rows] == [2]
    assert {entry.column for entry in problems if entry.row == 3} == set(wrong)
    assert {entry.column for entry in problems if entry.row == 4} == set(wrong)
    assert all(entry.reason for entry in problems)
    assert all(entry.value.rstrip("…") in wrong[entry.column] for entry in problems)


@pytest.mark.parametrize("column", MANDATORY)
def test_an_empty_mandatory_cell_is_a_problem(column: str) -> None:
    found = problem(**{column: " "})

    assert (found.row, found.column, found.reason) == (2, column, "it is empty")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[("price", value) for value in ("-1", "24.505", "1,50", "NaN", "sNaN", "inf", "-inf", "1e999999", "9e9")],
        *[("steps", value) for value in ("-1", "1.5", "²", "٣", "1e3", "9999999")],
        *[("time_zone", value) for value in ("Europe", "/etc/passwd", "../UTC", "x" * 300, "\x00", "é", ".")],
        *[("starts", value) for value in ("0001-01-01", "9999-12-31", "2026-02-29", "0001-01-01T00:00+14:00", "x")],
        *[("ends", value) for value in ("9999-12-31", "2026-03-15", "2026-03-16T00:00", "0999-01-01", "26-03-20")],
        *[("join_url", value) for value in ("example.org", "ftp://example.org", f"https://example.org/{'x' * 500}")],
        *[("run_code", value) for value in ("a b", "a@b", "x" * 65, "-a", "a.", "é", "ﬃ" * 30)],
        ("course_uuid", "x" * 37),
        ("partner", "x" * 201),
    ],
)
def test_a_value_that_cannot_be_used_is_a_problem_of_its_column(column: str, value: str) -> None:
    assert problem(**{column: value}).column == column


def test_a_number_that_is_too_long_is_not_cut_to_another_providers() -> None:
    assert one(provider_ukprn="10000001").provider_ukprn == "10000001"
    assert problem(provider_ukprn="100000011").column == "provider_ukprn"


def test_the_same_run_twice_is_a_problem_of_the_second_unless_it_says_the_same() -> None:
    repeated = {**SOUND, "run_code": "MATHS-2026-03"}

    rows, problems = read(SOUND, {**SOUND, "run_code": "other"}, repeated, {**repeated, "starts": "2026-03-17"})

    assert [row.row for row in rows] == [2, 3, 5]
    (told,) = problems
    assert (told.row, told.column, told.code) == (5, "run_code", "run.twice")
    assert told.reason.startswith("row 2 has the same run")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("course_title", "Sums"),
        ("kind", "invite_only"),
        ("model", "sponsored"),
        ("price", "24.50"),
        ("provider_ukprn", "10000001"),
    ],
)
def test_one_course_described_in_two_ways_is_a_problem(column: str, value: str) -> None:
    _, problems = read(SOUND, {**SOUND, "run_code": "other", column: value})

    (told,) = problems
    assert (told.row, told.column, told.code) == (3, column, "run.course_differs")
    assert told.reason == f"row 2 gives this course another {column.replace('_', ' ').replace('ukprn', 'ukprn')}"


def test_a_quotation_mark_that_never_ends_is_told() -> None:
    rows, problems = read_text(f'{",".join(SOUND)}\n"{"x" * 200_000}', "UTC")

    assert rows == []
    assert [entry.row for entry in problems] == [2]


CELL = st.one_of(
    st.text(max_size=12), st.sampled_from([*SOUND.values(), "2026-03-16", "24.50", "UTC", '"', "\x00", "\r"])
)


@given(st.lists(st.lists(CELL, max_size=len(COLUMNS)), max_size=4), st.sampled_from(",;\t|"))
def test_any_cells_give_rows_or_problems_and_never_raise(table: list[list[str]], delimiter: str) -> None:
    lines = [delimiter.join(COLUMNS), *(delimiter.join(cells) for cells in table)]

    rows, problems = read_text("\n".join(lines), "Europe/London")

    assert {row.row for row in rows}.isdisjoint(entry.row for entry in problems if entry.reason == "it is empty")
    for row in rows:
        assert row.starts_at.tzinfo is UTC
        assert row.ends_at is None or row.ends_at > row.starts_at


@given(st.lists(st.lists(CELLS, max_size=len(RUN_COLUMNS)), max_size=4))
def test_whatever_excel_makes_of_cells_gives_rows_or_problems_and_never_raises(table: list[list[Cell]]) -> None:
    found = read_rows([(1, RUN_COLUMNS), *enumerate(table, start=2)], CatalogueTerms("Europe/London", frozenset()))

    faulty = {row for row, _ in found.problems}
    filled = {number for number, cells in enumerate(table, start=2) if any(map(shown, cells))}
    assert {run.row for run in found.rows} | faulty <= filled
    assert all(each.reason and each.advice for _, each in found.problems)


@pytest.mark.parametrize(
    ("column", "cell", "code", "suggestion"),
    [
        (RunColumn.STARTS, "16/03/2026", "run.date", "2026-03-16"),
        (RunColumn.STARTS, 46097, "run.date", ""),
        (RunColumn.STARTS, True, "run.date", ""),
        (RunColumn.ENDS, Broken("error", "#N/A"), "cell.error", ""),
        (RunColumn.RUN_CODE, "Maths 2026/03", "run.code", "maths-2026-03"),
        (RunColumn.RUN_CODE, date(2026, 3, 1), "cell.date", ""),
        (RunColumn.RUN_CODE, 1e300, "number.damaged", ""),
        (RunColumn.COURSE_TITLE, True, "cell.boolean", ""),
        (RunColumn.MODEL, "sponsord", "run.choice", "sponsored"),
        (RunColumn.STEPS, 10.5, "run.number", ""),
        (RunColumn.PROVIDER, "10000020", "ukprn.unknown", "10000002"),
    ],
)
def test_what_excel_damaged_is_named_and_what_was_probably_meant_suggested(
    column: RunColumn, cell: Cell, code: str, suggestion: str
) -> None:
    sound: dict[RunColumn, Cell] = {each: SOUND.get(plain(each), "") for each in RUN_COLUMNS}
    rows = [(1, RUN_COLUMNS), (2, tuple({**sound, column: cell}.values()))]

    found = read_rows(rows, CatalogueTerms("UTC", frozenset({"10000002", "19999999"})))

    assert found.rows == []
    ((row, told),) = found.problems
    assert (row, told.column, told.code, told.suggestion) == (2, column, code, suggestion)


def test_cells_with_types_are_read_as_what_they_are() -> None:
    typed: dict[str, Cell] = {
        "run_code": 2026, "starts": date(2026, 7, 1), "ends": utc("2026-07-31 17:00").replace(tzinfo=None),
        "price": 24.5, "steps": 40,
    }  # fmt: skip
    cells = tuple({**dict.fromkeys(COLUMNS, ""), **SOUND, **typed}[name] for name in COLUMNS)

    read = read_rows([(1, COLUMNS), (2, cells)], CatalogueTerms("Europe/London"))

    assert read.problems == []
    (run,) = read.rows
    assert (run.run_code, run.price_pence, run.step_count) == ("2026", 2450, 40)
    assert (run.starts_at, run.ends_at) == (utc("2026-06-30 23:00"), utc("2026-07-31 16:00"))


@given(st.text())
def test_any_text_gives_rows_or_problems_and_never_raises(text: str) -> None:
    rows, _ = read_text(text, "UTC")

    assert rows == []
