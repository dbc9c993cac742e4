"""Each of Slack's limits: what just fits is taken, one more is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from slackblocks import _limits

from usher.demo.slack.limit_table import LIMITS
from usher.demo.slack.limits import Surface, assert_block_kit, block_kit_problems, suggestion_problems

Json = dict[str, Any]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def section(**more: Any) -> Json:
    return {"type": "section", "text": plain(1), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(1), **more}


def option(number: int = 0, text: int = 1) -> Json:
    return {"text": plain(text), "value": f"value-{number}"}


def choice(kind: str, count: int) -> Json:
    return {"type": kind, "options": [option(number) for number in range(count)]}


def labelled(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain(1), "element": element, **more}


def text_input(**more: Any) -> Json:
    return labelled({"type": "plain_text_input", **more})


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(1), "submit": plain(1), "blocks": list(blocks), **more}


def confirm(**lengths: int) -> Json:
    parts = {"title": 1, "text": 1, "confirm": 1, "deny": 1} | lengths
    return section(accessory=button(confirm={part: plain(length) for part, length in parts.items()}))


def table(rows: int, columns: int) -> Json:
    cell = {"type": "raw_text", "text": "x"}
    return {"type": "table", "rows": [[cell] * columns for _ in range(rows)]}


def data_table(rows: int, columns: int) -> Json:
    return {**table(rows, columns), "type": "data_table", "caption": "Runs"}


def pie(segments: int, label: int = 1, title: int = 1) -> Json:
    parts = [{"label": "x" * label, "value": 1} for _ in range(segments)]
    chart = {"type": "pie", "segments": parts}
    return {"type": "data_visualization", "title": "x" * title, "chart": chart}


def bars(points: int, name: int = 1) -> Json:
    series = {"name": "x" * name, "data": [{"label": "x", "value": 1}] * points}
    axes = {"categories": ["x"] * points}
    chart = {"type": "bar", "series": [series], "axis_config": axes}
    return {"type": "data_visualization", "title": "x", "chart": chart}


# Limit, surface, most that fits, and a payload of a given size.
SIZES: list[tuple[str, Surface, int, Callable[[int], Any]]] = [
    ("message blocks", "message", 50, lambda n: [section()] * n),
    ("modal blocks", "modal", 100, lambda n: modal(*[section()] * n)),
    ("home blocks", "home", 100, lambda n: {"type": "home", "blocks": [section()] * n}),
    ("header", "message", 150, lambda n: [{"type": "header", "text": plain(n)}]),
    ("section", "message", 3000, lambda n: [section(text=plain(n))]),
    ("fields", "message", 10, lambda n: [section(fields=[plain(1)] * n)]),
    ("field text", "message", 2000, lambda n: [section(fields=[plain(n)])]),
    ("context", "message", 10, lambda n: [{"type": "context", "elements": [plain(1)] * n}]),
    ("actions", "message", 25, lambda n: [actions(*[button()] * n)]),
    ("button text", "message", 75, lambda n: [actions(button(text=plain(n)))]),
    ("button value", "message", 2000, lambda n: [actions(button(value="x" * n))]),
    ("button url", "message", 3000, lambda n: [actions(button(url="x" * n))]),
    ("action id", "message", 255, lambda n: [actions(button(action_id="x" * n))]),
    ("block id", "message", 255, lambda n: [section(block_id="x" * n)]),
    ("option text", "message", 75, lambda n: [actions({"type": "static_select", "options": [option(0, n)]})]),
    (
        "option value",
        "message",
        150,
        lambda n: [actions({"type": "static_select", "options": [option() | {"value": "x" * n}]})],
    ),
    ("select", "message", 100, lambda n: [actions(choice("static_select", n))]),
    ("overflow", "message", 5, lambda n: [actions(choice("overflow", n))]),
    ("radio", "message", 10, lambda n: [actions(choice("radio_buttons", n))]),
    ("checkboxes", "message", 10, lambda n: [actions(choice("checkboxes", n))]),
    ("confirm title", "message", 100, lambda n: [confirm(title=n)]),
    ("confirm text", "message", 300, lambda n: [confirm(text=n)]),
    ("confirm button", "message", 30, lambda n: [confirm(confirm=n)]),
    ("deny button", "message", 30, lambda n: [confirm(deny=n)]),
    ("image alt", "message", 2000, lambda n: [{"type": "image", "image_url": "x", "alt_text": "x" * n}]),
    ("label", "modal", 2000, lambda n: modal(text_input() | {"label": plain(n)})),
    ("hint", "modal", 2000, lambda n: modal(text_input() | {"hint": plain(n)})),
    ("placeholder", "modal", 150, lambda n: modal(text_input(placeholder=plain(n)))),
    ("max_length", "modal", 3000, lambda n: modal(text_input(max_length=n))),
    ("files", "modal", 10, lambda n: modal(labelled({"type": "file_input", "max_files": n}))),
    ("title", "modal", 24, lambda n: modal(section(), title=plain(n))),
    ("submit", "modal", 24, lambda n: modal(section(), submit=plain(n))),
    ("close", "modal", 24, lambda n: modal(section(), close=plain(n))),
    ("metadata", "modal", 3000, lambda n: modal(section(), private_metadata="x" * n)),
    ("callback id", "modal", 255, lambda n: modal(section(), callback_id="x" * n)),
    ("external id", "modal", 255, lambda n: modal(section(), external_id="x" * n)),
    ("table rows", "message", 100, lambda n: [table(n, 1)]),
    ("table columns", "message", 20, lambda n: [table(1, n)]),
    ("data table rows", "message", 101, lambda n: [data_table(n, 1)]),
    ("segments", "message", 6, lambda n: [pie(n)]),
    ("chart title", "message", 50, lambda n: [pie(1, title=n)]),
    ("chart label", "message", 20, lambda n: [pie(1, label=n)]),
    ("chart points", "message", 20, lambda n: [bars(n)]),
    ("series name", "message", 20, lambda n: [bars(1, name=n)]),
    ("charts", "message", 2, lambda n: [pie(1)] * n),
    ("characters", "message", 13_200, lambda n: [section(text=plain(n // 8))] * 8),
    ("markdown", "message", 12_000, lambda n: [{"type": "markdown", "text": "x" * n}]),
    ("text", "message", 40_000, lambda n: {"text": "x" * n}),
]


@pytest.mark.parametrize(("surface", "most", "build"), [row[1:] for row in SIZES], ids=[row[0] for row in SIZES])
def test_what_just_fits_is_taken_and_more_is_refused(surface: Surface, most: int, build: Callable[[int], Any]) -> None:
    one_more = most + 8 if most == LIMITS["message.total_characters"] else most + 1

    assert block_kit_problems(build(most), surface) == []
    assert block_kit_problems(build(one_more), surface) != []


WRONG: list[tuple[str, Surface, Any, str]] = [
    ("no blocks", "message", [], "at least 1"),
    ("empty text", "message", [section(text=plain(0))], "non-empty"),
    ("blank text", "message", [section(text={"type": "mrkdwn", "text": "  "})], "non-empty"),
    ("bare section", "message", [{"type": "section"}], "text or fields"),
    ("markdown in a header", "message", [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "plain"),
    ("empty overflow", "message", [actions(choice("overflow", 0))], "at least 1"),
    ("unknown block", "message", [{"type": "banner"}], "unknown block"),
    ("unknown element", "message", [actions({"type": "slider"})], "unknown element"),
    ("text input in actions", "message", [actions({"type": "plain_text_input"})], "not allowed"),
    ("button in an input", "modal", modal(labelled(button())), "not allowed"),
    ("file input in a message", "message", [labelled({"type": "file_input"})], "not allowed in a message"),
    ("table in a modal", "modal", modal(table(1, 1)), "not allowed in a modal"),
    ("chart in a modal", "modal", modal(pie(1)), "not allowed in a modal"),
    ("ragged table", "message", [{"type": "table", "rows": [table(1, 1)["rows"][0], []]}], "same number"),
    ("no title", "modal", {"type": "modal", "blocks": [section()]}, "text object"),
    ("no submit", "modal", {"type": "modal", "title": plain(1), "blocks": [text_input()]}, "required"),
    ("wrong type", "home", modal(section()), "must be home"),
    ("same block_id", "message", [section(block_id="a"), section(block_id="a")], "duplicate block_id"),
    (
        "same action_id",
        "message",
        [actions(button(action_id="a"), button(action_id="a"))],
        "duplicate action_id",
    ),
    (
        "foreign initial option",
        "message",
        [actions({**choice("static_select", 2), "initial_option": option(9)})],
        "among the options",
    ),
    ("style", "message", [actions(button(style="loud"))], "primary or danger"),
]


@pytest.mark.parametrize(("surface", "payload", "problem"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_slack_would_refuse_is_named(surface: Surface, payload: Any, problem: str) -> None:
    problems = block_kit_problems(payload, surface)

    assert any(problem in one for one in problems), problems


def test_one_action_id_may_stand_in_several_blocks() -> None:
    rows = [actions(button(action_id="resend", value=str(number))) for number in range(3)]

    assert block_kit_problems(rows, "message") == []


def test_a_view_above_a_quarter_of_a_megabyte_is_refused() -> None:
    heavy = modal(*[section(text=plain(2900)) for _ in range(90)])

    assert any("bytes" in problem for problem in block_kit_problems(heavy, "modal"))


def test_the_assertion_names_every_problem_and_its_place() -> None:
    blocks = [section(), {"type": "header", "text": plain(151)}, section(text=plain(0))]

    with pytest.raises(AssertionError) as refused:
        assert_block_kit(blocks, "message")

    assert "/blocks/1/text" in str(refused.value)
    assert "/blocks/2/text" in str(refused.value)


def test_a_menu_may_offer_nothing_but_not_too_much() -> None:
    assert suggestion_problems({"options": []}) == []
    assert suggestion_problems(choice("", 100)) == []
    assert suggestion_problems(choice("", 101)) != []
    assert suggestion_problems({}) != []


# Limits that slackblocks has no number for, because they are about a whole payload.
OURS_ONLY = {
    "message.text",
    "message.updated_text",
    "message.total_characters",
    "view.bytes",
    "view.stack",
}
# Where we keep to less than it allows: the sources contradict one another.
STRICTER = {"data_table.rows", "data_visualization.segments"}


@pytest.mark.parametrize("name", sorted(set(LIMITS) - OURS_ONLY))
def test_limits_agree_with_slackblocks(name: str) -> None:
    stem = name.upper().replace(".", "_")
    endings = ("_MAX_LENGTH", "_MAX_ITEMS", "_MAX")
    theirs = [getattr(_limits, stem + ending) for ending in endings if hasattr(_limits, stem + ending)]

    assert len(theirs) == 1
    if name in STRICTER:
        assert LIMITS[name] < theirs[0]
    else:
        assert LIMITS[name] == theirs[0]
