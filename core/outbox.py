"""What must be said to the world: rows of ``outbound_message`` and their jobs, in the caller's transaction."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, select, update

from core import access
from core.context import Context
from core.database import UtcDateTime
from core.jobs import Job, JobKind
from core.model import OutboundMessage
from core.rules.policy import CHUNK_MESSAGES, LONGEST_JOB_DELAY, SCOREBOARD_INTERVAL
from core.words import Channel, MessageKind, MessageState

AT_ONCE = timedelta(0)
_OWN_REF = re.compile(r"<([0-9a-f]{1,16})@[^<>@\s]+>")
_JOB_OF = {Channel.EMAIL: JobKind.SEND_MAIL, Channel.SLACK: JobKind.SEND_SLACK}


def email_row(
    ctx: Context, kind: MessageKind, *, to: str, to_key: str, about_id: int, key: str, not_before: datetime
) -> dict[str, Any]:
    """One row, its Message-ID fixed. ``key`` is unique: the same thing is never said twice by mistake."""
    row = _row(ctx, Channel.EMAIL, kind, to, to_key, about_id, key, not_before)
    return {**row, "message_ref": f"<{row['id']:x}@{ctx.settings.message_domain}>"}


def message_by_ref(ctx: Context, ref: str) -> OutboundMessage | None:
    """By a Message-ID that somebody else names. It carries the row's id, which is random: a guess finds nothing."""
    found = _OWN_REF.fullmatch(ref)
    if found is None or int(found[1], 16) >= 2**63:
        return None
    message = ctx.session.get(OutboundMessage, int(found[1], 16))
    return message if message is not None and message.message_ref == ref else None


def slack_row(ctx: Context, kind: MessageKind, *, staff_id: int, about_id: int, key: str) -> dict[str, Any]:
    to = f"staff:{staff_id}"
    return {**_row(ctx, Channel.SLACK, kind, to, to, about_id, key, ctx.now), "message_ref": ""}


def _row(
    ctx: Context,
    channel: Channel,
    kind: MessageKind,
    to: str,
    to_key: str,
    about_id: int,
    key: str,
    not_before: datetime,
) -> dict[str, Any]:
    return {
        "id": ctx.tokens.new_id(),
        "channel": channel,
        "kind": kind,
        "recipient": to,
        "recipient_key": to_key,
        "about_id": about_id,
        "idempotency_key": key,
        "not_before": not_before,
        "state": MessageState.PENDING,
        "attempts": 0,
        "generation": 0,
        "problem": "",
        "created_at": ctx.now,
    }


def leave(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Writes the rows and no jobs: the worker's sweeper finds them within half a minute."""
    access.insert_all(ctx, OutboundMessage, rows)


def say(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Writes the rows and enqueues their sending, in chunks, for when they are due.

    What is due much later is left to the sweeper, which finds due rows.
    """
    soon = [row for row in rows if row["not_before"] - ctx.now <= LONGEST_JOB_DELAY]
    for start in range(0, len(rows), 1000):
        access.insert_all(ctx, OutboundMessage, rows[start : start + 1000])
    jobs = [
        job
        for channel in Channel
        for job in _chunks(ctx, _JOB_OF[channel], [row for row in soon if row["channel"] is channel])
    ]
    ctx.jobs.enqueue(ctx.session, jobs)


def _chunks(ctx: Context, kind: JobKind, rows: Sequence[dict[str, Any]]) -> list[Job]:
    chunks = (rows[start : start + CHUNK_MESSAGES] for start in range(0, len(rows), CHUNK_MESSAGES))
    return [
        Job(
            kind=kind,
            key=f"{kind}-{chunk[0]['id']}-0",
            ids=tuple(row["id"] for row in chunk),
            delay=max(chunk[0]["not_before"] - ctx.now, timedelta(0)),
        )
        for chunk in chunks
    ]


def first_invitation_key(invitation_id: int) -> str:
    """``invitation:id:n``: n counts the e-mails about this invitation from 0."""
    return f"invitation:{invitation_id}:0"


def next_invitation_key(key: str) -> str:
    """Of two people who send again at once both come to the same key, and one of them finds it taken."""
    head, _, number = key.rpartition(":")
    return f"{head}:{int(number) + 1}"


def reminder_key(invitation_id: int, number: int) -> str:
    """``number`` counts the reminders from 1."""
    return f"reminder:{invitation_id}:{number}"


def is_first_invitation(key: str) -> bool:
    return key.endswith(":0")


def home_key(staff_id: int) -> str:
    return f"home:{staff_id}"


def scoreboard_key(confirmation_id: int) -> str:
    return f"scoreboard:{confirmation_id}"


def import_key(import_id: int) -> str:
    return f"import:{import_id}"


def report_key(report_id: int) -> str:
    return f"report:{report_id}"


def order_key(order_id: int) -> str:
    return f"import_order:{order_id}"


def unreached_key(confirmation_id: int) -> str:
    return f"unreached:{confirmation_id}"


def question_key(answer_id: int) -> str:
    """Of what was asked by e-mail and may be answered in Slack."""
    return f"mail_question:{answer_id}"


_WAS_SENT = OutboundMessage.state == MessageState.SENT
# Built once: it runs for every few mails.
_TOUCH = (
    update(OutboundMessage)
    .where(OutboundMessage.idempotency_key.in_(bindparam("keys", expanding=True)))
    .where(OutboundMessage.state.in_((MessageState.SENT, MessageState.SENDING)))
    .values(
        generation=OutboundMessage.generation + 1,
        state=case((_WAS_SENT, MessageState.PENDING.value), else_=OutboundMessage.state),
        not_before=case((_WAS_SENT, bindparam("due", type_=UtcDateTime())), else_=OutboundMessage.not_before),
    )
    .returning(OutboundMessage.id, OutboundMessage.generation, OutboundMessage.state)
)


def touch_scoreboards(ctx: Context, confirmation_ids: Collection[int]) -> None:
    """Something happened to these batches: their one message will be edited soon, once for many events."""
    touch(ctx, [scoreboard_key(confirmation_id) for confirmation_id in confirmation_ids], after=SCOREBOARD_INTERVAL)


def touch(ctx: Context, keys: Sequence[str], *, after: timedelta) -> None:
    """What these messages in Slack show has changed.

    One already waiting shows the newest state anyway. One being edited right now gets a higher generation, by which
    ``usecases.messages.deliveries`` sees that it must be edited again.
    """
    if not keys:
        return
    touched = ctx.session.execute(_TOUCH, {"keys": keys, "due": ctx.now + after})
    ctx.jobs.enqueue(
        ctx.session,
        [
            Job(JobKind.SEND_SLACK, f"send_slack-{row.id}-{row.generation}", (row.id,), after)
            for row in touched
            if row.state is MessageState.PENDING
        ],
    )


def say_or_touch(ctx: Context, row: dict[str, Any]) -> None:
    """A message in Slack that begins now, or shows what it is about anew if it was there before."""
    key = row["idempotency_key"]
    if ctx.session.scalars(select(OutboundMessage.id).where(OutboundMessage.idempotency_key == key)).first() is None:
        say(ctx, [row])
    else:
        touch(ctx, [key], after=SCOREBOARD_INTERVAL)


def revive(ctx: Context, message_ids: Select[int]) -> None:
    """Cancelled e-mails among these are wanted after all: they go out when they were to, at the earliest now."""
    # A parameter in the statement, so that it is compared as the column is stored.
    now = bindparam("now", ctx.now, type_=UtcDateTime())
    revived = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(message_ids), OutboundMessage.state == MessageState.DROPPED)
        .values(
            state=MessageState.PENDING,
            problem="",
            generation=OutboundMessage.generation + 1,
            not_before=case((OutboundMessage.not_before > now, OutboundMessage.not_before), else_=now),
        )
        .returning(OutboundMessage.id, OutboundMessage.generation, OutboundMessage.not_before)
    ).all()
    soon = [row for row in revived if row.not_before - ctx.now <= LONGEST_JOB_DELAY]
    ctx.jobs.enqueue(ctx.session, [_job_again(ctx, chunk) for chunk in _in_chunks(soon)])


def hasten(ctx: Context, message_ids: Select[int], due: datetime) -> None:
    """E-mails that wait for later go out at ``due``. A job of theirs that still comes will find nothing left."""
    hastened = ctx.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(message_ids))
        .values(not_before=due, generation=OutboundMessage.generation + 1)
        .returning(OutboundMessage.id, OutboundMessage.generation, OutboundMessage.not_before)
    ).all()
    ctx.jobs.enqueue(ctx.session, [_job_again(ctx, chunk) for chunk in _in_chunks(hastened)])


def _in_chunks(rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    by_moment = sorted(rows, key=lambda row: row.not_before)
    return (by_moment[start : start + CHUNK_MESSAGES] for start in range(0, len(by_moment), CHUNK_MESSAGES))


def _job_again(ctx: Context, chunk: Sequence[Row[*tuple[Any, ...]]]) -> Job:
    first = chunk[0]
    return Job(
        JobKind.SEND_MAIL,
        f"{JobKind.SEND_MAIL}-{first.id}-{first.generation}",
        tuple(row.id for row in chunk),
        max(first.not_before - ctx.now, timedelta(0)),
    )


def say_again(ctx: Context, *conditions: ColumnElement[bool]) -> int:
    """These messages go out now, held, late or out of date: same row, same Message-ID, tries counted anew. How many.

    One statement, so that what a colleague or a worker has just dealt with is left alone.
    """
    messages = ctx.session.execute(
        update(OutboundMessage)
        .where(*conditions)
        .values(
            state=MessageState.PENDING,
            generation=OutboundMessage.generation + 1,
            attempts=0,
            not_before=ctx.now,
            problem="",
        )
        .returning(OutboundMessage.id, OutboundMessage.channel, OutboundMessage.generation)
    ).all()
    jobs = [
        Job(_JOB_OF[message.channel], f"{_JOB_OF[message.channel]}-{message.id}-{message.generation}", (message.id,))
        for message in messages
    ]
    ctx.jobs.enqueue(ctx.session, jobs)
    return len(messages)
