"""Learners at risk: what can be done about one, the letter of a nudge, and what was done."""

from typing import Final

from msgspec.structs import replace

from bot.blocks.controls import Action, Field, Form
from bot.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    fitting,
    input_of,
    modal,
    plain,
    said,
    section,
    value_of,
)
from bot.blocks.words import moment
from core.rules.policy import NUDGE_CHARACTERS
from core.usecases.progress.follow_ups import FollowUpNoted, FollowUpUndone
from core.usecases.progress.nudges import LearnerNudged, NudgePreviewed
from core.wording.risk import UNDONE, letter_lines, noted_after, noted_what, nudge_way_words, risk_words
from core.words import FollowUpDeed

_LETTER_CHARACTERS: Final = 2000
_CHOICES: Final = (
    ("Nudge…", "nudge"),
    ("Snooze for a week", "snooze"),
    ("I have spoken to them", "spoken"),
    ("All runs", "look"),
)


def follow_up_buttons(learner_id: int, run_code: str) -> Block:
    value = value_of(learner_id, run_code)
    return actions(
        button("Nudge…", Action.NUDGE, value),
        button("Snooze", Action.SNOOZE, value),
        button("I have spoken to them", Action.SPOKEN, value),
    )


def follow_up_menu(learner_id: int, run_code: str, undo_id: int) -> Block:
    """In a list of ten, where three buttons a name would be a wall. ``undo_id`` 0: there is nothing to take back."""
    choices = [(label, value_of(action, learner_id, run_code)) for label, action in _CHOICES]
    if undo_id:
        choices.append(("Undo what was noted", value_of("undo", undo_id)))
    options = [{"text": plain(label, 75), "value": value} for label, value in choices]
    return {"type": "overflow", "action_id": Action.FOLLOW_UP, "options": options}


def nudge_view(letter: NudgePreviewed) -> Block:
    """The letter to look at and to change; what is sent is what stands in it."""
    why = f"At risk: {risk_words(letter.risks)}\n" if letter.risks else ""
    element: Block = {
        "type": "plain_text_input",
        "action_id": Field.WORDS,
        "multiline": True,
        "max_length": NUDGE_CHARACTERS,
        "initial_value": letter.words,
    }
    blocks = [
        section(f"*{said(letter.name, 120)}*, {said(letter.run.course_title, 120)}\n{said(why, 400)}"),
        section(f"Hello {said(letter.first_name, 100)},"),
        input_of(Field.WORDS, "Your words", element, hint="No links, please: learners are asked to trust none."),
        section(said(letter.author, 200)),
        context(_way(letter)),
    ]
    view = modal(Form.NUDGE, "A nudge", blocks, submit="Send")
    return {**view, "private_metadata": value_of(letter.learner_id, letter.run.code)}


def draw_nudge(letter: NudgePreviewed) -> Message:
    head = f"A nudge to {said(letter.name, 120)}. Nothing is sent yet."
    value = value_of(letter.learner_id, letter.run.code)
    why = (context(said(f"At risk: {risk_words(letter.risks)}", 400)),) if letter.risks else ()
    edit = button("Look at it and send…", Action.NUDGE, value, style="primary")
    return Message(
        head,
        (
            section(f"*{head}*"),
            _letter(letter),
            *why,
            context(_way(letter)),
            actions(edit),
        ),
    )


def _letter(letter: NudgePreviewed) -> Block:
    return section(fitting([f"> {said(line, 1000)}" for line in letter_lines(letter)], _LETTER_CHARACTERS))


def _way(letter: NudgePreviewed) -> str:
    """Escaped by its parts: the moment is markup of ours."""
    address, reply_to = said(letter.address, 260), said(letter.reply_to, 260)
    return nudge_way_words(replace(letter, address=address, reply_to=reply_to), moment)


def draw_nudged(result: LearnerNudged) -> Message:
    head = f"{said(result.letter.name, 120)} gets your nudge."
    undo = button("Undo", Action.FOLLOW_UP_UNDO, value_of(result.follow_up_id))
    lines = (
        _way(result.letter),
        f"Nobody can nudge them again before {moment(result.next_from)}.",
    )
    return Message(head, (section(f"*{head}*"), _letter(result.letter), context("\n".join(lines)), actions(undo)))


def draw_noted(result: FollowUpNoted) -> Message:
    value = value_of(result.learner_id, result.run_code)
    choices = [button("Undo", Action.FOLLOW_UP_UNDO, value_of(result.follow_up.follow_up_id))]
    if result.follow_up.deed is FollowUpDeed.SNOOZED:
        choices += [button(f"{weeks} weeks", f"{Action.SNOOZE}:for_{weeks}", value) for weeks in (2, 4)]
    who, what = f"{said(result.name, 120)}, `{said(result.run_code, 64)}`", noted_what(result, moment)
    return Message(f"{who}: {what}.", (section(f"*{who}*: {what}.\n{noted_after(result, moment)}"), actions(*choices)))


def draw_follow_up_undone(result: FollowUpUndone) -> Message:
    text = said(UNDONE[result.deed].format(name=result.name, run=result.run_code), 400)
    return Message(text, (section(text),))
