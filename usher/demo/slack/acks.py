"""What Slack does with the app's answer: shows it, changes the modal, or tells the person that it failed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from usher.demo.slack.api_chat import check_content
from usher.demo.slack.api_responses import say
from usher.demo.slack.api_views import check_view
from usher.demo.slack.courier import Body, Reply
from usher.demo.slack.errors import SlackError
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.limits import suggestion_problems
from usher.demo.slack.records import Message, ResponseUrl, View
from usher.demo.slack.workspace import Workspaces


class Ack(Struct, frozen=True):
    """What a person gets to see. `elapsed` in seconds of the workspace's clock.

    `problem` is None when all went well; else Slack's word: operation_timeout, dispatch_failed, invalid_blocks...
    `errors` stand under the fields of a modal, by block_id. `confirm` is the question that stood before a press.
    """

    status: int
    body: Body
    elapsed: float
    problem: str | None = None
    message: Message | None = None
    view: View | None = None
    errors: Mapping[str, str] = {}
    options: tuple[JsonObject, ...] = ()
    confirm: JsonObject | None = None

    @property
    def ok(self) -> bool:
        return self.problem is None


class AckReader:
    def __init__(self, workspace: Workspaces) -> None:
        self._workspace = workspace

    def command(self, reply: Reply, response_url: ResponseUrl, command: str) -> Ack:
        """The body, if any, becomes a message: for the person alone unless it says in_channel."""
        if reply.problem or not reply.body:
            return self.plain(reply, response_url.user_id, command)
        content = reply.body if isinstance(reply.body, dict) else {"text": reply.body}
        try:
            check_content(content)
        except SlackError as refusal:
            return self._failed(reply, response_url.user_id, refusal.code, command)
        message = say(self._workspace, response_url, content)
        return Ack(reply.status, reply.body, reply.elapsed, message=message)

    def plain(self, reply: Reply, user_id: str, about: str, confirm: JsonObject | None = None) -> Ack:
        """An answer that only matters when it fails."""
        if reply.problem:
            return self._failed(reply, user_id, reply.problem, about)
        return Ack(reply.status, reply.body, reply.elapsed, confirm=confirm)

    def suggestion(self, reply: Reply, user_id: str, action_id: str) -> Ack:
        answer = reply.body if isinstance(reply.body, dict) else {}
        problems = suggestion_problems(answer)
        if reply.problem or problems:
            return self._failed(reply, user_id, reply.problem or "invalid_options", action_id)
        grouped = [option for group in answer.get("option_groups", []) for option in group["options"]]
        options = (*answer.get("options", []), *grouped)
        return Ack(reply.status, reply.body, reply.elapsed, options=options)

    def submission(self, reply: Reply, view: View) -> Ack:
        """An empty answer closes the view; response_action says otherwise. On failure the view stays."""
        answer = reply.body if isinstance(reply.body, dict) else {}
        action = answer.get("response_action", "close")
        if reply.problem or action not in _RESPONSE_ACTIONS:
            return self._failed(reply, view.user_id, reply.problem or "invalid_response_action", view.id)
        try:
            shown, errors = _RESPONSE_ACTIONS[action](self._workspace, view, answer)
        except SlackError as refusal:
            return self._failed(reply, view.user_id, refusal.code, view.id)
        return Ack(reply.status, reply.body, reply.elapsed, view=shown, errors=errors)

    def _failed(self, reply: Reply, user_id: str, problem: str, about: str) -> Ack:
        self._workspace.notify(user_id, problem, about)
        return Ack(reply.status, reply.body, reply.elapsed, problem)


_Outcome = tuple[View | None, Mapping[str, str]]


def _close(workspace: Workspaces, view: View, answer: JsonObject) -> _Outcome:
    workspace.views.close(view)
    stack = workspace.views.stack(view.team, view.user_id)
    return (stack[-1] if stack else None), {}


def _clear(workspace: Workspaces, view: View, answer: JsonObject) -> _Outcome:
    workspace.views.close_all(view.team, view.user_id)
    return None, {}


def _update(workspace: Workspaces, view: View, answer: JsonObject) -> _Outcome:
    return workspace.views.update(view, check_view(answer.get("view"), "modal")), {}


def _push(workspace: Workspaces, view: View, answer: JsonObject) -> _Outcome:
    payload = check_view(answer.get("view"), "modal")
    return workspace.views.push(view.team, view.user_id, payload), {}


def _errors(workspace: Workspaces, view: View, answer: JsonObject) -> _Outcome:
    """Slack shows errors under input blocks only; any other block_id breaks the whole answer."""
    errors = answer.get("errors") or {}
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackError("invalid_errors")
    return view, errors


_RESPONSE_ACTIONS: Mapping[str, Callable[[Workspaces, View, JsonObject], _Outcome]] = MappingProxyType(
    {"close": _close, "clear": _clear, "update": _update, "push": _push, "errors": _errors}
)
