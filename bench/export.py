"""B7: what an export of progress costs, beside a bare csv writer of rows that are ready, and how much memory it takes.

Each size is written by a process of its own, from the database to a file, so that its memory at its highest is its own.
The peer gets the very rows of the export, made before its clock starts, and looks for no formula. The two take turns;
seconds are CPU seconds.
"""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import case, literal

from bench.processes import highest_memory_mb
from bench.progress import N, Rows, fill_all, text_of
from bench.report import ROOT, Goal, Report, Samples, rounded
from bench.report import progress as tell
from bench.world import new_folder
from core.app import App
from core.context import Door, StaffActor, SystemTokens
from core.model import Progress
from core.model.base import Base
from core.usecases.exports import ExportProgress, WriteExport, export_progress, write_export
from core.words import ExportForm
from tests.factories import NOW, make_app, make_engine, make_school


@dataclass(frozen=True, slots=True)
class Size:
    rows: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    peer_rows: int = 100_000
    """They lie in memory, so they are not the most. One of ``rows``."""
    workbook_rows: int = 10_000
    rounds: int = 3


SMALL: Final = Size(rows=(200, 400), peer_rows=400, workbook_rows=200, rounds=1)


def run(size: Size) -> Report:
    samples = Samples()
    with new_folder() as folder:
        exports = {rows: _prepared(folder, rows) for rows in size.rows}
        for _ in range(size.rounds):
            for rows, arguments in exports.items():
                done = _child("csv", *arguments)
                samples.add(f"csv_{rows}_seconds", done["seconds"])
                samples.add(f"csv_{rows}_rows_a_second", rows / done["seconds"])
                samples.add(f"csv_{rows}_memory_mb", done["memory_mb"])
            peer = _child("bare", *exports[size.peer_rows])
            samples.add("bare_writer_rows_a_second", size.peer_rows / peer["seconds"])
            ours = samples.values[f"csv_{size.peer_rows}_seconds"][-1]
            samples.add("to_bare_writer", ours / peer["seconds"])
        book = _child("xlsx", *exports[size.workbook_rows])
        samples.add(f"xlsx_{size.workbook_rows}_rows_a_second", size.workbook_rows / book["seconds"])
        samples.add(f"xlsx_{size.workbook_rows}_memory_mb", book["memory_mb"])
    most = max(size.rows)
    goals = [
        Goal(
            f"rows a second of {size.peer_rows:,}", samples.median(f"csv_{size.peer_rows}_rows_a_second"), ">= 100000"
        ),
        Goal("to a bare csv writer", rounded(samples.median("to_bare_writer")), "<= 2.5"),
        Goal(f"memory of {most:,} rows in MB", samples.median(f"csv_{most}_memory_mb"), "< 100"),
    ]
    return Report("export", {"rows": list(size.rows), **samples.figures()}, goals)


def _prepared(folder: Path, count: int) -> tuple[str, ...]:
    """The database, and who exports what."""
    tell(f"B7: making {count:,} rows of progress")
    database = f"{folder}/{count}.db"
    app = make_app(make_engine(f"sqlite:///{database}"))
    school = make_school(app)
    rows = _FullRows(school.organisation_id, max(1, count // 1000))
    with app.engine.begin() as connection:
        fill_all(connection, rows, count)
    app.engine.dispose()
    return database, str(school.organisation_id), str(school.owner.staff_id)


class _FullRows(Rows):
    """Nothing is empty but the date left: as much as there can be to write."""

    def of(self, model: type[Base]) -> dict[str, Any]:
        return super().of(model) | (self._more() if model is Progress else {})

    def _more(self) -> dict[str, Any]:
        moment = Progress.__table__.c.active_at.type
        minutes = {ago: literal(NOW - timedelta(minutes=ago), moment) for ago in range(60)}
        return {
            "steps_completed": N % 41,
            "last_step_at": case(minutes, value=N % 60),
            "last_comment_at": case(minutes, value=N % 59),
            "membership_id": text_of("m", N, "-1111-4222-8333-444455556666"),
            "profile_url": text_of("https://www.example.org/profiles/", N),
            "partner_course_code": "PC-1",
            "partner_run_code": "PR-2",
        }


def _child(what: str, *arguments: str) -> dict[str, float]:
    """``bench.export`` itself, in a process of its own."""
    command = [sys.executable, "-m", "bench.export", what, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _main(what: str, database: str, organisation_id: str, staff_id: str) -> None:
    owner = StaffActor(int(organisation_id), int(staff_id), Door.CLI)
    target = Path(database)
    if what == "bare":
        seconds = _bare(target.with_suffix(".csv"))
    else:
        seconds = _export(make_app(make_engine(f"sqlite:///{database}")), owner, ExportForm(what), target)
    print(json.dumps({"seconds": seconds, "memory_mb": highest_memory_mb()}))


def _export(app: App, owner: StaffActor, form: ExportForm, target: Path) -> float:
    # Each process would draw the same ids as the last one.
    app.tokens = SystemTokens()
    ordered = app.run(export_progress, ExportProgress("", form), owner)

    def write() -> None:
        with target.with_suffix(f".{form}").open("w+b") as into:
            app.read(write_export, WriteExport(ordered.export_id, into), owner)

    return _seconds(write)


def _bare(made: Path) -> float:
    """Of the rows of the export that was written before."""
    with made.open(encoding="utf-8-sig", newline="") as lines:
        rows = [tuple(row) for row in csv.reader(lines)]

    def write() -> None:
        with made.with_suffix(".bare").open("w", encoding="utf-8", newline="") as into:
            csv.writer(into).writerows(rows)

    return _seconds(write)


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    _main(*sys.argv[1:])
