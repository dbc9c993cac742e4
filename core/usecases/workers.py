"""Workers' heartbeats, and the reaping of dead ones: once, by whoever wins the UPDATE. And what is old is forgotten."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import case, delete, select, update

from core import access
from core.context import Context
from core.model import (
    Digest,
    Draft,
    Export,
    IdempotencyRecord,
    InboundMessage,
    JoinRequest,
    MailAnswer,
    SignIn,
    SlackInstallState,
    StaffSession,
    WorkerBeat,
)
from core.rules.policy import (
    DIGEST_LIFE,
    DRAFT_LIFE,
    HEARTBEAT_SILENCE,
    IDEMPOTENCY_LIFE,
    JOIN_REQUEST_LIFE,
    MAIL_LIFE,
    MAIL_QUESTION_LIFE,
    USED_UP_LIFE,
)
from core.usecases.invitations.batches import prepare_invitation
from core.usecases.mailbox.raw_mail import drop_pieces
from core.words import MailState

_QUIET = {"synchronize_session": False}
_IS_UNCONFIRMED = Draft.confirmed_at.is_(None)
# Slack repeats an event for some six minutes.
_IS_PREVIEW = IdempotencyRecord.action == prepare_invitation.__name__


@dataclass(frozen=True, slots=True)
class Beat:
    is_routine: ClassVar = True
    executor: str
    is_start: bool = False


@dataclass(frozen=True, slots=True)
class Beaten:
    is_reaped: bool
    """True: another worker took this one for dead. It must stop: its work is being done elsewhere."""


@dataclass(frozen=True, slots=True)
class FindDead:
    is_routine: ClassVar = True
    executor: str


@dataclass(frozen=True, slots=True)
class DeadFound:
    executors: tuple[str, ...]
    """Reaped by this call; nobody else will be told."""


@dataclass(frozen=True, slots=True)
class ListWorkers:
    pass


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    executor: str
    beat_at: datetime
    is_silent: bool
    is_reaped: bool


@dataclass(frozen=True, slots=True)
class WorkersListed:
    workers: tuple[WorkerSeen, ...]


@dataclass(frozen=True, slots=True)
class ForgetOld:
    pass


@dataclass(frozen=True, slots=True)
class OldForgotten:
    drafts: int
    join_requests: int
    answers: int
    previews: int
    """Answers, too: those that show addresses which nobody has confirmed."""
    install_states: int
    sign_ins: int
    sessions: int
    mail_drafts: int
    """Previews that were to be confirmed by e-mail."""
    mail_answers: int
    digests: int
    exports: int
    """What was asked for; the files were never kept."""
    mails: int
    """Their words: that they came, and what became of them, stays."""


def beat(ctx: Context, command: Beat) -> Beaten:
    access.require_system(ctx)
    known = ctx.session.get(WorkerBeat, command.executor)
    if known is None:
        ctx.session.add(WorkerBeat(executor_id=command.executor, started_at=ctx.now, beat_at=ctx.now))
        return Beaten(is_reaped=False)
    if command.is_start:
        known.started_at, known.reaped_at = ctx.now, None
    known.beat_at = ctx.now
    return Beaten(is_reaped=known.reaped_at is not None)


def find_dead(ctx: Context, command: FindDead) -> DeadFound:
    access.require_system(ctx)
    reaped = ctx.session.execute(
        update(WorkerBeat)
        .where(
            WorkerBeat.executor_id != command.executor,
            WorkerBeat.reaped_at.is_(None),
            WorkerBeat.beat_at < ctx.now - HEARTBEAT_SILENCE,
        )
        .values(reaped_at=ctx.now)
        .returning(WorkerBeat.executor_id),
        execution_options=_QUIET,
    )
    return DeadFound(tuple(reaped.scalars()))


def list_workers(ctx: Context, command: ListWorkers) -> WorkersListed:
    access.require_operator(ctx)
    limit = ctx.now - HEARTBEAT_SILENCE
    rows = ctx.session.scalars(select(WorkerBeat).order_by(WorkerBeat.executor_id))
    return WorkersListed(
        tuple(WorkerSeen(row.executor_id, row.beat_at, row.beat_at < limit, row.reaped_at is not None) for row in rows)
    )


def forget_old(ctx: Context, command: ForgetOld) -> OldForgotten:
    """Addresses that nobody acted on, in previews and in wishes to join, are personal data: they go first."""
    access.require_system(ctx)
    limits = (
        (Draft, Draft.created_at, DRAFT_LIFE, Draft.id, _IS_UNCONFIRMED & Draft.first_number.is_(None)),
        (JoinRequest, JoinRequest.asked_at, JOIN_REQUEST_LIFE, JoinRequest.id, None),
        (IdempotencyRecord, IdempotencyRecord.created_at, IDEMPOTENCY_LIFE, IdempotencyRecord.key, None),
        (IdempotencyRecord, IdempotencyRecord.created_at, DRAFT_LIFE, IdempotencyRecord.key, _IS_PREVIEW),
        (SlackInstallState, SlackInstallState.used_at, USED_UP_LIFE, SlackInstallState.digest, None),
        (SignIn, SignIn.expires_at, USED_UP_LIFE, SignIn.id, None),
        (StaffSession, StaffSession.expires_at, timedelta(0), StaffSession.id, None),
        (Draft, Draft.created_at, MAIL_QUESTION_LIFE, Draft.id, _IS_UNCONFIRMED),
        (MailAnswer, MailAnswer.created_at, MAIL_LIFE, MailAnswer.id, None),
        (Digest, Digest.until_at, DIGEST_LIFE, Digest.id, None),
        (Export, Export.ends_at, IDEMPOTENCY_LIFE, Export.id, None),
    )
    counts = []
    for model, moment, life, key, condition in limits:
        old = delete(model).where(moment < ctx.now - life).returning(key)
        if condition is not None:
            old = old.where(condition)
        counts.append(len(ctx.session.execute(old, execution_options=_QUIET).all()))
    counts.append(_forget_mail(ctx))
    return OldForgotten(*counts)


def _forget_mail(ctx: Context) -> int:
    """What is held still was never answered for; whoever was asked was told the day."""
    forgotten = ctx.session.execute(
        update(InboundMessage)
        .where(InboundMessage.received_at < ctx.now - MAIL_LIFE, InboundMessage.raw.is_not(None))
        .where(InboundMessage.state != MailState.RECEIVED)
        .values(
            raw=None,
            subject="",
            state=case((InboundMessage.state == MailState.HELD, MailState.IGNORED.value), else_=InboundMessage.state),
        )
        .returning(InboundMessage.id),
        execution_options=_QUIET,
    )
    count = len(forgotten.all())
    drop_pieces(ctx)
    return count
