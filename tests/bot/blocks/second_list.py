"""Slack's limits once more: a walk of our own over the numbers that slackblocks keeps, sharing nothing with the first.

``usher.demo.slack.limits`` is the first list; it was written from Slack's reference, and its numbers stand in our own
table. A fault in one of the two shows where they disagree.
"""

from collections.abc import Iterator
from typing import Any

from slackblocks import _limits

_SIZES = {
    ("button", "text"): _limits.BUTTON_TEXT_MAX_LENGTH,
    ("button", "value"): _limits.BUTTON_VALUE_MAX_LENGTH,
    ("button", "url"): _limits.BUTTON_URL_MAX_LENGTH,
    ("header", "text"): _limits.HEADER_TEXT_MAX_LENGTH,
    ("section", "text"): _limits.SECTION_TEXT_MAX_LENGTH,
    ("input", "label"): _limits.INPUT_LABEL_MAX_LENGTH,
    ("input", "hint"): _limits.INPUT_HINT_MAX_LENGTH,
    ("image", "alt_text"): _limits.IMAGE_ALT_TEXT_MAX_LENGTH,
    ("image", "title"): _limits.IMAGE_TITLE_MAX_LENGTH,
    ("option", "text"): _limits.OPTION_TEXT_MAX_LENGTH,
    ("option", "value"): _limits.OPTION_VALUE_MAX_LENGTH,
    ("option", "description"): _limits.OPTION_DESCRIPTION_MAX_LENGTH,
    ("confirm", "title"): _limits.CONFIRMATION_TITLE_MAX_LENGTH,
    ("confirm", "text"): _limits.CONFIRMATION_TEXT_MAX_LENGTH,
    ("confirm", "confirm"): _limits.CONFIRMATION_CONFIRM_MAX_LENGTH,
    ("confirm", "deny"): _limits.CONFIRMATION_DENY_MAX_LENGTH,
    ("modal", "title"): _limits.VIEW_TITLE_MAX_LENGTH,
    ("modal", "submit"): _limits.VIEW_SUBMIT_MAX_LENGTH,
    ("modal", "close"): _limits.VIEW_CLOSE_MAX_LENGTH,
    ("modal", "private_metadata"): _limits.VIEW_PRIVATE_METADATA_MAX_LENGTH,
    ("modal", "callback_id"): _limits.VIEW_CALLBACK_ID_MAX_LENGTH,
    ("modal", "external_id"): _limits.VIEW_EXTERNAL_ID_MAX_LENGTH,
    ("home", "private_metadata"): _limits.VIEW_PRIVATE_METADATA_MAX_LENGTH,
    ("external_select", "placeholder"): _limits.SELECT_PLACEHOLDER_MAX_LENGTH,
    ("static_select", "placeholder"): _limits.SELECT_PLACEHOLDER_MAX_LENGTH,
    ("plain_text_input", "initial_value"): _limits.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX,
}
_COUNTS = {
    ("actions", "elements"): _limits.ACTIONS_ELEMENTS_MAX_ITEMS,
    ("context", "elements"): _limits.CONTEXT_ELEMENTS_MAX_ITEMS,
    ("section", "fields"): _limits.SECTION_FIELDS_MAX_ITEMS,
    ("overflow", "options"): _limits.OVERFLOW_OPTIONS_MAX_ITEMS,
    ("checkboxes", "options"): _limits.CHECKBOXES_OPTIONS_MAX_ITEMS,
    ("radio_buttons", "options"): _limits.RADIO_BUTTONS_OPTIONS_MAX_ITEMS,
    ("static_select", "options"): _limits.SELECT_OPTIONS_MAX_ITEMS,
    ("table", "rows"): _limits.TABLE_ROWS_MAX_ITEMS,
    ("message", "blocks"): _limits.MESSAGE_BLOCKS_MAX_ITEMS,
    ("modal", "blocks"): _limits.VIEW_BLOCKS_MAX_ITEMS,
    ("home", "blocks"): _limits.VIEW_BLOCKS_MAX_ITEMS,
}
_ANYWHERE = {"action_id": _limits.ACTION_ID_MAX_LENGTH, "block_id": _limits.BLOCK_ID_MAX_LENGTH}


def excesses(thing: Any, kind: str = "message") -> list[str]:
    """What is too long, too many or empty. ``kind`` names a thing that does not say itself what it is."""
    return list(_excesses(thing, kind))


def _excesses(thing: Any, kind: str) -> Iterator[str]:
    kind = str(thing.get("type", kind))
    for key, value in thing.items():
        yield from _of_part(kind, key, value)
        for each in value if isinstance(value, list | tuple) else [value]:
            if isinstance(each, dict):
                yield from _excesses(each, {"options": "option", "confirm": "confirm"}.get(key, key))


def _of_part(kind: str, key: str, value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        if not 1 <= len(value) <= _COUNTS.get((kind, key), 10_000):
            yield f"{kind}.{key}: {len(value)} items"
        return
    text = value.get("text") if isinstance(value, dict) and "text" in value and key != "confirm" else value
    if not isinstance(text, str):
        return
    most = _SIZES.get((kind, key), _ANYWHERE.get(key, _limits.TEXT_MAX_LENGTH))
    least = 0 if key in ("value", "private_metadata", "initial_value") else _limits.TEXT_MIN_LENGTH
    if not least <= len(text) <= most:
        yield f"{kind}.{key}: {len(text)} characters"
