"""Staff sign in: ask for a link, open it in the browser that asked, or type the code that it shows elsewhere.

1. The answer to asking is the same, and takes as long, for an address that nobody has.
2. Looking at a link signs nobody in; a person presses the button.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.context import Door, System
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.links import LinkKind
from core.rules.policy import SESSION_LIFE, SIGN_IN_LIFE
from core.usecases.staff.sign_in import (
    AskToSignIn,
    ShowSignIn,
    SignedIn,
    SignInByCode,
    SignInByLink,
    SignOut,
    ask_to_sign_in,
    show_sign_in,
    sign_in_by_code,
    sign_in_by_link,
    sign_out,
)
from web.cookies import NEXT_COOKIE, SESSION_COOKIE, SIGN_IN_COOKIE, forget_cookie, keep_cookie
from web.door import WebDoor, read_form, see, signed
from web.limits import Limit, network_of
from web.problems import too_often

Pause = Callable[[float], Awaitable[None]]

SIGN_INS_A_NETWORK: Final = 30
# Longer than writing a mail takes: how long an answer took tells nobody who works here.
ASKING_SECONDS: Final = 0.5
CODES_PATH: Final = "/learners/codes"
EXPORTS_PATH: Final = "/exports"
AT_RISK_PATH: Final = "/at-risk"
NEXT_LIFE: Final = timedelta(hours=1)
_WAYS_ON: Final = re.compile(
    rf"{CODES_PATH}|/learners/[0-9]{{1,19}}/data|{EXPORTS_PATH}/[0-9a-f]{{1,16}}"
    rf"|{AT_RISK_PATH}/[\w%.~-]{{1,192}}(/[0-9]{{1,19}})?",
    re.ASCII,
)
"""Nothing else is believed of where somebody was on the way to."""
_SYSTEM: Final = System(Door.WEB)
_ADDRESS_CHARACTERS: Final = 254
_MINUTES: Final = int(SIGN_IN_LIFE.total_seconds() // 60)


def sign_in_routes(door: WebDoor, pause: Pause) -> list[Route]:
    pages = SignInPages(door, pause)
    kind = LinkKind.SIGN_IN
    return [
        Route("/sign-in", pages.show, methods=["GET"]),
        Route("/sign-in", pages.ask, methods=["POST"]),
        Route("/sign-in/code", pages.show_code_form, methods=["GET"]),
        Route("/sign-in/code", pages.enter_code, methods=["POST"]),
        Route("/sign-in/{token}", signed(door, kind, pages.show_link), methods=["GET"]),
        Route("/sign-in/{token}", signed(door, kind, pages.use_link), methods=["POST"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
    ]


class SignInPages:
    def __init__(self, door: WebDoor, pause: Pause) -> None:
        self._door = door
        self._pause = pause
        # None for the address: whoever wants to keep somebody out would use it up. The use case spares the mailbox.
        self._of_networks = Limit(SIGN_INS_A_NETWORK, door.app.clock, window=SIGN_IN_LIFE)

    async def show(self, _request: Request) -> Response:
        return self._form("")

    async def ask(self, request: Request) -> Response:
        typed = (await read_form(request)).get("email", "").strip()[:_ADDRESS_CHARACTERS]
        if isinstance(parse_address(typed), InvalidAddress):
            return self._form(typed, "Please write your e-mail address, as in name@example.org.")
        seconds = self._of_networks.wait(network_of(request.scope))
        if seconds:
            return self._door.pages.problem(too_often(seconds), back="/sign-in")
        command = AskToSignIn(typed, request.cookies.get(SIGN_IN_COOKIE, ""))
        asked, _ = await asyncio.gather(self._door.run(ask_to_sign_in, command, _SYSTEM), self._pause(ASKING_SECONDS))
        return keep_cookie(see("/sign-in/code"), SIGN_IN_COOKIE, asked.browser, SIGN_IN_LIFE)

    async def show_code_form(self, request: Request) -> Response:
        if not request.cookies.get(SIGN_IN_COOKIE):
            return see("/sign-in")
        return self._code_form()

    async def enter_code(self, request: Request) -> Response:
        code = (await read_form(request)).get("code", "")
        command = SignInByCode(request.cookies.get(SIGN_IN_COOKIE, ""), code)
        result = await self._door.run(sign_in_by_code, command)
        return (
            _welcome(result, request) if isinstance(result, SignedIn) else self._code_form(_problem(result.tries_left))
        )

    async def show_link(self, token: str, request: Request) -> Response:
        shown = await self._door.read(show_sign_in, ShowSignIn(token, request.cookies.get(SIGN_IN_COOKIE, "")))
        if not shown.is_open:
            return self._door.pages.page("sign_in_closed.html", 410, shown=shown)
        template = "sign_in_here.html" if shown.is_here else "sign_in_elsewhere.html"
        code = f"{shown.code[:4]} {shown.code[4:]}"
        return self._door.pages.page(template, token=token, shown=shown, code=code)

    async def use_link(self, token: str, request: Request) -> Response:
        command = SignInByLink(token, request.cookies.get(SIGN_IN_COOKIE, ""))
        return _welcome(await self._door.run(sign_in_by_link, command), request)

    async def sign_out(self, request: Request) -> Response:
        await self._door.run(sign_out, SignOut(request.cookies.get(SESSION_COOKIE, "")))
        return forget_cookie(see("/sign-in"), SESSION_COOKIE)

    def _form(self, email: str, problem: str = "") -> Response:
        status = 400 if problem else 200
        return self._door.pages.page("sign_in.html", status, email=email, problem=problem, minutes=_MINUTES)

    def _code_form(self, problem: str = "") -> Response:
        status = 400 if problem else 200
        return self._door.pages.page("sign_in_asked.html", status, problem=problem, minutes=_MINUTES)


def _welcome(signed_in: SignedIn, request: Request) -> Response:
    way_on = request.cookies.get(NEXT_COOKIE, "")
    wanted = way_on if _WAYS_ON.fullmatch(way_on) else "/account"
    response = see("/terms" if signed_in.needs_terms else wanted)
    if way_on:
        forget_cookie(response, NEXT_COOKIE)
    keep_cookie(response, SESSION_COOKIE, signed_in.session, SESSION_LIFE)
    return forget_cookie(response, SIGN_IN_COOKIE)


def _problem(tries_left: int) -> str:
    if not tries_left:
        return "This code does not count any more. Please ask for a new link."
    tries = "1 try is" if tries_left == 1 else f"{tries_left} tries are"
    return f"This code does not fit; {tries} left."
