"""Who a Slack user is: a person confirmed by a mailed code, in a workspace bound to an organisation."""

from datetime import timedelta

import pytest

from core.app import App
from core.context import SlackVisitor, StaffActor
from core.errors import CodeWrong, NotStaff, TooManyCodes
from core.letters import SlackCodeLetter
from core.model import OutboundMessage, SlackUser, StaffMember
from core.rules.policy import LINK_CODE_LIFE, LINK_CODE_TRIES, LINK_CODES_AN_HOUR
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.staff.organisations import NewSetupCode, new_setup_code
from core.usecases.staff.slack_identity import (
    AskForCode,
    CodeMailed,
    ConfirmCode,
    CountWrongCode,
    Recognised,
    StaffLinked,
    ask_for_code,
    confirm_code,
    count_wrong_code,
)
from core.words import MessageKind
from tests.core.usecases.acting import at_once, change, clock_of, everything, only, rival_before
from tests.core.usecases.introducing import OLIVE, ask, bind, confirm, linked, who
from tests.factories import NOW, OPERATOR, SYSTEM, School, counted_queries

POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)


def codes(app: App) -> list[str]:
    """As the e-mails that wait would say them."""
    waiting = everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.SLACK_CODE)
    loaded = app.read(load_letters, LoadLetters(tuple(message.id for message in waiting)), SYSTEM)
    return [letter.code for letter in loaded.letters if isinstance(letter, SlackCodeLetter)]


def code(school: School) -> str:
    (newest,) = codes(school.app)
    return newest


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def setup_code(school: School, slug: str) -> str:
    return school.app.run(new_setup_code, NewSetupCode(slug), OPERATOR).setup_code


def test_the_mailed_code_makes_a_slack_user_a_staff_member(school: School) -> None:
    bind(school)
    mailed = ask(school)
    before = who(school)

    done = confirm(school, f" {code(school)[:4]} {code(school)[4:]}\n")

    assert mailed == CodeMailed("olive@north.example.org", 10)
    assert before.staff is None
    assert done == StaffLinked("Olive Owner", "Northfield College")
    assert who(school).staff == StaffActor(school.organisation_id, school.owner.staff_id, OLIVE.door)


def test_the_code_is_mailed_to_the_address_on_record(school: School) -> None:
    bind(school)

    ask(school, SlackVisitor("", "T1", "U1", "OLIVE@North.example.org"))

    message = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.SLACK_CODE)
    assert message.recipient == "olive@north.example.org"


def test_an_unknown_address_gets_the_same_answer_and_no_mail(school: School) -> None:
    bind(school)
    stranger = SlackVisitor("", "T1", "U2", "stranger@north.example.org")

    answers = [ask(school, stranger), ask(school, SlackVisitor("", "T1", "U2", "nonsense"))]

    assert [each.minutes for each in answers] == [ask(school).minutes] * 2
    assert len(codes(school.app)) == 1
    with pytest.raises(CodeWrong):
        confirm(school, "00000000", stranger)


def test_a_staff_member_of_another_organisation_is_unknown_in_this_workspace(school: School) -> None:
    bind(school)
    sue = SlackVisitor("", "T1", "U7", "sue@south.example.org")

    ask(school, sue)

    assert codes(school.app) == []
    assert everything(school.app, SlackUser) == []
    assert who(school, sue).staff is None


def test_a_slack_user_of_one_workspace_is_nobody_in_another(school: School) -> None:
    bind(school)
    linked(school)
    bind(school, SlackVisitor("", "T2", "U9", ""), setup_code(school, "southgate"))

    twin = SlackVisitor("", "T2", "U1", "olive@north.example.org")

    assert who(school, twin) == Recognised(None, workspace_is_bound=True)
    ask(school, twin)
    assert who(school, twin).staff is None
    assert who(school).staff is not None


def test_nobody_is_known_where_no_workspace_is_bound(school: School) -> None:
    for usecase, command in ((ask_for_code, AskForCode()), (confirm_code, ConfirmCode("12345678"))):
        with pytest.raises(NotStaff):
            school.app.run(usecase, command, OLIVE)  # type: ignore[arg-type]  # Each with its own.

    assert who(school) == Recognised(None, workspace_is_bound=False)


def test_five_wrong_codes_end_the_code(school: School) -> None:
    bind(school)
    ask(school)
    right = code(school)
    for _ in range(LINK_CODE_TRIES):
        with pytest.raises(CodeWrong):
            confirm(school, wrong(right))
        school.app.run(count_wrong_code, CountWrongCode(), OLIVE)

    with pytest.raises(CodeWrong):
        confirm(school, right)

    ask(school)
    assert confirm(school, code(school)).name == "Olive Owner"


def test_four_wrong_codes_do_not(school: School) -> None:
    bind(school)
    ask(school)
    for _ in range(LINK_CODE_TRIES - 1):
        school.app.run(count_wrong_code, CountWrongCode(), OLIVE)

    assert confirm(school, code(school)).name == "Olive Owner"


def test_a_code_expires_at_its_very_moment(school: School) -> None:
    bind(school)
    ask(school)
    right = code(school)
    clock_of(school.app).now = NOW + LINK_CODE_LIFE
    with pytest.raises(CodeWrong):
        confirm(school, right)
    assert codes(school.app) == []

    clock_of(school.app).now -= timedelta(microseconds=1)
    assert confirm(school, right).name == "Olive Owner"


def test_only_the_newest_code_counts(school: School) -> None:
    bind(school)
    ask(school)
    first = code(school)
    ask(school)

    with pytest.raises(CodeWrong):
        confirm(school, first)

    assert len(codes(school.app)) == 1
    assert confirm(school, code(school)).name == "Olive Owner"


def test_a_code_serves_once(school: School) -> None:
    bind(school)
    ask(school)
    right = code(school)
    confirm(school, right)

    with pytest.raises(CodeWrong):
        confirm(school, right)

    assert who(school).staff is not None


def test_a_code_of_one_person_is_none_of_another(school: School) -> None:
    bind(school)
    ask(school)
    right = code(school)
    max_ = SlackVisitor("", "T1", "U3", "max@northfield.example.org")
    ask(school, max_)

    with pytest.raises(CodeWrong):
        confirm(school, right, max_)


def test_at_most_five_codes_go_out_within_an_hour(school: School) -> None:
    bind(school)
    for _ in range(LINK_CODES_AN_HOUR):
        ask(school)
    newest = code(school)

    with pytest.raises(TooManyCodes):
        ask(school)

    assert confirm(school, newest).name == "Olive Owner"
    clock_of(school.app).advance(hours=1)
    ask(school)


def test_whoever_asks_anew_is_confirmed_anew(school: School) -> None:
    bind(school)
    linked(school)

    ask(school)

    assert who(school).staff is None


def test_a_colleague_who_left_is_nobody(school: School) -> None:
    bind(school)
    linked(school)
    change(school.app, StaffMember, school.owner.staff_id, disabled_at=NOW)

    assert who(school).staff is None
    ask(school)
    assert codes(school.app) == []


def test_a_colleague_who_left_since_the_code_was_mailed_is_not_confirmed(school: School) -> None:
    bind(school)
    ask(school)
    right = code(school)
    change(school.app, StaffMember, school.owner.staff_id, disabled_at=NOW)

    with pytest.raises(CodeWrong):
        confirm(school, right)

    assert only(school.app, SlackUser).confirmed_at is None


def test_asking_twice_at_once_makes_one_account(school: School) -> None:
    bind(school)

    results = at_once(*([lambda: ask(school)] * 3))

    assert {type(result) for result in results} == {CodeMailed}
    assert only(school.app, SlackUser).generation == 3
    assert len(codes(school.app)) == 1


@POSTGRESQL
def test_asking_again_at_the_same_moment_mails_another_code_without_a_second_try(school: School) -> None:
    bind(school)
    ask(school)

    with (
        counted_queries(school.app.engine) as statements,
        rival_before(school.app.engine, "UPDATE slack_user", lambda: ask(school)),
    ):
        ask(school)

    assert only(school.app, SlackUser).generation == 3
    assert len([statement for statement in statements if statement.startswith("UPDATE slack_user")]) == 2


@POSTGRESQL
def test_a_code_does_not_confirm_whom_a_newer_code_is_about(school: School) -> None:
    """A workspace that asserts another address at that very moment must not get that person's place."""
    bind(school)
    ask(school)
    right = code(school)
    as_max = SlackVisitor("", "T1", "U1", "max@northfield.example.org")

    with (
        rival_before(school.app.engine, "UPDATE slack_user", lambda: ask(school, as_max)),
        pytest.raises(CodeWrong),
    ):
        confirm(school, right)

    user = only(school.app, SlackUser)
    assert (user.staff_id, user.confirmed_at) == (school.manager.staff_id, None)
