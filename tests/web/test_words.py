"""Days in words, as the people in the run's zone see them."""

from datetime import UTC, datetime

import pytest

from core.words import Benefit, Role
from web.words import BENEFITS, ROLES, day_words, last_day_words, until_words, zone_named

LONDON = zone_named("Europe/London")


@pytest.mark.parametrize(
    ("end", "zone", "words"),
    [
        (datetime(2026, 3, 7, 0, 0, tzinfo=UTC), "Europe/London", "the end of Friday 6 March 2026"),
        (datetime(2026, 4, 10, 23, 0, tzinfo=UTC), "Europe/London", "the end of Friday 10 April 2026"),
        (datetime(2026, 3, 6, 17, 0, tzinfo=UTC), "Europe/London", "17:00 on Friday 6 March 2026 (London time)"),
        (datetime(2026, 3, 6, 17, 30, tzinfo=UTC), "UTC", "17:30 on Friday 6 March 2026 (UTC)"),
        (datetime(2026, 3, 6, 17, 0, tzinfo=UTC), "No/Zone", "17:00 on Friday 6 March 2026 (UTC)"),
    ],
)
def test_until_names_the_last_day_or_the_hour(end: datetime, zone: str, words: str) -> None:
    assert until_words(end, zone_named(zone)) == words


def test_a_day_is_the_day_of_the_zone() -> None:
    late = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)

    assert day_words(late, LONDON) == "Thursday 2 July 2026"
    assert last_day_words(datetime(2026, 7, 1, 23, 0, tzinfo=UTC), LONDON) == "Wednesday 1 July 2026"


def test_every_benefit_and_role_has_words() -> None:
    assert set(BENEFITS) == set(Benefit)
    assert set(ROLES) == set(Role)
