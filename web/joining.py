"""A shared link's pages: look, join, confirm the address, see the place, ask for no more mails.

A look is the same for everybody, so its page is drawn once and kept for a moment: a whole school may look at once.
Whoever presses is judged by what is true then; but who presses twice within seconds is told the same by memory, as long
as the look says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.context import Clock
from core.errors import AddressInvalid, DomainNotAllowed, InvalidRequest, NameMissing, SharedLinkClosed
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.links import LinkKind
from core.usecases.links.crowds import JoinTogether, join_together
from core.usecases.links.join_requests import (
    ConfirmJoin,
    ShowJoinRequest,
    confirm_join,
    show_join_request,
    stop_mails_of_request,
)
from core.usecases.links.joining import (
    ConfirmationMailed,
    JoinByLink,
    JoinedByLink,
    LinkLookedAt,
    LookAtLink,
    join_by_link,
    look_at_link,
)
from core.usecases.links.places import ShowPlace, StopMails, show_place, stop_mails_of_place
from core.wording.phrases import day_words, until_words, zone_named
from core.words import SharedLinkState
from web.crowds import Crowds
from web.door import LinkPage, WebDoor, read_form, require_signed, signed
from web.fields import Field, name_fields
from web.pages import run_words

_KEPT_FOR: Final = timedelta(seconds=2)
_MOST_KEPT: Final = 1000
_SAME_PRESS: Final = timedelta(seconds=10)
_MOST_TOLD: Final = 20_000
_ADDRESS_CHARACTERS: Final = 254
_GONE = frozenset({SharedLinkState.EXPIRED, SharedLinkState.REVOKED})
TEMPLATES = {
    SharedLinkState.OPEN: "link_open.html",
    SharedLinkState.PAUSED: "link_paused.html",
    SharedLinkState.WAITING: "link_waiting.html",
    SharedLinkState.FULL: "link_full.html",
    SharedLinkState.EXPIRED: "link_expired.html",
    SharedLinkState.REVOKED: "link_revoked.html",
}


def joining_routes(door: WebDoor) -> list[Route]:
    pages = JoiningPages(door)

    def route(path: str, kind: LinkKind, method: str, page: LinkPage) -> Route:
        return Route(path, signed(door, kind, page), methods=[method])

    # What is shown at GET is shown at HEAD as well: mail scanners ask so.
    return [
        # Looks for a kept page before it looks at the signature: a whole school comes here at once.
        Route("/j/{token}", pages.show, methods=["GET"]),
        route("/j/{token}/join", LinkKind.SHARED, "POST", pages.join),
        route("/c/{token}", LinkKind.JOIN_CONFIRMATION, "GET", pages.show_request),
        route("/c/{token}/confirm", LinkKind.JOIN_CONFIRMATION, "POST", pages.confirm),
        route("/c/{token}/stop", LinkKind.JOIN_CONFIRMATION, "GET", pages.show_request_stop),
        route("/c/{token}/stop", LinkKind.JOIN_CONFIRMATION, "POST", pages.stop_request),
        route("/p/{token}", LinkKind.PLACE, "GET", pages.show_place),
        route("/p/{token}/stop", LinkKind.PLACE, "GET", pages.show_place_stop),
        route("/p/{token}/stop", LinkKind.PLACE, "POST", pages.stop_place),
    ]


class Look(Struct, frozen=True):
    page: Response
    lets_in: bool
    """Whoever has joined may be told so: it is not closed, and wants no proof of an address."""


class _Kept(Struct, frozen=True):
    until: datetime
    look: asyncio.Future[Look]


class KeptLooks:
    """A look a token, for a moment. Those who ask while it is being made wait for the same one. One event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    async def look(self, token: str, make: Callable[[str], Awaitable[Look]]) -> Look:
        now = self._clock()
        kept = self._kept.get(token)
        if kept is None or not kept.until - _KEPT_FOR <= now < kept.until:
            self._kept.pop(token, None)
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[token] = _Kept(now + _KEPT_FOR, asyncio.ensure_future(make(token)))
        try:
            # Whoever hangs up must not end it for the others.
            return await asyncio.shield(kept.look)
        except Exception:
            self._kept.pop(token, None)
            raise


class JustJoined:
    """What whoever has joined was told, for some seconds: who presses twice is told the same, and costs no look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # In the order in which they joined.
        self._told: dict[tuple[str, str], tuple[datetime, JoinedByLink]] = {}

    def note(self, press: JoinByLink, answer: JoinedByLink) -> None:
        now = self._clock()
        while self._told and (len(self._told) >= _MOST_TOLD or _is_over(next(iter(self._told.values()))[0], now)):
            del self._told[next(iter(self._told))]
        self._told[press.token, press.address] = now, answer

    def told(self, press: JoinByLink) -> JoinedByLink | None:
        joined_at, answer = self._told.get((press.token, press.address), (None, None))
        return None if joined_at is None or _is_over(joined_at, self._clock()) else answer


def _is_over(joined_at: datetime, now: datetime) -> bool:
    """Also where the clock was set back."""
    return not joined_at <= now < joined_at + _SAME_PRESS


class JoiningPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door
        self._kept = KeptLooks(door.app.clock)
        self._just_joined = JustJoined(door.app.clock)
        self._presses: Crowds[JoinByLink, JoinedByLink | ConfirmationMailed] = Crowds(self._join)

    async def show(self, request: Request) -> Response:
        page = (await self._kept.look(request.path_params["token"], self._look)).page
        # What surrounds it adds to the headers of each.
        return Response(page.body, page.status_code, media_type=page.media_type)

    async def _look(self, token: str) -> Look:
        require_signed(self._door, LinkKind.SHARED, token)
        shown = await self._door.read(look_at_link, LookAtLink(token))
        lets_in = shown.state in (SharedLinkState.OPEN, SharedLinkState.FULL) and not shown.must_confirm
        return Look(self._page(token, shown, _fields("", "", "")), lets_in)

    async def join(self, token: str, request: Request) -> Response:
        """Pressing twice joins once, so the page itself is the answer."""
        form = await read_form(request)
        first, last, address = (form.get(name, "") for name in ("first_name", "last_name", "address"))
        try:
            answer = await self._answer(JoinByLink(token, first, last, address))
        except (NameMissing, AddressInvalid, DomainNotAllowed) as refusal:
            shown = await self._door.read(look_at_link, LookAtLink(token))
            return self._page(token, shown, _checked(first, last, address, refusal), status=400)
        except SharedLinkClosed as refusal:
            shown = await self._door.read(look_at_link, LookAtLink(token))
            return self._page(token, shown, _fields(first, last, address), status=409, notice=refusal.message)
        if isinstance(answer, ConfirmationMailed):
            return self._door.pages.page("link_mailed.html", answer=answer, token=token)
        return self._joined(answer)

    async def _answer(self, press: JoinByLink) -> JoinedByLink | ConfirmationMailed:
        told = self._just_joined.told(press)
        if told is not None and (await self._kept.look(press.token, self._look)).lets_in:
            return told
        answer = await self._presses.ask(press.token, press)
        if answer is None:
            answer = await self._door.run(join_by_link, press)
        if isinstance(answer, JoinedByLink):
            self._just_joined.note(press, answer)
        return answer

    async def _join(
        self, token: str, presses: Sequence[JoinByLink]
    ) -> Sequence[JoinedByLink | ConfirmationMailed | None]:
        if len(presses) == 1:
            return [await self._door.run(join_by_link, presses[0])]
        return (await self._door.run(join_together, JoinTogether(token, tuple(presses)))).answers

    def _page(
        self, token: str, shown: LinkLookedAt, fields: tuple[Field, ...], *, status: int = 200, notice: str = ""
    ) -> Response:
        zone = zone_named(shown.time_zone)
        return self._door.pages.page(
            TEMPLATES[shown.state],
            410 if shown.state in _GONE else status,
            token=token,
            shown=shown,
            run=run_words(shown.run, self._door.app.clock()) if shown.run is not None else None,
            until=until_words(shown.ends_at, zone),
            opens=day_words(shown.opens_at, zone) if shown.opens_at else "",
            fields=fields,
            notice=notice,
        )

    def _joined(self, answer: JoinedByLink) -> Response:
        run = run_words(answer.run, self._door.app.clock())
        # A whole school may get this page within a minute.
        return self._door.pages.page_for(answer.address, "link_joined.html", run=run, organisation=answer.organisation)

    # --- Confirming -------------------------------------------------------------------------------------------

    async def show_request(self, token: str, _request: Request) -> Response:
        found = await self._door.read(show_join_request, ShowJoinRequest(token))
        if not found.has_joined and found.link.state is not SharedLinkState.OPEN:
            return self._page(token, found.link, ())
        return self._door.pages.page("link_confirm.html", token=token, found=found)

    async def confirm(self, token: str, _request: Request) -> Response:
        try:
            return self._joined(await self._door.run(confirm_join, ConfirmJoin(token)))
        except SharedLinkClosed as refusal:
            found = await self._door.read(show_join_request, ShowJoinRequest(token))
            return self._page(token, found.link, (), status=409, notice=refusal.message)

    async def show_request_stop(self, token: str, _request: Request) -> Response:
        found = await self._door.read(show_join_request, ShowJoinRequest(token))
        return self._door.pages.page("link_stop.html", organisation=found.link.organisation)

    async def stop_request(self, token: str, request: Request) -> Response:
        form = await read_form(request)
        stopped = await self._door.run(stop_mails_of_request, StopMails(token))
        return self._stopped(form, stopped.organisation)

    # --- The place --------------------------------------------------------------------------------------------

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

    def _stopped(self, form: dict[str, str], organisation: str) -> Response:
        """Acts at once (RFC 8058); doing it twice does it once."""
        if form.get("List-Unsubscribe") == "One-Click":
            return PlainTextResponse("You will get no more mails.\n")
        return self._door.pages.page("stopped.html", organisation=organisation)


def _fields(first_name: str, last_name: str, address: str, problem: str = "") -> tuple[Field, ...]:
    entry = Field("address", "Your e-mail address", "email", address, _ADDRESS_CHARACTERS, problem, kind="email")
    return (*name_fields(first_name, last_name), entry)


def _checked(first_name: str, last_name: str, address: str, refusal: InvalidRequest) -> tuple[Field, ...]:
    """The core names the first thing that is wrong; a form shows all of them at once."""
    problem = ""
    if not isinstance(refusal, NameMissing):
        problem = f"{refusal.message} {refusal.hint}".strip()
    elif isinstance(found := parse_address(address), InvalidAddress):
        problem = AddressInvalid(nearest=found.suggestion).message
    names = tuple(entry.checked() for entry in name_fields(first_name, last_name))
    return (*names, *_fields("", "", address, problem)[2:])
