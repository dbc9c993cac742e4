"""Whatever nonsense an app sends, the answer is a list of problems and never a failure of the look-alike."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from usher.demo.slack.limits import Surface, block_kit_problems, suggestion_problems

Json = dict[str, Any]
TEXT: Json = {"type": "plain_text", "text": "x"}
OPTION: Json = {"text": TEXT, "value": "v", "description": TEXT}
BUTTON: Json = {
    "type": "button",
    "action_id": "a",
    "text": TEXT,
    "confirm": {"title": TEXT, "text": TEXT, "confirm": TEXT, "deny": TEXT},
}
GROUPS = [{"label": TEXT, "options": [OPTION]}]
CHART: Json = {
    "type": "bar",
    "series": [{"name": "s", "data": [{"label": "c", "value": 1}]}],
    "axis_config": {"categories": ["c"], "x_label": "x"},
}
MESSAGE: Json = {
    "text": "x",
    "blocks": [
        {"type": "header", "text": TEXT},
        {"type": "section", "text": TEXT, "fields": [TEXT], "accessory": BUTTON, "block_id": "b"},
        {"type": "context", "elements": [TEXT, {"type": "image", "image_url": "u", "alt_text": "a"}]},
        {"type": "actions", "elements": [{"type": "static_select", "option_groups": GROUPS}]},
        {"type": "actions", "elements": [{"type": "external_select", "min_query_length": 1}]},
        {"type": "image", "image_url": "u", "alt_text": "a", "title": TEXT},
        {"type": "rich_text", "elements": []},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]], "column_settings": [{}]},
        {"type": "data_visualization", "title": "t", "chart": CHART},
        {
            "type": "data_visualization",
            "title": "t",
            "chart": {"type": "pie", "segments": [{"label": "l", "value": 1}]},
        },
    ],
}
RADIO: Json = {"type": "radio_buttons", "options": [OPTION], "initial_option": OPTION}
TICKS: Json = {"type": "checkboxes", "options": [OPTION], "initial_options": [OPTION]}
TYPED: Json = {"type": "plain_text_input", "max_length": 9, "initial_value": "x", "placeholder": TEXT}
FILES: Json = {"type": "file_input", "filetypes": ["csv"], "max_files": 1}
MODAL: Json = {
    "type": "modal",
    "title": TEXT,
    "submit": TEXT,
    "private_metadata": "x",
    "blocks": [
        {"type": "input", "label": TEXT, "hint": TEXT, "element": element} for element in (RADIO, TICKS, TYPED, FILES)
    ],
}

NONSENSE: tuple[Any, ...] = (None, 7, "", "x", [], [None], {}, {"type": []})


def damaged(payload: Any) -> Iterator[Any]:
    """The payload with one of its parts replaced by nonsense, for every part."""
    yield from NONSENSE
    places = payload.items() if isinstance(payload, dict) else enumerate(payload)
    for key, part in list(places):
        for broken in damaged(part) if isinstance(part, dict | list) else NONSENSE:
            whole = copy.copy(payload)
            whole[key] = broken
            yield whole


@pytest.mark.parametrize(("payload", "surface"), [(MESSAGE, "message"), (MODAL, "modal")])
def test_no_nonsense_breaks_the_check(payload: Json, surface: Surface) -> None:
    assert block_kit_problems(payload, surface) == []

    for broken in damaged(payload):
        assert isinstance(block_kit_problems(broken, surface), list)


def test_no_nonsense_breaks_the_check_of_suggestions() -> None:
    assert suggestion_problems({"option_groups": GROUPS}) == []

    for broken in damaged({"options": [OPTION], "option_groups": GROUPS}):
        assert isinstance(suggestion_problems(broken), list)
