"""Around every listener: values are opened before it, and sealed in whatever it says.

This is the one middleware of the house. It can be one because it runs for all listeners alike: there is none that could
be registered without it. Who is asking is still each listener's own first question.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.webhook_response import WebhookResponse

from bot.authorize import place_of
from bot.deps import Deps
from bot.handlers.outdated import answer_outdated
from bot.pacing import Pacing
from bot.sealing import ButtonsTooOld, Seals

Seal = Callable[[Any], Any]


def register(bolt: AsyncApp, deps: Deps) -> None:
    """Before any listener is added."""
    bolt.use(_OpeningAndSealing(deps))


class _OpeningAndSealing(AsyncMiddleware):
    """A class, because for a function Bolt would gather thirty things by name, at every request."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._seals = Seals(deps.app.links, deps.app.clock)

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        body, context = req.body, req.context
        workspace = place_of(context).workspace
        _seal_what_is_said(context, partial(self._seals.sealed, workspace), Pacing(self._deps, context))
        try:
            for action in body.get("actions") or () if body.get("type") == "block_actions" else ():
                self._seals.open(workspace, action)
        except ButtonsTooOld as error:
            await answer_outdated(self._deps, context, error)
            return BoltResponse(status=200, body="")
        await next()
        return None


def _seal_what_is_said(context: AsyncBoltContext, seal: Seal, pacing: Pacing) -> None:
    """The four ways in which a listener says something; ``seal`` is for the handler of errors, which makes its own."""
    context["seal"] = seal
    context["ack"] = _SealingAck(seal)
    context["client"] = _SealingClient(context.client, seal, pacing)
    context["respond"] = _SealingRespond(context.response_url, seal)


class _SealingAck(AsyncAck):
    def __init__(self, seal: Seal) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Slack left it so.
        self._seal = seal

    async def __call__(self, *given: Any, **named: Any) -> BoltResponse:
        match given:
            case [dict(body)]:
                # A whole answer: Bolt's own way copies it once more, and writes JSON six times as slowly.
                self.response = BoltResponse(status=200, body=msgspec.json.encode(self._seal(body)).decode())
                return self.response
        return await super().__call__(*self._seal(given), **self._seal(named))


class _SealingRespond(AsyncRespond):
    def __init__(self, response_url: str | None, seal: Seal) -> None:
        super().__init__(response_url=response_url)
        self._seal = seal

    async def __call__(self, *given: Any, **named: Any) -> WebhookResponse:
        return await super().__call__(*self._seal(given), **self._seal(named))


class _SealingClient(AsyncWebClient):
    """A copy of Bolt's own copy, with the token of this request. It keeps to the pace as well."""

    def __init__(self, client: AsyncWebClient, seal: Seal, pacing: Pacing) -> None:
        # As it is: made anew, it would look into the environment for each request.
        self.__dict__.update(vars(client), default_params={})
        self._seal = seal
        self._pacing = pacing

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        sealed = {**given, "json": self._seal(given.get("json"))}
        return await self._pacing.call(api_method, partial(super().api_call, api_method, **sealed))
