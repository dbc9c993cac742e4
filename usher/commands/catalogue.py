"""``usher catalogue import``: courses and runs from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.rules.policy import SHEET_BYTES
from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.sheets.cells import Row


@click.group()
def catalogue() -> None:
    """Courses and their runs."""


@catalogue.command("import")
@click.argument("organisation")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what would change.")
def import_file(organisation: str, file: Path, *, preview: bool) -> None:
    """Import courses and runs of ORGANISATION from FILE, any spreadsheet; docs/catalogue.md lists the columns.

    All of it or nothing, as an operator. Owners use “usher import FILE --as ADDRESS”: that can be undone.
    """
    from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue

    rows = _rows(file)
    with operator_app() as app:
        done = app.run(import_catalogue, ImportCatalogue(organisation, rows=rows, is_preview=preview), OPERATOR)
    click.echo(
        f"{done.courses_created + done.runs_created} new, {done.courses_updated + done.runs_updated} changed, "
        f"{done.unchanged} unchanged (courses: {done.courses_created} new, {done.courses_updated} changed; "
        f"runs: {done.runs_created} new, {done.runs_updated} changed)."
    )
    if preview:
        click.echo("Nothing was written: this is a preview.")


@catalogue.command("template")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def template(file: Path) -> None:
    """Write an empty workbook for courses and runs to FILE."""
    from core.sheets.run_template import run_template

    try:
        with file.open("xb") as opened:
            opened.write(run_template())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(f"Written to {file}.")


def _rows(file: Path) -> Sequence[Row]:
    """Of the sheet that has the most of the catalogue's headings; of none, its first."""
    from core.rules.address_files import too_large
    from core.rules.run_columns import RUNS
    from core.rules.ucas.headings import best_sheet
    from core.rules.ucas.problems import Problem
    from core.sheets.faults import NotRead
    from core.sheets.reader import read_sheets

    if file.stat().st_size > SHEET_BYTES:
        raise too_large(file.name)
    read = read_sheets(file.read_bytes())
    if isinstance(read, NotRead):
        raise click.ClickException(f"{read.message} {read.hint}")
    sheets = [sheet.rows for sheet in read.sheets]
    found = best_sheet(sheets, RUNS)
    return tuple(sheets[0 if isinstance(found, Problem) else found[0]])
