"""A learner's invitation link: look, accept, decline, ask for a new link, ask for no more. Looking changes nothing."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import InvitationClosed, NameMissing, UsherError
from core.rules.links import LinkKind
from core.rules.zones import zone_named
from core.usecases.invitations.answers import (
    AcceptInvitation,
    AskForLink,
    DeclineInvitation,
    InvitationShown,
    LinkState,
    ShowInvitation,
    StopInvitations,
    accept_invitation,
    ask_for_link,
    decline_invitation,
    show_invitation,
    stop_invitations,
)
from core.wording.phrases import until_words
from web.door import LinkPage, WebDoor, read_form, see, signed
from web.fields import Field, name_fields
from web.pages import run_words

TEMPLATES = {
    LinkState.OPEN: "open.html",
    LinkState.ACCEPTED: "accepted.html",
    LinkState.DECLINED: "declined.html",
    LinkState.CANCELLED: "cancelled.html",
    LinkState.EXPIRED: "expired.html",
    LinkState.CLOSED: "closed.html",
}
_GONE = frozenset({LinkState.CANCELLED, LinkState.EXPIRED, LinkState.CLOSED})


def answers_routes(door: WebDoor) -> list[Route]:
    pages = LearnerPages(door)

    def route(path: str, method: str, page: LinkPage) -> Route:
        return Route(f"/i/{{token}}{path}", signed(door, LinkKind.INVITATION, page), methods=[method])

    # What is shown at GET is shown at HEAD as well: mail scanners ask so.
    return [
        route("", "GET", pages.show),
        route("/accept", "POST", pages.accept),
        route("/decline", "POST", pages.decline),
        route("/ask", "POST", pages.ask),
        route("/stop", "GET", pages.show_stop),
        route("/stop", "POST", pages.stop),
    ]


class LearnerPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show(self, token: str, _request: Request) -> Response:
        shown = await self._door.read(show_invitation, ShowInvitation(token))
        return self._page(token, shown, name_fields(*_split(shown.name)))

    async def accept(self, token: str, request: Request) -> Response:
        form = await read_form(request)
        first_name, last_name = form.get("first_name", ""), form.get("last_name", "")
        try:
            await self._door.run(accept_invitation, AcceptInvitation(token, first_name, last_name))
        except NameMissing:
            shown = await self._door.read(show_invitation, ShowInvitation(token))
            return self._page(token, shown, _checked_fields(first_name, last_name), status=400)
        except InvitationClosed as refusal:
            return await self._as_it_is(token, refusal)
        return see(f"/i/{token}")

    async def decline(self, token: str, _request: Request) -> Response:
        try:
            await self._door.run(decline_invitation, DeclineInvitation(token))
        except InvitationClosed as refusal:
            return await self._as_it_is(token, refusal)
        return see(f"/i/{token}")

    async def ask(self, token: str, _request: Request) -> Response:
        try:
            await self._door.run(ask_for_link, AskForLink(token))
        except InvitationClosed as refusal:
            return await self._as_it_is(token, refusal)
        return see(f"/i/{token}")

    async def show_stop(self, token: str, _request: Request) -> Response:
        shown = await self._door.read(show_invitation, ShowInvitation(token))
        return self._door.pages.page("stop.html", organisation=shown.organisation, token=token)

    async def stop(self, token: str, request: Request) -> Response:
        """Acts at once (RFC 8058); doing it twice does it once, so the page itself is the answer."""
        form = await read_form(request)
        stopped = await self._door.run(stop_invitations, StopInvitations(token))
        if form.get("List-Unsubscribe") == "One-Click":
            return PlainTextResponse("You will get no more invitations.\n")
        return self._door.pages.page("stopped.html", organisation=stopped.organisation)

    async def _as_it_is(self, token: str, refusal: UsherError) -> Response:
        """The page says what is true now, and that the answer just given did not count."""
        shown = await self._door.read(show_invitation, ShowInvitation(token))
        fields = name_fields(*_split(shown.name))
        return self._page(token, shown, fields, status=409, notice=refusal.message)

    def _page(
        self,
        token: str,
        shown: InvitationShown,
        fields: tuple[Field, ...],
        *,
        status: int = 200,
        notice: str = "",
    ) -> Response:
        zone = zone_named(shown.run.time_zone)
        return self._door.pages.page(
            TEMPLATES[shown.state],
            410 if shown.state in _GONE else status,
            token=token,
            run=run_words(shown.run, self._door.app.clock()),
            shown=shown,
            note_lines=tuple(shown.note.splitlines()),
            until=until_words(shown.expires_at, zone),
            fields=fields,
            notice=notice,
        )


def _split(name: str) -> tuple[str, str]:
    """A first guess that the learner corrects: the last word is the last name."""
    first, _, last = name.rpartition(" ")
    return (first, last) if first else (last, "")


def _checked_fields(first_name: str, last_name: str) -> tuple[Field, ...]:
    """The core names the first thing that is missing; a form shows all of them at once."""
    return tuple(entry.checked() for entry in name_fields(first_name, last_name))
