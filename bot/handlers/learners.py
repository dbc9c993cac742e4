"""Learners: leafing through lists, one of them, removing and taking back."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers
from bot.blocks.controls import Action
from bot.blocks.learner_forms import details_view
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.forms import open_view
from bot.handlers.presses import Presses, by_id
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
    press = Presses(bolt, deps)
    press.reads(Action.LEARNERS_PAGE, list_learners, _page, answers.replace)
    press.reads(Action.LEARNERS_NEVER, list_learners, _page, answers.add)
    press.reads(Action.LEARNER_SHOW, show_learner, by_id(ShowLearner), answers.add)


def _page(value: str) -> ListLearners:
    search, is_never, page = parts_of(value)
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
    press = Presses(bolt, deps)
    press.reads(Action.LEARNER_ASK_REMOVE, preview_removal, by_id(PreviewRemoval), answers.add)
    press.runs(Action.LEARNER_REMOVE, remove_learner, by_id(RemoveLearner), answers.replace)
    press.runs(Action.LEARNER_UNDO, undo_learner_change, by_id(UndoLearnerChange), answers.replace)
