"""B6: what ``progress RUN`` costs in a large organisation, beside one with a thousandth of it; and B8's merge.

Both ask for a run of 1,000 learners, who lie scattered over the tables, as they join: the large one has 1,000 such
runs. The two take turns; the first calls of each are not counted. A report of 10,000 rows is merged beside the import
of as many learners.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from bench.report import Goal, Report, Samples, rounded
from bench.report import progress as tell
from bench.world import new_folder
from core.app import App
from core.context import StaffActor
from core.importing import run_import
from core.model import Base, Course, CourseRun, Enrolment, Learner, LearnerAddress, Progress
from core.progressing import ProgressFile, take_progress
from core.usecases.imports import ReceiveImport, receive_import
from core.usecases.progress import ShowLearnerProgress, ShowProgress, show_learner_progress, show_progress
from core.words import AccessModel, CourseKind, FeedKind, ImportPolicy, JoinedBy
from tests.factories import NOW, counted_queries, make_app, make_engine, make_school

_ROWS: Final = 20_000
_FIRST_ID: Final = 1 << 40
_RUN: Final = "course-0-1"


@dataclass(frozen=True, slots=True)
class Size:
    """``of_run``: learners of the run that is asked for."""

    of_run: int = 1_000
    many: int = 1_000_000
    rounds: int = 5
    calls: int = 60
    warm_up: int = 5
    report_rows: int = 10_000


SMALL: Final = Size(of_run=20, many=200, rounds=1, calls=3, warm_up=1, report_rows=20)


@dataclass(frozen=True, slots=True)
class _House:
    name: str
    app: App
    owner: StaffActor

    def run(self, call: int) -> None:
        self.app.read(show_progress, ShowProgress(_RUN, page=1 + call % 3), self.owner)

    def learner(self, call: int) -> None:
        self.app.read(show_learner_progress, ShowLearnerProgress("learner0@example.org"), self.owner)


def run(size: Size) -> Report:
    samples, queries = Samples(), dict[str, int]()
    with new_folder() as folder:
        few = _house(folder, "few", size.of_run, size.of_run)
        many = _house(folder, "many", size.of_run, size.many)
        for page in (_House.run, _House.learner):
            _compare(samples, queries, page, (few, many), size)
        _merge(samples, few, size)
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
        queries[f"{name}_{house.name}_queries"] = len([each for each in statements if each.startswith("SELECT")])
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
    """Rows that are new, changed and unknown; and an import of as many learners into the same organisation."""
    tell(f"B8: merging {size.report_rows:,} rows")
    lines = [
        f"learner{number}@example.org,{number % 101}%,{number % 7},{number % 100}%,2026-02-{1 + number % 28:02d}"
        for number in range(size.report_rows)
    ]
    heading = (
        "Email address,Number of steps completed,Number of comments posted,Average test score,Last step visited at"
    )
    content = "\n".join([heading, *lines]).encode()
    _grow(house, size)
    began = time.process_time(), time.perf_counter()
    take_progress(house.app, house.owner, ProgressFile("report.csv", content, _RUN))
    samples.add("merge_cpu_seconds", time.process_time() - began[0])
    merge = time.perf_counter() - began[1]
    samples.add("merge_seconds", merge)
    samples.add("merge_rows_a_second", size.report_rows / merge)
    learners = [f"10000001,Ada,Example{number},ZZ99 9ZZ,new{number}@example.org" for number in range(size.report_rows)]
    sheet = "\n".join(["UKPRN,First name,Last name,Postcode,Email address", *learners]).encode()
    began = time.process_time(), time.perf_counter()
    command = ReceiveImport("learners.csv", sheet, ImportPolicy.GOOD_ROWS)
    run_import(house.app, house.app.run(receive_import, command, house.owner).import_id, house.owner)
    samples.add("import_cpu_seconds", time.process_time() - began[0])
    imported = time.perf_counter() - began[1]
    samples.add("import_seconds", imported)
    samples.add("merge_to_import", merge / imported)


def _grow(house: _House, size: Size) -> None:
    """As many learners on the run as the report has rows, half of them with figures."""
    organisation_id = house.owner.organisation_id
    rows = Rows(organisation_id, 1, size.report_rows)
    with house.app.engine.begin() as connection:
        for model, make in (
            (Learner, rows.learner),
            (LearnerAddress, rows.address),
            (Enrolment, rows.enrolment),
            (Progress, rows.progress),
        ):
            last = size.report_rows // 2 if model is Progress else size.report_rows
            made = [make(number) for number in range(size.of_run, max(last, size.of_run))]
            if made:
                connection.execute(insert(model.metadata.tables[model.__tablename__]), made)


# --- Rows -------------------------------------------------------------------------------------------------


def _house(folder: Path, name: str, of_run: int, enrolments: int) -> _House:
    tell(f"B6: making {enrolments:,} enrolments")
    app = make_app(make_engine(f"sqlite:///{folder}/{name}.db"))
    school = make_school(app)
    rows = Rows(school.organisation_id, max(1, enrolments // of_run), enrolments)
    with app.engine.begin() as connection:
        for model, make, count in rows.tables():
            table = model.metadata.tables[model.__tablename__]
            for start in range(0, count, _ROWS):
                connection.execute(insert(table), [make(number) for number in range(start, min(start + _ROWS, count))])
    return _House(name, app, school.owner)


@dataclass(frozen=True, slots=True)
class Rows:
    organisation_id: int
    runs: int
    enrolments: int

    def tables(self) -> list[tuple[type[Base], Callable[[int], dict[str, Any]], int]]:
        return [
            (Course, self._course, self.runs),
            (CourseRun, self._run, self.runs),
            (Learner, self.learner, self.enrolments),
            (LearnerAddress, self.address, self.enrolments),
            (Enrolment, self.enrolment, self.enrolments),
            (Progress, self.progress, self.enrolments),
        ]

    def _course(self, number: int) -> dict[str, Any]:
        return {
            "id": id_of(number),
            "organisation_id": self.organisation_id,
            "code": f"course-{number}",
            "uuid": f"course-{number}",
            "title": f"Course number {number}",
            "partner": "",
            "kind": CourseKind.OPEN,
            "model": AccessModel.UPGRADED,
            "price_pence": 0,
        }

    def _run(self, number: int) -> dict[str, Any]:
        return {
            "id": id_of(number),
            "organisation_id": self.organisation_id,
            "course_id": id_of(number),
            "code": f"course-{number}-1",
            "slug": f"course-{number}",
            "uuid": f"run-{number}",
            "title": f"Course number {number}",
            "starts_at": NOW,
            "ends_at": NOW + timedelta(days=90),
            "step_count": 40,
            "time_zone": "Europe/London",
            "join_url": "",
        }

    def learner(self, number: int) -> dict[str, Any]:
        return {
            "id": id_of(number),
            "organisation_id": self.organisation_id,
            "first_name": "Ada",
            "last_name": f"Example {number}",
            "created_at": NOW,
        }

    def address(self, number: int) -> dict[str, Any]:
        return {
            "id": id_of(number),
            "organisation_id": self.organisation_id,
            "learner_id": id_of(number),
            "address": f"learner{number}@example.org",
            "address_key": f"learner{number}@example.org",
        }

    def enrolment(self, number: int) -> dict[str, Any]:
        return {
            "id": id_of(number),
            "organisation_id": self.organisation_id,
            "learner_id": id_of(number),
            "run_id": id_of(number % self.runs),
            "joined_by": JoinedBy.INVITATION,
            "enrolled_at": NOW,
        }

    def progress(self, number: int) -> dict[str, Any]:
        return {
            "id": id_of(number),
            "organisation_id": self.organisation_id,
            "learner_id": id_of(number),
            "run_id": id_of(number % self.runs),
            "attempt": 1,
            "is_latest": True,
            "active_at": NOW - timedelta(days=number % 30),
            "step_percentage": number * 97 % 10_001,
            "average_test_score": number * 31 % 10_001,
            "comments_posted": number % 9,
            "steps_source": FeedKind.PLATFORM_REPORT,
            "steps_as_of": NOW,
        }


def id_of(number: int) -> int:
    return _FIRST_ID + number
