"""The pages of a signed-in staff member: who I am, and the terms that an owner accepts."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.context import StaffActor
from core.rules.zones import zone_named
from core.usecases.staff.accounts import AcceptTerms, AccountShown, ShowAccount, accept_terms, show_account
from core.wording.phrases import ROLES, day_words
from core.words import Role
from web.door import WebDoor, read_form, see
from web.signed_in import signed_in


def accounts_routes(door: WebDoor) -> list[Route]:
    pages = AccountPages(door)
    return [
        Route("/account", signed_in(door, pages.show_account), methods=["GET"]),
        Route("/terms", signed_in(door, pages.show_terms), methods=["GET"]),
        Route("/terms", signed_in(door, pages.accept_terms), methods=["POST"]),
    ]


class AccountPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show_account(self, staff: StaffActor, _request: Request) -> Response:
        return await self._page("account.html", staff)

    async def show_terms(self, staff: StaffActor, _request: Request) -> Response:
        return await self._page("terms.html", staff)

    async def accept_terms(self, staff: StaffActor, request: Request) -> Response:
        version = (await read_form(request)).get("version", "")
        await self._door.run(accept_terms, AcceptTerms(version), staff)
        return see("/terms")

    async def _page(self, template: str, staff: StaffActor) -> Response:
        shown = await self._door.read(show_account, ShowAccount(), staff)
        return self._door.pages.page(
            template,
            shown=shown,
            role_words=ROLES[shown.role],
            is_owner=shown.role is Role.OWNER,
            may_print=shown.role is not Role.VIEWER and shown.accepted_at is not None,
            accepted_on=_accepted_on(shown),
        )


def _accepted_on(shown: AccountShown) -> str:
    return day_words(shown.accepted_at, zone_named(shown.time_zone)) if shown.accepted_at else ""
