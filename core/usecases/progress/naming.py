"""Somebody says who, or which run, a name in a feed means: from then on its rows find them."""

from typing import Any

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import LearnerNotFound
from core.model import Learner, LearnerAddress, ProgressName, StaffMember
from core.rules.addresses import address_key
from core.rules.text import folded
from core.usecases.imports.values import hasher
from core.usecases.one_at_a_time import lock_organisation
from core.usecases.progress.matching import hash_of_name
from core.words import NamedKind


class NameInFeed(Struct, frozen=True):
    """``name`` as the feed has it is this learner (an address) or run (a code)."""

    name: str
    target: str


class NamedInFeed(Struct, frozen=True):
    kind: NamedKind
    name: str
    target: str


def name_in_feed(ctx: Context, command: NameInFeed) -> NamedInFeed:
    """Holds for every later report. Raises LearnerNotFound, RunNotFound."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = lock_organisation(ctx, staff.organisation_id)
    kind = NamedKind.LEARNER if "@" in command.target else NamedKind.RUN
    learner_id = run_id = None
    if kind is NamedKind.LEARNER:
        learner_id = learner_by_address(ctx, staff, command.target).id
    else:
        run = access.invited_run_by_code(ctx, staff.organisation_id, command.target)
        access.require_provider(ctx, staff, run)
        run_id = run.id
    name_hash = hash_of_name(hasher(ctx, organisation), kind, command.name)
    known = ctx.session.scalars(
        select(ProgressName).where(ProgressName.kind == kind, ProgressName.name_hash == name_hash)
    ).one_or_none()
    if known is not None:
        known.learner_id, known.run_id, known.staff_id, known.named_at = learner_id, run_id, staff.id, ctx.now
        return NamedInFeed(kind, command.name, command.target)
    row = {
        "id": ctx.tokens.new_id(),
        "kind": kind,
        "name_hash": name_hash,
        "learner_id": learner_id,
        "run_id": run_id,
        "staff_id": staff.id,
        "named_at": ctx.now,
    }
    access.insert_all(ctx, ProgressName, [row])
    return NamedInFeed(kind, command.name, command.target)


def meant_learner(ctx: Context, staff: StaffMember, learner_id: int) -> Any:
    """As ``learner_by_address``, by id."""
    columns = (Learner.id, Learner.first_name, Learner.last_name, Learner.provider_id)
    row = ctx.session.execute(
        select(*columns).where(Learner.id == learner_id, Learner.removed_at.is_(None))
    ).one_or_none()
    granted = access.granted_provider_ids(ctx, staff)
    if row is None or not (granted is None or row.provider_id is None or row.provider_id in granted):
        raise LearnerNotFound(who="this learner")
    return row


def learner_by_address(ctx: Context, staff: StaffMember, address: str) -> Any:
    """Id, first and last name, of one who is there and whom the caller may see. Raises LearnerNotFound."""
    key = address_key(address) if "@" in address else folded(address)
    columns = (Learner.id, Learner.first_name, Learner.last_name, Learner.provider_id)
    rows = ctx.session.execute(
        select(*columns)
        .join(LearnerAddress, LearnerAddress.learner_id == Learner.id)
        .where(LearnerAddress.address_key == key, Learner.removed_at.is_(None))
        # Apart: an OR would have the planner read every learner of the organisation.
        .union(
            select(*columns).where(Learner.username == key, Learner.removed_at.is_(None)),
            select(*columns).where(Learner.email_key == key, Learner.removed_at.is_(None)),
        )
    ).all()
    granted = access.granted_provider_ids(ctx, staff)
    seen = [row for row in rows if granted is None or row.provider_id is None or row.provider_id in granted]
    if len(seen) != 1:
        raise LearnerNotFound(who=address)
    return seen[0]
