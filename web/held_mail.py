"""Was this you? A message bears a staff member's address; the mail that asked went to them. Looking changes nothing."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.rules.links import LinkKind
from core.rules.zones import zone_named
from core.usecases.mailbox.held_mail import (
    ConfirmHeldMail,
    DenyHeldMail,
    HeldMailShown,
    ShowHeldMail,
    confirm_held_mail,
    deny_held_mail,
    show_held_mail,
)
from core.wording.phrases import day_words, moment_words, size_words
from core.words import MailState
from web.door import LinkPage, WebDoor, signed


def held_mail_routes(door: WebDoor) -> list[Route]:
    pages = HeldMailPages(door)

    def route(path: str, method: str, page: LinkPage) -> Route:
        return Route(f"/h/{{token}}{path}", signed(door, LinkKind.HELD_MAIL, page), methods=[method])

    return [route("", "GET", pages.show), route("/yes", "POST", pages.confirm), route("/no", "POST", pages.deny)]


class HeldMailPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show(self, token: str, _request: Request) -> Response:
        shown = await self._door.read(show_held_mail, ShowHeldMail(token))
        if shown.state is not MailState.HELD:
            return self._door.pages.page("held_mail_closed.html", 410, shown=shown)
        zone = zone_named(shown.time_zone)
        return self._door.pages.page(
            "held_mail.html",
            token=token,
            shown=shown,
            received=moment_words(shown.received_at, zone),
            size=size_words(shown.size),
            erased_on=day_words(shown.erased_at, zone),
        )

    async def confirm(self, token: str, _request: Request) -> Response:
        released = await self._door.run(confirm_held_mail, ConfirmHeldMail(token))
        return self._answered("Thank you. Usher does what the message asks, and answers it by e-mail.", released.next)

    async def deny(self, token: str, _request: Request) -> Response:
        refused = await self._door.run(deny_held_mail, DenyHeldMail(token))
        return self._answered("Thank you. The message is thrown away; nothing was done.", refused.next)

    def _answered(self, words: str, next_one: HeldMailShown | None) -> Response:
        return self._door.pages.page("held_mail_answered.html", words=words, next=next_one)
