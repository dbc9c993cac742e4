"""When a pending invitation is reminded of: so many days after it was sent, and before it ends (DOMAIN.md).

1. Due means at or before now and not yet sent. Of several moments that were missed one reminder is sent, not several.
2. Two e-mails about one invitation are at least two days apart, whoever asked for the other one.
3. Nothing is due at or after the end.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.rules.clocks import shown_at, wall_moment
from core.rules.policy import (
    LONGEST_REMINDER_DAYS,
    MAIL_GAP,
    REMINDERS,
    REMINDERS_AFTER_DAYS,
    REMINDERS_BEFORE_CLOSE_DAYS,
)

_SPACED: Final = re.compile(r"\s*-\s*")
_UNIT: Final = re.compile(r"(?<=\d)\s*d(?:ays?)?\b")
_PART: Final = re.compile(r"(close-|end-)?(\d{1,3})")


class ReminderRule(Struct, frozen=True):
    """Days, each at most once, in order. Both empty: no reminders."""

    after_days: tuple[int, ...] = ()
    before_close_days: tuple[int, ...] = ()

    @property
    def is_off(self) -> bool:
        return not self.after_days and not self.before_close_days

    def __str__(self) -> str:
        """As people write it and as it is stored: ``3,10,close-7``, or ``off``."""
        words = [*map(str, self.after_days), *(f"close-{days}" for days in self.before_close_days)]
        return ",".join(words) or "off"


DEFAULT_RULE: Final = ReminderRule(REMINDERS_AFTER_DAYS, REMINDERS_BEFORE_CLOSE_DAYS)


class Told(Struct, frozen=True):
    """What has been said about an invitation: first sent, last mailed, how often reminded."""

    sent_at: datetime
    last_at: datetime
    reminders: int


def read_rule(words: str) -> ReminderRule | None:
    """``off``, ``default``, ``3,10,close-7``. None for what is neither, and for more than three."""
    plain = words.strip().lower()
    if plain in ("off", "none", "no"):
        return ReminderRule()
    if plain == "default":
        return DEFAULT_RULE
    parts = [_PART.fullmatch(part) for part in re.split(r"[,\s]+", _UNIT.sub("", _SPACED.sub("-", plain)))]
    found = [(bool(part[1]), int(part[2])) for part in parts if part is not None]
    if len(found) < len(parts) or any(not 1 <= days <= LONGEST_REMINDER_DAYS for _, days in found):
        return None
    rule = ReminderRule(_days(found, before_close=False), _days(found, before_close=True)[::-1])
    return rule if len(rule.after_days) + len(rule.before_close_days) <= REMINDERS else None


def _days(found: Iterable[tuple[bool, int]], *, before_close: bool) -> tuple[int, ...]:
    return tuple(sorted({days for is_before, days in found if is_before is before_close}))


def next_reminder(rule: ReminderRule, told: Told, ends_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the next one is due, be it past or to come; None when there is none any more."""
    if told.reminders >= REMINDERS:
        return None
    planned = [moment for moment in planned_moments(rule, told.sent_at, ends_at, zone) if moment > told.last_at]
    due = max(min(planned), told.last_at + MAIL_GAP) if planned else None
    return due if due is not None and due < ends_at else None


def planned_moments(rule: ReminderRule, sent_at: datetime, ends_at: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """All of the rule, at the same time of the day as the invitation went out, between its sending and its end."""
    at = shown_at(sent_at, zone).time()
    first, last = shown_at(sent_at, zone).date(), shown_at(ends_at - ends_at.resolution, zone).date()
    days = [first + timedelta(days=number) for number in rule.after_days]
    days += [last + timedelta(days=-number) for number in rule.before_close_days]
    moments = (wall_moment(datetime.combine(day, at), zone) for day in days)
    return tuple(sorted({moment for moment in moments if sent_at < moment < ends_at}))
