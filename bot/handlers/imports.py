"""Imports of learners: what the buttons below one do, its rows, the list of all, a few rows corrected in a form."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers
from bot.blocks import draw
from bot.blocks.controls import Action, Form
from bot.blocks.import_corrections import corrected_view, correction_view, entered_cells, errors_of
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.forms import open_view
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.copies import OfferTemplate, OrderCopy, offer_template, order_copy
from core.usecases.imports.fixing import CorrectRows, ShowBrokenRows, correct_rows, show_broken_rows
from core.usecases.imports.imports import ListImports, ShowImport, list_imports, show_import
from core.usecases.imports.orders import OrderWork, order_work
from core.usecases.imports.rows import ListImportRows, list_import_rows
from core.usecases.imports.undoing import PreviewUndo, preview_undo
from core.words import ImportState, ImportSubject, ImportWork


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_changes(bolt, deps)
    _register_form(bolt, deps)
    _register_files(bolt, deps)
    _register_lists(bolt, deps)


def _register_changes(bolt: AsyncApp, deps: Deps) -> None:
    """Many thousand rows take longer than Slack waits: a worker does both, and a message of its own tells the end."""

    async def release_rows(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        command = OrderWork(int(action["value"]), ImportWork.RELEASE)
        await answers.add(respond, draw(await deps.run(order_work, command, staff)))
        await ack()

    async def ask_import_undo(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        preview = await deps.read(preview_undo, PreviewUndo(int(action["value"])), staff)
        await answers.add(respond, draw(preview))
        await ack()

    async def undo_whole_import(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        command = OrderWork(int(action["value"]), ImportWork.UNDO)
        await answers.replace(respond, draw(await deps.run(order_work, command, staff)))
        await ack()

    bolt.action(Action.IMPORT_RELEASE.pattern)(release_rows)
    bolt.action(Action.IMPORT_UNDO.pattern)(ask_import_undo)
    bolt.action(Action.IMPORT_UNDO_CONFIRM.pattern)(undo_whole_import)


def _register_form(bolt: AsyncApp, deps: Deps) -> None:
    async def correct_some_rows(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        shown = await deps.read(show_broken_rows, ShowBrokenRows(int(action["value"])), staff)
        await open_view(context.client, body["trigger_id"], correction_view(shown))
        await ack()

    async def submit_corrections(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        cells = entered_cells(view)
        done = await deps.run(correct_rows, CorrectRows(int(view["private_metadata"]), cells), staff)
        if done.refused:
            await ack(response_action="errors", errors=errors_of(done, cells))
        else:
            await ack(response_action="update", view=corrected_view(done))

    bolt.action(Action.IMPORT_CORRECT.pattern)(correct_some_rows)
    bolt.view(Form.IMPORT_CORRECT.value)(submit_corrections)


def _register_files(bolt: AsyncApp, deps: Deps) -> None:
    async def send_copy(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        number, is_full = parts_of(action["value"])
        await answers.add(respond, draw(await deps.run(order_copy, OrderCopy(number, is_full), staff)))
        await ack()

    async def send_template(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        command = OfferTemplate(ImportSubject(action["value"]))
        await answers.add(respond, draw(await deps.run(offer_template, command, staff)))
        await ack()

    bolt.action(Action.IMPORT_COPY.pattern)(send_copy)
    bolt.action(Action.IMPORT_TEMPLATE.pattern)(send_template)


def _register_lists(bolt: AsyncApp, deps: Deps) -> None:
    async def show_one_import(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        await answers.add(respond, draw(await deps.read(show_import, ShowImport(int(action["value"])), staff)))
        await ack()

    async def show_import_rows(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        await answers.add(respond, draw(await _rows(context, action["value"])))
        await ack()

    async def turn_import_rows_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        await answers.replace(respond, draw(await _rows(context, action["value"])))
        await ack()

    async def turn_imports_page(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        state, page = parts_of(action["value"])
        command = ListImports(page, ImportState(state) if state else None)
        await answers.replace(respond, draw(await deps.read(list_imports, command, staff)))
        await ack()

    async def _rows(context: AsyncBoltContext, value: str) -> object:
        staff = await deps.people.asker(context)
        number, bucket, page = parts_of(value)
        return await deps.read(list_import_rows, ListImportRows(number, Bucket(bucket), page), staff)

    bolt.action(Action.IMPORT_SHOW.pattern)(show_one_import)
    bolt.action(Action.IMPORT_ROWS.pattern)(show_import_rows)
    bolt.action(Action.IMPORT_ROWS_PAGE.pattern)(turn_import_rows_page)
    bolt.action(Action.IMPORTS_PAGE.pattern)(turn_imports_page)
