"""Moments in words: what they mean, in which zone, and what they do not mean."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.moments import Unread, WantedMoment, read_moment, read_time, split_moment

LONDON = ZoneInfo("Europe/London")
# A Saturday.
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEXTS = st.text(st.sampled_from("at mon 0123456789:.-, @fridecpny<>\n") | st.characters(), max_size=60)


def meant(words: str, now: datetime = NOW, zone: str = "Europe/London") -> str | None:
    wanted = read_moment(words)
    assert isinstance(wanted, WantedMoment), (words, wanted)
    moment = wanted.on(now, ZoneInfo(zone))
    return None if moment is None else moment.astimezone(ZoneInfo(zone)).isoformat()


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("09:00", "2026-11-22T09:00:00+00:00"),
        ("13:00", "2026-11-21T13:00:00+00:00"),
        ("noon", "2026-11-22T12:00:00+00:00"),
        ("Mon 09:00", "2026-11-23T09:00:00+00:00"),
        ("monday at 9am", "2026-11-23T09:00:00+00:00"),
        ("9 a.m. on Monday", "2026-11-23T09:00:00+00:00"),
        ("next Tuesday 9.30", "2026-11-24T09:30:00+00:00"),
        ("Sat 11:00", "2026-11-28T11:00:00+00:00"),
        ("Sat 12:01", "2026-11-21T12:01:00+00:00"),
        ("today 12:15pm", "2026-11-21T12:15:00+00:00"),
        ("tomorrow 9:00", "2026-11-22T09:00:00+00:00"),
        ("2026-12-01 09:00", "2026-12-01T09:00:00+00:00"),
        ("2026-12-01T09:00", "2026-12-01T09:00:00+00:00"),
        ("1 Dec 09:00", "2026-12-01T09:00:00+00:00"),
        ("Tuesday, 1st of December, 09:00", "2026-12-01T09:00:00+00:00"),
        ("Dec 1, 2026 5pm", "2026-12-01T17:00:00+00:00"),
        ("1 June 09:00", "2027-06-01T09:00:00+01:00"),
    ],
)
def test_words_mean_the_next_such_moment(words: str, moment: str) -> None:
    assert meant(words) == moment


@pytest.mark.parametrize("words", ["", "monday", "9", "25:00", "13pm", "0am", "09:60", "in an hour"])
def test_words_without_a_time_are_refused(words: str) -> None:
    assert read_moment(words) is Unread.NO_TIME


@pytest.mark.parametrize("words", ["someday 09:00", "31 Feb 09:00", "2026-13-01 09:00", "t 09:00", "ju 1 09:00"])
def test_words_without_a_day_that_exists_are_refused(words: str) -> None:
    assert read_moment(words) is Unread.NO_DAY


def test_a_day_that_does_not_come_within_two_years_is_no_moment() -> None:
    assert meant("29 Feb 09:00") is None
    assert meant("29 Feb 09:00", datetime(2028, 1, 1, tzinfo=UTC)) == "2028-02-29T09:00:00+00:00"


def test_a_moment_that_has_passed_is_given_as_it_is() -> None:
    assert meant("today 09:00") == "2026-11-21T09:00:00+00:00"
    assert meant("2026-11-20 09:00") == "2026-11-20T09:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "zone", "moment"),
    [
        # The clock jumps from 01:00 to 02:00.
        ("2026-03-29 01:30", "Europe/London", "2026-03-29T01:00:00+00:00"),
        ("2026-03-08 02:30", "America/New_York", "2026-03-08T07:00:00+00:00"),
        # By half an hour.
        ("2026-10-04 02:10", "Australia/Lord_Howe", "2026-10-03T15:30:00+00:00"),
        # Over a whole day.
        ("2011-12-30 12:00", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
        # Shown twice.
        ("2026-10-25 01:30", "Europe/London", "2026-10-25T00:30:00+00:00"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01T05:30:00+00:00"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00+00:00"),
    ],
)
def test_where_clocks_change_it_is_the_first_moment_that_fits(words: str, zone: str, moment: str) -> None:
    wanted = read_moment(words)

    assert isinstance(wanted, WantedMoment)
    assert wanted.on(datetime(2010, 1, 1, tzinfo=UTC), ZoneInfo(zone)) == datetime.fromisoformat(moment)


@given(
    now=st.integers(0, 50_000_000).map(lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    zone=st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    at=st.times().map(lambda value: value.replace(second=0, microsecond=0)),
    weekday=st.none() | st.integers(0, 6),
)
def test_a_time_or_a_weekday_comes_within_eight_days(now: datetime, zone: str, at: time, weekday: int | None) -> None:
    moment = WantedMoment(at, weekday=weekday).on(now, ZoneInfo(zone))

    assert moment is not None
    assert now < moment <= now + timedelta(days=8, hours=2)


@given(TEXTS)
def test_no_words_break_the_reader(text: str) -> None:
    addresses, words = split_moment(text)

    assert text.startswith(addresses)
    assert "@" not in words
    wanted = read_moment(text)
    assert isinstance(wanted, Unread) or wanted.on(NOW, LONDON) is None or wanted.at


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("a@example.org at Mon 09:00", ("a@example.org", "Mon 09:00")),
        ("a@example.org, b@example.org,\nAT noon", ("a@example.org, b@example.org", "noon")),
        ("<a@example.org>at fri at 9am", ("<a@example.org>", "fri at 9am")),
        ("at 9am", ("", "9am")),
        ('"Cat at Home" <a@example.org>', ('"Cat at Home" <a@example.org>', "")),
        ("a@example.org", ("a@example.org", "")),
        ("a@at 9am", ("a@at 9am", "")),
        ("Bo at b@example.org", ("Bo at b@example.org", "")),
    ],
)
def test_the_moment_stands_after_the_last_address(text: str, split: tuple[str, str]) -> None:
    assert split_moment(text) == split


def test_a_long_text_takes_little_time() -> None:
    assert split_moment("at " * 50_000 + "a@example.org")[1] == ""


@pytest.mark.parametrize(
    ("words", "at"), [("9am", time(9)), ("12am", time(0)), ("12 pm", time(12)), ("7.05", time(7, 5))]
)
def test_times_are_read_in_both_halves_of_the_day(words: str, at: time) -> None:
    assert read_time(words) == at
