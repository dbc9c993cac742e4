"""Whose history is meant: a person, a batch, an import, a link or a run, found among those that the asker may see.

A person is a learner by anything that names one, whoever was invited under an address and never answered, or a staff
member: for owners, and for themselves.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import or_, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import (
    BatchNotFound,
    LearnerNotFound,
    RoleMissing,
    RunNotFound,
    RunOrLearnerNotFound,
    SharedLinkNotFound,
    StaffNotFound,
)
from core.model import (
    Course,
    CourseRun,
    ImportRow,
    Invitation,
    InvitationBatch,
    Learner,
    LearnerAddress,
    SharedLink,
    StaffMember,
)
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.text import folded
from core.usecases.imports.imports import find_import
from core.usecases.learners.cards import invited_as
from core.usecases.learners.lists import exact_ids, sight_of
from core.usecases.learners.naming import named_ids
from core.usecases.links.shared_links import seen_link
from core.usecases.links.showing import code_of
from core.words import Subject


class Meant(Struct, frozen=True):
    """``ids``: whatever happened to these or in them belongs to the history. ``wholes``: what was done to all of these,
    the batches and imports that somebody is in.
    """

    kind: Subject
    subject_id: int
    name: str
    """Of a learner or staff member; an address; a number or a code."""
    words: str
    """What names it in a request."""
    ids: tuple[int, ...]
    wholes: tuple[int, ...] = ()


def meant(ctx: Context, staff: StaffMember, kind: Subject, name: str, subject_id: int) -> Meant:
    """By name as typed, or by id. Raises NotFound of its kind, RoleMissing, ProviderNotGranted, LearnerUnclear."""
    match kind:
        case Subject.BATCH:
            return _batch(ctx, staff, name, subject_id)
        case Subject.IMPORT:
            found_import = find_import(ctx, int(name or 0), subject_id)
            ref = f"I-{found_import.number:04d}"
            return Meant(kind, found_import.id, ref, ref, (found_import.id,))
        case Subject.LINK:
            return _link(ctx, staff, name, subject_id)
        case Subject.STAFF:
            return _colleague(ctx, staff, name, subject_id)
        case Subject.LEARNER:
            return _person(ctx, staff, name, subject_id)
        case Subject.INVITATION:
            return _invited(ctx, staff, name, subject_id)
    return _run(ctx, staff, name, subject_id)


def _batch(ctx: Context, staff: StaffMember, name: str, batch_id: int) -> Meant:
    by = InvitationBatch.id == batch_id if batch_id else InvitationBatch.number == int(name or 0)
    batch = ctx.session.scalars(select(InvitationBatch).where(by)).one_or_none()
    if batch is None:
        raise BatchNotFound(number=f"B-{int(name or 0):04d}")
    access.require_provider(ctx, staff, access.run_of_invitation(ctx, batch))
    ref = f"B-{batch.number:04d}"
    return Meant(Subject.BATCH, batch.id, ref, ref, (batch.id,))


def _run(ctx: Context, staff: StaffMember, name: str, run_id: int) -> Meant:
    """A run goes first; what is none, may be a learner."""
    if run_id:
        run = access.run_by_id(ctx, staff.organisation_id, run_id)
    else:
        try:
            run = access.invited_run_by_code(ctx, staff.organisation_id, name.partition(" ")[0].strip(",;:"))
        except RunNotFound as no_run:
            try:
                return _learner_named(ctx, staff, name)
            except LearnerNotFound as nobody:
                raise RunOrLearnerNotFound(who=name, runs=no_run.nearest, choices=nobody.choices) from no_run
    access.require_provider(ctx, staff, run)
    return Meant(Subject.RUN, run.id, run.code, run.code, (run.id,))


def _link(ctx: Context, staff: StaffMember, name: str, link_id: int) -> Meant:
    """The newest link of a run or course, the one that was taken back too."""
    if not link_id:
        code = folded(name)
        newest = (
            select(SharedLink.id)
            .join(Course, Course.id == SharedLink.course_id)
            .outerjoin(CourseRun, CourseRun.course_id == Course.id)
            .where(or_(CourseRun.code == code, Course.code == code))
            .where(or_(SharedLink.run_id.is_(None), SharedLink.run_id == CourseRun.id))
            .order_by(SharedLink.created_at.desc(), SharedLink.id)
            .limit(1)
        )
        link_id = ctx.session.scalar(newest) or 0
    if not link_id:
        raise SharedLinkNotFound
    now = seen_link(ctx, staff, link_id)
    return Meant(Subject.LINK, now.link.id, code_of(now), f"link {code_of(now)}", (now.link.id,))


def _colleague(ctx: Context, asker: StaffMember, name: str, staff_id: int) -> Meant:
    """Raises RoleMissing where somebody asks for a colleague's and looks after no staff, whoever it is."""
    address = parse_address(name)
    key = "" if isinstance(address, InvalidAddress) else address.key
    is_own = asker.id == staff_id or asker.email_key == key
    if not is_own and Permission.MANAGE_STAFF not in access.ROLE_PERMISSIONS[asker.role]:
        raise RoleMissing(role=asker.role)
    by = StaffMember.id == staff_id if staff_id else StaffMember.email_key == key
    staff = ctx.session.scalars(select(StaffMember).where(by)).one_or_none()
    if staff is None:
        raise StaffNotFound(who=name)
    return Meant(Subject.STAFF, staff.id, staff.name, f"staff {staff.email}", (staff.id,))


# --- Learners ---------------------------------------------------------------------------------------------


def _person(ctx: Context, staff: StaffMember, name: str, learner_id: int) -> Meant:
    """A learner goes first; whoever is staff as well is asked for as such."""
    if name and "@" not in name:
        return _learner_named(ctx, staff, name)
    learner = _learner(ctx, staff, (learner_id,) if learner_id else exact_ids(ctx, staff, name), name)
    if learner is not None:
        return learner
    if learner_id:
        raise LearnerNotFound(who="this learner")
    try:
        return _colleague(ctx, staff, name, 0)
    except (RoleMissing, StaffNotFound):
        return _invited(ctx, staff, name, 0)


def _learner_named(ctx: Context, staff: StaffMember, name: str) -> Meant:
    """By username, by a number of theirs, or by their names. Raises LearnerNotFound, LearnerUnclear."""
    learner = _learner(ctx, staff, named_ids(ctx, staff, name), name)
    if learner is None:
        raise LearnerNotFound(who=name)
    return learner


def _learner(ctx: Context, staff: StaffMember, ids: Sequence[int], name: str) -> Meant | None:
    """``name`` as typed."""
    sight = sight_of(ctx, staff)
    query = select(Learner.id, Learner.first_name, Learner.last_name, Learner.username)
    rows = ctx.session.execute(query.where(Learner.id.in_(ids), *sight.visible).limit(2)).all()
    if len(rows) != 1:
        return None
    (row,) = rows
    keys = ctx.session.scalars(select(LearnerAddress.address_key).where(LearnerAddress.learner_id == row.id)).all()
    invitations = ctx.session.execute(select(Invitation.id, Invitation.batch_id).where(invited_as(row.id, keys))).all()
    imports = ctx.session.scalars(select(ImportRow.import_id).where(ImportRow.learner_id == row.id).distinct()).all()
    return Meant(
        Subject.LEARNER,
        row.id,
        f"{row.first_name} {row.last_name}".strip(),
        # No number of theirs is said back, for answers are kept.
        name if "@" in name else f"learner {row.username}" if row.username else next(iter(sorted(keys)), "ADDRESS"),
        (row.id, *(each.id for each in invitations)),
        (*{each.batch_id for each in invitations}, *imports),
    )


def _invited(ctx: Context, staff: StaffMember, name: str, invitation_id: int) -> Meant:
    """Somebody who was invited under this address, to runs that the asker looks after, and has not joined anything."""
    address = parse_address(name)
    key = "" if isinstance(address, InvalidAddress) else address.key
    if invitation_id:
        key = ctx.session.scalar(select(Invitation.address_key).where(Invitation.id == invitation_id)) or ""
    query = (
        select(Invitation.id, Invitation.batch_id, Invitation.address)
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(Course, Course.id == CourseRun.course_id)
        .where(Invitation.address_key == key, Invitation.learner_id.is_(None))
        .order_by(Invitation.created_at.desc(), Invitation.id)
    )
    granted = access.granted_provider_ids(ctx, staff)
    if granted is not None:
        is_foreign = Course.organisation_id != staff.organisation_id
        query = query.where(or_(Course.provider_id.is_(None), is_foreign, Course.provider_id.in_(granted)))
    rows = ctx.session.execute(query).all() if key else []
    if not rows:
        raise LearnerNotFound(who=name or "this learner")
    return Meant(
        Subject.INVITATION,
        rows[0].id,
        rows[0].address,
        rows[0].address,
        tuple(row.id for row in rows),
        tuple({row.batch_id for row in rows}),
    )
