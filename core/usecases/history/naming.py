"""What the entries of a page were about, by the names of today: one statement a kind, whatever there is of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, case, or_, select

from core.context import Context
from core.model import (
    AuditSubject,
    Course,
    CourseRun,
    Import,
    Invitation,
    InvitationBatch,
    Learner,
    SharedLink,
    StaffMember,
)
from core.usecases.learners.lists import Sight, sight_of
from core.words import ImportSubject, Subject

About = tuple[Subject, int, bool]
"""(kind, id, whether it was a part)"""


class Named(Struct, frozen=True):
    """What a deed was about. Empty where it was about none, or about what the asker may not see."""

    learner: str = ""
    """Their name, or the address that was invited."""
    colleague: str = ""
    """Of the staff, to whom it was done."""
    run: str = ""
    """The course's title."""
    run_code: str = ""
    link: str = ""
    """The title of the course that it leads to."""
    batches: tuple[int, ...] = ()
    import_number: int | None = None
    import_subject: ImportSubject = ImportSubject.LEARNERS


class Names:
    """``actors``: names of staff members, by what the audit calls them."""

    def __init__(self, subjects: Mapping[int, Sequence[About]], found: Mapping[Subject, Mapping[int, Any]]) -> None:
        self._subjects, self._found = subjects, found
        self.actors = {f"staff:{staff_id}": name for staff_id, name in found[Subject.STAFF].items()}

    def of(self, entry_id: int) -> Named:
        about: defaultdict[Subject, list[Any]] = defaultdict(list)
        for kind, subject_id, is_part in self._subjects.get(entry_id, ()):
            # A part of the staff is who did it.
            if not (kind is Subject.STAFF and is_part) and (known := self._found[kind].get(subject_id)) is not None:
                about[kind].append(known)
        run = next(iter(about[Subject.RUN]), ("", ""))
        imported = next(iter(about[Subject.IMPORT]), (None, ImportSubject.LEARNERS))
        return Named(
            learner=next(iter((*about[Subject.LEARNER], *about[Subject.INVITATION])), ""),
            colleague=next(iter(about[Subject.STAFF]), ""),
            run=run[0],
            run_code=run[1],
            link=next(iter(about[Subject.LINK]), ""),
            batches=tuple(sorted(about[Subject.BATCH])),
            import_number=imported[0],
            import_subject=imported[1],
        )


def named(ctx: Context, staff: StaffMember, entries: Sequence[Any]) -> Names:
    subjects = _subjects(ctx, entries)
    ids: defaultdict[Subject, set[int]] = defaultdict(set)
    for each in subjects.values():
        for kind, subject_id, _is_part in each:
            ids[kind].add(subject_id)
    ids[Subject.STAFF] |= {int(entry.actor[6:]) for entry in entries if entry.actor.startswith("staff:")}
    sight = sight_of(ctx, staff)
    found = {
        Subject.STAFF: _colleagues(ctx, ids[Subject.STAFF]),
        Subject.RUN: _runs(ctx, ids[Subject.RUN]),
        Subject.LINK: _links(ctx, ids[Subject.LINK]),
        Subject.BATCH: _batches(ctx, ids[Subject.BATCH]),
        Subject.IMPORT: _imports(ctx, ids[Subject.IMPORT]),
        Subject.LEARNER: _learners(ctx, sight, ids[Subject.LEARNER]),
        Subject.INVITATION: _invitations(ctx, sight, ids[Subject.INVITATION]),
    }
    return Names(subjects, found)


def _subjects(ctx: Context, entries: Sequence[Any]) -> dict[int, list[About]]:
    """Of one that concerned many, not each of these: it is told by their number."""
    many = [entry.id for entry in entries if (entry.amount or 0) > 1]
    few = [entry.id for entry in entries if (entry.amount or 0) <= 1]
    kinds = [kind for kind in Subject if kind not in (Subject.INVITATION, Subject.LEARNER)]
    of_many = and_(AuditSubject.entry_id.in_(many), AuditSubject.kind.in_(kinds))
    rows = ctx.session.execute(
        select(AuditSubject.entry_id, AuditSubject.kind, AuditSubject.subject_id, AuditSubject.is_part).where(
            or_(AuditSubject.entry_id.in_(few), of_many)
        )
    )
    found: defaultdict[int, list[About]] = defaultdict(list)
    for row in rows:
        found[row.entry_id].append((row.kind, row.subject_id, row.is_part))
    return found


def _colleagues(ctx: Context, ids: set[int]) -> dict[int, Any]:
    query = select(StaffMember.id, StaffMember.first_name, StaffMember.last_name).where(StaffMember.id.in_(ids))
    return {row.id: f"{row.first_name} {row.last_name}".strip() for row in ctx.session.execute(query)}


def _runs(ctx: Context, ids: set[int]) -> dict[int, Any]:
    query = select(CourseRun.id, CourseRun.code, Course.title).join(Course, Course.id == CourseRun.course_id)
    return {row.id: (row.title, row.code) for row in ctx.session.execute(query.where(CourseRun.id.in_(ids)))}


def _links(ctx: Context, ids: set[int]) -> dict[int, Any]:
    query = select(SharedLink.id, Course.title).join(Course, Course.id == SharedLink.course_id)
    return {row.id: row.title for row in ctx.session.execute(query.where(SharedLink.id.in_(ids)))}


def _batches(ctx: Context, ids: set[int]) -> dict[int, Any]:
    query = select(InvitationBatch.id, InvitationBatch.number).where(InvitationBatch.id.in_(ids))
    return {row.id: row.number for row in ctx.session.execute(query)}


def _imports(ctx: Context, ids: set[int]) -> dict[int, Any]:
    query = select(Import.id, Import.number, Import.subject).where(Import.id.in_(ids))
    return {row[0]: (row[1], row[2]) for row in ctx.session.execute(query)}


def _learners(ctx: Context, sight: Sight, ids: set[int]) -> dict[int, Any]:
    query = select(Learner.id, Learner.first_name, Learner.last_name).where(Learner.id.in_(ids), *sight.visible)
    return {row.id: f"{row.first_name} {row.last_name}".strip() for row in ctx.session.execute(query)}


def _invitations(ctx: Context, sight: Sight, ids: set[int]) -> dict[int, Any]:
    """By their learner, once somebody has answered; before that nobody is known but an address, to who sees the run."""
    rows = ctx.session.execute(
        select(
            Invitation.id, Invitation.address, Invitation.address_key, Invitation.learner_id, Learner.first_name,
            Learner.last_name, Learner.provider_id, Learner.removed_at,
            case((Course.organisation_id == Invitation.organisation_id, Course.provider_id)).label("run_provider_id"),
        )
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .join(Course, Course.id == CourseRun.course_id)
        .outerjoin(Learner, Learner.id == Invitation.learner_id)
        .where(Invitation.id.in_(ids))
    )  # fmt: skip
    return {row.id: name for row in rows if (name := _invited(sight, row))}


def _invited(sight: Sight, row: Any) -> str:
    if row.learner_id is None:
        is_seen = row.run_provider_id is None or sight.may_see(row.run_provider_id)
        # An erased one has a key that is no address.
        return row.address if is_seen and "@" in row.address_key else ""
    if row.removed_at is not None or not sight.may_see(row.provider_id):
        return ""
    return f"{row.first_name} {row.last_name}".strip()
