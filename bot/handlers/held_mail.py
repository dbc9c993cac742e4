"""Yes or no to a message that bears the asked person's address."""

from slack_bolt.async_app import AsyncApp

from bot import answers
from bot.blocks.controls import Action
from bot.deps import Deps
from bot.handlers.presses import Presses, by_id
from core.usecases.mailbox.held_mail import RefuseHeldMail, ReleaseHeldMail, refuse_held_mail, release_held_mail


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.runs(Action.HELD_MAIL_YES, release_held_mail, by_id(ReleaseHeldMail), answers.replace)
    press.runs(Action.HELD_MAIL_NO, refuse_held_mail, by_id(RefuseHeldMail), answers.replace)
