"""One learner created or edited by hand: prepared (a preview), saved, and taken back within ten minutes.

    prepare_learner --> save_learner --> undo_learner_change (``learner_undoing``)

It is the import's engine with one row: the same rules a column, the same search for whom it is about, the same columns
written, the same before-image. Whoever was removed and is created again is back, as by an import.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import LearnerChanged, LearnerChangeNotFound, LearnerInvalid, LearnerUnchanged
from core.model import Learner, LearnerChange, StaffMember
from core.rules.policy import LEARNER_PREVIEW_LIFE, UNDO_LIFE
from core.rules.text import folded
from core.rules.ucas.columns import LEARNER_COLUMNS as COLUMNS
from core.rules.ucas.columns import Column
from core.rules.ucas.one_learner import check_learner
from core.rules.ucas.problems import Problem, Severity
from core.rules.ucas.rows import Terms
from core.rules.ucas.values import LearnerValues, academic_year, differences, merged
from core.rules.usernames import is_username, username_from, username_stem
from core.usecases.imports.applying import CHANGE_LEARNER, account_of, add_addresses, as_new, before_of, new_learner
from core.usecases.imports.matching import Matching
from core.usecases.imports.values import Before, hasher, keeper, key_of, learner_row, reach_of, today
from core.usecases.learners.cards import ShowLearner, seen_learner
from core.usecases.learners.lists import LearnerCard, card_of, sight_of
from core.usecases.learners.recognising import clashes_of, learner_row_of, who_is_back, whole_name
from core.usecases.one_at_a_time import lock_organisation
from core.words import LearnerDeed, Subject

WANTED_PLACE = "learner_change.wanted"
WAS_PLACE = "learner_change.was"


class PrepareLearner(Struct, frozen=True):
    """``learner_id`` 0: a new one. ``typed``: the form's fields by column; what it does not have stays.

    ``username`` empty: made from the name, or the one of now.
    """

    typed: tuple[tuple[Column, str], ...]
    learner_id: int = 0
    username: str = ""


class ColumnChange(Struct, frozen=True):
    column: str
    before: str
    after: str


class LearnerPrepared(Struct, frozen=True):
    """Nothing is saved yet. ``is_back``: somebody who was removed."""

    change_id: int
    learner_id: int
    """0: a new one."""
    name: str
    username: str
    is_back: bool
    changes: tuple[ColumnChange, ...]
    warnings: tuple[str, ...]


class SaveLearner(Struct, frozen=True):
    change_id: int


class LearnerSaved(Struct, frozen=True):
    """``deed``: created or edited."""

    card: LearnerCard
    deed: LearnerDeed
    columns: tuple[str, ...]
    change_id: int
    undo_until: datetime


class Wanted(msgspec.Struct):
    """What a prepared change waits with."""

    learner_id: int
    values: list[str | None]
    username: str
    base: bytes | None


class Was(msgspec.Struct):
    """What a change replaced. ``before`` None: they were not there."""

    before: Before | None = None
    username: str | None = None
    has_account: bool = False
    invitations: list[int] = []
    enrolments: list[int] = []


# --- Preparing --------------------------------------------------------------------------------------------


def prepare_learner(ctx: Context, command: PrepareLearner) -> LearnerPrepared:
    """Raises LearnerNotFound, LearnerInvalid with all problems, LearnerKnown, LearnerUnchanged."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    work = matching_of(ctx, staff)
    learner = _learner(ctx, staff, command.learner_id)
    known = work.kept.learner_values(learner, work.reach.ukprns.get(learner.provider_id)) if learner else None
    terms = Terms(today(ctx, work.organisation), work.reach.providers)
    values, problems = check_learner(dict(command.typed), known, terms)
    username, refused = _username(ctx, command.username, learner)
    wrong = [(each.column, each.reason) for each in problems if each.severity is Severity.ERROR]
    if not wrong:
        wrong += clashes_of(ctx, work, values, command.learner_id) if learner else ()
    if wrong or refused:
        raise LearnerInvalid(problems=(*wrong, *refused))
    if learner is None:
        learner = who_is_back(ctx, work, values)
        if learner is not None:
            known = work.kept.learner_values(learner, work.reach.ukprns.get(learner.provider_id))
            values = merged(known, values)
    if command.learner_id and known is not None:
        _require_difference(known, values, username, learner)
    return _prepared(ctx, work, staff, command, learner, known, values, username, problems)


def matching_of(ctx: Context, staff: StaffMember) -> Matching:
    """Under the organisation's lock: no import and no other change of a learner comes between."""
    organisation = lock_organisation(ctx, staff.organisation_id)
    return Matching(
        organisation,
        keeper(ctx),
        hasher(ctx, organisation),
        reach_of(ctx, staff),
        academic_year(today(ctx, organisation)),
    )


def _learner(ctx: Context, staff: StaffMember, learner_id: int) -> Any:
    if not learner_id:
        return None
    seen_learner(ctx, staff, sight_of(ctx, staff), ShowLearner(learner_id))
    return learner_row_of(ctx, learner_id)


def _username(ctx: Context, typed: str, learner: Any) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The one that was typed, in small letters, and what is wrong with it."""
    username = folded(typed)
    if not username or (learner is not None and learner.username == username):
        return username, ()
    if not is_username(username):
        return username, (("username", "6 to 127 letters, digits and @ . - _, with nothing else in it"),)
    if ctx.session.scalar(select(Learner.id).where(Learner.username == username)) is not None:
        return username, (("username", "somebody has it already; leave it empty and I make one"),)
    return username, ()


def _require_difference(known: LearnerValues, values: LearnerValues, username: str, learner: Any) -> None:
    is_renamed = bool(username) and username != learner.username
    if not differences(known, values) and not is_renamed and learner.username is not None:
        raise LearnerUnchanged(name=whole_name(known))


def _prepared(
    ctx: Context,
    work: Matching,
    staff: StaffMember,
    command: PrepareLearner,
    learner: Any,
    known: LearnerValues | None,
    values: LearnerValues,
    username: str,
    problems: tuple[Problem, ...],
) -> LearnerPrepared:
    username = username or (learner.username if learner else None) or free_username(ctx, values)
    learner_id = learner.id if learner else ctx.tokens.new_id()
    wanted = Wanted(learner_id, list(values), username, learner.detail_hash if learner else None)
    change = LearnerChange(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        learner_id=learner_id,
        staff_id=staff.id,
        door=ctx.actor.door,
        deed=LearnerDeed.EDITED if command.learner_id else LearnerDeed.CREATED,
        columns="",
        content=work.kept.pack(wanted, WANTED_PLACE),
        applied_hash=wanted.base,
        prepared_at=ctx.now,
    )
    ctx.session.add(change)
    warned = [f"{each.column}: {each.reason}" for each in problems if each.severity is Severity.WARNING]
    former = learner.username or "" if learner else ""
    return LearnerPrepared(
        change_id=change.id,
        learner_id=command.learner_id,
        name=whole_name(values),
        username=username,
        is_back=learner is not None and learner.removed_at is not None,
        changes=(*_column_changes(known or LearnerValues(), values), *_username_change(former, username)),
        warnings=(*warned, *_shared_address(ctx, values, learner_id)),
    )


def _column_changes(known: LearnerValues, values: LearnerValues) -> tuple[ColumnChange, ...]:
    # The columns end before how the year group was spelt.
    triples = zip(COLUMNS, known, values, strict=False)
    return tuple(ColumnChange(column, old or "", new or "") for column, old, new in triples if old != new)


def _username_change(former: str, username: str) -> tuple[ColumnChange, ...]:
    return (ColumnChange("Username", former, username),) if former != username else ()


def _shared_address(ctx: Context, values: LearnerValues, learner_id: int) -> tuple[str, ...]:
    if not (key := key_of(values)):
        return ()
    query = select(Learner.id).where(Learner.email_key == key, Learner.id != learner_id, Learner.removed_at.is_(None))
    is_shared = ctx.session.scalar(query.limit(1)) is not None
    return (f"{Column.EMAIL}: another learner has the same address",) if is_shared else ()


def free_username(ctx: Context, values: LearnerValues) -> str:
    first, last = values.first_name or "", values.last_name or ""
    like = Learner.username.startswith(username_stem(first, last), autoescape=True)
    taken = set(filter(None, ctx.session.scalars(select(Learner.username).where(like))))
    return username_from(first, last, taken=taken, new_number=ctx.tokens.new_id)


# --- Saving -----------------------------------------------------------------------------------------------


def save_learner(ctx: Context, command: SaveLearner) -> LearnerSaved:
    """Asked again, it answers what it did. Raises LearnerChangeNotFound, LearnerChanged, LearnerInvalid."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    work = matching_of(ctx, staff)
    change = ctx.session.get(LearnerChange, command.change_id)
    if change is None or change.staff_id != staff.id or change.undone_at is not None:
        raise LearnerChangeNotFound
    if change.made_at is None:
        if change.prepared_at + LEARNER_PREVIEW_LIFE <= ctx.now or change.content is None:
            raise LearnerChangeNotFound
        _make(ctx, work, change, work.kept.unpack(change.content, WANTED_PLACE, Wanted))
    ctx.about(Subject.LEARNER, change.learner_id)
    sight = sight_of(ctx, staff)
    card = card_of(sight, seen_learner(ctx, staff, sight, ShowLearner(change.learner_id)))
    made_at = change.made_at or ctx.now
    return LearnerSaved(card, change.deed, _split(change.columns), change.id, made_at + UNDO_LIFE)


def _split(columns: str) -> tuple[str, ...]:
    return tuple(filter(None, columns.split(",")))


def _make(ctx: Context, work: Matching, change: LearnerChange, wanted: Wanted) -> None:
    values, learner = LearnerValues._make(wanted.values), learner_row_of(ctx, wanted.learner_id)
    name = whole_name(values)
    if (learner.detail_hash if learner else None) != wanted.base:
        raise LearnerChanged(name=name)
    if values.ukprn not in work.reach.providers.granted:
        raise LearnerInvalid(problems=((Column.UKPRN, "you may not manage this provider's learners"),))
    if learner is None:
        _require_new(ctx, work, values, wanted, name)
        written, was = _insert(ctx, work, values, wanted), Was()
        before = LearnerValues()
    else:
        before = work.kept.learner_values(learner, work.reach.ukprns.get(learner.provider_id))
        was = Was(before_of(learner, before), learner.username, has_account=learner.username is not None)
        written = _change(ctx, work, learner, values, wanted)
    shared = frozenset(_addresses_of_others(ctx, values, wanted.learner_id))
    gained = add_addresses(ctx, [(wanted.learner_id, values.email, key_of(values))], shared)
    if was.before is not None:
        was.before.gained = gained.get(wanted.learner_id)
    renamed = ["Username"] if was.before is not None and was.username != wanted.username else []
    change.columns = ",".join([*differences(before, values), *renamed])
    change.content, change.applied_hash = work.kept.pack(was, WAS_PLACE), written["detail_hash"]
    change.made_at, change.door = ctx.now, ctx.actor.door


def _require_new(ctx: Context, work: Matching, values: LearnerValues, wanted: Wanted, name: str) -> None:
    """Somebody else may have created them, or taken the username, while the preview was looked at."""
    if who_is_back(ctx, work, values) is not None:
        raise LearnerChanged(name=name)
    if ctx.session.scalar(select(Learner.id).where(Learner.username == wanted.username)) is not None:
        raise LearnerInvalid(problems=(("username", "somebody has it already; leave it empty and I make one"),))


def _insert(ctx: Context, work: Matching, values: LearnerValues, wanted: Wanted) -> dict[str, Any]:
    made = new_learner(ctx, work, values)
    made |= {"id": wanted.learner_id, "username": wanted.username}
    access.insert_all(ctx, Learner, [made])
    return made


def _change(ctx: Context, work: Matching, learner: Any, values: LearnerValues, wanted: Wanted) -> dict[str, Any]:
    """Whoever came by an invitation gains an account, as by an import."""
    provider_id = work.reach.ids.get(values.ukprn or "", learner.provider_id)
    year = learner.academic_year or work.year
    written = learner_row(work.kept, work.hashes, values, provider_id, year)
    written |= account_of(ctx, work.kept, learner, values)._asdict()
    written |= {"username": wanted.username, "removed_at": None}
    access.update_each(ctx, CHANGE_LEARNER, [{"learner": learner.id, **as_new(written)}])
    return written


def _addresses_of_others(ctx: Context, values: LearnerValues, learner_id: int) -> list[str]:
    """Siblings' shared ones are nobody's."""
    if not (key := key_of(values)):
        return []
    query = select(Learner.id).where(Learner.email_key == key, Learner.id != learner_id).limit(1)
    return [key] if ctx.session.scalar(query) is not None else []
