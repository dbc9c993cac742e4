"""views.*: modals for the person behind a trigger, and App Home pages."""

from collections.abc import Mapping
from types import MappingProxyType

from usher.demo.slack.calls import Call, Method
from usher.demo.slack.errors import SlackError, problems_error
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.limits import Surface, block_kit_problems, is_too_large
from usher.demo.slack.rates import Tier
from usher.demo.slack.records import View


def check_view(view: object, surface: Surface) -> JsonObject:
    """The view, when Slack would show it; else raises view_too_large or invalid_arguments with every problem."""
    if not isinstance(view, dict):
        raise problems_error("invalid_arguments", ["missing required field: view [json-pointer:/view]"])
    if is_too_large(view):
        raise SlackError("view_too_large")
    problems = block_kit_problems(view, surface)
    if problems:
        raise problems_error("invalid_arguments", problems)
    return view


def _open(call: Call) -> JsonObject:
    payload = check_view(call.arguments.get("view"), "modal")
    trigger = call.workspace.exchange_trigger(call.team, call.text("trigger_id"))
    return _answer(call.workspace.views.open(call.team, trigger.user_id, payload))


def _push(call: Call) -> JsonObject:
    payload = check_view(call.arguments.get("view"), "modal")
    trigger = call.workspace.exchange_trigger(call.team, call.text("trigger_id"))
    return _answer(call.workspace.views.push(call.team, trigger.user_id, payload))


def _update(call: Call) -> JsonObject:
    view_id, external_id = call.arguments.get("view_id"), call.arguments.get("external_id")
    view = call.workspace.views.find(call.team, view_id, external_id)
    if view is None:
        raise SlackError("not_found")
    payload = check_view(call.arguments.get("view"), "home" if view.payload["type"] == "home" else "modal")
    _check_hash(call, view)
    return _answer(call.workspace.views.update(view, payload))


def _publish(call: Call) -> JsonObject:
    user = call.user("user_id")
    payload = check_view(call.arguments.get("view"), "home")
    home = call.workspace.views.home(call.team, user.id)
    if home:
        _check_hash(call, home)
    return _answer(call.workspace.views.publish(call.team, user.id, payload))


def _check_hash(call: Call, view: View) -> None:
    """The hash says which state the app meant to change; without one, the last writer wins."""
    if call.arguments.get("hash", view.hash) != view.hash:
        raise SlackError("hash_conflict")


def _answer(view: View) -> JsonObject:
    return {"view": view.as_json()}


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "views.open": Method(_open, Tier.FOUR),
        "views.push": Method(_push, Tier.FOUR),
        "views.update": Method(_update, Tier.FOUR),
        "views.publish": Method(_publish, Tier.FOUR),
    }
)
