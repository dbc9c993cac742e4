"""``usher costs``: waiving a charge, for operators. Staff ask for theirs with “costs”."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from core.usecases.costs.waiving import ChargeShown


@click.group()
def costs() -> None:
    """What enrolments cost: waive a charge, or restore it."""


@costs.command("waive")
@click.argument("organisation")
@click.argument("address")
@click.argument("run")
@click.option("--reason", required=True, help="Why; it stays with the charge.")
@click.option("--yes", is_flag=True, help="Do it. Without it you see what would be done.")
def waive(organisation: str, address: str, run: str, reason: str, *, yes: bool) -> None:
    """Waive what ORGANISATION pays for the enrolment of ADDRESS in RUN."""
    from core.usecases.costs.waiving import FindCharge, WaiveCharge, find_charge, waive_charge

    with operator_app() as app:
        if not yes:
            _say(app.read(find_charge, FindCharge(organisation, address, run), OPERATOR))
            click.echo("Nothing was changed. Add --yes to waive it.")
            return
        _say(app.run(waive_charge, WaiveCharge(organisation, address, run, reason), OPERATOR))


@costs.command("restore")
@click.argument("organisation")
@click.argument("address")
@click.argument("run")
def restore(organisation: str, address: str, run: str) -> None:
    """Take back the waiving: the charge counts again, at the price it had."""
    from core.usecases.costs.waiving import RestoreCharge, restore_charge

    with operator_app() as app:
        _say(app.run(restore_charge, RestoreCharge(organisation, address, run), OPERATOR))


def _say(charge: ChargeShown) -> None:
    from core.wording.phrases import pounds

    kind = "prepaid" if charge.is_prepaid else "to invoice"
    state = f"waived on {charge.waived_at:%d %B %Y}: {charge.reason}" if charge.waived_at else "not waived"
    when = f"{charge.charged_at:%d %B %Y}"
    click.echo(f"{charge.learner} in {charge.run}, {pounds(charge.price_pence)} ({kind}), enrolled {when}: {state}")
