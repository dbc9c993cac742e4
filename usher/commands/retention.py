"""``usher retention``: what is kept how long."""

from __future__ import annotations

import click

from core.usecases.retention import ReportRetention, report_retention
from usher.wiring import OPERATOR, operator_app


@click.group()
def retention() -> None:
    """What is kept how long, and what is due to be erased."""


@retention.command()
def report() -> None:
    """Say what the worker would erase now, and when the next is due. Nothing is changed."""
    with operator_app() as app:
        reported = app.read(report_retention, ReportRetention(), OPERATOR)
    for rule in reported.rules:
        following = f", the next on {rule.next_at:%Y-%m-%d %H:%M} UTC" if rule.next_at else ""
        click.echo(f"{rule.due:>9,} due {rule.kept:>11,} kept  {rule.what}{following}")
