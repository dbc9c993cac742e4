"""The form that invites, the list of a run's invitations, and what its buttons do to one of them."""

from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import Block, draw
from bot.blocks.controls import Action, Change, Field, Form
from bot.blocks.courses import run_option
from bot.blocks.invitations import draw_reinvite_question
from bot.blocks.parts import parts_of
from bot.blocks.views import preview_view, reading_view
from bot.deps import Deps
from bot.errors import AddressesMissing, AddressesTwice
from bot.handlers.forms import entered, open_form
from bot.handlers.invitation_changes import list_shown, open_correction
from bot.handlers.presses import Presses, by_parts
from bot.handlers.previews import FileOrder, show_preview_of_file
from bot.manifest import Shortcut
from core.context import Actor
from core.errors import NeedsConfirmation
from core.requests import ComposeInvitation
from core.rules.moments import split_moment
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations
from core.usecases.invitations.single import (
    CancelInvitation,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.invitations.undelivered import ListUndelivered, list_undelivered

_OPTIONS = 50


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_form(bolt, deps)
    _register_list(bolt, deps)
    _register_reinviting(bolt, deps)


def _register_form(bolt: AsyncApp, deps: Deps) -> None:
    async def compose(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext) -> None:
        await deps.people.asker(context)
        run, addresses, *_ = [*parts_of(action["value"]), "", ""]
        await open_form(context.client, body["trigger_id"], ComposeInvitation(run, addresses))
        await ack()

    async def compose_from_menu(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await deps.people.asker(context)
        await open_form(context.client, body["trigger_id"], ComposeInvitation("", ""))
        await ack()

    async def suggest_runs(ack: AsyncAck, payload: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        await ack(options=await run_options(deps, staff, payload.get("value") or ""))

    async def submit_form(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        run, note, text, file = _filled(view)
        if file is not None:
            form = f"file-{deps.app.tokens.new_id()}"
            order = FileOrder(run, note, file, context.user_id or "", form, chosen_moment(view))
            deps.background.start(show_preview_of_file(deps, context.client, staff, order))
            await ack(response_action="update", view=reading_view(str(file.get("name") or ""), order.external_id))
            return
        addresses, when = split_moment(text)
        zone = await deps.people.time_zone(context)
        command = PrepareInvitation(run, addresses, note, when, zone, chosen_moment(view))
        preview = await deps.run(prepare_invitation, command, staff)
        await ack(response_action="update", view=preview_view(preview))

    bolt.action(Action.COMPOSE.pattern)(compose)
    bolt.shortcut(Shortcut.INVITE.value)(compose_from_menu)
    bolt.options(Field.RUN.value)(suggest_runs)
    bolt.view(Form.COMPOSE.value)(submit_form)


async def run_options(deps: Deps, staff: Actor, typed: str) -> list[Block]:
    """What the menu of runs offers after these letters."""
    listed = await deps.read(list_choosable_runs, ListChoosableRuns(search=typed, page_rows=_OPTIONS), staff)
    return [run_option(run) for run in listed.runs]


def _filled(view: dict[str, Any]) -> tuple[str, str, str, dict[str, Any] | None]:
    """Run, note, addresses as text, the file. Raises AddressesMissing or AddressesTwice."""
    run = (entered(view, Field.RUN).get("selected_option") or {}).get("value") or ""
    note = entered(view, Field.NOTE).get("value") or ""
    text = (entered(view, Field.ADDRESSES).get("value") or "").strip()
    files = entered(view, Field.FILE).get("files") or []
    if text and files:
        raise AddressesTwice
    if not text and not files:
        raise AddressesMissing
    return run, note, text, files[0] if files else None


def chosen_moment(view: dict[str, Any]) -> datetime | None:
    seconds = entered(view, Field.WHEN).get("selected_date_time")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def _register_list(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)

    async def change_invitation(
        ack: AsyncAck,
        body: dict[str, Any],
        action: dict[str, Any],
        context: AsyncBoltContext,
        respond: AsyncRespond,
    ) -> None:
        staff = await deps.people.asker(context)
        change, number, _ = action["selected_option"]["value"].split(":", 2)
        if Change(change) is Change.CORRECT:
            await open_correction(deps, context, staff, body["trigger_id"], int(number))
            await ack()
            return
        result: object
        if Change(change) is Change.RESEND:
            result = await deps.run(resend_invitation, ResendInvitation(invitation_id=int(number)), staff)
        else:
            result = await deps.run(cancel_invitation, CancelInvitation(invitation_id=int(number)), staff)
        await answers.add(respond, draw(result))
        await ack()

    press.reads(Action.INVITATIONS_PAGE, list_invitations, list_shown, answers.replace)
    press.reads(Action.UNDELIVERED_PAGE, list_undelivered, by_parts(ListUndelivered), answers.replace)
    press.reads(Action.UNREACHED_LIST, list_invitations, _bounced, answers.add)
    bolt.action(Action.INVITATION_CHANGE.pattern)(change_invitation)


def _bounced(run: str) -> ListInvitations:
    return ListInvitations(run, ListedState.BOUNCED)


def _register_reinviting(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)

    async def reinvite(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        run, address = parts_of(action["value"])
        command = ReinviteLearner(run, address)
        try:
            message = draw(await deps.run(reinvite_learner, command, staff))
        except NeedsConfirmation as error:
            message = draw_reinvite_question(error, command)
        await answers.add(respond, message)
        await ack()

    bolt.action(Action.REINVITE.pattern)(reinvite)
    press.runs(Action.REINVITE_ANYWAY, reinvite_learner, _reinvited_anyway, answers.replace)


def _reinvited_anyway(value: str) -> ReinviteLearner:
    run, address = parts_of(value)
    return ReinviteLearner(run, address, is_confirmed=True)
