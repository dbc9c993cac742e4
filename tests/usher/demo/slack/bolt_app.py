"""A real Bolt app, over HTTP or on a socket, to prove that the look-alike is one for real clients."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.request_verification.async_request_verification import AsyncRequestVerification
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.clock import SteppedClock
from usher.demo.slack.records import Team
from usher.demo.slack.server import SlackLookalike


class _VerifierClock(Clock):
    def __init__(self, clock: SteppedClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock()


class _Verification(AsyncRequestVerification):
    """Bolt's own, on the clock of the test instead of the machine's."""

    def __init__(self, secret: str, clock: SteppedClock) -> None:
        super().__init__(secret)
        self._on_our_clock = SignatureVerifier(secret, clock=_VerifierClock(clock))

    @property
    def verifier(self) -> SignatureVerifier:
        return self._on_our_clock


class BoltApp:
    """`app` takes the listeners of a test; `headers` has the headers of every HTTP request that came."""

    def __init__(self, slack: SlackLookalike, team: Team, clock: SteppedClock, session: aiohttp.ClientSession) -> None:
        self._slack = slack
        client = AsyncWebClient(base_url=slack.api_url, session=session)
        secret = slack.workspace.app.signing_secret
        self.app = AsyncApp(
            signing_secret=secret,
            client=client,
            authorize=_authorizer(team),
            process_before_response=True,
            request_verification_enabled=False,
        )
        self.app.use(_Verification(secret, clock))
        self.headers: list[dict[str, str]] = []
        self._runner: web.AppRunner | None = None
        self._socket: AsyncSocketModeHandler | None = None

    async def listen(self) -> str:
        """The request URL."""
        application = web.Application()
        application.router.add_post("/slack/events", self._serve)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/slack/events"

    async def dial(self) -> None:
        """Connects by Socket Mode, and waits until the look-alike knows."""
        client = AsyncWebClient(base_url=self._slack.api_url)
        self._socket = AsyncSocketModeHandler(self.app, self._slack.workspace.app.app_token, web_client=client)
        connected = self._slack.hub.next_connection()
        await self._socket.client.connect()  # type: ignore[no-untyped-call] # Slack left it so.
        await connected

    async def stop(self) -> None:
        if self._socket:
            await self._socket.client.close()  # type: ignore[no-untyped-call] # As above.
        if self._runner:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        response = await self.app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)


def _authorizer(team: Team) -> Callable[..., Awaitable[AuthorizeResult]]:
    # A plain function, because Bolt passes arguments by name and would give a bound method its self twice.
    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=team.enterprise_id,
            team_id=team.id,
            bot_token=team.bot_token,
            bot_id=team.bot_id,
            bot_user_id=team.bot_user_id,
        )

    return authorize
