"""What Slack tells about the installation and its people. Nobody asks for anything here: caches are dropped."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.authorize import place_of
from bot.deps import Deps


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def forget_workspace(context: AsyncBoltContext) -> None:
        place = place_of(context)
        deps.authorizer.forget(place)
        deps.people.forget(place)

    async def forget_person(event: dict[str, Any], context: AsyncBoltContext) -> None:
        deps.people.forget(place_of(context), event["user"]["id"])

    bolt.event("app_uninstalled")(forget_workspace)
    bolt.event("tokens_revoked")(forget_workspace)
    bolt.event("user_change")(forget_person)
