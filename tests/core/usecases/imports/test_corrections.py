"""A corrected file after an import: what is run once more, and what is not."""

from core.context import StaffActor
from core.errors import ImportClosed, ImportNotFound
from core.importing import run_import
from core.rules.ucas.buckets import Buckets
from core.usecases.imports.applying import ImportSettled, ReleaseImport, release_import
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.undoing import UndoImport, undo_import
from core.words import ImportPolicy, ImportReason, ImportState
from tests.core.reading import read_here
from tests.core.usecases.acting import refusal_of
from tests.core.usecases.importing import ULNS, Line, import_sheet, learners, line, sheet, stored, values_of
from tests.factories import School

ADA, BO = line("Ada", ULN=ULNS[0], Town="Anytown"), line("Bo", ULN=ULNS[1], Town="Anytown")
WRONG = line("Cy", Postcode="nowhere", Town="Anytown")
RIGHT = line("Cy", Town="Anytown")


def correct(
    school: School, number: int, *lines: Line, policy: ImportPolicy | None = None, by: StaffActor | None = None
) -> ImportSettled:
    staff = by or school.owner
    command = ReceiveImport("corrected.csv", sheet(*lines), policy, corrects=number)
    return run_import(school.app, school.app.run(receive_import, command, staff).import_id, staff, read=read_here)


def test_after_a_partly_applied_import_only_changed_rows_are_run(school: School) -> None:
    first = import_sheet(school, ADA, BO, WRONG, policy=ImportPolicy.GOOD_ROWS)
    import_sheet(school, {**ADA, "Town": "Othertown"})

    done = correct(school, first.number, ADA, {**BO, "Town": "Othertown"}, RIGHT)

    assert done.state is ImportState.APPLIED
    assert done.buckets == Buckets(created=1, updated=1, unchanged=1)
    assert values_of(school, "Ada").town == "Othertown", "What a colleague wrote since is not undone."
    assert values_of(school, "Bo").town == "Othertown"
    assert set(learners(school)) == {"Ada", "Bo", "Cy"}


def test_a_correction_of_a_correction_leaves_out_what_either_applied(school: School) -> None:
    first = import_sheet(school, ADA, BO, WRONG, policy=ImportPolicy.GOOD_ROWS)
    held = correct(school, first.number, ADA, BO, {**WRONG, "Postcode": "nowhere else"})

    done = correct(school, held.number, ADA, BO, RIGHT)

    assert (held.state, held.buckets) == (ImportState.HELD, Buckets(unchanged=2, problem=1))
    assert (done.state, done.buckets) == (ImportState.APPLIED, Buckets(unchanged=2, created=1))


def test_after_a_held_import_all_rows_are_run_and_it_waits_no_longer(school: School) -> None:
    held = import_sheet(school, ADA, WRONG)

    done = correct(school, held.number, ADA, RIGHT)

    assert (done.state, done.buckets) == (ImportState.APPLIED, Buckets(created=2))
    closed = stored(school, held.number)
    assert (closed.state, closed.reason) == (ImportState.REJECTED, ImportReason.CORRECTED)
    refused = refusal_of(school.app, release_import, ReleaseImport(held.number), school.owner)
    assert isinstance(refused, ImportClosed)


def test_rows_of_an_import_that_was_undone_run_again(school: School) -> None:
    first = import_sheet(school, ADA, BO, WRONG, policy=ImportPolicy.GOOD_ROWS)
    school.app.run(undo_import, UndoImport(first.number), school.owner)

    done = correct(school, first.number, ADA, BO, RIGHT)

    assert done.buckets == Buckets(created=3)


def test_another_row_cannot_claim_the_learner_of_a_row_that_is_left_alone(school: School) -> None:
    first = import_sheet(school, line("Ada", Dob="2009-03-01"), WRONG, policy=ImportPolicy.GOOD_ROWS)
    import_sheet(school, line("Ada", Dob="2009-03-01", ULN=ULNS[0]))

    done = correct(school, first.number, line("Ada", Dob="2009-03-01"), line("Adah", Dob="2009-03-01", ULN=ULNS[0]))

    assert (done.state, done.buckets) == (ImportState.REJECTED, Buckets(problem=2))


def test_its_sender_or_an_owner_corrects_an_import(school: School) -> None:
    first = import_sheet(school, ADA, WRONG)

    command = ReceiveImport("a", b"b", corrects=first.number)
    colleague = refusal_of(school.app, receive_import, command, school.manager)
    unknown = refusal_of(school.app, receive_import, ReceiveImport("a", b"b", corrects=99), school.owner)

    assert isinstance(colleague, ImportClosed)
    assert isinstance(unknown, ImportNotFound)
