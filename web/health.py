"""Is this process alive; can it serve. For load balancers and service managers."""

import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import LinkNotFound
from core.rules.links import LinkKind
from core.usecases.invitations.answers import ShowInvitation, show_invitation
from web.door import WebDoor

_NOBODY = 0
_log = logging.getLogger("usher.web")


def health_routes(door: WebDoor, is_ready: Callable[[], bool] | None) -> list[Route]:
    async def alive(_request: Request) -> Response:
        return PlainTextResponse("Alive.\n")

    async def ready(_request: Request) -> Response:
        if is_ready is not None and not is_ready():
            return PlainTextResponse("Not ready: still starting, or going away.\n", 503)
        if not await _database_answers(door):
            return PlainTextResponse("Not ready: the database does not answer.\n", 503)
        return PlainTextResponse("Ready.\n")

    return [Route("/healthz", alive, methods=["GET"]), Route("/readyz", ready, methods=["GET"])]


async def _database_answers(door: WebDoor) -> bool:
    """Follows a well-signed link to nobody: one look-up in a real table, by the way that learners come."""
    try:
        await door.read(show_invitation, ShowInvitation(door.app.links.token(LinkKind.INVITATION, _NOBODY)))
    except LinkNotFound:
        return True
    # Whatever it is, this process cannot serve.
    except Exception as error:
        _log.warning("not ready: %s", type(error).__name__)
        return False
    return True
