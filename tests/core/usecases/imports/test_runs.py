"""Courses and runs by the import's own engine: looked at first, written by owners, taken back."""

from datetime import date
from io import BytesIO

import pytest

from core import access
from core.context import StaffActor
from core.errors import ImportClosed, RoleMissing
from core.importing import run_import
from core.model import Course, CourseRun, RunReminders
from core.rules.ucas.buckets import Buckets
from core.sheets.annotate import marked_files
from core.sheets.cells import Cell
from core.sheets.export import Heading, write_workbook
from core.usecases.imports.answers import LoadMarks, load_marks
from core.usecases.imports.applying import ImportSettled, ReleaseImport, release_import
from core.usecases.imports.imports import ImportShown, ShowImport, show_import
from core.usecases.imports.invitations import FindInvitable, find_invitable
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.undoing import ImportUndone, UndoImport, undo_import
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject, KeptReason
from tests.core.reading import read_here
from tests.core.usecases.acting import change, everything, invite, only, refusal_of
from tests.factories import CATALOGUE, School

HEADER, *ROWS = CATALOGUE.splitlines()
MATHS = ROWS[1]
NEW = "art,Art,open,upgraded,,0,art-1,2026-05-01,2026-07-01,,10,UTC"
BAD = "bad,,closed,upgraded,,-1,bad-1,soon,,,many,Europe"


def send(school: School, *rows: str, policy: ImportPolicy | None = None, by: StaffActor | None = None) -> ImportSettled:
    return send_file(school, "\n".join([HEADER, *rows]).encode(), policy=policy, by=by)


def send_file(
    school: School, content: bytes, *, policy: ImportPolicy | None = None, by: StaffActor | None = None
) -> ImportSettled:
    staff = by or school.owner
    received = school.app.run(receive_import, ReceiveImport("runs.csv", content, policy), staff)
    return run_import(school.app, received.import_id, staff, read=read_here)


def release(school: School, held: ImportSettled) -> ImportSettled:
    return school.app.run(release_import, ReleaseImport(held.number), school.owner)


def shown(school: School, done: ImportSettled) -> ImportShown:
    return school.app.read(show_import, ShowImport(done.number), school.owner)


def undo(school: School, done: ImportSettled) -> ImportUndone:
    return school.app.run(undo_import, UndoImport(done.number), school.owner)


def run(school: School, code: str) -> CourseRun:
    return only(school.app, CourseRun, CourseRun.code == code)


def course(school: School, code: str) -> Course:
    return only(school.app, Course, Course.code == code)


def catalogue(school: School) -> list[list[object]]:
    rows = [*everything(school.app, Course), *everything(school.app, CourseRun)]
    return sorted(([getattr(row, each.key) for each in row.__table__.columns] for row in rows), key=lambda row: row[0])


# --- Deciding and writing ---------------------------------------------------------------------------------


def test_created_changed_and_unchanged_runs_add_up_to_the_rows(school: School) -> None:
    changed, before = MATHS.replace("2026-05-08", "2026-05-09"), catalogue(school)

    held = send(school, ROWS[0], changed, NEW, NEW)
    looked_at = catalogue(school)
    done = release(school, held)

    assert looked_at == before
    assert (held.state, held.reason) == (ImportState.HELD, ImportReason.CATALOGUE)
    assert held.buckets == done.buckets == Buckets(created=1, updated=1, unchanged=1, duplicate=1)
    assert done.state is ImportState.APPLIED
    assert run(school, "art-1").course_id == course(school, "art").id
    assert run(school, "maths-2026-03").ends_at != run(school, "maths-2026-01").ends_at
    assert shown(school, done).card.subject is ImportSubject.CATALOGUE


def test_where_nothing_would_change_nobody_is_asked(school: School) -> None:
    done = send(school, *ROWS)

    assert (done.state, done.buckets) == (ImportState.APPLIED, Buckets(unchanged=6))


@pytest.mark.parametrize(
    ("policy", "state", "reason"),
    [
        (ImportPolicy.HOLD_IF_ERRORS, ImportState.HELD, ImportReason.ROWS),
        (ImportPolicy.GOOD_ROWS, ImportState.HELD, ImportReason.CATALOGUE),
        (ImportPolicy.ALL_OR_NOTHING, ImportState.REJECTED, ImportReason.ROWS),
    ],
)
def test_every_problem_of_every_row_is_told_under_each_policy(
    school: School, policy: ImportPolicy, state: ImportState, reason: ImportReason
) -> None:
    done = send(school, NEW, BAD, "x,X,open,upgraded,19999999,0,x-1,2026-05-01,,,,UTC", policy=policy)

    assert (done.state, done.reason) == (state, reason)
    assert done.buckets == Buckets(created=1, problem=2)
    told = {(each.code, each.column) for each in shown(school, done).problems}
    assert told == {
        ("cell.required", "Course title"), ("run.choice", "Kind"), ("run.price", "Price"), ("run.date", "Starts"),
        ("run.number", "Steps"), ("run.time_zone", "Time zone"), ("ukprn.unknown", "Provider UKPRN"),
    }  # fmt: skip
    if state is ImportState.HELD:
        assert release(school, done).state is ImportState.APPLIED
        assert run(school, "art-1")


def test_one_course_described_in_two_ways_is_a_problem_of_the_second_row(school: School) -> None:
    held = send(school, NEW, NEW.replace("art-1", "art-2").replace("Art", "Painting"))

    (told,) = shown(school, held).problems
    assert (told.code, told.column, told.reason) == (
        "run.course_differs", "Course title", "row 2 gives this course another course title",
    )  # fmt: skip


def test_the_same_file_again_is_looked_at_anew_for_another_may_have_changed_it_since(school: School) -> None:
    first = release(school, send(school, NEW))
    release(school, send(school, NEW.replace("2026-07-01", "2026-08-01")))

    again = send(school, NEW)

    assert again.number != first.number
    assert again.buckets == Buckets(updated=1)


def test_only_owners_import_courses_and_runs(school: School) -> None:
    refused = send(school, NEW, by=school.manager)
    held = send(school, NEW)
    change_of_role = refusal_of(school.app, release_import, ReleaseImport(held.number), school.manager)

    assert (refused.state, refused.reason) == (ImportState.REJECTED, ImportReason.SHEET)
    assert "only owners may import courses and runs" in shown(school, refused).fault
    assert isinstance(change_of_role, ImportClosed | RoleMissing)
    assert isinstance(refusal_of(school.app, find_invitable, FindInvitable(held.number), school.owner), ImportClosed)


def test_a_sheet_without_its_needed_columns_names_them_all(school: School) -> None:
    done = send_file(school, b"Course code,Run code,Kind,Price\nart,art-1,open,0\n")

    assert (done.state, done.reason) == (ImportState.REJECTED, ImportReason.SHEET)
    assert "Course title, Model, Starts" in shown(school, done).fault


def test_a_workbook_with_typed_cells_comes_back_annotated_and_can_be_sent_again(school: School) -> None:
    headings = [Heading(name.replace("_", " ").capitalize(), 12) for name in HEADER.split(",")]
    rows: list[list[Cell]] = [
        ["art", "Art", "Open", "upgraded", "", 0, "art-1", date(2026, 5, 1), date(2026, 7, 1), "", 10, "UTC"],
        ["art", "Art", "open", "upgradd", "", 0, "art-2", "16/03/2026", "", "", 10.5, "UTC"],
    ]
    file = BytesIO()
    write_workbook(file, "Runs", headings, rows, {})
    held = send_file(school, file.getvalue())
    loaded = school.app.read(load_marks, LoadMarks(held.number), school.owner)
    assert loaded.kind is not None
    assert loaded.marks is not None

    (marked,) = marked_files(loaded.content, loaded.kind, "runs.xlsx", loaded.marks)
    again = send_file(school, marked.content)

    assert held.buckets == again.buckets == Buckets(created=1, problem=1)
    (faulty,) = [each for each in loaded.marks.results if each.is_faulty]
    assert "Model: upgraded" in faulty.suggestion
    assert "Starts: 2026-03-16" in faulty.suggestion
    assert len(faulty.cells) == 3


# --- Taking back ------------------------------------------------------------------------------------------


def test_what_nobody_used_or_changed_since_is_as_it_was(school: School) -> None:
    before = catalogue(school)
    changed = [row.replace("Maths for Everyone", "Maths for All").replace("24.50", "30") for row in ROWS[:3]]
    done = release(school, send(school, *changed, NEW))
    assert course(school, "maths").title == "Maths for All"

    undone = undo(school, done)

    assert (undone.removed, undone.restored, undone.kept_total) == (1, 3, 0)
    assert undone.subject is ImportSubject.CATALOGUE
    assert catalogue(school) == before


def test_a_run_that_somebody_was_invited_to_stays_and_is_listed(school: School) -> None:
    done = release(school, send(school, NEW, NEW.replace("art-1", "art-2")))
    invite(school, "ada@example.org", run="art-1")

    undone = undo(school, done)

    assert (undone.removed, undone.kept_total) == (1, 1)
    assert (undone.kept[0].row, undone.kept[0].name, undone.kept[0].reason) == (2, "Art", KeptReason.IN_USE)
    assert run(school, "art-1").course_id == course(school, "art").id


def test_a_run_that_another_organisation_uses_stays_at_once_on_both_databases(school: School) -> None:
    done = release(school, send(school, NEW))
    row = {"id": 1, "run_id": run(school, "art-1").id, "rule": "off"}
    school.app.run(lambda ctx, _: access.insert_all(ctx, RunReminders, [row]), None, school.other_owner)

    undone = undo(school, done)

    assert (undone.removed, undone.kept_total, undone.kept[0].reason) == (0, 1, KeptReason.IN_USE)


def test_what_was_changed_since_stays_and_is_listed(school: School) -> None:
    done = release(school, send(school, MATHS.replace("2026-05-08", "2026-05-09"), NEW))
    change(school.app, CourseRun, run(school, "maths-2026-03").id, step_count=99)
    change(school.app, Course, course(school, "art").id, title="Fine Art")

    undone = undo(school, done)

    assert {(each.row, each.reason) for each in undone.kept} == {(2, KeptReason.CHANGED), (3, KeptReason.CHANGED)}
    assert run(school, "maths-2026-03").step_count == 99
    assert course(school, "art").title == "Fine Art"
    assert everything(school.app, CourseRun, CourseRun.code == "art-1") == []
