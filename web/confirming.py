"""Where the mail leads that confirms an address: look, and join."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import SharedLinkClosed
from core.rules.links import LinkKind
from core.usecases.links.join_requests import ConfirmJoin, ShowJoinRequest, confirm_join, show_join_request
from core.words import SharedLinkState
from web.door import WebDoor, signed
from web.link_pages import joined_page, link_page


def confirming_routes(door: WebDoor) -> list[Route]:
    pages = ConfirmingPages(door)
    kind = LinkKind.JOIN_CONFIRMATION
    return [
        Route("/c/{token}", signed(door, kind, pages.show), methods=["GET"]),
        Route("/c/{token}/confirm", signed(door, kind, pages.confirm), methods=["POST"]),
    ]


class ConfirmingPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show(self, token: str, _request: Request) -> Response:
        found = await self._door.read(show_join_request, ShowJoinRequest(token))
        if not found.has_joined and found.link.state is not SharedLinkState.OPEN:
            return link_page(self._door, token, found.link, ())
        return self._door.pages.page("link_confirm.html", token=token, found=found)

    async def confirm(self, token: str, _request: Request) -> Response:
        try:
            return joined_page(self._door, await self._door.run(confirm_join, ConfirmJoin(token)))
        except SharedLinkClosed as refusal:
            found = await self._door.read(show_join_request, ShowJoinRequest(token))
            return link_page(self._door, token, found.link, (), status=409, notice=refusal.message)
