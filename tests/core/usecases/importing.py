"""Small sheets of learners, and imports of them."""

import io
from collections.abc import Mapping
from typing import Any

import openpyxl

from core.context import StaffActor
from core.importing import run_import
from core.model import Import, Learner
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import Fault, problem
from core.rules.ucas.rows import CheckedRow, LearnerRow
from core.rules.ucas.values import LearnerValues
from core.rules.ucas.values import values_of as row_values
from core.sheets.template import learner_template
from core.usecases.imports.applying import ApplyImport, ImportSettled, apply_import
from core.usecases.imports.checking import (
    BeginImport,
    FinishChecking,
    StagedRow,
    StageRows,
    begin_import,
    finish_checking,
    stage_rows,
)
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.values import Reading, keeper
from core.words import ImportPolicy
from tests.core.reading import read_here
from tests.core.usecases.acting import everything, only
from tests.factories import School, in_context

ULNS = ("9276308686", "1000000043", "1000000051", "1000000078", "1000000086", "1000000094")
"""Each with a right check digit; nobody's."""

Line = Mapping[str, str]


def line(first: str, last: str = "Young", **cells: str) -> Line:
    return {"UKPRN": "10000001", "First name": first, "Last name": last, "Postcode": "ZZ99 9ZZ", **cells}


def sheet(*lines: Line, headings: tuple[str, ...] = ()) -> bytes:
    names = headings or tuple(dict.fromkeys(name for each in lines for name in each))
    rows = [",".join(names), *(",".join(each.get(name, "") for name in names) for each in lines)]
    return "\n".join(rows).encode()


def filled_template(*lines: Line) -> bytes:
    """Usher's own workbook, as a spreadsheet program saves it."""
    book = openpyxl.load_workbook(io.BytesIO(learner_template()))
    for each in lines:
        book.worksheets[0].append([each.get(column) for column in Column])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheets_of_one_book(*sheets: tuple[str, Line]) -> bytes:
    """Each by its name, with one learner below the headings."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, learner in sheets:
        rows = book.create_sheet(name)
        rows.append(list(learner))
        rows.append(list(learner.values()))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def import_sheet(
    school: School, *lines: Line, policy: ImportPolicy | None = None, by: StaffActor | None = None
) -> ImportSettled:
    return import_file(school, sheet(*lines), policy=policy, by=by)


def import_file(
    school: School, content: bytes, *, policy: ImportPolicy | None = None, by: StaffActor | None = None
) -> ImportSettled:
    staff = by or school.owner
    received = school.app.run(receive_import, ReceiveImport("learners.csv", content, policy), staff)
    return run_import(school.app, received.import_id, staff, read=read_here)


def imported_at_once(school: School, *rows: CheckedRow) -> int:
    """The number of an applied import of rows that are checked already: no child process is started for it."""
    app, owner = school.app, school.owner
    content = sheet(line(f"at once {len(rows)}"))
    import_id = app.run(receive_import, ReceiveImport("at-once.csv", content), owner).import_id
    attempt = app.run(begin_import, BeginImport(import_id), owner).attempt
    staged = [StagedRow(row.number, row_values(row.learner), row.problems) for row in rows]
    app.run(stage_rows, StageRows(import_id, attempt, staged), owner)
    finish = FinishChecking(import_id, attempt, Reading(), str(import_id).encode(), row_count=len(rows))
    app.run(finish_checking, finish, owner)
    return app.run(apply_import, ApplyImport(import_id), owner).number


def checked(number: int, first: str, email: str | None = None) -> CheckedRow:
    return CheckedRow(number, LearnerRow("10000001", None, first, "Young", email, *(None,) * 12), ())


def broken(number: int, first: str) -> CheckedRow:
    """Without the postcode that it needs, and an import of it is held."""
    why = problem(Fault.POSTCODE_SHAPE, Column.POSTCODE, "nowhere")
    return CheckedRow(number, checked(number, first).learner, (why,))


def learners(school: School) -> dict[str, Learner]:
    """By first name."""
    return {each.first_name: each for each in everything(school.app, Learner)}


def values_of(school: School, first: str) -> LearnerValues:
    def look(ctx: Any) -> LearnerValues:
        return keeper(ctx).learner_values(learners(school)[first], None)

    found: LearnerValues = in_context(school.app, school.owner, look)
    return found


def stored(school: School, number: int) -> Import:
    return only(school.app, Import, Import.number == number)
