"""What mail may have to say about imports, in every size."""

from datetime import timedelta

from msgspec.structs import replace

from core.import_reports import CopyFate, ImportReport
from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.columns import Column
from core.rules.ucas.problems import Fault, problem
from core.usecases.imports.copies import TemplateOffered
from core.usecases.imports.imports import ImportCard, ImportShown, ImportsListed, ProblemCount
from core.usecases.imports.mails import ImportLeft
from core.usecases.imports.offers import ImportOffers
from core.usecases.imports.rows import ImportRowShown, ImportRowsListed
from core.usecases.imports.undoing import ImportUndone, KeptRow, UndoPreviewed
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject, KeptReason
from tests.factories import NOW

_STATES = (
    (ImportState.APPLIED, None),
    (ImportState.UNDONE, None),
    (ImportState.RECEIVED, None),
    *((ImportState.HELD, reason) for reason in (ImportReason.ROWS, ImportReason.NAMES, ImportReason.CATALOGUE)),
    *((ImportState.REJECTED, reason) for reason in ImportReason),
)


def card(state: ImportState, reason: ImportReason | None, count: int, name: str, *, problem: int = 0) -> ImportCard:
    is_read = reason not in (ImportReason.FILE, ImportReason.SHEET, ImportReason.NO_ROWS, ImportReason.REPEATED)
    buckets = Buckets(created=count, updated=count // 2, unchanged=3, duplicate=1, problem=problem)
    return ImportCard(
        import_id=5,
        number=7,
        file_name=name,
        staff_name=name,
        door="mail",
        policy=ImportPolicy.HOLD_IF_ERRORS,
        state=state,
        reason=reason,
        buckets=buckets if is_read else Buckets(),
        received_at=NOW,
        settled_at=None if state is ImportState.RECEIVED else NOW + timedelta(seconds=2),
        undone_at=NOW + timedelta(hours=1) if state is ImportState.UNDONE else None,
    )


def shown(state: ImportState, reason: ImportReason | None, count: int, name: str, *, problem: int = 0) -> ImportShown:
    problems = tuple(
        ProblemCount(
            "postcode.form", "Postcode", f"“{name}” is no UK postcode", "Write it as in SW1A 1AA.",
            bool(place % 2), max(1, count), (2, 5, 9),
        )
        for place in range(min(problem, 10))
    )  # fmt: skip
    is_unfit = reason in (ImportReason.FILE, ImportReason.SHEET)
    return ImportShown(
        card=card(state, reason, count, name, problem=problem),
        sheet=name,
        notes=(f"The sheet “{name}” is hidden and was not read.",),
        fault=f"these columns are missing: {name}" if is_unfit else "",
        hint="Put the headings of the template above the learners." if is_unfit else "",
        problems=problems,
        repeats=3 if reason is ImportReason.REPEATED else None,
    )


def import_results(count: int, name: str) -> list[object]:
    reports = [
        ImportReport(shown(state, reason, count, name, problem=count), copy, (f"{name} (checked).xlsx",))
        for state, reason in _STATES
        for copy in (CopyFate.WHOLE, CopyFate.TOO_LARGE)
    ]
    applied = replace(shown(ImportState.APPLIED, None, count, name), offers=ImportOffers(invitable=count))
    found = (problem(Fault.UKPRN_NOT_GRANTED, Column.UKPRN, name),)
    import_rows = tuple(ImportRowShown(row, name, found, (name,), row) for row in range(min(count, 25)))
    kept = tuple(KeptRow(row, name, reason) for row, reason in zip(range(count), [*KeptReason] * count, strict=False))
    return [
        *reports,
        *(ImportReport(applied, copy) for copy in CopyFate),
        *(ImportReport(applied, copy, is_copy_asked=True) for copy in CopyFate),
        *(ImportReport(replace(applied, corrects=3), CopyFate.NONE, differing=each) for each in (None, 0, 1, count)),
        ImportRowsListed(7, Bucket.PROBLEM, applied.card.buckets, import_rows, 1, 2 if count else 1, count),
        ImportReport(applied, CopyFate.WHOLE, is_repeat=True),
        ImportReport(shown(ImportState.HELD, ImportReason.ROWS, count, name, problem=1), CopyFate.NONE, is_repeat=True),
        ImportReport(shown(ImportState.READING, None, 0, name), CopyFate.NONE, is_repeat=True),
        ImportsListed(
            tuple(card(state, reason, count, name, problem=count) for state, reason in _STATES) if count else (),
            1, 2 if count else 1, count,
        ),
        ImportUndone(7, count, count // 2, kept[:50], len(kept)),
        ImportUndone(7, count, count // 2, kept[:50], len(kept), ImportSubject.CATALOGUE),
        UndoPreviewed(7, count, count // 2, kept[:50], len(kept), NOW + timedelta(days=30)),
        ImportLeft(7, NOW + timedelta(days=30)),
        ImportLeft(7, NOW + timedelta(days=30), ImportReason.CATALOGUE),
        TemplateOffered(),
        TemplateOffered(ImportSubject.CATALOGUE),
    ]  # fmt: skip
