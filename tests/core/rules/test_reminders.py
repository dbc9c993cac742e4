"""When reminders are due: the rule, the end, what was said already, and missed ones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.policy import MAIL_GAP, REMINDERS
from core.rules.reminders import DEFAULT_RULE, ReminderRule, Told, next_reminder, planned_moments, read_rule

LONDON = ZoneInfo("Europe/London")
SENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# The end of 10 April in London, where summer time has begun.
ENDS = datetime(2026, 4, 10, 23, 0, tzinfo=UTC)
DAYS = st.integers(1, 180)


def day(number: float) -> datetime:
    return SENT + timedelta(days=number)


def test_by_default_after_three_and_ten_days_and_seven_before_the_last() -> None:
    moments = planned_moments(DEFAULT_RULE, SENT, ENDS, LONDON)

    # At nine by the clock, in summer time as well.
    assert moments == (day(3), day(10), datetime(2026, 4, 3, 8, 0, tzinfo=UTC))


def test_missed_ones_collapse_into_one() -> None:
    told = Told(SENT, SENT, 0)
    late = day(20)

    assert next_reminder(DEFAULT_RULE, told, ENDS, LONDON) == day(3)
    assert next_reminder(DEFAULT_RULE, Told(SENT, late, 1), ENDS, LONDON) == datetime(2026, 4, 3, 8, tzinfo=UTC)


def test_nobody_is_written_to_twice_within_two_days() -> None:
    """Sent again by hand on the day before a reminder."""
    assert next_reminder(DEFAULT_RULE, Told(SENT, day(2.5), 0), ENDS, LONDON) == day(4.5)


def test_there_are_at_most_three() -> None:
    assert next_reminder(DEFAULT_RULE, Told(SENT, day(11), REMINDERS), ENDS, LONDON) is None


def test_nothing_is_due_at_the_end_or_after_it() -> None:
    assert next_reminder(ReminderRule((3,)), Told(SENT, SENT, 0), day(3), LONDON) is None
    assert next_reminder(ReminderRule((3,)), Told(SENT, day(2), 0), day(3.5), LONDON) is None
    assert next_reminder(ReminderRule(), Told(SENT, SENT, 0), ENDS, LONDON) is None


@pytest.mark.parametrize(
    ("words", "stored"),
    [
        *(
            ("off", "off"),
            ("default", "3,10,close-7"),
            ("3,10,close-7", "3,10,close-7"),
            ("close-7 10 3", "3,10,close-7"),
        ),
        *(("3 days, end - 7 days", "3,close-7"), ("5", "5"), ("3,3", "3"), ("close-2,close-9", "close-9,close-2")),
    ],
)
def test_rules_are_read_and_written_alike(words: str, stored: str) -> None:
    rule = read_rule(words)

    assert str(rule) == stored
    assert read_rule(stored) == rule


@pytest.mark.parametrize("words", ["", "0", "x", "1,2,3,4", "3,", "181", "close", "-3", "3.5"])
def test_what_is_no_rule_is_refused(words: str) -> None:
    assert read_rule(words) is None


@given(
    after=st.sets(DAYS, max_size=3),
    before=st.sets(DAYS, max_size=1),
    ends_in=st.integers(1, 24 * 200),
    steps=st.lists(st.integers(1, 24 * 40), max_size=12),
    zone=st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    sent_at=st.integers(0, 350_000).map(lambda minutes: datetime(2011, 6, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
)
def test_however_late_the_ticks_come_at_most_three_go_out_two_days_apart_and_none_is_forgotten(
    after: set[int], before: set[int], ends_in: int, steps: list[int], zone: str, sent_at: datetime
) -> None:
    rule, ends_at = ReminderRule(tuple(sorted(after)), tuple(before)), sent_at + timedelta(hours=ends_in)
    told, now, mails = Told(sent_at, sent_at, 0), sent_at, [sent_at]

    for hours in steps:
        now += timedelta(hours=hours)
        due_at = next_reminder(rule, told, ends_at, ZoneInfo(zone))
        if due_at is not None and due_at <= now < ends_at:
            mails.append(now)
            told = Told(sent_at, now, told.reminders + 1)

    assert len(mails) <= 1 + REMINDERS
    assert all(later - earlier >= MAIL_GAP for earlier, later in pairwise(mails))
    missed = [at for at in planned_moments(rule, sent_at, ends_at, ZoneInfo(zone)) if at > mails[-1]]
    if missed and len(mails) <= REMINDERS and missed[0] + MAIL_GAP < ends_at:
        assert next_reminder(rule, told, ends_at, ZoneInfo(zone)) is not None
