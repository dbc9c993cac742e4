"""The words of a nudge: what is proposed, and what may go out instead. Nobody is compared with others in it."""

from typing import Final

from core.rules.policy import NUDGE_CHARACTERS
from core.rules.progress.risk import Risk, RiskKind
from core.rules.text import clean_note, first_link

_NOT_BEGUN: Final = (
    "Your place on {course} is waiting for you, and I noticed that you have not begun yet. "
    "A few minutes are enough for a first step."
)
_SILENT: Final = (
    "I noticed that you have not been on {course} for a while. That happens, and nothing is lost: "
    "you can go on where you stopped."
)
_GOING: Final = (
    "I wanted to ask how you are getting on with {course}. If the rest of it looks like a lot, "
    "a little each week is enough."
)
_OFFER: Final = "Is something in the way, or is there anything that I can help with? Just reply; I read it myself."


def proposed_words(risks: tuple[Risk, ...], course: str) -> str:
    kinds = {risk.kind for risk in risks}
    first = _NOT_BEGUN if RiskKind.NOT_BEGUN in kinds else _SILENT if RiskKind.SILENT in kinds else _GOING
    return f"{first.format(course=course)}\n\n{_OFFER}"


def checked_words(typed: str, course: str) -> tuple[str, str]:
    """The words as they would go out, and what is wrong with them; empty where nothing is.

    The course may be called "ASP.NET": its name is no link that somebody added.
    """
    words = clean_note(typed)
    if len(words) > NUDGE_CHARACTERS:
        return words, f"there are {len(words):,} characters, and {NUDGE_CHARACTERS:,} fit"
    if (link := first_link(words.replace(clean_note(course), ""))) is not None:
        return words, f"“{link[:60]}” is a link, and learners are asked to trust none in an e-mail"
    return words, "" if words else "there are none"
