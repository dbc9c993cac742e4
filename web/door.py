"""How handlers reach the core, and read what a form brings."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.app import App
from core.context import Actor, Context, LinkHolder
from core.errors import LinkNotFound
from core.rules.links import LinkKind
from web.pages import Pages

Command = TypeVar("Command")
Result = TypeVar("Result")
UseCase = Callable[[Context, Command], Result]
LinkPage = Callable[[str, Request], Awaitable[Response]]
"""Is given the link's token."""

ANSWER_DEADLINE = timedelta(seconds=10)
"""A person looks at a loading page for about this long; then Busy is the kinder answer."""
_HOLDER = LinkHolder()
_FORM_FIELDS = 20


class WebDoor(Struct, frozen=True):
    app: App
    pages: Pages
    deadline: timedelta

    async def read(self, usecase: UseCase[Command, Result], command: Command, actor: Actor = _HOLDER) -> Result:
        return await asyncio.to_thread(self.app.read, usecase, command, actor)

    async def run(self, usecase: UseCase[Command, Result], command: Command, actor: Actor = _HOLDER) -> Result:
        return await asyncio.to_thread(self.app.run, usecase, command, actor, deadline=self.deadline)


def signed(door: WebDoor, kind: LinkKind, page: LinkPage) -> Callable[[Request], Awaitable[Response]]:
    """Refuses what this house did not sign before it costs a query, or a refusal's entry in the audit."""

    async def answer(request: Request) -> Response:
        token: str = request.path_params["token"]
        require_signed(door, kind, token)
        return await page(token, request)

    return answer


def require_signed(door: WebDoor, kind: LinkKind, token: str) -> None:
    """Raises LinkNotFound."""
    if door.app.links.read(kind, token) is None:
        raise LinkNotFound


async def read_form(request: Request) -> dict[str, str]:
    """Text fields only. Raises HTTPException (400) for what is no form."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind.strip().lower() == "application/x-www-form-urlencoded":
        return _fields(await request.body())
    async with request.form(max_files=0, max_fields=_FORM_FIELDS) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def _fields(body: bytes) -> dict[str, str]:
    """The framework reads character by character, which costs as much as the rest of the request."""
    try:
        return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_FORM_FIELDS))
    except ValueError as error:
        raise HTTPException(400) from error


def see(path: str) -> RedirectResponse:
    """After a POST the browser fetches a page, so that reloading it does nothing twice.

    A path, not an address: ``form-action 'self'`` blocks the way to another origin silently (measured).
    """
    return RedirectResponse(path, 303)
