"""Collects what is wrong with a Block Kit payload, each problem with its place (a JSON pointer)."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from usher.demo.slack.limit_table import LIMITS

# A payload as it came off the wire. Its shape is what is being checked, so it has no type of its own.
JsonObject: TypeAlias = dict[str, Any]

PLAIN: frozenset[str] = frozenset({"plain_text"})
PLAIN_OR_MARKDOWN: frozenset[str] = frozenset({"plain_text", "mrkdwn"})


def objects(value: object) -> list[JsonObject]:
    """The objects in what should be a list of them; anything else is passed over, and noted elsewhere."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Inspection:
    """One walk over one payload."""

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.problems: list[str] = []

    def note(self, place: str, problem: str) -> None:
        self.problems.append(f"{problem} [json-pointer:{place}]")

    def string(self, place: str, value: object, limit: str) -> bool:
        """A non-empty string no longer than the named limit."""
        if not isinstance(value, str) or not value.strip():
            self.note(place, "must be a non-empty string")
            return False
        if len(value) > LIMITS[limit]:
            self.note(place, f"must be at most {LIMITS[limit]} characters, is {len(value)}")
            return False
        return True

    def optional_string(self, place: str, holder: JsonObject, key: str, limit: str) -> None:
        if key in holder:
            self.string(f"{place}/{key}", holder[key], limit)

    def text(self, place: str, value: object, limit: str, kinds: frozenset[str] = PLAIN) -> None:
        """A text object of one of the kinds."""
        if not isinstance(value, dict):
            self.note(place, "must be a text object")
        elif str(value.get("type")) not in kinds:
            self.note(f"{place}/type", f"must be {' or '.join(sorted(kinds))}, is {value.get('type')!r}")
        else:
            self.string(f"{place}/text", value.get("text"), limit)

    def optional_text(
        self, place: str, holder: JsonObject, key: str, limit: str, kinds: frozenset[str] = PLAIN
    ) -> None:
        if key in holder:
            self.text(f"{place}/{key}", holder[key], limit, kinds)

    def items(self, place: str, value: object, limit: str) -> Sequence[Any]:
        """A list of one item up to the named limit; what it holds is returned even when it is too long."""
        if not isinstance(value, list) or not value:
            self.note(place, "must have at least 1 item")
            return []
        if len(value) > LIMITS[limit]:
            self.note(place, f"must have at most {LIMITS[limit]} items, has {len(value)}")
        return value

    def number(self, place: str, value: object, lowest: int, limit: str) -> None:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or not lowest <= int(str(value)) <= LIMITS[limit]:
            self.note(place, f"must be a number from {lowest} to {LIMITS[limit]}")
