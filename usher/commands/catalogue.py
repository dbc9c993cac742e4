"""``usher catalogue import``: courses and runs from a file."""

from pathlib import Path

import click

from core.errors import NotReadable
from usher.wiring import OPERATOR, operator_app

_MEGABYTES = 10


@click.group()
def catalogue() -> None:
    """Courses and their runs."""


@catalogue.command("import")
@click.argument("organisation")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(organisation: str, file: Path) -> None:
    """Import courses and runs of ORGANISATION from FILE (.csv); docs/catalogue.md lists the columns."""
    from core.usecases.catalogue import ImportCatalogue, import_catalogue

    with operator_app() as app:
        done = app.run(import_catalogue, ImportCatalogue(organisation, _text(file)), OPERATOR)
    click.echo(
        f"{done.courses_created + done.runs_created} new, {done.courses_updated + done.runs_updated} changed, "
        f"{done.unchanged} unchanged (courses: {done.courses_created} new, {done.courses_updated} changed; "
        f"runs: {done.runs_created} new, {done.runs_updated} changed)."
    )


def _text(file: Path) -> str:
    if file.stat().st_size > _MEGABYTES * 1_000_000:
        raise NotReadable(name=file.name, reason="it is too large", limit_mb=_MEGABYTES)
    raw = file.read_bytes()
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotReadable(name=file.name, reason="its characters are neither UTF-8 nor Windows-1252", limit_mb=_MEGABYTES)
