"""When an invitation ends (LM, Personal course invitations)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.rules.policy import INVITATION_LIFE


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
