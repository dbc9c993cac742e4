"""An import is taken back, as far as nobody has built on it."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.errors import ImportClosed, UndoOver, UsherError
from core.letters import Verdict
from core.model import Learner, LearnerAddress, Provider, ProviderGrant
from core.rules.policy import IMPORT_LIFE
from core.usecases.imports.undoing import ImportUndone, KeptRow, UndoImport, undo_import
from core.words import ImportState, KeptReason
from tests.core.usecases.acting import MATHS, accept, change, clock_of, deliver, everything, invite, refusal_of
from tests.core.usecases.importing import ULNS, import_file, import_sheet, learners, line, sheet, stored, values_of
from tests.factories import School


def undo(school: School, number: int) -> ImportUndone:
    return school.app.run(undo_import, UndoImport(number), school.owner)


def test_learners_that_it_created_are_removed_and_the_others_as_they_were(school: School) -> None:
    import_sheet(school, line("Ada", ULN=ULNS[0], Town="Anytown"))
    before = values_of(school, "Ada")
    second = import_sheet(
        school, line("Ada", ULN=ULNS[0], Town="Othertown"), line("Bo", **{"Email address": "b@example.org"})
    )
    assert values_of(school, "Ada").town == "Othertown"

    undone = undo(school, second.number)

    assert undone == ImportUndone(second.number, removed=1, restored=1, kept=(), kept_total=0)
    assert values_of(school, "Ada") == before
    assert set(learners(school)) == {"Ada"}
    assert not everything(school.app, LearnerAddress)
    assert stored(school, second.number).state is ImportState.UNDONE


def test_the_same_file_can_be_imported_again_afterwards(school: School) -> None:
    first = import_sheet(school, line("Ada"))
    undo(school, first.number)

    again = import_sheet(school, line("Ada"))

    assert (again.state, again.buckets.created) == (ImportState.APPLIED, 1)
    assert again.number != first.number


def test_who_was_changed_since_is_left_and_listed(school: School) -> None:
    first = import_sheet(school, line("Ada", ULN=ULNS[0]), line("Bo"))
    import_sheet(school, line("Ada", ULN=ULNS[0], Town="Othertown"))

    undone = undo(school, first.number)

    assert (undone.removed, undone.kept) == (1, (KeptRow(2, "Ada Young", KeptReason.CHANGED),))
    assert values_of(school, "Ada").town == "Othertown"


def test_who_has_joined_a_run_stays(school: School) -> None:
    address = "ada@example.org"
    first = import_sheet(school, line("Ada", **{"Email address": address}))
    invite(school, address, run=MATHS)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, address)

    undone = undo(school, first.number)

    assert undone.kept == (KeptRow(2, "Ada Young", KeptReason.JOINED),)
    assert len(everything(school.app, Learner)) == 1


def test_who_came_by_an_invitation_is_found_by_the_address_and_put_back(school: School) -> None:
    address = "bo@example.org"
    invite(school, address, run=MATHS)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, address)

    done = import_sheet(school, line("Bo", **{"Email address": address, "ULN": ULNS[0]}))
    assert done.buckets.updated == 1
    assert learners(school)["Bo"].username == "bo.young"

    undone = undo(school, done.number)

    assert undone.restored == 1
    assert (learners(school)["Bo"].uln_hash, learners(school)["Bo"].username) == (None, None)
    assert [each.address for each in everything(school.app, LearnerAddress)] == [address]


@pytest.mark.parametrize(("days", "error"), [(0, ImportClosed), (IMPORT_LIFE.days, UndoOver)])
def test_it_is_undone_once_and_within_its_time(school: School, days: int, error: type[UsherError]) -> None:
    done = import_sheet(school, line("Ada"))
    if days:
        clock_of(school.app).now += timedelta(days=days)
    else:
        undo(school, done.number)

    assert isinstance(refusal_of(school.app, undo_import, UndoImport(done.number), school.owner), error)


def test_a_colleague_s_import_is_undone_by_owners_only(school: School) -> None:
    mine = import_sheet(school, line("Ada"))
    theirs = import_sheet(school, line("Bo", UKPRN="10000002"), by=school.manager)

    assert isinstance(refusal_of(school.app, undo_import, UndoImport(mine.number), school.manager), ImportClosed)
    assert undo(school, theirs.number).removed == 1


def test_an_address_that_it_brought_is_nobody_s_again_and_those_known_before_stay(school: School) -> None:
    joined = "bo.home@example.org"
    invite(school, joined, run=MATHS)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, joined)
    bo = learners(school)["Bo"].id
    import_sheet(school, line("Bo", **{"Email address": joined, "ULN": ULNS[0]}))
    slipped = import_sheet(school, line("Bo", **{"Email address": "cy@example.org", "ULN": ULNS[0]}))

    undo(school, slipped.number)
    invite(school, "cy@example.org", run=MATHS)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, "cy@example.org")

    owners = {each.address: each.learner_id for each in everything(school.app, LearnerAddress)}
    assert owners[joined] == bo
    assert owners["cy@example.org"] != bo, "Cy joins as Cy."


def test_an_address_by_which_somebody_accepted_since_stays_theirs(school: School) -> None:
    import_sheet(school, line("Bo", ULN=ULNS[0], **{"Email address": "bo@example.org"}))
    moved = import_sheet(school, line("Bo", ULN=ULNS[0], **{"Email address": "bo.new@example.org"}))
    invite(school, "bo.new@example.org", run=MATHS)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, "bo.new@example.org")

    undo(school, moved.number)

    known = {each.address for each in everything(school.app, LearnerAddress)}
    assert known == {"bo@example.org", "bo.new@example.org"}


def test_who_was_removed_since_is_listed_without_a_name(school: School) -> None:
    done = import_sheet(school, line("Ada"))
    change(school.app, Learner, learners(school)["Ada"].id, removed_at=clock_of(school.app).now)

    assert undo(school, done.number).kept == (KeptRow(2, "", KeptReason.CHANGED),)


def test_who_was_removed_and_has_joined_a_run_since_is_not_removed_again(school: School) -> None:
    rows = [line(name, **{"Email address": f"{name.lower()}@example.org"}) for name in ("Ada", "Bo")]
    import_sheet(school, *rows)
    for each in learners(school).values():
        change(school.app, Learner, each.id, removed_at=clock_of(school.app).now)
    back = import_sheet(school, *rows, line("Cy"))
    clock_of(school.app).advance(seconds=1)
    invite(school, "ada@example.org", run=MATHS)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, "ada@example.org")

    undone = undo(school, back.number)

    assert undone.kept == (KeptRow(2, "Ada Young", KeptReason.JOINED),)
    known = learners(school)
    assert (known["Ada"].removed_at, known["Bo"].removed_at is not None) == (None, True)


def grant(school: School, *ukprns: str) -> None:
    """The manager may manage these, and no others."""
    organisation_id, staff_id = school.organisation_id, school.manager.staff_id
    with Session(school.app.engine, info={"scope": "every organisation"}) as session, session.begin():
        ids = session.scalars(select(Provider.id).where(Provider.ukprn.in_(ukprns))).all()
        session.execute(delete(ProviderGrant).where(ProviderGrant.staff_id == staff_id))
        session.add_all(
            ProviderGrant(id=each, organisation_id=organisation_id, staff_id=staff_id, provider_id=each) for each in ids
        )


def test_nobody_is_put_back_to_a_provider_that_the_undoer_may_no_longer_manage(school: School) -> None:
    grant(school, "10000001", "10000002")
    import_sheet(school, line("Ada", ULN=ULNS[0], UKPRN="10000001"), by=school.manager)
    moved = import_sheet(school, line("Ada", ULN=ULNS[0], UKPRN="10000002"), by=school.manager)
    grant(school, "10000002")
    provider = learners(school)["Ada"].provider_id

    undone = school.app.run(undo_import, UndoImport(moved.number), school.manager)

    assert undone.kept == (KeptRow(2, "", KeptReason.NOT_GRANTED),)
    assert learners(school)["Ada"].provider_id == provider


def test_a_held_file_is_looked_at_again_when_its_senders_grants_have_changed(school: School) -> None:
    content = sheet(line("Ada", UKPRN="10000002"), line("Bo", UKPRN="10000001"))
    grant(school, "10000002")
    first = import_file(school, content, by=school.manager)
    again = import_file(school, content, by=school.manager)
    grant(school, "10000001", "10000002")

    granted = import_file(school, content, by=school.manager)

    assert (first.state, again.number) == (ImportState.HELD, first.number), "Nothing has changed, so it is one answer."
    assert (granted.number, granted.state) == (first.number + 1, ImportState.APPLIED)
    assert stored(school, first.number).state is ImportState.REJECTED, "It waits no longer."
