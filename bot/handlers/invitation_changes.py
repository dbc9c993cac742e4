"""Several invitations at once, taking a cancelling back, and correcting an address."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers, patience
from bot.blocks import draw
from bot.blocks.controls import Action, Change, Field, Form
from bot.blocks.invitation_changes import correction_view, several_view
from bot.blocks.parts import parts_of
from bot.blocks.views import message_view
from bot.deps import Deps
from bot.errors import NothingChosen
from bot.handlers.forms import entered, open_view
from bot.handlers.presses import Presses, by_id
from core.context import Actor
from core.usecases.invitations.changes import (
    CancelInvitations,
    Chosen,
    ResendInvitations,
    RestoreInvitations,
    cancel_invitations,
    resend_invitations,
    restore_invitations,
)
from core.usecases.invitations.corrections import CorrectAddress, ShowCorrection, correct_address, show_correction
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_all(bolt, deps)
    _register_some(bolt, deps)
    _register_correction(bolt, deps)


def _register_all(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.runs(Action.RESEND_ALL, resend_invitations, lambda value: ResendInvitations(_shown(value)), answers.add)
    press.runs(Action.CANCEL_ALL, cancel_invitations, lambda value: CancelInvitations(_shown(value)), answers.add)
    press.runs(Action.RESTORE, restore_invitations, by_id(RestoreInvitations), answers.replace)


def list_shown(value: str) -> ListInvitations:
    """Of a button that belongs to a list: which list it was, and with some buttons which page."""
    run, state, search, *page = parts_of(value)
    return ListInvitations(run, ListedState(state) if state else None, search, *page)


def _shown(value: str) -> Chosen:
    of_list = list_shown(value)
    return Chosen(of_list.run, state=of_list.state, search=of_list.search)


def _register_some(bolt: AsyncApp, deps: Deps) -> None:
    async def choose_some(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        listed = await deps.read(list_invitations, list_shown(action["value"]), staff)
        await open_view(context.client, body["trigger_id"], several_view(listed))
        await ack()

    async def change_some(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        message = draw(await _changed(deps, staff, view))
        await ack(response_action="update", view=message_view(message))
        patience.keep_at_hand(deps, context, message)

    bolt.action(Action.SEVERAL.pattern)(choose_some)
    bolt.view(Form.SEVERAL.value)(change_some)


async def _changed(deps: Deps, staff: Actor, view: dict[str, Any]) -> object:
    """Raises NothingChosen."""
    ids = tuple(int(option["value"]) for option in entered(view, Field.CHOSEN).get("selected_options") or ())
    change = (entered(view, Field.CHANGE).get("selected_option") or {}).get("value")
    if not ids or not change:
        raise NothingChosen
    chosen = Chosen(view["private_metadata"], ids)
    if Change(change) is Change.RESEND:
        return await deps.run(resend_invitations, ResendInvitations(chosen), staff)
    return await deps.run(cancel_invitations, CancelInvitations(chosen), staff)


def _register_correction(bolt: AsyncApp, deps: Deps) -> None:
    async def correct(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        typed = entered(view, Field.ADDRESS).get("value") or ""
        command = CorrectAddress(typed, invitation_id=int(view["private_metadata"]))
        corrected = await deps.run(correct_address, command, staff)
        await ack(response_action="update", view=message_view(draw(corrected)))

    bolt.view(Form.CORRECT.value)(correct)


async def open_correction(
    deps: Deps, context: AsyncBoltContext, staff: Actor, trigger_id: str, invitation_id: int
) -> None:
    """Raises InvitationClosed when there is nothing to correct any more."""
    shown = await deps.read(show_correction, ShowCorrection(invitation_id), staff)
    await open_view(context.client, trigger_id, correction_view(shown))
