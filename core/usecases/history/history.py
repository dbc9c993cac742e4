"""The history of one: newest first, in pages, and all of it for a file.

1. What the asker may not see is not named: a learner of another provider is "a learner", and so is whoever was removed
   or erased, for names are looked up when a history is read and stand in no entry.
2. A page takes the same number of statements, whatever it tells of.
3. What was refused is in the audit, but in nobody's history: nothing was done.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, func, or_, select

from core import access
from core.access import Permission
from core.context import Context, Door
from core.model import AuditEntry, AuditSubject, Organisation, StaffMember
from core.pages import page_within
from core.rules.policy import HISTORY_COUNTED, PAGE_ROWS
from core.usecases.history.naming import Named, named
from core.usecases.history.subjects import Meant, meant
from core.words import Subject

_ROWS_AT_ONCE: Final = 500


class ShowHistory(Struct, frozen=True):
    """``kind`` of what is meant, and its ``name`` as typed, or its id."""

    kind: Subject
    name: str = ""
    page: int = 1
    subject_id: int = 0


class Deed(Struct, frozen=True):
    """``action``: a use case's name in the audit; ``who`` did it, by ``actor``'s name in the audit.

    Empty: it was about none, or about what the asker may not see.
    """

    at: datetime
    actor: str
    who: str
    door: Door
    action: str
    amount: int | None
    told: Named


class HistoryShown(Struct, frozen=True):
    kind: Subject
    subject_id: int
    name: str
    words: str
    """What to write after “history” to mean this one."""
    deeds: tuple[Deed, ...]
    page: int
    page_count: int
    total: int
    """At most ``HISTORY_COUNTED``: nobody leafs further, and the file has all."""
    time_zone: str

    @property
    def has_more(self) -> bool:
        return self.total >= HISTORY_COUNTED


def show_history(ctx: Context, command: ShowHistory) -> HistoryShown:
    """Raises NotFound of its kind, RoleMissing, ProviderNotGranted, LearnerUnclear."""
    staff = access.require_staff(ctx, Permission.VIEW)
    whose = meant(ctx, staff, command.kind, command.name, command.subject_id)
    total = count_deeds(ctx, whose, HISTORY_COUNTED)
    page, page_count = page_within(command.page, total)
    entries = ctx.session.execute(_entries(whose).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)).all()
    return HistoryShown(
        kind=whose.kind,
        subject_id=whose.subject_id,
        name=whose.name,
        words=whose.words,
        deeds=_told(ctx, staff, entries),
        page=page,
        page_count=page_count,
        total=total,
        time_zone=ctx.session.get_one(Organisation, staff.organisation_id).time_zone,
    )


def count_deeds(ctx: Context, whose: Meant, most: int | None) -> int:
    """Counted up to ``most``; without it, all."""
    some = _chosen(whose).with_only_columns(AuditSubject.entry_id).limit(most).subquery()
    return ctx.session.scalar(select(func.count()).select_from(some)) or 0


def all_deeds(ctx: Context, staff: StaffMember, whose: Meant) -> Iterator[Sequence[Deed]]:
    """Piece by piece, newest first. The caller has authorised."""
    last: Any = None
    while entries := ctx.session.execute(_entries(whose, last).limit(_ROWS_AT_ONCE)).all():
        yield _told(ctx, staff, entries)
        last = entries[-1]


def _entries(whose: Meant, after: Any = None) -> Select[*tuple[Any, ...]]:
    """``after``: the last one that is known."""
    chosen = _chosen(whose)
    if after is not None:
        is_older = and_(AuditSubject.at == after.at, AuditSubject.entry_id < after.id)
        chosen = chosen.where(or_(AuditSubject.at < after.at, is_older))
    # The index gives these in order, so that a limit ends the work.
    chosen = chosen.order_by(AuditSubject.at.desc(), AuditSubject.entry_id.desc())
    return chosen.join(AuditEntry, AuditEntry.id == AuditSubject.entry_id).with_only_columns(
        # Of what is told once PostgreSQL orders by selected columns only.
        AuditSubject.at, AuditSubject.entry_id.label("id"),
        AuditEntry.actor, AuditEntry.door, AuditEntry.action, AuditEntry.amount,
    )  # fmt: skip


def _chosen(whose: Meant) -> Select[*tuple[Any, ...]]:
    """An entry about two of these is told once; one alone needs no looking for the same again."""
    if len(whose.ids) == 1 and not whose.wholes:
        return select(AuditSubject.at, AuditSubject.entry_id).where(AuditSubject.subject_id == whose.ids[0])
    # All ids in one condition: behind an "or" of two lists SQLite would read the whole organisation.
    is_one_of = AuditSubject.subject_id.in_((*whose.ids, *whose.wholes))
    is_theirs = or_(AuditSubject.is_part.is_(False), AuditSubject.subject_id.in_(whose.ids))
    return select(AuditSubject.at, AuditSubject.entry_id).where(is_one_of, is_theirs).distinct()


def _told(ctx: Context, staff: StaffMember, entries: Sequence[Any]) -> tuple[Deed, ...]:
    names = named(ctx, staff, entries)
    return tuple(
        Deed(
            at=entry.at,
            actor=entry.actor.partition(":")[0],
            who=names.actors.get(entry.actor, ""),
            door=Door(entry.door),
            action=entry.action,
            amount=entry.amount,
            told=names.of(entry.id),
        )
        for entry in entries
    )
