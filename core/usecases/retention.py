"""What is kept how long (docs/data-protection.md): what would be erased now, and the erasing, in bounded steps.

``forget_old`` erases, with one statement each, what is never much. ``erase_overdue`` erases what may be many rows: at
most ``STEP_ROWS`` of each rule at a time, so that nobody waits for it; the worker goes on until nothing is due. Files
of imports and of progress, with their rows, have steps of their own: ``imports.retention``, ``progress.retention``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from dateutil.relativedelta import relativedelta
from msgspec import Struct
from sqlalchemy import ColumnElement, String, and_, case, cast, delete, exists, func, literal, or_, select, update

from core import access
from core.context import Context
from core.model import (
    Digest,
    Draft,
    Export,
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
    SignIn,
    SlackInstallState,
    StaffSession,
    WorkerBeat,
)
from core.rules.policy import (
    DEAD_WORKER_LIFE,
    DIGEST_LIFE,
    DRAFT_LIFE,
    FOLLOW_UP_LIFE,
    IDEMPOTENCY_LIFE,
    IMPORT_LIFE,
    INVITATION_DATA_LIFE,
    JOIN_REQUEST_LIFE,
    LEARNER_BEFORE_LIFE,
    LEARNER_PREVIEW_LIFE,
    MAIL_LIFE,
    MAIL_QUESTION_LIFE,
    PROGRESS_LIFE,
    USED_UP_LIFE,
)
from core.usecases.invitations.batches import prepare_invitation
from core.usecases.mailbox.raw_mail import drop_pieces
from core.words import InvitationState, MailState

STEP_ROWS: Final = 2_000
_ERASED: Final = "(erased)"


class ReportRetention(Struct, frozen=True):
    pass


class RuleReport(Struct, frozen=True):
    """``due``: would be erased now; ``kept``: not yet; ``next_at``: when the oldest of these is due."""

    what: str
    due: int
    kept: int
    next_at: datetime | None


class RetentionReported(Struct, frozen=True):
    rules: tuple[RuleReport, ...]


class ForgetOld(Struct, frozen=True):
    pass


class OldForgotten(Struct, frozen=True):
    """How many of each."""

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
    workers: int
    mails: int
    """Their words: that they came, and what became of them, stays."""


class EraseOverdue(Struct, frozen=True):
    is_routine: ClassVar = True


class OverdueErased(Struct, frozen=True):
    invitations: int
    previews: int
    replaced: int
    notes: int
    follow_ups: int

    @property
    def is_more(self) -> bool:
        """A rule has used up its step."""
        return STEP_ROWS in (self.invitations, self.previews, self.replaced, self.notes, self.follow_ups)


_Life = timedelta | relativedelta


class _Rule(Struct, frozen=True):
    what: str
    moment: Any
    life: _Life = timedelta(0)
    """Due when the moment is longer ago."""
    among: tuple[ColumnElement[bool], ...] = ()

    def is_due(self, now: datetime) -> ColumnElement[bool]:
        return and_(self.moment < now - self.life, *self.among)


def _words(life: _Life) -> str:
    """The numbers stand in the policy alone."""
    for number, unit in ((life.months if isinstance(life, relativedelta) else 0, "month"), (life.days, "day")):
        if number:
            return f"{number} {unit}s" if number > 1 else f"a {unit}"
    return f"{life.seconds // 60} minutes"


_HAS_ROWS: Final = exists().where(ImportRow.import_id == Import.id)
_HAS_IMPORT: Final = (or_(Import.content.is_not(None), Import.reading.is_not(None), _HAS_ROWS),)
_NEVER_ACCEPTED: Final = (
    Invitation.state != InvitationState.ACCEPTED, Invitation.learner_id.is_(None), Invitation.address != _ERASED,
)  # fmt: skip
_IS_PREVIEW: Final = (LearnerChange.made_at.is_(None),)
_IS_BEFORE: Final = (LearnerChange.content.is_not(None),)
_IS_CONFIRMED: Final = (Draft.confirmed_at.is_not(None),)
_HAS_WORDS: Final = (InboundMessage.raw.is_not(None), InboundMessage.state != MailState.RECEIVED)
_HAS_REPORT: Final = (or_(ProgressReport.content.is_not(None), ProgressReport.reading.is_not(None)),)
# Slack repeats an event for some six minutes.
_SHOWS_PREVIEW: Final = (IdempotencyRecord.action == prepare_invitation.__name__,)

IMPORTS: Final = _Rule(
    f"Imported files and their rows, {_words(IMPORT_LIFE)} after they came", Import.ends_at, among=_HAS_IMPORT
)
INVITATIONS: Final = _Rule(
    f"Address and name in invitations that nobody accepted, {_words(INVITATION_DATA_LIFE)} after their end",
    Invitation.expires_at, INVITATION_DATA_LIFE, _NEVER_ACCEPTED,
)  # fmt: skip
PREVIEWS: Final = _Rule(
    f"Previews of a learner's change, after {_words(LEARNER_PREVIEW_LIFE)}",
    LearnerChange.prepared_at, LEARNER_PREVIEW_LIFE, _IS_PREVIEW,
)  # fmt: skip
REPLACED: Final = _Rule(
    f"What a change by hand replaced, after {_words(LEARNER_BEFORE_LIFE)}",
    LearnerChange.made_at, LEARNER_BEFORE_LIFE, _IS_BEFORE,
)  # fmt: skip
NOTES: Final = _Rule(
    f"Confirmed previews of invitations, after {_words(IDEMPOTENCY_LIFE)}",
    Draft.confirmed_at, IDEMPOTENCY_LIFE, _IS_CONFIRMED,
)  # fmt: skip
REPORTS: Final = _Rule(
    f"Files with progress, {_words(PROGRESS_LIFE)} after they came", ProgressReport.ends_at, among=_HAS_REPORT
)
FOLLOW_UPS: Final = _Rule(
    f"Nudges, snoozes and who was spoken to, after {_words(FOLLOW_UP_LIFE)}", FollowUp.at, FOLLOW_UP_LIFE
)
MAILS: Final = _Rule(
    f"The words of e-mails that came in, after {_words(MAIL_LIFE)}", InboundMessage.received_at, MAIL_LIFE, _HAS_WORDS
)
DIGESTS: Final = _Rule(f"Digests, with the names in them, after {_words(DIGEST_LIFE)}", Digest.until_at, DIGEST_LIFE)
MAIL_ANSWERS: Final = _Rule(f"Answers to e-mails, after {_words(MAIL_LIFE)}", MailAnswer.created_at, MAIL_LIFE)
ANSWERS: Final = _Rule(
    f"Answers in Slack, kept for repeated requests, after {_words(IDEMPOTENCY_LIFE)}",
    IdempotencyRecord.created_at, IDEMPOTENCY_LIFE,
)  # fmt: skip
WISHES: Final = _Rule(
    f"Wishes to join by a shared link, after {_words(JOIN_REQUEST_LIFE)}", JoinRequest.asked_at, JOIN_REQUEST_LIFE
)
DRAFTS: Final = _Rule(
    f"Previews of invitations that nobody confirmed, after {_words(DRAFT_LIFE)}",
    Draft.created_at, DRAFT_LIFE, (Draft.confirmed_at.is_(None), Draft.first_number.is_(None)),
)  # fmt: skip
MAIL_DRAFTS: Final = _Rule(
    f"Those that were to be confirmed by e-mail, after {_words(MAIL_QUESTION_LIFE)}",
    Draft.created_at, MAIL_QUESTION_LIFE, (Draft.confirmed_at.is_(None), Draft.first_number.is_not(None)),
)  # fmt: skip
RULES: Final = (
    IMPORTS,
    INVITATIONS,
    PREVIEWS,
    REPLACED,
    NOTES,
    FOLLOW_UPS,
    MAILS,
    REPORTS,
    DIGESTS,
    MAIL_ANSWERS,
    ANSWERS,
    WISHES,
    DRAFTS,
    MAIL_DRAFTS,
)
_FORGOTTEN: Final = {
    "drafts": DRAFTS,
    "join_requests": WISHES,
    "answers": ANSWERS,
    "previews": _Rule("Answers that show such previews", IdempotencyRecord.created_at, DRAFT_LIFE, _SHOWS_PREVIEW),
    "install_states": _Rule("Installations that were begun", SlackInstallState.used_at, USED_UP_LIFE),
    "sign_ins": _Rule("Links to sign in by", SignIn.expires_at, USED_UP_LIFE),
    "sessions": _Rule("Who was signed in", StaffSession.expires_at),
    "mail_drafts": MAIL_DRAFTS,
    "mail_answers": MAIL_ANSWERS,
    "digests": DIGESTS,
    "exports": _Rule("Exports that were asked for", Export.ends_at, IDEMPOTENCY_LIFE),
    "workers": _Rule("Workers that died", WorkerBeat.reaped_at, DEAD_WORKER_LIFE),
}
"""By what ``OldForgotten`` calls them."""


def report_retention(ctx: Context, command: ReportRetention) -> RetentionReported:
    """Changes nothing."""
    access.require_operator(ctx)
    return RetentionReported(tuple(_reported(ctx, rule) for rule in RULES))


def _reported(ctx: Context, rule: _Rule) -> RuleReport:
    limit = ctx.now - rule.life
    due = ctx.session.scalar(select(func.count(rule.moment)).where(rule.is_due(ctx.now))) or 0
    kept, first = ctx.session.execute(
        select(func.count(rule.moment), func.min(rule.moment)).where(rule.moment >= limit, *rule.among)
    ).one()
    return RuleReport(rule.what, due, kept, first + rule.life if first else None)


def forget_old(ctx: Context, command: ForgetOld) -> OldForgotten:
    """Addresses that nobody acted on, in previews and in wishes to join, are personal data: they go first."""
    access.require_system(ctx)
    counts = {name: _forget(ctx, rule) for name, rule in _FORGOTTEN.items()}
    return OldForgotten(**counts, mails=_forget_mail(ctx))


def _forget(ctx: Context, rule: _Rule) -> int:
    gone = delete(rule.moment.class_).where(rule.is_due(ctx.now)).returning(rule.moment)
    return len(ctx.session.execute(gone).all())


def _forget_mail(ctx: Context) -> int:
    """What is held still was never answered for; whoever was asked was told the day."""
    forgotten = ctx.session.execute(
        update(InboundMessage)
        .where(MAILS.is_due(ctx.now))
        .values(
            raw=None,
            subject="",
            state=case((InboundMessage.state == MailState.HELD, MailState.IGNORED.value), else_=InboundMessage.state),
        )
        .returning(InboundMessage.id)
    )
    count = len(forgotten.all())
    drop_pieces(ctx)
    return count


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
    query = select(*columns).where(rule.is_due(ctx.now))
    return ctx.session.execute(query.order_by(rule.moment).limit(STEP_ROWS)).all()


def _each(ctx: Context, model: Any, rule: _Rule, **values: Any) -> int:
    """Without values the rows go."""
    ids = [row.id for row in _due(ctx, rule, model.id)]
    statement = update(model).values(**values) if values else delete(model)
    ctx.session.execute(statement.where(model.id.in_(ids)))
    return len(ids)


def _invitations(ctx: Context) -> int:
    """And the recipients of what was sent about them. What became of each stays, for the counts of its batch."""
    rows = _due(ctx, INVITATIONS, Invitation.id, Invitation.message_id)
    _replace(ctx, OutboundMessage, [row.message_id for row in rows], "recipient", "recipient_key", problem="")
    _replace(ctx, Invitation, [row.id for row in rows], "address", "address_key", name="")
    return len(rows)


def _replace(ctx: Context, model: Any, ids: Sequence[int], shown: str, key: str, **values: Any) -> None:
    pseudonym = literal("erased:") + cast(model.id, String)
    ctx.session.execute(update(model).where(model.id.in_(ids)).values({shown: _ERASED, key: pseudonym, **values}))
