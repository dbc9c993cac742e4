"""One learner created or edited: the form, what would change, and saving it."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import patience
from bot.blocks import draw
from bot.blocks.controls import Action, Field, Form
from bot.blocks.learner_forms import (
    COLUMN_FIELDS,
    another_view,
    edit_learner_view,
    learner_preview_view,
    managed_provider_option,
)
from bot.blocks.parts import parts_of, shortened
from bot.blocks.views import message_view
from bot.deps import Deps
from bot.handlers.forms import entered, open_form, open_view, require_worth_filling
from core.errors import LearnerInvalid
from core.requests import ComposeLearner
from core.rules.ucas.columns import Column
from core.usecases.learners.cards import SeeLearnerDetails, see_learner_details
from core.usecases.learners.changes import PrepareLearner, SaveLearner, prepare_learner, save_learner
from core.usecases.learners.lists import ListManagedProviders, list_managed_providers

_ERROR_CHARACTERS = 300


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_opening(bolt, deps)
    _register_saving(bolt, deps)


def _register_opening(bolt: AsyncApp, deps: Deps) -> None:
    async def compose_learner(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        filled = ComposeLearner(*parts_of(action["value"]))
        await require_worth_filling(deps, staff, filled)
        await open_form(context.client, body["trigger_id"], filled)
        await ack()

    async def compose_edit(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """Run, not read: the form shows what is stored encrypted."""
        staff = await deps.people.asker(context)
        seen = await deps.run(see_learner_details, SeeLearnerDetails(int(action["value"])), staff)
        await open_view(context.client, body["trigger_id"], edit_learner_view(seen))
        await ack()

    async def suggest_managed(ack: AsyncAck, payload: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        listed = await deps.read(list_managed_providers, ListManagedProviders(payload.get("value") or ""), staff)
        await ack(options=[managed_provider_option(ukprn, name) for ukprn, name in listed.providers])

    bolt.action(Action.LEARNER_CREATE.pattern)(compose_learner)
    bolt.action(Action.LEARNER_EDIT.pattern)(compose_edit)
    bolt.options(Field.PROVIDER.value)(suggest_managed)


def _register_saving(bolt: AsyncApp, deps: Deps) -> None:
    async def preview_learner(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        username = entered(view, Field.USERNAME).get("value") or ""
        command = PrepareLearner(_typed(view), int(view["private_metadata"]), username)
        try:
            prepared = await deps.run(prepare_learner, command, staff)
        except LearnerInvalid as error:
            # All of them at once, each at its field.
            await ack(response_action="errors", errors=_at_fields(error))
            return
        await ack(response_action="update", view=learner_preview_view(prepared))

    async def confirm_learner(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        saved = await deps.run(save_learner, SaveLearner(int(view["private_metadata"])), staff)
        message = draw(saved)
        is_another = bool(entered(view, Field.ANOTHER).get("selected_options"))
        await ack(response_action="update", view=another_view(saved) if is_another else message_view(message))
        patience.keep_at_hand(deps, context, message)

    bolt.view(Form.LEARNER.value)(preview_learner)
    bolt.view(Form.LEARNER_CONFIRM.value)(confirm_learner)


def _typed(view: dict[str, Any]) -> tuple[tuple[Column, str], ...]:
    return tuple((column, _value(view, field)) for column, field in COLUMN_FIELDS.items())


def _value(view: dict[str, Any], field: Field) -> str:
    state = entered(view, field)
    chosen = state.get("selected_option") or {}
    return state.get("value") or chosen.get("value") or ""


def _at_fields(error: LearnerInvalid) -> dict[str, str]:
    """What belongs to no field of the form stands at the last name."""
    fields: dict[str, str] = {column.value: field for column, field in COLUMN_FIELDS.items()}
    found: dict[str, str] = {}
    for column, reason in error.problems:
        field = fields.get(column, Field.USERNAME if column == "username" else Field.LAST_NAME)
        sentence = f"{reason[:1].upper()}{reason[1:]}."
        found[field] = shortened(f"{found[field]} {sentence}" if field in found else sentence, _ERROR_CHARACTERS)
    return found
