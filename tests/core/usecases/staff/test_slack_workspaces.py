"""Slack workspaces: bound by a set-up code; their tokens and events."""

from datetime import timedelta

import pytest

from core.context import SlackVisitor
from core.errors import CodeWrong, WorkspaceTaken
from core.model import SlackUser, SlackWorkspace
from core.rules.policy import SETUP_CODE_LIFE
from core.usecases.staff.organisations import NewSetupCode, new_setup_code
from core.usecases.staff.slack_identity import (
    BindWorkspace,
    CountWrongCode,
    WorkspaceBound,
    bind_workspace,
    count_wrong_code,
)
from tests.core.usecases.acting import at_once, clock_of, everything, only
from tests.core.usecases.introducing import OLIVE, ask, bind, linked, who
from tests.factories import NOW, OPERATOR, School


def setup_code(school: School, slug: str) -> str:
    return school.app.run(new_setup_code, NewSetupCode(slug), OPERATOR).setup_code


# --- Workspace --------------------------------------------------------------------------------------------


def test_a_setup_code_binds_a_workspace_to_its_organisation(school: School) -> None:
    before = who(school)

    bound = bind(school)

    assert (before.workspace_is_bound, who(school).workspace_is_bound) == (False, True)
    assert bound.organisation == "Northfield College"
    workspace = only(school.app, SlackWorkspace)
    assert (workspace.organisation_id, workspace.bound_by) == (school.organisation_id, "U1")


def test_a_setup_code_binds_one_workspace(school: School) -> None:
    bind(school)

    with pytest.raises(CodeWrong):
        bind(school, SlackVisitor("", "T2", "U9", ""))

    assert len(everything(school.app, SlackWorkspace)) == 1


@pytest.mark.parametrize(
    "typed", ["", "northfield", "northfield-", "-12345678", "nowhere-12345678", "\x00", "a-\ud800"]
)
def test_what_is_no_setup_code_is_refused_alike(school: School, typed: str) -> None:
    with pytest.raises(CodeWrong) as refused:
        school.app.run(bind_workspace, BindWorkspace(typed), OLIVE)

    assert refused.value.message == CodeWrong(next_step="").message
    assert everything(school.app, SlackWorkspace) == []


def test_a_setup_code_is_read_without_regard_to_case_and_spaces(school: School) -> None:
    assert bind(school, code=f"  {school.setup_code.upper()} ").organisation == "Northfield College"


def test_a_setup_code_of_one_organisation_is_none_of_another(school: School) -> None:
    digits = school.setup_code.rpartition("-")[2]

    with pytest.raises(CodeWrong):
        bind(school, code=f"southgate-{digits}")


def test_a_setup_code_expires_at_its_very_moment(school: School) -> None:
    clock_of(school.app).now = NOW + SETUP_CODE_LIFE
    with pytest.raises(CodeWrong):
        bind(school)

    clock_of(school.app).now -= timedelta(microseconds=1)
    assert bind(school).organisation == "Northfield College"


def test_wrong_setup_codes_use_up_no_code_and_are_hopeless(school: School) -> None:
    for _ in range(20):
        with pytest.raises(CodeWrong):
            bind(school, code="northfield-aaaaaaaaaaaaaaaa")

    assert len(school.setup_code.rpartition("-")[2]) == 16
    assert bind(school).organisation == "Northfield College"


def test_a_new_setup_code_ends_the_one_before(school: School) -> None:
    new = setup_code(school, "northfield")

    with pytest.raises(CodeWrong):
        bind(school)

    assert bind(school, code=new).organisation == "Northfield College"


def test_wrong_codes_guessed_at_once_are_all_counted(school: School) -> None:
    bind(school)
    ask(school)

    at_once(*([lambda: school.app.run(count_wrong_code, CountWrongCode(), OLIVE)] * 4))

    assert only(school.app, SlackUser).code_tries == 4


def test_binding_again_to_the_same_organisation_is_harmless(school: School) -> None:
    bind(school)
    linked(school)

    bind(school, code=setup_code(school, "northfield"))

    assert len(everything(school.app, SlackWorkspace)) == 1
    assert who(school).staff is not None


def test_a_bound_workspace_is_not_taken_by_another_organisation(school: School) -> None:
    bind(school)
    theirs = setup_code(school, "southgate")

    with pytest.raises(WorkspaceTaken):
        bind(school, code=theirs)

    assert only(school.app, SlackWorkspace).organisation_id == school.organisation_id
    assert bind(school, SlackVisitor("", "T2", "U9", ""), theirs).organisation == "Southgate University"


def test_an_organisation_may_have_several_workspaces(school: School) -> None:
    bind(school)
    second = SlackVisitor("E1", "", "U1", OLIVE.email)

    bind(school, second, setup_code(school, "northfield"))

    linked(school, second)
    assert who(school, second).staff is not None
    assert who(school).staff is None


def test_binding_at_once_binds_once(school: School) -> None:
    results = at_once(*([lambda: bind(school)] * 3))

    assert WorkspaceBound("Northfield College") in results
    assert {type(result) for result in results} <= {WorkspaceBound, CodeWrong}
    assert len(everything(school.app, SlackWorkspace)) == 1
