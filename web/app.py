"""The web door, put together: the routes, what surrounds them, and how errors become pages."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan

from core.app import App
from core.errors import LinkNotFound, UsherError
from web.accounts import accounts_routes
from web.answers import answers_routes
from web.assets import Assets
from web.at_risk import at_risk_routes
from web.confirming import confirming_routes
from web.digests import digests_routes
from web.door import ANSWER_DEADLINE, WebDoor
from web.exports import exports_routes
from web.health import health_routes
from web.held_mail import held_mail_routes
from web.installing import Installer, installing_routes
from web.joining import joining_routes
from web.learner_data import learner_data_routes
from web.learners import learners_routes
from web.limits import MISSES_A_MINUTE, HowOften, Limit, network_of
from web.pages import Pages
from web.places import places_routes
from web.problems import of_status, problem_of, too_often
from web.security import FORM_BYTES, BodyLimit, LastNet, OwnPagesOnly, SlackDoor, SlackEndpoint, StrictHeaders
from web.sign_in import Pause, sign_in_routes
from web.staff import staff_routes


def build_app(
    app: App,
    *,
    slack_endpoint: SlackEndpoint | None = None,
    slack_installer: Installer | None = None,
    is_ready: Callable[[], bool] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    deadline: timedelta = ANSWER_DEADLINE,
    pause: Pause = asyncio.sleep,
) -> Starlette:
    """``lifespan`` is handed to the framework; ``deadline`` is how long an answer may wait for the database.

    ``pause`` waits the given seconds; time is passed in.
    """
    assets = Assets()
    pages = Pages(assets)
    door = WebDoor(app, pages, deadline)
    routes = [
        *_routes(door, pause),
        *(installing_routes(door, slack_installer) if slack_installer else ()),
        *health_routes(door, is_ready),
        Route("/static/{name}", assets.serve, methods=["GET"]),
    ]
    web = Starlette(routes=routes, exception_handlers=_error_pages(app, pages), lifespan=lifespan)
    # A redirect to add a slash would name the Host that was sent.
    web.router.redirect_slashes = False
    _surround(web, app, pages, slack_endpoint)
    return web


def _routes(door: WebDoor, pause: Pause) -> list[Route]:
    return [
        # Looked through in this order: those of whom ten thousand may come at once stand first.
        *joining_routes(door),
        *confirming_routes(door),
        *places_routes(door),
        *answers_routes(door),
        *staff_routes(door),
        *sign_in_routes(door, pause),
        *accounts_routes(door),
        *held_mail_routes(door),
        *learners_routes(door),
        *learner_data_routes(door),
        *digests_routes(door),
        *at_risk_routes(door),
        *exports_routes(door),
    ]


def _surround(web: Starlette, app: App, pages: Pages, slack_endpoint: SlackEndpoint | None) -> None:
    """Innermost first."""
    base_url = app.settings.base_url
    web.add_middleware(BodyLimit, pages=pages, limit=FORM_BYTES)
    web.add_middleware(OwnPagesOnly, pages=pages, base_url=base_url)
    web.add_middleware(HowOften, pages=pages, clock=app.clock)
    if slack_endpoint is not None:
        web.add_middleware(SlackDoor, pages=pages, endpoint=slack_endpoint)
    web.add_middleware(LastNet, pages=pages, tokens=app.tokens)
    web.add_middleware(StrictHeaders, base_url=base_url)


def _error_pages(app: App, pages: Pages) -> dict[type[Exception], Any]:
    """Any: for the framework a handler takes every Exception, though it calls it with its own kind only."""
    misses = Limit(MISSES_A_MINUTE, app.clock)

    async def show_unknown_link(request: Request, error: LinkNotFound) -> Response:
        seconds = misses.wait(network_of(request.scope))
        return pages.problem(too_often(seconds)) if seconds else pages.page("unknown.html", 404, error=error)

    async def show_expected(request: Request, error: UsherError) -> Response:
        return pages.problem(problem_of(error), back=_way_back(request))

    async def show_refused(_request: Request, error: HTTPException) -> Response:
        return pages.problem(of_status(error.status_code, error.headers))

    return {LinkNotFound: show_unknown_link, UsherError: show_expected, HTTPException: show_refused}


def _way_back(request: Request) -> str:
    """After a failed POST: the page of the same link, where what is true now can be seen."""
    if request.method != "POST" or "token" not in request.path_params:
        return ""
    return "/".join(request.scope["path"].split("/")[:3])
