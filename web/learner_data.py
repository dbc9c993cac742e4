"""What is kept about one learner: a page for a signed-in staff member, with the export and the erasure behind buttons.

Looking changes nothing. The zip is made at the press of the button and kept nowhere; the audit notes it. Erasing wants
the learner's whole name typed: Slack and e-mail only lead here, so it always takes a second channel.
"""

import asyncio
import io
import zipfile

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.context import Door, StaffActor, System
from core.errors import ErasureUnconfirmed
from core.rules.zones import zone_named
from core.usecases.learners.erasing import (
    EraseLearner,
    ErasurePreviewed,
    ForgetStrangersMail,
    PreviewErasure,
    erase_learner,
    forget_strangers_mail,
    preview_erasure,
)
from core.usecases.learners.export import ExportLearner, LearnerExported, as_json, export_learner
from core.wording.learners import erasure_lines
from core.wording.phrases import moment_words
from web.door import WebDoor, read_form
from web.signed_in import signed_in

_SYSTEM = System(Door.WEB)


def learner_data_routes(door: WebDoor) -> list[Route]:
    pages = LearnerDataPages(door)
    path, back = "/learners/{learner_id:int}/data", "/learners/{learner_id}/data"
    return [
        Route(path, signed_in(door, pages.show), methods=["GET"]),
        Route(f"{path}/export", signed_in(door, pages.export, back=back), methods=["POST"]),
        Route(f"{path}/erase", signed_in(door, pages.erase, back=back), methods=["POST"]),
    ]


class LearnerDataPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show(self, staff: StaffActor, request: Request) -> Response:
        return self._page(await self._door.read(preview_erasure, PreviewErasure(_learner(request)), staff))

    async def export(self, staff: StaffActor, request: Request) -> Response:
        exported = await self._door.run(export_learner, ExportLearner(_learner(request)), staff)
        content = await asyncio.to_thread(self._zipped, exported)
        # No name: the file's name is seen in more places than the file.
        name = f"learner-data-{exported.made_at.astimezone(zone_named(exported.time_zone)):%Y-%m-%d}.zip"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="application/zip", headers=headers)

    async def erase(self, staff: StaffActor, request: Request) -> Response:
        typed = (await read_form(request)).get("name", "")
        # It refuses who may not, before mail is forgotten that is no organisation's.
        shown = await self._door.read(preview_erasure, PreviewErasure(_learner(request)), staff)
        if not shown.is_confirmed_by(typed):
            return self._page(shown, ErasureUnconfirmed().message)
        await self._door.run(forget_strangers_mail, ForgetStrangersMail(shown.learner_id), _SYSTEM)
        erased = await self._door.run(erase_learner, EraseLearner(shown.learner_id, typed), staff)
        return self._door.pages.page("learner_erased.html", erased=erased)

    def _page(self, shown: ErasurePreviewed, problem: str = "") -> Response:
        goes, stays = erasure_lines(shown)
        status = 400 if problem else 200
        return self._door.pages.page("learner_data.html", status, shown=shown, goes=goes, stays=stays, problem=problem)

    def _zipped(self, exported: LearnerExported) -> bytes:
        made_at = moment_words(exported.made_at, zone_named(exported.time_zone))
        html = self._door.pages.page("learner_export.html", exported=exported, made_at=made_at)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("learner.html", bytes(html.body))
            archive.writestr("learner.json", as_json(exported))
        return content.getvalue()


def _learner(request: Request) -> int:
    """An id that no row can have finds nobody."""
    learner_id: int = request.path_params["learner_id"]
    return learner_id if 0 < learner_id < 2**63 else -1
