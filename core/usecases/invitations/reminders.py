"""Reminding whoever has not answered: when, by the rule of the run, and by the worker's tick.

    find_due_reminders (a read: fair to organisations) -> remind_due (a few hundred at a time, one transaction each)

1. ``next_reminder_at`` is when to look at an invitation again. What is then due, ``core.rules.reminders`` says: after
   weeks without a worker one reminder goes out, not three.
2. Two ticks at the same moment never both remind: the claim moves ``next_reminder_at`` of rows that are still due.
3. In quiet hours nothing is said: the invitation is looked at again when they end.
4. Answers, cancelling, and a run that closes need do nothing here: their rows are no longer claimed, and a reminder
   that already waits to be sent is dropped (``usecases.messages.letters``).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import and_, bindparam, exists, func, select, update

from core import access
from core.context import Context
from core.model import CourseRun, Invitation, InvitationBatch, Organisation, OutboundMessage, RunReminders, Suppression
from core.model.invitations import IS_LIVE
from core.model.organisations import quiet_hours
from core.outbox import email_row, reminder_key, say
from core.rules.policy import MAIL_GAP, REMINDERS_A_TICK, REMINDERS_AT_ONCE
from core.rules.reminders import DEFAULT_RULE, ReminderRule, Told, next_reminder, read_rule
from core.rules.zones import zone_named
from core.words import MessageKind, MessageState

# An e-mail that waits for a server or for an operator is no reason to look every minute.
_UNSENT_PAUSE: Final = timedelta(days=1)
_UNREACHED: Final = (MessageState.BOUNCED, MessageState.DROPPED)


class FindDueReminders(Struct, frozen=True):
    is_routine: ClassVar = True

    limit: int = REMINDERS_A_TICK


class DueRemindersFound(Struct, frozen=True):
    invitation_ids: tuple[int, ...]

    def chunks(self) -> Iterable[tuple[int, ...]]:
        starts = range(0, len(self.invitation_ids), REMINDERS_AT_ONCE)
        return (self.invitation_ids[start : start + REMINDERS_AT_ONCE] for start in starts)


class RemindDue(Struct, frozen=True):
    is_routine: ClassVar = True

    invitation_ids: tuple[int, ...]


class DueReminded(Struct, frozen=True):
    reminded: int
    postponed: int
    """Looked at, and not due yet, or never any more."""


# --- The tick ---------------------------------------------------------------------------------------------


def find_due_reminders(ctx: Context, command: FindDueReminders) -> DueRemindersFound:
    """Organisations take turns, so that one with a hundred thousand due ones keeps nobody waiting; the longest due
    come first.
    """
    access.require_system(ctx)
    turn = func.row_number().over(
        partition_by=Invitation.organisation_id, order_by=(Invitation.next_reminder_at, Invitation.id)
    )
    due = (
        select(Invitation.id, Invitation.next_reminder_at, turn.label("turn"))
        .where(IS_LIVE, Invitation.next_reminder_at <= ctx.now)
        .subquery()
    )
    query = select(due.c.id).order_by(due.c.turn, due.c.next_reminder_at, due.c.id).limit(command.limit)
    return DueRemindersFound(tuple(ctx.session.scalars(query)))


def remind_due(ctx: Context, command: RemindDue) -> DueReminded:
    access.require_system(ctx)
    looked_at = [_decided(ctx, row) for row in _facts(ctx, command.invitation_ids)]
    claimed = _claim(ctx, [each.row.id for each in looked_at if each.is_due])
    reminded = [each for each in looked_at if each.row.id in claimed]
    postponed = [each for each in looked_at if not each.is_due]
    say(ctx, [_message(ctx, each.row) for each in reminded])
    _look_again(ctx, [(each, ctx.now + MAIL_GAP) for each in reminded])
    _look_again(ctx, [(each, each.row.next_reminder_at) for each in postponed])
    return DueReminded(len(reminded), len(postponed))


# Rows of the one query below, or of the one in ``replan``: too many columns for their types to be written out.
_Facts: TypeAlias = Any


class _Decided(NamedTuple):
    row: _Facts
    is_due: bool
    next_at: datetime | None
    """When to look again."""


def _facts(ctx: Context, ids: Sequence[int]) -> Sequence[_Facts]:
    query = (
        select(
            *(Invitation.id, Invitation.organisation_id, Invitation.address, Invitation.address_key),
            *(Invitation.next_reminder_at, Invitation.reminder_count, Invitation.reminded_at, Invitation.expires_at),
            *(InvitationBatch.sends_at, CourseRun.enrolment_closes_at, CourseRun.ends_at, RunReminders.rule),
            *(Organisation.time_zone, Organisation.quiet_from, Organisation.quiet_until),
            *(OutboundMessage.state.label("delivery"), OutboundMessage.sent_at, _is_suppressed().label("suppressed")),
        )
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .outerjoin(RunReminders, _has_own_rule())
        .where(Invitation.id.in_(ids), IS_LIVE, Invitation.next_reminder_at <= ctx.now)
        # Two schedulers that meet lock in the same order.
        .order_by(Invitation.id)
    )
    return ctx.session.execute(query).all()


def _has_own_rule() -> Any:
    return and_(RunReminders.run_id == Invitation.run_id, RunReminders.organisation_id == Invitation.organisation_id)


def _is_suppressed() -> Any:
    return exists().where(
        Suppression.organisation_id == Invitation.organisation_id, Suppression.address_key == Invitation.address_key
    )


IS_REACHED: Final = and_(OutboundMessage.state.not_in(_UNREACHED), ~_is_suppressed())
"""With the e-mail of the invitation joined: by what is known now a reminder would go out."""


def _decided(ctx: Context, row: _Facts) -> _Decided:
    if row.suppressed or row.delivery in _UNREACHED:
        return _Decided(row, is_due=False, next_at=None)
    if row.delivery is not MessageState.SENT or row.sent_at is None:
        return _Decided(row, is_due=False, next_at=ctx.now + _UNSENT_PAUSE)
    rule, zone, ends_at = _rule(row.rule), zone_named(row.time_zone), _ends_at(row)
    if ends_at <= ctx.now:
        # Its reminder was missed, and so is its time.
        return _Decided(row, is_due=False, next_at=None)
    last_at = max(row.sent_at, row.reminded_at or row.sent_at)
    due_at = next_reminder(rule, Told(row.sends_at, last_at, row.reminder_count), ends_at, zone)
    if due_at is None or due_at > ctx.now:
        return _Decided(row, is_due=False, next_at=due_at)
    quiet = quiet_hours(row.quiet_from, row.quiet_until)
    if quiet is not None and quiet.covers(ctx.now, zone):
        return _Decided(row, is_due=False, next_at=quiet.wait_out(ctx.now, zone))
    after = next_reminder(rule, Told(row.sends_at, ctx.now, row.reminder_count + 1), ends_at, zone)
    return _Decided(row, is_due=True, next_at=after)


def _rule(stored: str | None) -> ReminderRule:
    return DEFAULT_RULE if stored is None else read_rule(stored) or DEFAULT_RULE


def _ends_at(row: _Facts) -> datetime:
    """Of an invitation, with its run's dates as they are today."""
    ends: datetime = min(filter(None, (row.expires_at, row.enrolment_closes_at, row.ends_at)))
    return ends


def _claim(ctx: Context, ids: Sequence[int]) -> set[int]:
    """Of these, the ones that nobody else claims, answers or cancels at this moment."""
    if not ids:
        return set()
    claimed = ctx.session.execute(
        update(Invitation)
        .where(Invitation.id.in_(ids), IS_LIVE, Invitation.next_reminder_at <= ctx.now)
        .values(next_reminder_at=ctx.now + MAIL_GAP, reminder_count=Invitation.reminder_count + 1, reminded_at=ctx.now)
        .returning(Invitation.id)
    )
    return set(claimed.scalars())


def _message(ctx: Context, row: _Facts) -> dict[str, Any]:
    message = email_row(
        ctx,
        MessageKind.REMINDER,
        to=row.address,
        to_key=row.address_key,
        about_id=row.id,
        key=reminder_key(row.id, row.reminder_count + 1),
        not_before=ctx.now,
    )
    return {**message, "organisation_id": row.organisation_id}


_MOVE = (
    update(Invitation)
    .where(Invitation.id == bindparam("of_id"), Invitation.next_reminder_at == bindparam("seen"))
    .values(next_reminder_at=bindparam("next_at"))
)


def _look_again(ctx: Context, decided: Sequence[tuple[_Decided, datetime]]) -> None:
    """Unless somebody else has moved it from what was ``seen``."""
    rows = [{"of_id": each.row.id, "seen": seen, "next_at": each.next_at} for each, seen in decided]
    access.update_each(ctx, _MOVE, rows)


# --- Planning ---------------------------------------------------------------------------------------------


def goes_out_at(ctx: Context, organisation: Organisation, at: datetime) -> datetime:
    """When one goes out for which the worker is to look ``at`` a moment: not in quiet hours, nor before now."""
    quiet, due_at = organisation.quiet_hours, max(at, ctx.now)
    return quiet.wait_out(due_at, ZoneInfo(organisation.time_zone)) if quiet else due_at


def first_reminder(
    ctx: Context, run: CourseRun, organisation_id: int, sends_at: datetime, expires_at: datetime
) -> datetime | None:
    """For invitations that are about to be made."""
    zone_name, stored = ctx.session.execute(
        select(Organisation.time_zone, RunReminders.rule)
        .outerjoin(RunReminders, (RunReminders.run_id == run.id) & (RunReminders.organisation_id == Organisation.id))
        .where(Organisation.id == organisation_id)
    ).one()
    return next_reminder(_rule(stored), Told(sends_at, sends_at, 0), expires_at, ZoneInfo(zone_name))


_SAME_PLAN: Final = (Invitation.batch_id, Invitation.reminder_count, Invitation.reminded_at, Invitation.expires_at)
_REPLAN = (
    update(Invitation)
    .where(
        Invitation.batch_id == bindparam("of_batch"),
        Invitation.reminder_count == bindparam("of_count"),
        Invitation.reminded_at.is_not_distinct_from(bindparam("of_reminded")),
        Invitation.expires_at == bindparam("of_expiry"),
        IS_LIVE,
    )
    .values(next_reminder_at=bindparam("next_at"))
)


def replan(ctx: Context, run_ids: Sequence[int]) -> None:
    """After a change of these runs' dates or rules. One query, and one statement for what shares a plan."""
    plans = ctx.session.execute(
        select(
            *_SAME_PLAN,
            *(InvitationBatch.sends_at, CourseRun.enrolment_closes_at, CourseRun.ends_at, RunReminders.rule),
            Organisation.time_zone,
        )
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .outerjoin(RunReminders, _has_own_rule())
        .where(Invitation.run_id.in_(run_ids), IS_LIVE)
        .distinct()
    ).all()
    access.update_each(ctx, _REPLAN, [_planned(row) for row in plans])


def _planned(row: _Facts) -> dict[str, Any]:
    """Whoever was sent the invitation again meanwhile is looked at a little too early, which does no harm."""
    told = Told(row.sends_at, row.reminded_at or row.sends_at, row.reminder_count)
    return {
        "of_batch": row.batch_id,
        "of_count": row.reminder_count,
        "of_reminded": row.reminded_at,
        "of_expiry": row.expires_at,
        "next_at": next_reminder(_rule(row.rule), told, _ends_at(row), zone_named(row.time_zone)),
    }
