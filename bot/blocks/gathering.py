"""Addresses that wait for their run."""

from bot.blocks.controls import Action, Form
from bot.blocks.parts import Block, Message, actions, context, modal, plain, section
from bot.blocks.words import counted, moment
from core.usecases.invitations.gathering import AddressesGathered

_BLOCK = "gathered:"


def draw_gathered(result: AddressesGathered) -> Message:
    head = f"I found {counted(result.found, 'address', 'addresses')}. Which run?"
    left_out = [
        f"{counted(result.duplicates, 'duplicate')}" if result.duplicates else "",
        f"{counted(result.invalid, 'entry', 'entries')} that I cannot use" if result.invalid else "",
    ]
    whom = "it" if result.duplicates + result.invalid == 1 else "them"
    more = f"\nAlso {' and '.join(filter(None, left_out))}: the preview names {whom}." if any(left_out) else ""
    foot = f"You see a preview next; nothing is sent before you confirm it. Choose until {moment(result.valid_until)}."
    return Message(head, (section(f"*{head}*{more}"), _run_menu(result.draft_id), context(foot)))


def _run_menu(draft_id: int) -> Block:
    """The menu's own value is the run; which addresses wait for it stands in the block's name."""
    menu: Block = {
        "type": "external_select",
        "action_id": Action.CHOOSE_RUN,
        "placeholder": plain("Type a part of its name or code", 150),
        "min_query_length": 1,
    }
    return {**actions(menu), "block_id": f"{_BLOCK}{draft_id}"}


def draft_of(block_id: str) -> int:
    return int(block_id.removeprefix(_BLOCK))


def too_many_view(result: AddressesGathered) -> Block:
    """Where a form cannot hold them."""
    words = (
        f"*I found {counted(result.found, 'address', 'addresses')}*: more than fit into a form.\n"
        "I sent you a message with them; choose the run there."
    )
    return modal(Form.NOTHING, "Invite learners", [section(words)])
