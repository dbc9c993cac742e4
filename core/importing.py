"""Leads an import through its stages, from stored file to decision; what every door calls.

Whether it is of learners, or of courses and runs, is found from the headings.

1. The file is read in a child process with limits, between transactions.
2. Its rows are checked and stored chunk by chunk, so that nobody else waits for long.
3. It can be killed at any moment and called again: what is done already is not done twice.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from core.app import App
from core.context import Door, StaffActor, System
from core.errors import ImportClosed, NotAllowed, Unavailable, UsherError
from core.rules.catalogue import RunChecker
from core.rules.policy import CATALOGUE_RUNS, HEADING_ROWS, IMPORT_CHUNK, IMPORT_HEADINGS_NAMED
from core.rules.run_columns import RUNS
from core.rules.run_relations import RelationFinder
from core.rules.text import clean_name
from core.rules.ucas.duplicates import DuplicateFinder
from core.rules.ucas.headings import Headings, best_sheet
from core.rules.ucas.problems import Fault, Problem, problem
from core.rules.ucas.rows import CheckedRow, RowChecker, Terms
from core.rules.ucas.values import values_of
from core.sheets.cells import FileNote, Row, Rows, SheetFile
from core.sheets.faults import NotRead
from core.sheets.marks import IMPORT_PROPERTY
from core.sheets.reader import Reader, read_sheets
from core.usecases.imports.applying import ApplyImport, ImportSettled, apply_import
from core.usecases.imports.checking import (
    BeginImport,
    FinishChecking,
    ImportBegun,
    StagedRow,
    StageRows,
    begin_import,
    finish_checking,
    stage_rows,
    unread,
)
from core.usecases.imports.jobs import (
    FindSender,
    GiveUpImport,
    SweepImports,
    give_up_import,
    sender_of_import,
    sweep_imports,
)
from core.usecases.imports.orders import (
    BeginOrder,
    FulfilOrder,
    RefuseOrder,
    SweepOrders,
    begin_order,
    fulfil_order,
    refuse_order,
    sweep_orders,
)
from core.usecases.imports.runs import StageRuns, stage_runs
from core.usecases.imports.values import Reading, import_named, stored_problems
from core.words import ImportSubject

Progress = Callable[[int, int], None]
"""Told how many rows of how many are checked."""
T = TypeVar("T")
_WORKER: Final = System(Door.WORKER)
_encode: Final = msgspec.msgpack.Encoder().encode
_HEADING_CHARACTERS: Final = 60


def _nobody(_done: int, _total: int) -> None:
    """Nobody looks."""


def run_import(
    app: App, import_id: int, actor: StaffActor, progress: Progress = _nobody, read: Reader = read_sheets
) -> ImportSettled:
    """Raises UsherError: ImportClosed when another process has taken it up, Busy."""
    begun = app.run(begin_import, BeginImport(import_id), actor)
    if begun.content is not None:
        _check(app, import_id, actor, begun, read(begun.content), progress)
    return app.run(apply_import, ApplyImport(import_id), actor)


def run_in_background(app: App, import_id: int) -> bool:
    """In its sender's name. Whether this process settled it. Raises Unavailable, and then it is taken up again."""
    staff = app.read(sender_of_import, FindSender(import_id), _WORKER).staff
    if staff is None:
        return False
    try:
        run_import(app, import_id, staff)
    except ImportClosed:
        # Somebody else has taken it up.
        return False
    except NotAllowed:
        return app.run(give_up_import, GiveUpImport(import_id), _WORKER).was_open
    return True


def sweep(app: App) -> int:
    """Imports that nobody is at go on, and what was ordered of some. How many imports."""
    _sweep_orders(app)
    swept = app.run(sweep_imports, SweepImports(), _WORKER)
    for import_id in swept.hopeless:
        app.run(give_up_import, GiveUpImport(import_id), _WORKER)
    return swept.enqueued


def fulfil_in_background(app: App, order_id: int) -> bool:
    """In the name of whoever ordered it. Whether this process settled it. Raises Unavailable: it is taken up again."""
    staff = app.run(begin_order, BeginOrder(order_id), _WORKER).staff
    if staff is None:
        return False
    try:
        return app.run(fulfil_order, FulfilOrder(order_id), staff).was_open
    except Unavailable:
        raise
    except UsherError as error:
        refused = RefuseOrder(order_id, f"{error.message} {error.hint}".strip())
        return app.run(refuse_order, refused, _WORKER).was_open


def _sweep_orders(app: App) -> None:
    for order_id in app.run(sweep_orders, SweepOrders(), _WORKER).hopeless:
        app.run(refuse_order, RefuseOrder(order_id), _WORKER)


def _check(
    app: App, import_id: int, actor: StaffActor, begun: ImportBegun, file: SheetFile | NotRead, progress: Progress
) -> None:
    if isinstance(file, NotRead):
        app.run(finish_checking, FinishChecking(import_id, begun.attempt, unread(file)), actor)
        return
    sheets = [sheet.rows for sheet in file.sheets]
    found, runs = best_sheet(sheets), best_sheet(sheets, RUNS)
    if not isinstance(runs, Problem) and _is_better(runs, found):
        _check_runs(app, import_id, actor, begun, file, *runs, progress)
        return
    if isinstance(found, Problem):
        seen = seen_headings(file.sheets[0].rows) if file.sheets else ()
        reading = Reading(kind=file.kind, hidden=file.hidden, headings=seen, problems=stored_problems((found,)))
        app.run(finish_checking, FinishChecking(import_id, begun.attempt, reading), actor)
        return
    place, headings = found
    reading, terms = _reading(file, place, headings), _terms(file, begun.terms)
    if not headings.is_usable:
        reading.headings = seen_headings(file.sheets[place].rows, headings.row)
        app.run(finish_checking, FinishChecking(import_id, begun.attempt, reading), actor)
        return
    _check_rows(app, import_id, actor, begun.attempt, reading, headings, terms, file.sheets[place].rows, progress)


def _check_rows(
    app: App,
    import_id: int,
    actor: StaffActor,
    attempt: int,
    reading: Reading,
    headings: Headings,
    terms: Terms,
    rows: Rows,
    progress: Progress,
) -> None:
    checker, finder, digest = RowChecker(headings, terms), DuplicateFinder(), hashlib.sha256()
    total = len(rows) - sum(1 for _ in takewhile(lambda row: row.number <= headings.row, rows))
    done = 0
    for chunk in _chunks(_checked(checker, headings, rows), IMPORT_CHUNK):
        staged = [StagedRow(row.number, values_of(row.learner), row.problems) for row in chunk]
        for row in chunk:
            finder.add(row)
        for each in staged:
            digest.update(_canonical(each))
        done += len(chunk)
        app.run(stage_rows, StageRows(import_id, attempt, staged, total), actor)
        progress(done, total)
    reading.problems += stored_problems(checker.problems)
    relations = finder.found()
    finished = FinishChecking(
        import_id, attempt, reading, digest.digest(), relations.same_as, relations.problems, row_count=done
    )
    app.run(finish_checking, finished, actor)


def _is_better(runs: tuple[int, Headings], learners: tuple[int, Headings] | Problem) -> bool:
    return isinstance(learners, Problem) or len(runs[1].places) > len(learners[1].places)


def _check_runs(
    app: App,
    import_id: int,
    actor: StaffActor,
    begun: ImportBegun,
    file: SheetFile,
    place: int,
    headings: Headings,
    progress: Progress,
) -> None:
    """A sheet of courses and runs, of an owner. They are few: one transaction stores them."""
    reading, is_usable = _reading(file, place, headings), headings.is_usable
    finished = FinishChecking(import_id, begun.attempt, reading, subject=ImportSubject.CATALOGUE)
    if not begun.may_import_runs:
        reading.problems = stored_problems((problem(Fault.SHEET_NOT_OWNER, "", None),))
        is_usable = False
    if not is_usable:
        app.run(finish_checking, finished, actor)
        return
    checker, finder = RunChecker(headings, begun.runs), RelationFinder()
    below = ((number, cells) for number, cells in file.sheets[place].rows if number > headings.row)
    checked = [found for number, cells in below if (found := checker.check(number, cells)) is not None]
    if len(checked) > CATALOGUE_RUNS:
        reading.problems = stored_problems((problem(Fault.SHEET_TOO_MANY_RUNS, "", None, limit=f"{CATALOGUE_RUNS:,}"),))
        app.run(finish_checking, finished, actor)
        return
    for each in checked:
        finder.add(each)
    app.run(stage_runs, StageRuns(import_id, begun.attempt, checked), actor)
    progress(len(checked), len(checked))
    relations = finder.found()
    digest = hashlib.sha256(msgspec.msgpack.encode([each.run for each in checked])).digest()
    app.run(
        finish_checking,
        replace(finished, content_digest=digest, same_as=relations.same_as, problems=relations.problems,
                row_count=len(checked)),
        actor,
    )  # fmt: skip


def _checked(checker: RowChecker, headings: Headings, rows: Iterable[Row]) -> Iterator[CheckedRow]:
    for number, cells in rows:
        if number > headings.row and (row := checker.check(number, cells)) is not None:
            yield row


def _canonical(row: StagedRow) -> bytes:
    """Where a row stands makes no difference, nor does what is only worth a look."""
    faulty = [(each.code, each.column, each.value) for each in row.problems]
    return _encode((row.values, faulty))


def _chunks(items: Iterator[T], size: int) -> Iterator[Sequence[T]]:
    while chunk := list(islice(items, size)):
        yield chunk


def seen_headings(rows: Iterable[Row], at: int = 0) -> tuple[str, ...]:
    """Texts of the row with this number, or else of the first that has two at least."""
    for number, cells in islice(rows, HEADING_ROWS):
        texts = [clean_name(cell, _HEADING_CHARACTERS) for cell in cells if isinstance(cell, str) and cell.strip()]
        if number == at or (not at and len(texts) > 1):
            return tuple(texts[:IMPORT_HEADINGS_NAMED])
    return ()


def _terms(file: SheetFile, terms: Terms) -> Terms:
    return Terms(terms.today, terms.providers, terms.not_stored, is_date_1904=FileNote.DATES_1904 in file.notes)


def _reading(file: SheetFile, place: int, headings: Headings) -> Reading:
    return Reading(
        kind=file.kind,
        sheet=file.sheets[place].name,
        header_row=headings.row,
        corrects=import_named(file.properties.get(IMPORT_PROPERTY, "")),
        places={str(column): where for column, where in headings.places.items()},
        hidden=file.hidden,
        other_sheets=tuple(sheet.name for number, sheet in enumerate(file.sheets) if number != place),
        notes=tuple(sorted(note.value for note in file.notes)),
        problems=stored_problems(headings.problems),
    )
