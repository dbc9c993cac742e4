"""Quiet hours, over midnight and over changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules.quiet import QuietHours, read_quiet

NIGHT = QuietHours(21 * 60, 7 * 60)
ZONES = st.sampled_from(
    ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu"]
)
MINUTES = st.integers(0, 24 * 60 - 1)
# Around the days on which clocks change as well as anywhere.
MOMENTS = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 10, 25, 1, tzinfo=UTC),
            datetime(2026, 11, 1, 6, tzinfo=UTC),
            datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            datetime(2011, 12, 30, 10, tzinfo=UTC),
        ]
    ),
    st.integers(-3000, 3000) | st.integers(-2_000_000, 2_000_000),
)


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        ("2026-01-05T20:59:59+00:00", "2026-01-05T20:59:59+00:00"),
        ("2026-01-05T21:00:00+00:00", "2026-01-06T07:00:00+00:00"),
        ("2026-01-06T02:00:00+00:00", "2026-01-06T07:00:00+00:00"),
        ("2026-01-06T07:00:00+00:00", "2026-01-06T07:00:00+00:00"),
        # Summer time begins in this night.
        ("2026-03-28T23:00:00+00:00", "2026-03-29T06:00:00+00:00"),
    ],
)
def test_a_moment_at_night_waits_for_the_morning(moment: str, after: str) -> None:
    waited = NIGHT.wait_out(datetime.fromisoformat(moment), ZoneInfo("Europe/London"))

    assert waited == datetime.fromisoformat(after)


def test_hours_within_a_day_end_on_that_day() -> None:
    lunch = QuietHours(12 * 60, 13 * 60)

    assert lunch.wait_out(datetime(2026, 1, 5, 12, 30, tzinfo=UTC), ZoneInfo("UTC")).hour == 13
    assert not lunch.covers(datetime(2026, 1, 5, 23, tzinfo=UTC), ZoneInfo("UTC"))


@given(moment=MOMENTS, zone=ZONES, begins=MINUTES, ends=MINUTES)
# The end is skipped, shown twice, or lies in a day that never was.
@example(datetime(2026, 3, 29, 0, 50, tzinfo=UTC), "Europe/London", 0, 90)
@example(datetime(2026, 10, 25, 1, 10, tzinfo=UTC), "Europe/London", 0, 90)
@example(datetime(2011, 12, 30, 9, 0, tzinfo=UTC), "Pacific/Apia", 21 * 60, 7 * 60)
def test_what_comes_out_is_never_quiet_never_earlier_and_not_much_later(
    moment: datetime, zone: str, begins: int, ends: int
) -> None:
    if begins == ends:
        ends = (ends + 1) % (24 * 60)
    quiet = QuietHours(begins, ends)

    waited = quiet.wait_out(moment, ZoneInfo(zone))

    assert waited >= moment
    assert not quiet.covers(waited, ZoneInfo(zone))
    assert waited - moment < timedelta(hours=51)
    if not quiet.covers(moment, ZoneInfo(zone)):
        assert waited == moment


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        ("20:00-07:00", QuietHours(1200, 420)),
        ("8pm – 7am", QuietHours(1200, 420)),
        ("20.00 to 7.30", QuietHours(1200, 450)),
        ("12:00-12:00", None),
        ("20:00", None),
        ("20-7", None),
        ("", None),
        ("1:00-2:00-3:00", None),
    ],
)
def test_hours_are_read_as_people_write_them(words: str, quiet: QuietHours | None) -> None:
    assert read_quiet(words) == quiet
