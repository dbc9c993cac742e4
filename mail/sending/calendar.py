"""The calendar file of a run: its days, for the learner's own calendar. It does not mark them as busy."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from core.cards import RunCard
from core.rules.zones import zone_named
from mail.sending.wire import base64_part, one_line

_HEADERS = (
    b'Content-Type: text/calendar; charset=utf-8; method=PUBLISH;\r\n name="course.ics"\r\n',
    b'Content-Disposition: attachment; filename="course.ics"\r\n',
)


@lru_cache(maxsize=64)
def invited_part(run: RunCard, domain: str, made_on: date) -> bytes:
    """A MIME part; ``domain`` makes the event's id unique, ``made_on`` is the day (UTC) of the sending."""
    return base64_part(_calendar(run, domain, made_on, "TENTATIVE", 0), _HEADERS)


@lru_cache(maxsize=64)
def joined_part(run: RunCard, domain: str, made_on: date) -> bytes:
    """The same event as the invitation's, now certain."""
    return base64_part(_calendar(run, domain, made_on, "CONFIRMED", 1), _HEADERS)


def _calendar(run: RunCard, domain: str, made_on: date, status: str, sequence: int) -> bytes:
    # Takes a tenth of a second, and only a process that sends needs it.
    from icalendar import Calendar, Event

    first, after = _days(run)
    event = Event()
    event.add("uid", f"{run.uuid}@{domain}")
    event.add("dtstamp", datetime.combine(made_on, time(), UTC))
    event.add("dtstart", first)
    event.add("dtend", after)
    event.add("summary", one_line(run.course_title))
    event.add("status", status)
    event.add("sequence", sequence)
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    for name, value in (("prodid", "-//Usher//EN"), ("version", "2.0"), ("method", "PUBLISH")):
        calendar.add(name, value)
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content


def _days(run: RunCard) -> tuple[date, date]:
    """The first day, and the first one that is no longer part of it."""
    zone = zone_named(run.time_zone)
    first = run.starts_at.astimezone(zone).date()
    if run.ends_at is None or run.ends_at <= run.starts_at:
        return first, first + timedelta(days=1)
    last = (run.ends_at - run.ends_at.resolution).astimezone(zone).date()
    return first, last + timedelta(days=1)
