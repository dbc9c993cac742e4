"""One export, or the bare writer beside it: ``python -m bench.export_once csv DATABASE ORGANISATION STAFF``.

In a process of its own, which loads what the program does for it and no more: its highest memory is the product's.
The database is filled already. Prints CPU seconds and MB.
"""

import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.processes import highest_memory_mb


def main(what: str, database: str, organisation_id: str, staff_id: str) -> None:
    target = Path(database)
    if what == "bare":
        seconds = _bare(target.with_suffix(".csv"))
    else:
        seconds = _export(target, int(organisation_id), int(staff_id), what)
    print(json.dumps({"seconds": seconds, "memory_mb": highest_memory_mb()}))


def _export(database: Path, organisation_id: int, staff_id: int, form: str) -> float:
    from core.context import Door, StaffActor
    from core.settings import Settings
    from core.usecases.exports import ExportProgress, WriteExport, export_progress, write_export
    from core.words import ExportForm
    from usher.wiring import make_app, settle_in

    # As the programs do that make exports.
    settle_in()
    app = make_app(Settings(database_url=f"sqlite:///{database}"))
    owner = StaffActor(organisation_id, staff_id, Door.CLI)
    ordered = app.run(export_progress, ExportProgress("", ExportForm(form)), owner)

    def write() -> None:
        with database.with_suffix(f".{form}").open("w+b") as into:
            app.read(write_export, WriteExport(ordered.export_id, into), owner)

    return _seconds(write)


def _bare(made: Path) -> float:
    """Of the rows of the export that was written before."""
    with made.open(encoding="utf-8-sig", newline="") as lines:
        rows = [tuple(row) for row in csv.reader(lines)]

    def write() -> None:
        with made.with_suffix(".bare").open("w", encoding="utf-8", newline="") as into:
            csv.writer(into).writerows(rows)

    return _seconds(write)


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
