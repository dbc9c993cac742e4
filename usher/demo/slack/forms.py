"""What a person can do with the elements on their screen: find them, choose, type, attach."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from usher.demo.slack.errors import CannotSubmit, NothingThere
from usher.demo.slack.inspection import JsonObject, objects
from usher.demo.slack.limit_elements import all_options
from usher.demo.slack.limits import elements_of
from usher.demo.slack.records import File, View

# What a test types or chooses: a text, the value of an option, options by their values, files.
Value: TypeAlias = str | JsonObject | list[str] | list[JsonObject] | list[File]
Place: TypeAlias = tuple[JsonObject, JsonObject]

_TYPED = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
_CHOICE = frozenset({"static_select", "external_select", "radio_buttons", "overflow"})
_CHOICES = frozenset({"multi_static_select", "multi_external_select", "checkboxes"})

# Elements whose state is one plain string, and the key that Slack puts it under.
_SIMPLE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_TYPED, "value"),
        "datepicker": "selected_date",
        "timepicker": "selected_time",
        "datetimepicker": "selected_date_time",
        "users_select": "selected_user",
        "multi_users_select": "selected_users",
        "channels_select": "selected_channel",
        "conversations_select": "selected_conversation",
    }
)
_INITIAL: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_TYPED, "initial_value"),
        "datepicker": "initial_date",
        "timepicker": "initial_time",
        "datetimepicker": "initial_date_time",
        "users_select": "initial_user",
        "multi_users_select": "initial_users",
        "channels_select": "initial_channel",
        "conversations_select": "initial_conversation",
    }
)


def places(blocks: list[JsonObject]) -> Iterator[Place]:
    """Every interactive element with the block around it."""
    for block in blocks:
        for element in elements_of(block):
            if "action_id" in element:
                yield block, element


def find(blocks: list[JsonObject], action_id: str, value: str | None = None) -> Place:
    """Raises NothingThere when nothing fits, or when it is unclear which of several is meant.

    `value` tells buttons apart that share an action_id, as the rows of a list do; its beginning is enough.
    """
    fitting = [place for place in places(blocks) if place[1]["action_id"] == action_id]
    if len(fitting) > 1 or (fitting and fitting[0][1]["type"] == "button" and value is not None):
        fitting = [place for place in fitting if value is not None and _offers(place[1], value)]
    if len(fitting) != 1:
        shown = sorted({place[1]["action_id"] for place in places(blocks)})
        raise NothingThere(f"{len(fitting)} elements fit {action_id!r} with value {value!r}; shown: {shown}")
    return fitting[0]


def _offers(element: JsonObject, value: str) -> bool:
    if element["type"] == "button":
        return str(element.get("value", "")).startswith(value)
    return any(option["value"].startswith(value) for option in all_options(element))


def state_of(element: JsonObject, value: Value, offered: list[JsonObject]) -> JsonObject:
    """Slack's state object once a person entered the value; `offered` are the options of an external menu."""
    kind = element["type"]
    if kind == "file_input":
        return {"type": kind, "files": _attached(element, value)}
    if kind in _CHOICE:
        return {"type": kind, "selected_option": _option(element, value, offered)}
    if kind in _CHOICES:
        values = value if isinstance(value, list) else [value]
        return {"type": kind, "selected_options": [_option(element, one, offered) for one in values]}
    if kind in _TYPED:
        _check_typed(element, str(value))
    if kind not in _SIMPLE:
        raise NothingThere(f"nothing can be entered into a {kind}")
    return {"type": kind, _SIMPLE[kind]: value or None}


def _option(element: JsonObject, value: object, offered: list[JsonObject]) -> JsonObject:
    # What stands in the field already may stay, whatever was offered since.
    choices = all_options(element) + offered + objects(element.get("initial_options"))
    for option in choices:
        if value in (option, option["value"]):
            return option
    begun = [option for option in choices if isinstance(value, str) and option["value"].startswith(value)]
    if len(begun) == 1:
        return begun[0]
    raise NothingThere(f"{value!r} is not among the options {[option['value'] for option in choices]}")


def _attached(element: JsonObject, value: Value) -> list[JsonObject]:
    files = [file for file in value if isinstance(file, File)] if isinstance(value, list) else []
    if not files or len(files) > element.get("max_files", 10):
        raise NothingThere(f"the form takes 1 to {element.get('max_files', 10)} files, not {len(files)}")
    taken = element.get("filetypes")
    refused = [file.name for file in files if taken and file.filetype not in taken]
    if refused:
        raise NothingThere(f"the form takes files of type {taken}, not {refused}")
    return [file.full_json() for file in files]


def _check_typed(element: JsonObject, text: str) -> None:
    """Slack's client counts while one types."""
    longest, shortest = element.get("max_length", 3000), element.get("min_length", 0)
    if len(text) > longest:
        raise CannotSubmit({element["action_id"]: f"{len(text) - longest} characters too many"})
    if text and len(text) < shortest:
        raise CannotSubmit({element["action_id"]: f"{shortest - len(text)} characters too few"})


def initial_state(element: JsonObject) -> JsonObject | None:
    """As the app sent it; None for an element without state, such as a button."""
    kind = element["type"]
    if kind == "file_input":
        return {"type": kind, "files": []}
    if kind in _CHOICE - {"overflow"}:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in _CHOICES:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in _SIMPLE:
        return {"type": kind, _SIMPLE[kind]: element.get(_INITIAL[kind])}
    return None


def values_of(view: View) -> JsonObject:
    """view.state.values: what the person entered, else what the app had put there."""
    values: JsonObject = {}
    for block, element in places(view.blocks):
        entered = view.typed.get((block["block_id"], element["action_id"]))
        state = entered or initial_state(element)
        if state is not None:
            values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def check_complete(view: View) -> None:
    """Raises CannotSubmit for required fields left empty: the app never sees such a form."""
    values = values_of(view)
    missing = {}
    for block in view.blocks:
        if block["type"] == "input" and not block.get("optional"):
            state = values[block["block_id"]][block["element"]["action_id"]]
            if not any(value for key, value in state.items() if key != "type"):
                missing[block["block_id"]] = "Please complete this required field."
    if missing:
        raise CannotSubmit(missing)
