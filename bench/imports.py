"""B1: an import of learners, from its file to applied rows with their audit; and with the marked workbook besides.

Ours: what ``usher import`` runs, in a process of its own; its child counts. Theirs, with the same .xlsx and a database
of the same kind: django-import-export in its bulk mode and as it comes, and a hand-written script. They check less,
encrypt nothing and cannot undo. calamine alone says what reading the file costs. All clocks begin when everything is
loaded. Ratios are of CPU seconds, for a shared machine's wall clock says little.

django-import-export is no part of Usher's environment. ``PEERS_PYTHON`` names an interpreter that has it; without one
its figures are left out, and the report says how to make one.
"""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from math import log
from pathlib import Path
from threading import Event
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import create_engine

from bench.learner_files import learner_workbook
from bench.processes import clean_environment, memory_mb_of
from bench.report import ROOT, Goal, Report, Samples, progress, rounded
from bench.world import commits_a_second, new_folder, postgresql_url
from tests.factories import make_app, make_engine, make_school

PEERS_PYTHON: Final = "USHER_BENCH_PEERS"
_HOW: Final = (
    "not installed: python -m venv .venv/peers && .venv/peers/bin/pip install -r bench/peers/requirements.txt"
    f" (or {PEERS_PYTHON}=an interpreter that has it)"
)
_LOOK_SECONDS: Final = 0.02
_DJANGO: Final = ROOT / "bench/peers/django_import.py"


class Size(Struct, frozen=True):
    """``sizes``: rows, ascending; peers take part at ``paired``. ``answered``: rows of the marked workbook."""

    sizes: tuple[int, ...] = (1_000, 10_000, 100_000)
    paired: int = 10_000
    pairs: int = 3
    answered: int = 5_000
    is_postgresql: bool = False


SMALL: Final = Size(sizes=(10, 20, 40), paired=20, pairs=1, answered=20)


class Taken(Struct, frozen=True):
    """By one import: seconds, and megabytes of all its processes."""

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float = 0.0
    answer_cpu_seconds: float = 0.0


def run(size: Size) -> Report:
    database = postgresql_url() if size.is_postgresql else nullcontext("")
    with new_folder() as folder, database as server_url:
        bench = _Bench(folder, server_url)
        figures: dict[str, Any] = {
            "database": "PostgreSQL" if size.is_postgresql else "SQLite",
            "paired_rows": size.paired,
            "answered_rows": size.answered,
            "bare_full_commits_a_second": rounded(commits_a_second(folder)),
        }
        samples, django = Samples(), _peers_python()
        figures["django_import_export"] = "installed" if django else _HOW
        if not django:
            progress(f"B1: django-import-export is {_HOW}")
        for pair in range(size.pairs):
            progress(f"B1: pair {pair + 1} of {size.pairs}, {size.paired} rows")
            _note_pair(samples, bench, size, django)
        grown = {rows: _grown(bench, rows) for rows in size.sizes}
        for rows, taken in grown.items():
            figures[f"rows_{rows}_seconds"] = rounded(taken.seconds)
            figures[f"rows_{rows}_cpu_seconds"] = rounded(taken.cpu_seconds)
            figures[f"rows_{rows}_peak_mb"] = rounded(taken.peak_mb)
        exponent = _exponent(bench.ours(1), grown)
        figures |= samples.figures() | {"growth_exponent": rounded(exponent)}
        return Report("import", figures, _goals(samples, grown, exponent, size))


def _note_pair(samples: Samples, bench: "_Bench", size: Size, django: str) -> None:
    ours = bench.ours(size.paired)
    cpu = {"calamine": bench.bare("read", size.paired), "handwritten": bench.handwritten(size.paired)}
    if django:
        cpu |= {mode: bench.django(django, size.paired, mode) for mode in ("bulk", "default")}
    samples.add("ours_seconds", ours.seconds)
    samples.add("ours_cpu_seconds", ours.cpu_seconds)
    samples.add("ours_peak_mb", ours.peak_mb)
    for name, theirs in cpu.items():
        samples.add(f"{name}_seconds", theirs.seconds)
        samples.add(f"{name}_cpu_seconds", theirs.cpu_seconds)
        samples.add(f"{name}_ratio", theirs.cpu_seconds / ours.cpu_seconds)
    samples.add("times_calamine", ours.cpu_seconds / cpu["calamine"].cpu_seconds)
    answered = bench.ours(size.answered, has_answer=True)
    bare = bench.bare("copy", size.answered)
    samples.add("answer_cpu_seconds", answered.answer_cpu_seconds)
    samples.add("openpyxl_copy_cpu_seconds", bare.cpu_seconds)
    whole = answered.cpu_seconds + answered.answer_cpu_seconds
    samples.add("answer_ratio", whole / (answered.cpu_seconds + bare.cpu_seconds))


def _grown(bench: "_Bench", rows: int) -> Taken:
    progress(f"B1: {rows} rows")
    return bench.ours(rows)


def _exponent(start: Taken, grown: dict[int, Taken]) -> float:
    """Of CPU seconds, what one row costs taken off; from the first size to the last."""
    first, last = min(grown), max(grown)
    cpu = [max(0.001, grown[rows].cpu_seconds - start.cpu_seconds) for rows in (first, last)]
    return log(cpu[1] / cpu[0]) / log(last / first)


def _goals(samples: Samples, grown: dict[int, Taken], exponent: float, size: Size) -> list[Goal]:
    largest = max(grown)
    wanted = [("bulk_ratio", "django-import-export's bulk mode to ours, CPU", ">= 8"),
              ("handwritten_ratio", "a hand-written script to ours, CPU", ">= 4"),
              ("times_calamine", "ours to calamine alone, CPU", "<= 6"),
              ("answer_ratio", "with the marked workbook to without plus a bare load and save", "<= 1.5")]  # fmt: skip
    goals = [
        Goal(words, rounded(samples.median(name)), limit) for name, words, limit in wanted if name in samples.values
    ]
    return [
        *goals,
        Goal("growth exponent of CPU", rounded(exponent), "<= 1.1"),
        Goal(f"peak MB of all processes, {size.paired} rows", rounded(samples.median("ours_peak_mb")), "<= 150"),
        Goal(f"peak MB of all processes, {largest} rows", rounded(grown[largest].peak_mb), "<= 300"),
        Goal(f"seconds, {largest} rows", rounded(grown[largest].seconds), "<= 30"),
        Goal("rows that were not imported", sum(rows - taken.rows for rows, taken in grown.items()), "== 0"),
    ]


class _Bench:
    """A database for each run, and one file for each size."""

    def __init__(self, folder: Path, server_url: str) -> None:
        self._folder, self._server_url, self._runs = folder, server_url, 0

    def ours(self, rows: int, *, has_answer: bool = False) -> Taken:
        url = self._new_url()
        engine = make_engine(url)
        school = make_school(make_app(engine))
        staff = [str(school.owner.organisation_id), str(school.owner.staff_id)]
        arguments = ["-m", "bench.import_once", str(self._file(rows)), url, *staff]
        engine.dispose()
        return self._run(sys.executable, *arguments, *(["answer"] if has_answer else []))

    def bare(self, what: str, rows: int) -> Taken:
        return self._run(sys.executable, "-m", "bench.peers.bare_sheets", what, str(self._file(rows)))

    def handwritten(self, rows: int) -> Taken:
        url = self._new_url()
        return self._run(sys.executable, "-m", "bench.peers.handwritten_import", str(self._file(rows)), url)

    def django(self, python: str, rows: int, mode: str) -> Taken:
        return self._run(python, str(_DJANGO), str(self._file(rows)), self._new_url(), mode)

    def _file(self, rows: int) -> Path:
        path = self._folder / f"learners-{rows}.xlsx"
        if not path.exists():
            path.write_bytes(learner_workbook(rows))
        return path

    def _new_url(self) -> str:
        """On PostgreSQL one database serves all: what the run before left in it is dropped."""
        self._runs += 1
        if not self._server_url:
            return f"sqlite:///{self._folder}/run{self._runs}.db"
        engine = create_engine(self._server_url)
        with engine.begin() as connection:
            left = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars()
            tables = ", ".join(f'"{name}"' for name in left)
            if tables:
                # With what depends on them: the policies of one table look at others.
                connection.exec_driver_sql(f"DROP TABLE {tables} CASCADE")
        engine.dispose()
        return self._server_url

    def _run(self, *command: str) -> Taken:
        log = self._folder / "errors.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        peak = 0.0
        # Its children too; what the system counts of a child that has ended includes what it was before it began.
        while process.poll() is None:
            peak = max(peak, memory_mb_of(process.pid))
            Event().wait(_LOOK_SECONDS)
        printed, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[1:3])} failed\n{log.read_text(errors='replace')[-2000:]}")
        return replace(Taken(**json.loads(printed)), peak_mb=peak)


def _peers_python() -> str:
    """Empty: there is none."""
    named = os.environ.get(PEERS_PYTHON, "")
    python = named or str(ROOT / ".venv/peers/bin/python")
    if not Path(python).exists():
        return ""
    found = subprocess.run([python, "-c", "import import_export"], capture_output=True, check=False, timeout=60)
    return python if found.returncode == 0 else ""
