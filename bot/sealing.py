"""What our buttons carry is signed: a value that comes back is one that we gave, for this action and workspace.

    builder --plain value--> Seals.sealed --> Slack keeps it --> somebody presses --> Seals.opened --> listener

Builders and listeners know plain values only. Values are sealed where things leave (``bot.handlers.sealing`` for
answers and calls to Slack, ``bot.deliverer`` for what the worker says) and opened before any listener runs.

1. A sealed value is plain value, ``~``, minute of issue in base 36, ``~``, 12 characters of HMAC over these, the
   workspace and the action_id.
2. Only actions in ``EXPIRING`` grow old, after 15 minutes. A list may be leafed through for as long as it is seen.
3. Buttons and overflow menus are sealed. What somebody chooses or types in a form is theirs, and core judges it; a
   form's own ``private_metadata`` names rows, which core gives to nobody else.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar, Final

from bot.blocks.controls import expiring
from core.context import Clock
from core.errors import Conflict, InvalidRequest
from core.rules.links import LinkSigner
from core.rules.policy import QUESTION_LIFE

_MARK: Final = "~"
_WORDS: Final = frozenset({str, int, bool, type(None)})
_SEALED: Final = frozenset({"button", "overflow"})
_TEXTS: Final = frozenset({"mrkdwn", "plain_text"})
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class ButtonUnknown(InvalidRequest):
    # One wording for tampered, foreign and unsigned: it helps nobody to find out which.
    code: ClassVar[str] = "button_unknown"
    wording: ClassVar[str] = "I do not know this button, so I did nothing."
    advice: ClassVar[str] = "Please ask for the list again; its buttons work."


class ButtonsTooOld(Conflict):
    code: ClassVar[str] = "buttons_too_old"
    wording: ClassVar[str] = "These buttons are older than 15 minutes, so I did nothing."
    advice: ClassVar[str] = "Please ask for the list again; it shows what is true now."

    def __init__(self, *, action_id: str, value: str) -> None:
        """``value`` is ours, only old: it says what to show afresh."""
        super().__init__(action_id=action_id, value=value)
        self.action_id = action_id
        self.value = value


class Seals:
    """``workspace`` is the id of the team, or of the enterprise where the app is installed for all of its teams."""

    def __init__(self, links: LinkSigner, clock: Clock) -> None:
        self._links = links
        self._clock = clock

    def sealed(self, workspace: str, payload: Any) -> Any:
        """A copy of a message, view or answer in which every value is sealed."""
        return self._sealed(workspace, _in_digits(self._minute()), payload)

    def _sealed(self, workspace: str, minute: str, payload: Any) -> Any:
        if isinstance(payload, list | tuple):
            return [self._sealed(workspace, minute, each) for each in payload]
        if not isinstance(payload, dict) or payload.get("type") in _TEXTS:
            return payload
        # Most of it is words, and a call for each would cost more than the rest.
        copy = {
            key: value if type(value) in _WORDS else self._sealed(workspace, minute, value)
            for key, value in payload.items()
        }
        if copy.get("type") in _SEALED:
            for holder in _holders(copy):
                holder["value"] = self._seal(workspace, copy["action_id"], f"{holder['value']}{_MARK}{minute}")
        return copy

    def open(self, workspace: str, action: dict[str, Any]) -> None:
        """Puts the plain value in its place. Raises ButtonUnknown or ButtonsTooOld."""
        for holder in _pressed(action):
            holder["value"] = self._opened(workspace, action["action_id"], holder["value"])

    def _seal(self, workspace: str, action_id: str, issued: str) -> str:
        return f"{issued}{_MARK}{self._links.seal(_bound(workspace, action_id, issued))}"

    def _opened(self, workspace: str, action_id: str, sealed: str) -> str:
        issued, mark, seal = sealed.rpartition(_MARK)
        if not mark or not self._links.seal_fits(_bound(workspace, action_id, issued), seal):
            raise ButtonUnknown
        value, _, minute = issued.rpartition(_MARK)
        age = timedelta(minutes=self._minute() - int(minute, 36))
        if expiring(action_id) and age >= QUESTION_LIFE:
            raise ButtonsTooOld(action_id=action_id, value=value)
        return value

    def _minute(self) -> int:
        return int(self._clock().timestamp() // 60)


def _holders(element: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of an element as we send it: what has a value of ours."""
    if element["type"] == "overflow":
        yield from element["options"]
    elif "value" in element:
        yield element


def _pressed(action: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of an action as Slack tells it. A listener asks not of what type it is, so every value has a seal."""
    if "value" in action:
        yield action
    if action.get("type") == "overflow":
        yield action["selected_option"]


def _bound(workspace: str, action_id: str, issued: str) -> str:
    # Neither of the first two contains a line break.
    return f"{workspace}\n{action_id}\n{issued}"


def _in_digits(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
