"""Yes or no to what the asked person wanted by e-mail."""

from slack_bolt.async_app import AsyncApp

from bot import answers
from bot.blocks.controls import Action
from bot.deps import Deps
from bot.handlers.presses import Presses, by_parts
from core.usecases.mailbox.questions import ConfirmQuestion, DeclineQuestion, confirm_question, decline_question


def register(bolt: AsyncApp, deps: Deps) -> None:
    """The question itself stays, and is drawn anew by the worker."""
    press = Presses(bolt, deps)

    press.runs(Action.MAIL_QUESTION_YES, confirm_question, by_parts(ConfirmQuestion), answers.add)
    press.runs(Action.MAIL_QUESTION_NO, decline_question, by_parts(DeclineQuestion), answers.add)
