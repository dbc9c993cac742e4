"""What owners do about the other staff members: look, invite, change, disable, enable."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action, Field, Form
from bot.blocks.parts import parts_of
from bot.blocks.staff import provider_option, staff_change_view, staff_done_view
from bot.deps import Deps
from bot.handlers.forms import entered, open_form, open_view, require_worth_filling
from bot.handlers.presses import Presses, by_id, by_parts
from core.requests import ComposeStaffInvitation
from core.usecases.staff.colleagues import (
    ChangeColleague,
    DisableColleague,
    EnableColleague,
    InviteColleague,
    ListProviders,
    ListStaff,
    ReinviteColleague,
    ShowColleague,
    change_colleague,
    disable_colleague,
    enable_colleague,
    invite_colleague,
    list_providers,
    list_staff,
    reinvite_colleague,
    show_colleague,
)
from core.words import Role


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_list(bolt, deps)
    _register_deeds(bolt, deps)
    _register_invitation(bolt, deps)
    _register_change(bolt, deps)


def _register_list(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.reads(Action.STAFF_PAGE, list_staff, by_parts(ListStaff), answers.replace)
    press.reads(Action.STAFF_SHOW, show_colleague, by_id(ShowColleague), answers.add)


def _register_deeds(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.runs(Action.STAFF_DISABLE, disable_colleague, by_id(DisableColleague), answers.replace)
    press.runs(Action.STAFF_ENABLE, enable_colleague, by_id(EnableColleague), answers.replace)
    press.runs(Action.STAFF_REINVITE, reinvite_colleague, by_id(ReinviteColleague), answers.replace)


def _register_invitation(bolt: AsyncApp, deps: Deps) -> None:
    async def compose_staff(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        email, role, first, last, *ukprns = parts_of(action["value"])
        filled = ComposeStaffInvitation(email, Role(role) if role else None, first, last, tuple(ukprns))
        await require_worth_filling(deps, staff, filled)
        await open_form(context.client, body["trigger_id"], filled)
        await ack()

    async def suggest_providers(ack: AsyncAck, payload: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        listed = await deps.read(list_providers, ListProviders(payload.get("value") or ""), staff)
        await ack(options=[provider_option(provider) for provider in listed.providers])

    async def submit_staff(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        first, last, email = (
            entered(view, field).get("value") or "" for field in (Field.FIRST_NAME, Field.LAST_NAME, Field.EMAIL)
        )
        command = InviteColleague(email, _role(view), first, last, _providers(view) or ())
        invited = await deps.run(invite_colleague, command, staff)
        await ack(response_action="update", view=staff_done_view(draw(invited)))

    bolt.action(Action.STAFF_COMPOSE.pattern)(compose_staff)
    bolt.options(Field.PROVIDERS.value)(suggest_providers)
    bolt.view(Form.STAFF_INVITE.value)(submit_staff)


def _register_change(bolt: AsyncApp, deps: Deps) -> None:
    async def compose_change(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        shown = await deps.read(show_colleague, ShowColleague(int(action["value"])), staff)
        await open_view(context.client, body["trigger_id"], staff_change_view(shown.staff))
        await ack()

    async def submit_change(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        command = ChangeColleague(int(view["private_metadata"]), _role(view), _providers(view))
        changed = await deps.run(change_colleague, command, staff)
        await ack(response_action="update", view=staff_done_view(draw(changed)))

    bolt.action(Action.STAFF_CHANGE.pattern)(compose_change)
    bolt.view(Form.STAFF_CHANGE.value)(submit_change)


def _role(view: dict[str, Any]) -> Role:
    chosen = entered(view, Field.ROLE).get("selected_option") or {}
    return Role(chosen.get("value") or Role.VIEWER)


def _providers(view: dict[str, Any]) -> tuple[str, ...] | None:
    """None where the form has no such field."""
    if Field.PROVIDERS not in view["state"]["values"]:
        return None
    chosen = entered(view, Field.PROVIDERS).get("selected_options") or []
    return tuple(option["value"] for option in chosen)
