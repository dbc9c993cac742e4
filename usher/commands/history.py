"""``usher history``: who did what, in a staff member's name."""

from __future__ import annotations

import click

from usher.commands.imports import staff_named
from usher.wiring import operator_app


@click.command("history")
@click.argument("whose", nargs=-1, required=True)
@click.option("--as", "address", required=True, help="E-mail address of the staff member in whose name.")
@click.option("--organisation", default="", help="Where they work for several: its short name.")
def history(whose: tuple[str, ...], address: str, organisation: str) -> None:
    """Tell who did what to WHOSE: an address, B-0041, I-0007, a run, “link CODE”, “staff ADDRESS”; a page after it."""
    from core.requests import Request, read_request
    from core.rules.zones import zone_named
    from core.usecases.history.history import ShowHistory, show_history
    from core.wording.history import deed_words, history_head
    from core.wording.phrases import moment_words

    request = read_request(f"history {' '.join(whose)}")
    if not isinstance(request, Request) or not isinstance(request.command, ShowHistory):
        raise click.UsageError("A file is made by “history export”, in Slack or by e-mail.")
    with operator_app() as app:
        shown = app.read(show_history, request.command, staff_named(app, address, organisation))
    zone = zone_named(shown.time_zone)
    click.echo(history_head(shown))
    for deed in shown.deeds:
        click.echo(f"{moment_words(deed.at, zone)}: {deed_words(deed)}")
    if shown.page_count > 1:
        click.echo(f"Page {shown.page:,} of {shown.page_count:,}.")
