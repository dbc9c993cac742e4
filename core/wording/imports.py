"""What every door says alike of an import: its outcome first, its counts, its problems, what can be done next.

Plain text. File names and reasons in it are as they came: a door escapes for its own medium.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.rules.ucas.buckets import Buckets
from core.usecases.imports.imports import ImportCard, ImportShown, ProblemCount
from core.usecases.imports.undoing import ImportUndone, UndoPreviewed
from core.wording.phrases import day_words
from core.wording.results import counted
from core.words import ImportReason, ImportState, ImportSubject, KeptReason

KEPT_REASONS: dict[KeptReason, str] = {
    KeptReason.CHANGED: "changed since",
    KeptReason.JOINED: "has joined a run or signed in",
    KeptReason.IN_USE: "somebody was invited to it, or has joined it",
    KeptReason.NOT_GRANTED: "belongs to a provider that you may not manage",
    KeptReason.GONE: "no longer there",
}

_SHEETS: dict[ImportSubject, str] = {
    ImportSubject.LEARNERS: "the learner import",
    ImportSubject.CATALOGUE: "the sheet of courses and runs",
}
_ROW: dict[ImportSubject, str] = {ImportSubject.LEARNERS: "learner", ImportSubject.CATALOGUE: "run"}
_ROWS: dict[ImportSubject, str] = {
    ImportSubject.LEARNERS: "learners",
    ImportSubject.CATALOGUE: "courses and runs",
}
TEMPLATE_FILES: dict[ImportSubject, str] = {
    ImportSubject.LEARNERS: "learners template.xlsx",
    ImportSubject.CATALOGUE: "courses template.xlsx",
}
_UNFINISHED = (ImportState.RECEIVED, ImportState.READING, ImportState.CHECKED)


def import_name(number: int) -> str:
    """As in "I-0007"."""
    return f"I-{number:04d}"


def outcome_words(
    card: ImportCard,
    zone: ZoneInfo,
    *,
    repeats: int | None = None,
    is_repeat: bool = False,
    repeated: ImportCard | None = None,
) -> str:
    """One sentence with the number that matters. ``is_repeat``: it was here already when it was sent. ``repeats``: the
    number of the applied import that had the same rows; ``repeated``: its card, where the caller has it.
    """
    if is_repeat and card.state is ImportState.APPLIED:
        repeated = card
    if repeated is not None:
        on = f" on {day_words(repeated.settled_at, zone)}" if repeated.settled_at else ""
        what = "This file is" if repeated.number == card.number else "The same rows are"
        return f"{what} already imported, as {import_name(repeated.number)}{on}. Nothing was done."
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


def _applied(found: Buckets) -> str:
    if found.problem:
        return f"{found.rows - found.problem:,} of {counted(found.rows, 'row')} imported; {found.problem:,} left out."
    is_one = found.rows == 1
    if found.created or found.updated:
        return f"{'The one row is' if is_one else f'All {found.rows:,} rows are'} imported."
    return f"{'The one row is as it was' if is_one else f'All {found.rows:,} rows are as they were'}: nothing is new."


def _held(card: ImportCard) -> str:
    if card.reason is ImportReason.NAMES:
        return "Nothing is imported yet: this file would change very many last names or e-mail addresses."
    found = card.buckets
    if card.reason is ImportReason.CATALOGUE:
        return f"Nothing is written yet: this file would {would_words(found)}."
    needs = "needs" if found.problem == 1 else "need"
    return f"Nothing is imported yet: {found.problem:,} of {counted(found.rows, 'row')} {needs} correcting."


def would_words(found: Buckets) -> str:
    """Of courses and runs, as in "add 2 runs and change 1"."""
    created = f"add {counted(found.created, 'run')}" if found.created else ""
    changed = f"change {found.updated:,}" if created else f"change {counted(found.updated, 'run')}"
    return " and ".join(filter(None, (created, changed if found.updated else ""))) or "change nothing"


def _rejected(card: ImportCard, repeats: int | None) -> str:
    found = card.buckets
    match card.reason:
        case ImportReason.FILE:
            return f"“{named(card)}” cannot be read, so nothing was imported."
        case ImportReason.SHEET:
            return f"“{named(card)}” is not {_SHEETS[card.subject]} as I know it, so nothing was imported."
        case ImportReason.NO_ROWS:
            return f"“{named(card)}” has no {_ROWS[card.subject]} below its headings, so nothing was imported."
        case ImportReason.REPEATED:
            before = f", as {import_name(repeats)}" if repeats else ""
            return f"The same rows are already imported{before}. Nothing was done."
        case ImportReason.OUR_MISTAKE:
            return f"“{named(card)}” could not be imported, and it was our mistake. Nothing was changed."
        case ImportReason.EXPIRED:
            return f"{import_name(card.number)} has expired: for 30 days nobody said what to do. Nothing was imported."
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
    return (
        ("New" if is_done else "Would be new", f"{found.created:,}"),
        ("Changed" if is_done else "Would change", f"{found.updated:,}"),
        ("Unchanged", f"{found.unchanged:,}"),
        ("Repeated", f"{found.duplicate:,}"),
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


def counted_of(subject: ImportSubject, number: int) -> str:
    """As in "2 runs": what a row of an import is about."""
    return counted(number, _ROW[subject])


def someone(subject: ImportSubject) -> str:
    """In place of a name that may not be told."""
    return f"a {_ROW[subject]}"


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


def undo_words(found: UndoPreviewed) -> str:
    """As in "remove 187 learners that it had made and leave 3 as they are"."""
    created = f"remove {counted_of(found.subject, found.removed)} that it had made"
    restored = f"put {found.restored:,} back as they were before"
    kept = f"leave {found.kept_total:,} as they are"
    counts = ((found.removed, created), (found.restored, restored), (found.kept_total, kept))
    parts = [words for count, words in counts if count]
    return _listed(parts) if parts else "change nothing"


def undone_words(found: UndoPreviewed | ImportUndone) -> str:
    """As in "187 learners removed, 3 left as they are"."""
    counts = (
        (found.removed, f"{counted_of(found.subject, found.removed)} removed"),
        (found.restored, f"{found.restored:,} as they were before"),
        (found.kept_total, f"{found.kept_total:,} left as they are"),
    )
    return ", ".join(words for count, words in counts if count) or "nothing was left to take back"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
