"""What mails to learners lead to, besides joining: their place on a run, and no more mails."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.rules.links import LinkKind
from core.usecases.links.join_requests import ShowJoinRequest, show_join_request, stop_mails_of_request
from core.usecases.links.places import ShowPlace, StopMails, show_place, stop_mails_of_place
from web.door import LinkPage, WebDoor, read_form, signed
from web.pages import run_words


def places_routes(door: WebDoor) -> list[Route]:
    pages = PlacesPages(door)

    def route(path: str, kind: LinkKind, method: str, page: LinkPage) -> Route:
        return Route(path, signed(door, kind, page), methods=[method])

    return [
        route("/p/{token}", LinkKind.PLACE, "GET", pages.show_place),
        route("/p/{token}/stop", LinkKind.PLACE, "GET", pages.show_place_stop),
        route("/p/{token}/stop", LinkKind.PLACE, "POST", pages.stop_place),
        route("/c/{token}/stop", LinkKind.JOIN_CONFIRMATION, "GET", pages.show_request_stop),
        route("/c/{token}/stop", LinkKind.JOIN_CONFIRMATION, "POST", pages.stop_request),
    ]


class PlacesPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show_place(self, token: str, _request: Request) -> Response:
        place = await self._door.read(show_place, ShowPlace(token))
        return self._door.pages.page(
            "place.html", token=token, place=place, run=run_words(place.run, self._door.app.clock())
        )

    async def show_place_stop(self, token: str, _request: Request) -> Response:
        place = await self._door.read(show_place, ShowPlace(token))
        return self._door.pages.page("link_stop.html", organisation=place.organisation)

    async def stop_place(self, token: str, request: Request) -> Response:
        form = await read_form(request)
        stopped = await self._door.run(stop_mails_of_place, StopMails(token))
        return self._stopped(form, stopped.organisation)

    async def show_request_stop(self, token: str, _request: Request) -> Response:
        found = await self._door.read(show_join_request, ShowJoinRequest(token))
        return self._door.pages.page("link_stop.html", organisation=found.link.organisation)

    async def stop_request(self, token: str, request: Request) -> Response:
        form = await read_form(request)
        stopped = await self._door.run(stop_mails_of_request, StopMails(token))
        return self._stopped(form, stopped.organisation)

    def _stopped(self, form: dict[str, str], organisation: str) -> Response:
        """Acts at once (RFC 8058); doing it twice does it once."""
        if form.get("List-Unsubscribe") == "One-Click":
            return PlainTextResponse("You will get no more mails.\n")
        return self._door.pages.page("stopped.html", organisation=organisation)
