"""Whom a staff member means who types a name, a part of one, a username or an identifier: one learner, or a question.

    username, address, ULN, UPN, CCIS record ID   whole, as the first word
    names                                         words of it, or their beginnings, as ``learners`` searches

1. Nobody is guessed at: of several who fit all are offered (LearnerUnclear); who fits nobody is told the nearest names.
2. What follows a name ("nudge RUN Ada Young Can I help you?") begins with the first word that is no whole word of the
   names of those who fit so far. If nobody fits, not even the first word, it is words like those of the nearest names.
3. Only learners whom the asker may see are found or offered; of a run, those who are on it.
"""

import difflib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from core import access
from core.context import Context
from core.errors import LearnerNotFound, LearnerUnclear
from core.model import CourseRun, Enrolment, Learner, StaffMember
from core.rules.learner_words import plain_words
from core.usecases.learners.addresses import OWN_OR_FIRST_ADDRESS
from core.usecases.learners.lists import a_word_begins, exact_ids

_COLUMNS: Final = (
    Learner.id, Learner.first_name, Learner.last_name, Learner.provider_id,
    # The one word by which they are found.
    func.coalesce(Learner.username, OWN_OR_FIRST_ADDRESS).label("word"),
)  # fmt: skip
_NAME_WORDS: Final = 6
_NEAREST_AMONG: Final = 500
_OFFERED: Final = 3
_ENDS: Final = ":,;"


class Named(NamedTuple):
    """``rest``: what was typed behind the name."""

    learner: Any
    rest: str


def named_ids(ctx: Context, staff: StaffMember, who: str) -> tuple[int, ...]:
    """Whoever has this identifier, removed ones as well; or the one with this name. Raises LearnerNotFound,
    LearnerUnclear.
    """
    return exact_ids(ctx, staff, who) or (learner_named(ctx, staff, who).id,)


def learner_named(ctx: Context, staff: StaffMember, who: str, run: CourseRun | None = None) -> Any:
    """All that was typed is the name. Raises LearnerNotFound, LearnerUnclear."""
    words = who.split()[:_NAME_WORDS]
    if len(words) == 1 and (found := _exact(ctx, staff, words[0])) is not None:
        return found
    fits = [part for word in words for part in _begun(word)]
    rows = _rows(ctx, staff, run, fits) if fits else ()
    if not rows and fits and run is not None:
        rows = _elsewhere(_rows(ctx, staff, None, fits))
    return _only(ctx, staff, run, rows, who)


def learner_before_words(ctx: Context, staff: StaffMember, text: str, run: CourseRun) -> Named:
    """The name stands at the beginning. Raises LearnerNotFound, LearnerUnclear."""
    words = text.split()[:_NAME_WORDS]
    if not words:
        raise LearnerNotFound(who="this learner")
    if (found := _exact(ctx, staff, words[0].rstrip(_ENDS))) is not None:
        return Named(found, _after(text, 1))
    rows, taken = _narrowed(ctx, staff, words, run)
    if not rows:
        rows, taken = _narrowed(ctx, staff, words, None)
        rows = _elsewhere(rows)
        taken = taken if rows else _misspelt(ctx, staff, words, run)
    name = " ".join(words[:taken]).rstrip(_ENDS)
    return Named(_only(ctx, staff, run, rows, name), _after(text, taken))


def _narrowed(
    ctx: Context, staff: StaffMember, words: Sequence[str], run: CourseRun | None
) -> tuple[Sequence[Any], int]:
    """Who fits, and how many of the words are their name."""
    fits, taken = _begun(words[0]), 1
    rows = _rows(ctx, staff, run, fits) if fits else ()
    while rows and taken < len(words) and not words[taken - 1].endswith(tuple(_ENDS)):
        more = _whole(words[taken])
        narrowed = _rows(ctx, staff, run, [*fits, *more]) if more else ()
        if not narrowed:
            break
        fits, rows, taken = [*fits, *more], narrowed, taken + 1
    return rows, taken


def _misspelt(ctx: Context, staff: StaffMember, words: Sequence[str], run: CourseRun) -> int:
    """How many of the words are the name of somebody whom the first one is like. What is not, goes into a letter."""
    alike, taken = _nearest(ctx, staff, run, words[0]), 1
    while taken < len(words) and not words[taken - 1].endswith(tuple(_ENDS)):
        alike = [row for row in alike if _is_like_part(words[taken], row)]
        if not alike:
            break
        taken += 1
    return taken


def _elsewhere(rows: Sequence[Any]) -> Sequence[Any]:
    """Of one who is not on the run it is said that they are not; of several it is not asked who."""
    return rows if len(rows) == 1 else ()


def _after(text: str, words: int) -> str:
    """As it was typed, with its line breaks."""
    return [*text.split(maxsplit=words), ""][words]


def _begun(word: str) -> list[ColumnElement[bool]]:
    return [a_word_begins(part) for part in plain_words(word)]


def _whole(word: str) -> list[ColumnElement[bool]]:
    padded = Learner.search_words + " "
    return [padded.contains(f" {part} ", autoescape=True) for part in plain_words(word)]


def _exact(ctx: Context, staff: StaffMember, word: str) -> Any:
    """None: no identifier, or that of several. Who is not on the run is found as well: that can be said of them."""
    ids = exact_ids(ctx, staff, word)
    rows = ctx.session.execute(select(*_COLUMNS).where(Learner.id.in_(ids), *_seen(ctx, staff))).all() if ids else ()
    return rows[0] if len(rows) == 1 else None


def _rows(
    ctx: Context, staff: StaffMember, run: CourseRun | None, fits: Sequence[ColumnElement[bool]], most: int = 0
) -> Sequence[Any]:
    query = select(*_COLUMNS).where(*fits, *_seen(ctx, staff), *_on(run))
    ordered = query.order_by(Learner.search_words, Learner.id).limit(most or LearnerUnclear.most + 1)
    return ctx.session.execute(ordered).all()


def _on(run: CourseRun | None) -> list[ColumnElement[bool]]:
    if run is None:
        return []
    return [Learner.id.in_(select(Enrolment.learner_id).where(Enrolment.run_id == run.id))]


def _seen(ctx: Context, staff: StaffMember) -> list[ColumnElement[bool]]:
    """As the progress of a run is seen: also those of whom no provider is known."""
    granted = access.granted_provider_ids(ctx, staff)
    is_there: list[ColumnElement[bool]] = [Learner.removed_at.is_(None)]
    if granted is None:
        return is_there
    return [*is_there, or_(Learner.provider_id.is_(None), Learner.provider_id.in_(granted))]


# --- One, several, none -----------------------------------------------------------------------------------


def _only(ctx: Context, staff: StaffMember, run: CourseRun | None, rows: Sequence[Any], who: str) -> Any:
    if len(rows) == 1:
        return rows[0]
    code = run.code if run is not None else ""
    if rows:
        raise LearnerUnclear(who=who, run=code, choices=_choices(rows))
    raise LearnerNotFound(who=who, run=code, nearest=_choices(_nearest(ctx, staff, run, who)[:_OFFERED]))


def _choices(rows: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    """(name, word). Who has no such word is not offered."""
    return tuple((f"{row.first_name} {row.last_name}".strip(), row.word) for row in rows if row.word)


def _nearest(ctx: Context, staff: StaffMember, run: CourseRun | None, who: str) -> list[Any]:
    """The likeliest first, of those a word of whose name begins with the same letter."""
    parts = plain_words(who)[:_NAME_WORDS]
    if not parts:
        return []
    rows = _rows(ctx, staff, run, [a_word_begins(parts[0][0])], _NEAREST_AMONG)

    def likeness(row: Any) -> float:
        return sum(_likeness(part, row) for part in parts) / len(parts)

    ranked = sorted(((likeness(row), row) for row in rows), key=lambda each: -each[0])
    return [row for like, row in ranked if like >= 0.6]


def _is_like_part(typed: str, row: Any) -> bool:
    """Of short words only the very same: "Can" is no misspelt Chan."""
    parts = plain_words(typed)
    return bool(parts) and all(_likeness(part, row) >= (0.8 if len(part) > 3 else 1.0) for part in parts)


def _likeness(typed: str, row: Any) -> float:
    """From 0 to 1, to the likeliest word of their name."""
    words = plain_words(f"{row.first_name} {row.last_name}")
    return max((difflib.SequenceMatcher(None, typed, word).ratio() for word in words), default=0.0)
