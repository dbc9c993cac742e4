"""Learners are searched for, shown, created and edited; everything by the rules of an import."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.context import Context
from core.errors import (
    LearnerChanged,
    LearnerChangeNotFound,
    LearnerInvalid,
    LearnerKnown,
    LearnerNotFound,
    LearnerUnchanged,
    TooManyLearners,
    UndoOver,
)
from core.model import AuditEntry, Learner, LearnerAddress, LearnerChange
from core.rules.policy import LEARNER_PREVIEW_LIFE, UNDO_LIFE
from core.rules.ucas.columns import Column
from core.usecases.learners.cards import (
    FindLearners,
    LearnerShown,
    SeeLearnerDetails,
    ShowLearner,
    find_learners,
    see_learner_details,
    show_learner,
)
from core.usecases.learners.changes import SaveLearner, save_learner
from core.usecases.learners.codes import LoadAccessCodes, load_access_codes
from core.usecases.learners.lists import LearnersListed, ListLearners, list_learners
from core.usecases.learners.removal import UndoLearnerChange, undo_learner_change
from core.words import AccountState, LearnerDeed
from tests.core.usecases.acting import accept, change, clock_of, everything, invite, only
from tests.core.usecases.importing import ULNS, import_sheet, learners, line
from tests.core.usecases.managing import prepare, save
from tests.factories import School, counted_queries

ZOE = line("Zoë", "O'Neill-Shah", ULN=ULNS[0], Dob="2010-03-31", **{"Email address": "zoe@school.example.org"})


def names(school: School, search: str, *, is_manager: bool = False) -> list[str]:
    staff = school.manager if is_manager else school.owner
    listed = school.app.read(list_learners, ListLearners(search), staff)
    return [card.name for card in listed.rows]


def problems(error: LearnerInvalid) -> dict[str, str]:
    return dict(error.problems)


# --- Finding ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Zoë O'Neill-Shah", "Ada Young"]),
        ("zoe", ["Zoë O'Neill-Shah"]),
        ("SHAH zo", ["Zoë O'Neill-Shah"]),
        ("o’neill", ["Zoë O'Neill-Shah"]),
        ("o'neill-shah", ["Zoë O'Neill-Shah"]),
        ("zoe@school.example.org", ["Zoë O'Neill-Shah"]),
        ("zoe@sch", ["Zoë O'Neill-Shah"]),
        ("ada.yo", ["Ada Young"]),
        (ULNS[0], ["Zoë O'Neill-Shah"]),
        (ULNS[0][:9], []),
        ("10000002", ["Ada Young"]),
        ("northfield sixth", ["Zoë O'Neill-Shah"]),
        ("2025/26 young", ["Ada Young"]),
        ("2024/25", []),
        ("oung", []),
        ("%", []),
        ("_", []),
        ("-", []),
    ],
)
def test_words_find_learners(school: School, search: str, found: list[str]) -> None:
    import_sheet(school, ZOE, line("Ada", UKPRN="10000002"))

    assert names(school, search) == found


def test_whoever_manages_some_providers_sees_their_learners_only(school: School) -> None:
    import_sheet(school, ZOE, line("Ada", UKPRN="10000002"))
    zoe = learners(school)["Zoë"]

    assert names(school, "", is_manager=True) == ["Ada Young"]
    for search in ("zoe", ULNS[0], "10000001", "northfield sixth", "zoe@school.example.org"):
        assert names(school, search, is_manager=True) == []
    for command in (ShowLearner(zoe.id), ShowLearner(who=ULNS[0]), ShowLearner(who="zoe@school.example.org")):
        with pytest.raises(LearnerNotFound):
            school.app.read(show_learner, command, school.manager)


def test_one_word_that_names_somebody_opens_the_card(school: School) -> None:
    import_sheet(school, ZOE, line("Ada"))

    for who in (ULNS[0], "zoe@school.example.org", "ZOE.ONEILL-SHAH"):
        found = school.app.read(find_learners, FindLearners(who), school.owner)
        assert isinstance(found, LearnerShown), who
        assert found.card.first_name == "Zoë"
    assert isinstance(school.app.read(find_learners, FindLearners("zoe"), school.owner), LearnersListed)


def test_a_search_and_a_card_take_the_same_number_of_statements_at_any_size(school: School) -> None:
    import_sheet(school, ZOE)
    zoe = learners(school)["Zoë"]
    few = statements(school, "young", zoe.id)

    import_sheet(school, *(line(f"Ada{number}") for number in range(40)))
    joined = [f"a{number}@example.org" for number in range(3)]
    invite(school, *joined)
    for address in joined:
        # On the first page.
        accept(school.app, address, "Aaron Young")
    for _ in range(3):
        school.app.run(see_learner_details, SeeLearnerDetails(zoe.id), school.owner)
    invite(school, "zoe@school.example.org")
    many = statements(school, "young", zoe.id)

    # What fills a page is counted besides.
    assert many == (few[0] + 1, few[1])
    assert max(many) <= 13


def statements(school: School, search: str, learner_id: int) -> tuple[int, int]:
    with counted_queries(school.app.engine) as listing:
        school.app.read(list_learners, ListLearners(search), school.owner)
    with counted_queries(school.app.engine) as showing:
        school.app.read(show_learner, ShowLearner(learner_id), school.owner)
    return len(listing), len(showing)


def test_pages_follow_one_another_by_last_name(school: School) -> None:
    import_sheet(school, *(line(f"Ada{number}", f"Young{number:02}") for number in range(23)))

    pages = [school.app.read(list_learners, ListLearners(page=page), school.owner) for page in (1, 2, 3, 9)]

    assert [card.last_name for page in pages[:3] for card in page.rows] == [f"Young{n:02}" for n in range(23)]
    assert [(page.page, page.page_count, page.total) for page in pages] == [(n, 3, 23) for n in (1, 2, 3, 3)]


def test_a_card_says_what_was_done_by_whom_and_through_which_door(school: School) -> None:
    import_sheet(school, ZOE)
    zoe = learners(school)["Zoë"]
    clock_of(school.app).advance(hours=1)
    save(school.app, school.owner, "Zoë", zoe.id, last_name="Shah")
    invite(school, "zoe@school.example.org")

    shown = school.app.read(show_learner, ShowLearner(zoe.id), school.owner)

    assert [(each.what, each.who, each.door, each.about) for each in shown.history] == [
        ("edited", "Olive Owner", "slack", "Learner year group, Last name, Dob"),
        ("import_created", "Olive Owner", "slack", "I-0001"),
    ]
    assert [each.run for each in shown.invitations] == ["maths-2026-03"]
    assert shown.card.account is AccountState.NEVER
    assert ULNS[0] not in repr(shown)
    assert "2010" not in repr(shown)


def test_whoever_looks_at_details_is_in_the_audit_and_on_the_card(school: School) -> None:
    import_sheet(school, ZOE)
    zoe = learners(school)["Zoë"]
    clock_of(school.app).advance(hours=1)

    seen = school.app.run(see_learner_details, SeeLearnerDetails(zoe.id), school.owner)

    shown = school.app.read(show_learner, ShowLearner(zoe.id), school.owner)
    assert (seen.value(Column.ULN), seen.value(Column.DOB)) == (ULNS[0], "2010-03-31")
    assert (shown.history[0].what, shown.history[0].who) == ("see_learner_details", "Olive Owner")
    assert only(school.app, AuditEntry, AuditEntry.subject == f"learner_id={zoe.id}").outcome == "done"


# --- Creating and editing ---------------------------------------------------------------------------------


def test_one_is_created_with_username_and_access_code_and_taken_back(school: School) -> None:
    prepared = prepare(school.app, school.owner, "Ada", email="ada@example.org")
    assert everything(school.app, Learner) == []

    saved = school.app.run(save_learner, SaveLearner(prepared.change_id), school.owner)
    again = school.app.run(save_learner, SaveLearner(prepared.change_id), school.owner)

    assert saved == again
    assert (saved.card.username, saved.card.account, saved.deed) == (
        "ada.young",
        AccountState.NEVER,
        LearnerDeed.CREATED,
    )
    assert saved.undo_until - clock_of(school.app).now == UNDO_LIFE
    assert names(school, "ada@example.org") == ["Ada Young"]
    undone = school.app.run(undo_learner_change, UndoLearnerChange(saved.change_id), school.owner)
    assert (undone.name, undone.learner_id) == ("Ada Young", 0)
    assert everything(school.app, Learner) == []


def test_every_problem_is_named_at_once_and_nothing_is_kept(school: School) -> None:
    with pytest.raises(LearnerInvalid) as refused:
        prepare(
            school.app, school.manager, "", username="no", email="no address", dob="31/02/2010", uln="9276308687",
            year_group="", ukprn="10000001", postcode="nowhere",
        )  # fmt: skip

    assert set(problems(refused.value)) == {
        *(Column.FIRST_NAME, Column.EMAIL, Column.DOB, Column.ULN, Column.YEAR_GROUP, Column.UKPRN, Column.POSTCODE),
        "username",
    }
    assert everything(school.app, LearnerChange) == []


def test_a_username_is_one_learner_s(school: School) -> None:
    save(school.app, school.owner, "Ada", username="Ada.2010")

    with pytest.raises(LearnerInvalid) as refused:
        prepare(school.app, school.owner, "Bo", username="ADA.2010")
    second = save(school.app, school.owner, "Ada", dob="2011-02-03", last_name="Young")

    assert list(problems(refused.value)) == ["username"]
    assert learners(school)["Ada"].username is not None
    assert second.card.username.startswith("ada.young")


def test_who_is_known_is_not_created_twice(school: School) -> None:
    import_sheet(school, ZOE, line("Ada", UKPRN="10000002", ULN=ULNS[1]))

    with pytest.raises(LearnerKnown) as known:
        prepare(school.app, school.owner, "Zoë", last_name="O'Neill-Shah", uln=ULNS[0], dob="2010-03-31")
    with pytest.raises(LearnerInvalid) as foreign:
        prepare(school.app, school.manager, "Bo", uln=ULNS[0], ukprn="10000002")

    assert known.value.values["key"] == "the ULN"
    assert "whose learners you may not manage" in problems(foreign.value)[Column.ULN]
    assert "Zoë" not in str(foreign.value)


def test_an_edit_shows_what_changes_and_can_be_taken_back(school: School) -> None:
    made = save(school.app, school.owner, "Ada", uln=ULNS[0], telephone="01632 960123")
    learner_id = made.card.learner_id

    prepared = prepare(school.app, school.owner, "Adah", learner_id, uln=ULNS[0], telephone="", username="adah.young")
    saved = school.app.run(save_learner, SaveLearner(prepared.change_id), school.owner)

    assert [(each.column, each.before, each.after) for each in prepared.changes] == [
        ("First name", "Ada", "Adah"), ("Telephone", "+441632960123", ""), ("Username", "ada.young", "adah.young"),
    ]  # fmt: skip
    assert saved.columns == ("First name", "Telephone", "Username")
    school.app.run(undo_learner_change, UndoLearnerChange(saved.change_id), school.owner)
    seen = school.app.run(see_learner_details, SeeLearnerDetails(learner_id), school.owner)
    assert (seen.card.name, seen.card.username) == ("Ada Young", "ada.young")
    assert seen.value(Column.TELEPHONE) == "+441632960123"


def test_an_address_that_was_typed_by_mistake_is_taken_back_as_well(school: School) -> None:
    made = save(school.app, school.owner, "Ada", email="ada@example.org")
    saved = save(school.app, school.owner, "Ada", made.card.learner_id, email="cy@example.org")

    school.app.run(undo_learner_change, UndoLearnerChange(saved.change_id), school.owner)

    assert [each.address for each in everything(school.app, LearnerAddress)] == ["ada@example.org"]


def test_an_identifier_belongs_to_one(school: School) -> None:
    import_sheet(school, ZOE)
    made = save(school.app, school.owner, "Ada")

    with pytest.raises(LearnerInvalid) as refused:
        prepare(school.app, school.owner, "Ada", made.card.learner_id, uln=ULNS[0])

    assert problems(refused.value) == {Column.ULN: "it belongs to Zoë O'Neill-Shah already"}


def test_an_edit_is_refused_when_it_changes_nothing_is_late_or_not_one_s_own(school: School) -> None:
    made = save(school.app, school.owner, "Ada", ukprn="10000002")
    learner_id = made.card.learner_id

    with pytest.raises(LearnerUnchanged):
        prepare(school.app, school.owner, "Ada", learner_id, ukprn="10000002")
    old = prepare(school.app, school.owner, "Adah", learner_id, ukprn="10000002")
    with pytest.raises(LearnerChangeNotFound):
        school.app.run(save_learner, SaveLearner(old.change_id), school.manager)
    save(school.app, school.manager, "Ida", learner_id, ukprn="10000002")
    with pytest.raises(LearnerChanged):
        school.app.run(save_learner, SaveLearner(old.change_id), school.owner)
    clock_of(school.app).now += LEARNER_PREVIEW_LIFE
    with pytest.raises(LearnerChangeNotFound):
        school.app.run(save_learner, SaveLearner(old.change_id), school.owner)


def test_undo_is_over_after_ten_minutes_after_another_change_and_after_itself(school: School) -> None:
    made = save(school.app, school.owner, "Ada")
    edited = save(school.app, school.owner, "Adah", made.card.learner_id)

    for change_id in (made.change_id,):
        with pytest.raises(UndoOver, match="was changed since"):
            school.app.run(undo_learner_change, UndoLearnerChange(change_id), school.owner)
    school.app.run(undo_learner_change, UndoLearnerChange(edited.change_id), school.owner)
    with pytest.raises(UndoOver, match="taken back already"):
        school.app.run(undo_learner_change, UndoLearnerChange(edited.change_id), school.owner)
    change(school.app, Learner, made.card.learner_id, access_code_used_at=clock_of(school.app).now)
    with pytest.raises(UndoOver, match="signed in since"):
        school.app.run(undo_learner_change, UndoLearnerChange(made.change_id), school.owner)
    clock_of(school.app).now += UNDO_LIFE
    with pytest.raises(UndoOver, match="more than 10 minutes ago"):
        school.app.run(undo_learner_change, UndoLearnerChange(made.change_id), school.owner)


def test_what_a_preview_keeps_is_encrypted(school: School) -> None:
    prepare(school.app, school.owner, "Ada", uln=ULNS[0])

    (kept,) = everything(school.app, LearnerChange)

    assert kept.content is not None
    assert b"Ada" not in kept.content
    assert ULNS[0].encode() not in kept.content


# --- Never signed in --------------------------------------------------------------------------------------


def test_the_list_of_those_who_never_signed_in_and_their_codes(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    import_sheet(school, ZOE, line("Ada", UKPRN="10000002"), line("Bo", UKPRN="10000002"))
    clock_of(school.app).now += timedelta(days=1)
    change(school.app, Learner, learners(school)["Bo"].id, access_code_used_at=clock_of(school.app).now)

    listed = school.app.read(list_learners, ListLearners(is_never=True), school.owner)
    own = school.app.run(load_access_codes, LoadAccessCodes(), school.manager)
    chosen = school.app.run(load_access_codes, LoadAccessCodes("10000001"), school.owner)

    assert [card.name for card in listed.rows] == ["Zoë O'Neill-Shah", "Ada Young"]
    assert [each.name for each in own.codes] == ["Ada Young"]
    assert [each.name for each in chosen.codes] == ["Zoë O'Neill-Shah"]
    assert len(own.codes[0].code) == 11
    assert own.codes[0].code not in repr(own)
    audited = school.app.read(_audited, None, school.owner)
    assert audited == 2
    with pytest.raises(TooManyLearners, match="There are 2 learners"):
        school.app.run(load_access_codes, LoadAccessCodes(most=1), school.owner)


def _audited(ctx: Context, _command: None) -> int:
    return len(ctx.session.scalars(select(AuditEntry).where(AuditEntry.action == "load_access_codes")).all())
