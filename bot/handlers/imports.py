"""Imports of learners: what the buttons below one do, its rows, the list of all, a few rows corrected in a form."""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers
from bot.blocks.controls import Action, Form
from bot.blocks.import_corrections import corrected_view, correction_view, entered_cells, errors_of
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.forms import open_view
from bot.handlers.presses import Presses, by_id, by_parts
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
    press = Presses(bolt, deps)

    press.runs(Action.IMPORT_RELEASE, order_work, _release, answers.add)
    press.reads(Action.IMPORT_UNDO, preview_undo, by_id(PreviewUndo), answers.add)
    press.runs(Action.IMPORT_UNDO_CONFIRM, order_work, _undo, answers.replace)


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
    press = Presses(bolt, deps)
    press.runs(Action.IMPORT_COPY, order_copy, by_parts(OrderCopy), answers.add)
    press.runs(Action.IMPORT_TEMPLATE, offer_template, lambda value: OfferTemplate(ImportSubject(value)), answers.add)


def _register_lists(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.reads(Action.IMPORT_SHOW, show_import, by_id(ShowImport), answers.add)
    press.reads(Action.IMPORT_ROWS, list_import_rows, _rows, answers.add)
    press.reads(Action.IMPORT_ROWS_PAGE, list_import_rows, _rows, answers.replace)
    press.reads(Action.IMPORTS_PAGE, list_imports, _page, answers.replace)


def _rows(value: str) -> ListImportRows:
    number, bucket, page = parts_of(value)
    return ListImportRows(number, Bucket(bucket), page)


def _page(value: str) -> ListImports:
    state, page = parts_of(value)
    return ListImports(page, ImportState(state) if state else None)


def _release(value: str) -> OrderWork:
    return OrderWork(int(value), ImportWork.RELEASE)


def _undo(value: str) -> OrderWork:
    return OrderWork(int(value), ImportWork.UNDO)
