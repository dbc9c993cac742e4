"""By which rule learners of a run are at risk: seen with their list, set by whoever may invite to the run."""

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import delete, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import RiskRuleUnclear
from core.model import CourseRun, RunRisk
from core.rules.progress.risk import DEFAULT_RISK, RiskRule, read_risk_rule
from core.usecases.progress.figures import ProgressShown, ShowProgress, show_progress
from core.usecases.progress.risk import rule_of
from core.usecases.progress.run_statements import ProgressList
from core.words import Subject


class SetRiskRule(Struct, frozen=True):
    """``rule`` as typed: ``silent 14, behind 25``; what is not named stays. ``default``, ``off``."""

    run: str
    rule: str


def set_risk_rule(ctx: Context, command: SetRiskRule) -> ProgressShown:
    """Holds at once. Raises RunNotFound, ProviderNotGranted, RiskRuleUnclear."""
    staff = access.require_staff(ctx, Permission.INVITE)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    rule = read_risk_rule(command.rule, _known(ctx, run))
    if rule is None:
        raise RiskRuleUnclear(words=command.rule[:60])
    _store(ctx, run, rule)
    ctx.about(Subject.RUN, run.id)
    shown = show_progress(ctx, ShowProgress(run.code, ProgressList.AT_RISK))
    return replace(shown, is_rule_changed=True)


def _known(ctx: Context, run: CourseRun) -> RiskRule:
    columns = (RunRisk.silent_days, RunRisk.behind_points, RunRisk.not_begun_days)
    row = ctx.session.execute(select(*columns).where(RunRisk.run_id == run.id)).one_or_none()
    return DEFAULT_RISK if row is None else rule_of(row)


def _store(ctx: Context, run: CourseRun, rule: RiskRule) -> None:
    ctx.session.execute(delete(RunRisk).where(RunRisk.run_id == run.id))
    if rule != DEFAULT_RISK:
        access.insert_all(ctx, RunRisk, [{"id": ctx.tokens.new_id(), "run_id": run.id, **asdict(rule)}])
