"""A listener is asked once whether a request is for it; what a request is called decides, and nothing else."""

import asyncio
from typing import Any

import pytest
from slack_bolt.listener_matcher.async_listener_matcher import AsyncListenerMatcher
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.matching import Remembering


class OfTheseValues(AsyncListenerMatcher):
    """Looks at more than the name, so that a remembered answer can be told from a new one."""

    async def async_matches(self, req: AsyncBoltRequest, resp: BoltResponse) -> bool:
        return bool(req.body.get("is_for_us"))


def hears(matcher: Remembering, *bodies: dict[str, Any]) -> list[bool]:
    async def ask() -> list[bool]:
        response = BoltResponse(status=200)
        requests = [AsyncBoltRequest(body=body, mode="socket_mode") for body in bodies]
        return [await matcher.async_matches(request, response) for request in requests]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"command": "/usher"}, {"command": "/invite"}),
        ({"event": {"type": "message"}}, {"event": {"type": "user_change"}}),
        (
            {"type": "block_actions", "actions": [{"action_id": "a"}]},
            {"type": "block_actions", "actions": [{"action_id": "a:next"}]},
        ),
        ({"type": "block_suggestion", "action_id": "a"}, {"type": "block_actions", "actions": [{"action_id": "a"}]}),
        (
            {"type": "view_submission", "view": {"callback_id": "f"}},
            {"type": "view_closed", "view": {"callback_id": "f"}},
        ),
        ({"type": "shortcut", "callback_id": "s"}, {"type": "message_action", "callback_id": "s"}),
    ],
)
def test_an_answer_is_remembered_by_kind_and_name(one: dict[str, Any], other: dict[str, Any]) -> None:
    matcher = Remembering(OfTheseValues())

    heard = hears(matcher, {**one, "is_for_us": True}, other, one, other)

    assert heard == [True, False, True, False]


def test_what_has_no_name_is_asked_about_each_time() -> None:
    matcher = Remembering(OfTheseValues())

    heard = hears(matcher, {"type": "block_actions", "actions": [], "is_for_us": True}, {"type": "block_actions"}, {})

    assert heard == [True, False, False]
