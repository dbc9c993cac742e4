"""What Slack tells about the installation and its people. Nobody asks for anything here.

Each is run under its event's id: told twice, it happens once.
"""

from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.authorize import place_of
from bot.deps import Deps
from bot.identity import has_left
from core.context import System
from core.usecases.staff.installations import RemoveInstallation, remove_installation
from core.usecases.staff.slack_identity import NotePersonLeft, note_person_left

_SYSTEM = System()


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def remove_workspace(event: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext) -> None:
        place = place_of(context)
        if event["type"] == "app_uninstalled" or (event.get("tokens") or {}).get("bot"):
            happened_at = datetime.fromtimestamp(int(body["event_time"]), UTC)
            command = RemoveInstallation(place.enterprise_id, place.team_id, happened_at)
            await deps.run(remove_installation, command, _SYSTEM, key=f"slack:{body['event_id']}")
        deps.authorizer.forget(place)
        deps.people.forget(place)

    async def forget_person(event: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext) -> None:
        place, user_id = place_of(context), event["user"]["id"]
        if has_left(event["user"]):
            command = NotePersonLeft(place.enterprise_id, place.team_id, user_id)
            await deps.run(note_person_left, command, _SYSTEM, key=f"slack:{body['event_id']}")
        deps.people.forget(place, user_id)

    bolt.event("app_uninstalled")(remove_workspace)
    bolt.event("tokens_revoked")(remove_workspace)
    bolt.event("user_change")(forget_person)
