"""Access codes of learners who never signed in: a page of two buttons for a signed-in staff member.

Looking changes and shows nothing but numbers. A button gives the Excel workbook or the slips to print, made at that
moment and kept nowhere; the audit notes it. The page's address is no secret, so it may stand in an e-mail.
"""

import asyncio
import io
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.context import StaffActor
from core.rules.zones import zone_named
from core.usecases.learners.codes import (
    HEADINGS,
    CodesLoaded,
    LoadAccessCodes,
    ShowCodesPage,
    load_access_codes,
    show_codes_page,
)
from core.wording.phrases import day_words
from web.door import WebDoor, read_form
from web.sign_in import CODES_PATH
from web.signed_in import signed_in

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def learners_routes(door: WebDoor) -> list[Route]:
    pages = LearnersPages(door)
    return [
        Route(CODES_PATH, signed_in(door, pages.show_codes), methods=["GET"]),
        Route(f"{CODES_PATH}/workbook", signed_in(door, pages.give_workbook, back=CODES_PATH), methods=["POST"]),
        Route(f"{CODES_PATH}/slips", signed_in(door, pages.give_slips, back=CODES_PATH), methods=["POST"]),
    ]


class LearnersPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show_codes(self, staff: StaffActor, _request: Request) -> Response:
        shown = await self._door.read(show_codes_page, ShowCodesPage(), staff)
        return self._door.pages.page("codes.html", shown=shown)

    async def give_workbook(self, staff: StaffActor, request: Request) -> Response:
        loaded = await self._loaded(staff, request)
        content = await asyncio.to_thread(_workbook, loaded)
        name = f"never-signed-in-{loaded.made_at.astimezone(zone_named(loaded.time_zone)):%Y-%m-%d}.xlsx"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=_XLSX, headers=headers)

    async def give_slips(self, staff: StaffActor, request: Request) -> Response:
        loaded = await self._loaded(staff, request)
        # Whose code is erased has nothing to be handed.
        codes = [each for each in loaded.codes if each.code]
        made_on = day_words(loaded.made_at, zone_named(loaded.time_zone))
        return self._door.pages.page("slips.html", shown=loaded, codes=codes, made_on=made_on)

    async def _loaded(self, staff: StaffActor, request: Request) -> CodesLoaded:
        ukprn = (await read_form(request)).get("provider", "")
        return await self._door.run(load_access_codes, LoadAccessCodes(ukprn), staff)


def _workbook(loaded: CodesLoaded) -> bytes:
    # With the library it takes longer to load than all the rest of the door, and hardly any process needs it.
    from core.sheets.export import Heading, write_workbook

    zone: ZoneInfo = zone_named(loaded.time_zone)
    headings = [Heading(text, width, is_text=True) for text, width in HEADINGS]
    rows = (
        (
            each.username, each.code or "(erased)", each.first_name, each.last_name, each.year_group, each.dob,
            each.email, each.provider, each.ukprn, each.created_at.astimezone(zone).date(),
        )
        for each in loaded.codes
    )  # fmt: skip
    content = io.BytesIO()
    write_workbook(content, "Never signed in", headings, rows, {})
    return content.getvalue()
