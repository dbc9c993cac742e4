"""Connecting a workspace, and a person."""

from bot.blocks.parts import Message, said, section
from bot.blocks.words import counted
from core.usecases.staff.slack_identity import AccountUnlinked, CodeMailed, StaffLinked, WorkspaceBound


def draw_bound(result: WorkspaceBound) -> Message:
    head = f"This workspace now belongs to {said(result.organisation, 200)}."
    after = "Next, everybody who looks after learners writes “/usher link” to connect their own account."
    return Message(head, (section(f"*{head}*\n{after}"),))


def draw_mailed(result: CodeMailed) -> Message:
    """Says the same whether somebody has this address or not: nobody learns who works here."""
    head = f"If {said(result.email, 254)} is on our list of staff, a code is on its way there."
    after = f"It is good for {counted(result.minutes, 'minute')}. Write “/usher link” and the code."
    return Message(head, (section(f"*{head}*\n{after}"),))


def draw_linked(result: StaffLinked) -> Message:
    head = f"Welcome, {said(result.name)}. You are connected to {said(result.organisation, 200)}."
    after = "Write “/usher courses” to see the runs you can invite to, or “/usher help” for everything."
    return Message(head, (section(f"*{head}*\n{after}"),))


def draw_unlinked(result: AccountUnlinked) -> Message:
    head = "Your account is disconnected." if result.was_linked else "Your account was not connected."
    after = "I answer you no more and write you nothing. “/usher link” connects it again."
    return Message(head, (section(f"*{head}*\n{after}"),))
