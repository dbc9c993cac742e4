"""What did not work, and what to do next."""

from collections.abc import Sequence

from bot.blocks.controls import Action
from bot.blocks.parts import BUTTON_VALUE_CHARACTERS, Block, Message, actions, button, escaped, said_lines, section
from core.errors import TermsNotAccepted, UsherError
from core.requests import Instead

_CHARACTERS = 1500


def draw_error(error: UsherError, instead: Sequence[Instead] = ()) -> Message:
    """The values in it may come from anybody, so all of it is escaped. ``instead``: what a press asks in its place."""
    message = said_lines(error.message, 300)
    hint = _with_way(said_lines(error.hint, _CHARACTERS), error)
    words = section(f"*{message}*\n{hint}" if hint else f"*{message}*")
    return Message(message, (words, *_presses(instead)))


def _presses(instead: Sequence[Instead]) -> tuple[Block, ...]:
    """A request too long for a button is written again."""
    short = [each for each in instead if len(each.text) <= BUTTON_VALUE_CHARACTERS]
    buttons = [button(each.word, f"{Action.ASK_INSTEAD}:{place}", each.text) for place, each in enumerate(short)]
    return (actions(*buttons),) if buttons else ()


def _with_way(hint: str, error: UsherError) -> str:
    """Our own page is a link to press; nothing that anybody typed is."""
    if not isinstance(error, TermsNotAccepted):
        return hint
    page = escaped(str(error.values["page"]))
    return hint.replace(page, f"<{page}>")


def draw_unexpected(reference: str) -> Message:
    text = f"Something went wrong on our side; it has the number {reference}."
    after = "It is in our log. Please try again; if it stays, give this number to whoever runs Usher."
    return Message(text, (section(f"*{text}*\n{after}"),))


def error_line(error: UsherError) -> str:
    """One line of plain text, as it stands under a field of a form."""
    return f"{error.message} {error.hint}".strip()
