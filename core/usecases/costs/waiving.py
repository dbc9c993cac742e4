"""A charge is waived: by an operator, with a reason, where somebody should not have been enrolled at all (LM).

charged --waived--> costs nothing, and what it took of the agreement is free again --restored--> charged
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.errors import ChargeNotFound, StaffDetailsInvalid
from core.model import Agreement, Charge, CourseRun, Enrolment, Learner, LearnerAddress
from core.rules.addresses import address_key
from core.rules.text import clean_name, folded
from core.words import Subject

_REASON_CHARACTERS = 300


class FindCharge(Struct, frozen=True):
    """``organisation`` is a short name; ``address`` any of the learner's; ``run`` a code."""

    organisation: str
    address: str
    run: str


class WaiveCharge(Struct, frozen=True):
    organisation: str
    address: str
    run: str
    reason: str


class RestoreCharge(Struct, frozen=True):
    organisation: str
    address: str
    run: str


class ChargeShown(Struct, frozen=True):
    learner: str
    run: str
    price_pence: int
    is_prepaid: bool
    charged_at: datetime
    waived_at: datetime | None
    reason: str


def find_charge(ctx: Context, command: FindCharge) -> ChargeShown:
    """Raises ChargeNotFound."""
    access.require_operator(ctx)
    return _shown(*_found(ctx, command, is_locked=False))


def waive_charge(ctx: Context, command: WaiveCharge) -> ChargeShown:
    """Waived before: the first reason stands. Raises ChargeNotFound."""
    access.require_operator(ctx)
    reason = clean_name(command.reason, _REASON_CHARACTERS)
    if not reason:
        raise StaffDetailsInvalid(problem="A charge is waived with a reason: say why.")
    charge, learner, run = _found(ctx, command)
    if charge.waived_at is None:
        charge.waived_at, charge.waived_reason = ctx.now, reason
        _move(ctx, charge, -1)
    return _shown(charge, learner, run)


def restore_charge(ctx: Context, command: RestoreCharge) -> ChargeShown:
    """Its price is the frozen one. Raises ChargeNotFound."""
    access.require_operator(ctx)
    charge, learner, run = _found(ctx, command)
    if charge.waived_at is not None:
        charge.waived_at, charge.waived_reason = None, ""
        _move(ctx, charge, +1)
    return _shown(charge, learner, run)


def _found(
    ctx: Context, command: FindCharge | WaiveCharge | RestoreCharge, *, is_locked: bool = True
) -> tuple[Charge, str, str]:
    organisation = access.organisation_by_slug(ctx, command.organisation)
    query = (
        select(Charge, Learner.first_name, Learner.last_name, CourseRun.code, Enrolment.learner_id)
        .join(Enrolment, Enrolment.id == Charge.enrolment_id)
        .join(LearnerAddress, LearnerAddress.learner_id == Enrolment.learner_id)
        .join(Learner, Learner.id == Enrolment.learner_id)
        .join(CourseRun, CourseRun.id == Charge.run_id)
        .where(
            Charge.organisation_id == organisation.id,
            LearnerAddress.address_key == address_key(command.address),
            CourseRun.code == folded(command.run),
        )
    )
    row = ctx.session.execute(query.with_for_update(of=Charge) if is_locked else query).first()
    if row is None:
        raise ChargeNotFound(address=command.address[:254], run=command.run[:64])
    ctx.about(Subject.LEARNER, row.learner_id, organisation_id=organisation.id)
    ctx.within(Subject.RUN, row[0].run_id, organisation_id=organisation.id)
    return row[0], f"{row[1]} {row[2]}".strip(), row[3]


def _move(ctx: Context, charge: Charge, by: int) -> None:
    """A prepaid place is free again, or the money; the other way round it is taken, whatever the budget says."""
    if charge.agreement_id is None:
        return
    prepaid, spent = (by, 0) if charge.is_prepaid else (0, by * charge.price_pence)
    ctx.session.execute(
        update(Agreement)
        .where(Agreement.id == charge.agreement_id)
        .values(prepaid_used=Agreement.prepaid_used + prepaid, spent_pence=Agreement.spent_pence + spent)
    )


def _shown(charge: Charge, learner: str, run: str) -> ChargeShown:
    return ChargeShown(
        learner, run, charge.price_pence, charge.is_prepaid, charge.charged_at, charge.waived_at, charge.waived_reason
    )
