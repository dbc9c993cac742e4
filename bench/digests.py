"""B8: a thousand digests over 100,000 learners: a worker's tick, from looking for what is due to the last message.

All of one organisation, which is the worst: everybody's figures come from the same 100,000. Its staff look after
different providers, so that hardly two are told the same. A tenth of the learners did something since the last time.
"""

import time
from datetime import timedelta
from threading import Event
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, insert

from bench.progress import FIRST_ID, Rows, fill_all
from bench.report import Goal, Report, Samples, rounded
from bench.report import progress as tell
from bench.world import new_folder
from core.app import App
from core.model import (
    Base,
    Charge,
    DigestSetting,
    ProgressChange,
    Provider,
    ProviderGrant,
    StaffMember,
)
from core.rules.policy import DIGESTS_AT_ONCE
from core.words import DigestRhythm, Role
from tests.factories import NOW, FixedClock, counted_queries, make_app, make_engine, make_school
from worker.digesting import write_what_is_due

_AT_ONCE: Final = 20_000
_PROVIDERS: Final = 20
_STAFF_ID: Final = 1 << 41


class Size(Struct, frozen=True):
    digests: int = 1000
    learners: int = 100_000
    runs: int = 50
    rounds: int = 3


SMALL: Final = Size(digests=5, learners=60, runs=3, rounds=1)


def run(size: Size) -> Report:
    samples, queries = Samples(), dict[str, int]()
    with new_folder() as folder:
        tell(f"B8: making {size.learners:,} learners and {size.digests:,} who are told of them")
        app = make_app(make_engine(f"sqlite:///{folder}/digests.db"), clock=FixedClock())
        _fill(app, size)
        for number in range(size.rounds):
            tell(f"B8: tick {number + 1} of {size.rounds}")
            _tick(app, size, samples, queries)
    sizes = {"digests": size.digests, "learners": size.learners, "runs": size.runs}
    goals = [
        Goal("seconds of a tick", rounded(samples.median("tick_seconds")), "<= 10"),
        Goal("queries of a batch", queries["of_batch"], "<= 20"),
    ]
    return Report("digests", sizes | samples.figures() | queries, goals)


def _tick(app: App, size: Size, samples: Samples, queries: dict[str, int]) -> None:
    """A week later, when all are due again."""
    assert isinstance(app.clock, FixedClock)
    app.clock.advance(days=7)
    with app.engine.begin() as connection:
        change = Base.metadata.tables["progress_change"]
        connection.execute(change.update().values(at=app.clock() - timedelta(days=1)))
    began = time.process_time(), time.perf_counter()
    with counted_queries(app.engine) as statements:
        written = write_what_is_due(app, Event())
    samples.add("tick_cpu_seconds", time.process_time() - began[0])
    samples.add("tick_seconds", time.perf_counter() - began[1])
    if written < size.digests:
        raise RuntimeError(f"{written} digests of {size.digests} were written")
    batches = -(-written // DIGESTS_AT_ONCE)
    queries["of_batch"] = len([each for each in statements if each.startswith("SELECT")]) // batches


def _fill(app: App, size: Size) -> None:
    school = make_school(app)
    organisation_id = school.organisation_id
    rows = Rows(organisation_id, size.runs)
    providers = [_row(organisation_id, n, ukprn=str(20_000_000 + n), name=f"School {n}") for n in range(_PROVIDERS)]
    with app.engine.begin() as connection:
        _insert(connection, Provider, providers)
        fill_all(connection, rows, size.learners)
        learner = Base.metadata.tables["learner"]
        provider_id = _STAFF_ID + (learner.c.id - FIRST_ID) % _PROVIDERS
        connection.execute(learner.update().where(learner.c.id >= FIRST_ID).values(provider_id=provider_id))
        _insert(connection, Charge, [_charge(rows, n) for n in range(size.learners // 10)])
        _insert(connection, ProgressChange, [_change(rows, n) for n in range(size.learners // 10)])
        fill_readers(connection, organisation_id, size.digests)
        _insert(connection, ProviderGrant, [each for n in range(size.digests) for each in _grants(organisation_id, n)])


def fill_readers(connection: Connection, organisation_id: int, count: int) -> None:
    """Staff who are told every week, by e-mail; at first six days and 23 hours from the beginning."""
    _insert(connection, StaffMember, [_member(organisation_id, n) for n in range(count)])
    _insert(connection, DigestSetting, [_setting(organisation_id, n) for n in range(count)])


def _insert(connection: Connection, model: type[Base], made: list[dict[str, Any]]) -> None:
    for start in range(0, len(made), _AT_ONCE):
        connection.execute(insert(model.metadata.tables[model.__tablename__]), made[start : start + _AT_ONCE])


def _row(organisation_id: int, number: int, **values: Any) -> dict[str, Any]:
    return {"id": _STAFF_ID + number, "organisation_id": organisation_id, **values}


def _charge(rows: Rows, number: int) -> dict[str, Any]:
    values = {"enrolment_id": FIRST_ID + number, "run_id": FIRST_ID + number % rows.runs, "agreement_id": None}
    charged = {"price_pence": 2000, "is_prepaid": False, "charged_at": NOW + timedelta(days=1), "waived_reason": ""}
    return _row(rows.organisation_id, number, **values, **charged)


def _change(rows: Rows, number: int) -> dict[str, Any]:
    place = {"learner_id": FIRST_ID + number, "run_id": FIRST_ID + number % rows.runs}
    values = {**place, "attempt": 1, "is_first": False, "at": NOW}
    steps = {"step_percentage": 9_500, "was_step_percentage": 8_000 + number % 2_000}
    seen = {"active_at": NOW, "was_active_at": NOW - timedelta(days=number % 30)}
    return _row(rows.organisation_id, number, **values, **steps, **seen, average_test_score=number % 10_001)


def _member(organisation_id: int, number: int) -> dict[str, Any]:
    email = f"staff{number}@example.org"
    names = {"first_name": "Max", "last_name": f"Example {number}", "username": email, "telephone": ""}
    moments = {"created_at": NOW, "invited_at": NOW, "accepted_at": NOW}
    return _row(
        organisation_id, number, email=email, email_key=email, role=Role.MANAGER, all_providers=number % 5 == 0,
        generation=0, **names, **moments,
    )  # fmt: skip


def _grants(organisation_id: int, number: int) -> list[dict[str, Any]]:
    """One to four providers each, and hardly two alike."""
    chosen = {number % _PROVIDERS, number // 3 % _PROVIDERS, number // 7 % _PROVIDERS, number // 13 % _PROVIDERS}
    return [
        _row(organisation_id, number * 4 + place, staff_id=_STAFF_ID + number, provider_id=_STAFF_ID + provider)
        for place, provider in enumerate(sorted(chosen))
    ]


def _setting(organisation_id: int, number: int) -> dict[str, Any]:
    return _row(
        organisation_id, number, staff_id=_STAFF_ID + number, rhythm=DigestRhythm.WEEKLY, weekday=0, minute=480,
        time_zone="Europe/London", by_mail=True, in_slack=True, only_changes=False,
        next_at=NOW + timedelta(days=6, hours=23), next_period="2026-03-09", since_at=NOW - timedelta(hours=1),
    )  # fmt: skip
