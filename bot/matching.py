"""Which listener a request is for: found once for each button, form, command and event, then remembered.

Bolt asks its listeners in turn, and asking all of ours takes longer than the rest of what it does (measured: 0.9 ms of
1.3). They decide by what a request is called and by nothing else, so the answer stays as it is.
"""

from typing import Any, Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.listener_matcher.async_listener_matcher import AsyncListenerMatcher
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

# More names than we ever give; what comes is signed by Slack, and still no reason to grow without end.
_MOST: Final = 1000
_CALLED: Final = "called"


class Remembering(AsyncListenerMatcher):
    def __init__(self, matcher: AsyncListenerMatcher) -> None:
        self._matcher = matcher
        self._known: dict[tuple[str, str], bool] = {}

    async def async_matches(self, req: AsyncBoltRequest, resp: BoltResponse) -> bool:
        called = _called(req)
        if called is None:
            return await self._matcher.async_matches(req, resp)
        known = self._known.get(called)
        if known is None:
            known = await self._matcher.async_matches(req, resp)
            if len(self._known) < _MOST:
                self._known[called] = known
        return known


def remember(bolt: AsyncApp) -> None:
    """When all listeners are there."""
    for listener in bolt._async_listeners:
        listener.matchers = [Remembering(matcher) for matcher in listener.matchers]


def _called(request: AsyncBoltRequest) -> tuple[str, str] | None:
    """Found by the first listener that is asked. None: something that we never ordered."""
    context = request.context
    if _CALLED not in context:
        context[_CALLED] = _name_of(request.body)
    called: tuple[str, str] | None = context[_CALLED]
    return called


def _name_of(body: dict[str, Any]) -> tuple[str, str] | None:
    match body:
        case {"command": str(name)}:
            return "command", name
        case {"event": {"type": str(name)}}:
            return "event", name
        case {"type": "block_actions", "actions": [{"action_id": str(name)}, *_]}:
            return "block_actions", name
        case {"type": "block_suggestion", "action_id": str(name)}:
            return "block_suggestion", name
        case {"type": "view_submission" | "view_closed" as kind, "view": {"callback_id": str(name)}}:
            return kind, name
        case {"type": "shortcut" | "message_action" as kind, "callback_id": str(name)}:
            return kind, name
    return None
