"""One learner on a run, for whoever is about to do something: why they are at risk, what was done, and the letter."""

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import NudgeRefused
from core.model import Enrolment, FollowUp, Organisation, OutboundMessage, StaffMember
from core.rules.progress.risk import Risk
from core.usecases.progress.follow_ups import LearnerOnRun, subject_of
from core.usecases.progress.nudges import NudgePreviewed, previewed
from core.usecases.progress.risk import FOLLOW_UP, IS_MESSAGE, IS_NEWEST, IS_STAFF, FollowUpCard, follow_up_of


class ShowAtRisk(Struct, frozen=True):
    """The learner by id or by what names them."""

    run: str
    who: str = ""
    learner_id: int = 0


class AtRiskShown(Struct, frozen=True):
    """``letter`` None: ``refused`` says why nobody may be nudged now."""

    organisation: str
    time_zone: str
    learner_id: int
    name: str
    run: RunCard
    step_percentage: int | None
    risks: tuple[Risk, ...]
    follow_up: FollowUpCard | None
    letter: NudgePreviewed | None
    refused: str


def show_at_risk(ctx: Context, command: ShowAtRisk) -> AtRiskShown:
    """Raises RunNotFound, ProviderNotGranted, LearnerNotFound, LearnerNotOnRun."""
    staff = access.require_staff(ctx, Permission.INVITE)
    subject = subject_of(ctx, staff, command.run, command.learner_id, command.who)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    letter, refused = None, ""
    try:
        letter = previewed(ctx, staff, subject, "")
    except NudgeRefused as error:
        refused = error.message
    return AtRiskShown(
        organisation=organisation.name,
        time_zone=organisation.time_zone,
        learner_id=subject.learner.id,
        name=subject.name,
        run=run_card(subject.run),
        step_percentage=subject.row.step_percentage,
        risks=subject.risks,
        follow_up=_done_last(ctx, subject),
        letter=letter,
        refused=refused,
    )


def _done_last(ctx: Context, subject: LearnerOnRun) -> FollowUpCard | None:
    query = (
        select(*FOLLOW_UP)
        .select_from(Enrolment)
        .join(FollowUp, IS_NEWEST)
        .join(StaffMember, IS_STAFF)
        .outerjoin(OutboundMessage, IS_MESSAGE)
        .where(Enrolment.learner_id == subject.learner.id, Enrolment.run_id == subject.run.id)
    )
    row = ctx.session.execute(query, {"now": ctx.now}).one_or_none()
    return follow_up_of(row) if row is not None else None
