"""The Slack app is installed with a token of its own, removed, and installed again."""

from datetime import datetime, timedelta

import pytest

from core.context import SlackVisitor
from core.errors import InstallationExpired, InstallationRepeated, LinkNotFound, UsherError
from core.model import SlackInstallation, SlackUser, SlackWorkspace
from core.rules.links import CodeKind, LinkKind
from core.rules.policy import INSTALL_STATE_LIFE
from core.usecases.staff.installations import (
    AppInstalled,
    BeginInstallation,
    CheckInstallation,
    InstallApp,
    RemoveInstallation,
    ShowWorkspaceToken,
    WorkspaceToken,
    begin_installation,
    check_installation,
    install_app,
    remove_installation,
    show_workspace_token,
)
from core.usecases.staff.organisations import NewSetupCode, new_setup_code
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    NotePersonLeft,
    UnlinkAccount,
    WhoIs,
    ask_for_code,
    bind_workspace,
    confirm_code,
    note_person_left,
    unlink_account,
    who_is,
)
from tests.core.usecases.acting import at_once, clock_of, dump, everything, only
from tests.factories import LEARNER, OPERATOR, SYSTEM, School

OLIVE = SlackVisitor("", "T1", "U1", "olive@north.example.org")


def begin(school: School) -> str:
    return school.app.read(begin_installation, BeginInstallation(), LEARNER).state


def install(school: School, state: str = "", *, team: str = "T1", token: str = "xoxb-1") -> AppInstalled:
    command = InstallApp(state or begin(school), "", team, "Northfield", token, "UB", "A1", "commands", "U1")
    return school.app.run(install_app, command, LEARNER)


def remove(school: School, happened_at: datetime | None = None, team: str = "T1") -> int:
    moment = happened_at or school.app.clock()
    return school.app.run(remove_installation, RemoveInstallation("", team, moment), SYSTEM).unlinked


def token(school: School, team: str = "T1") -> WorkspaceToken:
    return school.app.read(show_workspace_token, ShowWorkspaceToken("", team), SYSTEM)


def link(school: School, visitor: SlackVisitor = OLIVE) -> None:
    code = school.app.run(new_setup_code, NewSetupCode("northfield"), OPERATOR).setup_code
    school.app.run(bind_workspace, BindWorkspace(code), visitor)
    school.app.run(ask_for_code, AskForCode(), visitor)
    is_live = SlackWorkspace.removed_at.is_(None)
    live = only(school.app, SlackWorkspace, SlackWorkspace.team_id == visitor.team_id, is_live)
    user = only(school.app, SlackUser, SlackUser.user_id == visitor.user_id, SlackUser.workspace_id == live.id)
    school.app.run(
        confirm_code, ConfirmCode(school.app.links.code(CodeKind.SLACK_LINK, user.id, user.generation)), visitor
    )


def is_known(school: School, visitor: SlackVisitor = OLIVE) -> bool:
    return school.app.read(who_is, WhoIs(), visitor).staff is not None


# --- Installing -------------------------------------------------------------------------------------------


def test_two_workspaces_have_each_its_own_token(school: School) -> None:
    install(school, team="T1", token="xoxb-one")
    install(school, team="T2", token="xoxb-two")

    assert token(school, "T1") == WorkspaceToken("xoxb-one", is_removed=False)
    assert token(school, "T2") == WorkspaceToken("xoxb-two", is_removed=False)
    assert token(school, "T3") == WorkspaceToken("", is_removed=False)


def test_a_token_is_encrypted_and_shown_by_no_repr(school: School) -> None:
    install(school, token="xoxb-very-secret")

    assert "xoxb-very-secret" not in str(dump(school.app))
    assert "xoxb-very-secret" not in repr(token(school))
    assert "xoxb" not in repr(InstallApp("s", "", "T1", "N", "xoxb-1", "U", "A", "c", "U1"))


def test_beginning_stores_nothing(school: School) -> None:
    before = dump(school.app)

    assert begin(school) != begin(school)
    assert dump(school.app) == before


def test_a_state_counts_once(school: School) -> None:
    state = begin(school)
    install(school, state)

    with pytest.raises(InstallationRepeated):
        school.app.read(check_installation, CheckInstallation(state), LEARNER)
    with pytest.raises(InstallationRepeated):
        install(school, state, token="xoxb-2")
    assert token(school).token == "xoxb-1"


def test_a_state_counts_once_also_when_it_comes_twice_at_once(school: School) -> None:
    state = begin(school)

    results = at_once(*([lambda: install(school, state)] * 3))

    assert sorted(type(result).__name__ for result in results) == [
        "AppInstalled",
        "InstallationRepeated",
        "InstallationRepeated",
    ]


@pytest.mark.parametrize(("late", "error"), [(timedelta(0), None), (timedelta(seconds=1), InstallationExpired)])
def test_a_state_lives_for_ten_minutes(school: School, late: timedelta, error: type[UsherError] | None) -> None:
    state = begin(school)
    clock_of(school.app).now += INSTALL_STATE_LIFE - timedelta(seconds=1) + late

    if error is None:
        assert install(school, state).team_name == "Northfield"
    else:
        with pytest.raises(error):
            install(school, state)
        assert everything(school.app, SlackInstallation) == []


def test_a_state_that_this_house_did_not_sign_for_it_counts_never(school: School) -> None:
    another_kind = school.app.links.token(LinkKind.SIGN_IN, 5)

    for state in ("", "x", another_kind, begin(school)[:-1]):
        with pytest.raises(LinkNotFound):
            school.app.run(check_installation, CheckInstallation(state), LEARNER)


def test_a_whole_enterprise_is_an_installation_without_a_team(school: School) -> None:
    command = InstallApp(begin(school), "E1", "", "Grid", "xoxb-grid", "UB", "A1", "commands", "U1")

    school.app.run(install_app, command, LEARNER)

    assert school.app.read(show_workspace_token, ShowWorkspaceToken("E1", ""), SYSTEM).token == "xoxb-grid"
    assert school.app.read(show_workspace_token, ShowWorkspaceToken("E1", "T1"), SYSTEM).token == ""


def test_installing_again_renews_the_token_and_keeps_the_binding(school: School) -> None:
    install(school)
    link(school)

    again = install(school, token="xoxb-2")

    assert again.is_again
    assert token(school).token == "xoxb-2"
    assert is_known(school)


# --- Removing ---------------------------------------------------------------------------------------------


def test_a_removed_app_has_no_token_no_workspace_and_knows_nobody(school: School) -> None:
    install(school)
    link(school)

    unlinked = remove(school)

    installation = only(school.app, SlackInstallation)
    assert (unlinked, installation.bot_token, installation.removed_at) == (1, "", school.app.clock())
    assert token(school) == WorkspaceToken("", is_removed=True)
    assert not school.app.read(who_is, WhoIs(), OLIVE).workspace_is_bound
    assert only(school.app, SlackUser).confirmed_at is None


def test_removing_twice_changes_nothing_more(school: School) -> None:
    install(school)
    link(school)
    remove(school)
    before = dump(school.app, "audit_entry")
    clock_of(school.app).advance(minutes=1)

    assert remove(school) == 0
    assert dump(school.app, "audit_entry") == before


def test_another_workspace_does_not_notice(school: School) -> None:
    elsewhere = SlackVisitor("", "T2", "U1", OLIVE.email)
    install(school)
    install(school, team="T2", token="xoxb-2")
    link(school)
    link(school, elsewhere)

    remove(school)

    assert (is_known(school), is_known(school, elsewhere)) == (False, True)
    assert token(school, "T2").token == "xoxb-2"


def test_a_workspace_that_comes_back_is_bound_and_linked_anew(school: School) -> None:
    install(school)
    link(school)
    remove(school)
    clock_of(school.app).advance(minutes=1)

    install(school, token="xoxb-2")
    is_bound_by_itself = school.app.read(who_is, WhoIs(), OLIVE).workspace_is_bound
    link(school)

    assert not is_bound_by_itself
    assert is_known(school)
    assert token(school) == WorkspaceToken("xoxb-2", is_removed=False)


def test_a_workspace_that_comes_back_may_belong_to_another_organisation(school: School) -> None:
    install(school)
    link(school)
    remove(school)
    code = school.app.run(new_setup_code, NewSetupCode("southgate"), OPERATOR).setup_code

    bound = school.app.run(bind_workspace, BindWorkspace(code), OLIVE)

    assert bound.organisation == "Southgate University"
    assert not is_known(school)


def test_news_of_an_older_removal_leaves_the_new_installation_alone(school: School) -> None:
    install(school)
    link(school)
    removed_at = school.app.clock()
    clock_of(school.app).advance(minutes=2)
    install(school, token="xoxb-2")

    remove(school, removed_at)

    assert token(school) == WorkspaceToken("xoxb-2", is_removed=False)
    assert not is_known(school)  # The binding was older: it is to be made anew.


# --- Leaving ----------------------------------------------------------------------------------------------


def test_who_leaves_slack_is_known_no_more_and_others_are(school: School) -> None:
    vera = SlackVisitor("", "T1", "U2", "vera@northfield.example.org")
    link(school)
    school.app.run(ask_for_code, AskForCode(), vera)
    user = only(school.app, SlackUser, SlackUser.user_id == "U2")
    school.app.run(
        confirm_code, ConfirmCode(school.app.links.code(CodeKind.SLACK_LINK, user.id, user.generation)), vera
    )

    left = [school.app.run(note_person_left, NotePersonLeft("", "T1", "U2"), SYSTEM).was_linked for _ in range(2)]

    assert left == [True, False]
    assert (is_known(school), is_known(school, vera)) == (True, False)


def test_a_code_that_waits_does_not_bring_back_who_has_left(school: School) -> None:
    link(school)
    school.app.run(ask_for_code, AskForCode(), OLIVE)
    user = only(school.app, SlackUser)
    code = school.app.links.code(CodeKind.SLACK_LINK, user.id, user.generation)

    school.app.run(note_person_left, NotePersonLeft("", "T1", "U1"), SYSTEM)

    with pytest.raises(UsherError):
        school.app.run(confirm_code, ConfirmCode(code), OLIVE)


def test_people_disconnect_themselves(school: School) -> None:
    link(school)

    done = [school.app.run(unlink_account, UnlinkAccount(), OLIVE).was_linked for _ in range(2)]

    assert done == [True, False]
    assert not is_known(school)
    link(school)
    assert is_known(school)
