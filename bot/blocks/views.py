"""The modals around an invitation, and the frame of the home tab."""

import hashlib
import json
from typing import Final

from bot.blocks.batches import invited_blocks, preview_blocks
from bot.blocks.controls import Field, Form
from bot.blocks.parts import Block, Message, context, input_of, modal, plain, said, section, shortened
from bot.blocks.words import counted, moment
from core.rules.policy import NOTE_CHARACTERS, SHEET_MEGABYTES
from core.usecases.invitations.batches import InvitationPreviewed, LearnersInvited
from core.usecases.invitations.sorting import Bucket

# Slack's own limit of a text field; about 60 to 140 addresses.
BOX_CHARACTERS: Final = 3000
FILE_TYPES: Final = ("csv", "txt", "xlsx", "xls", "ods")
_TITLE = "Invite learners"
_ANSWER_TITLE = "Usher"


def compose_view(run: str, addresses: str) -> Block:
    """``run`` and ``addresses`` are filled in as far as they fit; a list that does not fit is not cut in two."""
    fits = len(addresses) <= BOX_CHARACTERS
    blocks = [
        run_input(run),
        _addresses_input(addresses if fits else ""),
        _file_input(),
        when_input(),
        note_input(),
    ]
    if not fits:
        blocks.insert(0, section("Your list is too long for the box. Save it as a file and add it here."))
    return _modal(Form.COMPOSE, blocks, submit="Preview")


def run_input(run: str) -> Block:
    element: Block = {
        "type": "external_select",
        "action_id": Field.RUN,
        "placeholder": plain("Type a part of its name or code", 150),
        "min_query_length": 1,
    }
    if code := shortened(run, 75):
        element["initial_option"] = {"text": plain(code), "value": code}
    return _input(Field.RUN, "Run", element)


def _addresses_input(addresses: str) -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": Field.ADDRESSES,
        "multiline": True,
        "max_length": BOX_CHARACTERS,
    }
    if addresses.strip():
        element["initial_value"] = addresses
    hint = "Up to about 60, separated by commas, semicolons or lines. For more, add a file instead."
    return _input(Field.ADDRESSES, "E-mail addresses", element, hint=hint)


def _file_input() -> Block:
    element: Block = {
        "type": "file_input",
        "action_id": Field.FILE,
        "filetypes": list(FILE_TYPES),
        "max_files": 1,
    }
    hint = f"One workbook, .csv or .txt file with e-mail addresses, up to {SHEET_MEGABYTES} MB."
    return _input(Field.FILE, "Or a file", element, hint=hint)


def when_input() -> Block:
    element: Block = {"type": "datetimepicker", "action_id": Field.WHEN}
    return _input(Field.WHEN, "Send later", element, hint="Leave it empty to send as soon as you have confirmed.")


def note_input() -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": Field.NOTE,
        "multiline": True,
        "max_length": NOTE_CHARACTERS,
    }
    return _input(Field.NOTE, "Your note to each learner", element, hint="It stands in the e-mail. No links, please.")


def _input(field: Field, label: str, element: Block, *, hint: str = "") -> Block:
    return input_of(field, label, element, hint=hint, optional=field is not Field.RUN)


def preview_view(preview: InvitationPreviewed) -> Block:
    """The submit button confirms. Only the preview's number is kept in the form."""
    new = preview.count(Bucket.NEW)
    blocks = list(preview_blocks(preview))
    if not preview.can_be_confirmed:
        return _modal(Form.NOTHING, [*blocks, context("There is nothing to confirm.")])
    blocks.append(context(f"Nothing is sent until you press the button. Good until {moment(preview.valid_until)}."))
    submit = f"Invite {counted(new, 'learner')}"
    return {**_modal(Form.CONFIRM, blocks, submit=submit), "private_metadata": str(preview.draft_id)}


def invited_view(result: LearnersInvited) -> Block:
    return _modal(Form.NOTHING, list(invited_blocks(result)))


def reading_view(name: str, external_id: str) -> Block:
    """Stands while a file is fetched and counted."""
    words = f"Reading “{said(name, 80)}”…\nThe preview appears here; if you close this, I send it to you."
    return {**_modal(Form.NOTHING, [section(words)]), "external_id": external_id}


def message_view(message: Message) -> Block:
    """What became of something that a window asked for."""
    return modal(Form.NOTHING, _ANSWER_TITLE, list(message.blocks))


def digest_of(blocks: tuple[Block, ...]) -> str:
    return hashlib.sha256(json.dumps(blocks).encode()).hexdigest()[:16]


def home_view(blocks: tuple[Block, ...], *, digest: str) -> Block:
    """``digest`` comes back with the next opening: what is shown already need not be shown again."""
    return {"type": "home", "blocks": list(blocks), "private_metadata": digest}


def _modal(form: Form, blocks: list[Block], *, submit: str = "") -> Block:
    return modal(form, _TITLE, blocks, submit=submit)
