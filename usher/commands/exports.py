"""``usher export``: progress or costs as a file, in a staff member's name."""

from __future__ import annotations

from pathlib import Path

import click

from usher.commands.imports import staff_named
from usher.wiring import operator_app


@click.command("export")
@click.argument("what")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--as", "address", required=True, help="E-mail address of the staff member in whose name.")
@click.option("--organisation", default="", help="Where they work for several: its short name.")
@click.option("--month", default="", help="Of costs: as in 2026-10; else this one.")
@click.option("--force", is_flag=True, help="Write over FILE.")
def export(what: str, file: Path, address: str, organisation: str, month: str, *, force: bool) -> None:
    """Write the progress of WHAT (a run's code, or “all”), or “costs”, to FILE: .csv or .xlsx."""
    from core.usecases.exports import (
        ExportCosts,
        ExportProgress,
        WriteExport,
        export_costs,
        export_progress,
        write_export,
    )
    from core.wording.exports import headline
    from core.words import ExportForm

    suffix = file.suffix.lower().lstrip(".")
    if suffix not in list(ExportForm):
        raise click.UsageError("FILE ends in .csv or .xlsx.")
    if file.exists() and not force:
        raise click.UsageError(f"{file} is there already. Add --force to write over it.")
    form = ExportForm(suffix)
    with operator_app() as app:
        staff = staff_named(app, address, organisation)
        if what.lower() == "costs":
            ordered = app.run(export_costs, ExportCosts(month, form), staff)
        else:
            run = "" if what.lower() == "all" else what
            ordered = app.run(export_progress, ExportProgress(run, form), staff)
        # Names and addresses stand in it: for nobody else on this machine.
        file.touch(mode=0o600)
        with file.open("w+b") as into:
            written = app.read(write_export, WriteExport(ordered.export_id, into), staff)
    click.echo(f"{headline(ordered)} {written.size:,} bytes in {file}.")
