"""Inviting the learners of an import: its button, and the form that asks to which run."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.blocks.controls import Action, Field, Form
from bot.blocks.import_invitations import import_invitation_view, nobody_view
from bot.blocks.views import preview_view
from bot.deps import Deps
from bot.handlers.forms import entered, open_view
from bot.handlers.invitations import chosen_moment
from core.usecases.imports.invitations import (
    FindInvitable,
    PrepareImportInvitation,
    find_invitable,
    prepare_import_invitation,
)


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def compose_for_import(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        found = await deps.read(find_invitable, FindInvitable(int(action["value"])), staff)
        view = import_invitation_view(found) if found.invitable else nobody_view(found)
        await open_view(context.client, body["trigger_id"], view)
        await ack()

    async def submit_for_import(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        command = PrepareImportInvitation(
            run=(entered(view, Field.RUN).get("selected_option") or {}).get("value") or "",
            number=int(view["private_metadata"]),
            note=entered(view, Field.NOTE).get("value") or "",
            time_zone=await deps.people.time_zone(context),
            chosen=chosen_moment(view),
        )
        preview = await deps.run(prepare_import_invitation, command, staff)
        await ack(response_action="update", view=preview_view(preview))

    bolt.action(Action.IMPORT_INVITE.pattern)(compose_for_import)
    bolt.view(Form.IMPORT_INVITE.value)(submit_for_import)
