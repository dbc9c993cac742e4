"""When a batch goes out: at once, or at the moment that somebody chose."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from core import access
from core.context import Context
from core.errors import MomentNotUsable, MomentUnclear
from core.model import CourseRun, Organisation, StaffMember
from core.rules.moments import Unread, read_moment
from core.rules.policy import SCHEDULE_LIMIT
from core.wording.phrases import day_words


class SendingTime(Struct, frozen=True):
    """``is_moved``: the asked moment lies in the organisation's quiet hours; ``at`` is their end."""

    at: datetime
    time_zone: str
    is_moved: bool


def sending_time(
    ctx: Context, staff: StaffMember, run: CourseRun, *, words: str, time_zone: str, chosen: datetime | None
) -> SendingTime | None:
    """From words as typed or a ``chosen`` moment; None without both. Raises MomentUnclear, MomentNotUsable."""
    if not words and chosen is None:
        return None
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    zone = _known_zone(time_zone) or ZoneInfo(organisation.time_zone)
    asked = chosen or _moment_of(ctx, words, zone)
    if asked <= ctx.now:
        raise MomentNotUsable(reason="that moment has passed")
    if asked > ctx.now + SCHEDULE_LIMIT:
        raise MomentNotUsable(reason=f"it is more than {SCHEDULE_LIMIT.days} days from now")
    quiet = organisation.quiet_hours
    at = quiet.wait_out(asked, ZoneInfo(organisation.time_zone)) if quiet else asked
    require_open_at(ctx, staff, run, at)
    return SendingTime(at.astimezone(UTC), zone.key, is_moved=at != asked)


def require_open_at(ctx: Context, staff: StaffMember, run: CourseRun, at: datetime) -> None:
    """What is open today may be closed when the invitation goes out."""
    if run.is_closed(at):
        raise MomentNotUsable(reason=f"enrolment on {run.code} has closed by {day_words(at, run.zone)}")
    agreement = access.agreement_for(ctx, staff.organisation_id, run.course)
    if agreement is not None and agreement.ends_at is not None and agreement.ends_at <= at:
        raise MomentNotUsable(reason="the agreement about this course has ended by then")


def _moment_of(ctx: Context, words: str, zone: ZoneInfo) -> datetime:
    wanted = read_moment(words)
    moment = None if isinstance(wanted, Unread) else wanted.on(ctx.now, zone)
    if moment is None:
        raise MomentUnclear(words=words[:60])
    return moment


def _known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: “Europe” is a folder.
        return None
