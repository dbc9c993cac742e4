"""Who is at risk: the database finds the same as the rule, for each organisation by itself."""

from datetime import timedelta
from itertools import product

import pytest

from core.errors import RiskRuleUnclear, RoleMissing
from core.model import Enrolment, Progress, RunRisk
from core.rules.progress.risk import DEFAULT_RISK, Cohort, RiskKind
from core.usecases.digests.digests import ShowDigest, show_digest
from core.usecases.progress.figures import ProgressRow, ProgressShown, ShowProgress, show_progress
from core.usecases.progress.one_learner import ShowLearnerProgress, show_learner_progress
from core.usecases.progress.risk_rules import SetRiskRule, set_risk_rule
from core.usecases.progress.run_statements import ProgressList
from tests.core.conftest import Play
from tests.core.usecases.acting import MATHS, change, clock_of, everything, only
from tests.core.usecases.progressing import enrol, line, send
from tests.factories import School


def listed(school: School, shown: ProgressList = ProgressList.AT_RISK) -> ProgressShown:
    return school.app.read(show_progress, ShowProgress(MATHS, shown), school.owner)


def ask(school: School, rule: str) -> ProgressShown:
    return school.app.run(set_risk_rule, SetRiskRule(MATHS, rule), school.owner)


def _cohort(school: School) -> None:
    """Twelve learners in every kind of standing; the first report is thirty days old, the last one of today."""
    shares, silences = ("0%", "8%", "55%", "95%"), (2, 10, 20)
    kinds = list(product(shares, silences))
    names = [f"l{number}@example.org" for number in range(len(kinds))]
    enrol(school, *names)
    clock_of(school.app).advance(days=60)
    send(school, *(line(name, steps_completed=share) for name, (share, _) in zip(names, kinds, strict=True)))
    now = clock_of(school.app)()
    for each in everything(school.app, Progress):
        silent = kinds[names.index(_address(school, each.learner_id))][1]
        change(school.app, Progress, each.id, active_at=now - timedelta(days=silent))


@pytest.fixture
def cohort(after: Play) -> School:
    return after(_cohort)


def _address(school: School, learner_id: int) -> str:
    return next(row.address for row in _everybody(school) if row.learner_id == learner_id)


def _everybody(school: School) -> tuple[ProgressRow, ...]:
    pages = (school.app.read(show_progress, ShowProgress(MATHS, page=page), school.owner).page for page in (1, 2))
    return tuple(row for page in pages for row in page.rows)


def test_lists_and_counts_hold_whom_the_rule_names(cohort: School) -> None:
    named = {row.learner_id: row.risks for row in _everybody(cohort) if row.risks}

    found = listed(cohort)

    assert found.cohort == Cohort(3150, 12)
    assert {row.learner_id for row in found.page.rows} == set(named)
    assert (found.at_risk, found.set_aside, found.page.total) == (len(named), 0, len(named))
    # Three have not begun, two at 8 % and two at 55 % are silent; at 8 % nobody is thirty points below 31.5 %.
    assert sorted(kind for risks in named.values() for kind in (each.kind for each in risks)) == [
        *[RiskKind.BEHIND] * 3,
        *[RiskKind.NOT_BEGUN] * 3,
        *[RiskKind.SILENT] * 4,
    ]
    card = cohort.app.read(show_learner_progress, ShowLearnerProgress(found.page.rows[0].address), cohort.owner)
    assert card.runs[0].risks == found.page.rows[0].risks


def test_nobody_is_compared_with_those_who_have_left(cohort: School) -> None:
    now, far = clock_of(cohort.app)(), [row for row in _everybody(cohort) if row.figures.step_percentage == 9500]
    by_report, *here = far
    (told,) = everything(cohort.app, Progress, Progress.learner_id == by_report.learner_id)
    change(cohort.app, Progress, told.id, left_at=now)
    for each in here:
        enrolment = only(cohort.app, Enrolment, Enrolment.learner_id == each.learner_id)
        change(cohort.app, Enrolment, enrolment.id, left_at=now)

    found = listed(cohort)

    # Of three each at 0, 8 and 55 %.
    assert (len(here), found.cohort) == (2, Cohort(800, 9))
    assert not [row for row in found.page.rows if RiskKind.BEHIND in {risk.kind for risk in row.risks}]
    digest = cohort.app.read(show_digest, ShowDigest(), cohort.owner)
    assert digest.at_risk == found.at_risk


def test_the_rule_of_a_run_is_set_and_holds_at_once(cohort: School) -> None:
    assert listed(cohort).is_rule_default

    changed = ask(cohort, "silent 20, behind off")

    assert (changed.is_rule_changed, changed.is_rule_default, changed.at_risk) == (True, False, 5)
    assert ask(cohort, "not-begun off").at_risk == 2
    assert ask(cohort, "off").at_risk == 0
    assert ask(cohort, "default").rule == DEFAULT_RISK
    assert everything(cohort.app, RunRisk) == []
    with pytest.raises(RiskRuleUnclear):
        ask(cohort, "silent forever")
    with pytest.raises(RoleMissing):
        cohort.app.run(set_risk_rule, SetRiskRule(MATHS, "off"), cohort.viewer)


def test_nobody_is_at_risk_on_a_run_that_is_over_nor_before_a_report_tells(cohort: School) -> None:
    clock_of(cohort.app).advance(days=1)
    # Days are counted up to the report.
    assert listed(cohort).at_risk == 7

    clock_of(cohort.app).advance(days=400)
    assert listed(cohort).at_risk == 0
    assert not [row for row in listed(cohort, ProgressList.ALL).page.rows if row.risks]
