"""Releasing and undoing an import: ordered by a button in Slack or by e-mail, done by a worker, told when it is done.

Slack: in a message of its own. E-mail: the message that ordered it is answered then.

    ordered --its job--> done in the orderer's name, in one transaction --> settled: done, or refused
       |                        |
       +------------------------+-- nobody has been at it for a while --swept--> a job once more; after a few tries,
                                    refused as our mistake. Nothing was changed then

1. Of an import at most one order is open: who presses twice ordered once.
2. What it may do is decided when it is done, with the grants of whoever ordered it.
3. The outcome holds numbers. Whose rows they are is read when it is shown, and to nobody who may not see them.
"""

from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context, Door
from core.errors import ImportClosed, ImportNotFound
from core.jobs import Job, JobKind
from core.model import Import, ImportOrder, ImportRow, Learner, StaffMember
from core.outbox import order_key, say_or_touch, slack_row, touch
from core.rules.policy import IMPORT_ATTEMPTS, IMPORT_LEASE, SCOREBOARD_INTERVAL
from core.usecases.imports.applying import ImportSettled, ReleaseImport, release_import, require_held
from core.usecases.imports.imports import find_import
from core.usecases.imports.undoing import ImportUndone, KeptRow, UndoImport, require_undoable, undo_import
from core.usecases.imports.values import import_ref, reach_of
from core.usecases.leased import SenderFound, Settled, Swept, go_on, held_open, sender_of, take_forgotten
from core.usecases.mailbox.answers import answer_settled
from core.usecases.one_at_a_time import lock_organisation
from core.words import ImportSubject, ImportWork, KeptReason, MessageKind, Subject

Done = ImportSettled | ImportUndone


class OrderWork(Struct, frozen=True):
    """By number of the import."""

    number: int
    work: ImportWork
    inbound_id: int | None = None
    """The e-mail that orders it."""


class WorkOrdered(Struct, frozen=True):
    number: int
    work: ImportWork
    order_id: int


def order_work(ctx: Context, command: OrderWork) -> WorkOrdered:
    """Raises ImportClosed or UndoOver, as far as it can be told now; ImportClosed where a colleague was faster, too."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    lock_organisation(ctx, staff.organisation_id)
    found = find_import(ctx, command.number)
    (require_held if command.work is ImportWork.RELEASE else require_undoable)(ctx, staff, found)
    ctx.about(Subject.IMPORT, found.id)
    query = select(ImportOrder).where(ImportOrder.import_id == found.id, ImportOrder.settled_at.is_(None))
    known = ctx.session.scalars(query).first()
    if known is None:
        return WorkOrdered(found.number, command.work, _order(ctx, staff, found, command))
    if known.staff_id != staff.id:
        # Its message goes to whoever ordered it: nobody else is to wait for one.
        raise ImportClosed(number=import_ref(found.number), reason="a colleague has ordered it a moment ago")
    _tell_in_slack(ctx, staff, known.id)
    return WorkOrdered(found.number, known.work, known.id)


def _order(ctx: Context, staff: StaffMember, found: Import, command: OrderWork) -> int:
    order_id = ctx.tokens.new_id()
    row = {
        "id": order_id,
        "import_id": found.id,
        "staff_id": staff.id,
        "door": ctx.actor.door,
        "work": command.work,
        "inbound_id": command.inbound_id,
        "busy_until": ctx.now + IMPORT_LEASE,
    }
    access.insert_all(ctx, ImportOrder, [row])
    _tell_in_slack(ctx, staff, order_id)
    ctx.jobs.enqueue(ctx.session, [order_job(order_id, "0")])
    return order_id


def _tell_in_slack(ctx: Context, staff: StaffMember, order_id: int) -> None:
    """If they ask there; what they ordered by e-mail a moment ago is answered by e-mail as well."""
    if ctx.actor.door is Door.MAIL:
        return
    key = order_key(order_id)
    say_or_touch(ctx, slack_row(ctx, MessageKind.IMPORT_ORDER, staff_id=staff.id, about_id=order_id, key=key))


def order_job(order_id: int, generation: str) -> Job:
    return Job(JobKind.RUN_ORDER, f"{JobKind.RUN_ORDER}-{order_id}-{generation}", (order_id,))


# --- Done -------------------------------------------------------------------------------------------------


class BeginOrder(Struct, frozen=True):
    order_id: int


def begin_order(ctx: Context, command: BeginOrder) -> SenderFound:
    access.require_system(ctx)
    found = ctx.session.get(ImportOrder, command.order_id, with_for_update=True)
    if found is not None and found.settled_at is None:
        found.tries, found.busy_until = found.tries + 1, ctx.now + IMPORT_LEASE
    return sender_of(found)


class FulfilOrder(Struct, frozen=True):
    order_id: int


def fulfil_order(ctx: Context, command: FulfilOrder) -> Settled:
    """All of it, or nothing. Raises what releasing and undoing raise."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = held_open(ctx, ImportOrder, command.order_id)
    if found is None or found.staff_id != staff.id:
        return Settled(was_open=False)
    number = ctx.session.get_one(Import, found.import_id).number
    if found.work is ImportWork.RELEASE:
        outcome: Done = release_import(ctx, ReleaseImport(number))
    else:
        undone = undo_import(ctx, UndoImport(number))
        outcome = replace(undone, kept=tuple(replace(each, name="") for each in undone.kept))
    _settle(ctx, found, msgspec.json.encode(outcome).decode(), "")
    return Settled(was_open=True)


class RefuseOrder(Struct, frozen=True):
    """``words``: of a refusal. Empty: it was tried several times, and is our mistake."""

    order_id: int
    words: str = ""


def refuse_order(ctx: Context, command: RefuseOrder) -> Settled:
    access.require_system(ctx)
    found = held_open(ctx, ImportOrder, command.order_id)
    if found is None:
        return Settled(was_open=False)
    _settle(ctx, found, "", command.words or _OUR_MISTAKE)
    return Settled(was_open=True)


_OUR_MISTAKE = "It was tried several times and could not be finished, and that is our mistake. Nothing was changed."


def _settle(ctx: Context, found: ImportOrder, outcome: str, refusal: str) -> None:
    found.outcome, found.refusal, found.settled_at = outcome, refusal[:400], ctx.now
    answer_settled(ctx, found)
    touch(ctx, [order_key(found.id)], after=SCOREBOARD_INTERVAL)


class SweepOrders(Struct, frozen=True):
    is_routine: ClassVar = True


def sweep_orders(ctx: Context, command: SweepOrders) -> Swept:
    """Those nobody is at get a job once more."""
    access.require_system(ctx)
    forgotten = take_forgotten(ctx, ImportOrder)
    return go_on(ctx, forgotten, lambda each: each.tries >= IMPORT_ATTEMPTS, order_job)


# --- Shown ------------------------------------------------------------------------------------------------


class OrderShown(Struct, frozen=True):
    """``done`` None and ``refusal`` empty: it is under way."""

    number: int
    work: ImportWork
    rows: int
    """Of the import, all of them."""
    subject: ImportSubject
    done: Done | None
    refusal: str


class ShowOrder(Struct, frozen=True):
    order_id: int


def show_order(ctx: Context, command: ShowOrder) -> OrderShown:
    """Raises ImportNotFound of a colleague's."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    found = ctx.session.get(ImportOrder, command.order_id)
    if found is None or found.staff_id != staff.id:
        raise ImportNotFound(number="this")
    return order_shown(ctx, found.id)


def order_shown(ctx: Context, order_id: int) -> OrderShown:
    """For whoever ordered it; the caller has seen to that."""
    found = ctx.session.get_one(ImportOrder, order_id)
    of_import = ctx.session.get_one(Import, found.import_id)
    rows = of_import.created + of_import.updated + of_import.unchanged + of_import.duplicate + of_import.problem
    return OrderShown(
        of_import.number, found.work, rows, of_import.subject, _done(ctx, found, of_import), found.refusal
    )


def _done(ctx: Context, found: ImportOrder, of_import: Import) -> Done | None:
    if not found.outcome:
        return None
    if found.work is ImportWork.RELEASE:
        return msgspec.json.decode(found.outcome, type=ImportSettled)
    undone = msgspec.json.decode(found.outcome, type=ImportUndone)
    return replace(undone, kept=_named(ctx, found, of_import, undone.kept))


def _named(ctx: Context, found: ImportOrder, of_import: Import, kept: tuple[KeptRow, ...]) -> tuple[KeptRow, ...]:
    if of_import.subject is not ImportSubject.LEARNERS:
        return kept
    seen = [each.row for each in kept if each.reason is not KeptReason.NOT_GRANTED]
    reach = reach_of(ctx, ctx.session.get_one(StaffMember, found.staff_id))
    rows = ctx.session.execute(
        select(ImportRow.number, Learner.first_name, Learner.last_name, Learner.provider_id)
        .join(Learner, Learner.id == ImportRow.learner_id)
        .where(ImportRow.import_id == of_import.id, ImportRow.number.in_(seen), Learner.removed_at.is_(None))
    )
    names = {row.number: f"{row.first_name} {row.last_name}" for row in rows if _is_seen(row, reach)}
    return tuple(replace(each, name=names.get(each.row, "")) for each in kept)


def _is_seen(row: Any, reach: Any) -> bool:
    return row.provider_id is None or row.provider_id in reach.granted_ids
