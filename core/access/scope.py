"""The scope of a transaction: one organisation, and the few ways to write many rows within it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Insert, Select, Update, event, insert
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from core.access.many import insert_rows, owned_tables
from core.context import Actor, Context, Operator, StaffActor, System
from core.database import EVERY_ROW, reach_only
from core.model import Base, Course, CourseRun, OrganisationOwned
from core.queries import EVERY_ORGANISATION

Owning = TypeVar("Owning", bound=Base)

NO_ORGANISATION: Final = 0
"""No row has this id: a link holder sees nothing until the link has named an organisation."""


def open_session(bind: Any, actor: Actor) -> Session:
    return Session(bind=bind, info={"scope": _scope_of(actor)}, autoflush=False, expire_on_commit=False)


def row_scope(actor: Actor) -> int | str:
    """What the database itself lets the transaction reach. A link holder's: all, until the organisation is entered."""
    return actor.organisation_id if isinstance(actor, StaffActor) else EVERY_ROW


def _scope_of(actor: Actor) -> int | str:
    if isinstance(actor, StaffActor):
        return actor.organisation_id
    return EVERY_ORGANISATION if isinstance(actor, Operator | System) else NO_ORGANISATION


@event.listens_for(Session, "do_orm_execute")
def _scope_statement(state: ORMExecuteState) -> None:
    if state.is_update or state.is_delete:
        # Rows already loaded stay as they were read: to look through them all would cost more than the statement.
        state.update_execution_options(synchronize_session=False)
    options = state.execution_options
    if state.is_column_load or options.get("is_scoped") or options.get("all_organisations"):
        return
    scope = state.session.info.get("scope")
    if scope is None:
        raise RuntimeError("This session has no organisation: open it with core.access.open_session.")
    if scope != EVERY_ORGANISATION:
        _refuse_plain(state)
        state.statement = state.statement.options(
            with_loader_criteria(OrganisationOwned, lambda owned: owned.organisation_id == scope, include_aliases=True)
        )


def _refuse_plain(state: ORMExecuteState) -> None:
    """``select(func.count()).where(or_(...))`` is no statement about a mapped class to SQLAlchemy: the scope would be
    passed over in silence. ``select_from`` makes it one. What is nested is watched by a test of all use cases.
    """
    if state.is_orm_statement or not isinstance(state.statement, Select):
        return
    if any(table in owned_tables() for table in state.statement.get_final_froms()):
        raise RuntimeError("This statement names no mapped class, so it has no scope: say select_from(the class).")


@event.listens_for(Session, "before_flush")
def _refuse_foreign_rows(session: Session, _flush: object, _instances: object) -> None:
    scope = session.info.get("scope")
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, OrganisationOwned) and scope not in (EVERY_ORGANISATION, row.organisation_id):
            raise RuntimeError("A row of another organisation cannot be written here.")


def enter_organisation(ctx: Context, organisation_id: int) -> None:
    """From here on the transaction sees this organisation only. For link holders and Slack visitors."""
    scope = ctx.session.info["scope"]
    if scope not in (NO_ORGANISATION, organisation_id):
        raise RuntimeError("A transaction stays in one organisation.")
    if scope == NO_ORGANISATION:
        ctx.session.info["scope"] = organisation_id
        reach_only(ctx.session.connection(), organisation_id)


@contextmanager
def reaching_every_row(ctx: Context) -> Iterator[Connection]:
    """For ``core.access`` alone: what must be known of everybody's rows. PostgreSQL's walls stand again afterwards."""
    connection, scope = ctx.session.connection(), ctx.session.info["scope"]
    reach_only(connection, EVERY_ROW)
    yield connection
    # Not after an error: then the transaction is rolled back, and with it what was set.
    reach_only(connection, EVERY_ROW if scope == EVERY_ORGANISATION else scope)


def insert_all(ctx: Context, model: type[Owning], rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement for all rows. Each row is stamped with the transaction's organisation."""
    if not rows:
        return
    scope = ctx.session.info["scope"]
    if scope == EVERY_ORGANISATION:
        if any("organisation_id" not in row for row in rows):
            raise RuntimeError("Say which organisation these rows belong to.")
        stamped: Sequence[Mapping[str, Any]] = rows
    else:
        stamped = [{**row, "organisation_id": scope} for row in rows]
    insert_rows(ctx.session.connection(), model, stamped)


def update_each(ctx: Context, statement: Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """One statement, prepared once and run for each row of values. It bypasses the session: the scope is added."""
    if not rows:
        return
    scope = ctx.session.info["scope"]
    if scope != EVERY_ORGANISATION:
        statement = statement.where(statement.table.c.organisation_id == scope)
    ctx.session.connection().execute(statement, rows)


def insert_shared(model: type[Course] | type[CourseRun]) -> Insert:
    """Catalogue rows name their organisation themselves; the caller is an operator."""
    return insert(model)
