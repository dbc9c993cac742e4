"""Leafing through a history."""

from slack_bolt.async_app import AsyncApp

from bot import answers
from bot.blocks.controls import Action
from bot.blocks.parts import parts_of
from bot.deps import Deps
from bot.handlers.presses import Presses
from core.usecases.history.history import ShowHistory, show_history
from core.words import Subject


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.reads(Action.HISTORY_PAGE, show_history, _page, answers.replace)


def _page(value: str) -> ShowHistory:
    kind, subject_id, page = parts_of(value)
    return ShowHistory(Subject(kind), page=page, subject_id=int(subject_id))
