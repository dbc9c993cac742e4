"""Telling whoever sent a file what became of it, in the transaction that settles it and through the door it came by.

Slack: the one message of the import is drawn anew, and the file goes back, marked. E-mail: the message that brought the
file is answered, once.
"""

from typing import Any

from core.context import Context, Door
from core.model import Import
from core.outbox import import_key, say, slack_row, touch
from core.rules.policy import OWN_WORKBOOK_ROWS, SCOREBOARD_INTERVAL
from core.usecases.mailbox.answers import answer_settled
from core.words import MessageKind


def tell_received(ctx: Context, row: dict[str, Any]) -> None:
    """``row``: of an import that came through Slack. Its one message begins."""
    key = import_key(row["id"])
    say(ctx, [slack_row(ctx, MessageKind.IMPORT, staff_id=row["staff_id"], about_id=row["id"], key=key)])


def tell_settled(ctx: Context, found: Import) -> None:
    """Called once an import: when it is first held, applied or rejected."""
    answer_settled(ctx, found)
    tell_changed(ctx, found)
    rows = found.created + found.updated + found.unchanged + found.duplicate + found.problem
    if found.door is Door.SLACK and (found.problem or 0 < rows <= OWN_WORKBOOK_ROWS):
        say_file(ctx, MessageKind.IMPORT_COPY, found.staff_id, found.id, "settled", found.organisation_id)


def tell_changed(ctx: Context, found: Import) -> None:
    """How far it has come, that it was released or undone: its message in Slack shows the newest state."""
    touch(ctx, [import_key(found.id)], after=SCOREBOARD_INTERVAL)


def say_file(
    ctx: Context, kind: MessageKind, staff_id: int, about_id: int, which: str, organisation_id: int | None = None
) -> None:
    """A file in somebody's direct messages. ``organisation_id``: where the caller acts for all of them."""
    row = slack_row(ctx, kind, staff_id=staff_id, about_id=about_id, key=f"{kind}:{about_id}:{which}")
    say(ctx, [row if organisation_id is None else {**row, "organisation_id": organisation_id}])
