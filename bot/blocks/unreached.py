"""To whoever invited: learners whom e-mail does not reach, or who want none."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, context, fitting, said, section
from bot.blocks.words import batch_name, counted, moment, run_name
from core.usecases.invitations.unreached import UnreachedLearner, UnreachedShown
from core.words import SuppressReason

_WISHES = {
    SuppressReason.ASKED: "wants no more e-mails from you",
    SuppressReason.COMPLAINED: "marked your e-mail as spam, and gets no more",
}


def draw_unreached(shown: UnreachedShown) -> Message:
    name = batch_name(shown.numbers)
    if not shown.total:
        text = f"{name}: everybody can be reached again."
        return Message(text, (section(text), context(_footer(shown))))
    lines = [f"• {_words(learner)}" for learner in shown.learners]
    blocks = (
        section(f"*{name}*, {run_name(shown.run)}\n{_counts(shown)}"),
        section(fitting(lines, 2400, total=shown.total)),
        *_buttons(shown),
        context(_footer(shown)),
    )
    return Message(f"{name}: {_counts(shown)}", blocks)


def _counts(shown: UnreachedShown) -> str:
    parts = (
        (shown.bounced, f"{counted(shown.bounced, 'e-mail')} did not arrive"),
        (shown.asked, f"{counted(shown.asked, 'learner')} asked for no more e-mails"),
        (shown.complained, f"{counted(shown.complained, 'learner')} called it spam"),
    )
    return ", ".join(words for number, words in parts if number) + "."


def _words(learner: UnreachedLearner) -> str:
    address = said(learner.address, 80)
    if learner.why in _WISHES:
        return f"{address} {_WISHES[learner.why]}"
    meant = f" Did you mean {said(learner.guess, 80)}?" if learner.guess else ""
    return f"{address}: {said(learner.problem, 120) or 'no reason given'}{meant}"


def _buttons(shown: UnreachedShown) -> tuple[Block, ...]:
    """The list of those has a menu to correct an address or to send again."""
    if not shown.bounced:
        return ()
    return (actions(button("Correct or send again…", Action.UNREACHED_LIST, shown.run.code)),)


def _footer(shown: UnreachedShown) -> str:
    return f"I tell you once, and keep this message true · as of {moment(shown.as_of)}"
