"""Checks of Block Kit elements (buttons, menus, inputs) and of the objects inside them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from usher.demo.slack.inspection import PLAIN_OR_MARKDOWN, Inspection, JsonObject, objects

Check = Callable[[Inspection, str, JsonObject], None]


def check_element(walk: Inspection, place: str, element: object, parent: str) -> None:
    """`parent` is the kind of block around it: actions, context, input or section."""
    if not isinstance(element, dict):
        walk.note(place, "must be an element")
        return
    kind = str(element.get("type"))
    if kind not in _CHECKS:
        walk.note(f"{place}/type", f"unknown element type {kind!r}")
        return
    if parent not in _PARENTS[kind]:
        walk.note(place, f"{kind} is not allowed in a block of type {parent}")
    if kind == "file_input" and walk.surface != "modal":
        walk.note(place, f"file_input is not allowed in a {walk.surface}")
    walk.optional_string(place, element, "action_id", "action_id")
    if "confirm" in element:
        _check_confirm(walk, f"{place}/confirm", element["confirm"])
    _CHECKS[kind](walk, place, element)


def check_options(walk: Inspection, place: str, options: object, limit: str, *, markdown: bool) -> None:
    for position, option in enumerate(walk.items(place, options, limit)):
        _check_option(walk, f"{place}/{position}", option, markdown=markdown)


def check_option_groups(walk: Inspection, place: str, groups: object) -> None:
    for position, group in enumerate(walk.items(place, groups, "select.option_groups")):
        here = f"{place}/{position}"
        if not isinstance(group, dict):
            walk.note(here, "must be an option group")
            continue
        walk.text(f"{here}/label", group.get("label"), "option_group.label")
        check_options(walk, f"{here}/options", group.get("options"), "option_group.options", markdown=False)


def _check_option(walk: Inspection, place: str, option: object, *, markdown: bool) -> None:
    if not isinstance(option, dict):
        walk.note(place, "must be an option")
        return
    kinds = PLAIN_OR_MARKDOWN if markdown else frozenset({"plain_text"})
    walk.text(f"{place}/text", option.get("text"), "option.text", kinds)
    walk.string(f"{place}/value", option.get("value"), "option.value")
    walk.optional_text(place, option, "description", "option.description", kinds)
    walk.optional_string(place, option, "url", "option.url")


def _check_confirm(walk: Inspection, place: str, confirm: object) -> None:
    if not isinstance(confirm, dict):
        walk.note(place, "must be a confirm object")
        return
    walk.text(f"{place}/title", confirm.get("title"), "confirmation.title")
    walk.text(f"{place}/text", confirm.get("text"), "confirmation.text", PLAIN_OR_MARKDOWN)
    walk.text(f"{place}/confirm", confirm.get("confirm"), "confirmation.confirm")
    walk.text(f"{place}/deny", confirm.get("deny"), "confirmation.deny")


def _check_button(walk: Inspection, place: str, button: JsonObject) -> None:
    walk.text(f"{place}/text", button.get("text"), "button.text")
    walk.optional_string(place, button, "value", "button.value")
    walk.optional_string(place, button, "url", "button.url")
    walk.optional_string(place, button, "accessibility_label", "button.accessibility_label")
    if str(button.get("style", "primary")) not in {"primary", "danger"}:
        walk.note(f"{place}/style", "must be primary or danger")


def _check_static_menu(walk: Inspection, place: str, menu: JsonObject) -> None:
    _check_placeholder(walk, place, menu)
    if "option_groups" in menu:
        check_option_groups(walk, f"{place}/option_groups", menu["option_groups"])
    else:
        check_options(walk, f"{place}/options", menu.get("options"), "select.options", markdown=False)
    _check_initial(walk, place, menu)


def _check_external_menu(walk: Inspection, place: str, menu: JsonObject) -> None:
    _check_placeholder(walk, place, menu)
    shortest = menu.get("min_query_length", 0)
    if not isinstance(shortest, int) or shortest < 0:
        walk.note(f"{place}/min_query_length", "must be a number from 0")


def _check_placeholder(walk: Inspection, place: str, element: JsonObject) -> None:
    walk.optional_text(place, element, "placeholder", "select.placeholder")


def _check_initial(walk: Inspection, place: str, element: JsonObject) -> None:
    """Slack wants the initial options to be equal to listed ones, description and all."""
    options = all_options(element)
    one = [element["initial_option"]] if "initial_option" in element else []
    chosen = one + objects(element.get("initial_options"))
    if any(option not in options for option in chosen):
        walk.note(place, "initial options must be among the options")


def all_options(element: JsonObject) -> list[JsonObject]:
    groups = objects(element.get("option_groups"))
    grouped = [option for group in groups for option in objects(group.get("options"))]
    return objects(element.get("options")) + grouped


def _check_overflow(walk: Inspection, place: str, menu: JsonObject) -> None:
    check_options(walk, f"{place}/options", menu.get("options"), "overflow.options", markdown=False)


def _check_radio_buttons(walk: Inspection, place: str, element: JsonObject) -> None:
    check_options(walk, f"{place}/options", element.get("options"), "radio_buttons.options", markdown=True)
    _check_initial(walk, place, element)


def _check_checkboxes(walk: Inspection, place: str, element: JsonObject) -> None:
    check_options(walk, f"{place}/options", element.get("options"), "checkboxes.options", markdown=True)
    _check_initial(walk, place, element)


def _check_text_input(walk: Inspection, place: str, element: JsonObject) -> None:
    walk.optional_text(place, element, "placeholder", "plain_text_input.placeholder")
    for key, lowest in (("min_length", 0), ("max_length", 1)):
        if key in element:
            walk.number(f"{place}/{key}", element[key], lowest, f"plain_text_input.{key}")
    if "initial_value" in element:
        walk.string(f"{place}/initial_value", element["initial_value"], "plain_text_input.max_length")


def _check_file_input(walk: Inspection, place: str, element: JsonObject) -> None:
    if "max_files" in element:
        walk.number(f"{place}/max_files", element["max_files"], 1, "file_input.max_files")
    filetypes = element.get("filetypes", ["csv"])
    if not isinstance(filetypes, list) or not filetypes:
        walk.note(f"{place}/filetypes", "must have at least 1 item")


def _check_image(walk: Inspection, place: str, image: JsonObject) -> None:
    walk.string(f"{place}/alt_text", image.get("alt_text"), "image.alt_text")
    if "slack_file" not in image:
        walk.string(f"{place}/image_url", image.get("image_url"), "image.image_url")


_ANYWHERE = frozenset({"actions", "input", "section"})
_INPUT = frozenset({"input"})
_SECTION_OR_INPUT = frozenset({"input", "section"})
_NO_INPUT = frozenset({"actions", "section"})

_PARENTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "button": _NO_INPUT,
        "overflow": _NO_INPUT,
        "image": frozenset({"context", "section"}),
        "static_select": _ANYWHERE,
        "external_select": _ANYWHERE,
        "users_select": _ANYWHERE,
        "conversations_select": _ANYWHERE,
        "channels_select": _ANYWHERE,
        "multi_static_select": _SECTION_OR_INPUT,
        "multi_external_select": _SECTION_OR_INPUT,
        "multi_users_select": _SECTION_OR_INPUT,
        "radio_buttons": _ANYWHERE,
        "checkboxes": _ANYWHERE,
        "datepicker": _ANYWHERE,
        "timepicker": _ANYWHERE,
        "datetimepicker": frozenset({"actions", "input"}),
        "plain_text_input": _INPUT,
        "email_text_input": _INPUT,
        "url_text_input": _INPUT,
        "number_input": _INPUT,
        "file_input": _INPUT,
    }
)

_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        **dict.fromkeys(_PARENTS, _check_placeholder),
        "button": _check_button,
        "overflow": _check_overflow,
        "image": _check_image,
        "static_select": _check_static_menu,
        "multi_static_select": _check_static_menu,
        "external_select": _check_external_menu,
        "multi_external_select": _check_external_menu,
        "radio_buttons": _check_radio_buttons,
        "checkboxes": _check_checkboxes,
        "plain_text_input": _check_text_input,
        "file_input": _check_file_input,
    }
)
