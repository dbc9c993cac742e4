"""What is promised of both databases: moments in UTC, durable commits, honest locks."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from core.database import WAIT_MS, open_engine
from core.model import IdempotencyRecord, Organisation, Provider
from tests.factories import NOW, make_engine

EVERYTHING = {"scope": "every organisation"}


def organisation(**values: object) -> Organisation:
    given = {"id": 1, "slug": "northfield", "name": "Northfield", "time_zone": "UTC", "created_at": NOW, **values}
    return Organisation(**given)


def stored(engine: Engine, moment: datetime) -> datetime:
    with Session(engine, info=EVERYTHING) as session:
        session.add(IdempotencyRecord(key="Ev1", action="x", result="{}", created_at=moment))
        session.commit()
    with Session(engine, info=EVERYTHING) as session:
        return session.scalars(select(IdempotencyRecord.created_at)).one()


# --- Moments ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC),
        datetime(2026, 7, 1, 0, 30, tzinfo=ZoneInfo("Europe/London")),
        datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=ZoneInfo("Europe/London")),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_the_same_and_in_utc(engine: Engine, moment: datetime) -> None:
    found = stored(engine, moment)

    assert found == moment.astimezone(UTC)
    assert found.tzinfo is UTC


def test_moments_are_compared_as_moments_whatever_their_zone(engine: Engine) -> None:
    stored(engine, datetime(2026, 7, 1, 9, 0, tzinfo=UTC))
    paris = datetime(2026, 7, 1, 11, 0, tzinfo=ZoneInfo("Europe/Paris"))

    with Session(engine, info=EVERYTHING) as session:
        assert session.scalar(select(IdempotencyRecord.key).where(IdempotencyRecord.created_at == paris)) == "Ev1"
        assert session.scalar(select(IdempotencyRecord.key).where(IdempotencyRecord.created_at < paris)) is None


def test_a_moment_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError):
        stored(engine, datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001  # The mistake under test.


def test_no_moment_is_none(engine: Engine) -> None:
    with Session(engine, info=EVERYTHING) as session:
        session.add(organisation())
        session.commit()
        session.expire_all()
        assert session.scalars(select(Organisation.terms_accepted_at)).one() is None


# --- Both -------------------------------------------------------------------------------------------------


def test_a_foreign_key_must_exist(engine: Engine) -> None:
    with Session(engine, info=EVERYTHING) as session:
        session.add(Provider(id=1, organisation_id=1, ukprn="10000001", name="Nowhere"))

        with pytest.raises(IntegrityError):
            session.flush()


@pytest.mark.parametrize(("reason", "is_known"), [("asked", True), ("bored", False)])
def test_a_word_outside_a_closed_set_is_refused_by_the_database(engine: Engine, reason: str, is_known: bool) -> None:
    with Session(engine, info=EVERYTHING) as session:
        session.add(organisation())
        session.commit()
        insert = text(
            "INSERT INTO suppression (id, organisation_id, address_key, reason, suppressed_at)"
            " VALUES (1, 1, 'bo@example.org', :reason, '2026-03-02 09:00:00')"
        )

        if is_known:
            session.execute(insert, {"reason": reason})
        else:
            with pytest.raises(IntegrityError):
                session.execute(insert, {"reason": reason})


def test_every_id_of_63_bits_is_stored(engine: Engine) -> None:
    with Session(engine, info=EVERYTHING) as session:
        session.add(organisation(id=2**63 - 1))
        session.commit()
        session.expire_all()
        assert session.scalars(select(Organisation.id)).one() == 2**63 - 1


# --- SQLite -----------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    return make_engine(f"sqlite:///{tmp_path}/usher.db")


def test_every_connection_is_durable_and_checks_keys(sqlite: Engine) -> None:
    connections = [sqlite.connect() for _ in range(10)]

    for connection in connections:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert pragmas == ["wal", 2, 1]
        connection.rollback()
        connection.close()
    sqlite.dispose()


def test_a_write_begins_immediate_and_waits_as_long_as_it_is_told(sqlite: Engine) -> None:
    patient = sqlite.execution_options(usher_wait_ms=50)

    with sqlite.connect() as first, first.begin():
        with pytest.raises(OperationalError), patient.connect() as second:
            second.begin()
        # A reader waits for nobody.
        with sqlite.execution_options(usher_read=True).connect() as reader:
            assert reader.execute(select(Organisation.id)).all() == []
    with sqlite.connect() as connection:
        connection.begin()
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == WAIT_MS
    sqlite.dispose()


def test_a_reader_does_not_inherit_a_writers_short_patience(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/usher.db", pool_size=1)

    with engine.execution_options(usher_wait_ms=1).connect() as writer:
        writer.begin()
    with engine.execution_options(usher_read=True).connect() as reader:
        reader.begin()
        assert reader.exec_driver_sql("PRAGMA busy_timeout").scalar() == WAIT_MS
    engine.dispose()


def test_two_that_read_and_then_write_take_turns(sqlite: Engine) -> None:
    """With a deferred begin the second one fails at once, or loses the first one's update."""
    with Session(sqlite, info=EVERYTHING) as session:
        session.add(organisation(batch_count=0))
        session.commit()
    for _ in range(2):
        with sqlite.begin() as connection:
            count = connection.execute(select(Organisation.batch_count)).scalar_one()
            connection.execute(update(Organisation).values(batch_count=count + 1))

    with sqlite.connect() as connection:
        assert connection.execute(select(Organisation.batch_count)).scalar_one() == 2
    sqlite.dispose()
