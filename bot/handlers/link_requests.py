"""Yes or no to a learner who asked for a new link."""

from slack_bolt.async_app import AsyncApp

from bot import answers
from bot.blocks.controls import Action
from bot.deps import Deps
from bot.handlers.presses import Presses, by_id
from core.usecases.invitations.link_requests import (
    ApproveLinkRequest,
    DeclineLinkRequest,
    approve_link_request,
    decline_link_request,
)


def register(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.runs(Action.REQUEST_APPROVE, approve_link_request, by_id(ApproveLinkRequest), answers.replace)
    press.runs(Action.REQUEST_DECLINE, decline_link_request, by_id(DeclineLinkRequest), answers.replace)
