"""What digests say of an organisation's affairs: how runs stand, invitations, complaints, links, imports, budgets."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, case, func, not_, or_, select
from sqlalchemy.orm import aliased

from core.context import Context
from core.model import (
    Agreement,
    Course,
    CourseRun,
    Enrolment,
    Import,
    Invitation,
    Learner,
    Organisation,
    OutboundMessage,
    Progress,
    SharedLink,
    Suppression,
)
from core.model.invitations import IS_LIVE
from core.rules.policy import COMPLETED_SHARE, DIGEST_ENDING
from core.usecases.digests.windows import Rows, Windows, number
from core.usecases.links.states import may_end_by
from core.words import ImportState, MessageState, SuppressReason


def totals(ctx: Context, windows: Windows, run_ids: Sequence[int]) -> Rows:
    """How a run stands now, for its bar: those who are on it, counted as ``progress RUN`` does."""
    stays = and_(Progress.left_at.is_(None), Enrolment.left_at.is_(None))
    # Without the organisation SQLite would look for each learner among all of the run.
    whose = and_(Progress.organisation_id == Enrolment.organisation_id, Progress.run_id == Enrolment.run_id)
    query = (
        select(
            Enrolment.organisation_id,
            Enrolment.run_id,
            Learner.provider_id,
            func.count().label("learners"),
            number(and_(Progress.step_percentage >= COMPLETED_SHARE, stays), "finished"),
            number(and_(Progress.step_percentage.is_(None), stays), "unknown"),
            number(not_(stays), "left"),
        )
        # Each has a learner. But by a plain join SQLite would begin with all learners and try each in each of the runs.
        .outerjoin(Learner, Learner.id == Enrolment.learner_id)
        .outerjoin(Progress, and_(whose, Progress.learner_id == Enrolment.learner_id, Progress.is_latest))
        .where(Enrolment.organisation_id.in_(windows.organisation_ids), Enrolment.run_id.in_(run_ids))
        .where(Learner.removed_at.is_(None))
        .group_by(Enrolment.organisation_id, Enrolment.run_id, Learner.provider_id)
    )
    return ctx.session.execute(query).all()


def invitations(ctx: Context, windows: Windows) -> Rows:
    """Those that can still be answered: whose e-mail came back, and which end soon."""
    soon = windows.until + DIGEST_ENDING
    is_over_soon = or_(Invitation.expires_at <= soon, CourseRun.enrolment_closes_at <= soon, CourseRun.ends_at <= soon)
    query = (
        select(
            Invitation.organisation_id,
            Invitation.run_id,
            number(OutboundMessage.state.in_((MessageState.BOUNCED, MessageState.DROPPED)), "bounced"),
            number(is_over_soon, "ending"),
        )
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .where(
            IS_LIVE,
            Invitation.organisation_id.in_(windows.organisation_ids),
            Invitation.expires_at > windows.until,
            or_(CourseRun.enrolment_closes_at.is_(None), CourseRun.enrolment_closes_at > windows.until),
            or_(CourseRun.ends_at.is_(None), CourseRun.ends_at > windows.until),
        )
        .group_by(Invitation.organisation_id, Invitation.run_id)
    )
    return ctx.session.execute(query).all()


def complaints(ctx: Context, windows: Windows) -> Rows:
    """By window and run: who called an e-mail unwanted, once each, with the run they were last invited to."""
    theirs = aliased(Invitation)
    newest = (
        select(theirs.id)
        .where(theirs.organisation_id == Suppression.organisation_id, theirs.address_key == Suppression.address_key)
        .order_by(theirs.created_at.desc(), theirs.id)
        .limit(1)
        .correlate(Suppression)
        .scalar_subquery()
    )
    query = (
        windows.of(Suppression, Invitation.run_id, func.count().label("complained"))
        .join(Invitation, Invitation.id == newest)
        .where(Suppression.reason == SuppressReason.COMPLAINED, windows.within(Suppression.suppressed_at))
        .group_by(windows.place, Invitation.run_id)
    )
    return ctx.session.execute(query).all()


def links(ctx: Context, windows: Windows) -> Rows:
    """Shared links that may end soon; ``core.rules.expiry`` says when."""
    query = (
        select(
            *(SharedLink.organisation_id, SharedLink.counted_from, SharedLink.run_id, Organisation.time_zone),
            *(Course.organisation_id.label("owner_id"), Course.provider_id, Course.code.label("course_code")),
            *(Course.title, CourseRun.code, CourseRun.time_zone.label("run_zone")),
            *(CourseRun.enrolment_closes_at, CourseRun.ends_at),
        )
        .join(Organisation, Organisation.id == SharedLink.organisation_id)
        .join(Course, Course.id == SharedLink.course_id)
        .outerjoin(CourseRun, CourseRun.id == SharedLink.run_id)
        .where(
            SharedLink.organisation_id.in_(windows.organisation_ids),
            may_end_by(windows.until + DIGEST_ENDING),
        )
    )
    return ctx.session.execute(query).all()


def imports(ctx: Context, windows: Windows) -> Rows:
    """By window: the applied ones of it, and those that are held now."""
    is_applied = and_(Import.state == ImportState.APPLIED, windows.within(Import.settled_at))
    is_held = Import.state == ImportState.HELD
    query = (
        windows.of(
            Import,
            number(is_applied, "applied"),
            func.coalesce(func.sum(case((is_applied, Import.created + Import.updated), else_=0)), 0).label("learners"),
            number(is_held, "held"),
        )
        .where(or_(is_applied, is_held))
        .group_by(windows.place)
    )
    return ctx.session.execute(query).all()


def budgets(ctx: Context, windows: Windows) -> Rows:
    query = (
        select(
            *(Agreement.organisation_id, Organisation.name, Agreement.spent_pence, Agreement.budget_pence),
        )
        .join(Organisation, Organisation.id == Agreement.owner_id)
        .where(
            Agreement.organisation_id.in_(windows.organisation_ids),
            Agreement.budget_pence.is_not(None),
            Agreement.starts_at <= windows.until,
            or_(Agreement.ends_at.is_(None), Agreement.ends_at > windows.until),
        )
        .order_by(Organisation.name, Agreement.id)
    )
    return ctx.session.execute(query).all()


def runs(ctx: Context, run_ids: Sequence[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    query = (
        select(CourseRun.id, CourseRun.code, CourseRun.organisation_id, Course.title, Course.provider_id)
        .join(Course, Course.id == CourseRun.course_id)
        .where(CourseRun.id.in_(run_ids))
    )
    return {row.id: row for row in ctx.session.execute(query)}
