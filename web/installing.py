"""Adding Usher to a Slack workspace: a page, the way to Slack's consent page, and back.

1. Looking, and leaving for Slack, stores nothing. Coming back does, on a GET, for so the protocol wants it: only with
   a state that this house signed for this very browser within ten minutes, and only once.
2. What comes back without our cookie, or with another's, is refused: nobody can be made to finish somebody else's
   installation.
"""

import hmac
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.errors import InstallationExpired, InstallationRepeated, LinkNotFound
from core.rules.policy import INSTALL_STATE_LIFE
from web.cookies import INSTALL_COOKIE, forget_cookie, keep_cookie
from web.door import WebDoor, see


class Installer(Protocol):
    """What the bot knows about Slack."""

    async def set_out(self) -> tuple[str, str]:
        """A state, and the address of Slack's page."""

    async def finish(self, code: str, state: str) -> str:
        """The workspace's name. Raises UsherError."""


def installing_routes(door: WebDoor, installer: Installer) -> list[Route]:
    pages = InstallPages(door, installer)
    return [
        Route("/slack/install", pages.show, methods=["GET"]),
        # A link, not a form: "form-action 'self'" blocks a form's way to Slack silently.
        Route("/slack/install/begin", pages.begin, methods=["GET"]),
        Route("/slack/oauth_redirect", pages.come_back, methods=["GET"]),
        Route("/slack/installed", pages.installed, methods=["GET"]),
    ]


class InstallPages:
    def __init__(self, door: WebDoor, installer: Installer) -> None:
        self._door = door
        self._installer = installer

    async def show(self, _request: Request) -> Response:
        return self._door.pages.page("slack_install.html")

    async def begin(self, _request: Request) -> Response:
        state, address = await self._installer.set_out()
        response = RedirectResponse(address, 303)
        return keep_cookie(response, INSTALL_COOKIE, state, INSTALL_STATE_LIFE)

    async def come_back(self, request: Request) -> Response:
        if request.method == "HEAD":
            # The framework answers it like GET; only a person comes back.
            raise HTTPException(405)
        state, code, error = (request.query_params.get(name, "") for name in ("state", "code", "error"))
        if not _is_own(request, state):
            return self._refused("elsewhere", 400)
        if error or not code:
            return self._refused("denied" if error == "access_denied" else "unfinished", 400)
        try:
            await self._installer.finish(code, state)
        except InstallationExpired:
            return self._refused("expired", 410)
        except InstallationRepeated:
            return self._refused("repeated", 409)
        except LinkNotFound:
            return self._refused("elsewhere", 400)
        return forget_cookie(see("/slack/installed"), INSTALL_COOKIE)

    async def installed(self, _request: Request) -> Response:
        return self._door.pages.page("slack_installed.html")

    def _refused(self, reason: str, status: int) -> Response:
        minutes = int(INSTALL_STATE_LIFE.total_seconds() // 60)
        return self._door.pages.page("slack_not_installed.html", status, reason=reason, minutes=minutes)


def _is_own(request: Request, state: str) -> bool:
    kept = request.cookies.get(INSTALL_COOKIE, "")
    return bool(kept) and hmac.compare_digest(kept.encode(), state.encode())
