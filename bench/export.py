"""B7: what an export of progress costs, beside a bare csv writer of rows that are ready, and how much memory it takes.

Each size is written by a process of its own (``bench.export_once``), from the database to a file, so that its memory at
its highest is the product's own.
The peer gets the very rows of the export, made before its clock starts, and looks for no formula. The two take turns;
seconds are CPU seconds.
"""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import case, literal

from bench.progress import N, Rows, fill_all, text_of
from bench.report import ROOT, Goal, Report, Samples, rounded
from bench.report import progress as tell
from bench.world import new_folder
from core.model import Progress
from core.model.base import Base
from tests.factories import NOW, make_app, make_engine, make_school


class Size(Struct, frozen=True):
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


class _FullRows(Rows, frozen=True):
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
    command = [sys.executable, "-m", "bench.export_once", what, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
