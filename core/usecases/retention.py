"""What is kept how long (docs/data-protection.md): what would be erased now, and the erasing, in bounded steps.

``workers.forget_old`` has what goes within a statement each; here is what may be many rows. Each step takes at most
``STEP_ROWS`` of a rule, so that nobody waits for it; the worker goes on until nothing is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from sqlalchemy import ColumnElement, String, cast, delete, exists, func, literal, or_, select, update

from core import access
from core.context import Context
from core.model import (
    Draft,
    FollowUp,
    IdempotencyRecord,
    Import,
    ImportRow,
    InboundMessage,
    Invitation,
    JoinRequest,
    LearnerChange,
    MailAnswer,
    OutboundMessage,
    ProgressReport,
)
from core.rules.policy import (
    DRAFT_LIFE,
    FOLLOW_UP_LIFE,
    IDEMPOTENCY_LIFE,
    INVITATION_DATA_LIFE,
    JOIN_REQUEST_LIFE,
    LEARNER_BEFORE_LIFE,
    LEARNER_PREVIEW_LIFE,
    MAIL_LIFE,
)
from core.words import InvitationState, MailState

STEP_ROWS: Final = 2_000
_QUIET: Final = {"synchronize_session": False}
_ERASED: Final = "(erased)"


@dataclass(frozen=True, slots=True)
class ReportRetention:
    pass


@dataclass(frozen=True, slots=True)
class RuleReport:
    """``due``: would be erased now; ``kept``: not yet; ``next_at``: when the oldest of these is due."""

    what: str
    due: int
    kept: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class RetentionReported:
    rules: tuple[RuleReport, ...]


@dataclass(frozen=True, slots=True)
class EraseOverdue:
    is_routine: ClassVar = True


@dataclass(frozen=True, slots=True)
class OverdueErased:
    invitations: int
    previews: int
    replaced: int
    notes: int
    follow_ups: int

    @property
    def is_more(self) -> bool:
        """A rule has used up its step."""
        return STEP_ROWS in (self.invitations, self.previews, self.replaced, self.notes, self.follow_ups)


@dataclass(frozen=True, slots=True)
class _Rule:
    what: str
    moment: Any
    limit: Callable[[datetime], datetime]
    """What came before is due."""
    among: tuple[ColumnElement[bool], ...] = ()


def _before(life: timedelta) -> Callable[[datetime], datetime]:
    return lambda now: now - life


_HAS_ROWS: Final = exists().where(ImportRow.import_id == Import.id)
_HAS_IMPORT: Final = (or_(Import.content.is_not(None), Import.reading.is_not(None), _HAS_ROWS),)
_NEVER_ACCEPTED: Final = (
    Invitation.state != InvitationState.ACCEPTED, Invitation.learner_id.is_(None), Invitation.address != _ERASED,
)  # fmt: skip
_IS_PREVIEW: Final = (LearnerChange.made_at.is_(None),)
_IS_BEFORE: Final = (LearnerChange.content.is_not(None),)
_IS_CONFIRMED: Final = (Draft.confirmed_at.is_not(None),)

IMPORTS: Final = _Rule(
    "Imported files and their rows, 30 days after they came", Import.ends_at, lambda now: now, _HAS_IMPORT
)
INVITATIONS: Final = _Rule(
    "Address and name in invitations that nobody accepted, 6 months after their end",
    Invitation.expires_at, lambda now: now - INVITATION_DATA_LIFE, _NEVER_ACCEPTED,
)  # fmt: skip
PREVIEWS: Final = _Rule(
    "Previews of a learner's change, after 15 minutes",
    LearnerChange.prepared_at, _before(LEARNER_PREVIEW_LIFE), _IS_PREVIEW,
)  # fmt: skip
REPLACED: Final = _Rule(
    "What a change by hand replaced, after 30 days", LearnerChange.made_at, _before(LEARNER_BEFORE_LIFE), _IS_BEFORE
)
NOTES: Final = _Rule(
    "Confirmed previews of invitations, after 30 days", Draft.confirmed_at, _before(IDEMPOTENCY_LIFE), _IS_CONFIRMED
)
REPORTS: Final = _Rule(
    "Files with progress, 30 days after they came", ProgressReport.ends_at, lambda now: now,
    (or_(ProgressReport.content.is_not(None), ProgressReport.reading.is_not(None)),),
)  # fmt: skip
FOLLOW_UPS: Final = _Rule("Nudges, snoozes and who was spoken to, after 180 days", FollowUp.at, _before(FOLLOW_UP_LIFE))
RULES: Final = (
    IMPORTS,
    INVITATIONS,
    PREVIEWS,
    REPLACED,
    NOTES,
    FOLLOW_UPS,
    _Rule(
        "The words of e-mails that came in, after 30 days", InboundMessage.received_at, _before(MAIL_LIFE),
        (InboundMessage.raw.is_not(None), InboundMessage.state != MailState.RECEIVED),
    ),
    REPORTS,
    _Rule("Answers to e-mails, after 30 days", MailAnswer.created_at, _before(MAIL_LIFE)),
    _Rule("Answers in Slack, kept for repeated requests, after 30 days", IdempotencyRecord.created_at,
        _before(IDEMPOTENCY_LIFE)),
    _Rule("Wishes to join by a shared link, after 30 days", JoinRequest.asked_at, _before(JOIN_REQUEST_LIFE)),
    _Rule("Previews of invitations that nobody confirmed, after 15 minutes (by e-mail a day)", Draft.created_at,
        _before(DRAFT_LIFE), (Draft.confirmed_at.is_(None), Draft.first_number.is_(None))),
)  # fmt: skip
"""Imports are forgotten by ``import_retention``, reports by ``progress_retention``, the last five by ``workers``."""


def report_retention(ctx: Context, command: ReportRetention) -> RetentionReported:
    """Changes nothing."""
    access.require_operator(ctx)
    return RetentionReported(tuple(_reported(ctx, rule) for rule in RULES))


def _reported(ctx: Context, rule: _Rule) -> RuleReport:
    limit = rule.limit(ctx.now)
    is_due = rule.moment < limit
    due = ctx.session.scalar(select(func.count(rule.moment)).where(is_due, *rule.among)) or 0
    kept, first = ctx.session.execute(
        select(func.count(rule.moment), func.min(rule.moment)).where(rule.moment >= limit, *rule.among)
    ).one()
    return RuleReport(rule.what, due, kept, first + (ctx.now - limit) if first else None)


def erase_overdue(ctx: Context, command: EraseOverdue) -> OverdueErased:
    """One step of each rule."""
    access.require_system(ctx)
    return OverdueErased(
        invitations=_invitations(ctx),
        previews=_each(ctx, LearnerChange, PREVIEWS),
        replaced=_each(ctx, LearnerChange, REPLACED, content=None, applied_hash=None),
        notes=_each(ctx, Draft, NOTES),
        follow_ups=_each(ctx, FollowUp, FOLLOW_UPS),
    )


def _due(ctx: Context, rule: _Rule, *columns: Any) -> Sequence[Any]:
    query = select(*columns).where(rule.moment < rule.limit(ctx.now), *rule.among)
    return ctx.session.execute(query.order_by(rule.moment).limit(STEP_ROWS)).all()


def _each(ctx: Context, model: Any, rule: _Rule, **values: Any) -> int:
    """Without values the rows go."""
    ids = [row.id for row in _due(ctx, rule, model.id)]
    statement = update(model).values(**values) if values else delete(model)
    ctx.session.execute(statement.where(model.id.in_(ids)), execution_options=_QUIET)
    return len(ids)


def _invitations(ctx: Context) -> int:
    """And the recipients of what was sent about them. What became of each stays, for the counts of its batch."""
    rows = _due(ctx, INVITATIONS, Invitation.id, Invitation.message_id)
    _replace(ctx, OutboundMessage, [row.message_id for row in rows], "recipient", "recipient_key", problem="")
    _replace(ctx, Invitation, [row.id for row in rows], "address", "address_key", name="")
    return len(rows)


def _replace(ctx: Context, model: Any, ids: Sequence[int], shown: str, key: str, **values: Any) -> None:
    pseudonym = literal("erased:") + cast(model.id, String)
    ctx.session.execute(
        update(model).where(model.id.in_(ids)).values({shown: _ERASED, key: pseudonym, **values}),
        execution_options=_QUIET,
    )
