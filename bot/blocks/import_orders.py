"""An import that is being released or undone: that it was ordered, how it stands, what became of it."""

from bot.blocks.imports import draw_import_settled, draw_import_undone
from bot.blocks.parts import Message, said, section
from bot.blocks.words import counted
from core.usecases.imports.orders import OrderShown, WorkOrdered
from core.usecases.imports.undoing import ImportUndone
from core.wording.imports import import_name
from core.words import ImportWork


def draw_work_ordered(ordered: WorkOrdered) -> Message:
    name = import_name(ordered.number)
    what = f"{name} is being undone." if ordered.work is ImportWork.UNDO else f"I am importing the rows of {name}."
    return Message(what, (section(f"{what} A message of mine tells you when it is done."),))


def draw_order(shown: OrderShown) -> Message:
    name = import_name(shown.number)
    if isinstance(shown.done, ImportUndone):
        return draw_import_undone(shown.done)
    if shown.done is not None:
        return draw_import_settled(shown.done)
    what = "Undoing" if shown.work is ImportWork.UNDO else "Importing"
    if shown.refusal:
        text = f"{name} could not be {'undone' if shown.work is ImportWork.UNDO else 'imported'}."
        return Message(text, (section(f"*{text}*\n{said(shown.refusal, 500)}"),))
    text = f"{what} {name}: {counted(shown.rows, 'row')}"
    return Message(f"{text}.", (section(f"*{text}*\nI tell you here when all of them are done."),))
