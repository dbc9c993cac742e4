"""When a digest is due, on clocks that jump."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.clocks import shown_at
from core.rules.digests import DigestTime, PlannedDigest
from core.words import DigestRhythm

LONDON, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/London"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
SUNDAY = 6


def weeks(zone: ZoneInfo, begin: datetime, minute: int, weekday: int = SUNDAY, count: int = 3) -> list[PlannedDigest]:
    """As a worker that is never late finds them."""
    time, found = DigestTime(DigestRhythm.WEEKLY, weekday, minute), []
    for _ in range(count):
        begin = (planned := time.next_after(begin, zone)).at
        found.append(planned)
    return found


@pytest.mark.parametrize(
    ("zone", "begin", "minute", "expected"),
    [
        # Clocks go forward: half past one is skipped in London, half past two in New York, a quarter past two far away.
        (LONDON, "2026-03-20", 90, ["2026-03-22T01:30", "2026-03-29T01:00", "2026-04-05T00:30"]),
        (NEW_YORK, "2026-02-28", 150, ["2026-03-01T07:30", "2026-03-08T07:00", "2026-03-15T06:30"]),
        (LORD_HOWE, "2026-09-26", 135, ["2026-09-26T15:45", "2026-10-03T15:30", "2026-10-10T15:15"]),
        # Back: the first of the two half past ones, and so on.
        (LONDON, "2026-10-17", 90, ["2026-10-18T00:30", "2026-10-25T00:30", "2026-11-01T01:30"]),
        (NEW_YORK, "2026-10-24", 90, ["2026-10-25T05:30", "2026-11-01T05:30", "2026-11-08T06:30"]),
        (LORD_HOWE, "2026-03-28", 105, ["2026-03-28T14:45", "2026-04-04T14:45", "2026-04-11T15:15"]),
    ],
)
def test_it_comes_once_a_week_where_clocks_change(zone: ZoneInfo, begin: str, minute: int, expected: list[str]) -> None:
    found = weeks(zone, datetime.fromisoformat(begin).replace(tzinfo=UTC), minute)

    assert [each.at.strftime("%Y-%m-%dT%H:%M") for each in found] == expected
    assert [date.fromisoformat(each.period).weekday() for each in found] == [SUNDAY] * 3


def test_between_the_two_showings_of_an_hour_it_does_not_come_again() -> None:
    time = DigestTime(DigestRhythm.WEEKLY, SUNDAY, 90)

    planned = time.next_after(datetime(2026, 10, 25, 0, 45, tzinfo=UTC), LONDON)

    assert planned.period == "2026-11-01"


def test_monthly_is_the_first_such_day_of_a_month() -> None:
    time, moment, found = DigestTime(DigestRhythm.MONTHLY, 0, 480), datetime(2026, 1, 5, 8, tzinfo=UTC), []

    for _ in range(4):
        moment = (planned := time.next_after(moment, LONDON)).at
        found.append(planned.period)

    assert found == ["2026-02-02", "2026-03-02", "2026-04-06", "2026-05-04"]


ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "UTC")

FIRST = datetime(2010, 1, 1, tzinfo=UTC)


@given(
    st.integers(0, 20 * 365 * 24 * 60).map(
        lambda minutes: datetime(2010, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from(ZONES),
    st.sampled_from(DigestRhythm),
    st.integers(0, 6),
    st.integers(0, 1439),
)
def test_periods_follow_one_another_without_a_gap_or_a_repeat(
    moment: datetime, zone_name: str, rhythm: DigestRhythm, weekday: int, minute: int
) -> None:
    zone, time = ZoneInfo(zone_name), DigestTime(rhythm, weekday, minute)
    first = time.next_after(moment, zone)

    second = time.next_after(first.at, zone)

    apart = date.fromisoformat(second.period) - date.fromisoformat(first.period)
    weeks_apart = (1,) if rhythm is DigestRhythm.WEEKLY else (4, 5)
    assert apart in [timedelta(weeks=number) for number in weeks_apart]
    # On that day as the reader's clock shows it; where the day was skipped, at its end.
    assert shown_at(first.at, zone).date() - date.fromisoformat(first.period) <= timedelta(days=1)
