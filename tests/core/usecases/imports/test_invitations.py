"""The learners of an import are invited: everybody whom it can reach, and everybody else counted."""

from core.errors import ImportClosed, ImportNotFound
from core.model import Learner
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.invitations import (
    FindInvitable,
    InvitableFound,
    PrepareImportInvitation,
    find_invitable,
    prepare_import_invitation,
)
from core.usecases.imports.undoing import UndoImport, undo_import
from core.usecases.invitations.batches import InviteLearners, invite_learners
from core.usecases.invitations.sorting import Bucket
from core.words import ImportPolicy
from tests.core.usecases.acting import change, everything, invite, only, refusal_of
from tests.core.usecases.importing import import_sheet, learners, line
from tests.factories import NOW, School

MATHS = "maths-2026-03"
ADA = line("Ada", **{"Email address": "ada@example.org"})
BO = line("Bo", **{"Email address": "bo@example.org"})
TWINS = [line(name, **{"Email address": "parent@example.org"}) for name in ("Cy", "Di")]
NOBODY = line("Ed", **{"Email address": ""})


def buckets(school: School, done: ImportSettled, *, by: object = None) -> dict[str, int]:
    command = PrepareImportInvitation(MATHS, done.number)
    preview = school.app.run(prepare_import_invitation, command, by or school.owner)  # type: ignore[arg-type]
    return {entry.bucket.value: entry.count for entry in preview.buckets if entry.count}


def test_everybody_of_an_import_with_an_address_is_invited_and_the_others_are_counted(school: School) -> None:
    import_sheet(school, ADA)
    invite(school, "bo@example.org")
    done = import_sheet(school, ADA, BO, *TWINS, NOBODY)

    preview = school.app.run(prepare_import_invitation, PrepareImportInvitation(MATHS, done.number), school.owner)
    invited = school.app.run(invite_learners, InviteLearners(preview.draft_id), school.owner)

    counts = {entry.bucket: entry.count for entry in preview.buckets if entry.count}
    assert counts == {Bucket.NEW: 2, Bucket.INVITED: 1, Bucket.DUPLICATE: 1, Bucket.NO_ADDRESS: 1}
    assert sum(counts.values()) == done.buckets.rows
    (nameless,) = [entry for entry in preview.buckets if entry.bucket is Bucket.NO_ADDRESS]
    assert nameless.examples == ("Ed Young",)
    assert invited.invited == 2


def test_the_number_on_the_button_is_how_many_have_an_address(school: School) -> None:
    done = import_sheet(school, ADA, *TWINS, NOBODY)

    found = school.app.read(find_invitable, FindInvitable(import_id=done.import_id), school.owner)

    assert found == InvitableFound(done.import_id, done.number, 2, without_address=1, not_granted=0, removed=0)


def test_whoever_was_removed_since_is_left_out_even_where_nobody_else_has_the_address(school: School) -> None:
    done = import_sheet(school, ADA, *TWINS)
    for name in ("Ada", "Cy", "Di"):
        change(school.app, Learner, learners(school)[name].id, removed_at=NOW)

    assert buckets(school, done) == {"removed": 3}


def test_learners_of_providers_that_are_not_granted_are_counted_and_not_named(school: School) -> None:
    other = {**BO, "UKPRN": "10000002"}
    done = import_sheet(school, ADA, other)

    command = PrepareImportInvitation(MATHS, done.number)
    preview = school.app.run(prepare_import_invitation, command, school.manager)

    left_out = {entry.bucket: entry for entry in preview.buckets if entry.count}
    assert set(left_out) == {Bucket.NEW, Bucket.NOT_GRANTED}
    assert left_out[Bucket.NOT_GRANTED].examples == ()


def test_only_an_applied_import_has_learners_to_invite(school: School) -> None:
    held = import_sheet(school, ADA, line("Bad", Postcode="nowhere"), policy=ImportPolicy.HOLD_IF_ERRORS)
    undone = import_sheet(school, BO)
    school.app.run(undo_import, UndoImport(undone.number), school.owner)

    for number in (held.number, undone.number):
        for usecase, command in (
            (prepare_import_invitation, PrepareImportInvitation(MATHS, number)),
            (find_invitable, FindInvitable(number)),
        ):
            assert isinstance(refusal_of(school.app, usecase, command, school.owner), ImportClosed)
    absent = refusal_of(school.app, prepare_import_invitation, PrepareImportInvitation(MATHS, 99), school.owner)
    assert isinstance(absent, ImportNotFound)


def test_who_came_by_an_invitation_and_was_imported_without_address_is_invited_at_the_known_one(school: School) -> None:
    done = import_sheet(school, ADA)
    learner = only(school.app, Learner)
    change(school.app, Learner, learner.id, email=None)

    preview = school.app.run(prepare_import_invitation, PrepareImportInvitation(MATHS, done.number), school.owner)

    assert preview.count(Bucket.NEW) == 1
    assert len(everything(school.app, Learner)) == 1
