"""``App.run`` (a write) and ``App.read`` (a query): the only begin, commit and rollback of the house.

1. A use case runs in one transaction: all of it is stored, or nothing is.
2. A conflict re-runs it, at most three times and not beyond the door's deadline; then the answer is Busy.
3. A connection that is lost at COMMIT is no conflict: it may have been stored. With an idempotency key the next
   attempt looks first; without one, or when no attempt gets through any more, the answer is OutcomeUnknown.
4. Under one key a use case takes effect once; the same answer is given again.
5. Every command leaves one audit entry, refusals too: ids and names, no values. The worker's own routine (claims,
   beats, sweeps: commands with ``is_routine``) leaves none; its rows carry the moments themselves.
6. What a use case says it is about (``ctx.about``, ``ctx.within``) stands beside its entry, for histories.
7. A write that took too long is not stored: a row's moment is when its transaction began, and digests rely on its being
   there soon after.
"""

import logging
import time
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from core.access import insert_into, insert_rows, open_session, row_scope
from core.context import Actor, Clock, Context, SlackVisitor, StaffActor, SystemTokens, Tokens, system_clock
from core.errors import Busy, OutcomeUnknown, UsherError
from core.jobs import Jobs
from core.model import AuditEntry, AuditSubject, IdempotencyRecord
from core.rules.links import LinkSigner
from core.rules.policy import LONGEST_WRITE
from core.settings import Settings
from core.turns import Line, WriteTurn
from core.words import Subject

Command = TypeVar("Command")
Result = TypeVar("Result")
UseCase = Callable[[Context, Command], Result]

RERUNS = 3
AT_ONCE = {"sqlite": 2, "postgresql": 4}
"""Use cases of one process that run: one computes, the others wait for the disk or for the server."""
LONG_SECONDS = 0.05
"""A use case that takes longer holds nobody up."""
DONE = "done"
"""The outcome of what was not refused, in the audit."""
WORK_DEADLINE = timedelta(seconds=30)
_CONFLICT_STATES = frozenset({"40001", "40P01", "55P03"})
_log = logging.getLogger("usher.app")


class _CommitLost(Exception):
    """The connection broke while COMMIT was under way: nobody knows whether it was stored."""


class App:
    """Thread-safe. One per process."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        jobs: Jobs,
        clock: Clock = system_clock,
        tokens: Tokens | None = None,
    ) -> None:
        self.engine = engine
        self.settings = settings
        self.clock = clock
        self.tokens: Tokens = tokens or SystemTokens()
        self.links = LinkSigner(settings.link_keys)
        self.jobs = jobs
        self._line = Line(AT_ONCE[engine.dialect.name], patience=LONG_SECONDS)
        # SQLite's writers poll for their turn, unfairly; ours queue here instead.
        self._turn = WriteTurn(engine.url.database or "") if engine.dialect.name == "sqlite" else None

    def read(self, usecase: UseCase[Command, Result], command: Command, actor: Actor) -> Result:
        """Runs a query on a snapshot. It sees no half-done work and waits for no writer. Raises Busy."""
        try:
            return self._look(usecase, command, actor)
        except (OperationalError, NoConnectionFree) as error:
            # One that died in the pool says nothing about the database, and looking twice does no harm.
            if isinstance(error, NoConnectionFree) or not error.connection_invalidated:
                raise Busy from error
        try:
            return self._look(usecase, command, actor)
        except (OperationalError, NoConnectionFree) as error:
            raise Busy from error

    def _look(self, usecase: UseCase[Command, Result], command: Command, actor: Actor) -> Result:
        with (
            self._line.turn(),
            self.engine.connect() as connection,
            open_session(connection, actor) as session,
        ):
            connection.execution_options(usher_read=True, usher_scope=row_scope(actor))
            return usecase(self._context(session, actor), command)

    def run(
        self,
        usecase: UseCase[Command, Result],
        command: Command,
        actor: Actor,
        *,
        key: str | None = None,
        deadline: timedelta = WORK_DEADLINE,
    ) -> Result:
        """Raises UsherError (nothing was changed), Busy or OutcomeUnknown; anything else is our mistake."""
        ends = time.monotonic() + deadline.total_seconds()
        lost: _CommitLost | None = None
        for attempt in range(RERUNS + 1):
            try:
                return self._attempt(usecase, command, actor, key, ends)
            except (Busy, NoConnectionFree):
                break
            except UsherError as refusal:
                self._record_refusal(usecase, command, actor, refusal, ends)
                raise
            except _CommitLost as error:
                lost = error
                if key is None:
                    break
            except DBAPIError as error:
                if not _is_worth_rerunning(error):
                    raise
                if attempt == RERUNS and isinstance(error, IntegrityError):
                    raise
            if time.monotonic() >= ends:
                break
        _log.warning("gave up", extra={"action": _name_of(usecase), "attempts": attempt + 1})
        if lost is not None:
            raise OutcomeUnknown from lost
        raise Busy

    def _attempt(
        self, usecase: UseCase[Command, Result], command: Command, actor: Actor, key: str | None, ends: float
    ) -> Result:
        with self._writing(actor, ends) as session:
            ctx = self._context(session, actor)
            known = session.get(IdempotencyRecord, key) if key is not None else None
            if known is not None:
                return typing.cast(Result, _decoded(usecase, known))
            result = usecase(ctx, command)
            session.flush()
            if not getattr(command, "is_routine", False):
                self._audit(ctx, usecase, command, DONE)
            if key is not None:
                session.add(_record(key, usecase, result, ctx))
                session.flush()
            if self.clock() - ctx.now > LONGEST_WRITE:
                raise Busy
            return result

    @contextmanager
    def _writing(self, actor: Actor, ends: float) -> Iterator[Session]:
        """Begins, commits when the block ends well, rolls back else."""
        with self._my_turn(ends):
            wait_ms = max(1, int((ends - time.monotonic()) * 1000))
            with (
                self._line.turn(),
                self.engine.connect() as connection,
                open_session(connection, actor) as session,
            ):
                connection.execution_options(usher_wait_ms=wait_ms, usher_scope=row_scope(actor))
                transaction = connection.begin()
                try:
                    yield session
                except BaseException:
                    # A flush that failed has rolled back already.
                    if transaction.is_active:
                        transaction.rollback()
                    raise
                try:
                    transaction.commit()
                except DBAPIError as error:
                    if error.connection_invalidated:
                        raise _CommitLost from error
                    raise

    @contextmanager
    def _my_turn(self, ends: float) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=max(0.0, ends - time.monotonic())):
            raise Busy
        try:
            yield
        finally:
            self._turn.release()

    def _context(self, session: Session, actor: Actor) -> Context:
        return Context(session, actor, self.clock(), self.tokens, self.links, self.jobs, self.settings)

    def _audit(self, ctx: Context, usecase: Callable[..., object], command: object, outcome: str) -> None:
        scope = ctx.session.info["scope"]
        own = scope if isinstance(scope, int) and scope else None
        named = {concern.organisation_id for concern in ctx.concerns if concern.organisation_id is not None}
        entry = {
            "id": ctx.tokens.new_id(),
            # What an operator or the worker does to one organisation stands in its histories.
            "organisation_id": own or (named.pop() if len(named) == 1 else None),
            "actor": _actor_name(ctx.actor),
            "door": ctx.actor.door.value,
            "action": _name_of(usecase),
            "subject": _subject(command),
            "outcome": outcome,
            "amount": ctx.amount,
            "at": ctx.now,
        }
        ctx.session.connection().execute(insert_into(AuditEntry), entry)
        if outcome == DONE and entry["organisation_id"] is not None:
            self._note_subjects(ctx, entry)

    def _note_subjects(self, ctx: Context, entry: Mapping[str, Any]) -> None:
        is_part = {(each.kind, each.subject_id): each.is_part for each in reversed(ctx.concerns)}
        if isinstance(ctx.actor, StaffActor):
            is_part.setdefault((Subject.STAFF, ctx.actor.staff_id), True)
        common = {"entry_id": entry["id"], "organisation_id": entry["organisation_id"], "at": entry["at"]}
        rows = [
            {**common, "kind": kind, "subject_id": subject_id, "is_part": part}
            for (kind, subject_id), part in is_part.items()
        ]
        if rows:
            insert_rows(ctx.session.connection(), AuditSubject, rows)

    def _record_refusal(
        self, usecase: Callable[..., object], command: object, actor: Actor, refusal: UsherError, ends: float
    ) -> None:
        """In a transaction of its own. A refusal that cannot be recorded is still a refusal: it is logged."""
        try:
            with self._writing(actor, ends) as session:
                self._audit(self._context(session, actor), usecase, command, refusal.code)
        except (DBAPIError, NoConnectionFree, Busy, _CommitLost):
            _log.warning("refusal not recorded", extra={"action": _name_of(usecase), "code": refusal.code})


def _is_worth_rerunning(error: DBAPIError) -> bool:
    """A rival's row (the re-run will see it), a lock, a serialisation failure, or a connection lost before COMMIT."""
    if isinstance(error, IntegrityError) or error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    return state in _CONFLICT_STATES or (isinstance(error, OperationalError) and state is None)


def _record(key: str, usecase: Callable[..., object], result: object, ctx: Context) -> IdempotencyRecord:
    stored = msgspec.json.encode({"type": type(result).__name__, "value": result}).decode()
    return IdempotencyRecord(key=key, action=_name_of(usecase), result=stored, created_at=ctx.now)


def _decoded(usecase: Callable[..., object], known: IdempotencyRecord) -> object:
    annotation = typing.get_type_hints(usecase)["return"]
    kinds = {kind.__name__: kind for kind in (typing.get_args(annotation) or (annotation,))}
    stored = msgspec.json.decode(known.result)
    return msgspec.convert(stored["value"], kinds[stored["type"]])


def _name_of(usecase: Callable[..., object]) -> str:
    return getattr(usecase, "__name__", type(usecase).__name__)


def _actor_name(actor: Actor) -> str:
    if isinstance(actor, StaffActor):
        return f"staff:{actor.staff_id}"
    if isinstance(actor, SlackVisitor):
        return f"slack:{actor.team_id or actor.enterprise_id}:{actor.user_id}"
    return {"LinkHolder": "link holder", "Operator": "operator"}.get(type(actor).__name__, "system")


def _subject(command: object) -> str:
    """``draft_id=5``: the ids that a command names, and nothing that a person typed."""
    named = [(name, getattr(command, name)) for name in getattr(command, "__struct_fields__", ())]
    return " ".join(f"{name}={value}" for name, value in named if name.endswith("_id") and isinstance(value, int))[:120]
