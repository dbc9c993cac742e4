"""Several invitations at once: choosing them, what was done to them, and taking it back; correcting an address."""

from collections.abc import Sequence
from datetime import datetime

from bot.blocks.controls import Action, Change, Field, Form
from bot.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    input_of,
    modal,
    plain,
    question,
    said,
    section,
    shortened,
    value_of,
)
from bot.blocks.words import batch_name, counted, moment, run_name
from core.usecases.invitations.changes import InvitationsCancelled, InvitationsResent, InvitationsRestored
from core.usecases.invitations.corrections import AddressCorrected, CorrectionShown
from core.usecases.invitations.lists import InvitationsListed, ListedState

OPEN_STATES = (ListedState.PENDING, ListedState.BOUNCED)


def change_buttons(listed: InvitationsListed, search: str) -> tuple[Block, ...]:
    """Below a list: for some of this page, or for every open one that the list shows."""
    number = open_count(listed)
    if not any(row.state in OPEN_STATES for row in listed.rows):
        return ()
    state = (listed.run.code, listed.state, search)
    some = button("Choose some…", Action.SEVERAL, value_of(*state, listed.page))
    if number is None:
        return (actions(some),)
    return (actions(some, _resend_all(number, value_of(*state)), _cancel_all(number, value_of(*state))),)


def open_count(listed: InvitationsListed) -> int | None:
    """How many "all" would be; None where a search hides it: then one chooses from the page."""
    if listed.state in OPEN_STATES:
        return listed.total
    if listed.state is None and not listed.search:
        return sum(number for state, number in listed.counts if state in OPEN_STATES)
    return None


def _resend_all(number: int, value: str) -> Block:
    text = (
        f"{counted(number, 'invitation')}: the same links by mail once more. "
        "Whoever got it within the last hour is left alone."
    )
    return button(
        "Send it again" if number == 1 else f"Send all {number:,} again",
        Action.RESEND_ALL,
        value,
        confirm=question("Send it again?" if number == 1 else "Send all of them again?", text, "Send again", "No"),
    )


def _cancel_all(number: int, value: str) -> Block:
    text = f"{counted(number, 'link')} will stop working. You can take this back for 10 minutes."
    return button(
        "Cancel it" if number == 1 else f"Cancel all {number:,}",
        Action.CANCEL_ALL,
        value,
        style="danger",
        confirm=question(
            "Cancel it?" if number == 1 else "Cancel all of them?",
            text,
            "Cancel it" if number == 1 else "Cancel them",
            "No",
        ),
    )


# --- Forms ------------------------------------------------------------------------------------------------


def several_view(listed: InvitationsListed) -> Block:
    """The open ones of one page, to tick."""
    rows = [row for row in listed.rows if row.state in OPEN_STATES]
    if not rows:
        return modal(Form.NOTHING, "Choose invitations", [section("None of these invitations is open any more.")])
    boxes: Block = {
        "type": "checkboxes",
        "action_id": Field.CHOSEN,
        "options": [{"text": plain(shortened(row.address, 75)), "value": str(row.invitation_id)} for row in rows],
    }
    labels = {Change.RESEND: "Send the same links again", Change.CANCEL: "Cancel them"}
    what: Block = {
        "type": "radio_buttons",
        "action_id": Field.CHANGE,
        "options": [{"text": plain(label), "value": change.value} for change, label in labels.items()],
    }
    blocks = [
        section(run_name(listed.run)),
        input_of(Field.CHOSEN, "Which ones", boxes),
        input_of(Field.CHANGE, "What to do", what),
    ]
    view = modal(Form.SEVERAL, "Choose invitations", blocks, submit="Do it")
    return {**view, "private_metadata": listed.run.code}


def correction_view(shown: CorrectionShown) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": Field.ADDRESS, "max_length": 254}
    if shown.guess:
        element["initial_value"] = shown.guess
    hint = "They get a new invitation; the link to the wrong address stops working."
    blocks = [
        section(f"The invitation went to *{said(shown.address, 254)}*."),
        input_of(Field.ADDRESS, "The right address", element, hint=hint),
    ]
    view = modal(Form.CORRECT, "Correct the address", blocks, submit="Send it there")
    return {**view, "private_metadata": str(shown.invitation_id)}


# --- What was done ----------------------------------------------------------------------------------------


def draw_resent_several(result: InvitationsResent) -> Message:
    head = f"{counted(result.resent, 'invitation')} to {said(result.run.course_title)} go out once more."
    if result.resent == 1:
        head = head.replace(" go out", " goes out")
    left_out = _lines(
        (result.waiting, "still in the queue: one mail is enough"),
        (result.recent, "got it within the last hour: left alone"),
        (result.suppressed, "not to be written to, because mail came back or they asked for no more"),
        (result.left, "more than one press takes: press again for the next"),
    )
    text = f"*{head}*\nSame links, same expiry." if result.resent else f"*{head}*"
    return Message(head, (section("\n".join([text, *left_out])),))


def _lines(*counts: tuple[int, str]) -> list[str]:
    return [f"{number:,} {words}" for number, words in counts if number]


def draw_cancelled_several(result: InvitationsCancelled) -> Message:
    head = f"{counted(result.cancelled, 'invitation')} to {said(result.run.course_title)} cancelled."
    sent = result.cancelled - result.unsent
    after = _lines(
        (result.unsent, "had not been sent, and will not be"), (sent, "had been sent: their links now say so")
    )
    text = "\n".join([f"*{head}*", *after])
    return Message(head, (section(text), *undo_blocks(result.change_id, result.undo_until)))


def undo_blocks(change_id: int, undo_until: datetime) -> tuple[Block, ...]:
    return actions(button("Undo", Action.RESTORE, str(change_id))), context(f"Undo works until {moment(undo_until)}.")


def draw_restored(result: InvitationsRestored) -> Message:
    head = f"{counted(result.restored, 'invitation')} to {said(result.run.course_title)} open again."
    kept = _lines((result.kept, "stay cancelled: invited again or enrolled since"))
    return Message(head, (section("\n".join([f"*{head}*", "The same links work again.", *kept])),))


def draw_corrected(result: AddressCorrected) -> Message:
    head = f"The invitation goes to {said(result.address, 254)} now."
    numbers: Sequence[int] = result.invited.numbers
    text = (
        f"*{head}*\nBatch {batch_name(numbers)} to {run_name(result.invited.run)}. "
        f"The link sent to {said(result.former, 254)} no longer works."
    )
    return Message(head, (section(text),))
