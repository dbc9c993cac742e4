"""When an invitation or a shared link ends (LM, Personal course invitations; Shared invitation links)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.rules.policy import INVITATION_LIFE, SHARED_LINK_COURSE_LIFE, SHARED_LINK_RUN_LIFE
from core.words import LinkRule


class LinkEnd(Struct, frozen=True):
    """``by``: the rule that comes first."""

    at: datetime
    by: LinkRule


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after the day has ended in the zone, in UTC; right across changes of the clock."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def enrolment_end(enrolment_closes_at: datetime | None, ends_at: datetime | None) -> datetime | None:
    """When nobody can enrol in a run any more: the enrolment close, at the latest the end."""
    return min(filter(None, (enrolment_closes_at, ends_at)), default=None)


def policy_end(created_at: datetime, zone: ZoneInfo) -> datetime:
    """Six calendar months later, clamped to the month's end; the whole last day counts in the run's zone."""
    return end_of_day(created_at.astimezone(zone).date() + INVITATION_LIFE, zone)


def invitation_expires_at(created_at: datetime, enrolment_closes_at: datetime | None, zone: ZoneInfo) -> datetime:
    end = policy_end(created_at, zone)
    return end if enrolment_closes_at is None else min(end, enrolment_closes_at)


def run_link_end(
    counted_from: datetime, enrolment_closes_at: datetime | None, run_ends_at: datetime | None, zone: ZoneInfo
) -> LinkEnd:
    """A link to one run: 13 weeks (the whole last day counts), the enrolment close, or the run's end."""
    weeks = end_of_day(counted_from.astimezone(zone).date() + SHARED_LINK_RUN_LIFE, zone)
    rules = (
        (LinkRule.ENROLMENT_CLOSE, enrolment_closes_at),
        (LinkRule.RUN_END, run_ends_at),
        (LinkRule.THIRTEEN_WEEKS, weeks),
    )
    ends = [LinkEnd(at, rule) for rule, at in rules if at is not None]
    return min(ends, key=lambda end: end.at)


def course_link_end(counted_from: datetime, zone: ZoneInfo) -> LinkEnd:
    """A link to an open course: six calendar months; the whole last day counts."""
    last_day = counted_from.astimezone(zone).date() + SHARED_LINK_COURSE_LIFE
    return LinkEnd(end_of_day(last_day, zone), LinkRule.SIX_MONTHS)
