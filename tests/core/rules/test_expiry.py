"""When invitations end, across month ends and changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.expiry import (
    LinkEnd,
    course_link_end,
    end_of_day,
    invitation_expires_at,
    policy_end,
    run_link_end,
    start_of_day,
)
from core.words import LinkRule

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
LORD_HOWE, APIA, HAVANA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia"), ZoneInfo("America/Havana")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "last_day"),
    [
        (date(2026, 3, 2), date(2026, 9, 2)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2027, 8, 31), date(2028, 2, 29)),
        (date(2026, 8, 29), date(2027, 2, 28)),
        (date(2026, 3, 31), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2027, 6, 30)),
        (date(2028, 2, 29), date(2028, 8, 29)),
    ],
)
def test_an_invitation_lasts_six_calendar_months_clamped_to_the_months_end(created: date, last_day: date) -> None:
    noon = datetime(created.year, created.month, created.day, 12, tzinfo=UTC)

    assert policy_end(noon, LONDON) == end_of_day(last_day, LONDON)


def test_the_day_is_the_one_of_the_runs_zone() -> None:
    late_evening_in_new_york = utc("2026-03-03 03:30")

    assert policy_end(late_evening_in_new_york, NEW_YORK) == utc("2026-09-03 04:00")
    assert policy_end(late_evening_in_new_york, LONDON) == utc("2026-09-03 23:00")


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        # Clocks go forward, a day of 23 hours, and back, one of 25.
        (LONDON, date(2026, 3, 29), "2026-03-29 00:00", "2026-03-29 23:00"),
        (LONDON, date(2026, 10, 25), "2026-10-24 23:00", "2026-10-26 00:00"),
        (NEW_YORK, date(2026, 3, 8), "2026-03-08 05:00", "2026-03-09 04:00"),
        (NEW_YORK, date(2026, 11, 1), "2026-11-01 04:00", "2026-11-02 05:00"),
        # By half an hour.
        (LORD_HOWE, date(2026, 4, 5), "2026-04-04 13:00", "2026-04-05 13:30"),
        (LORD_HOWE, date(2026, 10, 4), "2026-10-03 13:30", "2026-10-04 13:00"),
        # 30 December 2011 never was; the 29th ended where the 31st began.
        (APIA, date(2011, 12, 29), "2011-12-29 10:00", "2011-12-30 10:00"),
        (APIA, date(2011, 12, 31), "2011-12-30 10:00", "2011-12-31 10:00"),
        # Midnight does not exist, and happens twice.
        (HAVANA, date(2026, 3, 7), "2026-03-07 05:00", "2026-03-08 05:00"),
        (HAVANA, date(2026, 10, 31), "2026-10-31 04:00", "2026-11-01 04:00"),
    ],
)
def test_a_day_begins_and_ends_with_the_clocks_of_its_zone(zone: ZoneInfo, day: date, begins: str, ends: str) -> None:
    assert start_of_day(day, zone) == utc(begins)
    assert end_of_day(day, zone) == utc(ends)
    assert end_of_day(day, zone).tzinfo is UTC


@given(
    st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31)),
    st.sampled_from([LONDON, NEW_YORK, LORD_HOWE, APIA, HAVANA]),
)
def test_days_follow_one_another_without_a_gap(day: date, zone: ZoneInfo) -> None:
    length = end_of_day(day, zone) - start_of_day(day, zone)

    assert end_of_day(day, zone) == start_of_day(day + timedelta(days=1), zone)
    assert length == timedelta(0) or timedelta(hours=22) < length < timedelta(hours=26)


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 1, 1)))
def test_an_invitation_lasts_about_half_a_year(day: date) -> None:
    created = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)

    assert timedelta(days=180) < policy_end(created, LONDON) - created < timedelta(days=186)


def test_an_invitation_ends_with_the_runs_enrolment_if_that_is_earlier() -> None:
    created = utc("2026-03-02 09:00")
    policy = policy_end(created, LONDON)

    assert invitation_expires_at(created, None, LONDON) == policy
    assert invitation_expires_at(created, policy - timedelta(seconds=1), LONDON) == policy - timedelta(seconds=1)
    assert invitation_expires_at(created, policy + timedelta(seconds=1), LONDON) == policy


# --- Shared links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closes", "ends", "at", "by"),
    [
        (None, None, "2026-06-01 23:00", LinkRule.THIRTEEN_WEEKS),
        ("2026-04-10 23:00", None, "2026-04-10 23:00", LinkRule.ENROLMENT_CLOSE),
        ("2026-04-10 23:00", "2026-03-20 00:00", "2026-03-20 00:00", LinkRule.RUN_END),
        ("2026-09-01 00:00", "2026-12-01 00:00", "2026-06-01 23:00", LinkRule.THIRTEEN_WEEKS),
    ],
)
def test_a_link_to_a_run_ends_by_the_rule_that_comes_first(
    closes: str | None, ends: str | None, at: str, by: LinkRule
) -> None:
    end = run_link_end(utc("2026-03-02 09:00"), closes and utc(closes), ends and utc(ends), LONDON)  # type: ignore[arg-type]  # An empty text is None here.

    assert end == LinkEnd(utc(at), by)


@pytest.mark.parametrize(
    ("counted", "last_day"),
    [
        (date(2026, 3, 2), date(2026, 9, 2)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2027, 8, 31), date(2028, 2, 29)),
    ],
)
def test_a_link_to_an_open_course_lasts_six_calendar_months(counted: date, last_day: date) -> None:
    noon = datetime(counted.year, counted.month, counted.day, 12, tzinfo=UTC)

    assert course_link_end(noon, LONDON) == LinkEnd(end_of_day(last_day, LONDON), LinkRule.SIX_MONTHS)


@given(st.integers(0, 15 * 365 * 24), st.sampled_from([LONDON, NEW_YORK, LORD_HOWE, APIA]))
def test_a_link_is_good_for_at_least_its_weeks_and_ends_at_a_days_end(hours: int, zone: ZoneInfo) -> None:
    counted = utc("2020-01-01") + timedelta(hours=hours)

    end = run_link_end(counted, None, None, zone).at

    assert timedelta(weeks=13) - timedelta(hours=25) <= end - counted <= timedelta(weeks=13, hours=26)
    assert end == start_of_day(end.astimezone(zone).date(), zone)
