"""Learners: leafing through lists, one of them, removing and taking back."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action
from bot.blocks.learner_forms import details_view
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.forms import open_view
from core.usecases.learners.cards import SeeLearnerDetails, ShowLearner, see_learner_details, show_learner
from core.usecases.learners.lists import ListLearners, list_learners
from core.usecases.learners.removal import (
    PreviewRemoval,
    RemoveLearner,
    UndoLearnerChange,
    preview_removal,
    remove_learner,
    undo_learner_change,
)


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_lists(bolt, deps)
    _register_details(bolt, deps)
    _register_deeds(bolt, deps)


def _register_lists(bolt: AsyncApp, deps: Deps) -> None:
    async def turn_learners_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        await answers.replace(respond, draw(await deps.read(list_learners, _shown(action), staff)))
        await ack()

    async def list_never(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        await answers.add(respond, draw(await deps.read(list_learners, _shown(action), staff)))
        await ack()

    async def show_one_learner(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        shown = await deps.read(show_learner, ShowLearner(int(action["value"])), staff)
        await answers.add(respond, draw(shown))
        await ack()

    bolt.action(Action.LEARNERS_PAGE.pattern)(turn_learners_page)
    bolt.action(Action.LEARNERS_NEVER.pattern)(list_never)
    bolt.action(Action.LEARNER_SHOW.pattern)(show_one_learner)


def _shown(action: dict[str, Any]) -> ListLearners:
    search, is_never, page = parts_of(action["value"])
    return ListLearners(search, page, is_never)


def _register_details(bolt: AsyncApp, deps: Deps) -> None:
    async def show_details(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        """In a form, which nobody else sees and which stays nowhere."""
        staff = await deps.people.asker(context)
        seen = await deps.run(see_learner_details, SeeLearnerDetails(int(action["value"])), staff)
        await open_view(context.client, body["trigger_id"], details_view(seen))
        await ack()

    bolt.action(Action.LEARNER_DETAILS.pattern)(show_details)


def _register_deeds(bolt: AsyncApp, deps: Deps) -> None:
    async def ask_to_remove(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        preview = await deps.read(preview_removal, PreviewRemoval(int(action["value"])), staff)
        await answers.add(respond, draw(preview))
        await ack()

    async def remove(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        removed = await deps.run(remove_learner, RemoveLearner(int(action["value"])), staff)
        await answers.replace(respond, draw(removed))
        await ack()

    async def undo_learner(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        undone = await deps.run(undo_learner_change, UndoLearnerChange(int(action["value"])), staff)
        await answers.replace(respond, draw(undone))
        await ack()

    bolt.action(Action.LEARNER_ASK_REMOVE.pattern)(ask_to_remove)
    bolt.action(Action.LEARNER_REMOVE.pattern)(remove)
    bolt.action(Action.LEARNER_UNDO.pattern)(undo_learner)
