"""Telling whoever sent a file what became of it, in the transaction that settles it and through the door it came by.

Slack: the one message of the import is drawn anew. E-mail: the message that brought the file is answered, once.
"""

from core.context import Context
from core.model import Import
from core.outbox import import_key, touch
from core.rules.policy import SCOREBOARD_INTERVAL


def tell_settled(ctx: Context, found: Import) -> None:
    """Called once an import: when it is first held, applied or rejected."""
    tell_changed(ctx, found)


def tell_changed(ctx: Context, found: Import) -> None:
    """How far it has come, that it was released or undone: its message in Slack shows the newest state."""
    touch(ctx, [import_key(found.id)], after=SCOREBOARD_INTERVAL)
