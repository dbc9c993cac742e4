"""Says whether Slack would take a message, a modal or an App Home: types, places, lengths and counts.

There is no official schema. The payload is walked as plain dicts, because objects that refuse to be built
wrongly would hide exactly the mistakes that are looked for.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

from usher.demo.slack.inspection import PLAIN_OR_MARKDOWN, Inspection, JsonObject, objects
from usher.demo.slack.limit_elements import check_element, check_option_groups, check_options
from usher.demo.slack.limit_table import LIMITS
from usher.demo.slack.limit_tables import characters, check_chart, check_data_table, check_table

Surface: TypeAlias = Literal["message", "modal", "home"]
TOO_MANY_CHARACTERS = "the blocks of a message may hold about"


def assert_block_kit(payload: JsonObject | Sequence[JsonObject], surface: Surface) -> None:
    """Raises AssertionError with every problem, one a line."""
    problems = block_kit_problems(payload, surface)
    if problems:
        raise AssertionError(f"Slack would refuse this {surface}:\n" + "\n".join(problems))


def block_kit_problems(payload: JsonObject | Sequence[JsonObject], surface: Surface) -> list[str]:
    """Takes a list of blocks, or a whole message or view; an empty list means that Slack would take it."""
    walk = Inspection(surface)
    if isinstance(payload, dict):
        _check_whole(walk, payload)
    else:
        _check_blocks(walk, payload)
    return walk.problems


def suggestion_problems(answer: JsonObject) -> list[str]:
    """The same for the answer to a menu that asks for its options; no match at all is a fine answer."""
    walk = Inspection("modal")
    if not isinstance(answer, dict):
        walk.note("/", "must be an object with options")
    elif answer.get("option_groups"):
        check_option_groups(walk, "/option_groups", answer["option_groups"])
    elif answer.get("options") != []:
        check_options(walk, "/options", answer.get("options"), "select.options", markdown=False)
    return walk.problems


def _check_whole(walk: Inspection, payload: JsonObject) -> None:
    if walk.surface == "message":
        _check_message(walk, payload)
    else:
        _check_view(walk, payload)


def _check_message(walk: Inspection, message: JsonObject) -> None:
    text = message.get("text")
    if isinstance(text, str) and len(text) > LIMITS["message.text"]:
        walk.note("/text", f"must be at most {LIMITS['message.text']} characters")
    if message.get("blocks"):
        _check_blocks(walk, message["blocks"])


def _check_view(walk: Inspection, view: JsonObject) -> None:
    if view.get("type") != walk.surface:
        walk.note("/view/type", f"must be {walk.surface}")
    if walk.surface == "modal":
        _check_frame(walk, view)
    for key in ("private_metadata", "callback_id", "external_id"):
        longest = LIMITS[f"view.{key}"]
        if not isinstance(view.get(key, ""), str) or len(view.get(key, "")) > longest:
            walk.note(f"/view/{key}", f"must be a string of at most {longest} characters")
    if is_too_large(view):
        walk.note("/view", f"must be at most {LIMITS['view.bytes']} bytes")
    _check_blocks(walk, view.get("blocks"))


def _check_frame(walk: Inspection, view: JsonObject) -> None:
    walk.text("/view/title", view.get("title"), "view.title")
    walk.optional_text("/view", view, "submit", "view.submit")
    walk.optional_text("/view", view, "close", "view.close")
    blocks = objects(view.get("blocks"))
    if "submit" not in view and any(block.get("type") == "input" for block in blocks):
        walk.note("/view/submit", "is required when there is an input block")


def is_too_large(view: JsonObject) -> bool:
    return len(json.dumps(view, ensure_ascii=False).encode()) > LIMITS["view.bytes"]


def _check_blocks(walk: Inspection, blocks: object) -> None:
    limit = "message.blocks" if walk.surface == "message" else "view.blocks"
    found = walk.items("/blocks", blocks, limit)
    for position, block in enumerate(found):
        _check_block(walk, f"/blocks/{position}", block)
    good = objects(blocks)
    _check_unique(walk, "/blocks", "block_id", good)
    if walk.surface == "message":
        _check_totals(walk, good)


def _check_block(walk: Inspection, place: str, block: object) -> None:
    if not isinstance(block, dict):
        walk.note(place, "must be a block")
        return
    kind = str(block.get("type"))
    if kind not in _CHECKS:
        walk.note(f"{place}/type", f"unknown block type {kind!r}")
        return
    if kind in _MESSAGE_ONLY and walk.surface != "message":
        walk.note(place, f"{kind} is not allowed in a {walk.surface}")
    walk.optional_string(place, block, "block_id", "block_id")
    _CHECKS[kind](walk, place, block)
    _check_unique(walk, place, "action_id", elements_of(block))


def elements_of(block: JsonObject) -> list[JsonObject]:
    """The elements of a block, wherever its type puts them."""
    return objects(block.get("elements")) + objects([block.get("accessory"), block.get("element")])


def _check_unique(walk: Inspection, place: str, key: str, items: Sequence[JsonObject]) -> None:
    ids = [item[key] for item in items if isinstance(item.get(key), str)]
    for repeated in sorted({one for one in ids if ids.count(one) > 1}):
        walk.note(place, f"duplicate {key} {repeated!r}")


def _check_totals(walk: Inspection, blocks: Sequence[JsonObject]) -> None:
    if characters(list(blocks)) > LIMITS["message.total_characters"]:
        total = LIMITS["message.total_characters"]
        walk.note("/blocks", f"{TOO_MANY_CHARACTERS} {total} characters, these have {characters(list(blocks))}")
    markdown = [str(block.get("text")) for block in blocks if block.get("type") == "markdown"]
    if sum(map(len, markdown)) > LIMITS["markdown.total_text"]:
        walk.note("/blocks", f"markdown may hold {LIMITS['markdown.total_text']} characters in all")
    charts = [block for block in blocks if block.get("type") == "data_visualization"]
    if len(charts) > LIMITS["message.data_visualizations"]:
        walk.note("/blocks", f"must have at most {LIMITS['message.data_visualizations']} charts")


def _check_section(walk: Inspection, place: str, block: JsonObject) -> None:
    if "text" not in block and "fields" not in block:
        walk.note(place, "must have text or fields")
    walk.optional_text(place, block, "text", "section.text", PLAIN_OR_MARKDOWN)
    if "fields" in block:
        for position, field in enumerate(walk.items(f"{place}/fields", block["fields"], "section.fields")):
            walk.text(f"{place}/fields/{position}", field, "section.fields.item", PLAIN_OR_MARKDOWN)
    if "accessory" in block:
        check_element(walk, f"{place}/accessory", block["accessory"], "section")


def _check_header(walk: Inspection, place: str, block: JsonObject) -> None:
    walk.text(f"{place}/text", block.get("text"), "header.text")


def _check_actions(walk: Inspection, place: str, block: JsonObject) -> None:
    elements = walk.items(f"{place}/elements", block.get("elements"), "actions.elements")
    for position, element in enumerate(elements):
        check_element(walk, f"{place}/elements/{position}", element, "actions")


def _check_context(walk: Inspection, place: str, block: JsonObject) -> None:
    elements = walk.items(f"{place}/elements", block.get("elements"), "context.elements")
    for position, element in enumerate(elements):
        here = f"{place}/elements/{position}"
        if isinstance(element, dict) and str(element.get("type")) in PLAIN_OR_MARKDOWN:
            walk.text(here, element, "text", PLAIN_OR_MARKDOWN)
        else:
            check_element(walk, here, element, "context")


def _check_input(walk: Inspection, place: str, block: JsonObject) -> None:
    walk.text(f"{place}/label", block.get("label"), "input.label")
    walk.optional_text(place, block, "hint", "input.hint")
    check_element(walk, f"{place}/element", block.get("element"), "input")


def _check_image(walk: Inspection, place: str, block: JsonObject) -> None:
    check_element(walk, place, {key: block[key] for key in block if key != "title"}, "context")
    walk.optional_text(place, block, "title", "image.title")


def _check_markdown(walk: Inspection, place: str, block: JsonObject) -> None:
    walk.string(f"{place}/text", block.get("text"), "markdown.text")


def _check_rich_text(walk: Inspection, place: str, block: JsonObject) -> None:
    if not isinstance(block.get("elements"), list):
        walk.note(f"{place}/elements", "must be a list")


def _check_divider(walk: Inspection, place: str, block: JsonObject) -> None:
    """A divider has nothing that could be wrong."""


_MESSAGE_ONLY = frozenset({"data_table", "data_visualization", "markdown", "table"})

_CHECKS: Mapping[str, Callable[[Inspection, str, JsonObject], None]] = MappingProxyType(
    {
        "actions": _check_actions,
        "context": _check_context,
        "data_table": check_data_table,
        "data_visualization": check_chart,
        "divider": _check_divider,
        "header": _check_header,
        "image": _check_image,
        "input": _check_input,
        "markdown": _check_markdown,
        "rich_text": _check_rich_text,
        "section": _check_section,
        "table": check_table,
    }
)
