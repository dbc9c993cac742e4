"""How fast Slack lets us speak, as lanes that all processes share (``core.usecases.messages.lanes``).

Of a message to a person: one a second in that conversation, with short bursts. Of each method: so many a minute in a
workspace. Slack counts in any sixty seconds, so a burst and a minute's calls together stay under its number; what is
left is for calls that were late. Forms take no place, for they cannot wait: they heed what Slack has asked for.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from slack_sdk.errors import SlackApiError

from bot.authorize import Place
from bot.refusals import word_of
from core.rules.lanes import Lane


class Method(StrEnum):
    """Slack's own names of what we pace."""

    POST = "chat.postMessage"
    UPDATE = "chat.update"
    PUBLISH = "views.publish"
    UPLOAD = "files.completeUploadExternal"
    # The conversation for which a file is uploaded: it takes no person's id.
    OPEN = "conversations.open"
    FORM = "views.open"


# Places in each lane that the worker leaves to whoever waits for an answer: else five hundred digests of a Monday
# would keep everybody's buttons busy for two minutes.
FOR_ANSWERS: Final = 2
# Slack does not say how many it takes at once.
_PERSON_BURST: Final = 3
_MINUTE: Final = timedelta(minutes=1)
_BURST: Final = {
    Method.POST: 40,
    Method.UPDATE: 8,
    Method.PUBLISH: 16,
    Method.UPLOAD: 16,
    Method.OPEN: 8,
    Method.FORM: 16,
}
_A_MINUTE: Final = {
    # Slack names no number; several hundred pass.
    Method.POST: 200,
    # Fifty a minute.
    Method.UPDATE: 38,
    Method.OPEN: 38,
    # A hundred a minute.
    Method.PUBLISH: 76,
    Method.UPLOAD: 76,
    Method.FORM: 76,
}
_NAMES: Final = frozenset(Method)
_WRITES: Final = frozenset({Method.POST, Method.UPLOAD})


def held_lane(place: Place, method: Method) -> Lane:
    """The one that Slack's “wait” is about, for answers, too: other methods go on."""
    return _method_lane(place, method, FOR_ANSWERS)


def lanes_of(place: Place, method: Method, user_id: str, *, more: int = 0) -> tuple[Lane, ...]:
    """``user_id``: in whose direct messages it is said. ``more``: FOR_ANSWERS, where somebody waits for it."""
    if method not in _WRITES:
        return (_method_lane(place, method, more),)
    name = f"{place.enterprise_id}/{place.team_id}/{user_id}"
    return Lane(name, timedelta(seconds=1), _PERSON_BURST + more), _method_lane(place, method, more)


def upload_lanes(place: Place, user_id: str) -> tuple[Lane, ...]:
    """Of both calls that a file takes."""
    return *lanes_of(place, Method.OPEN, user_id), *lanes_of(place, Method.UPLOAD, user_id)


def _method_lane(place: Place, method: Method, more: int) -> Lane:
    name = f"{place.enterprise_id}/{place.team_id}/{method}"
    return Lane(name, _MINUTE / _A_MINUTE[method], _BURST[method] + more)


def method_of(error: SlackApiError, otherwise: Method) -> Method:
    """Which call was refused, of several that say one thing."""
    name = str(error.response.api_url).rpartition("/")[2]
    return Method(name) if name in _NAMES else otherwise


def seconds_asked(error: SlackApiError) -> float:
    """How long Slack wants us to wait, or 0 when it refused for another reason."""
    response: Any = error.response
    if response.status_code != 429 and word_of(error) != "ratelimited":
        return 0.0
    return float(response.headers.get("Retry-After", 30))
