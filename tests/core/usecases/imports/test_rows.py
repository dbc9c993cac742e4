"""The rows of an import looked through, its copies ordered, a few of its rows corrected: who may, and when."""

import pytest
from msgspec.structs import replace

from core.context import Door, StaffActor
from core.errors import ImportClosed
from core.jobs import JobKind
from core.model import Import, OutboundMessage
from core.rules.policy import IMPORT_LIFE
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.copies import OfferTemplate, OrderCopy, offer_template, order_copy
from core.usecases.imports.fixing import CorrectRows, ShowBrokenRows, correct_rows, show_broken_rows
from core.usecases.imports.imports import ShowImport, show_import
from core.usecases.imports.rows import ListImportRows, list_import_rows
from core.usecases.imports.undoing import PreviewUndo, UndoImport, preview_undo, undo_import
from core.words import ImportPolicy, MessageKind
from tests.core.usecases.acting import change, clock_of, everything, jobs_of, refusal_of
from tests.core.usecases.importing import ULNS, broken, checked, import_sheet, imported_at_once, line, stored
from tests.factories import School


@pytest.fixture
def held(school: School) -> int:
    """Rows 2 and 3 wait for row 4."""
    return imported_at_once(school, checked(2, "Ada"), checked(3, "Bo"), broken(4, "Cy"))


def in_slack(school: School) -> StaffActor:
    return replace(school.owner, door=Door.SLACK)


def slack_messages(school: School) -> list[MessageKind]:
    return [row.kind for row in everything(school.app, OutboundMessage) if row.kind.value.startswith("import")]


def test_rows_are_listed_by_bucket_for_whoever_may_see_them(school: School, held: int) -> None:
    wrong = school.app.read(list_import_rows, ListImportRows(held), school.owner)
    new = school.app.read(list_import_rows, ListImportRows(held, Bucket.CREATED, 9), school.owner)
    manager = refusal_of(school.app, list_import_rows, ListImportRows(held), school.manager)

    assert [(row.number, row.name, row.problems[0].column) for row in wrong.rows] == [(4, "Cy Young", "Postcode")]
    assert ([row.number for row in new.rows], new.page, new.total) == ([2, 3], 1, 2)
    assert isinstance(manager, ImportClosed), "A manager of another provider."


def test_a_copy_is_for_its_sender_while_the_file_is_kept(school: School, held: int) -> None:
    school.app.run(order_copy, OrderCopy(held, is_full=True), in_slack(school))
    school.app.run(offer_template, OfferTemplate(), in_slack(school))
    school.app.run(offer_template, OfferTemplate(), replace(school.owner, door=Door.MAIL))
    colleague = refusal_of(school.app, order_copy, OrderCopy(held), school.manager)
    clock_of(school.app).advance(seconds=IMPORT_LIFE.total_seconds())
    erased = refusal_of(school.app, order_copy, OrderCopy(held), in_slack(school))

    asked = slack_messages(school)
    assert asked.count(MessageKind.IMPORT_FULL_COPY) == asked.count(MessageKind.IMPORT_TEMPLATE) == 1
    assert isinstance(colleague, ImportClosed)
    assert isinstance(erased, ImportClosed)
    assert "erased" in erased.message


def test_what_came_through_slack_has_a_message_from_its_first_moment(school: School) -> None:
    done = import_sheet(school, line("Ada"), by=in_slack(school))
    import_sheet(school, line("Bo"), by=replace(school.owner, door=Door.CLI))

    assert sorted(slack_messages(school)) == [MessageKind.IMPORT, MessageKind.IMPORT_COPY]
    assert JobKind.SEND_SLACK in {job.kind for job in jobs_of(school.app).jobs}
    assert stored(school, done.number).door is Door.SLACK


def test_corrected_rows_keep_their_numbers_and_take_the_others_with_them(school: School, held: int) -> None:
    shown = school.app.read(show_broken_rows, ShowBrokenRows(held), school.owner)
    wrong = school.app.run(correct_rows, CorrectRows(held, {(4, "Postcode"): "nowhere"}), school.owner)
    done = school.app.run(correct_rows, CorrectRows(held, {(4, "Postcode"): "ZZ99 9ZZ"}), school.owner)

    assert [(row.number, [cell.column for cell in row.cells]) for row in shown.rows] == [(4, ["Postcode"])]
    assert shown.waiting == 2
    assert [(each.row, each.column) for each in wrong.refused] == [(4, "Postcode")]
    assert wrong.received is None
    correction = stored(school, done.received or 0)
    assert correction.corrects_id == stored(school, held).id
    assert correction.policy is stored(school, held).policy


def test_only_a_few_rows_of_ones_own_can_be_corrected_one_by_one(school: School, held: int) -> None:
    colleague = refusal_of(school.app, show_broken_rows, ShowBrokenRows(held), school.manager)
    many = imported_at_once(school, checked(1, "Di"), *(broken(number, f"N{number}") for number in range(2, 8)))
    too_many = refusal_of(school.app, show_broken_rows, ShowBrokenRows(many), school.owner)
    none = import_sheet(school, line("Flo"), policy=ImportPolicy.GOOD_ROWS).number
    nothing = refusal_of(school.app, correct_rows, CorrectRows(none, {}), school.owner)

    assert isinstance(colleague, ImportClosed)
    assert isinstance(too_many, ImportClosed)
    assert isinstance(nothing, ImportClosed)


def test_what_is_offered_is_what_can_be_done(school: School, held: int) -> None:
    waiting = school.app.read(show_import, ShowImport(held), school.owner).offers
    other = school.app.read(show_import, ShowImport(held), school.manager).offers
    applied = school.app.read(show_import, ShowImport(imported_at_once(school, checked(2, "Gil"))), school.owner).offers

    assert (waiting.good_rows, waiting.corrections, waiting.undo, waiting.copy) == (2, 1, False, True)
    assert (other.good_rows, other.corrections, other.undo, other.copy) == (0, 0, False, False)
    assert (applied.good_rows, applied.corrections, applied.undo, applied.copy) == (0, 0, True, True)


def test_a_preview_of_undoing_says_what_undoing_does_and_changes_nothing(school: School) -> None:
    first = import_sheet(school, line("Ada", ULN=ULNS[0]), line("Bo"))
    import_sheet(school, line("Ada", ULN=ULNS[0], Town="Othertown"))

    preview = school.app.read(preview_undo, PreviewUndo(first.number), school.owner)
    done = school.app.run(undo_import, UndoImport(first.number), school.owner)

    assert (preview.removed, preview.restored, preview.kept) == (done.removed, done.restored, done.kept)
    assert (done.removed, len(done.kept)) == (1, 1)


def test_rows_of_an_erased_file_are_gone(school: School, held: int) -> None:
    change(school.app, Import, stored(school, held).id, content=None)

    for usecase, command in ((list_import_rows, ListImportRows(held)), (show_broken_rows, ShowBrokenRows(held))):
        assert isinstance(refusal_of(school.app, usecase, command, school.owner), ImportClosed)
