"""What surrounds every request, outermost first: headers, the last net, Slack's door, how often, from where, how much.

1. Every response has the headers: pages, files, refusals and errors alike.
2. A POST counts only from our own pages, or from a program that is no browser (mail programs' one-click unsubscribe).
   Slack's requests carry a signature instead, so they do not pass by what guards the pages.
3. A body over the limit is refused before anybody has acted on it.
4. An unexpected error shows a reference number; the log has where it happened, never a token or an address.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.context import Tokens
from web.pages import Pages
from web.problems import NOT_OUR_PAGE, TOO_LARGE, of_status, unexpected

SlackEndpoint = Callable[[Request], Awaitable[Response]]

SLACK_PATH: Final = "/slack/events"
FORM_BYTES: Final = 64 * 1024
# A modal with all of its blocks and its state, form-encoded.
SLACK_BYTES: Final = 1024 * 1024
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
_YEAR = 365 * 24 * 60 * 60
_FIXED_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would send our own forms with "Origin: null" (measured).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
_NOT_KEPT: Final = (b"cache-control", b"no-store")
_log = logging.getLogger("usher.web")


class StrictHeaders:
    def __init__(self, app: ASGIApp, *, base_url: str) -> None:
        self._app = app
        is_secure = base_url.startswith("https://")
        headers = {
            **_FIXED_HEADERS,
            **({"Strict-Transport-Security": f"max-age={_YEAR}"} if is_secure else {}),
        }
        # As they go out: the framework's own way looks through all headers for each.
        self._headers = Headers(headers).raw
        self._names = frozenset(name for name, _value in self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._completed(message["headers"])
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _completed(self, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Names are in lower case, as the protocol wants them."""
        completed = [header for header in headers if header[0] not in self._names]
        # Files under a hashed name say themselves that they may be kept.
        if not any(name == b"cache-control" for name, _value in completed):
            completed.append(_NOT_KEPT)
        return completed + self._headers


class LastNet:
    """Catches what nobody expected."""

    def __init__(self, app: ASGIApp, *, pages: Pages, tokens: Tokens) -> None:
        self._app = app
        self._pages = pages
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as error:
            if scope["type"] != "http":
                raise
            reference = self._tokens.reference()
            _log_unexpected(reference, scope, error)
            if not has_begun:
                await self._pages.problem(unexpected(reference))(scope, receive, send)


def _log_unexpected(reference: str, scope: Scope, error: Exception) -> None:
    """The kinds of the errors and the lines they passed; messages and paths may hold addresses and tokens."""
    kinds: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(kinds) < 5:
        kinds.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    route = _route_of(scope)
    lines = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected error %s at %s %s: %s\n%s", reference, scope["method"], route, " from ".join(kinds), lines)


def _route_of(scope: Scope) -> str:
    """The path, with the name of each parameter in its place: what stands there may be a token."""
    if "endpoint" not in scope:
        return "no route"
    path: str = scope["path"]
    for name, value in scope["path_params"].items():
        path = path.replace(value, f"{{{name}}}")
    return path


class SlackDoor:
    """Past the pages' own guards to the endpoint, which believes nothing but Slack's signature."""

    def __init__(self, app: ASGIApp, *, pages: Pages, endpoint: SlackEndpoint) -> None:
        self._app = app
        self._pages = pages
        self._route = Route(SLACK_PATH, endpoint, methods=["POST"])
        self._endpoint = BodyLimit(self._route.app, pages=pages, limit=SLACK_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match, found = self._route.matches(scope)
        if match is Match.NONE:
            await self._app(scope, receive, send)
        elif match is Match.PARTIAL:
            await self._pages.problem(of_status(405, {"Allow": "POST"}))(scope, receive, send)
        else:
            scope.update(found)
            await self._endpoint(scope, receive, send)


class OwnPagesOnly:
    """Against other sites' forms. Sec-Fetch-Site decides where there is one, for a page cannot forge it."""

    def __init__(self, app: ASGIApp, *, pages: Pages, base_url: str) -> None:
        self._app = app
        self._pages = pages
        self._origin = _origin_of(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_welcome(scope):
            await self._app(scope, receive, send)
            return
        await self._pages.problem(NOT_OUR_PAGE)(scope, receive, send)

    def _is_welcome(self, scope: Scope) -> bool:
        if scope["method"] in _SAFE_METHODS:
            return True
        headers = Headers(scope=scope)
        sites = headers.getlist("sec-fetch-site")
        if sites:
            return _OWN_SITES.issuperset(sites)
        return all(origin == self._origin for origin in headers.getlist("origin"))


def _origin_of(url: str) -> str:
    """As browsers write it: lower case, without the scheme's own port."""
    parts = urlsplit(url.lower())
    port = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(port)}"


class BodyLimit:
    """Reads the whole body first: the framework's own limit would let a handler act before it refuses."""

    def __init__(self, app: ASGIApp, *, pages: Pages, limit: int) -> None:
        self._app = app
        self._pages = pages
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read_body(scope, receive, self._limit)
        if body is None:
            await self._pages.problem(TOO_LARGE)(scope, receive, send)
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_read() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, receive_read, send)


async def _read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """None: it is longer. A client that goes away in the middle has sent nothing that counts."""
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return bytes(body)
