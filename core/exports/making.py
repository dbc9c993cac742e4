"""Makes the file of an export, between transactions: for whoever downloads it, and for messages that it goes with."""

import io
import tempfile
from typing import IO

from msgspec import Struct

from core.app import App
from core.context import StaffActor
from core.usecases.exports import FetchExport, WriteExport, fetch_export, write_export


class Exported(Struct, frozen=True):
    name: str
    content: bytes


class ExportOnDisk(Struct, frozen=True):
    """``file`` has no name and is gone when it is closed; the caller closes it."""

    name: str
    size: int
    file: IO[bytes]


def exported(app: App, export_id: int, staff: StaffActor) -> Exported:
    """A small one. Raises as ``fetch_export`` does."""
    fetched = app.run(fetch_export, FetchExport(export_id), staff)
    content = io.BytesIO()
    app.read(write_export, WriteExport(fetched.export_id, content), staff)
    return Exported(fetched.file_name, content.getvalue())


def export_on_disk(app: App, export_id: int, staff: StaffActor) -> ExportOnDisk:
    """Of any size: nobody's slow line keeps a snapshot open, and no more than a piece is ever in memory."""
    fetched = app.run(fetch_export, FetchExport(export_id), staff)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # The caller streams it.
    try:
        written = app.read(write_export, WriteExport(fetched.export_id, file), staff)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return ExportOnDisk(fetched.file_name, written.size, file)
