"""What is due is reported before it is erased, and erased in steps."""

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta
from sqlalchemy import insert

from core.app import App
from core.errors import OperatorOnly
from core.model import (
    Base,
    Draft,
    IdempotencyRecord,
    Import,
    ImportRow,
    Invitation,
    LearnerChange,
    OutboundMessage,
    WorkerBeat,
)
from core.rules.policy import DEAD_WORKER_LIFE, DRAFT_LIFE, IDEMPOTENCY_LIFE, IMPORT_LIFE, INVITATION_DATA_LIFE
from core.usecases.imports.retention import ForgetImports, forget_imports
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.retention import (
    EraseOverdue,
    ForgetOld,
    OldForgotten,
    OverdueErased,
    ReportRetention,
    erase_overdue,
    forget_old,
    report_retention,
)
from core.usecases.workers import Beat, FindDead, beat, find_dead
from tests.core.usecases.acting import MATHS, accept, clock_of, dump, everything, invite, only
from tests.core.usecases.importing import import_sheet, line
from tests.core.usecases.managing import prepare
from tests.factories import NOW, OPERATOR, SYSTEM, School


def due(school: School) -> dict[str, int]:
    report = school.app.read(report_retention, ReportRetention(), OPERATOR)
    return {rule.what.partition(",")[0]: rule.due for rule in report.rules if rule.due}


def erased(school: School) -> OverdueErased:
    return school.app.run(erase_overdue, EraseOverdue(), SYSTEM)


def test_files_and_rows_of_imports_go_after_thirty_days(school: School) -> None:
    import_sheet(school, line("Ada"), line("Bo"))
    prepare(school.app, school.owner, "Cy")
    clock_of(school.app).now += IMPORT_LIFE

    early = due(school)
    clock_of(school.app).now += timedelta(microseconds=1)
    late, gone = due(school), erased(school)
    school.app.run(forget_imports, ForgetImports(), SYSTEM)

    assert "Imported files and their rows" not in early
    assert late["Imported files and their rows"] == 1
    assert (gone.previews, gone.is_more) == (1, False)
    kept = only(school.app, Import)
    assert (kept.content, kept.reading, kept.created) == (None, None, 2)
    assert everything(school.app, ImportRow) == []
    assert everything(school.app, LearnerChange) == []
    assert erased(school) == OverdueErased(0, 0, 0, 0, 0)


def test_who_never_accepted_is_forgotten_six_months_after_the_end(school: School) -> None:
    invite(school, "Ada <ada@example.org>, Bo <bo@example.org>")
    accept(school.app, "bo@example.org")
    ends_at = everything(school.app, Invitation)[0].expires_at
    clock_of(school.app).now = ends_at + INVITATION_DATA_LIFE + relativedelta(days=1)

    counted, gone = due(school), erased(school)

    assert counted["Address and name in invitations that nobody accepted"] == gone.invitations == 1
    assert {(each.address, each.name) for each in everything(school.app, Invitation)} == {
        ("(erased)", ""),
        ("bo@example.org", "Bo"),
    }
    recipients = {each.recipient for each in everything(school.app, OutboundMessage)}
    assert "ada@example.org" not in recipients
    assert "bo@example.org" in recipients
    assert erased(school).invitations == 0


def test_only_an_operator_sees_the_report(school: School) -> None:
    with pytest.raises(OperatorOnly):
        school.app.read(report_retention, ReportRetention(), school.owner)


def forget(app: App) -> OldForgotten:
    return app.run(forget_old, ForgetOld(), SYSTEM)


def test_previews_that_nobody_confirmed_are_forgotten_and_confirmed_ones_stay(school: School) -> None:
    invited = invite(school, "a@example.org")
    school.app.run(prepare_invitation, PrepareInvitation(MATHS, "b@example.org"), school.owner)
    clock_of(school.app).now += DRAFT_LIFE

    early = forget(school.app)
    clock_of(school.app).now += timedelta(microseconds=1)
    reported = due(school)
    late = forget(school.app)

    assert reported == {"Previews of invitations that nobody confirmed": 1}
    assert due(school) == {}
    assert (early.drafts, late.drafts) == (0, 1)
    assert only(school.app, Draft).id == invited.confirmation_id
    again = school.app.run(invite_learners, InviteLearners(invited.confirmation_id), school.owner)
    assert again == invited


def test_a_preview_is_remembered_no_longer_for_having_been_asked_for_by_an_event(school: School) -> None:
    school.app.run(prepare_invitation, PrepareInvitation(MATHS, "b@example.org"), school.owner, key="slack:E1")
    clock_of(school.app).now += DRAFT_LIFE + timedelta(microseconds=1)

    forget(school.app)

    assert "b@example.org" not in str(dump(school.app))


def test_answers_are_forgotten_in_their_time(app: App) -> None:
    record = {"key": "k", "action": "x", "result": "{}", "created_at": NOW}
    with app.engine.begin() as connection:
        connection.execute(insert(Base.metadata.tables["idempotency_record"]), record)

    clock_of(app).now = NOW + IDEMPOTENCY_LIFE
    early = forget(app)
    clock_of(app).now += timedelta(seconds=1)
    late = forget(app)

    assert (early.answers, late.answers) == (0, 1)
    assert everything(app, IdempotencyRecord) == []


def test_a_worker_that_died_long_ago_is_forgotten(app: App) -> None:
    for name in "ab":
        app.run(beat, Beat(name), SYSTEM)
    clock_of(app).advance(hours=1)
    app.run(find_dead, FindDead("b"), SYSTEM)
    clock_of(app).now += DEAD_WORKER_LIFE + timedelta(microseconds=1)

    assert forget(app).workers == 1
    assert only(app, WorkerBeat).executor_id == "b"
