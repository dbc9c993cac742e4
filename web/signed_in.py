"""Pages for whoever is signed in; anybody else is led to sign in first, and then back."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from core.context import StaffActor
from core.usecases.staff.sign_in import WhoIsSignedIn, who_is_signed_in
from web.cookies import NEXT_COOKIE, SESSION_COOKIE, forget_cookie, keep_cookie
from web.door import WebDoor, see
from web.sign_in import NEXT_LIFE

StaffPage = Callable[[StaffActor, Request], Awaitable[Response]]


def signed_in(door: WebDoor, page: StaffPage, *, back: str | None = None) -> Callable[[Request], Awaitable[Response]]:
    """``back``: a path pattern, as of a route, where it is not the page's own (a button's, which GET does not know).

    The way back is taken only where ``web.sign_in`` knows it; else sign-in ends at the account.
    """

    async def answer(request: Request) -> Response:
        session = request.cookies.get(SESSION_COOKIE, "")
        found = await door.read(who_is_signed_in, WhoIsSignedIn(session)) if session else None
        if found is None or found.staff is None:
            path = back.format(**request.path_params) if back else request.url.path
            return keep_cookie(forget_cookie(see("/sign-in"), SESSION_COOKIE), NEXT_COOKIE, path, NEXT_LIFE)
        return await page(found.staff, request)

    return answer
