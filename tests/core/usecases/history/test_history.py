"""Histories: what was done to a person, a batch, an import, a link, a run, or by a colleague; and who may see it."""

import csv
import io

import pytest

from core.context import StaffActor
from core.errors import (
    HistoryNotChosen,
    LearnerNotFound,
    NotFound,
    NothingToExport,
    ProviderNotGranted,
    RoleMissing,
    UsherError,
)
from core.exports.making import exported
from core.model import Learner, StaffMember
from core.requests import Request, read_request, usecase_of
from core.usecases.exports import ExportOrdered
from core.usecases.history.history import HistoryShown, ShowHistory, show_history
from core.usecases.imports.applying import ReleaseImport, release_import
from core.usecases.imports.undoing import UndoImport, undo_import
from core.usecases.invitations.changes import CancelInvitations, Chosen, cancel_invitations
from core.usecases.learners.cards import SeeLearnerDetails, see_learner_details
from core.usecases.learners.erasing import EraseLearner, erase_learner
from core.usecases.links.shared_links import PauseSharedLink, pause_shared_link
from core.usecases.staff.colleagues import ChangeColleague, change_colleague
from core.wording.history import deed_words, history_head
from core.words import Role
from tests.core.usecases.acting import (
    MATHS,
    SAFETY,
    accept,
    cancel,
    clock_of,
    decline,
    invite,
    only,
)
from tests.core.usecases.importing import import_file, import_sheet, line
from tests.core.usecases.imports.test_runs import NEW
from tests.core.usecases.managing import save
from tests.core.usecases.sharing import join, share
from tests.factories import CATALOGUE, NOW, School, counted_queries

ADA, BO, CY = "ada@example.org", "bo@example.org", "cy@example.org"


def asked(school: School, words: str, by: StaffActor | None = None) -> HistoryShown:
    request = read_request(words)
    assert isinstance(request, Request)
    return school.app.read(usecase_of(request), request.command, by or school.owner)  # type: ignore[no-any-return]  # A verb's use case is any.


def told(school: School, words: str, by: StaffActor | None = None) -> list[str]:
    """Newest first. A minute passes, so that what comes next is newer."""
    clock_of(school.app).advance(minutes=1)
    return [deed_words(deed) for deed in asked(school, words, by).deeds]


def test_a_batch_tells_who_invited_who_answered_and_what_was_cancelled(school: School) -> None:
    invite(school, ADA, BO, CY)
    clock_of(school.app).advance(minutes=1)
    accept(school.app, ADA)
    clock_of(school.app).advance(minutes=1)
    decline(school.app, BO)
    clock_of(school.app).advance(minutes=1)
    cancel(school, CY)

    lines = told(school, "history B-0001")

    assert lines == [
        "Olive Owner cancelled the invitation of cy@example.org to Maths for Everyone, from Slack",
        "bo@example.org declined the invitation to Maths for Everyone, on the web page",
        "Bo Young accepted the invitation to Maths for Everyone, on the web page",
        "Olive Owner invited 3 people to Maths for Everyone (B-0001), from Slack",
    ]
    assert told(school, f"history {MATHS}") == lines
    assert told(school, "history batch 1") == lines


def test_a_person_is_found_by_address_or_username_before_and_after_they_are_a_learner(school: School) -> None:
    invite(school, ADA, BO)
    school.app.run(cancel_invitations, CancelInvitations(Chosen(MATHS)), school.owner)
    clock_of(school.app).advance(minutes=1)
    invite(school, ADA)
    before = told(school, f"history {ADA}")
    accept(school.app, ADA)
    learner = only(school.app, Learner)
    school.app.run(see_learner_details, SeeLearnerDetails(learner.id), school.owner)

    after = told(school, f"history {ADA}")

    assert len(before) == 3
    assert "Olive Owner cancelled 2 invitations to Maths for Everyone, from Slack" in before
    assert f"Olive Owner invited {ADA} to Maths for Everyone (B-0002), from Slack" in before
    assert "Olive Owner looked at what is stored encrypted about Bo Young, from Slack" in after
    assert "Bo Young accepted the invitation to Maths for Everyone, on the web page" in after
    assert "Olive Owner invited 2 people to Maths for Everyone (B-0001), from Slack" in after
    assert len(after) == 5
    with pytest.raises(LearnerNotFound):
        asked(school, f"history {CY}")


def test_an_import_tells_what_became_of_it_and_so_do_its_learners(school: School) -> None:
    import_sheet(school, line("Ada", Email=ADA), line("Cy"))
    clock_of(school.app).advance(minutes=1)
    of_import, of_learner = told(school, "history I-0001"), told(school, f"history {ADA}")
    school.app.run(undo_import, UndoImport(1), school.owner)

    undone = told(school, "history I-0001")

    assert of_import == of_learner
    assert set(of_import) == {
        "Olive Owner sent import I-0001, from Slack",
        "Import I-0001, which Olive Owner had sent, was checked: 2 learners created or updated, from Slack",
    }
    assert undone[0] == "Olive Owner undid import I-0001, from Slack"


def test_an_import_that_waits_or_is_of_runs_is_not_told_as_learners_created(school: School) -> None:
    import_sheet(school, line("Ada"), line("Bo", Postcode="nowhere"))
    held = told(school, "history I-0001")
    school.app.run(release_import, ReleaseImport(1), school.owner)
    released = told(school, "history I-0001")
    runs = import_file(school, f"{CATALOGUE.splitlines()[0]}\n{NEW}".encode())
    clock_of(school.app).advance(minutes=1)
    school.app.run(release_import, ReleaseImport(runs.number), school.owner)
    of_runs = told(school, f"history I-{runs.number:04}")

    was_checked = "Import I-0001, which Olive Owner had sent, was checked"
    assert f"{was_checked}: nobody was created or updated, from Slack" in held
    good_rows = "Olive Owner imported the good rows of import I-0001"
    assert released[0] == f"{good_rows}: 1 learner created or updated, from Slack"
    assert f"{was_checked}: nobody was created or updated, from Slack" in released
    assert of_runs[0].endswith("1 run created or updated, from Slack")


def test_a_link_tells_who_made_it_who_paused_it_and_who_joined(school: School) -> None:
    link_id = share(school).link_id
    clock_of(school.app).advance(minutes=1)
    join(school, link_id, ADA)
    clock_of(school.app).advance(minutes=1)
    school.app.run(pause_shared_link, PauseSharedLink(link_id), school.owner)

    lines = told(school, f"history link {MATHS}")

    assert lines[0] == "Olive Owner paused the shared link of Maths for Everyone, from Slack"
    assert lines[1].startswith("Ada Marsh joined Maths for Everyone by its shared link")
    assert lines[2] == "Olive Owner made the shared link of Maths for Everyone, from Slack"


def test_a_colleague_s_deeds_are_for_owners_and_for_themselves(school: School) -> None:
    clock_of(school.app).advance(minutes=1)
    school.app.run(change_colleague, ChangeColleague(school.viewer.staff_id, Role.MANAGER, None), school.owner)
    of_olive = asked(school, "history staff olive@north.example.org")
    own = asked(school, "history staff vera@northfield.example.org", school.viewer)

    assert "Olive Owner changed what Vera Example may do, from Slack" in map(deed_words, of_olive.deeds)
    assert deed_words(own.deeds[0]) == "Olive Owner changed what Vera Example may do, from Slack"
    assert own.name == "Vera Example"
    with pytest.raises(RoleMissing):
        asked(school, "history staff olive@north.example.org", school.manager)
    with pytest.raises(LearnerNotFound):
        asked(school, "history olive@north.example.org", school.manager)


def test_what_the_asker_may_not_see_is_not_there_or_has_no_name(school: School) -> None:
    saved = save(school.app, school.owner, "Ada", email=ADA)
    share(school, SAFETY)
    import_sheet(school, line("Cy"))
    invite(school, BO, run=SAFETY)
    asked_for = (f"history {ADA}", f"history {BO}", "history B-0001", "history I-0001", f"history link {SAFETY}")

    for words in (*asked_for, f"history {SAFETY}", f"history learner {saved.card.username}", "history Ada Young"):
        assert asked(school, words).deeds
        with pytest.raises(NotFound):
            asked(school, words, school.other_owner)
    for who in (ADA, "learner Ada Young"):
        with pytest.raises(LearnerNotFound):
            asked(school, f"history {who}", school.manager)
    for words in (f"history {BO}", "history B-0001", f"history {SAFETY}", f"history link {SAFETY}"):
        with pytest.raises((ProviderNotGranted, LearnerNotFound)):
            asked(school, words, school.manager)


def test_whom_somebody_invited_is_not_named_to_them_when_they_may_see_the_run_no_more(school: School) -> None:
    who = school.viewer.staff_id
    school.app.run(change_colleague, ChangeColleague(who, Role.MANAGER, ()), school.owner)
    invite(school, BO, run=SAFETY, by=school.viewer)
    own = f"history staff {only(school.app, StaffMember, StaffMember.id == who).email}"
    before = told(school, own, school.viewer)
    school.app.run(change_colleague, ChangeColleague(who, Role.MANAGER, ("10000002",)), school.owner)

    after = told(school, own, school.viewer)

    assert any(BO in each for each in before)
    assert not any(BO in each for each in after)
    assert any(BO in each for each in told(school, own))


def test_after_erasure_the_deeds_stay_and_nobody_is_named(school: School) -> None:
    invite(school, ADA, BO)
    accept(school.app, ADA)
    learner = only(school.app, Learner)
    school.app.run(erase_learner, EraseLearner(learner.id, "Bo Young"), school.owner)

    lines = told(school, "history B-0001")

    assert "A learner accepted the invitation to Maths for Everyone, on the web page" in lines
    assert not any(word in " ".join(lines) for word in ("Bo Young", "ada@", "Erased"))
    assert "Olive Owner erased a learner, from Slack" in told(school, "history staff olive@north.example.org")
    with pytest.raises(LearnerNotFound):
        asked(school, f"history {ADA}")


def test_pages_take_the_same_statements_whatever_they_tell_of(school: School) -> None:
    people = [f"p{number}@example.org" for number in range(15)]
    invite(school, people[0])
    with counted_queries(school.app.engine) as few:
        asked(school, "history B-0001")
    invite(school, *people[1:])
    for address in people[1:]:
        clock_of(school.app).advance(minutes=1)
        accept(school.app, address)
    with counted_queries(school.app.engine) as many:
        first = asked(school, "history B-0002")
    second = asked(school, "history B-0002 2")

    assert len(few) == len(many) <= 18
    assert [first.page, first.page_count, first.total, len(first.deeds), len(second.deeds)] == [1, 2, 15, 10, 5]
    moments = [deed.at for deed in (*first.deeds, *second.deeds)]
    assert moments == sorted(moments, reverse=True)
    assert history_head(first) == "15 entries in the history of batch B-0002."


def test_the_file_has_every_deed_and_no_formula(school: School) -> None:
    people = [f"p{number}@example.org" for number in range(15)]
    invite(school, *people)
    for address in people:
        clock_of(school.app).advance(minutes=1)
        accept(school.app, address)
    save(school.app, school.owner, "=cmd()", email=ADA)

    batch = _file(school, "history export B-0001")
    learner = _file(school, f"history export {ADA} csv")

    assert batch[0] == ["when", "what was done", "door", "run code", "batch", "import"]
    assert len(batch) == 1 + 16
    at = f"{NOW:%Y-%m-%d %H:%M}"
    assert batch[-1] == [
        at, "Olive Owner invited 15 people to Maths for Everyone (B-0001), from Slack", "slack", MATHS, "B-0001", "",
    ]  # fmt: skip
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in learner for cell in row)
    assert len(learner) == 2
    with pytest.raises(NothingToExport):
        _file(school, "history export safety-2026-03")


def test_what_an_answer_says_to_write_for_the_file_means_the_same(school: School) -> None:
    invite(school, ADA)
    accept(school.app, ADA)
    share(school)
    import_sheet(school, line("Bo", Email=BO))
    names = (ADA, "B-0001", "I-0001", MATHS, "link maths", "staff olive@north.example.org", BO)

    by_name = [asked(school, f"history {name}") for name in names]
    by_id = [
        school.app.read(show_history, ShowHistory(each.kind, "", 1, each.subject_id), school.owner) for each in by_name
    ]
    again = [asked(school, f"history {each.words}") for each in by_id]

    assert [each.words for each in by_name] == list(names)
    assert [(each.kind, each.subject_id) for each in again] == [(each.kind, each.subject_id) for each in by_name]


def _file(school: School, words: str) -> list[list[str]]:
    ordered = asked_to_run(school, words)
    content = exported(school.app, ordered.export_id, school.owner).content
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def asked_to_run(school: School, words: str) -> ExportOrdered:
    request = read_request(words)
    assert isinstance(request, Request)
    return school.app.run(usecase_of(request), request.command, school.owner)  # type: ignore[no-any-return]  # A verb's use case is any.


@pytest.mark.parametrize("words", ["history", "history link", "history batch x", "history import", "history export"])
def test_whoever_names_nobody_is_told_what_can_be_named(words: str) -> None:
    with pytest.raises(HistoryNotChosen) as refused:
        read_request(words)

    assert isinstance(refused.value, UsherError)
    assert "B-0041" in refused.value.hint
