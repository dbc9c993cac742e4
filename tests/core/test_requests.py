"""The request language: one table, read the same by every door."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    BatchNotChosen,
    CodeWrong,
    ImportNotChosen,
    RunNotChosen,
    StaffDetailsInvalid,
    UnknownVerb,
    UsherError,
)
from core.requests import (
    ALIASES,
    VERBS,
    Asker,
    ComposeInvitation,
    ComposeLearner,
    ComposeStaffInvitation,
    Help,
    Mode,
    Request,
    Verb,
    instead_of,
    mode_of,
    read_request,
    usecase_of,
)
from core.rules.ucas.buckets import Bucket
from core.usecases.catalogue.courses import ListCourses, list_courses
from core.usecases.imports.applying import ReleaseImport
from core.usecases.imports.copies import OfferTemplate
from core.usecases.imports.imports import ListImports, ShowImport
from core.usecases.imports.invitations import PrepareImportInvitation
from core.usecases.imports.rows import ListImportRows
from core.usecases.imports.rules import SetImportPolicy, ShowImportPolicy
from core.usecases.imports.undoing import UndoImport
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.invitations.lists import ListedState, ListInvitations
from core.usecases.invitations.quiet_hours import SetQuietHours, ShowQuietHours, set_quiet_hours, show_quiet_hours
from core.usecases.invitations.recall import RecallBatch
from core.usecases.invitations.reminder_rules import SetReminders, ShowReminders, set_reminders, show_reminders
from core.usecases.invitations.schedules import ListScheduled
from core.usecases.invitations.scoreboards import ShowBatch
from core.usecases.invitations.single import CancelInvitation, ReinviteLearner, ResendInvitation
from core.usecases.learners.ethnicity import EraseEthnicity, ShowEthnicity, StopEthnicity, StoreEthnicity
from core.usecases.links.lists import list_shared_links
from core.usecases.links.shared_links import create_shared_link
from core.usecases.staff.colleagues import (
    InviteColleague,
    ListStaff,
    ShowColleague,
    invite_colleague,
    list_staff,
    show_colleague,
)
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    ask_for_code,
    confirm_code,
    unlink_account,
)
from core.verbs import EVERYTHING, TOPICS
from core.verbs import WORDS as WORDED
from core.words import ImportState, ImportSubject, Role

RUN = "maths-2026-03"


def command_of(text: str) -> object:
    found = read_request(text)
    assert isinstance(found, Request)
    return found.command


# --- The table --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_each_verb_reads_its_own_examples(verb: Verb) -> None:
    assert verb.examples
    for example in verb.examples:
        found = read_request(example)
        assert isinstance(found, Request | ComposeInvitation | ComposeLearner)
        assert example.split()[0] == verb.name
        if isinstance(found, Request):
            assert found.verb is verb


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_each_verb_says_what_it_does_in_one_sentence(verb: Verb) -> None:
    assert verb.usage or verb.name in ("scheduled", "unlink", "rules")
    assert re.fullmatch(r"[A-Z].*\.", verb.summary)
    assert len(verb.summary) <= 80
    assert verb.name == verb.name.lower()


def test_every_worded_verb_can_be_asked() -> None:
    assert list(VERBS) == list(WORDED)


def test_the_verbs_are_these() -> None:
    assert list(VERBS) == [
        *("invite", "invites", "resend", "cancel", "reinvite", "correct", "batch", "undo"),
        *("scheduled", "reminders", "quiet", "courses", "run", "links"),
        *("progress", "at-risk", "nudge", "snooze", "spoken", "export", "costs", "budget"),
        *("digest", "history"),
        *("imports", "import", "good-rows", "template", "learners", "import-policy", "ethnicity"),
        *("rules", "staff", "link", "unlink", "setup"),
    ]
    reading = [name for name, verb in VERBS.items() if verb.mode is Mode.READ]
    assert reading == [
        *("invites", "batch", "scheduled", "courses", "run", "progress", "at-risk", "nudge", "costs", "history"),
        *("imports", "import", "learners", "rules"),
    ]
    assert [name for name, verb in VERBS.items() if verb.asker is Asker.VISITOR] == ["link", "unlink", "setup"]


def test_each_request_has_its_use_case() -> None:
    for text, usecase in (
        (f"invite {RUN} bo@example.org", prepare_invitation),
        (f"reminders {RUN}", show_reminders),
        (f"reminders {RUN} off", set_reminders),
        ("quiet", show_quiet_hours),
        ("quiet 20:00-07:00", set_quiet_hours),
        ("link", ask_for_code),
        ("link 12345678", confirm_code),
        ("links", list_shared_links),
        ("links find maths", list_shared_links),
        ("links maths", create_shared_link),
        ("unlink", unlink_account),
        ("staff", list_staff),
        ("staff olive@example.org", show_colleague),
        ("staff invite max@example.org manager Max Example", invite_colleague),
    ):
        found = read_request(text)
        assert isinstance(found, Request)
        assert usecase_of(found) is usecase


def test_looking_at_staff_writes_nothing() -> None:
    def mode(text: str) -> Mode:
        found = read_request(text)
        assert isinstance(found, Request)
        return mode_of(found)

    assert [mode("staff"), mode("staff max@example.org")] == [Mode.READ, Mode.READ]
    assert mode("staff invite max@example.org manager Max Example") is Mode.RUN


# --- Staff ------------------------------------------------------------------------------------------------


def test_staff_are_searched_or_shown() -> None:
    assert command_of("staff") == ListStaff()
    assert command_of("staff ann marsh") == ListStaff(search="ann marsh")
    assert command_of("staff <mailto:max@example.org|max@example.org>") == ShowColleague(email="max@example.org")


def test_a_colleague_is_invited_in_one_line_whatever_comes_first() -> None:
    wanted = InviteColleague("max@example.org", Role.MANAGER, "Max", "van Dyck", ("10000001", "10000002"))

    assert command_of("staff invite max@example.org manager Max van Dyck 10000001 10000002") == wanted
    assert command_of("staff invite MANAGER Max van Dyck <mailto:max@example.org|m> 10000001, 10000002") == wanted


def test_people_may_be_called_like_a_role() -> None:
    assert command_of("staff invite olive@example.org viewer Olive Owner") == InviteColleague(
        "olive@example.org", Role.VIEWER, "Olive", "Owner"
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("staff invite", ComposeStaffInvitation("", None, "", "", ())),
        ("staff invite max@example.org", ComposeStaffInvitation("max@example.org", None, "", "", ())),
        ("staff invite max@example.org owner", ComposeStaffInvitation("max@example.org", Role.OWNER, "", "", ())),
        (
            "staff invite max@example.org ownr Max van Dyck",
            ComposeStaffInvitation("max@example.org", Role.OWNER, "Max", "van Dyck", ()),
        ),
        ("staff invite Max 10000001", ComposeStaffInvitation("", None, "Max", "", ("10000001",))),
    ],
)
def test_what_is_missing_is_asked_for_in_a_form(text: str, form: ComposeStaffInvitation) -> None:
    assert read_request(text) == form


def test_two_people_at_once_are_refused() -> None:
    with pytest.raises(StaffDetailsInvalid):
        read_request("staff invite a@example.org b@example.org manager A B")


# --- Help and unknown words -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\n", "help", "HELP", " Help ", "?", "ｈｅｌｐ"])
def test_nothing_and_help_explain_everything(text: str) -> None:
    assert read_request(text) == Help()


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str) -> None:
    for text in (f"help {verb}", f"? {verb.upper()}", f"{verb} help", f"{verb} ?", f"{verb} --help", f"{verb} -h"):
        assert read_request(text) == Help(verb)


def test_each_verb_is_of_one_topic_and_no_topic_is_called_as_a_verb() -> None:
    assert sorted(verb for topic in TOPICS.values() for verb in topic.verbs) == sorted(VERBS)
    assert not {*TOPICS, EVERYTHING} & {*VERBS, *ALIASES}
    for name in (*TOPICS, EVERYTHING):
        assert read_request(f"Help {name.title()}") == Help(topic=name)


@pytest.mark.parametrize(
    ("alias", "verb"),
    [
        *(("invitations", "invites"), ("runs", "courses"), ("re-invite", "reinvite")),
        *(("recall", "undo"), ("connect", "link")),
    ],
)
def test_other_words_for_a_verb_are_understood(alias: str, verb: str) -> None:
    assert read_request(f"help {alias}") == Help(verb)
    assert read_request(f"{alias.upper()} help") == Help(verb)


def test_of_a_sentence_the_verb_in_it_is_offered_alone() -> None:
    text = "I want to invite some people"
    with pytest.raises(UnknownVerb) as raised:
        read_request(text)

    assert raised.value.values["nearest"] == "invite"
    assert [each.text for each in instead_of(text, raised.value)] == ["invite"]


@pytest.mark.parametrize(("typed", "nearest"), [("inivte", "invite"), ("re-sent", "resend"), ("coursse", "courses")])
def test_an_unknown_verb_is_answered_with_the_nearest(typed: str, nearest: str) -> None:
    for text in (f"{typed} {RUN} bo@example.org", f"help {typed}"):
        with pytest.raises(UnknownVerb) as problem:
            read_request(text)
        assert problem.value.values["nearest"] == nearest
        assert nearest in problem.value.hint


def test_a_word_that_is_near_to_nothing_is_repeated_in_short() -> None:
    with pytest.raises(UnknownVerb) as problem:
        read_request("x" * 5000)

    assert problem.value.values == {"verb": "x" * 40, "nearest": None, "suggestion": ""}


# --- Each verb --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (f"invite {RUN} al@example.org, bo@example.org", "al@example.org, bo@example.org"),
        (f"Invite {RUN}, bo@example.org", "bo@example.org"),
        (f"  INVITE   {RUN}:   bo@example.org  ", "bo@example.org"),
        (f"invite {RUN}\nal@example.org\nbo@example.org", "al@example.org\nbo@example.org"),
        (f"invite {RUN}\r\nal@example.org\r\n", "al@example.org"),
        (f"invite\n{RUN}\n\nbo@example.org", "bo@example.org"),
        (f"invite\t{RUN}\tbo@example.org", "bo@example.org"),
        (f"invite\xa0{RUN}\xa0bo@example.org", "bo@example.org"),
        (f'invite {RUN} "Young, Bo" <bo@example.org>', '"Young, Bo" <bo@example.org>'),
        (f"invite {RUN} <mailto:bo@example.org|bo@example.org>", "<mailto:bo@example.org|bo@example.org>"),
    ],
)
def test_invite_reads_the_run_and_leaves_the_addresses_as_they_are(text: str, addresses: str) -> None:
    assert command_of(text) == PrepareInvitation(RUN, addresses)


@pytest.mark.parametrize(
    ("text", "composed"),
    [
        ("invite", ComposeInvitation("", "")),
        (f"invite {RUN}", ComposeInvitation(RUN, "")),
        (f"invite {RUN},", ComposeInvitation(RUN, "")),
        ("invite bo@example.org", ComposeInvitation("", "bo@example.org")),
        (f"invite bo@example.org {RUN}", ComposeInvitation("", f"bo@example.org {RUN}")),
        ("invite al@example.org,\nbo@example.org", ComposeInvitation("", "al@example.org,\nbo@example.org")),
        ('invite "Young, Bo" <bo@example.org>', ComposeInvitation("", '"Young, Bo" <bo@example.org>')),
        (
            "invite <mailto:bo@example.org|bo@example.org>",
            ComposeInvitation("", "<mailto:bo@example.org|bo@example.org>"),
        ),
        (f"invite {RUN},bo@example.org", ComposeInvitation("", f"{RUN},bo@example.org")),
    ],
)
def test_an_invitation_that_lacks_something_is_composed_with_what_there_is(
    text: str, composed: ComposeInvitation
) -> None:
    assert read_request(text) == composed


@pytest.mark.parametrize(
    ("text", "state", "search"),
    [
        (f"invites {RUN}", None, ""),
        (f"invites {RUN} bounced", ListedState.BOUNCED, ""),
        (f"invites {RUN} BOUNCED  example.org ", ListedState.BOUNCED, "example.org"),
        (f"invites {RUN} bo young", None, "bo young"),
        (f"invites {RUN}\npending\nbo", ListedState.PENDING, "bo"),
    ],
)
def test_invites_reads_a_state_and_words(text: str, state: ListedState | None, search: str) -> None:
    assert command_of(text) == ListInvitations(RUN, state, search)


@pytest.mark.parametrize(
    "address", ["bo@example.org", "<bo@example.org>", "<mailto:bo@example.org|bo@example.org>", " bo@example.org "]
)
def test_one_address_is_read_as_slack_and_people_write_it(address: str) -> None:
    assert command_of(f"resend {RUN} {address}") == ResendInvitation(run=RUN, address="bo@example.org")
    assert command_of(f"cancel {RUN} {address}") == CancelInvitation(run=RUN, address="bo@example.org")
    assert command_of(f"reinvite {RUN} {address}") == ReinviteLearner(RUN, "bo@example.org")


@pytest.mark.parametrize("verb", ["resend", "cancel", "reinvite"])
@pytest.mark.parametrize("rest", ["", RUN, "bo@example.org"])
def test_a_run_or_an_address_that_is_missing_is_asked_for(verb: str, rest: str) -> None:
    with pytest.raises(RunNotChosen) as problem:
        read_request(f"{verb} {rest}")

    assert f"“{verb} {RUN}" in problem.value.hint


@pytest.mark.parametrize("verb", ["invites", "run"])
def test_without_a_run_the_table_of_courses_leads_to_one(verb: str) -> None:
    request = read_request(verb)

    assert isinstance(request, Request)
    assert (request.command, usecase_of(request), mode_of(request)) == (ListCourses(), list_courses, Mode.READ)
    with pytest.raises(RunNotChosen):
        read_request(f"{verb} bo@example.org")


@pytest.mark.parametrize("typed", ["B-0041", "b-41", "B41", "41", " 0041 ", "٤١"])
def test_a_batch_is_named_by_its_number(typed: str) -> None:
    assert command_of(f"undo {typed}") == RecallBatch(number=41)
    assert command_of(f"batch {typed}") == ShowBatch(41)


@pytest.mark.parametrize("typed", ["", "it", "That", "the last one"])
def test_undo_alone_asks_what_was_done_last(typed: str) -> None:
    assert command_of(f"undo {typed}") == RecallBatch()
    with pytest.raises(BatchNotChosen):
        read_request("batch")


@pytest.mark.parametrize("typed", ["B-", "x", "4 1", "-41", "B-41x", "1234567890", "²"])
def test_what_is_no_number_names_no_batch(typed: str) -> None:
    for verb in ("undo", "batch"):
        with pytest.raises(BatchNotChosen):
            read_request(f"{verb} {typed}")


@pytest.mark.parametrize("typed", ["I-0007", "i-7", "i7", " I-7 "])
def test_an_import_is_undone_by_its_letter_and_a_bare_number_is_a_batch(typed: str) -> None:
    assert command_of(f"undo {typed}") == UndoImport(7)
    assert command_of("undo 7") == RecallBatch(number=7)


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("import I-0007", ShowImport(7)),
        ("import 7", ShowImport(7)),
        ("import", ListImports()),
        ("import I-0007 problems", ListImportRows(7, Bucket.PROBLEM, 1)),
        ("import i7 New 3", ListImportRows(7, Bucket.CREATED, 3)),
        ("imports", ListImports()),
        ("imports 2", ListImports(2)),
        ("imports held 3", ListImports(3, ImportState.HELD)),
        ("imports Undone", ListImports(1, ImportState.UNDONE)),
        ("imports I-0007", ShowImport(7)),
        ("good-rows I-0007", ReleaseImport(7)),
        ("template", OfferTemplate()),
        ("template courses", OfferTemplate(ImportSubject.CATALOGUE)),
    ],
)
def test_imports_are_listed_shown_and_released(typed: str, command: object) -> None:
    assert command_of(typed) == command


@pytest.mark.parametrize("typed", ["import B-0007", "good-rows", "good-rows x", "import ²"])
def test_what_is_no_number_names_no_import(typed: str) -> None:
    with pytest.raises(ImportNotChosen):
        read_request(typed)


def test_the_other_verbs_take_what_comes() -> None:
    assert command_of("courses") == ListCourses(search="")
    assert command_of("courses  maths  2026 ") == ListCourses(search="maths  2026")
    assert command_of("link") == AskForCode()
    assert command_of("link 1234 5678") == ConfirmCode("1234 5678")
    assert command_of("setup northfield-12345678") == BindWorkspace("northfield-12345678")
    with pytest.raises(CodeWrong):
        read_request("setup")


# --- Any text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (f"invite {RUN} a@example.org at Mon 09:00", PrepareInvitation(RUN, "a@example.org", when="Mon 09:00")),
        (f"invite {RUN} a@example.org,\nat 1 Dec 9am", PrepareInvitation(RUN, "a@example.org", when="1 Dec 9am")),
        (f'invite {RUN} "Bo at Home" <b@example.org>', PrepareInvitation(RUN, '"Bo at Home" <b@example.org>')),
        (f"invite {RUN} at Mon 09:00", ComposeInvitation(RUN, "at Mon 09:00")),
        ("scheduled", ListScheduled()),
        (f"reminders {RUN}", ShowReminders(RUN)),
        (f"reminders {RUN} 3, 10", SetReminders(RUN, "3, 10")),
        ("quiet", ShowQuietHours()),
        ("quiet 20:00-07:00", SetQuietHours("20:00-07:00")),
        ("invite maths-2026-03 import I-0007", PrepareImportInvitation("maths-2026-03", 7)),
        ("invite maths-2026-03 Import 7 at Mon 09:00", PrepareImportInvitation("maths-2026-03", 7, when="Mon 09:00")),
        ("import-policy", ShowImportPolicy()),
        ("import-policy good rows", SetImportPolicy("good rows")),
        ("ethnicity", ShowEthnicity()),
        ("ethnicity on Equality monitoring", StoreEthnicity("Equality monitoring")),
        ("ethnicity because", StoreEthnicity("")),
        ("ethnicity OFF", StopEthnicity()),
        ("ethnicity erase", EraseEthnicity()),
        ("ethnicity erase 1,204", EraseEthnicity(1204)),
    ],
)
def test_moments_reminders_and_quiet_hours_are_read(text: str, command: object) -> None:
    found = read_request(text)

    assert (found.command if isinstance(found, Request) else found) == command


def test_reminders_need_a_run() -> None:
    with pytest.raises(RunNotChosen):
        read_request("reminders")


WORDS = st.sampled_from([*VERBS, "help", "?", RUN, "bo@example.org", "B-0041", '"', "<", ">", "|", ",", "\n", "\ud800"])


@given(st.one_of(st.text(), st.lists(st.one_of(WORDS, st.text(max_size=4)), max_size=6).map(" ".join)))
def test_any_text_is_a_request_or_an_expected_refusal(text: str) -> None:
    try:
        found = read_request(text)
    except UsherError:
        return

    assert isinstance(found, Request | ComposeInvitation | ComposeStaffInvitation | Help)
