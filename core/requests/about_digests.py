"""Digests: what changed, every week."""

import re
from typing import Final

from core.errors import DigestUnclear
from core.requests.language import Asker, Mode, OtherUseCases, Verb, verb
from core.rules.moments import Unread, read_moment
from core.rules.text import folded
from core.usecases.digests.digests import ShowDigest, show_digest
from core.usecases.digests.settings import (
    SetDigest,
    ShowDigestPlan,
    StopDigest,
    set_digest,
    show_digest_plan,
    stop_digest,
)
from core.words import DigestRhythm

_OFF: Final = frozenset({"off", "none", "no", "stop"})
_ON: Final = frozenset({"on", "yes"})
_RHYTHMS: Final = {
    "weekly": DigestRhythm.WEEKLY, "week": DigestRhythm.WEEKLY,
    "monthly": DigestRhythm.MONTHLY, "month": DigestRhythm.MONTHLY,
}  # fmt: skip
_CHANGES: Final = {"changes": True, "always": False}
_PLACES: Final = {
    "mail": (True, False), "email": (True, False), "e-mail": (True, False), "slack": (False, True),
    "both": (True, True),
}  # fmt: skip
# Said around the rest: "every Monday at 8:00 by mail and only changes".
_FILLING: Final = frozenset({"every", "each", "by", "in", "only", "and", "to", "send", "me"})
# "Mon 8": no day of a month is written in a digest's moment, so a number at its end is an hour.
_BARE_HOUR: Final = re.compile(r"(?<![:.\d])(\d{1,2})$")


def _digest(rest: str) -> ShowDigestPlan | ShowDigest | StopDigest | SetDigest:
    words = rest.replace(",", " ").split()
    plain = [folded(word) for word in words]
    if not words:
        return ShowDigestPlan()
    if plain == ["now"]:
        return ShowDigest()
    if len(plain) == 1 and plain[0] in _OFF:
        return StopDigest()
    return _wish(rest, words)


def _wish(rest: str, words: list[str]) -> SetDigest:
    rhythm, only_changes, zone = None, None, ""
    by_mail: bool | None = None
    in_slack: bool | None = None
    left = []
    for word in words:
        plain = folded(word)
        if plain in _RHYTHMS:
            rhythm = _RHYTHMS[plain]
        elif plain in _CHANGES:
            only_changes = _CHANGES[plain]
        elif plain in _PLACES:
            by_mail, in_slack = _PLACES[plain]
        elif "/" in word or word == "UTC":
            zone = word
        elif plain not in _FILLING and plain not in _ON:
            left.append(word)
    weekday, minute = _when(" ".join(left), rest)
    return SetDigest(weekday, minute, rhythm, only_changes, by_mail, in_slack, zone)


def _when(words: str, rest: str) -> tuple[int | None, int | None]:
    """A weekday and a time, or only a time. Raises DigestUnclear for a date."""
    if not words:
        return None, None
    moment = read_moment(_BARE_HOUR.sub(r"\1:00", words))
    if isinstance(moment, Unread) or moment.day is not None or moment.in_days is not None:
        raise DigestUnclear(words=rest[:60])
    return moment.weekday, moment.at.hour * 60 + moment.at.minute


VERBS: Final[tuple[Verb, ...]] = (verb("digest", Mode.RUN, Asker.STAFF, _digest, set_digest),)
OTHERS: Final[OtherUseCases] = {
    ShowDigestPlan: (show_digest_plan, Mode.READ),
    ShowDigest: (show_digest, Mode.READ),
    StopDigest: (stop_digest, Mode.RUN),
}
