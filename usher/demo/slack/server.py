"""The whole look-alike: one server on this machine, the workspaces behind it, and a driver for its people."""

from collections.abc import Sequence
from types import TracebackType

from aiohttp import web

from usher.demo.slack.api import MOST_UPLOAD_BYTES, WebApi
from usher.demo.slack.courier import ACK_SECONDS, Courier
from usher.demo.slack.driver import Driver
from usher.demo.slack.faults import Faults
from usher.demo.slack.rates import RateLimits
from usher.demo.slack.records import SlackApp
from usher.demo.slack.socket_mode import SocketHub
from usher.demo.slack.workspace import Clock, Workspaces


class SlackLookalike:
    """`allowance` multiplies Slack's rate limits (math.inf: none). `patience` is how many real seconds an app may
    keep a request open at all; whether it was too late for Slack (`ack_seconds`) is judged by the clock `now`.
    """

    def __init__(
        self,
        now: Clock,
        *,
        app: SlackApp | None = None,
        allowance: float = 1.0,
        patience: float = 60.0,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.workspace = Workspaces(now, app)
        self.rates = RateLimits(now, allowance)
        self.faults = Faults()
        self.hub = SocketHub(self.workspace)
        self.courier = Courier(self.workspace, self.hub, patience, ack_seconds)
        self.driver = Driver(self.workspace, self.courier)
        self._api = WebApi(self.workspace, self.hub, self.rates, self.faults)
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return self.workspace.base_url

    @property
    def api_url(self) -> str:
        """For `base_url` of Slack's own clients."""
        return f"{self.base_url}/api/"

    async def start(self, port: int = 0, more_routes: Sequence[web.RouteDef] = ()) -> None:
        """Listens on the loopback address only; port 0 takes a free one. A demo page brings routes of its own."""
        application = web.Application(client_max_size=MOST_UPLOAD_BYTES)
        application.add_routes([*self._api.routes(), *more_routes])
        # Short, because a call that hangs on demand must not hold up the end.
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        host, bound_port = self._runner.addresses[0][:2]
        self.workspace.base_url = f"http://{host}:{bound_port}"

    async def stop(self) -> None:
        await self.hub.close()
        await self.courier.close()
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> "SlackLookalike":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
