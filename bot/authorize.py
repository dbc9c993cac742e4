"""Which token answers in a workspace. Bolt's own way asks Slack at every request; this asks our table once a minute.

installed over OAuth         its own token
removed                      none, until it is installed again
never installed over OAuth   the settings' token, bound or not: somebody must be able to write "setup CODE"
"""

import asyncio
from datetime import timedelta
from typing import Final

from msgspec import Struct
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext

from bot.caches import TimedCache
from core.app import App
from core.context import System
from core.usecases.staff.installations import ShowWorkspaceToken, show_workspace_token

_LIFE: Final = timedelta(seconds=60)
_MOST: Final = 10_000


class Place(Struct, frozen=True):
    """An installation. ``team_id`` is empty where the app is installed for a whole enterprise."""

    enterprise_id: str
    team_id: str

    @property
    def workspace(self) -> str:
        return self.team_id or self.enterprise_id


def place_of(context: AsyncBoltContext) -> Place:
    """Organisation-wide installations are known by their enterprise alone."""
    team_id = "" if context.is_enterprise_install else context.team_id or ""
    return Place(context.enterprise_id or "", team_id)


class Authorizer:
    def __init__(self, app: App) -> None:
        self._app = app
        self._tokens: TimedCache[Place, str] = TimedCache(app.clock, _LIFE, _MOST)

    async def authorize(self, context: AsyncBoltContext) -> AuthorizeResult | None:
        """None when no token is known at all: Bolt then says that Usher is not set up."""
        token = await self.token(place_of(context))
        if not token:
            return None
        return AuthorizeResult(
            enterprise_id=context.enterprise_id, team_id=context.team_id, user_id=context.user_id, bot_token=token
        )

    async def token(self, place: Place) -> str:
        known = self._tokens.get(place)
        if known is None:
            command = ShowWorkspaceToken(place.enterprise_id, place.team_id)
            stored = await asyncio.to_thread(self._app.read, show_workspace_token, command, System())
            known = stored.token or ("" if stored.is_removed else self._app.settings.slack_bot_token)
            self._tokens.put(place, known)
        return known

    def forget(self, place: Place) -> None:
        self._tokens.drop(lambda known: known == place)
