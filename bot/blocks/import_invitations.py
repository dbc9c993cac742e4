"""From an import to the invitation of its learners: the button, and the form that asks for the run."""

from bot.blocks.controls import Action, Form
from bot.blocks.parts import Block, button, modal, section
from bot.blocks.views import note_input, run_input, when_input
from bot.blocks.words import counted
from core.usecases.imports.invitations import InvitableFound

_TITLE = "Invite learners"


def invite_button(number: int, invitable: int) -> Block:
    """For a row of actions below an import. Where nobody can be invited it has no place: see ``ImportOffers``."""
    label = f"Invite these {invitable:,} to …" if invitable > 1 else "Invite this learner to …"
    return button(label, Action.IMPORT_INVITE, str(number))


def import_invitation_view(found: InvitableFound, run: str = "") -> Block:
    """Leads to the usual preview. Only the import's number is kept in the form."""
    blocks = [section(_who(found)), run_input(run), when_input(), note_input()]
    view = modal(Form.IMPORT_INVITE, _TITLE, blocks, submit="Preview")
    return {**view, "private_metadata": str(found.number)}


def nobody_view(found: InvitableFound) -> Block:
    return modal(Form.NOTHING, _TITLE, [section(_who(found))])


def _who(found: InvitableFound) -> str:
    people = counted(found.invitable, "learner") if found.invitable else "Nobody"
    verb = "has" if found.invitable <= 1 else "have"
    left_out = [
        f"• {counted(found.without_address, 'learner')} without an e-mail address" if found.without_address else "",
        f"• {counted(found.not_granted, 'learner')} of providers that you may not manage" if found.not_granted else "",
        f"• {counted(found.removed, 'learner')} removed since" if found.removed else "",
    ]
    lines = "\n".join(filter(None, left_out))
    head = f"*{people}* of I-{found.number:04} {verb} an e-mail address that I can write to."
    return f"{head}\nLeft out:\n{lines}" if lines else head
