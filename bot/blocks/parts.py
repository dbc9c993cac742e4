"""The pieces of a Slack message, each within Slack's limits whatever it is given.

1. What people typed is cleaned (no control or direction characters), cut and escaped: see ``said``.
2. A text of several lines never grows beyond its budget: ``fitting`` ends it with "and 12 more".
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from core.rules.text import clean_name, clean_note

Block: TypeAlias = dict[str, Any]
"""What Slack calls a block, an element or a view: JSON."""

SECTION_CHARACTERS: Final = 3000
_BUTTON_CHARACTERS: Final = 75
_HINT_CHARACTERS: Final = 300
_TITLE_CHARACTERS: Final = 24
_HEADING_CHARACTERS: Final = 150
# What the seal adds to a value when it leaves: see ``bot.sealing``.
SEAL_CHARACTERS: Final = 20
BUTTON_VALUE_CHARACTERS: Final = 2000 - SEAL_CHARACTERS


class Message(Struct, frozen=True):
    """``text`` is what notifications and screen readers say; it is escaped like the blocks."""

    text: str
    blocks: tuple[Block, ...]


def said(text: str, limit: int = 100) -> str:
    """One line of what somebody typed, for mrkdwn: no mention, link or line break of theirs survives."""
    return _escaped_within(clean_name(text, len(text)), limit)


def shortened(text: str, limit: int) -> str:
    """One clean line for plain text."""
    clean = clean_name(text, len(text))
    return clean if len(clean) <= limit else f"{clean[: limit - 1].rstrip()}…"


def said_lines(text: str, limit: int) -> str:
    """As ``said``, but the line breaks stay."""
    return _escaped_within(clean_note(text), limit)


def _escaped_within(clean: str, limit: int) -> str:
    """Cut by what it takes when escaped: a name of ampersands is five times as long."""
    if len(whole := escaped(clean)) <= limit:
        return whole
    kept: list[str] = []
    room = limit - 1
    for piece in map(escaped, clean):
        if len(piece) > room:
            break
        kept.append(piece)
        room -= len(piece)
    return f"{''.join(kept).rstrip()}…"


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fitting(lines: Iterable[str], limit: int, *, total: int | None = None) -> str:
    """As many lines as ``limit`` characters take, and how many of ``total`` are missing."""
    given = list(lines)
    kept: list[str] = []
    room = limit - len("…and 100,000 more")
    for line in given:
        if len(line) + 1 > room:
            break
        kept.append(line)
        room -= len(line) + 1
    missing = (len(given) if total is None else total) - len(kept)
    return "\n".join([*kept, f"…and {missing:,} more"] if missing > 0 else kept)


def markdown(text: str) -> Block:
    # verbatim: Slack keeps our own markup and makes no links of what people typed.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain(text: str, limit: int = _BUTTON_CHARACTERS) -> Block:
    return {"type": "plain_text", "text": shortened(text, limit), "emoji": False}


def section(text: str, accessory: Block | None = None) -> Block:
    block: Block = {"type": "section", "text": markdown(text)}
    return block if accessory is None else {**block, "accessory": accessory}


def heading(text: str) -> Block:
    return {"type": "header", "text": plain(text, _HEADING_CHARACTERS)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [markdown(text)]}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(label: str, action_id: str, value: str, *, style: str | None = None, confirm: Block | None = None) -> Block:
    """``style``: primary or danger."""
    if len(value) > BUTTON_VALUE_CHARACTERS:
        raise ValueError(f"the value of {action_id} does not fit into a button")
    more = {key: given for key, given in (("style", style), ("confirm", confirm)) if given is not None}
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": value, **more}


def input_of(name: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    """``name`` is the block's id; an error's ``field`` finds it by that."""
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label, 200),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": plain(hint, 200)} if hint else block


def modal(callback_id: str, title: str, blocks: list[Block], *, submit: str = "") -> Block:
    """Without ``submit`` it only shows something."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, _TITLE_CHARACTERS),
        "close": plain("Cancel" if submit else "Close", _TITLE_CHARACTERS),
        "blocks": blocks,
    }
    return {**view, "submit": plain(submit, _TITLE_CHARACTERS)} if submit else view


def question(title: str, text: str, yes: str, no: str) -> Block:
    """What Slack asks before it passes a press on."""
    return {
        "title": plain(title, 100),
        "text": plain(text, _HINT_CHARACTERS),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }


def value_of(*parts: object) -> str:
    """Ids and search words for a button's value; read back by ``parts_of``."""
    return msgspec.json.encode(parts).decode()


def parts_of(value: str) -> list[Any]:
    return msgspec.json.decode(value, type=list[Any])


def paged(action: str, page: int, page_count: int, state: Sequence[object]) -> tuple[Block, ...]:
    """Buttons to the pages beside this one; the page is the last part of their value."""
    if page_count <= 1:
        return ()
    around = [
        button(label, f"{action}:{name}", value_of(*state, number))
        for name, label, number in (("previous", "← Previous", page - 1), ("next", "Next →", page + 1))
        if 1 <= number <= page_count
    ]
    return actions(*around), context(f"Page {page:,} of {page_count:,}")
