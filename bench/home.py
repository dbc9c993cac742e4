"""HOME: what App Home and ``courses`` cost in a large organisation, beside one with a thousandth of the enrolments.

Both have 1,000 open runs and 1,000 invitations that nobody has answered; besides, one enrolment in five came by an
invitation. The peer is Usher itself with 1,000 enrolments:
what a page costs must follow the page. The two take turns; the first calls of each are not counted.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Engine, event, insert

from bench.report import Goal, Report, Samples, progress, rounded
from bench.world import new_folder
from core.app import App
from core.context import StaffActor
from core.model import Base, Course, CourseRun, Enrolment, Invitation, InvitationBatch, Learner, OutboundMessage
from core.usecases.catalogue.courses import ListCourses, list_courses
from core.usecases.staff.homes import ShowHome, show_home
from core.words import (
    AccessModel,
    Channel,
    CourseKind,
    InvitationState,
    JoinedBy,
    MessageKind,
    MessageState,
)
from tests.factories import NOW, make_app, make_engine, make_school

_ROWS: Final = 20_000
_FIRST_ID: Final = 1 << 40


class Size(Struct, frozen=True):
    runs: int = 1_000
    pending: int = 1_000
    few: int = 1_000
    many: int = 1_000_000
    pairs: int = 5
    calls: int = 40
    warm_up: int = 5


SMALL: Final = Size(runs=20, pending=20, few=20, many=200, pairs=1, calls=2, warm_up=1)


class _House(Struct, frozen=True):
    name: str
    app: App
    owner: StaffActor

    def home(self) -> None:
        self.app.read(show_home, ShowHome(), self.owner)

    def courses(self) -> None:
        self.app.read(list_courses, ListCourses(), self.owner)


def run(size: Size) -> Report:
    with new_folder() as folder:
        few = _house(folder, "few", size, size.few)
        many = _house(folder, "many", size, size.many)
        samples = Samples()
        queries: dict[str, int] = {}
        for page in (_House.home, _House.courses):
            name = page.__name__
            for house in (few, many):
                queries[f"{name}_{house.name}_queries"] = _queries(house, page, size.warm_up)
            for _ in range(size.pairs):
                times = {house.name: _median_ms(house, page, size.calls) for house in (few, many)}
                for house_name, milliseconds in times.items():
                    samples.add(f"{name}_{house_name}_ms", milliseconds)
                samples.add(f"{name}_ratio", times["many"] / times["few"])
        sizes = {"runs": size.runs, "few_enrolments": size.few, "many_enrolments": size.many}
        return Report("home", sizes | samples.figures() | queries, _goals(samples, queries))


def _goals(samples: Samples, queries: dict[str, int]) -> list[Goal]:
    return [
        goal
        for name in ("home", "courses")
        for goal in (
            Goal(f"{name} with many enrolments to few", rounded(samples.median(f"{name}_ratio")), "<= 2"),
            Goal(f"queries of {name} more than with few", _more_queries(queries, name), "== 0"),
        )
    ]


def _more_queries(queries: dict[str, int], name: str) -> int:
    return queries[f"{name}_many_queries"] - queries[f"{name}_few_queries"]


def _median_ms(house: _House, page: Callable[[_House], None], calls: int) -> float:
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        page(house)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def _queries(house: _House, page: Callable[[_House], None], warm_up: int) -> int:
    for _ in range(warm_up):
        page(house)
    with _counted(house.app.engine) as statements:
        page(house)
    return len(statements)


@contextmanager
def _counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


# --- Rows -------------------------------------------------------------------------------------------------


def _house(folder: Path, name: str, size: Size, enrolments: int) -> _House:
    progress(f"HOME: making {enrolments:,} enrolments")
    app = make_app(make_engine(f"sqlite:///{folder}/{name}.db"))
    school = make_school(app)
    rows = _Rows(school.organisation_id, school.owner.staff_id, size.runs, size.pending, enrolments)
    with app.engine.begin() as connection:
        for model, make, count in rows.tables():
            table = model.metadata.tables[model.__tablename__]
            for start in range(0, count, _ROWS):
                connection.execute(insert(table), [make(number) for number in range(start, min(start + _ROWS, count))])
    return _House(name, app, school.owner)


class _Rows(Struct, frozen=True):
    organisation_id: int
    staff_id: int
    runs: int
    pending: int
    enrolments: int

    def tables(self) -> list[tuple[type[Base], Callable[[int], dict[str, Any]], int]]:
        invitations = self.pending + self.enrolments // 5
        return [
            (Course, self._course, self.runs),
            (CourseRun, self._run, self.runs),
            (Learner, self._learner, self.enrolments),
            (Enrolment, self._enrolment, self.enrolments),
            (InvitationBatch, self._batch, self.runs),
            (OutboundMessage, self._message, invitations),
            (Invitation, self._invitation, invitations),
        ]

    def _course(self, number: int) -> dict[str, Any]:
        return {
            "id": _id(number),
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
            "id": _id(number),
            "organisation_id": self.organisation_id,
            "course_id": _id(number),
            "code": f"course-{number}-1",
            "slug": f"course-{number}",
            "uuid": f"run-{number}",
            "title": f"Course number {number}",
            "starts_at": NOW + timedelta(minutes=number),
            "ends_at": NOW + timedelta(days=90),
            "time_zone": "Europe/London",
            "join_url": "",
        }

    def _learner(self, number: int) -> dict[str, Any]:
        return {
            "id": _id(number),
            "organisation_id": self.organisation_id,
            "first_name": "Ada",
            "last_name": f"Example {number}",
            "created_at": NOW,
        }

    def _enrolment(self, number: int) -> dict[str, Any]:
        return {
            "id": _id(number),
            "organisation_id": self.organisation_id,
            "learner_id": _id(number),
            "run_id": _id(number % self.runs),
            "joined_by": JoinedBy.INVITATION,
            "enrolled_at": NOW,
        }

    def _batch(self, number: int) -> dict[str, Any]:
        return {
            "id": _id(number),
            "organisation_id": self.organisation_id,
            "number": number + 1,
            "confirmation_id": _id(number),
            "run_id": _id(number),
            "staff_id": self.staff_id,
            "note": "",
            "size": 1,
            "created_at": NOW,
            "sends_at": NOW,
        }

    def _message(self, number: int) -> dict[str, Any]:
        address = f"learner{number}@example.org"
        return {
            "id": _id(number),
            "organisation_id": self.organisation_id,
            "channel": Channel.EMAIL,
            "kind": MessageKind.INVITATION,
            "recipient": address,
            "recipient_key": address,
            "about_id": _id(number),
            "idempotency_key": f"invitation:{_id(number)}:0",
            "message_ref": f"<{number}@example.org>",
            "not_before": NOW,
            "state": MessageState.SENT,
            "attempts": 1,
            "generation": 0,
            "problem": "",
            "created_at": NOW,
            "sent_at": NOW,
        }

    def _invitation(self, number: int) -> dict[str, Any]:
        address = f"learner{number}@example.org"
        return {
            "id": _id(number),
            "organisation_id": self.organisation_id,
            "batch_id": _id(number % self.runs),
            "run_id": _id(number % self.runs),
            "address": address,
            "address_key": address,
            "name": "",
            "state": InvitationState.PENDING if number < self.pending else InvitationState.ACCEPTED,
            "generation": 0,
            "created_at": NOW,
            "expires_at": NOW + timedelta(days=60),
            "message_id": _id(number),
        }


def _id(number: int) -> int:
    """Far from those of the school; each table counts for itself."""
    return _FIRST_ID + number
