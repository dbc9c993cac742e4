"""The link in a digest's e-mail: look, and end these e-mails by one press or one click. Looking changes nothing."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.rules.links import LinkKind
from core.usecases.digests.settings import ShowDigestStop, StopDigestMail, show_digest_stop, stop_digest_mail
from web.door import WebDoor, read_form, signed


def digests_routes(door: WebDoor) -> list[Route]:
    pages = DigestPages(door)
    path = "/d/{token}/stop"
    return [
        Route(path, signed(door, LinkKind.DIGEST, pages.show_stop), methods=["GET"]),
        Route(path, signed(door, LinkKind.DIGEST, pages.stop), methods=["POST"]),
    ]


class DigestPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show_stop(self, token: str, _request: Request) -> Response:
        shown = await self._door.read(show_digest_stop, ShowDigestStop(token))
        return self._door.pages.page("digest_stop.html", shown=shown)

    async def stop(self, token: str, request: Request) -> Response:
        """Acts at once (RFC 8058); doing it twice does it once, so the page itself is the answer."""
        form = await read_form(request)
        stopped = await self._door.run(stop_digest_mail, StopDigestMail(token))
        if form.get("List-Unsubscribe") == "One-Click":
            return PlainTextResponse("You will get no more digests by e-mail.\n")
        return self._door.pages.page("digest_stopped.html", shown=stopped)
