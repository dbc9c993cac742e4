"""Telling whoever sent a report what became of it, in the transaction that settles it.

Slack: its one message is drawn anew. E-mail: the message that brought it, or said yes to it, is answered, once.
"""

from core.context import Context
from core.model import ProgressReport
from core.outbox import report_key, say_or_touch, slack_row, touch
from core.rules.policy import SCOREBOARD_INTERVAL
from core.usecases.mailbox.answers import answer_settled
from core.words import MessageKind


def show_in_slack(ctx: Context, staff_id: int, report_id: int) -> None:
    """Its one message begins, or is drawn anew."""
    key = report_key(report_id)
    say_or_touch(ctx, slack_row(ctx, MessageKind.REPORT, staff_id=staff_id, about_id=report_id, key=key))


def tell_settled(ctx: Context, found: ProgressReport) -> None:
    answer_settled(ctx, found)
    tell_changed(ctx, found)


def tell_changed(ctx: Context, found: ProgressReport) -> None:
    """How far it has come."""
    touch(ctx, [report_key(found.id)], after=SCOREBOARD_INTERVAL)
