"""Imports between two transactions at the same moment. On PostgreSQL: SQLite has one writer at a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from core.context import Context, Door
from core.model import Import, ImportOrder
from core.usecases.imports.checking import BeginImport, begin_import
from core.usecases.imports.jobs import GiveUpImport, give_up_import
from core.usecases.imports.orders import (
    FulfilOrder,
    OrderWork,
    RefuseOrder,
    fulfil_order,
    order_work,
    refuse_order,
)
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.one_at_a_time import lock_organisation
from core.words import ImportWork
from tests.copies import PostgresqlCopies
from tests.core.usecases.acting import only
from tests.core.usecases.importing import checked, imported_at_once, line, sheet
from tests.factories import SYSTEM, School

T = TypeVar("T")


@pytest.fixture
def school(postgresql_school: PostgresqlCopies[School]) -> School:
    postgresql_school.renew()
    return replace(postgresql_school.filling, app=postgresql_school.app())


@pytest.fixture
def received(school: School) -> int:
    command = ReceiveImport("learners.csv", sheet(line("Ada"), line("Bo")), runs_later=True)
    return school.app.run(receive_import, command, replace(school.owner, door=Door.MAIL)).import_id


def meanwhile(school: School, holding: Callable[[Context], object], other: Callable[[], T]) -> Future[T]:
    """``other`` is begun while a transaction has done ``holding``, and the transaction ends when ``other`` waits."""
    with ThreadPoolExecutor(1) as thread:

        def work(ctx: Context) -> Future[T]:
            holding(ctx)
            future = thread.submit(other)
            while not future.done() and not _is_somebody_waiting(school):
                pass
            return future

        return school.app.run(lambda ctx, _: work(ctx), None, replace(school.owner, door=Door.MAIL))


def _is_somebody_waiting(school: School) -> bool:
    with school.app.engine.connect() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar())


def test_two_workers_who_begin_at_the_same_moment_count_two_attempts(school: School, received: int) -> None:
    staff = replace(school.owner, door=Door.MAIL)
    begin = BeginImport(received)

    second = meanwhile(school, lambda ctx: begin_import(ctx, begin), lambda: school.app.run(begin_import, begin, staff))

    assert second.result().attempt == 2


def test_what_is_being_written_is_not_given_up(school: School, received: int) -> None:
    def settle(ctx: Context) -> None:
        lock_organisation(ctx, school.organisation_id)
        ctx.session.get_one(Import, received).settled_at = ctx.now

    given_up = meanwhile(school, settle, lambda: school.app.run(give_up_import, GiveUpImport(received), SYSTEM))

    assert not given_up.result().was_open


def test_what_is_being_undone_is_not_refused(school: School) -> None:
    app, owner = school.app, school.owner
    imported_at_once(school, checked(2, "Ada"))
    app.run(order_work, OrderWork(1, ImportWork.UNDO), owner)
    order_id = only(app, ImportOrder).id
    fulfil, refuse = FulfilOrder(order_id), RefuseOrder(order_id)

    refused = meanwhile(school, lambda ctx: fulfil_order(ctx, fulfil), lambda: app.run(refuse_order, refuse, SYSTEM))

    order = only(app, ImportOrder)
    assert not refused.result().was_open
    assert (bool(order.outcome), order.refusal) == (True, "")


def test_while_an_import_is_written_others_of_the_organisation_go_on(school: School) -> None:
    app, owner = school.app, school.owner

    def write(ctx: Context, _command: None) -> int:
        lock_organisation(ctx, owner.organisation_id)
        return save_quickly()

    def save_quickly() -> int:
        return app.run(receive_nothing, None, owner, deadline=timedelta(seconds=1))

    def receive_nothing(_ctx: Context, _command: None) -> int:
        """It leaves an entry of the organisation's audit."""
        return 1

    assert app.run(write, None, owner) == 1
