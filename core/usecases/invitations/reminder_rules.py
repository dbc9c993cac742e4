"""The rule by which a run's invitations are reminded of: seen and set by whoever may invite to it."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import delete, func, select

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import RemindersUnclear
from core.model import CourseRun, Invitation, Organisation, OutboundMessage, RunReminders
from core.model.invitations import IS_LIVE
from core.rules.policy import REMINDERS
from core.rules.reminders import DEFAULT_RULE, ReminderRule, read_rule
from core.usecases.invitations.reminders import IS_REACHED, goes_out_at, replan
from core.words import Subject

_DAYS_SHOWN = 5
_MOMENTS_READ = 500


class ShowReminders(Struct, frozen=True):
    run: str


class SetReminders(Struct, frozen=True):
    """``rule`` as typed: ``3,10,close-7``, ``default``, ``off``."""

    run: str
    rule: str


class RemindersShown(Struct, frozen=True):
    run: RunCard
    rule: ReminderRule
    is_default: bool
    unanswered: int
    """Invitations that wait for an answer."""
    coming: tuple[tuple[datetime, int], ...]
    """The next days on which reminders go out, with how many, soonest first."""
    is_changed: bool = False


def show_reminders(ctx: Context, command: ShowReminders) -> RemindersShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    return _shown(ctx, staff.organisation_id, run, is_changed=False)


def set_reminders(ctx: Context, command: SetReminders) -> RemindersShown:
    """What is already on its way goes out; everything else is planned anew. Raises RemindersUnclear."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    rule = read_rule(command.rule)
    if rule is None:
        raise RemindersUnclear(words=command.rule[:60], limit=REMINDERS)
    _store(ctx, run, rule)
    replan(ctx, (run.id,))
    ctx.within(Subject.RUN, run.id)
    return _shown(ctx, staff.organisation_id, run, is_changed=True)


def _store(ctx: Context, run: CourseRun, rule: ReminderRule) -> None:
    ctx.session.execute(delete(RunReminders).where(RunReminders.run_id == run.id))
    if rule != DEFAULT_RULE:
        row = {"id": ctx.tokens.new_id(), "run_id": run.id, "rule": str(rule)}
        access.insert_all(ctx, RunReminders, [row])


def _shown(ctx: Context, organisation_id: int, run: CourseRun, *, is_changed: bool) -> RemindersShown:
    stored = ctx.session.scalars(select(RunReminders.rule).where(RunReminders.run_id == run.id)).one_or_none()
    organisation = ctx.session.get_one(Organisation, organisation_id)
    is_open = (Invitation.run_id == run.id, IS_LIVE)
    unanswered = ctx.session.scalar(
        select(func.count()).select_from(Invitation).where(*is_open, Invitation.expires_at > ctx.now)
    )
    moments = ctx.session.execute(
        select(Invitation.next_reminder_at, func.count().label("number"))
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .where(*is_open, Invitation.next_reminder_at.is_not(None), IS_REACHED)
        .group_by(Invitation.next_reminder_at)
        .order_by(Invitation.next_reminder_at)
        .limit(_MOMENTS_READ)
    )
    planned = [(goes_out_at(ctx, organisation, row.next_reminder_at), row.number) for row in moments]
    return RemindersShown(
        run=run_card(run),
        rule=DEFAULT_RULE if stored is None else read_rule(stored) or DEFAULT_RULE,
        is_default=stored is None,
        unanswered=0 if run.is_closed(ctx.now) else unanswered or 0,
        coming=() if run.is_closed(ctx.now) else _by_day(planned, ZoneInfo(organisation.time_zone)),
        is_changed=is_changed,
    )


def _by_day(planned: list[tuple[datetime, int]], zone: ZoneInfo) -> tuple[tuple[datetime, int], ...]:
    """Each day by its first moment."""
    first: dict[object, datetime] = {}
    numbers: Counter[datetime] = Counter()
    for moment, number in planned:
        numbers[first.setdefault(moment.astimezone(zone).date(), moment)] += number
    return tuple(sorted(numbers.items())[:_DAYS_SHOWN])
