"""One import in a process of its own: ``python -m bench.import_once FILE URL ORGANISATION STAFF [answer]``.

The school is there already. Prints how long it took.
"""

import json
import resource
import sys
import time
from pathlib import Path

from core.app import App
from core.context import Door, StaffActor, SystemTokens, system_clock
from core.database import open_engine
from core.importing import run_import
from core.sheets.annotate import full_copies
from core.usecases.imports.answers import LoadMarks, load_marks
from core.usecases.imports.receiving import ReceiveImport, receive_import
from tests.factories import SETTINGS, RecordedJobs
from usher.wiring import settle_in


def main(file: str, url: str, organisation_id: str, staff_id: str, *more: str) -> None:
    app = App(open_engine(url), SETTINGS, jobs=RecordedJobs(), clock=system_clock, tokens=SystemTokens())
    staff = StaffActor(int(organisation_id), int(staff_id), Door.CLI)
    # As the command does.
    settle_in()
    began, cpu = time.monotonic(), _cpu()
    # Nobody holds the file itself any longer, as in the program.
    received = app.run(receive_import, ReceiveImport(Path(file).name, Path(file).read_bytes()), staff)
    settled = run_import(app, received.import_id, staff)
    figures = {"rows": settled.buckets.created, "seconds": time.monotonic() - began, "cpu_seconds": _cpu() - cpu}
    if more:
        cpu = _cpu()
        loaded = app.read(load_marks, LoadMarks(settled.number), staff)
        assert loaded.marks is not None and loaded.kind is not None  # noqa: PT018 - It was read a moment ago.
        assert full_copies(loaded.content, loaded.kind, loaded.file_name, loaded.marks)
        figures["answer_cpu_seconds"] = _cpu() - cpu
    print(json.dumps(figures))


def _cpu() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main(*sys.argv[1:])
