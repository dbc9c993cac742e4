"""How somebody in Slack becomes known: the workspace is bound, a code is mailed and comes back."""

from core.context import SlackVisitor
from core.model import SlackUser
from core.rules.links import CodeKind
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    CodeMailed,
    ConfirmCode,
    Recognised,
    StaffLinked,
    WhoIs,
    WorkspaceBound,
    ask_for_code,
    bind_workspace,
    confirm_code,
    who_is,
)
from tests.core.usecases.acting import only
from tests.factories import School

OLIVE = SlackVisitor("", "T1", "U1", "olive@north.example.org")


def bind(school: School, visitor: SlackVisitor = OLIVE, code: str | None = None) -> WorkspaceBound:
    return school.app.run(bind_workspace, BindWorkspace(code or school.setup_code), visitor)


def ask(school: School, visitor: SlackVisitor = OLIVE) -> CodeMailed:
    return school.app.run(ask_for_code, AskForCode(), visitor)


def confirm(school: School, code: str, visitor: SlackVisitor = OLIVE) -> StaffLinked:
    return school.app.run(confirm_code, ConfirmCode(code), visitor)


def who(school: School, visitor: SlackVisitor = OLIVE) -> Recognised:
    return school.app.read(who_is, WhoIs(), visitor)


def linked(school: School, visitor: SlackVisitor = OLIVE) -> None:
    """In a workspace that is bound."""
    ask(school, visitor)
    user = only(school.app, SlackUser, SlackUser.user_id == visitor.user_id)
    confirm(school, school.app.links.code(CodeKind.SLACK_LINK, user.id, user.generation), visitor)
