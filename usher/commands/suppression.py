"""``usher suppression``: addresses that an organisation does not write to any more."""

import click

from usher.wiring import OPERATOR, operator_app


@click.group()
def suppression() -> None:
    """Addresses that are not written to any more."""


@suppression.command("list")
@click.argument("address")
def list_one(address: str) -> None:
    """List the organisations that do not write to ADDRESS, and why."""
    from core.usecases.mailbox.suppressions import ListSuppressions, list_suppressions

    with operator_app() as app:
        listed = app.read(list_suppressions, ListSuppressions(address), OPERATOR)
    if not listed.rows:
        click.echo(f"Every organisation may write to {listed.address}.")
    for row in listed.rows:
        click.echo(f"{row.organisation}  {row.reason}  {row.suppressed_at:%Y-%m-%d %H:%M}")


@suppression.command("lift")
@click.argument("organisation")
@click.argument("address")
@click.option("--confirm", is_flag=True, help="Even if its owner has asked for no more e-mails.")
def lift(organisation: str, address: str, *, confirm: bool) -> None:
    """Let ORGANISATION write to ADDRESS again."""
    from core.usecases.mailbox.suppressions import LiftSuppressionIn, lift_suppression_in

    with operator_app() as app:
        done = app.run(lift_suppression_in, LiftSuppressionIn(organisation, address, confirm), OPERATOR)
    again = " again" if done.was_suppressed else ", as it always could"
    click.echo(f"{organisation} can write to {done.address}{again}.")
