"""A shared link's page, and its button: look, and join. What follows by mail: ``confirming``, ``places``.

A look is the same for everybody, so its page is drawn once and kept for a moment: a whole school may look at once.
Whoever presses is judged by what is true then; but who presses twice within seconds is told the same by memory, as long
as the look says so.
"""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import AddressInvalid, DomainNotAllowed, InvalidRequest, NameMissing, SharedLinkClosed
from core.rules.addresses import Address, InvalidAddress, guess_typo, parse_address
from core.rules.links import LinkKind
from core.usecases.links.crowds import JoinTogether, join_together
from core.usecases.links.joining import ConfirmationMailed, JoinByLink, JoinedByLink, join_by_link
from core.usecases.links.looking import LookAtLink, look_at_link
from core.words import SharedLinkState
from web.crowds import Crowds
from web.door import WebDoor, read_form, require_signed, signed
from web.fields import Field, name_fields
from web.link_pages import joined_page, link_page
from web.remembered import JustJoined, KeptLooks, Look

_ADDRESS_CHARACTERS: Final = 254


def joining_routes(door: WebDoor) -> list[Route]:
    pages = JoiningPages(door)
    # What is shown at GET is shown at HEAD as well: mail scanners ask so.
    return [
        # Looks for a kept page before it looks at the signature: a whole school comes here at once.
        Route("/j/{token}", pages.show, methods=["GET"]),
        Route("/j/{token}/join", signed(door, LinkKind.SHARED, pages.join), methods=["POST"]),
    ]


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
        return Look(link_page(self._door, token, shown, _fields("", "", "")), lets_in)

    async def join(self, token: str, request: Request) -> Response:
        """Pressing twice joins once, so the page itself is the answer."""
        form = await read_form(request)
        first, last, address = (form.get(name, "") for name in ("first_name", "last_name", "address"))
        if "again" in form:
            shown = await self._door.read(look_at_link, LookAtLink(token))
            return link_page(self._door, token, shown, _fields(first, last, address))
        press = JoinByLink(token, first, last, address)
        if form.get("kept", "") != address and (doubt := await self._doubt(press)) is not None:
            return doubt
        try:
            answer = await self._answer(press)
        except (NameMissing, AddressInvalid, DomainNotAllowed) as refusal:
            shown = await self._door.read(look_at_link, LookAtLink(token))
            return link_page(self._door, token, shown, _checked(first, last, address, refusal), status=400)
        except SharedLinkClosed as refusal:
            shown = await self._door.read(look_at_link, LookAtLink(token))
            return link_page(
                self._door, token, shown, _fields(first, last, address), status=409, notice=refusal.message
            )
        if isinstance(answer, ConfirmationMailed):
            return self._door.pages.page("link_mailed.html", answer=answer, token=token)
        return joined_page(self._door, answer)

    async def _doubt(self, press: JoinByLink) -> Response | None:
        """The question whether another address was meant. Nobody is asked where the press would be refused."""
        typed, guess = _meant(press.address)
        if not guess or any(entry.checked().problem for entry in name_fields(press.first_name, press.last_name)):
            return None
        shown = await self._door.read(look_at_link, LookAtLink(press.token))
        # Of named domains the one that was typed is either among them, and right, or refused.
        if shown.state is not SharedLinkState.OPEN or shown.allowed_domains:
            return None
        return self._door.pages.page("link_doubt.html", shown=shown, press=press, typed=typed, guess=guess)

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


def _meant(typed: str) -> tuple[str, str]:
    """The address as it is read, and the one that was probably meant: empty where there is nothing to ask."""
    found = parse_address(typed)
    if isinstance(found, InvalidAddress):
        return typed, ""
    guess = guess_typo(found.address) or ""
    return found.address, guess if isinstance(parse_address(guess), Address) else ""


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
