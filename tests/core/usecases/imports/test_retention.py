"""After thirty days nothing encrypted of an import is left; that it came, and its counts, stay."""

from msgspec.structs import replace

from core.context import Door
from core.errors import ImportClosed, UndoOver
from core.model import Import, ImportRow
from core.rules import policy
from core.rules.policy import IMPORT_LIFE
from core.usecases.imports.answers import LoadMarks, load_marks
from core.usecases.imports.imports import ListImports, ShowImport, list_imports, show_import
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.retention import ForgetImports, ImportsForgotten, forget_imports
from core.usecases.imports.undoing import UndoImport, undo_import
from core.words import ImportReason, ImportState
from tests.core.usecases.acting import clock_of, everything, refusal_of
from tests.core.usecases.importing import import_sheet, learners, line, sheet, stored
from tests.factories import SYSTEM, School

BAD = line("Bad", Postcode="nowhere")


def forget(school: School, row_limit: int = policy.IMPORT_ROWS_FORGOTTEN) -> ImportsForgotten:
    return school.app.run(forget_imports, ForgetImports(row_limit), SYSTEM)


def pass_days(school: School, days: float) -> None:
    clock_of(school.app).advance(days=days)


def test_what_is_encrypted_goes_and_the_counts_stay(school: School) -> None:
    done = import_sheet(school, line("Ada"), line("Bo"))
    pass_days(school, IMPORT_LIFE.days - 1)
    early = forget(school)
    pass_days(school, 1)

    assert early == ImportsForgotten(0, 0, is_more=False)
    assert forget(school) == ImportsForgotten(1, 2, is_more=False)
    assert forget(school) == ImportsForgotten(0, 0, is_more=False)
    kept = stored(school, done.number)
    assert (kept.content, kept.reading, kept.file_name) == (None, None, "")
    assert everything(school.app, ImportRow) == []
    shown = school.app.read(show_import, ShowImport(done.number), school.owner)
    assert (shown.card.state, shown.card.buckets, shown.problems) == (ImportState.APPLIED, done.buckets, ())
    assert set(learners(school)) == {"Ada", "Bo"}
    for usecase, command in ((undo_import, UndoImport(done.number)), (load_marks, LoadMarks(done.number))):
        assert isinstance(refusal_of(school.app, usecase, command, school.owner), ImportClosed | UndoOver)


def test_what_waited_for_somebody_is_closed_with_words(school: School) -> None:
    held = import_sheet(school, line("Ada"), BAD)
    from_terminal = replace(school.owner, door=Door.CLI)
    unfinished = school.app.run(receive_import, ReceiveImport("a.csv", sheet(line("Cy"))), from_terminal)
    pass_days(school, IMPORT_LIFE.days)

    assert forget(school).imports == 2

    for number in (held.number, unfinished.number):
        closed = stored(school, number)
        assert (closed.state, closed.reason) == (ImportState.REJECTED, ImportReason.EXPIRED)
    assert stored(school, held.number).created == 1
    again = import_sheet(school, line("Ada"), BAD)
    assert (again.number, again.state) == (3, ImportState.HELD)
    assert school.app.read(list_imports, ListImports(), school.owner).total == 3


def test_it_is_done_in_bounded_steps(school: School) -> None:
    import_sheet(school, *(line(f"Learner {place}") for place in "abcde"))
    import_sheet(school, line("Zoe"))
    pass_days(school, IMPORT_LIFE.days)

    steps = [forget(school, 2)]
    while steps[-1].is_more:
        steps.append(forget(school, 2))

    assert max(step.rows for step in steps) <= 2
    assert (sum(step.rows for step in steps), sum(step.imports for step in steps)) == (6, 2)
    assert all(each.content is None for each in everything(school.app, Import))
    assert policy.IMPORT_STEPS_AN_HOUR * policy.IMPORT_ROWS_FORGOTTEN > policy.SHEET_ROWS
