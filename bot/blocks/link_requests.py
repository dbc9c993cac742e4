"""A learner asked for a new link."""

from bot.blocks.controls import Action
from bot.blocks.parts import Message, actions, button, said, section
from bot.blocks.words import LINK_STATES, moment, run_name
from core.usecases.invitations.link_requests import LinkRequestApproved, LinkRequestDeclined, LinkRequestShown
from core.words import RequestState


def draw_request(request: LinkRequestShown) -> Message:
    who = said(request.address)
    name = f" ({said(request.name)})" if request.name else ""
    head = f"*{who}*{name} asks for a new link to {run_name(request.run)}."
    was = f"Their invitation {LINK_STATES[request.was]}. Asked {moment(request.asked_at)}."
    text = f"{who} asks for a new link."
    if request.state is not RequestState.WAITING:
        by = f" by {said(request.answered_by)}" if request.answered_by else ""
        return Message(text, (section(f"{head}\n{was}\n*{request.state.capitalize()}*{by}."),))
    value = str(request.request_id)
    choice = actions(
        button("Send a link", Action.REQUEST_APPROVE, value, style="primary"),
        button("Decline", Action.REQUEST_DECLINE, value),
    )
    after = "“Send a link” mails one at once. “Decline” sends nothing; their page told them whom to ask."
    return Message(text, (section(f"{head}\n{was}"), choice, section(after)))


def draw_approved(result: LinkRequestApproved) -> Message:
    head = f"{said(result.address)} gets a link."
    return Message(head, (section(f"{head}\nThe e-mail about {run_name(result.run)} is on its way."),))


def draw_declined(result: LinkRequestDeclined) -> Message:
    head = f"{said(result.address)} gets no new link."
    return Message(head, (section(f"{head}\nNothing is sent about {run_name(result.run)}."),))
