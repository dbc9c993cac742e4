"""Progress: leafing through a run, a learner's card, reports; and files of it that came in a direct message."""

import asyncio
from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import Message, draw
from bot.blocks.controls import Action
from bot.blocks.errors import draw_error
from bot.blocks.parts import parts_of
from bot.deps import Deps
from core.context import Actor
from core.errors import InvalidRequest, UsherError
from core.progressing import ProgressFile, go_on, merge_confirmed, take_progress
from core.requests import read_request
from core.usecases.progress.figures import (
    ProgressList,
    ShowLearnerProgress,
    ShowProgress,
    show_learner_progress,
    show_progress,
)
from core.usecases.progress.reports import (
    ConfirmReport,
    ListReports,
    ReportConfirmed,
    ReportShown,
    ShowReport,
    list_reports,
    show_report,
)


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def turn_progress_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        run, shown, search, page = parts_of(action["value"])
        found = await deps.read(show_progress, ShowProgress(run, ProgressList(shown), search, page), staff)
        await answers.replace(respond, draw(found))
        await ack()

    async def show_learner_card(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        (address,) = parts_of(action["value"])
        await answers.add(respond, draw(await deps.read(show_learner_progress, ShowLearnerProgress(address), staff)))
        await ack()

    async def turn_reports_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        (page,) = parts_of(action["value"])
        await answers.replace(respond, draw(await deps.read(list_reports, ListReports(page), staff)))
        await ack()

    async def show_one_report(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        await answers.add(respond, draw(await deps.read(show_report, ShowReport(int(action["value"])), staff)))
        await ack()

    async def confirm_columns(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        """A large report takes longer than Slack waits."""
        staff = await deps.people.asker(context)
        command = ConfirmReport(int(action["value"]))

        async def merge() -> None:
            await answers.replace(respond, await _said(lambda: go_on(deps.app, staff, command)))

        deps.background.start(merge())
        await ack()

    bolt.action(Action.PROGRESS_PAGE.pattern)(turn_progress_page)
    bolt.action(Action.PROGRESS_LEARNER.value)(show_learner_card)
    bolt.action(Action.PROGRESS_REPORTS.pattern)(turn_reports_page)
    bolt.action(Action.PROGRESS_REPORT.value)(show_one_report)
    bolt.action(Action.PROGRESS_CONFIRM.value)(confirm_columns)


async def _said(work: Callable[[], ReportShown]) -> Message:
    """What became of it, or why nothing did."""
    try:
        return draw(await asyncio.to_thread(work))
    except UsherError as error:
        return draw_error(error)


async def merged_after(deps: Deps, staff: Actor, confirmed: ReportConfirmed) -> ReportShown:
    """What was said yes to in words is merged at once."""
    return await asyncio.to_thread(merge_confirmed, deps.app, staff, confirmed)


async def take_report(deps: Deps, staff: Actor, file: ProgressFile, key: str) -> Message:
    """One report that was dropped on the bot. Raises UsherError."""
    return draw(await asyncio.to_thread(take_progress, deps.app, staff, file, key=key))


def run_named(comment: str) -> str:
    """“progress RUN” beside a file says of which run it is."""
    try:
        request = read_request(comment)
    except InvalidRequest:
        return ""
    command = getattr(request, "command", None)
    return command.run if isinstance(command, ShowProgress) else ""
