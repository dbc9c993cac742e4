"""The web door, put together: the routes, what surrounds them, and how errors become pages."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.app import App
from core.errors import LinkNotFound, UsherError
from web.answers import answers_router
from web.assets import Assets
from web.door import ANSWER_DEADLINE, WebDoor
from web.health import health_router
from web.joining import joining_router
from web.limits import MISSES_A_MINUTE, HowOften, Limit, network_of
from web.pages import Pages
from web.problems import of_status, problem_of, too_often
from web.security import SLACK_PATH, BodyLimit, LastNet, OwnPagesOnly, StrictHeaders
from web.staff import staff_router

SlackEndpoint = Callable[[Request], Awaitable[Response]]


def build_app(
    app: App,
    *,
    slack_endpoint: SlackEndpoint | None = None,
    is_ready: Callable[[], bool] | None = None,
    lifespan: Any = None,
    deadline: timedelta = ANSWER_DEADLINE,
) -> FastAPI:
    """``lifespan`` is handed to the framework; ``deadline`` is how long an answer may wait for the database."""
    assets = Assets()
    pages = Pages(assets)
    door = WebDoor(app, pages, deadline)
    # Telemetry would carry paths, and with them links. A redirect to add a slash would name the Host that was sent.
    web = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
    )
    web.include_router(answers_router(door))
    web.include_router(joining_router(door))
    web.include_router(staff_router(door))
    web.include_router(health_router(door, is_ready))
    web.add_api_route("/static/{name}", assets.serve, methods=["GET", "HEAD"])
    if slack_endpoint is not None:
        _mount_slack(web, slack_endpoint)
    _surround(web, app, pages)
    _show_errors(web, app, pages)
    return web


def _mount_slack(web: FastAPI, endpoint: SlackEndpoint) -> None:
    # The framework reads the parameters of what it mounts; an adapter's own ones are not for it.
    async def slack_events(request: Request) -> Response:
        return await endpoint(request)

    web.add_api_route(SLACK_PATH, slack_events, methods=["POST"])


def _surround(web: FastAPI, app: App, pages: Pages) -> None:
    """Innermost first."""
    base_url = app.settings.base_url
    web.add_middleware(BodyLimit, pages=pages)
    web.add_middleware(OwnPagesOnly, pages=pages, base_url=base_url)
    web.add_middleware(HowOften, pages=pages, clock=app.clock)
    web.add_middleware(LastNet, pages=pages, tokens=app.tokens)
    web.add_middleware(StrictHeaders, base_url=base_url)


def _show_errors(web: FastAPI, app: App, pages: Pages) -> None:
    misses = Limit(MISSES_A_MINUTE, app.clock)

    @web.exception_handler(LinkNotFound)
    async def show_unknown_link(request: Request, error: LinkNotFound) -> Response:
        seconds = misses.wait(network_of(request.scope))
        return pages.problem(too_often(seconds)) if seconds else pages.page("unknown.html", 404, error=error)

    @web.exception_handler(UsherError)
    async def show_expected(request: Request, error: UsherError) -> Response:
        return pages.problem(problem_of(error), back=_way_back(request))

    @web.exception_handler(HTTPException)
    async def show_refused(_request: Request, error: HTTPException) -> Response:
        return pages.problem(of_status(error.status_code, error.headers))


def _way_back(request: Request) -> str:
    """After a failed POST: the page of the same link, where what is true now can be seen."""
    if request.method != "POST" or "token" not in request.path_params:
        return ""
    return "/".join(request.scope["path"].split("/")[:3])
