"""A staff member's invitation link: look, accept (an owner accepts the terms too), and what to do next in Slack."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.rules.links import LinkKind
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    ShowStaffInvitation,
    StaffInvitationShown,
    accept_staff_invitation,
    show_staff_invitation,
)
from core.wording.phrases import ROLES
from web.door import WebDoor, see, signed


def staff_routes(door: WebDoor) -> list[Route]:
    pages = StaffPages(door)
    kind = LinkKind.STAFF_INVITATION
    return [
        Route("/s/{token}", signed(door, kind, pages.show), methods=["GET"]),
        Route("/s/{token}/accept", signed(door, kind, pages.accept), methods=["POST"]),
    ]


class StaffPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show(self, token: str, _request: Request) -> Response:
        shown = await self._door.read(show_staff_invitation, ShowStaffInvitation(token))
        return self._door.pages.page(_template(shown), token=token, shown=shown, role_words=ROLES[shown.role])

    async def accept(self, token: str, _request: Request) -> Response:
        await self._door.run(accept_staff_invitation, AcceptStaffInvitation(token))
        return see(f"/s/{token}")


def _template(shown: StaffInvitationShown) -> str:
    # Somebody who confirmed a code in Slack counts as accepted; the terms still wait for an owner.
    return "staff_accepted.html" if shown.is_accepted and not shown.needs_terms else "staff_open.html"
