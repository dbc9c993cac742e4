"""Files that somebody drops on the bot: learners, courses and runs, a report of progress, or lists of addresses.

    "invite RUN" in the comment -----------------> addresses, whatever the file looks like
    a reply in the thread of an import's message -> a correction of that import
    anything else -------------------------------> what ``core.given_files`` says that it is for

Each kind of spreadsheet has its branch in ``_take_sheet``; what is none is a list of addresses.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import patience
from bot.blocks import Message
from bot.blocks.imports import draw_import_again
from bot.blocks.parts import section
from bot.deps import Deps
from bot.files import Fetched, fetch_file
from bot.handlers.gathering import answer_addresses, names_run
from bot.handlers.progress import run_named, take_report
from bot.manifest import Shortcut
from core.app import WORK_DEADLINE
from core.context import Actor
from core.given_files import FileUse, use_of
from core.progressing import ProgressFile
from core.usecases.imports.corrections import FindCorrected, find_corrected
from core.usecases.imports.imports import ShowImport, show_import
from core.usecases.imports.receiving import ReceiveImport, receive_import

_SHEETS: Final = (FileUse.IMPORT, FileUse.PROGRESS)


class _Sheet(Struct, frozen=True):
    """``corrects``: the number of an import. ``progress_of``: of a report the run that was named, or nothing."""

    file: Fetched
    corrects: int | None = None
    progress_of: str | None = None


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def import_from_message(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """“Import attached sheet” on somebody's message. Nothing is said in its channel."""
        staff = await deps.people.asker(context)
        answer = await _from_message(deps, context, staff, body)
        for message in answer:
            await patience.answer(deps, context, message)
        await ack()

    bolt.message_shortcut(Shortcut.IMPORT_SHEET.value)(import_from_message)


async def answer_files(
    deps: Deps, context: AsyncBoltContext, event: dict[str, Any], text: str, key: str
) -> tuple[Message, ...]:
    """``text`` is the comment. Raises NotReadable for the first such file.

    Of a new import nothing is said here: its own message comes by itself.
    """
    staff = await deps.people.asker(context)
    files = [await fetch_file(context.client, file) for file in event["files"]]
    if names_run(text):
        return (await answer_addresses(deps, context, text, files, key),)
    corrects = await _corrected(deps, staff, event)
    sheets = [_Sheet(file, corrects) for file in files] if corrects is not None else await _sheets(files, text)
    others = [file for file in files if all(file is not sheet.file for sheet in sheets)]
    said = [await _take_sheet(deps, staff, sheet, f"{key}:{place}") for place, sheet in enumerate(sheets)]
    if others:
        said.append(await answer_addresses(deps, context, text, others, key))
    return tuple(message for message in said if message is not None)


async def _sheets(files: Sequence[Fetched], comment: str) -> list[_Sheet]:
    run = run_named(comment)
    uses = [await _use_of(file) for file in files]
    return [
        _Sheet(file, None, run if use is FileUse.PROGRESS else None)
        for file, use in zip(files, uses, strict=True)
        if use in _SHEETS
    ]


async def _use_of(file: Fetched) -> FileUse:
    """It may be read in a child process, for which nobody else waits."""
    return await asyncio.to_thread(use_of, file.name, file.content)


async def _take_sheet(deps: Deps, staff: Actor, sheet: _Sheet, key: str) -> Message | None:
    file = sheet.file
    if sheet.progress_of is not None:
        return await take_report(deps, staff, ProgressFile(file.name, file.content, sheet.progress_of), key)
    command = ReceiveImport(file.name, file.content, runs_later=True, corrects=sheet.corrects)
    received = await deps.run(receive_import, command, staff, key=key, deadline=WORK_DEADLINE)
    if not received.is_repeat:
        return None
    return draw_import_again(await deps.read(show_import, ShowImport(received.number), staff))


async def _corrected(deps: Deps, staff: Actor, event: dict[str, Any]) -> int | None:
    """The number of the import in whose thread this is said."""
    thread = event.get("thread_ts")
    if not thread:
        return None
    found = await deps.read(find_corrected, FindCorrected(f"{event['channel']}/{thread}"), staff)
    return found.number


async def _from_message(
    deps: Deps, context: AsyncBoltContext, staff: Actor, body: dict[str, Any]
) -> tuple[Message, ...]:
    files = body["message"].get("files") or []
    if not files:
        return (_said("There is no file on that message."),)
    if await deps.channels.is_shared(context):
        why = "That channel is shared with another organisation, so I take no learners from it."
        return (_said(f"{why} Send me the file here."),)
    message_id = f"{body['channel']['id']}:{body['message']['ts']}"
    said = []
    for place, each in enumerate(files):
        file = await fetch_file(context.client, each)
        sheet = _Sheet(file, progress_of="" if await _use_of(file) is FileUse.PROGRESS else None)
        said.append(await _take_sheet(deps, staff, sheet, f"slack:sheet:{message_id}:{place}"))
    return tuple(message for message in said if message is not None)


def _said(text: str) -> Message:
    return Message(text, (section(text),))
