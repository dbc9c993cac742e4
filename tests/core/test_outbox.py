"""What must be said to the world: rows, and the jobs that say them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from core.context import Context
from core.errors import Busy
from core.jobs import Job, JobKind
from core.model import OutboundMessage
from core.outbox import email_row, say, say_again, scoreboard_key, slack_row, touch_scoreboards
from core.rules.policy import CHUNK_MESSAGES, SCOREBOARD_INTERVAL
from core.words import Channel, MessageKind, MessageState
from tests.factories import NOW, RecordedJobs, School, counted_queries, in_context


def run(school: School, write: Callable[[Context], Any]) -> Any:
    return school.app.run(lambda ctx, _command: write(ctx), None, school.owner)


def jobs_of(school: School) -> list[Job]:
    assert isinstance(school.app.jobs, RecordedJobs)
    return school.app.jobs.jobs


def letter(ctx: Context, key: str, *, wait: timedelta = timedelta(0)) -> dict[str, Any]:
    return email_row(
        ctx,
        MessageKind.INVITATION,
        to="Bo@example.org",
        to_key="bo@example.org",
        about_id=5,
        key=key,
        not_before=ctx.now + wait,
    )


def scoreboard(ctx: Context, confirmation_id: int) -> dict[str, Any]:
    key = scoreboard_key(confirmation_id)
    return slack_row(ctx, MessageKind.SCOREBOARD, staff_id=5, about_id=confirmation_id, key=key)


def messages(school: School, *keys: str) -> list[OutboundMessage]:
    query = (
        select(OutboundMessage)
        .where(OutboundMessage.idempotency_key.in_(keys))
        .order_by(OutboundMessage.idempotency_key)
    )
    return list(in_context(school.app, school.owner, lambda ctx: ctx.session.scalars(query).all()))


# --- Saying -----------------------------------------------------------------------------------------------


def test_a_letter_has_its_message_id_from_the_beginning(school: School) -> None:
    run(school, lambda ctx: say(ctx, [letter(ctx, "a", wait=timedelta(minutes=1))]))

    (row,) = messages(school, "a")
    assert row.message_ref == f"<{row.id:x}@usher.example.org>"
    assert (row.channel, row.state, row.attempts, row.generation) == (Channel.EMAIL, MessageState.PENDING, 0, 0)
    assert (row.created_at, row.not_before) == (NOW, NOW + timedelta(minutes=1))
    assert row.organisation_id == school.organisation_id


def test_jobs_carry_ids_only_in_chunks_for_when_they_are_due(school: School) -> None:
    jobs_of(school).clear()
    wait = timedelta(minutes=1)

    def write(ctx: Context) -> None:
        letters = [letter(ctx, f"{number:03}", wait=wait) for number in range(CHUNK_MESSAGES + 1)]
        say(ctx, [scoreboard(ctx, 7), *letters])

    run(school, write)

    mails = [job for job in jobs_of(school) if job.kind is JobKind.SEND_MAIL]
    (slack,) = [job for job in jobs_of(school) if job.kind is JobKind.SEND_SLACK]
    rows = messages(school, *(f"{number:03}" for number in range(CHUNK_MESSAGES + 1)))
    assert [id_ for job in mails for id_ in job.ids] == [row.id for row in rows]
    assert [len(job.ids) for job in mails] == [CHUNK_MESSAGES, 1]
    assert {job.delay for job in mails} == {wait}
    assert slack.delay == timedelta(0)
    assert len({job.key for job in jobs_of(school)}) == 3


def test_a_moment_that_has_passed_is_no_delay(school: School) -> None:
    jobs_of(school).clear()

    run(school, lambda ctx: say(ctx, [letter(ctx, "a", wait=timedelta(minutes=-5))]))

    assert [job.delay for job in jobs_of(school)] == [timedelta(0)]


def test_what_was_rolled_back_was_neither_written_nor_enqueued(school: School) -> None:
    jobs_of(school).clear()

    def write(ctx: Context) -> None:
        say(ctx, [letter(ctx, "a")])
        raise Busy

    with pytest.raises(Busy):
        run(school, write)

    assert messages(school, "a") == []
    assert jobs_of(school) == []


def test_the_same_thing_is_not_said_twice(school: School) -> None:
    run(school, lambda ctx: say(ctx, [letter(ctx, "a")]))

    with pytest.raises(IntegrityError):
        run(school, lambda ctx: say(ctx, [letter(ctx, "a")]))

    assert len(messages(school, "a")) == 1


def test_a_thousand_letters_take_one_statement(school: School) -> None:
    with counted_queries(school.app.engine) as statements:
        run(school, lambda ctx: say(ctx, [letter(ctx, str(number)) for number in range(1000)]))

    assert len([statement for statement in statements if "INSERT INTO outbound_message" in statement]) <= 2


# --- Scoreboards ------------------------------------------------------------------------------------------


def given(school: School, confirmation_id: int, state: MessageState) -> None:
    def write(ctx: Context) -> None:
        say(ctx, [scoreboard(ctx, confirmation_id)])
        key = scoreboard_key(confirmation_id)
        ctx.session.execute(update(OutboundMessage).where(OutboundMessage.idempotency_key == key).values(state=state))

    run(school, write)
    jobs_of(school).clear()


@pytest.mark.parametrize(
    ("before", "after", "generation", "jobs"),
    [
        (MessageState.SENT, MessageState.PENDING, 1, 1),
        (MessageState.SENDING, MessageState.SENDING, 1, 0),
        (MessageState.PENDING, MessageState.PENDING, 0, 0),
        (MessageState.HELD, MessageState.HELD, 0, 0),
        (MessageState.DROPPED, MessageState.DROPPED, 0, 0),
    ],
)
def test_a_scoreboard_is_edited_once_for_many_events(
    school: School, before: MessageState, after: MessageState, generation: int, jobs: int
) -> None:
    given(school, 7, before)

    run(school, lambda ctx: touch_scoreboards(ctx, {7, 8}))

    (row,) = messages(school, scoreboard_key(7))
    assert (row.state, row.generation) == (after, generation)
    assert [(job.kind, job.ids, job.delay) for job in jobs_of(school)] == [
        (JobKind.SEND_SLACK, (row.id,), SCOREBOARD_INTERVAL)
    ] * jobs
    assert row.not_before == (NOW + SCOREBOARD_INTERVAL if jobs else NOW)
    jobs_of(school).clear()
    run(school, lambda ctx: touch_scoreboards(ctx, {7}))
    assert jobs_of(school) == []


def test_no_scoreboard_costs_no_statement(school: School) -> None:
    def touch_none(ctx: Context) -> int:
        with counted_queries(school.app.engine) as statements:
            touch_scoreboards(ctx, ())
        return len(statements)

    assert run(school, touch_none) == 0


def test_another_organisations_scoreboard_is_left_alone(school: School) -> None:
    given(school, 7, MessageState.SENT)

    school.app.run(lambda ctx, _command: touch_scoreboards(ctx, {7}), None, school.other_owner)

    (row,) = messages(school, scoreboard_key(7))
    assert (row.state, row.generation) == (MessageState.SENT, 0)


# --- Again ------------------------------------------------------------------------------------------------


def test_a_held_letter_goes_out_again_as_the_same_letter(school: School) -> None:
    run(school, lambda ctx: say(ctx, [letter(ctx, "a", wait=timedelta(hours=1))]))
    (before,) = messages(school, "a")
    jobs_of(school).clear()

    def again(ctx: Context) -> None:
        message = ctx.session.get_one(OutboundMessage, before.id)
        message.state, message.attempts, message.problem = MessageState.HELD, 8, "450 try later"
        ctx.session.flush()
        assert say_again(ctx, OutboundMessage.id == before.id) == 1

    run(school, again)

    (after,) = messages(school, "a")
    assert (after.id, after.message_ref, after.about_id) == (before.id, before.message_ref, before.about_id)
    assert (after.state, after.attempts, after.problem) == (MessageState.PENDING, 0, "")
    assert (after.generation, after.not_before) == (1, NOW)
    assert jobs_of(school) == [Job(JobKind.SEND_MAIL, f"send_mail-{after.id}-1", (after.id,))]
