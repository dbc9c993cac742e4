"""``usher doctor``."""

import sys

import click

from core.context import system_clock
from core.errors import SettingInvalid
from core.settings import load_settings

_MARKS = {"good": "ok  ", "look": "look", "bad": "BAD "}


@click.command()
def doctor() -> None:
    """Check settings, keys, database, mail, mailboxes, Slack and clock.

    Says what to do; exit status 1 if something is bad.
    """
    try:
        settings = load_settings()
    except SettingInvalid as problem:
        click.echo(f"{_MARKS['bad']}  settings: {problem.message}\n      {problem.hint}")
        sys.exit(1)
    from usher.checkup import Health, check_up

    click.echo(f"{_MARKS['good']}  settings")
    is_bad = False
    for finding in check_up(settings, system_clock):
        is_bad |= finding.health is Health.BAD
        click.echo(f"{_MARKS[finding.health]}  {finding.about}: {finding.says}")
        if finding.advice:
            click.echo(f"      {finding.advice}")
    sys.exit(1 if is_bad else 0)
