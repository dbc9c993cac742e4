"""Exports of progress and costs: what stands in them, whose rows, and that they are for their asker alone."""

import csv
import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from core.context import StaffActor
from core.errors import (
    ExportEnded,
    ExportNotFound,
    ExportTooLarge,
    MonthUnclear,
    NothingToExport,
    ProviderNotGranted,
    RunNotFound,
    UsherError,
)
from core.exports.making import exported
from core.model import Learner, LearnerAddress, Progress, ProgressChange, Provider
from core.requests import read_request, usecase_of
from core.rules.exports import PROGRESS_COLUMNS
from core.usecases.costs.costs import ShowCosts, show_costs
from core.usecases.costs.waiving import WaiveCharge, waive_charge
from core.usecases.exports import (
    ExportOrdered,
    ExportProgress,
    FetchExport,
    ShowExport,
    export_progress,
    fetch_export,
    show_export,
)
from core.words import ExportForm, ReportState
from tests.core.conftest import Play
from tests.core.usecases.acting import MATHS, POETRY, SAFETY, clock_of, everything
from tests.core.usecases.progressing import enrol, line, send, send_file
from tests.factories import OPERATOR, School

ADA, BO, CY = "ada@example.org", "bo@example.org", "cy@example.org"


def order(school: School, words: str, by: StaffActor | None = None) -> ExportOrdered:
    request = read_request(words)
    return school.app.run(usecase_of(request), request.command, by or school.owner)  # type: ignore[arg-type, union-attr, no-any-return]


def content_of(school: School, words: str, by: StaffActor | None = None) -> bytes:
    ordered = order(school, words, by)
    return exported(school.app, ordered.export_id, by or school.owner).content


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _enrolled(school: School) -> None:
    enrol(school, ADA, BO, CY)
    send(
        school,
        line(
            ADA, membership_id="m-1", full_name="Ada", fl_profile_url="https://example.org/ada", steps_completed="12",
            comments_posted="0", avg_test_score="61.5%",
        ),
        line(BO, left_at="2026-02-20 10:23:45 UTC", steps_completed="0"),
    )  # fmt: skip


@pytest.fixture
def enrolled(after: Play) -> School:
    return after(_enrolled)


def test_an_export_has_the_platforms_columns_and_leaves_empty_what_is_not_known(enrolled: School) -> None:
    rows = rows_of(content_of(enrolled, f"export {MATHS}"))

    by_address = {row[2]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert rows[0] == list(PROGRESS_COLUMNS)
    assert [len(row) for row in rows] == [18] * 4
    ada, bo, cy = by_address[ADA], by_address[BO], by_address[CY]
    assert (ada["membership id"], ada["profile URL"], ada["steps completed"]) == (
        "m-1",
        "https://example.org/ada",
        "12",
    )
    assert (ada["comments posted"], ada["average test score"]) == ("0", "61.5%")
    assert (bo["date left"], bo["steps completed"], bo["comments posted"]) == ("2026-02-20 10:23:45 UTC", "0", "")
    assert [cy[name] for name in ("membership id", "steps completed", "average test score", "date left")] == [""] * 4
    assert cy["run slug"] == ada["run slug"] != ""
    assert cy["start date of the run"] == "2026-03-16"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_exported_is_read_in_again_and_changes_nothing(enrolled: School, form: str) -> None:
    before = {each.id: (each.steps_completed, each.left_at, each.average_test_score) for each in _progress(enrolled)}
    changes = len(everything(enrolled.app, ProgressChange))

    shown = send_file(enrolled, content_of(enrolled, f"export all {form}"))

    assert shown.card.state is ReportState.MERGED
    assert (shown.card.counts.unchanged, shown.card.counts.rows, shown.card.counts.problem) == (3, 3, 0)
    assert {row.id: (row.steps_completed, row.left_at, row.average_test_score) for row in _progress(enrolled)} == before
    assert len(everything(enrolled.app, ProgressChange)) == changes


def _progress(school: School) -> list[Progress]:
    return list(everything(school.app, Progress))


def test_no_value_starts_a_formula_or_ends_its_cell(enrolled: School) -> None:
    wild = [
        "=cmd|' /C calc'!A0",
        " +1,2",
        "@SUM(A1)",
        "-2+3",
        "＝1",
        "\t=1",
        "'=1",
        'Quote " and, comma',
        "Line\nbreak",
        "Élan",
    ]
    learners = sorted(everything(enrolled.app, Learner), key=lambda each: each.id)
    with enrolled.app.engine.begin() as connection:
        table = Learner.metadata.tables["learner"]
        connection.execute(table.update().values(last_name="x"))
        progress = Progress.metadata.tables["progress"]
        connection.execute(progress.update().values(profile_url='=HYPERLINK("https://example.org")'))
    for name in wild:
        with enrolled.app.engine.begin() as connection:
            connection.execute(table.update().where(table.c.id == learners[0].id).values(first_name=name))

        csv_rows = rows_of(content_of(enrolled, "export all"))
        sheet = load_workbook(io.BytesIO(content_of(enrolled, "export all xlsx"))).active

        cells = [cell for row in csv_rows for cell in row]
        assert not [cell for cell in cells if cell.lstrip("\t ")[:1] in ("=", "+", "-", "@", "＝")], name
        assert {len(row) for row in csv_rows} == {18}, name
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}, name


def test_removed_learners_and_other_organisations_are_left_out(enrolled: School) -> None:
    gone = next(each.learner_id for each in everything(enrolled.app, LearnerAddress) if each.address == CY)
    with enrolled.app.engine.begin() as connection:
        table = Learner.metadata.tables["learner"]
        connection.execute(table.update().where(table.c.id == gone).values(removed_at=enrolled.app.clock()))

    ours = content_of(enrolled, "export all").decode()

    assert ADA in ours
    assert CY not in ours
    with pytest.raises(NothingToExport):
        order(enrolled, "export all", enrolled.other_owner)


def test_who_looks_after_some_providers_gets_their_rows_only(enrolled: School) -> None:
    enrol(enrolled, "dee@example.org", run=SAFETY)
    providers = {each.ukprn: each.id for each in everything(enrolled.app, Provider)}
    ids = {each.address: each.learner_id for each in everything(enrolled.app, LearnerAddress)}
    with enrolled.app.engine.begin() as connection:
        table = Learner.metadata.tables["learner"]
        for address, ukprn in ((ADA, "10000001"), (BO, "10000002")):
            connection.execute(table.update().where(table.c.id == ids[address]).values(provider_id=providers[ukprn]))

    ours = [row[2] for row in rows_of(content_of(enrolled, "export all", enrolled.manager))[1:]]
    all_of_them = [row[2] for row in rows_of(content_of(enrolled, "export all"))[1:]]

    assert sorted(ours) == [BO, CY]
    assert sorted(all_of_them) == [ADA, BO, CY, "dee@example.org"]
    with pytest.raises(ProviderNotGranted):
        order(enrolled, f"export {SAFETY}", enrolled.manager)


def test_a_grant_that_was_taken_away_since_counts_when_the_file_is_fetched(enrolled: School) -> None:
    ordered = order(enrolled, "export all", enrolled.manager)
    providers = [each.id for each in everything(enrolled.app, Provider)]
    with enrolled.app.engine.begin() as connection:
        connection.execute(Learner.metadata.tables["learner"].update().values(provider_id=min(providers)))
        connection.execute(Learner.metadata.tables["provider_grant"].delete())

    assert len(rows_of(exported(enrolled.app, ordered.export_id, enrolled.manager).content)) == 1


def test_a_workbook_has_a_limit_and_a_small_file_may_come_by_itself(enrolled: School) -> None:
    command = ExportProgress("", ExportForm.XLSX, most_in_workbook=2)
    with pytest.raises(ExportTooLarge):
        enrolled.app.run(export_progress, command, enrolled.owner)

    assert [order(enrolled, f"export all {words}").is_file for words in ("", "as a file", "xlsx file")] == [
        False, True, True,
    ]  # fmt: skip
    assert order(enrolled, "costs export").is_file


def test_an_export_is_for_its_asker_alone_and_for_72_hours(enrolled: School) -> None:
    ordered = order(enrolled, f"export {MATHS}", enrolled.manager)
    fetch, show = FetchExport(ordered.export_id), ShowExport(ordered.export_id)

    for other in (enrolled.owner, enrolled.other_owner):
        with pytest.raises(ExportNotFound):
            enrolled.app.run(fetch_export, fetch, other)
        with pytest.raises(ExportNotFound):
            enrolled.app.read(show_export, show, other)
    fetched = enrolled.app.run(fetch_export, fetch, enrolled.manager)
    clock_of(enrolled.app).now += timedelta(hours=72)

    assert fetched.file_name == f"progress-{MATHS}-2026-03-02.csv"
    with pytest.raises(ExportEnded):
        enrolled.app.run(fetch_export, fetch, enrolled.manager)


def test_costs_are_exported_line_by_line_and_add_up_to_what_costs_says(school: School) -> None:
    enrol(school, ADA, BO, CY, run=POETRY)
    enrol(school, ADA, run=MATHS)
    school.app.run(waive_charge, WaiveCharge("northfield", BO, POETRY, "=came by mistake"), OPERATOR)
    shown = school.app.read(show_costs, ShowCosts(), school.owner)

    content = content_of(school, "costs export")
    rows = rows_of(content)
    book = load_workbook(io.BytesIO(content_of(school, "costs export 2026-03 xlsx"))).active

    lines = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert len(lines) == shown.sums.enrolments
    assert sum(round(float(each["to invoice in pounds"]) * 100) for each in lines) == shown.sums.to_invoice_pence
    assert [each["paid how"] for each in lines].count("waived") == shown.sums.waived == 1
    assert [each["paid how"] for each in lines].count("prepaid") == shown.sums.prepaid
    assert "'=came by mistake" in content.decode()
    assert "example.org" not in content.decode()
    assert book is not None
    assert book.max_row == len(rows)
    assert sum(round(float(str(row[5])) * 100) for row in book.iter_rows(min_row=2, values_only=True)) == (
        shown.sums.to_invoice_pence
    )


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("export nowhere-2026", RunNotFound),
        ("costs export march of ants", MonthUnclear),
        ("costs export 2020-01", NothingToExport),
    ],
)
def test_what_cannot_be_exported_is_refused(enrolled: School, words: str, refusal: type[UsherError]) -> None:
    with pytest.raises(refusal):
        order(enrolled, words)
