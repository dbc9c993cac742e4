"""B6: what ``progress RUN`` costs in a large organisation, beside one with a thousandth of it; and B8's merge.

Both ask for a run of 1,000 learners, who lie scattered over the tables, as they join: the large one has 1,000 such
runs. The two take turns; the first calls of each are not counted. A report of 10,000 rows is merged beside the import
of as many learners.
"""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, case, cast, column, insert, literal, select

from bench.learner_files import learner_csv
from bench.report import Goal, Report, Samples, rounded
from bench.report import progress as tell
from bench.world import new_folder
from core.app import App
from core.context import StaffActor
from core.importing import run_import
from core.model import Base, Course, CourseRun, Enrolment, Learner, LearnerAddress, Progress
from core.progressing import ProgressFile, take_progress
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.progress.figures import ShowProgress, show_progress
from core.usecases.progress.one_learner import (
    ShowLearnerProgress,
    show_learner_progress,
)
from core.words import AccessModel, CourseKind, FeedKind, ImportPolicy, JoinedBy
from tests.factories import NOW, counted_queries, make_app, make_engine, make_school
from usher.wiring import settle_in

FIRST_ID: Final = 1 << 40
_RUN: Final = "course-0-1"
_OTHERS: Final = 1_000_000
"""Learners from this number on are nobody's of the report."""


class Size(Struct, frozen=True):
    """``of_run``: learners of the run that is asked for."""

    of_run: int = 1_000
    many: int = 1_000_000
    rounds: int = 5
    calls: int = 60
    warm_up: int = 5
    report_rows: int = 10_000
    merges: int = 3


SMALL: Final = Size(of_run=20, many=200, rounds=1, calls=3, warm_up=1, report_rows=20, merges=1)


class _House(Struct, frozen=True):
    name: str
    app: App
    owner: StaffActor

    def run(self, call: int) -> None:
        self.app.read(show_progress, ShowProgress(_RUN, page=1 + call % 3), self.owner)

    def learner(self, call: int) -> None:
        self.app.read(show_learner_progress, ShowLearnerProgress("learner0@example.org"), self.owner)


def run(size: Size) -> Report:
    samples, queries = Samples(), dict[str, int]()
    # As the programs do.
    settle_in()
    with new_folder() as folder:
        few = _house(folder, "few", size.of_run, size.of_run)
        many = _house(folder, "many", size.of_run, size.many)
        for page in (_House.run, _House.learner):
            _compare(samples, queries, page, (few, many), size)
        for number in range(size.merges):
            _merge(samples, _house(folder, f"merge{number}", size.of_run, size.of_run), size)
    sizes = {"of_run": size.of_run, "many_enrolments": size.many, "report_rows": size.report_rows}
    return Report("progress", sizes | samples.figures() | queries, _goals(samples, queries))


def _goals(samples: Samples, queries: dict[str, int]) -> list[Goal]:
    return [
        Goal("p99 of a run with many enrolments to few", rounded(samples.median("run_p99_ratio")), "<= 2"),
        Goal("p99 of a learner with many enrolments to few", rounded(samples.median("learner_p99_ratio")), "<= 2"),
        Goal("queries of a run", queries["run_many_queries"], "<= 6"),
        Goal("queries of a learner", queries["learner_many_queries"], "<= 6"),
        Goal("merging a report to importing as many learners", rounded(samples.median("merge_to_import")), "<= 1"),
    ]


def _compare(
    samples: Samples,
    queries: dict[str, int],
    page: Callable[[_House, int], None],
    houses: tuple[_House, _House],
    size: Size,
) -> None:
    name = page.__name__
    tell(f"B6: {name}")
    for house in houses:
        for call in range(size.warm_up):
            page(house, call)
        with counted_queries(house.app.engine) as statements:
            page(house, 0)
        queries[f"{name}_{house.name}_queries"] = len(
            [each for each in statements if each.startswith(("SELECT", "WITH"))]
        )
    for _ in range(size.rounds):
        taken = {house.name: _times(house, page, size.calls) for house in houses}
        for house_name, times in taken.items():
            samples.add(f"{name}_{house_name}_p50_ms", statistics.median(times))
            samples.add(f"{name}_{house_name}_p99_ms", _p99(times))
        samples.add(f"{name}_p99_ratio", _p99(taken["many"]) / _p99(taken["few"]))


def _times(house: _House, page: Callable[[_House, int], None], calls: int) -> list[float]:
    """In milliseconds."""
    times = []
    for call in range(calls):
        began = time.perf_counter()
        page(house, call)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _p99(times: list[float]) -> float:
    return sorted(times)[max(0, round(len(times) * 0.99) - 1)]


def _merge(samples: Samples, house: _House, size: Size) -> None:
    """Rows that are new, changed and unknown; and the import that ``bench import`` measures, as CSV like the report."""
    tell(f"B8: merging {size.report_rows:,} rows")
    lines = [
        f"learner{number}@example.org,{number % 101}%,{number % 7},{number % 100}%,2026-02-{1 + number % 28:02d}"
        for number in range(size.report_rows)
    ]
    heading = (
        "Email address,Number of steps completed,Number of comments posted,Average test score,Last step visited at"
    )
    report = ProgressFile("report.csv", "\n".join([heading, *lines]).encode(), _RUN)
    sheet = ReceiveImport("learners.csv", learner_csv(size.report_rows, _OTHERS), ImportPolicy.GOOD_ROWS)
    _grow(house, size)
    merged = _noted(samples, "merge", lambda: take_progress(house.app, house.owner, report))
    imported = _noted(
        samples,
        "import",
        lambda: run_import(house.app, house.app.run(receive_import, sheet, house.owner).import_id, house.owner),
    )
    samples.add("merge_rows_a_second", size.report_rows / merged)
    samples.add("merge_to_import", merged / imported)


def _noted(samples: Samples, name: str, work: Callable[[], object]) -> float:
    began = time.process_time(), time.perf_counter()
    work()
    samples.add(f"{name}_cpu_seconds", time.process_time() - began[0])
    seconds = time.perf_counter() - began[1]
    samples.add(f"{name}_seconds", seconds)
    return seconds


def _grow(house: _House, size: Size) -> None:
    """As many learners on the run as the report has rows, half of them with figures."""
    rows = Rows(house.owner.organisation_id, 1)
    with house.app.engine.begin() as connection:
        for model in (Learner, LearnerAddress, Enrolment):
            fill(connection, model, rows, size.of_run, size.report_rows)
        fill(connection, Progress, rows, size.of_run, size.report_rows // 2)


# --- Rows -------------------------------------------------------------------------------------------------

N: Final = column("n", BigInteger)


def _house(folder: Path, name: str, of_run: int, enrolments: int) -> _House:
    tell(f"B6: making {enrolments:,} enrolments")
    app = make_app(make_engine(f"sqlite:///{folder}/{name}.db"))
    school = make_school(app)
    runs = max(1, enrolments // of_run)
    rows = Rows(school.organisation_id, runs)
    with app.engine.begin() as connection:
        fill_all(connection, rows, enrolments)
    return _House(name, app, school.owner)


def fill_all(connection: Connection, rows: "Rows", enrolments: int) -> None:
    """A learner each, on the runs in turn, all with figures."""
    catalogue: tuple[type[Base], ...] = (Course, CourseRun)
    everything: tuple[type[Base], ...] = (*catalogue, Learner, LearnerAddress, Enrolment, Progress)
    for model in everything:
        fill(connection, model, rows, 0, rows.runs if model in catalogue else enrolments)


def fill(connection: Connection, model: type[Base], rows: "Rows", first: int, end: int) -> None:
    """Made by the database: a million dictionaries take minutes."""
    if first >= end:
        return
    series = select(literal(first, BigInteger).label("n")).cte("series", recursive=True)
    series = series.union_all(select(series.c.n + 1).where(series.c.n + 1 < end))
    table = model.metadata.tables[model.__tablename__]
    given = rows.of(model)
    values = [
        value if isinstance(value, ColumnElement) else literal(value, table.c[name].type)
        for name, value in given.items()
    ]
    connection.execute(insert(table).from_select(list(given), select(*values).select_from(series)))


def text_of(before: str, number: ColumnElement[int], after: str = "") -> ColumnElement[str]:
    return literal(before).concat(cast(number, Text)).concat(after)


class Rows(Struct, frozen=True):
    """Row n of each table, as the database makes it."""

    organisation_id: int
    runs: int

    def of(self, model: type[Base]) -> dict[str, Any]:
        made: dict[type[Base], Callable[[], dict[str, Any]]] = {
            Course: self._course,
            CourseRun: self._run,
            Learner: self._learner,
            LearnerAddress: self._address,
            Enrolment: self._enrolment,
            Progress: self._progress,
        }
        return {"id": FIRST_ID + N, "organisation_id": self.organisation_id, **made[model]()}

    def _course(self) -> dict[str, Any]:
        return {
            "code": text_of("course-", N),
            "uuid": text_of("course-", N),
            "title": text_of("Course number ", N),
            "partner": "",
            "kind": CourseKind.OPEN,
            "model": AccessModel.UPGRADED,
            "price_pence": 0,
        }

    def _run(self) -> dict[str, Any]:
        return {
            "course_id": FIRST_ID + N,
            "code": text_of("course-", N, "-1"),
            "slug": text_of("course-", N),
            "uuid": text_of("run-", N),
            "title": text_of("Course number ", N),
            "starts_at": NOW,
            "ends_at": NOW + timedelta(days=90),
            "step_count": 40,
            "time_zone": "Europe/London",
            "join_url": "",
        }

    def _learner(self) -> dict[str, Any]:
        return {"first_name": "Ada", "last_name": text_of("Example ", N), "created_at": NOW}

    def _address(self) -> dict[str, Any]:
        address = text_of("learner", N, "@example.org")
        return {"learner_id": FIRST_ID + N, "address": address, "address_key": address}

    def _enrolment(self) -> dict[str, Any]:
        run_id = FIRST_ID + N % self.runs
        return {"learner_id": FIRST_ID + N, "run_id": run_id, "joined_by": JoinedBy.INVITATION, "enrolled_at": NOW}

    def _progress(self) -> dict[str, Any]:
        moment = Progress.__table__.c.active_at.type
        return {
            "learner_id": FIRST_ID + N,
            "run_id": FIRST_ID + N % self.runs,
            "attempt": 1,
            "is_latest": True,
            "active_at": case({ago: literal(NOW - timedelta(days=ago), moment) for ago in range(30)}, value=N % 30),
            "step_percentage": N * 97 % 10_001,
            "average_test_score": N * 31 % 10_001,
            "comments_posted": N % 9,
            "steps_source": FeedKind.PLATFORM_REPORT,
            "steps_as_of": NOW,
        }
