"""Leafing through the table of courses, and through the lists of a run."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.presses import Presses, by_parts
from core.usecases.catalogue.courses import ListCourses, RunList, ShowRun, list_courses, show_run


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)

    async def turn_run_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        """From the table it opens beside the table; within the run's page it replaces it."""
        staff = await deps.people.asker(context)
        run, shown, search, page = parts_of(action["value"])
        found = await deps.read(show_run, ShowRun(run, RunList(shown), search, page), staff)
        say = answers.add if action["action_id"] == Action.RUN_PAGE else answers.replace
        await say(respond, draw(found))
        await ack()

    press.reads(Action.RUNS_PAGE, list_courses, by_parts(ListCourses), answers.replace)
    bolt.action(Action.RUN_PAGE.pattern)(turn_run_page)
