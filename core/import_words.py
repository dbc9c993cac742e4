"""What every door says alike of an import: its outcome first, its counts, its problems, what can be done next.

Plain text. File names and reasons in it are as they came: a door escapes for its own medium.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from core.phrases import day_words
from core.result_words import counted
from core.rules.ucas.buckets import Buckets
from core.usecases.imports import ImportCard, ImportShown, ProblemCount
from core.words import ImportPolicy, ImportReason, ImportState, KeptReason

POLICIES: dict[ImportPolicy, str] = {
    ImportPolicy.HOLD_IF_ERRORS: "Nothing is imported while a row has a problem.",
    ImportPolicy.GOOD_ROWS: "Rows without problems are imported, the others left out.",
    ImportPolicy.ALL_OR_NOTHING: "All rows are imported, or none.",
}

KEPT_REASONS: dict[KeptReason, str] = {
    KeptReason.CHANGED: "changed since",
    KeptReason.JOINED: "has joined a run or signed in",
    KeptReason.NOT_GRANTED: "belongs to a provider that you may not manage",
    KeptReason.GONE: "no longer there",
}

_UNFINISHED = (ImportState.RECEIVED, ImportState.READING, ImportState.CHECKED)


def import_name(number: int) -> str:
    """As in "I-0007"."""
    return f"I-{number:04d}"


def outcome_words(card: ImportCard, zone: ZoneInfo, *, repeats: int | None = None, is_repeat: bool = False) -> str:
    """One sentence with the number that matters. ``is_repeat``: it was here already when it was sent."""
    if is_repeat and card.state is ImportState.APPLIED:
        return _repeated(import_name(card.number), card.settled_at, zone)
    match card.state:
        case ImportState.APPLIED:
            return _applied(card.buckets)
        case ImportState.HELD:
            return _held(card)
        case ImportState.REJECTED:
            return _rejected(card, repeats)
        case ImportState.UNDONE:
            return f"{import_name(card.number)} is undone."
    return f"“{named(card)}” is being imported."


def _repeated(name: str, at: datetime | None, zone: ZoneInfo) -> str:
    on = f" on {day_words(at, zone)}" if at else ""
    return f"This file is already imported, as {name}{on}. Nothing was done."


def _applied(found: Buckets) -> str:
    good = found.rows - found.problem
    if not found.problem:
        if found.rows == found.unchanged + found.duplicate:
            return f"Nothing is new: {_all_rows(found.rows)} as they were."
        return f"{_all_rows(found.rows, of_one='is')} imported."
    return f"{good:,} of {counted(found.rows, 'row')} imported; {found.problem:,} left out."


def _all_rows(rows: int, *, of_one: str = "is") -> str:
    return f"the one row {of_one}" if rows == 1 else f"all {rows:,} rows are"


def _held(card: ImportCard) -> str:
    if card.reason is ImportReason.NAMES:
        return "Nothing is imported yet: this file would change very many last names or e-mail addresses."
    found = card.buckets
    needs = "row needs" if found.problem == 1 else "rows need"
    return f"Nothing is imported yet: {found.problem:,} of {found.rows:,} {needs} correcting."


def _rejected(card: ImportCard, repeats: int | None) -> str:
    found = card.buckets
    match card.reason:
        case ImportReason.FILE:
            return f"“{named(card)}” cannot be read, so nothing was imported."
        case ImportReason.SHEET:
            return f"“{named(card)}” is not the learner import as I know it, so nothing was imported."
        case ImportReason.NO_ROWS:
            return f"“{named(card)}” has no learners below its headings, so nothing was imported."
        case ImportReason.REPEATED:
            before = f", as {import_name(repeats)}" if repeats else ""
            return f"The same rows are already imported{before}. Nothing was done."
        case ImportReason.OUR_MISTAKE:
            return f"“{named(card)}” could not be imported, and it was our mistake. Nothing was changed."
        case ImportReason.ROWS if found.problem == found.rows:
            return f"Nothing was imported: every one of {counted(found.rows, 'row')} has a problem."
        case ImportReason.ROWS:
            return f"Nothing was imported: {found.problem:,} of {counted(found.rows, 'row')} have problems."
    return f"{import_name(card.number)}: a corrected file was imported in its place."


def named(card: ImportCard) -> str:
    return card.file_name or "the file"


def bucket_facts(found: Buckets, *, is_done: bool) -> tuple[tuple[str, str], ...]:
    """Label and count; they add up to the last."""
    if not found.rows:
        return ()
    yet = "" if is_done else " (not yet)"
    return (
        (f"New{yet}", f"{found.created:,}"),
        (f"Changed{yet}", f"{found.updated:,}"),
        ("Unchanged", f"{found.unchanged:,}"),
        ("Repeated in the file", f"{found.duplicate:,}"),
        ("With problems", f"{found.problem:,}"),
        ("Rows in all", f"{found.rows:,}"),
    )


def is_done(state: ImportState) -> bool:
    return state in (ImportState.APPLIED, ImportState.UNDONE)


def is_under_way(state: ImportState) -> bool:
    return state in _UNFINISHED


def problem_words(found: ProblemCount) -> str:
    """As in "Postcode: it is no UK postcode (rows 12, 40)"."""
    about = f"{found.column}: " if found.column else ""
    return f"{about}{found.reason} ({rows_words(found.rows, found.count)})"


def rows_words(rows: Sequence[int], total: int) -> str:
    """As in "rows 2, 3, 5 and 41 more"."""
    listed = ", ".join(f"{row}" for row in rows)
    more = f" and {total - len(rows):,} more" if total > len(rows) else ""
    return f"{'row' if total == 1 else 'rows'} {listed}{more}"


def next_words(shown: ImportShown) -> tuple[str, ...]:
    """Why it waits, or was refused, in words."""
    return tuple(words for words in (_sentence(shown.fault), _sentence(shown.hint)) if words)


def _sentence(words: str) -> str:
    if not words:
        return ""
    first = words[0].upper() + words[1:]
    return first if first.endswith((".", "!", "?")) else f"{first}."
