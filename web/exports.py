"""Downloads of exports: a page with one button, for the signed-in staff member who asked and for nobody else.

Looking makes no file. The button makes it, of what they may see at that moment; it is kept nowhere, and the audit notes
it. The page's address is no secret, so it may stand in an e-mail.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from core.context import StaffActor
from core.errors import ExportNotFound
from core.exports.making import export_on_disk
from core.rules.zones import zone_named
from core.usecases.exports import ShowExport, show_export
from core.wording.exports import FORMS
from core.wording.phrases import moment_words
from core.words import ExportForm
from web.door import WebDoor
from web.sign_in import EXPORTS_PATH
from web.signed_in import signed_in

_PIECE: Final = 256 * 1024
_TYPES: Final = {
    ExportForm.CSV: "text/csv; charset=utf-8",
    ExportForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def exports_routes(door: WebDoor) -> list[Route]:
    pages = ExportPages(door)
    return [
        Route(f"{EXPORTS_PATH}/{{name}}", signed_in(door, pages.show), methods=["GET"]),
        Route(f"{EXPORTS_PATH}/{{name}}", signed_in(door, pages.give), methods=["POST"]),
    ]


class ExportPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show(self, staff: StaffActor, request: Request) -> Response:
        shown = await self._door.read(show_export, ShowExport(_id_in(request)), staff)
        until = moment_words(shown.ends_at, zone_named(shown.time_zone))
        return self._door.pages.page(
            "export.html", shown=shown, until=until, form=FORMS[shown.form], path=request.url.path
        )

    async def give(self, staff: StaffActor, request: Request) -> Response:
        made = await asyncio.to_thread(export_on_disk, self._door.app, _id_in(request), staff)
        headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Content-Length": str(made.size)}
        form = ExportForm(made.name.rpartition(".")[2])
        return StreamingResponse(
            _pieces(made.file), media_type=_TYPES[form], headers=headers, background=BackgroundTask(made.file.close)
        )


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Closed also where the browser goes away half-way."""
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def _id_in(request: Request) -> int:
    name: str = request.path_params["name"]
    try:
        number = int(name, 16)
    except ValueError as error:
        raise ExportNotFound from error
    if not 0 < number < 2**63 or f"{number:x}" != name:
        raise ExportNotFound
    return number
