import base64
from datetime import UTC, date, datetime

from icalendar import Calendar, Event

from mail.sending.calendar import invited_part, joined_part
from tests.mail.letters import run_card

TODAY = date(2026, 2, 20)


def _calendar(part: bytes) -> Calendar:
    found = Calendar.from_ical(base64.b64decode(part.partition(b"\r\n\r\n")[2]))
    assert isinstance(found, Calendar)
    return found


def _event(part: bytes) -> Event:
    (event,) = _calendar(part).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def test_event_covers_the_days_of_the_run_in_its_zone() -> None:
    # The run ends with 11 April in London, where it is summer.
    run = run_card(starts_at=datetime(2026, 3, 2, tzinfo=UTC), ends_at=datetime(2026, 4, 11, 23, tzinfo=UTC))

    event = _event(invited_part(run, "example.org", TODAY))

    assert event.decoded("dtstart") == date(2026, 3, 2)
    # The end of a whole-day event is the day after.
    assert event.decoded("dtend") == date(2026, 4, 12)


def test_run_without_an_end_is_one_day() -> None:
    event = _event(invited_part(run_card(ends_at=None), "example.org", TODAY))

    assert event.decoded("dtend") == date(2026, 3, 3)


def test_joining_makes_the_same_event_certain() -> None:
    invited, joined = (_event(part(run_card(), "example.org", TODAY)) for part in (invited_part, joined_part))

    assert invited["uid"] == joined["uid"]
    assert (invited["status"], invited["sequence"]) == ("TENTATIVE", 0)
    assert (joined["status"], joined["sequence"]) == ("CONFIRMED", 1)


def test_part_is_published_and_named() -> None:
    part = invited_part(run_card(), "example.org", TODAY)

    assert b"method=PUBLISH" in part
    assert b'filename="course.ics"' in part
    assert _calendar(part)["method"] == "PUBLISH"


def test_title_cannot_begin_another_property() -> None:
    run = run_card(course_title="Maths\r\nATTENDEE:mailto:evil@example.org; 😀 \\n")

    event = _event(invited_part(run, "example.org", TODAY))

    assert "attendee" not in event
    assert "ATTENDEE:mailto:evil@example.org; 😀" in str(event["summary"])


def test_a_run_is_rendered_once() -> None:
    assert invited_part(run_card(), "example.org", TODAY) is invited_part(run_card(), "example.org", TODAY)
