"""The table of courses, and one run's page: who is enrolled, who has not answered yet (LM, Track learners).

Counts are taken for the rows of one page only, from indexes that begin with the run: their cost follows the page and
not the organisation.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import Select, bindparam, exists, func, select

from core import access
from core.access import Permission
from core.cards import CARD_COLUMNS, RunCard, card_of, run_card
from core.context import Context
from core.model import Course, CourseRun, Enrolment, Invitation, Learner, LearnerAddress, StaffMember
from core.pages import Page, page_within
from core.queries import Query
from core.rules.policy import NAME_CHARACTERS, PAGE_ROWS
from core.rules.text import clean_name, folded
from core.usecases.catalogue.runs import ListChoosableRuns, choosable_page
from core.usecases.invitations.lists import (
    InvitationRow,
    ListedState,
    ListInvitations,
    invitation_counts,
    invitation_page,
)
from core.usecases.links.lists import links_to
from core.usecases.links.showing import SharedLinkShown
from core.words import InvitationState, JoinedBy


class ListCourses(Struct, frozen=True):
    """``search`` matches code and titles; empty lists all. Pages count from 1."""

    search: str = ""
    page: int = 1


class CourseRow(Struct, frozen=True):
    run: RunCard
    enrolled: int
    waiting: int
    """Invited and not accepted yet."""


class CoursesListed(Struct, frozen=True):
    rows: tuple[CourseRow, ...]
    page: int
    page_count: int
    total: int
    search: str
    may_invite: bool


class RunList(StrEnum):
    """The lists of a run's page."""

    ENROLLED = "enrolled"
    PENDING = "pending"
    DECLINED = "declined"
    LINKS = "links"


class ShowRun(Struct, frozen=True):
    run: str
    shown: RunList = RunList.ENROLLED
    search: str = ""
    page: int = 1


class EnrolledRow(Struct, frozen=True):
    learner_id: int
    name: str
    address: str
    enrolled_at: datetime
    joined_by: JoinedBy


class RunShown(Struct, frozen=True):
    run: RunCard
    counts: tuple[tuple[RunList, int], ...]
    """Of the whole run, whatever is searched for."""
    bounced: int
    """Invitations that did not arrive: in none of the lists here."""
    shown: RunList
    search: str
    page: Page[EnrolledRow] | Page[InvitationRow] | Page[SharedLinkShown]
    may_invite: bool


def list_courses(ctx: Context, command: ListCourses) -> CoursesListed:
    staff = access.require_staff(ctx, Permission.VIEW)
    listed = choosable_page(ctx, staff, ListChoosableRuns(command.search, command.page))
    found = _COUNTED_CARDS.run(ctx, run_ids=listed.rows, now=ctx.now)
    by_id = {row.id: CourseRow(card_of(row), row.enrolled, row.waiting) for row in found}
    rows = tuple(by_id[run_id] for run_id in listed.rows)
    return CoursesListed(rows, listed.page, listed.page_count, listed.total, command.search, _may_invite(staff))


def _may_invite(staff: StaffMember) -> bool:
    return Permission.INVITE in access.ROLE_PERMISSIONS[staff.role]


def show_run(ctx: Context, command: ShowRun) -> RunShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    links = links_to(ctx, run)
    states = dict(invitation_counts(ctx, run))
    return RunShown(
        run=run_card(run),
        counts=(
            (RunList.ENROLLED, _ENROLLED_IN.run(ctx, run_id=run.id).scalar_one()),
            (RunList.PENDING, states[ListedState.PENDING]),
            (RunList.DECLINED, states[ListedState.DECLINED]),
            (RunList.LINKS, len(links)),
        ),
        bounced=states[ListedState.BOUNCED],
        shown=command.shown,
        search=command.search,
        page=_page(ctx, run, command, links),
        may_invite=_may_invite(staff),
    )


def _page(
    ctx: Context, run: CourseRun, command: ShowRun, links: list[SharedLinkShown]
) -> Page[EnrolledRow] | Page[InvitationRow] | Page[SharedLinkShown]:
    if command.shown is RunList.ENROLLED:
        return _enrolled_page(ctx, run, command)
    if command.shown is RunList.LINKS:
        # At most one of the run and one of its course.
        return Page(tuple(links), 1, 1, len(links))
    return _invited_page(ctx, run, command)


# With every table of courses, for the rows of its page.
_ENROLLED = (
    select(func.count())
    .where(Enrolment.run_id == CourseRun.id, Enrolment.left_at.is_(None))
    .correlate(CourseRun)
    .scalar_subquery()
)
_WAITING = (
    select(func.count())
    .where(
        Invitation.run_id == CourseRun.id,
        # As a word of the statement: for a value SQLite would plan it anew each time, because of the partial index.
        Invitation.state == bindparam("pending", InvitationState.PENDING, literal_execute=True),
        Invitation.replaced_at.is_(None),
        Invitation.expires_at > bindparam("now"),
    )
    .correlate(CourseRun)
    .scalar_subquery()
)
_ENROLLED_IN = Query(
    select(_ENROLLED.label("enrolled")).select_from(CourseRun).where(CourseRun.id == bindparam("run_id"))
)
_COUNTED_CARDS = Query(
    select(*CARD_COLUMNS, _ENROLLED.label("enrolled"), _WAITING.label("waiting"))
    .join(Course, Course.id == CourseRun.course_id)
    .where(CourseRun.id.in_(bindparam("run_ids", expanding=True)))
)


def _enrolled_page(ctx: Context, run: CourseRun, command: ShowRun) -> Page[EnrolledRow]:
    matching = _enrolled_matching(run, command.search)
    total = ctx.session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    page, page_count = page_within(command.page, total)
    rows = ctx.session.execute(
        matching.order_by(Enrolment.enrolled_at.desc(), Enrolment.id).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)
    )
    return Page(tuple(EnrolledRow(*row) for row in rows), page, page_count, total)


def _enrolled_matching(run: CourseRun, search: str) -> Select[int, str, str, datetime, JoinedBy]:
    """Of several addresses of a learner the first one stands for them."""
    address = (
        select(LearnerAddress.address)
        .where(LearnerAddress.learner_id == Learner.id)
        .order_by(LearnerAddress.id)
        .limit(1)
        .scalar_subquery()
    )
    name = Learner.first_name + " " + Learner.last_name
    query = (
        select(Learner.id, name, address, Enrolment.enrolled_at, Enrolment.joined_by)
        .join(Learner, Learner.id == Enrolment.learner_id)
        .where(Enrolment.run_id == run.id, Enrolment.left_at.is_(None), Learner.removed_at.is_(None))
    )
    if not search:
        return query
    wanted = folded(search)
    has_address = exists().where(
        LearnerAddress.learner_id == Learner.id, LearnerAddress.address_key.contains(wanted, autoescape=True)
    )
    # As typed besides: SQLite lowers no accented letter.
    is_named = func.lower(name).contains(wanted, autoescape=True) | name.contains(
        clean_name(search, NAME_CHARACTERS), autoescape=True
    )
    return query.where(has_address | is_named)


def _invited_page(ctx: Context, run: CourseRun, command: ShowRun) -> Page[InvitationRow]:
    state = ListedState(command.shown.value)
    return invitation_page(ctx, run, ListInvitations(run.code, state, command.search, command.page))
