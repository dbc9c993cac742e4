"""Claiming, marking, and what happens to messages whose worker died."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from core.app import App
from core.context import Context, SlackVisitor
from core.letters import Outcome, Verdict
from core.model import OutboundMessage, Suppression
from core.outbox import email_row, say, slack_row
from core.rules.policy import CHUNK_MESSAGES, FAULT_PATIENCE, RETRY_BASE, RETRY_CAP, SENDING_ATTEMPTS, SENDING_LEASE
from core.usecases.messages.deliveries import TurnedOver, TurnOver, turn_over
from core.usecases.messages.recovering import LeasesReleased, ReleaseLeases, SweepDue, release_leases, sweep_due
from core.usecases.staff.slack_identity import AskForCode, BindWorkspace, ask_for_code, bind_workspace
from core.words import Channel, MessageKind, MessageState, SuppressReason
from tests.core.usecases.acting import (
    at_once,
    change,
    clock_of,
    everything,
    invite,
    jobs_of,
    message_of,
    newest,
    only,
)
from tests.factories import OPERATOR, SYSTEM, School

A = "a@example.org"
GRACE = timedelta(seconds=15)
EMAIL_KINDS = (
    MessageKind.INVITATION,
    MessageKind.REMINDER,
    MessageKind.NUDGE,
    MessageKind.WELCOME,
    MessageKind.STAFF_INVITATION,
    MessageKind.SLACK_CODE,
)


def write(school: School, kind: MessageKind, *, to: str = A, key: str = "test") -> int:
    """A message about nothing: how it is sent depends on its kind only."""

    def saying(ctx: Context, _command: None) -> int:
        if kind in EMAIL_KINDS:
            row = email_row(ctx, kind, to=to, to_key=to, about_id=1, key=key, not_before=ctx.now)
        else:
            row = slack_row(ctx, kind, staff_id=school.owner.staff_id, about_id=1, key=key)
        say(ctx, [{**row, "organisation_id": school.organisation_id}])
        return int(row["id"])

    return school.app.run(saying, None, OPERATOR)


def claim(app: App, *ids: int, by: str = "one") -> tuple[int, ...]:
    return app.run(turn_over, TurnOver(by, claim_ids=ids), SYSTEM).claimed_ids


def mark(app: App, message_id: int, verdict: Verdict, *, by: str = "one", detail: str = "") -> OutboundMessage:
    app.run(turn_over, TurnOver(by, (Outcome(message_id, verdict, detail),)), SYSTEM)
    return row(app, message_id)


def row(app: App, message_id: int) -> OutboundMessage:
    return only(app, OutboundMessage, OutboundMessage.id == message_id)


def states(app: App, ids: Iterable[int]) -> list[MessageState]:
    return [row(app, message_id).state for message_id in ids]


# --- Verdicts ---------------------------------------------------------------------------------------------


def _expected(verdict: Verdict, kind: MessageKind) -> MessageState:
    if verdict is Verdict.UNSURE and kind is MessageKind.SLACK_CODE:
        return MessageState.HELD
    return {Verdict.ACCEPTED: MessageState.SENT, Verdict.REFUSED: MessageState.BOUNCED}.get(
        verdict, MessageState.PENDING
    )


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize("verdict", Verdict)
def test_each_verdict_means_the_same_for_every_kind(school: School, kind: MessageKind, verdict: Verdict) -> None:
    message_id = write(school, kind)
    claim(school.app, message_id)

    marked = mark(school.app, message_id, verdict, detail="as the other side said")

    assert marked.state is _expected(verdict, kind)
    assert marked.attempts == (0 if verdict is Verdict.OUR_FAULT else 1)
    assert marked.lease_until is None
    assert (marked.sent_at is not None) == (verdict is Verdict.ACCEPTED)
    assert ("as the other side said" in marked.problem) == (verdict is not Verdict.ACCEPTED)
    assert everything(school.app, Suppression) == []


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", MessageKind)
def test_only_an_e_mail_address_where_nobody_is_gets_suppressed(school: School, kind: MessageKind) -> None:
    full, gone = write(school, kind, key="full"), write(school, kind, key="gone")
    claim(school.app, full, gone)

    mark(school.app, full, Verdict.REFUSED, detail="552 mailbox full")
    after_full = everything(school.app, Suppression)
    school.app.run(turn_over, TurnOver("one", (Outcome(gone, Verdict.REFUSED, is_no_mailbox=True),)), SYSTEM)

    assert states(school.app, (full, gone)) == [MessageState.BOUNCED] * 2
    assert after_full == []
    assert len(everything(school.app, Suppression)) == (kind in EMAIL_KINDS)


def test_an_address_without_a_mailbox_is_suppressed_in_its_organisation_once(school: School) -> None:
    first, second = write(school, MessageKind.INVITATION), write(school, MessageKind.WELCOME, key="other")
    claim(school.app, first, second)

    outcomes = tuple(Outcome(each, Verdict.REFUSED, is_no_mailbox=True) for each in (first, second))
    school.app.run(turn_over, TurnOver("one", outcomes), SYSTEM)

    suppression = only(school.app, Suppression)
    assert (suppression.organisation_id, suppression.address_key, suppression.reason) == (
        school.organisation_id, A, SuppressReason.BOUNCED
    )  # fmt: skip


def test_pauses_double_from_the_base_up_to_the_cap_with_jitter(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)

    for attempt in range(SENDING_ATTEMPTS - 1):
        assert claim(school.app, message_id)
        marked = mark(school.app, message_id, Verdict.LATER)
        pause = marked.not_before - clock_of(school.app)()
        middle = min(RETRY_CAP, RETRY_BASE * 2**attempt)
        assert middle * 0.5 <= pause <= middle * 1.5
        assert claim(school.app, message_id) == ()
        clock_of(school.app).now = marked.not_before


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(None, Verdict.LATER), (None, Verdict.OUR_FAULT), (300, Verdict.LATER)]
)
def test_a_try_that_would_fall_into_quiet_hours_waits_for_their_end(
    school: School, verdict: Verdict, seconds: int | None
) -> None:
    kinds = (MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.NUDGE)
    ids = tuple(write(school, kind, key=kind) for kind in kinds)
    last_minute = datetime(2026, 3, 3, 20, 59, 59, tzinfo=UTC)
    clock_of(school.app).now = last_minute

    assert set(claim(school.app, *ids)) == set(ids)
    outcomes = tuple(Outcome(each, verdict, "busy", retry_after=seconds) for each in ids)
    school.app.run(turn_over, TurnOver("one", outcomes), SYSTEM)
    invitation, *others = (row(school.app, each).not_before for each in ids)

    assert last_minute < invitation < last_minute + timedelta(hours=1)
    assert others == [datetime(2026, 3, 4, 7, tzinfo=UTC)] * 2
    clock_of(school.app).now = others[0]
    assert set(claim(school.app, *ids)) == set(ids)


@pytest.mark.parametrize(
    ("kind", "state"), [(MessageKind.INVITATION, MessageState.BOUNCED), (MessageKind.SCOREBOARD, MessageState.HELD)]
)
def test_after_eight_tries_a_message_is_given_up_and_says_so(
    school: School, kind: MessageKind, state: MessageState
) -> None:
    message_id = write(school, kind)

    for _ in range(SENDING_ATTEMPTS):
        clock_of(school.app).advance(hours=2)
        claim(school.app, message_id)
        mark(school.app, message_id, Verdict.LATER, detail="450 busy")

    given_up = row(school.app, message_id)
    assert (given_up.state, given_up.problem) == (state, "Given up after 8 tries: 450 busy")
    assert everything(school.app, Suppression) == []


def test_a_fault_of_ours_never_bounces_anybody_however_long_it_lasts(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)

    for _ in range(SENDING_ATTEMPTS * 3):
        clock_of(school.app).advance(hours=2)
        claim(school.app, message_id)
        marked = mark(school.app, message_id, Verdict.OUR_FAULT, detail="login refused")

    assert (marked.state, marked.attempts, marked.problem) == (MessageState.PENDING, 0, "login refused")


def test_mail_that_a_fault_of_ours_keeps_back_for_days_waits_for_a_person_with_a_hint(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)
    written_at = clock_of(school.app).now

    clock_of(school.app).now = written_at + FAULT_PATIENCE - timedelta(microseconds=1)
    claim(school.app, message_id)
    before = mark(school.app, message_id, Verdict.OUR_FAULT, detail="421 too busy").state
    clock_of(school.app).now += timedelta(hours=1)
    claim(school.app, message_id)
    marked = mark(school.app, message_id, Verdict.OUR_FAULT, detail="421 too busy")

    assert before is MessageState.PENDING
    assert marked.state is MessageState.HELD
    assert marked.problem.startswith("Not sent for 5 days: 421 too busy.")
    assert "usher held retry" in marked.problem
    assert everything(school.app, Suppression) == []


def test_a_scoreboard_is_never_too_old_for_a_fault_of_ours(school: School) -> None:
    message_id = write(school, MessageKind.SCOREBOARD)
    clock_of(school.app).now += FAULT_PATIENCE * 9
    claim(school.app, message_id)

    assert mark(school.app, message_id, Verdict.OUR_FAULT).state is MessageState.PENDING


def test_an_unsure_message_that_is_safe_twice_goes_out_with_the_same_message_id(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)
    ref = row(school.app, message_id).message_ref
    claim(school.app, message_id)

    marked = mark(school.app, message_id, Verdict.UNSURE)
    clock_of(school.app).now = marked.not_before

    assert claim(school.app, message_id) == (message_id,)
    assert row(school.app, message_id).message_ref == ref


# --- Claims -----------------------------------------------------------------------------------------------


def test_a_message_is_claimed_when_it_is_due_and_not_before(school: School) -> None:
    invited = invite(school, A)
    message_id = message_of(school.app, A).id

    clock_of(school.app).now = invited.sends_at - timedelta(microseconds=1)
    early = claim(school.app, message_id)
    clock_of(school.app).now = invited.sends_at

    assert early == ()
    assert claim(school.app, message_id) == (message_id,)
    assert row(school.app, message_id).lease_until == invited.sends_at + SENDING_LEASE


def test_of_workers_that_claim_at_once_one_gets_each_message(school: School) -> None:
    ids = [write(school, MessageKind.INVITATION, key=str(number)) for number in range(20)]

    claims = at_once(
        *(lambda by=by: school.app.run(turn_over, TurnOver(by, claim_ids=tuple(ids)), SYSTEM) for by in "abcd")
    )

    claimed = [each for turned in claims if isinstance(turned, TurnedOver) for each in turned.claimed_ids]
    assert sorted(claimed) == sorted(ids)


def test_a_worker_that_lost_its_lease_cannot_say_that_it_failed(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)
    claim(school.app, message_id, by="slow")
    clock_of(school.app).now += SENDING_LEASE + timedelta(seconds=1)
    school.app.run(release_leases, ReleaseLeases(executor=None), SYSTEM)
    claim(school.app, message_id, by="quick")
    failures = (Verdict.LATER, Verdict.REFUSED, Verdict.UNSURE, Verdict.OUR_FAULT)

    while_sending = [mark(school.app, message_id, verdict, by="slow").state for verdict in failures]
    mark(school.app, message_id, Verdict.ACCEPTED, by="quick")
    once_sent = [mark(school.app, message_id, verdict, by="slow").state for verdict in failures]

    assert while_sending == [MessageState.SENDING] * 4
    assert once_sent == [MessageState.SENT] * 4
    assert everything(school.app, Suppression) == []


def test_that_a_message_was_accepted_is_true_whoever_says_it(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)
    claim(school.app, message_id, by="slow")
    school.app.run(release_leases, ReleaseLeases("slow"), SYSTEM)

    assert mark(school.app, message_id, Verdict.ACCEPTED, by="slow").state is MessageState.SENT
    assert claim(school.app, message_id, by="quick") == ()


def test_only_what_nobody_asked_for_is_kept_from_a_suppressed_address(school: School) -> None:
    """A code or a welcome was asked for by the person; an address that bounced once may have been mended."""
    ids = {kind: write(school, kind, key=kind.value) for kind in EMAIL_KINDS}
    unasked = {ids[kind] for kind in (MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.NUDGE)}
    bounced = write(school, MessageKind.INVITATION, key="bounced")
    claim(school.app, bounced)
    school.app.run(turn_over, TurnOver("one", (Outcome(bounced, Verdict.REFUSED, is_no_mailbox=True),)), SYSTEM)

    claimed = claim(school.app, *ids.values())

    assert set(claimed) == set(ids.values()) - unasked
    assert {row(school.app, each).state for each in unasked} == {MessageState.DROPPED}


def test_what_is_not_worth_saying_is_dropped_unless_it_is_under_way(school: School) -> None:
    waiting, sending = write(school, MessageKind.INVITATION, key="1"), write(school, MessageKind.INVITATION, key="2")
    claim(school.app, sending)

    school.app.run(turn_over, TurnOver("one", unworthy_ids=(waiting, sending)), SYSTEM)

    assert states(school.app, (waiting, sending)) == [MessageState.DROPPED, MessageState.SENDING]


def test_outcomes_of_messages_that_are_gone_are_ignored(school: School) -> None:
    for verdict in Verdict:
        school.app.run(turn_over, TurnOver("one", (Outcome(12345, verdict),)), SYSTEM)
    school.app.run(turn_over, TurnOver("one", (Outcome(12345, Verdict.ACCEPTED, ref="C/1#0"),)), SYSTEM)

    assert everything(school.app, OutboundMessage, OutboundMessage.id == 12345) == []


# --- Leases -----------------------------------------------------------------------------------------------


def test_a_dead_worker_s_messages_go_out_again_except_codes_which_are_held(school: School) -> None:
    invitation, code = write(school, MessageKind.INVITATION, key="1"), write(school, MessageKind.SLACK_CODE, key="2")
    others = write(school, MessageKind.INVITATION, key="3")
    claim(school.app, invitation, code, by="dead")
    claim(school.app, others, by="alive")

    released = school.app.run(release_leases, ReleaseLeases("dead"), SYSTEM)

    assert released == LeasesReleased(again=1, held=1)
    assert states(school.app, (invitation, code, others)) == [
        MessageState.PENDING, MessageState.HELD, MessageState.SENDING
    ]  # fmt: skip
    assert "may have arrived" in row(school.app, code).problem
    assert school.app.run(release_leases, ReleaseLeases("dead"), SYSTEM) == LeasesReleased(0, 0)


def test_what_was_due_before_quiet_hours_and_unclaimed_waits_for_their_end(school: School) -> None:
    kinds = (MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.NUDGE)
    ids = tuple(write(school, kind, key=kind) for kind in kinds)
    clock_of(school.app).now = datetime(2026, 3, 3, 21, 0, 1, tzinfo=UTC)

    assert claim(school.app, *ids) == ids[:1]
    put_off = [row(school.app, each) for each in ids[1:]]
    assert {(each.state, each.attempts, each.lease_until) for each in put_off} == {(MessageState.PENDING, 0, None)}
    clock_of(school.app).now = datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert school.app.run(sweep_due, SweepDue(timedelta(0), kinds[1:]), SYSTEM).enqueued == 2
    assert set(claim(school.app, *ids)) == set(ids[1:])


def test_what_a_worker_left_behind_is_not_sent_in_quiet_hours(school: School) -> None:
    ids = tuple(write(school, kind, key=kind) for kind in (MessageKind.INVITATION, MessageKind.REMINDER))
    clock_of(school.app).now = datetime(2026, 3, 3, 20, 59, 59, tzinfo=UTC)
    claim(school.app, *ids, by="dead")
    clock_of(school.app).now = datetime(2026, 3, 3, 22, tzinfo=UTC)

    school.app.run(release_leases, ReleaseLeases("dead"), SYSTEM)

    assert claim(school.app, *ids) == ids[:1]
    clock_of(school.app).now = datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert claim(school.app, *ids) == ids[1:]


def test_leases_that_have_run_out_are_released_whoever_held_them(school: School) -> None:
    early, late = write(school, MessageKind.INVITATION, key="1"), write(school, MessageKind.INVITATION, key="2")
    claim(school.app, early, by="x")
    clock_of(school.app).advance(minutes=3)
    claim(school.app, late, by="y")
    clock_of(school.app).advance(minutes=2, seconds=1)

    released = school.app.run(release_leases, ReleaseLeases(executor=None), SYSTEM)

    assert released == LeasesReleased(again=1, held=0)
    assert states(school.app, (early, late)) == [MessageState.PENDING, MessageState.SENDING]


def test_a_message_that_ends_worker_after_worker_is_held_at_last(school: School) -> None:
    message_id = write(school, MessageKind.INVITATION)

    for _ in range(SENDING_ATTEMPTS):
        assert claim(school.app, message_id, by="dead")
        school.app.run(release_leases, ReleaseLeases("dead"), SYSTEM)

    assert row(school.app, message_id).state is MessageState.HELD


# --- Sweep ------------------------------------------------------------------------------------------------


def _sweep(app: App) -> int:
    return app.run(sweep_due, SweepDue(GRACE), SYSTEM).enqueued


def _settle_letters(school: School) -> None:
    """The letters to staff that the school began with are out of the way."""
    for message in everything(school.app, OutboundMessage):
        change(school.app, OutboundMessage, message.id, state=MessageState.SENT)


def test_the_sweeper_leaves_a_message_to_its_own_job_for_the_grace(school: School) -> None:
    _settle_letters(school)
    invited = invite(school, A)
    change(school.app, OutboundMessage, _board(school).id, state=MessageState.SENT)
    before = len(jobs_of(school.app).jobs)

    clock_of(school.app).now = invited.sends_at + GRACE - timedelta(microseconds=1)
    early = _sweep(school.app)
    clock_of(school.app).now = invited.sends_at + GRACE
    due = _sweep(school.app)

    assert (early, due) == (0, 1)
    (job,) = jobs_of(school.app).jobs[before:]
    assert job.ids == (newest(school.app, A).message_id,)


def _board(school: School) -> OutboundMessage:
    return only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.SCOREBOARD)


def test_what_was_swept_is_left_alone_for_a_minute_and_can_be_claimed(school: School) -> None:
    _settle_letters(school)
    message_id = write(school, MessageKind.INVITATION)
    clock_of(school.app).now += GRACE

    counts = [_sweep(school.app), _sweep(school.app)]
    clock_of(school.app).advance(seconds=60)
    counts.append(_sweep(school.app))

    assert counts == [1, 0, 1]
    keys = [job.key for job in jobs_of(school.app).jobs]
    assert len(set(keys)) == len(keys) == 3
    assert claim(school.app, message_id) == (message_id,)


def test_two_sweepers_at_once_lead_to_one_sending(school: School) -> None:
    _settle_letters(school)
    ids = [write(school, MessageKind.INVITATION, key=str(number)) for number in range(5)]
    clock_of(school.app).now += GRACE

    at_once(*([lambda: _sweep(school.app)] * 2))
    claims = at_once(*(lambda by=by: claim(school.app, *ids, by=by) for by in "ab"))

    assert sorted(each for claimed in claims if isinstance(claimed, tuple) for each in claimed) == sorted(ids)


def test_only_what_is_pending_is_swept_in_chunks_of_one_channel(school: School) -> None:
    _settle_letters(school)
    invite(school, *(f"a{number}@example.org" for number in range(CHUNK_MESSAGES + 1)))
    sending = write(school, MessageKind.INVITATION, key="sending")
    claim(school.app, sending)
    change(school.app, OutboundMessage, write(school, MessageKind.INVITATION, key="held"), state=MessageState.HELD)
    before = len(jobs_of(school.app).jobs)
    clock_of(school.app).now += timedelta(minutes=2)

    swept = _sweep(school.app)

    jobs = jobs_of(school.app).jobs[before:]
    assert swept == CHUNK_MESSAGES + 2
    assert sorted((job.kind.value, len(job.ids)) for job in jobs) == [
        ("send_mail", 1), ("send_mail", CHUNK_MESSAGES), ("send_slack", 1)
    ]  # fmt: skip


# --- Codes ------------------------------------------------------------------------------------------------


def test_a_code_in_flight_when_its_worker_dies_waits_for_a_person(school: School) -> None:
    visitor = SlackVisitor("", "T1", "U1", "olive@north.example.org")
    school.app.run(bind_workspace, BindWorkspace(school.setup_code), visitor)
    school.app.run(ask_for_code, AskForCode(), visitor)
    code = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.SLACK_CODE)
    claim(school.app, code.id, by="dead")

    school.app.run(release_leases, ReleaseLeases("dead"), SYSTEM)

    assert row(school.app, code.id).state is MessageState.HELD
    assert row(school.app, code.id).channel is Channel.EMAIL
