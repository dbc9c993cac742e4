"""Progress: leafing through a run, a learner's card, reports; and files of it that came in a direct message."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import Message, draw
from bot.blocks.controls import Action
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.presses import Presses, by_id, by_parts
from core.app import WORK_DEADLINE
from core.context import Actor
from core.errors import InvalidRequest
from core.progressing import ProgressFile
from core.requests import read_request, run_of_report
from core.usecases.progress.confirming import ConfirmReport, ReportConfirmed, confirm_report
from core.usecases.progress.figures import ShowProgress, show_progress
from core.usecases.progress.one_learner import ShowLearnerProgress, show_learner_progress
from core.usecases.progress.receiving import ReceiveProgress, receive_progress
from core.usecases.progress.reports import ListReports, ReportShown, ShowReport, list_reports, show_report
from core.usecases.progress.run_statements import ProgressList


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)

    async def confirm_columns(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        """A worker merges it; what stands here, if it is the report's own message, becomes the result."""
        staff = await deps.people.asker(context)
        confirmed = await deps.run(confirm_report, ConfirmReport(int(action["value"])), staff)
        await answers.replace(respond, draw(await shown_confirmed(deps, staff, confirmed)))
        await ack()

    press.reads(Action.PROGRESS_PAGE, show_progress, _page, answers.replace)
    press.reads(Action.PROGRESS_LEARNER, show_learner_progress, _card, answers.add)
    press.reads(Action.PROGRESS_REPORTS, list_reports, by_parts(ListReports), answers.replace)
    press.reads(Action.PROGRESS_REPORT, show_report, by_id(ShowReport), answers.add)
    bolt.action(Action.PROGRESS_CONFIRM.value)(confirm_columns)


def _page(value: str) -> ShowProgress:
    run, shown, search, page = parts_of(value)
    return ShowProgress(run, ProgressList(shown), search, page)


def _card(value: str) -> ShowLearnerProgress:
    (who,) = parts_of(value)
    return ShowLearnerProgress(learner_id=who) if isinstance(who, int) else ShowLearnerProgress(who)


async def shown_confirmed(deps: Deps, staff: Actor, confirmed: ReportConfirmed) -> ReportShown:
    return await deps.read(show_report, ShowReport(report_id=confirmed.report_id), staff)


async def take_report(deps: Deps, staff: Actor, file: ProgressFile, key: str) -> Message | None:
    """One report that was dropped on the bot. None: a new one, whose own message comes by itself. Raises UsherError."""
    command = ReceiveProgress(file.file_name, file.content, file.run, file.as_of)
    received = await deps.run(receive_progress, command, staff, key=key, deadline=WORK_DEADLINE)
    if not received.is_repeat:
        return None
    return draw(await deps.read(show_report, ShowReport(received.number, is_repeat=True), staff))


def run_named(comment: str) -> str:
    """By the comment beside a file. Empty: by nothing in it."""
    try:
        return run_of_report(read_request(comment))
    except InvalidRequest:
        return ""
