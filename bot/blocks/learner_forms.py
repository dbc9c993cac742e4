"""The forms around one learner: filled in, looked at once more, and what is stored encrypted, to look at.

A form keeps ids only; what was typed is kept encrypted by the preview.
"""

from typing import Final

from bot.blocks.controls import Field, Form
from bot.blocks.parts import (
    SECTION_CHARACTERS,
    Block,
    context,
    fitting,
    input_of,
    modal,
    plain,
    said,
    section,
    shortened,
)
from core.requests import ComposeLearner
from core.rules.policy import ADDRESS_LINE_CHARACTERS, NAME_CHARACTERS, USERNAME_CHARACTERS
from core.rules.ucas.choices import GENDERS
from core.rules.ucas.columns import Column
from core.rules.ucas.years import YEAR_GROUPS
from core.usecases.learners.cards import DetailsSeen
from core.usecases.learners.changes import LearnerPrepared, LearnerSaved
from core.usecases.learners.lists import LearnerCard

COLUMN_FIELDS: Final = {
    Column.UKPRN: Field.PROVIDER,
    Column.FIRST_NAME: Field.FIRST_NAME,
    Column.LAST_NAME: Field.LAST_NAME,
    Column.DOB: Field.DOB,
    Column.YEAR_GROUP: Field.YEAR_GROUP,
    Column.EMAIL: Field.EMAIL,
    Column.HOUSE: Field.HOUSE,
    Column.STREET: Field.STREET,
    Column.LOCALITY: Field.LOCALITY,
    Column.TOWN: Field.TOWN,
    Column.POSTCODE: Field.POSTCODE,
    Column.TELEPHONE: Field.TELEPHONE,
    Column.ULN: Field.ULN,
    Column.UPN: Field.UPN,
    Column.CCIS: Field.CCIS,
    Column.GENDER: Field.GENDER,
}
"""In the order of the form. Ethnicity is not stored, so it is not asked."""
_CHOICES: Final = {Column.YEAR_GROUP: YEAR_GROUPS, Column.GENDER: GENDERS}
_NEEDED: Final = frozenset({Column.UKPRN, Column.FIRST_NAME, Column.LAST_NAME})
_NEEDED_WHEN_NEW: Final = _NEEDED | {Column.DOB, Column.YEAR_GROUP}
_LABELS: Final = {Column.UKPRN: "Provider", Column.DOB: "Date of birth", Column.YEAR_GROUP: "Year group"}
_HINTS: Final = {
    Column.DOB: "Like 2010-03-31.",
    Column.EMAIL: "Leave it empty for a learner without one: you can print an access slip.",
    Column.POSTCODE: "Like AB1 2CD.",
}
_LIMITS: Final = {Column.EMAIL: 254, Column.FIRST_NAME: NAME_CHARACTERS, Column.LAST_NAME: NAME_CHARACTERS}
_USERNAME_HINT: Final = "6 to 127 letters, digits and @ . - _; leave it empty and I make one from the name."
_ANOTHER: Final = "yes"


def new_learner_view(compose: ComposeLearner, *, like: LearnerCard | None = None, done: str = "") -> Block:
    """``like``: the one who was created before; provider and year group are the same again."""
    known = {Column.FIRST_NAME: compose.first_name, Column.LAST_NAME: compose.last_name}
    if like is not None:
        known |= {Column.UKPRN: like.ukprn, Column.YEAR_GROUP: like.year_group}
    blocks = [*([section(done)] if done else []), *_inputs(known, like.provider if like else "", "", _NEEDED_WHEN_NEW)]
    return {**modal(Form.LEARNER, "Create a learner", blocks, submit="Preview"), "private_metadata": "0"}


def edit_learner_view(seen: DetailsSeen) -> Block:
    card = seen.card
    blocks = _inputs(dict(seen.values), card.provider, card.username, _NEEDED)
    blocks.append(context("A field that you empty is erased."))
    view = modal(Form.LEARNER, "Edit a learner", blocks, submit="Preview")
    return {**view, "private_metadata": str(card.learner_id)}


def _inputs(known: dict[Column, str], provider: str, username: str, needed: frozenset[Column]) -> list[Block]:
    blocks = [_input(column, known.get(column, ""), provider, needed) for column in COLUMN_FIELDS]
    most = USERNAME_CHARACTERS[1]
    name: Block = {"type": "plain_text_input", "action_id": Field.USERNAME, "max_length": most}
    if username:
        name["initial_value"] = username
    # Behind what everybody has, before what few have.
    place = list(COLUMN_FIELDS).index(Column.HOUSE)
    blocks.insert(place, input_of(Field.USERNAME, "Username", name, hint=_USERNAME_HINT, optional=True))
    return blocks


def _input(column: Column, value: str, provider: str, needed: frozenset[Column]) -> Block:
    field = COLUMN_FIELDS[column]
    if column is Column.UKPRN:
        element = _provider_menu(value, provider)
    elif column in _CHOICES:
        element = _menu(field, _CHOICES[column], value)
    else:
        limit = _LIMITS.get(column, ADDRESS_LINE_CHARACTERS)
        element = {"type": "plain_text_input", "action_id": field, "max_length": limit}
        if initial := shortened(value, limit):
            element["initial_value"] = initial
    label, hint = _LABELS.get(column, column.value), _HINTS.get(column, "")
    return input_of(field, label, element, hint=hint, optional=column not in needed)


def _menu(field: Field, choices: tuple[str, ...], value: str) -> Block:
    options = {choice: {"text": plain(choice), "value": choice} for choice in choices}
    element: Block = {"type": "static_select", "action_id": field, "options": list(options.values())}
    return {**element, "initial_option": options[value]} if value in options else element


def _provider_menu(ukprn: str, name: str) -> Block:
    element: Block = {
        "type": "external_select",
        "action_id": Field.PROVIDER,
        "min_query_length": 0,
        "placeholder": plain("Choose the provider", 150),
    }
    return {**element, "initial_option": managed_provider_option(ukprn, name)} if ukprn else element


def managed_provider_option(ukprn: str, name: str) -> Block:
    return {"text": plain(f"{shortened(name, 60)} ({ukprn})" if name else ukprn), "value": ukprn}


def learner_preview_view(prepared: LearnerPrepared) -> Block:
    """What would change; the submit button saves it. Only the preview's number is kept in the form."""
    is_new = not prepared.learner_id
    head = f"*{said(prepared.name, 120)}*" + (" is created:" if is_new else " changes:")
    if prepared.is_back:
        head = f"*{said(prepared.name, 120)}* was removed before, and is back:"
    lines = [_change(each.column, each.before, each.after) for each in prepared.changes]
    blocks = [section(head), section(fitting(lines, SECTION_CHARACTERS) or "Nothing else changes.")]
    if prepared.warnings:
        warned = "\n".join(f":warning: {said(each, 250)}" for each in prepared.warnings[:8])
        blocks.append(section(warned))
    if is_new:
        blocks.append(_another_input())
    blocks.append(context("Nothing is saved until you press the button. It counts for 15 minutes."))
    title, submit = ("Create a learner", "Create") if is_new else ("Edit a learner", "Save")
    return {**modal(Form.LEARNER_CONFIRM, title, blocks, submit=submit), "private_metadata": str(prepared.change_id)}


def _change(column: str, before: str, after: str) -> str:
    if not before:
        return f"{column}: {said(after, 120)}"
    return f"{column}: ~{said(before, 100)}~ {said(after, 100) if after else '_(erased)_'}"


def _another_input() -> Block:
    boxes: Block = {
        "type": "checkboxes",
        "action_id": Field.ANOTHER,
        "options": [{"text": plain("Create and add another"), "value": _ANOTHER}],
    }
    return input_of(Field.ANOTHER, "Afterwards", boxes, optional=True)


def another_view(saved: LearnerSaved) -> Block:
    done = f":white_check_mark: *{said(saved.card.name, 120)}* is created: `{said(saved.card.username, 127)}`"
    return new_learner_view(ComposeLearner(), like=saved.card, done=done)


def details_view(seen: DetailsSeen) -> Block:
    lines = [f"*{column}*: {said(value, 200)}" for column, value in seen.secret]
    text = fitting(lines, SECTION_CHARACTERS) or "Nothing else is stored about them."
    blocks = [
        section(f"*{said(seen.card.name, 120)}*"),
        section(text),
        context("These are stored encrypted. The audit notes that you looked."),
    ]
    return modal(Form.NOTHING, "Details", blocks)
