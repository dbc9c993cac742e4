"""What a staff member sees first in Slack: counters and the latest batches, and which homes are out of date.

opened --published--> kept --something happened, refresh_homes--> waiting to be drawn --published--> kept
   +-- Slack takes nothing just now --draw_home_later--> waiting to be drawn

A home is a row of ``outbound_message`` like everything that is said: it has one per staff member, drawn again when the
organisation's audit has something newer. Nobody who changes anything needs to know of homes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, case, exists, func, or_, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.model import (
    AuditEntry,
    Course,
    CourseRun,
    DeliveryReport,
    Import,
    Invitation,
    InvitationBatch,
    Learner,
    Organisation,
    OutboundMessage,
    StaffMember,
    Suppression,
)
from core.outbox import home_key, say, say_again, slack_row
from core.rules.policy import ENDING_SOON, HOME_BATCHES, HOME_INTERVAL, HOME_LIFE, LEARNERS_COUNTED
from core.usecases.invitations.undelivered import IS_UNDELIVERED, answerable
from core.usecases.links.lists import count_ending
from core.words import ImportState, InvitationState, MessageKind, MessageState, Role

# Written out in the statement, as the partial index has it: a parameter would hide the index.
_IS_HOME = OutboundMessage.kind == bindparam("home", MessageKind.HOME, literal_execute=True)


class ShowHome(Struct, frozen=True):
    pass


class HomeBatch(Struct, frozen=True):
    """One confirmation. The four numbers add up to ``invited``."""

    confirmation_id: int
    numbers: tuple[int, ...]
    course_title: str
    created_at: datetime
    invited: int
    accepted: int
    declined: int
    waiting: int
    cancelled: int


class HomeShown(Struct, frozen=True):
    name: str
    role: Role
    organisation: str
    pending: int
    """Invitations that can still be answered, the bounced ones too."""
    bounced: int
    """Of the pending ones: their e-mail did not arrive."""
    expiring: int
    """Of the pending ones: they end within seven days."""
    links_ending: int
    """Shared links that end within seven days."""
    learners: int
    """At most ``LEARNERS_COUNTED`` + 1: beyond that it says "more than"."""
    imports_waiting: int
    """For somebody's decision about their good rows."""
    imports_running: int
    batches: tuple[HomeBatch, ...]
    as_of: datetime


class KeepHome(Struct, frozen=True):
    """The home with this digest, true at that moment, was published: keep it up to date."""

    is_routine: ClassVar = True

    digest: str
    as_of: datetime


class DrawHomeLater(Struct, frozen=True):
    """It was opened, and Slack did not take it."""

    is_routine: ClassVar = True


class HomeKept(Struct, frozen=True):
    """By the worker, from now on."""


class RefreshHomes(Struct, frozen=True):
    is_routine: ClassVar = True


class HomesRefreshed(Struct, frozen=True):
    count: int


def show_home(ctx: Context, command: ShowHome) -> HomeShown:
    return home_of(ctx, access.require_staff(ctx, Permission.VIEW))


def home_of(ctx: Context, staff: StaffMember) -> HomeShown:
    """Ten queries at most, whatever the organisation's size. The caller has authorised."""
    granted = access.granted_provider_ids(ctx, staff)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    pending, bounced, expiring = _invitations(ctx, staff)
    imports_waiting, imports_running = _imports(ctx)
    return HomeShown(
        name=staff.first_name,
        role=staff.role,
        organisation=organisation.name,
        pending=pending,
        bounced=bounced,
        expiring=expiring,
        links_ending=count_ending(ctx, staff, ctx.now + ENDING_SOON),
        learners=_learners(ctx, staff, granted),
        imports_waiting=imports_waiting,
        imports_running=imports_running,
        batches=_latest_batches(ctx, staff, granted),
        as_of=ctx.now,
    )


# --- Counting ---------------------------------------------------------------------------------------------


def _imports(ctx: Context) -> tuple[int, int]:
    """(held, running), whoever sent them: “imports” lists them to everybody as well."""
    is_held, is_running = Import.state == ImportState.HELD, Import.settled_at.is_(None)
    held, running = ctx.session.execute(
        select(func.count().filter(is_held), func.count().filter(is_running))
        .select_from(Import)
        .where(or_(is_held, is_running))
    ).one()
    return held, running


def _invitations(ctx: Context, staff: StaffMember) -> tuple[int, int, int]:
    ends_soon = ctx.now + ENDING_SOON
    is_expiring = or_(
        Invitation.expires_at <= ends_soon, CourseRun.enrolment_closes_at <= ends_soon, CourseRun.ends_at <= ends_soon
    )
    query = (
        select(
            func.count().label("pending"),
            func.coalesce(func.sum(case((IS_UNDELIVERED, 1), else_=0)), 0).label("bounced"),
            func.coalesce(func.sum(case((is_expiring, 1), else_=0)), 0).label("expiring"),
        )
        .select_from(Invitation)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(Course, Course.id == CourseRun.course_id)
        .where(*answerable(ctx, staff))
    )
    row = ctx.session.execute(query).one()
    return row.pending, row.bounced, row.expiring


def _of_granted(staff: StaffMember, granted: frozenset[int] | None) -> tuple[Any, ...]:
    """For statements that join Course."""
    if granted is None:
        return ()
    is_foreign = Course.organisation_id != staff.organisation_id
    return (or_(is_foreign, Course.provider_id.is_(None), Course.provider_id.in_(granted)),)


def _learners(ctx: Context, staff: StaffMember, granted: frozenset[int] | None) -> int:
    """Those that “learners” lists. Counted no further than a home needs: a million index entries would take longer
    than all the rest.
    """
    some = select(Learner.id).where(Learner.organisation_id == staff.organisation_id, Learner.removed_at.is_(None))
    if granted is not None:
        some = some.where(Learner.provider_id.in_(granted))
    return ctx.session.scalar(select(func.count()).select_from(some.limit(LEARNERS_COUNTED + 1).subquery())) or 0


def _latest_batches(ctx: Context, staff: StaffMember, granted: frozenset[int] | None) -> tuple[HomeBatch, ...]:
    query = (
        select(InvitationBatch, Course.title)
        .join(CourseRun, CourseRun.id == InvitationBatch.run_id)
        .join(Course, Course.id == CourseRun.course_id)
        .where(InvitationBatch.organisation_id == staff.organisation_id, *_of_granted(staff, granted))
        .order_by(InvitationBatch.number.desc())
        .limit(HOME_BATCHES)
    )
    rows = ctx.session.execute(query).all()
    counts = _states(ctx, [row.InvitationBatch.id for row in rows])
    return tuple(_home_batch(row.InvitationBatch, row.title, counts) for row in rows)


def _states(ctx: Context, batch_ids: Sequence[int]) -> dict[tuple[int, InvitationState], int]:
    if not batch_ids:
        return {}
    query = (
        select(Invitation.batch_id, Invitation.state, func.count().label("number"))
        .where(Invitation.batch_id.in_(batch_ids))
        .group_by(Invitation.batch_id, Invitation.state)
    )
    return {(row.batch_id, row.state): row.number for row in ctx.session.execute(query)}


def _home_batch(batch: InvitationBatch, course_title: str, counts: dict[tuple[int, InvitationState], int]) -> HomeBatch:
    return HomeBatch(
        confirmation_id=batch.confirmation_id,
        numbers=(batch.number,),
        course_title=course_title,
        created_at=batch.created_at,
        invited=batch.size,
        accepted=counts.get((batch.id, InvitationState.ACCEPTED), 0),
        declined=counts.get((batch.id, InvitationState.DECLINED), 0),
        waiting=counts.get((batch.id, InvitationState.PENDING), 0),
        cancelled=counts.get((batch.id, InvitationState.CANCELLED), 0),
    )


# --- Staying true -----------------------------------------------------------------------------------------


def keep_home(ctx: Context, command: KeepHome) -> HomeKept:
    staff = access.require_staff(ctx, Permission.VIEW)
    published = {
        "message_ref": command.digest,
        "state": MessageState.SENT,
        "created_at": ctx.now,
        "sent_at": ctx.now,
        "not_before": command.as_of,
        "attempts": 0,
    }
    known = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.idempotency_key == home_key(staff.id), OutboundMessage.state != MessageState.SENDING)
        .values(**published)
        .returning(OutboundMessage.id)
    ).one_or_none()
    if known is None and not _is_there(ctx, staff):
        access.insert_all(ctx, OutboundMessage, [{**_home_row(ctx, staff), **published}])
    return HomeKept()


def draw_home_later(ctx: Context, command: DrawHomeLater) -> HomeKept:
    """By the worker, as soon as Slack takes it. One that is being drawn at this moment is drawn anyway."""
    staff = access.require_staff(ctx, Permission.VIEW)
    is_theirs = OutboundMessage.idempotency_key == home_key(staff.id)
    # Without the ref, for their tab may show something else than what was published last.
    ctx.session.execute(update(OutboundMessage).where(is_theirs).values(message_ref="", created_at=ctx.now))
    if not say_again(ctx, is_theirs, OutboundMessage.state != MessageState.SENDING) and not _is_there(ctx, staff):
        say(ctx, [_home_row(ctx, staff)])
    return HomeKept()


def _is_there(ctx: Context, staff: StaffMember) -> bool:
    query = select(OutboundMessage.id).where(OutboundMessage.idempotency_key == home_key(staff.id))
    return ctx.session.scalar(query) is not None


def _home_row(ctx: Context, staff: StaffMember) -> dict[str, Any]:
    return slack_row(ctx, MessageKind.HOME, staff_id=staff.id, about_id=staff.id, key=home_key(staff.id))


def refresh_homes(ctx: Context, command: RefreshHomes) -> HomesRefreshed:
    """Whatever happened in an organisation, its homes are drawn again: at most every twenty seconds each."""
    access.require_system(ctx)
    count = say_again(
        ctx,
        _IS_HOME,
        OutboundMessage.state == MessageState.SENT,
        OutboundMessage.created_at > ctx.now - HOME_LIFE,
        OutboundMessage.sent_at <= ctx.now - HOME_INTERVAL,
        or_(
            _has_news(AuditEntry.organisation_id, AuditEntry.at),
            _has_news(Suppression.organisation_id, Suppression.suppressed_at),
            _has_news(DeliveryReport.organisation_id, DeliveryReport.reported_at),
        ),
    )
    return HomesRefreshed(count)


def _has_news(organisation_id: Any, at: Any) -> ColumnElement[bool]:
    """A home is drawn after its ``not_before``: what is newer than that may be missing in it."""
    return exists().where(organisation_id == OutboundMessage.organisation_id, at > OutboundMessage.not_before)
