"""One learner: the card, what is stored encrypted about them, and what was done about them.

1. The card has nothing that is stored encrypted, for it is said in chats and kept with an answer by e-mail. Who may
   manage learners asks for that part by itself, and the audit notes that they did.
2. A learner of a provider that the asker may not manage is answered like one who is not there.
3. A card takes the same number of statements whatever a learner has.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select, union

from core import access
from core.access import Permission
from core.context import Context
from core.errors import LearnerNotFound
from core.model import (
    AuditEntry,
    CourseRun,
    Enrolment,
    Import,
    ImportRow,
    Invitation,
    Learner,
    LearnerAddress,
    LearnerChange,
    StaffMember,
)
from core.rules.policy import CARD_ROWS, HISTORY_ROWS
from core.rules.ucas.buckets import Bucket
from core.rules.ucas.columns import LEARNER_COLUMNS as COLUMNS
from core.rules.ucas.columns import Column
from core.rules.ucas.values import FIRST_SECRET
from core.usecases.imports.values import LEARNER_COLUMNS, import_ref, keeper
from core.usecases.learners.lists import (
    CARD_COLUMNS,
    LearnerCard,
    LearnersListed,
    ListLearners,
    Sight,
    card_of,
    exact_ids,
    list_learners,
    sight_of,
)
from core.usecases.learners.naming import named_ids
from core.words import ImportState, InvitationState, JoinedBy, Subject


class FindLearners(Struct, frozen=True):
    """``learners`` and words: somebody's card where one word names one learner, else the list."""

    search: str


class ShowLearner(Struct, frozen=True):
    """By id, or by whatever names one: their name, username, address, ULN, UPN, CCIS record ID."""

    learner_id: int = 0
    who: str = ""


class InvitationOf(Struct, frozen=True):
    run: str
    address: str
    state: InvitationState
    is_over: bool
    """Pending, and its time is over."""
    created_at: datetime


class EnrolmentOf(Struct, frozen=True):
    run: str
    title: str
    joined_by: JoinedBy
    enrolled_at: datetime
    left_at: datetime | None


class HistoryEntry(Struct, frozen=True):
    """``what``: a use case's name in the audit, a deed, or an import's bucket; ``about``: columns, an import's number.

    ``who`` empty: the import, or somebody who is gone.
    """

    at: datetime
    what: str
    who: str
    door: str
    about: str


class LearnerShown(Struct, frozen=True):
    """The newest of each, and how many there are."""

    card: LearnerCard
    may_manage: bool
    addresses: tuple[str, ...]
    """Others by which they are known."""
    enrolments: tuple[EnrolmentOf, ...]
    enrolment_count: int
    invitations: tuple[InvitationOf, ...]
    invitation_count: int
    history: tuple[HistoryEntry, ...]


class SeeLearnerDetails(Struct, frozen=True):
    """The columns that are stored encrypted. Run, not read: the audit notes who looked."""

    learner_id: int


class DetailsSeen(Struct, frozen=True):
    """``values``: every column of the import that has one, as it would stand in a sheet."""

    card: LearnerCard
    values: tuple[tuple[Column, str], ...]

    def value(self, column: Column) -> str:
        return dict(self.values).get(column, "")

    @property
    def secret(self) -> tuple[tuple[Column, str], ...]:
        return tuple((column, value) for column, value in self.values if column in COLUMNS[FIRST_SECRET:])


def find_learners(ctx: Context, command: FindLearners) -> LearnerShown | LearnersListed:
    staff = access.require_staff(ctx, Permission.VIEW)
    row = _only_one(ctx, sight_of(ctx, staff), exact_ids(ctx, staff, command.search))
    if row is None:
        return list_learners(ctx, ListLearners(command.search))
    return show_learner(ctx, ShowLearner(row.id))


def show_learner(ctx: Context, command: ShowLearner) -> LearnerShown:
    """Raises LearnerNotFound."""
    staff = access.require_staff(ctx, Permission.VIEW)
    sight = sight_of(ctx, staff)
    card = card_of(sight, seen_learner(ctx, staff, sight, command))
    ids = card.learner_id
    enrolments = _enrolments(ctx, ids)
    addresses = tuple(
        ctx.session.execute(
            select(LearnerAddress.address, LearnerAddress.address_key)
            .where(LearnerAddress.learner_id == ids)
            .order_by(LearnerAddress.id)
        ).all()
    )
    invitations = _invitations(ctx, ids, [row.address_key for row in addresses])
    return LearnerShown(
        card=card,
        may_manage=Permission.MANAGE_LEARNERS in access.ROLE_PERMISSIONS[staff.role],
        addresses=tuple(row.address for row in addresses if row.address != card.email),
        enrolments=tuple(EnrolmentOf(*row[:-1]) for row in enrolments),
        enrolment_count=enrolments[0].total if enrolments else 0,
        invitations=tuple(_invitation(ctx, row) for row in invitations),
        invitation_count=invitations[0].total if invitations else 0,
        history=_history(ctx, staff, ids),
    )


def see_learner_details(ctx: Context, command: SeeLearnerDetails) -> DetailsSeen:
    """Raises LearnerNotFound."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    sight = sight_of(ctx, staff)
    card = card_of(sight, seen_learner(ctx, staff, sight, ShowLearner(command.learner_id)))
    ctx.about(Subject.LEARNER, card.learner_id)
    row = ctx.session.execute(select(*LEARNER_COLUMNS).where(Learner.id == card.learner_id)).one()
    values = keeper(ctx).learner_values(row, card.ukprn)
    # The columns end before how the year group was spelt.
    pairs = zip(COLUMNS, values, strict=False)
    return DetailsSeen(card, tuple((column, value) for column, value in pairs if value))


# --- Finding ----------------------------------------------------------------------------------------------


def seen_learner(ctx: Context, staff: StaffMember, sight: Sight, command: ShowLearner) -> Any:
    """The CARD_COLUMNS of the one who is meant, if the asker may see them. Raises LearnerNotFound, LearnerUnclear."""
    ids = (command.learner_id,) if command.learner_id else named_ids(ctx, staff, command.who)
    row = _only_one(ctx, sight, ids)
    if row is None:
        raise LearnerNotFound(who=command.who or "this learner")
    return row


def _only_one(ctx: Context, sight: Sight, ids: Sequence[int]) -> Any:
    if not ids:
        return None
    rows = ctx.session.execute(select(*CARD_COLUMNS).where(Learner.id.in_(ids), *sight.visible).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def _enrolments(ctx: Context, learner_id: int) -> Sequence[Any]:
    return ctx.session.execute(
        select(
            CourseRun.code,
            CourseRun.title,
            Enrolment.joined_by,
            Enrolment.enrolled_at,
            Enrolment.left_at,
            func.count().over().label("total"),
        )
        .join(CourseRun, CourseRun.id == Enrolment.run_id)
        .where(Enrolment.learner_id == learner_id)
        .order_by(Enrolment.enrolled_at.desc(), Enrolment.id)
        .limit(CARD_ROWS)
    ).all()


def invited_as(learner_id: int, address_keys: Sequence[str]) -> ColumnElement[bool]:
    """Which invitations are a learner's: those they answered, and those to an address of theirs."""
    answered = select(Invitation.id).where(Invitation.learner_id == learner_id)
    addressed = select(Invitation.id).where(Invitation.address_key.in_(list(address_keys)))
    return Invitation.id.in_(union(answered, addressed))


def _invitations(ctx: Context, learner_id: int, address_keys: Sequence[str]) -> Sequence[Any]:
    return ctx.session.execute(
        select(
            CourseRun.code,
            Invitation.address,
            Invitation.state,
            Invitation.expires_at,
            Invitation.created_at,
            func.count().over().label("total"),
        )
        .join(CourseRun, CourseRun.id == Invitation.run_id)
        .where(invited_as(learner_id, address_keys), Invitation.replaced_at.is_(None))
        .order_by(Invitation.created_at.desc(), Invitation.id)
        .limit(CARD_ROWS)
    ).all()


def _invitation(ctx: Context, row: Any) -> InvitationOf:
    is_over = row.state is InvitationState.PENDING and row.expires_at <= ctx.now
    return InvitationOf(row.code, row.address, row.state, is_over, row.created_at)


# --- History ----------------------------------------------------------------------------------------------

_LOOKS: Final = (see_learner_details.__name__,)


def _history(ctx: Context, staff: StaffMember, learner_id: int) -> tuple[HistoryEntry, ...]:
    """Newest first: what was made of them here, by imports, and who looked at what is encrypted."""
    entries = [*_deeds(ctx, learner_id), *_imports(ctx, learner_id), *_looks(ctx, staff, learner_id)]
    names = _names(ctx, {staff_id for _, staff_id in entries})
    told = [_told(entry, names.get(staff_id, "")) for entry, staff_id in entries]
    return tuple(sorted(told, key=lambda entry: entry.at, reverse=True)[:HISTORY_ROWS])


def _told(entry: HistoryEntry, who: str) -> HistoryEntry:
    return HistoryEntry(entry.at, entry.what, who, entry.door, entry.about)


def _names(ctx: Context, ids: set[int]) -> dict[int, str]:
    query = select(StaffMember.id, StaffMember.first_name, StaffMember.last_name).where(StaffMember.id.in_(ids))
    return {row.id: f"{row.first_name} {row.last_name}" for row in ctx.session.execute(query)}


def _deeds(ctx: Context, learner_id: int) -> list[tuple[HistoryEntry, int]]:
    rows = ctx.session.execute(
        select(
            LearnerChange.made_at, LearnerChange.deed, LearnerChange.door, LearnerChange.columns,
            LearnerChange.staff_id, LearnerChange.undone_at, LearnerChange.undone_by,
        )
        .where(LearnerChange.learner_id == learner_id, LearnerChange.made_at.is_not(None))
        .order_by(LearnerChange.made_at.desc())
        .limit(HISTORY_ROWS)
    )  # fmt: skip
    entries: list[tuple[HistoryEntry, int]] = []
    for row in rows:
        about = row.columns.replace(",", ", ")
        entries.append((HistoryEntry(row.made_at, row.deed.value, "", row.door.value, about), row.staff_id))
        if row.undone_at is not None:
            entries.append((HistoryEntry(row.undone_at, "undone", "", "", row.deed.value), row.undone_by))
    return entries


def _imports(ctx: Context, learner_id: int) -> list[tuple[HistoryEntry, int]]:
    rows = ctx.session.execute(
        select(ImportRow.bucket, ImportRow.changes, Import.number, Import.door, Import.staff_id, Import.settled_at)
        .join(Import, Import.id == ImportRow.import_id)
        .where(
            ImportRow.learner_id == learner_id,
            ImportRow.bucket.in_((Bucket.CREATED, Bucket.UPDATED)),
            Import.state.in_((ImportState.APPLIED, ImportState.UNDONE)),
            Import.settled_at.is_not(None),
        )
        .order_by(Import.settled_at.desc())
        .limit(HISTORY_ROWS)
    )
    return [
        (
            HistoryEntry(
                row.settled_at,
                f"import_{row.bucket.value}",
                "",
                row.door.value,
                ", ".join(filter(None, (import_ref(row.number), row.changes.replace(",", ", ")))),
            ),
            row.staff_id,
        )
        for row in rows
    ]


def _looks(ctx: Context, staff: StaffMember, learner_id: int) -> list[tuple[HistoryEntry, int]]:
    """The audit is no organisation's own table: it is named."""
    rows = ctx.session.execute(
        select(AuditEntry.at, AuditEntry.action, AuditEntry.door, AuditEntry.actor)
        .where(
            AuditEntry.organisation_id == staff.organisation_id,
            AuditEntry.subject == f"learner_id={learner_id}",
            AuditEntry.action.in_(_LOOKS),
            AuditEntry.outcome == "done",
        )
        .order_by(AuditEntry.at.desc())
        .limit(HISTORY_ROWS)
    )
    return [
        (HistoryEntry(row.at, row.action, "", row.door, ""), int(row.actor.rpartition(":")[2] or 0))
        for row in rows
        if row.actor.startswith("staff:")
    ]
