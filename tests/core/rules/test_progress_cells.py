"""What the cells and headings of progress reports say, in the shapes that were seen."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.rules.progress.bands import bar
from core.rules.progress.cells import count, is_month_first_column, is_ratio_column, moment, share
from core.rules.progress.columns import find_headings, fingerprint, is_progress
from core.rules.progress.faults import ProgressFault as Fault

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LM = (
    "Start date of the Run", "Membership ID", "Email address", "Name", "Futurelearn profile URL",
    "Number of steps completed", "Number of comments posted", "Average test score",
    "Date the learner has left the course",
    "Partner Course code", "Partner Run code", "Run Slug", "Run title", "Date of last step the learner has visited",
    "Date of last comment the learner has made", "Course uuid", "Run uuid",
)  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "is_ratio", "found"),
    [
        ("61%", False, (6100, None)),
        ("61,5 %", True, (6150, None)),
        (0.61, True, (6100, None)),
        ("12/40", False, (3000, None)),
        ("1", True, (10_000, None)),
        ("100.001%", False, (10_000, None)),
        ("105%", False, (10_000, Fault.FIGURE_ABOVE)),
        ("300%", False, (None, Fault.FIGURE_FAR_ABOVE)),
        ("-1%", False, (None, Fault.FIGURE_NEGATIVE)),
        ("²%", False, (None, Fault.FIGURE_UNREADABLE)),
        (" ", False, (None, None)),
        ("n/a", False, (None, None)),
        (True, False, (None, Fault.FIGURE_UNREADABLE)),
    ],
)
def test_shares(cell: object, is_ratio: bool, found: tuple[int | None, Fault | None]) -> None:
    assert share(cell, is_ratio=is_ratio) == found


@pytest.mark.parametrize(
    ("cell", "found"),
    [(3, 3), ("1,204", 1204), ("1.5", None), ("12%", None), (2.0, 2), ("-3", None), (1e300, None)],
)
def test_counts(cell: object, found: int | None) -> None:
    assert count(cell)[0] == found


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("2019-05-03 10:45:45 UTC", datetime(2019, 5, 3, 10, 45, 45, tzinfo=UTC)),
        ("2025-07-03", datetime(2025, 7, 2, 23, 0, tzinfo=UTC)),
        ("2026-02-01T10:00:00+02:00", datetime(2026, 2, 1, 8, 0, tzinfo=UTC)),
        ("3/4/2025 5:06 PM", datetime(2025, 4, 3, 16, 6, tzinfo=UTC)),
        ("Tuesday, 3 June 2025, 10:15 AM", datetime(2025, 6, 3, 9, 15, tzinfo=UTC)),
        (45000.5, datetime(2023, 3, 15, 12, 0, tzinfo=UTC)),
        ("31/02/2025", Fault.DATE_IMPOSSIBLE),
        ("2030-01-01", Fault.DATE_FUTURE),
        ("0001-01-01", Fault.DATE_IMPOSSIBLE),
        ("soon", Fault.DATE_UNREADABLE),
        (" ", None),
    ],
)
def test_moments(cell: object, found: datetime | Fault | None) -> None:
    value, fault = moment(cell, ZoneInfo("Europe/London"), NOW)

    assert (fault if isinstance(found, Fault) else value) == found


def test_a_whole_column_says_how_its_figures_and_dates_are_meant() -> None:
    assert is_ratio_column(["0,5", 1, ""]) is True
    assert is_ratio_column([1, 61]) is False
    assert is_ratio_column(["1%", "61%"]) is False
    assert is_ratio_column([0, 1, "1"]) is None
    assert is_month_first_column(["03/13/2026"]) is True
    assert is_month_first_column(["13/03/2026"]) is False
    assert is_month_first_column(["03/04/2026"]) is None
    assert is_month_first_column(["2026-03-04"]) is False


def test_a_report_is_known_by_its_headings_and_nothing_else_is_taken_for_one() -> None:
    found = find_headings([(1, ("Northfield",)), (3, LM)])

    assert found is not None
    assert (found.row, found.is_platform_report, len(found.places)) == (3, True, len(LM))
    assert is_progress(("User", "Email", "Progress (%)", "Grade"))
    assert not is_progress(("UKPRN", "First name", "Last name", "Email address", "Postcode"))
    assert not is_progress(("course_code", "course_title", "run_code", "starts", "steps"))
    assert not is_progress(("Email", "Name"))
    assert fingerprint(("E-mail", "Score")) == fingerprint(("score", "email", ""))


def test_a_bar_shows_something_where_there_is_something() -> None:
    assert [bar(part, 1000).count("▓") for part in (0, 1, 500, 999, 1000)] == [0, 1, 5, 9, 10]
    assert bar(0, 0) == "░" * 10
