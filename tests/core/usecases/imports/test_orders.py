"""An import that is released or undone by a worker: once, told in its own message, and never for ever."""

import pytest
from msgspec.structs import replace

from core.context import Door, System
from core.errors import ImportClosed
from core.importing import fulfil_in_background, sweep
from core.jobs import JobKind
from core.model import ImportOrder, OutboundMessage, StaffMember
from core.rules.policy import IMPORT_ATTEMPTS, IMPORT_LEASE
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.orders import BeginOrder, OrderShown, OrderWork, begin_order, order_shown, order_work
from core.usecases.imports.undoing import ImportUndone, UndoImport, undo_import
from core.words import ImportState, ImportWork, KeptReason, MessageKind
from tests.core.usecases.acting import change, clock_of, everything, jobs_of, only
from tests.core.usecases.importing import import_sheet, learners, line, stored
from tests.factories import School


def order(school: School, work: ImportWork, number: int = 1) -> int:
    school.app.run(order_work, OrderWork(number, work), school.owner)
    return only(school.app, ImportOrder, ImportOrder.settled_at.is_(None)).id


def shown(school: School, order_id: int) -> OrderShown:
    return school.app.read(lambda ctx, command: order_shown(ctx, command), order_id, System())


def messages_of(school: School, kind: MessageKind) -> list[OutboundMessage]:
    return [each for each in everything(school.app, OutboundMessage) if each.kind is kind]


def test_an_import_is_released_and_undone_by_a_worker_and_each_is_told(school: School) -> None:
    import_sheet(school, line("Ada"), line("Bo", Postcode="nowhere"))

    release = order(school, ImportWork.RELEASE)
    waiting, twice = shown(school, release), order(school, ImportWork.RELEASE)
    jobs = [job for job in jobs_of(school.app).jobs if job.kind is JobKind.RUN_ORDER]
    held = stored(school, 1).state
    done = (fulfil_in_background(school.app, release), fulfil_in_background(school.app, release))
    released = shown(school, release).done
    undo = order(school, ImportWork.UNDO)
    fulfil_in_background(school.app, undo)
    undone = shown(school, undo).done

    assert (waiting.done, waiting.refusal, waiting.rows, held) == (None, "", 2, ImportState.HELD)
    assert (twice, [job.ids for job in jobs]) == (release, [(release,)]), "Pressed twice, it is ordered once."
    assert done == (True, False)
    assert isinstance(released, ImportSettled)
    assert released.buckets.created == 1
    assert isinstance(undone, ImportUndone)
    assert (undone.removed, undone.kept_total, learners(school)) == (1, 0, {})


def test_a_colleague_who_presses_as_well_is_not_left_waiting_for_a_message(school: School) -> None:
    import_sheet(school, line("Ada", UKPRN="10000002"), by=school.manager)
    order(school, ImportWork.UNDO)

    with pytest.raises(ImportClosed, match="a colleague has ordered it a moment ago"):
        school.app.run(order_work, OrderWork(1, ImportWork.UNDO), school.manager)


def test_who_orders_by_mail_and_presses_in_slack_as_well_is_told_in_both_places(school: School) -> None:
    import_sheet(school, line("Ada"))
    by_mail = replace(school.owner, door=Door.MAIL)
    school.app.run(order_work, OrderWork(1, ImportWork.UNDO), by_mail)
    in_slack_before = messages_of(school, MessageKind.IMPORT_ORDER)

    pressed = [school.app.run(order_work, OrderWork(1, ImportWork.UNDO), school.owner) for _ in range(2)]

    assert in_slack_before == []
    assert [each.about_id for each in messages_of(school, MessageKind.IMPORT_ORDER)] == [pressed[0].order_id]
    assert len(everything(school.app, ImportOrder)) == 1


def test_what_cannot_be_done_any_more_is_refused_in_words(school: School) -> None:
    import_sheet(school, line("Ada"))
    undo = order(school, ImportWork.UNDO)
    school.app.run(undo_import, UndoImport(1), school.owner)

    fulfil_in_background(school.app, undo)

    assert (
        "import I-0001: it has been undone. Nothing was changed. “import I-0001” shows" in shown(school, undo).refusal
    )


def test_rows_that_stay_are_named_when_they_are_shown_and_nowhere_stored(school: School) -> None:
    import_sheet(school, line("Ada"))
    ada = learners(school)["Ada"]
    change(school.app, type(ada), ada.id, detail_hash=b"another")
    undo = order(school, ImportWork.UNDO)

    fulfil_in_background(school.app, undo)

    done = shown(school, undo).done
    assert isinstance(done, ImportUndone)
    assert [(each.row, each.name, each.reason) for each in done.kept] == [(2, "Ada Young", KeptReason.CHANGED)]
    assert "Ada" not in everything(school.app, ImportOrder)[0].outcome


@pytest.mark.parametrize("has_left", [True, False])
def test_an_order_that_fails_again_and_again_is_given_up_and_changes_nothing(school: School, has_left: bool) -> None:
    import_sheet(school, line("Ada"))
    undo = order(school, ImportWork.UNDO)
    if has_left:
        change(school.app, StaffMember, school.owner.staff_id, disabled_at=school.app.clock())
        fulfil_in_background(school.app, undo)
    for _ in range(0 if has_left else IMPORT_ATTEMPTS + 1):
        school.app.run(begin_order, BeginOrder(undo), System())
        clock_of(school.app).advance(seconds=IMPORT_LEASE.total_seconds() + 1)
        sweep(school.app)

    (row,) = everything(school.app, ImportOrder)
    assert row.settled_at is not None
    assert row.refusal
    assert set(learners(school)) == {"Ada"}
