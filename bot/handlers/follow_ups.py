"""Learners at risk: nudged after a look at the letter, snoozed, spoken to, and all of that taken back."""

from typing import Any, Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers, patience
from bot.blocks import draw
from bot.blocks.controls import Action, Field, Form
from bot.blocks.follow_ups import nudge_view
from bot.blocks.parts import parts_of
from bot.blocks.views import message_view
from bot.deps import Deps
from bot.handlers.forms import entered, open_view
from bot.handlers.presses import Presses, by_parts
from core.context import Actor
from core.usecases.progress.follow_ups import (
    NoteSpoken,
    SnoozeLearner,
    UndoFollowUp,
    note_spoken,
    snooze_learner,
    undo_follow_up,
)
from core.usecases.progress.nudges import NudgeLearner, PrepareNudge, nudge_learner, prepare_nudge
from core.usecases.progress.one_learner import ShowLearnerProgress, show_learner_progress

_LENGTHS: Final = {"for_2": "2 weeks", "for_4": "4 weeks"}


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_nudge(bolt, deps)
    _register_others(bolt, deps)
    _register_menu(bolt, deps)


def _register_nudge(bolt: AsyncApp, deps: Deps) -> None:
    async def look_at_nudge(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        learner_id, run = parts_of(action["value"])
        await _open_nudge(deps, context, body["trigger_id"], staff, run, learner_id)
        await ack()

    async def send_nudge(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        learner_id, run = parts_of(view["private_metadata"])
        words = entered(view, Field.WORDS).get("value") or ""
        message = draw(await deps.run(nudge_learner, NudgeLearner(run, learner_id=learner_id, words=words), staff))
        await ack(response_action="update", view=message_view(message))
        patience.keep_at_hand(deps, context, message)

    bolt.action(Action.NUDGE.value)(look_at_nudge)
    bolt.view(Form.NUDGE.value)(send_nudge)


def _spoken_to(value: str) -> NoteSpoken:
    learner_id, run = parts_of(value)
    return NoteSpoken(run, learner_id=learner_id)


async def _open_nudge(
    deps: Deps, context: AsyncBoltContext, trigger_id: str, staff: Actor, run: str, learner_id: int
) -> None:
    letter = await deps.read(prepare_nudge, PrepareNudge(run, learner_id=learner_id), staff)
    await open_view(context.client, trigger_id, nudge_view(letter))


def _register_others(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)

    async def snooze(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond) -> None:
        staff = await deps.people.asker(context)
        learner_id, run = parts_of(action["value"])
        length = _LENGTHS.get(action["action_id"].partition(":")[2], "")
        noted = await deps.run(snooze_learner, SnoozeLearner(run, learner_id=learner_id, until=length), staff)
        await (answers.replace if length else answers.add)(respond, draw(noted))
        await ack()

    bolt.action(Action.SNOOZE.pattern)(snooze)
    press.runs(Action.SPOKEN, note_spoken, _spoken_to, answers.add)
    press.runs(Action.FOLLOW_UP_UNDO, undo_follow_up, by_parts(UndoFollowUp), answers.replace)


def _register_menu(bolt: AsyncApp, deps: Deps) -> None:
    async def choose_follow_up(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        chosen, *about = parts_of(action["selected_option"]["value"])
        if chosen == "nudge":
            await _open_nudge(deps, context, body["trigger_id"], staff, about[1], about[0])
        else:
            await answers.add(respond, draw(await _done(deps, staff, chosen, about)))
        await ack()

    bolt.action(Action.FOLLOW_UP.value)(choose_follow_up)


async def _done(deps: Deps, staff: Actor, chosen: str, about: list[Any]) -> object:
    match chosen:
        case "snooze":
            return await deps.run(snooze_learner, SnoozeLearner(about[1], learner_id=about[0]), staff)
        case "spoken":
            return await deps.run(note_spoken, NoteSpoken(about[1], learner_id=about[0]), staff)
        case "undo":
            return await deps.run(undo_follow_up, UndoFollowUp(about[0]), staff)
    return await deps.read(show_learner_progress, ShowLearnerProgress(learner_id=about[0]), staff)
