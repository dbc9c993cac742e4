"""Imports in every state and size, with names that nobody should have."""

from msgspec.structs import replace

from core.context import Door
from core.rules.policy import IMPORT_KEPT_NAMED, IMPORT_PROBLEMS_NAMED, IMPORT_ROWS_CORRECTED, IMPORT_ROWS_NAMED
from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.columns import LEARNER_COLUMNS
from core.rules.ucas.problems import Fault, Problem
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.copies import CopyOrdered, TemplateOffered
from core.usecases.imports.fixing import BrokenCell, BrokenRow, BrokenRowsShown, RowsCorrected
from core.usecases.imports.imports import ImportCard, ImportShown, ImportsListed, ProblemCount
from core.usecases.imports.offers import ImportOffers
from core.usecases.imports.orders import OrderShown, WorkOrdered
from core.usecases.imports.rows import ImportRowShown, ImportRowsListed
from core.usecases.imports.undoing import ImportUndone, KeptRow, UndoPreviewed
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject, ImportWork, KeptReason
from tests.factories import NOW


def shown(count: int, name: str, state: ImportState, reason: ImportReason | None = None) -> ImportShown:
    problems = tuple(
        ProblemCount("x", column, f"{name} {name}"[:250], name, is_error=True, count=count, rows=_rows(count))
        for column in LEARNER_COLUMNS[: min(count, IMPORT_PROBLEMS_NAMED)]
    )
    return ImportShown(
        card=_card(count, name, state, reason),
        sheet=name,
        notes=(name,) * min(count, 20),
        fault=name,
        hint=name,
        problems=problems,
        repeats=7,
        rows_read=count // 2,
        row_count=count,
        headings=(name[:60],) * min(count, 20),
        corrects=99_999,
        offers=ImportOffers(
            good_rows=count, corrections=min(count, 5), invitable=count, undo=True, copy=True, full_copy=True
        ),
    )


def _rows(count: int) -> tuple[int, ...]:
    return tuple(range(100_000, 100_000 + min(count, IMPORT_ROWS_NAMED)))


def _card(count: int, name: str, state: ImportState, reason: ImportReason | None) -> ImportCard:
    buckets = Buckets(created=count, updated=count, unchanged=count, duplicate=count, problem=count)
    return ImportCard(
        import_id=2**62,
        number=12_345,
        file_name=name[:120],
        staff_name=name,
        door=Door.SLACK.value,
        policy=ImportPolicy.HOLD_IF_ERRORS,
        state=state,
        reason=reason,
        buckets=buckets,
        received_at=NOW,
        settled_at=NOW,
        undone_at=NOW if state is ImportState.UNDONE else None,
    )


def every_import(count: int, name: str) -> list[object]:
    rows = tuple(_row(number, name) for number in range(min(count, 10)))
    kept = tuple(
        KeptRow(number, name, list(KeptReason)[number % len(KeptReason)])
        for number in range(min(count, IMPORT_KEPT_NAMED))
    )
    states = [shown(count, name, state) for state in ImportState]
    reasons = [shown(count, name, ImportState.REJECTED, reason) for reason in ImportReason]
    slipped = shown(count, name, ImportState.HELD, ImportReason.NAMES)
    runs = shown(count, name, ImportState.HELD, ImportReason.CATALOGUE)
    cards = tuple(_card(count, name, state, None) for state in ImportState)
    buckets = cards[0].buckets
    return [
        *states,
        *reasons,
        slipped,
        replace(runs, card=replace(runs.card, subject=ImportSubject.CATALOGUE)),
        replace(states[4], offers=ImportOffers(corrected_by=12_346)),
        ImportSettled(2**62, 12_345, ImportState.APPLIED, None, buckets),
        ImportSettled(2**62, 12_345, ImportState.REJECTED, ImportReason.ROWS, buckets),
        UndoPreviewed(12_345, count, count, kept, count, NOW),
        ImportUndone(12_345, count, count, kept, count),
        ImportUndone(12_345, count, count, kept, count, ImportSubject.CATALOGUE),
        CopyOrdered(12_345),
        *(WorkOrdered(12_345, work, 7) for work in ImportWork),
        *(OrderShown(12_345, work, count, ImportSubject.LEARNERS, None, name[:400]) for work in ImportWork),
        OrderShown(12_345, ImportWork.UNDO, count, ImportSubject.LEARNERS, None, ""),
        OrderShown(12_345, ImportWork.UNDO, count, ImportSubject.LEARNERS, ImportUndone(12_345, 1, 1, kept, count), ""),
        TemplateOffered(),
        TemplateOffered(ImportSubject.CATALOGUE),
        *(ImportRowsListed(12_345, bucket, buckets, rows, 2, 1 + count // 10, count) for bucket in Bucket),
        ImportsListed((cards * 2)[: min(count, 10)], 2, 1 + count // 10, count),
        ImportsListed((), 1, 1, 0, ImportState.HELD),
    ]


def _row(number: int, name: str) -> ImportRowShown:
    problem = Problem(Fault.CELL_REQUIRED, name[:60], name[:80], name)
    return ImportRowShown(100_000 + number, name[:100], (problem,) * 5, (name[:300],), 100_000)


def broken_rows(count: int, name: str) -> BrokenRowsShown:
    """All cells of five rows at most."""
    cells = tuple(BrokenCell(column, name[:80], name, name, name, ()) for column in LEARNER_COLUMNS)
    with_choices = (replace(cells[1], choices=(name[:75], "Male")), *cells)[: len(cells)]
    rows = tuple(
        BrokenRow(number + 2, name[:100], with_choices[1:]) for number in range(min(count, IMPORT_ROWS_CORRECTED))
    )
    return BrokenRowsShown(12_345, rows, count)


def corrected() -> RowsCorrected:
    return RowsCorrected(12_345, 12_346)
