"""Ids in Slack's shapes, from a counter; and the ids that Slack gives to blocks that came without."""

import copy
from itertools import count

from usher.demo.slack.inspection import JsonObject


class Ids:
    def __init__(self) -> None:
        self._numbers = count(1)

    def next(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):08d}"


def with_block_ids(blocks: list[JsonObject], ids: Ids) -> list[JsonObject]:
    """A copy in which every block has a block_id and every interactive element an action_id."""
    named = copy.deepcopy(blocks)
    for block in named:
        block.setdefault("block_id", ids.next("block-"))
        for element in (*block.get("elements", []), block.get("accessory"), block.get("element")):
            if isinstance(element, dict) and element.get("type") not in _WITHOUT_ACTION:
                element.setdefault("action_id", ids.next("action-"))
    return named


_WITHOUT_ACTION = {
    "image",
    "mrkdwn",
    "plain_text",
    "rich_text_list",
    "rich_text_preformatted",
    "rich_text_quote",
    "rich_text_section",
}
