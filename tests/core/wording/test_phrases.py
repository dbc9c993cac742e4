"""Days, benefits and roles in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.rules.zones import zone_named
from core.wording.phrases import BENEFITS, ROLES, day_words, last_day_words, until_words
from core.words import Benefit, Role

LONDON, NEW_YORK, UTC_ZONE = ZoneInfo("Europe/London"), ZoneInfo("America/New_York"), ZoneInfo("UTC")
# Clocks in Havana go forward at midnight: 8 March 2026 begins at 01:00.
HAVANA = ZoneInfo("America/Havana")


def test_day_is_that_of_the_zone() -> None:
    moment = datetime(2026, 3, 2, 2, tzinfo=UTC)

    assert day_words(moment, LONDON) == "Monday 2 March 2026"
    assert day_words(moment, NEW_YORK) == "Sunday 1 March 2026"


@pytest.mark.parametrize(
    ("end", "zone", "words"),
    [
        (datetime(2026, 3, 7, tzinfo=UTC), LONDON, "the end of Friday 6 March 2026"),
        (datetime(2026, 3, 31, 23, tzinfo=UTC), LONDON, "the end of Tuesday 31 March 2026"),
        (datetime(2026, 3, 6, 17, tzinfo=UTC), LONDON, "17:00 on Friday 6 March 2026 (London time)"),
        (datetime(2026, 3, 7, tzinfo=UTC), NEW_YORK, "19:00 on Friday 6 March 2026 (New York time)"),
        (datetime(2026, 3, 6, 9, 5, tzinfo=UTC), UTC_ZONE, "09:05 on Friday 6 March 2026 (UTC)"),
        (datetime(2026, 3, 8, 5, tzinfo=UTC), HAVANA, "the end of Saturday 7 March 2026"),
    ],
)
def test_end_at_midnight_is_the_day_before(end: datetime, zone: ZoneInfo, words: str) -> None:
    assert until_words(end, zone) == words


def test_last_day_of_a_course_that_ends_at_noon_is_that_day() -> None:
    assert last_day_words(datetime(2026, 3, 7, 12, tzinfo=UTC), LONDON) == "Saturday 7 March 2026"


def test_unknown_zone_is_utc() -> None:
    assert zone_named("Nowhere/Land").key == "UTC"


def test_every_benefit_and_role_has_words() -> None:
    assert set(BENEFITS) == set(Benefit)
    assert set(ROLES) == set(Role)


def test_paper_is_named_only_to_say_that_none_is_posted() -> None:
    sentences = [sentence for pair in BENEFITS.values() for part in pair for sentence in part.split(". ")]

    assert [sentence for sentence in sentences if "paper" in sentence or "post" in sentence] == [
        "No paper certificate is posted."
    ]
