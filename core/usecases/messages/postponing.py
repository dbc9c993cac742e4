"""When a message that does not go out now is due again, and by which job."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.context import Context
from core.jobs import Job, JobKind
from core.model import Organisation, OutboundMessage
from core.words import Channel, MessageKind, MessageState

NEVER_IN_QUIET_HOURS: Final = (MessageKind.REMINDER, MessageKind.NUDGE)
_JOB_OF: Final = {Channel.EMAIL: JobKind.SEND_MAIL, Channel.SLACK: JobKind.SEND_SLACK}


def come_again(ctx: Context, message: OutboundMessage, pause: timedelta, problem: str) -> None:
    """Nobody failed who was asked to come later: the try does not count. A job of its own comes when the time is up."""
    message.attempts = max(0, message.attempts - 1)
    message.generation += 1
    postpone(ctx, message, ctx.now + pause, problem)
    kind, left = _JOB_OF[message.channel], message.not_before - ctx.now
    ctx.jobs.enqueue(ctx.session, [Job(kind, f"{kind}-{message.id}-{message.generation}", (message.id,), left)])


def not_sooner(ctx: Context) -> float:
    """Between 1 and 1.5: they do not all come at once, and none comes before its time."""
    return 1 + abs(ctx.tokens.jitter() - 1)


def postpone(ctx: Context, message: OutboundMessage, until: datetime, problem: str) -> None:
    message.state = MessageState.PENDING
    message.not_before = outside_quiet_hours(ctx, message, until)
    message.problem = problem
    message.lease_until = None


def kept_from_the_night(ctx: Context, ids: Sequence[int]) -> Sequence[OutboundMessage]:
    """Those of them that quiet hours concern, as they are now, whatever this session has seen of them."""
    query = select(OutboundMessage).where(OutboundMessage.id.in_(ids), OutboundMessage.kind.in_(NEVER_IN_QUIET_HOURS))
    return ctx.session.scalars(query, execution_options={"populate_existing": True}).all() if ids else ()


def keep_quiet_hours(ctx: Context, ids: Sequence[int]) -> None:
    """Of what is pending again."""
    for message in kept_from_the_night(ctx, ids):
        at = outside_quiet_hours(ctx, message, ctx.now)
        if at > ctx.now:
            message.not_before = at
    ctx.session.flush()


def outside_quiet_hours(ctx: Context, message: OutboundMessage, at: datetime) -> datetime:
    """Tries reach over hours: what was due in the evening would arrive at night."""
    if message.kind not in NEVER_IN_QUIET_HOURS or message.organisation_id is None:
        return at
    organisation = ctx.session.get_one(Organisation, message.organisation_id)
    quiet = organisation.quiet_hours
    return quiet.wait_out(at, ZoneInfo(organisation.time_zone)) if quiet else at
