"""Goals that read as they are judged."""

import json

import pytest

from bench.report import Goal, Report, Samples, show, together


@pytest.mark.parametrize(
    ("value", "wanted", "holds"),
    [(3.0, ">= 3", True), (2.9, ">= 3", False), (1.5, "<= 1.5", True), (0, "== 0", True), (100, "< 100", False)],
)
def test_a_goal_holds_when_its_words_are_true(value: float, wanted: str, *, holds: bool) -> None:
    assert Goal("ratio", value, wanted).holds is holds


def test_a_goal_that_cannot_be_read_is_no_goal() -> None:
    with pytest.raises(ValueError, match="quick"):
        assert Goal("ratio", 1, "quick").holds


def test_a_report_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("b0", {"mails_a_second": 900.5}, [Goal("ratio", 4, ">= 3")])

    show(report, as_json=True)

    printed = json.loads(capsys.readouterr().out)
    assert printed["figures"] == {"mails_a_second": 900.5}
    assert printed["goals"] == [{"name": "ratio", "value": 4, "wanted": ">= 3", "holds": True}]


def test_a_table_says_which_goals_are_missed(capsys: pytest.CaptureFixture[str]) -> None:
    show(Report("b0", {"states": {"sent": 3}}, [Goal("ratio", 2, ">= 3")]), as_json=False)

    printed = capsys.readouterr().out
    assert "states.sent" in printed
    assert "MISSED  ratio: 2 (wanted >= 3)" in printed


def test_several_reports_make_one() -> None:
    missed, held = Goal("ratio", 1, ">= 3"), Goal("ratio", 4, ">= 3")

    report = together([Report("b3", {"rate": 1}, [missed]), Report("b4", {"rate": 2}, [held])])

    assert report.figures == {"b3": {"rate": 1}, "b4": {"rate": 2}}
    assert [goal.name for goal in report.goals] == ["b3: ratio", "b4: ratio"]
    assert not report.holds


def test_repeats_give_a_median_and_themselves() -> None:
    samples = Samples()

    for value in (3.0, 1.0, 2.0):
        samples.add("seconds", value)

    assert samples.figures() == {"seconds": 2.0, "seconds_all": [3.0, 1.0, 2.0]}
