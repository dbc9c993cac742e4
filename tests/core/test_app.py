"""The promises of ``core.app``, each on both databases, with real locks, races and lost connections."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import Struct
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.app import RERUNS, App
from core.context import Context, LinkHolder, SlackVisitor
from core.database import open_engine
from core.errors import Busy, RunNotFound, UsherError
from core.model import Base, IdempotencyRecord, Organisation
from core.rules.policy import DIGEST_MARGIN, LONGEST_STILLNESS, LONGEST_WRITE
from core.usecases.invitations.answers import AcceptInvitation, DeclineInvitation, accept_invitation, decline_invitation
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.single import ResendInvitation, resend_invitation
from tests.core.counting import (
    Raise,
    Raised,
    another,
    audit_of,
    outcomes,
    plant_organisation,
    raise_count,
    read_count,
)
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM, FixedClock, School, make_app

SHORT = timedelta(seconds=0.3)


class Untouched(Struct, frozen=True):
    reason: str


def raise_small_count(ctx: Context, command: Raise) -> Raised | Untouched:
    done = raise_count(ctx, command)
    return done if done.count < 2 else Untouched("big enough")


@pytest.fixture
def small(app: App) -> App:
    """An app with one organisation, whose count is 0."""
    app.run(plant_organisation, None, OPERATOR)
    return app


# --- 1. All of it or nothing ------------------------------------------------------------------------------


def test_what_a_use_case_wrote_is_stored_when_it_returns(small: App) -> None:
    assert small.run(raise_count, Raise(), OPERATOR) == Raised(1)

    assert make_app(small.engine).read(read_count, None, SYSTEM) == 1


@pytest.mark.parametrize("mistake", [ValueError("oh"), KeyboardInterrupt()])
def test_an_unexpected_error_changes_nothing(small: App, mistake: BaseException) -> None:
    def fail(ctx: Context, command: Raise) -> None:
        raise_count(ctx, command)
        raise mistake

    with pytest.raises(type(mistake)):
        small.run(fail, Raise(), OPERATOR)

    assert small.read(read_count, None, SYSTEM) == 0
    assert small.run(raise_count, Raise(), OPERATOR) == Raised(1)


def test_a_refusal_changes_nothing_but_leaves_one_audit_entry_with_its_code(small: App) -> None:
    def refuse(ctx: Context, command: Raise) -> None:
        raise_count(ctx, command)
        raise RunNotFound(run="bo@example.org")

    with pytest.raises(RunNotFound):
        small.run(refuse, Raise(), OPERATOR, key="once")

    assert small.read(read_count, None, SYSTEM) == 0
    assert outcomes(small, "refuse") == ["run_not_found"]
    assert small.read(lambda ctx, _: ctx.session.scalar(select(func.count(IdempotencyRecord.key))), None, SYSTEM) == 0


def test_a_read_stores_nothing(small: App) -> None:
    # PostgreSQL refuses the statement, SQLite forgets it.
    with contextlib.suppress(DBAPIError):
        small.read(raise_count, Raise(), SYSTEM)

    assert small.read(read_count, None, SYSTEM) == 0


def test_a_read_tells_one_moment_even_if_a_write_comes_between(small: App) -> None:
    def look_twice(ctx: Context, command: None) -> tuple[int, int]:
        before = read_count(ctx, None)
        small.run(raise_count, Raise(), OPERATOR)
        return before, read_count(ctx, None)

    assert small.read(look_twice, None, SYSTEM) == (0, 0)
    assert small.read(read_count, None, SYSTEM) == 1


# --- 2. Conflicts -----------------------------------------------------------------------------------------


def read_modify_write(ctx: Context, command: Raise) -> int:
    """The lock is for PostgreSQL; on SQLite there is one writer at a time anyway."""
    organisation = ctx.session.get_one(Organisation, command.organisation_id, with_for_update=True)
    organisation.batch_count += 1
    return organisation.batch_count


@pytest.mark.parametrize("usecase", [raise_count, read_modify_write])
def test_concurrent_writes_lose_nothing(small: App, usecase: Callable[[Context, Raise], object]) -> None:
    other = another(small)

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(app.run, usecase, Raise(), OPERATOR) for app in (small, other) * 15]:
            done.result()

    assert small.read(read_count, None, SYSTEM) == 30


def test_a_constraint_that_no_rerun_mends_is_our_mistake(small: App) -> None:
    attempts = []

    def stumble(ctx: Context, command: Raise) -> None:
        attempts.append(ctx)
        raise_count(ctx, command)
        plant_organisation(ctx, None)

    with pytest.raises(IntegrityError):
        small.run(stumble, Raise(), OPERATOR)

    assert len(attempts) == 1 + RERUNS
    assert len({id(ctx.session) for ctx in attempts}) == 1 + RERUNS
    assert small.read(read_count, None, SYSTEM) == 0


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Somebody else's transaction holds the row (PostgreSQL) or the whole file (SQLite)."""
    if engine.dialect.name == "sqlite":
        rival = sqlite3.connect(str(engine.url.database), isolation_level=None)
        rival.execute("BEGIN IMMEDIATE")
        yield
        rival.close()
        return
    rival_engine = create_engine(engine.url)
    with rival_engine.connect() as rival_connection:
        rival_connection.exec_driver_sql("SET usher.scope = '*'")
        rival_connection.execute(select(Organisation.id).with_for_update())
        yield
    rival_engine.dispose()


def test_a_lock_that_stays_is_answered_with_busy_within_the_deadline(small: App) -> None:
    with locked(small.engine):
        # The quickest of a few, for the machine may be busy with other things.
        waited = min(_waited_for_a_lock(small) for _ in range(3))
        seen_meanwhile = small.read(read_count, None, SYSTEM)

    assert 0.25 < waited < 2.5
    assert seen_meanwhile == 0
    assert small.run(raise_count, Raise(), OPERATOR, key="locked") == Raised(1)


def _waited_for_a_lock(app: App) -> float:
    """In seconds."""
    started = time.monotonic()
    with pytest.raises(Busy):
        app.run(raise_count, Raise(), OPERATOR, key="locked", deadline=SHORT)
    return time.monotonic() - started


def test_a_lock_that_goes_is_waited_for(small: App) -> None:
    with ThreadPoolExecutor(1) as threads:
        with locked(small.engine):
            waiting = threads.submit(small.run, raise_count, Raise(), OPERATOR)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)

        assert waiting.result() == Raised(1)


def test_an_app_whose_connections_are_all_taken_is_busy(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/usher.db", pool_size=1, max_overflow=0, pool_timeout=0.05)
    Base.metadata.create_all(engine)
    app = make_app(engine)

    with engine.connect():
        with pytest.raises(Busy):
            app.run(plant_organisation, None, OPERATOR)
        with pytest.raises(Busy):
            app.read(read_count, None, OPERATOR)

    app.run(plant_organisation, None, OPERATOR)
    engine.dispose()


# --- 4. Keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("usecase", [raise_count, raise_small_count])
def test_the_same_key_gives_the_same_answer_and_no_second_effect(
    small: App, usecase: Callable[[Context, Raise], Raised | Untouched]
) -> None:
    elsewhere = open_engine(small.engine.url.render_as_string(hide_password=False))

    answers = [app.run(usecase, Raise(), OPERATOR, key="once") for app in (small, small, make_app(elsewhere))]

    assert answers == [Raised(1)] * 3
    assert small.read(read_count, None, SYSTEM) == 1
    assert outcomes(small, usecase.__name__) == ["done"]
    elsewhere.dispose()


def test_the_other_shape_of_an_answer_comes_back_too(small: App) -> None:
    first = [small.run(raise_small_count, Raise(), OPERATOR, key=key) for key in ("a", "b")]

    again = [small.run(raise_small_count, Raise(), OPERATOR, key=key) for key in ("a", "b")]

    assert first == again == [Raised(1), Untouched("big enough")]
    assert small.read(read_count, None, SYSTEM) == 2


def test_many_with_one_key_at_once_take_effect_once(small: App) -> None:
    other = another(small)

    with ThreadPoolExecutor(6) as threads:
        answers = [threads.submit(app.run, raise_count, Raise(), OPERATOR, key="once") for app in (small, other) * 3]

    assert {answer.result() for answer in answers} == {Raised(1)}
    assert small.read(read_count, None, SYSTEM) == 1


def test_an_answer_of_a_real_use_case_comes_back_whole(school: School) -> None:
    draft = school.app.run(prepare_invitation, PrepareInvitation("maths-2026-03", "bo@example.org"), school.owner)
    command = InviteLearners(draft.draft_id)

    first = school.app.run(invite_learners, command, school.owner, key="confirm")

    assert school.app.run(invite_learners, command, school.owner, key="confirm") == first
    assert first.sends_at.tzinfo is not None


# --- 5. Audit ---------------------------------------------------------------------------------------------


def test_each_command_leaves_one_entry_of_who_where_what_and_when(small: App) -> None:
    assert isinstance(small.clock, FixedClock)
    small.clock.advance(hours=1)

    small.run(raise_count, Raise(), SlackVisitor("E1", "T1", "U1", "bo@example.org"))

    (entry,) = [entry for entry in audit_of(small) if entry.action == "raise_count"]
    assert (entry.actor, entry.door, entry.subject) == ("slack:T1:U1", "slack", "organisation_id=1")
    assert (entry.outcome, entry.at, entry.organisation_id) == ("done", NOW + timedelta(hours=1), None)


def test_the_workers_routine_leaves_no_entry(small: App) -> None:
    class Routine(Struct, frozen=True):
        is_routine: ClassVar[bool] = True

    def tick(ctx: Context, command: Routine) -> None:
        raise_count(ctx, Raise())

    small.run(tick, Routine(), SYSTEM)

    assert small.read(read_count, None, SYSTEM) == 1
    assert outcomes(small, "tick") == []


def test_the_audit_holds_no_address_no_name_and_no_token(school: School) -> None:
    app = school.app
    draft = app.run(
        prepare_invitation, PrepareInvitation("maths-2026-03", "Bo Young <bo@example.org>", "Welcome, Bo"), school.owner
    )
    app.run(invite_learners, InviteLearners(draft.draft_id), school.owner)
    refused: list[tuple[Callable[..., Any], Any, Any]] = [
        (prepare_invitation, PrepareInvitation("bo-young", "bo@example.org"), school.owner),
        (prepare_invitation, PrepareInvitation("maths-2026-03", "bo@example.org"), school.viewer),
        (resend_invitation, ResendInvitation(run="maths-2026-03", address="al@example.org"), school.owner),
        (accept_invitation, AcceptInvitation("x" * 36, "Bo", "Young"), LEARNER),
        (decline_invitation, DeclineInvitation("bo@example.org"), LinkHolder()),
    ]
    for usecase, command, actor in refused:
        with pytest.raises(UsherError):
            app.run(usecase, command, actor)

    entries = audit_of(app)
    words = " ".join(
        str(getattr(entry, name)) for entry in entries for name in ("actor", "door", "action", "subject", "outcome")
    )
    assert sorted(entry.outcome for entry in entries if entry.outcome != "done") == [
        *("invitation_not_found", "link_not_found", "link_not_found", "role_missing", "run_not_found")
    ]
    assert not [private for private in ("@", "young", "welcome", "x" * 36) if private in words.lower()]
    assert f"draft_id={draft.draft_id}" in words
    assert {entry.organisation_id for entry in entries if entry.outcome == "role_missing"} == {school.organisation_id}


# --- 7. Not too long --------------------------------------------------------------------------------------


def test_a_write_that_took_so_long_that_a_digest_could_miss_it_is_not_stored(small: App) -> None:
    took = [LONGEST_WRITE, LONGEST_WRITE + timedelta(seconds=1)]

    def raise_slowly(ctx: Context, command: Raise) -> Raised:
        assert isinstance(small.clock, FixedClock)
        small.clock.advance(seconds=took.pop(0).total_seconds())
        return raise_count(ctx, command)

    assert small.run(raise_slowly, Raise(), SYSTEM) == Raised(1)
    with pytest.raises(Busy):
        small.run(raise_slowly, Raise(), SYSTEM)

    assert small.read(read_count, None, SYSTEM) == 1
    assert took == [], "It is not tried again at once."
    assert LONGEST_WRITE + LONGEST_STILLNESS <= DIGEST_MARGIN
