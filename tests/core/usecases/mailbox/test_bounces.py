"""What mail servers say about our e-mails after they had taken them."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.context import Context
from core.letters import Outcome, Verdict
from core.model import DeliveryReport, InboundMessage, Invitation, OutboundMessage, Suppression
from core.outbox import email_row, say
from core.rules.links import LinkSigner
from core.rules.policy import REPORT_MEMORY, SOFT_BOUNCE_MEMORY, SOFT_BOUNCE_PAUSE, SOFT_BOUNCES
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations
from core.usecases.invitations.reminders import RemindDue, remind_due
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.mailbox.bounces import RecordReport, ReportRecorded, record_report
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.staff.homes import KeepHome, RefreshHomes, ShowHome, keep_home, refresh_homes, show_home
from core.words import (
    InvitationState,
    MailRule,
    MailState,
    MessageKind,
    MessageState,
    ReportedAs,
    SuppressReason,
)
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    accept,
    at_once,
    change,
    clock_of,
    decline,
    deliver,
    everything,
    invite,
    message_of,
    newest,
    only,
    resend,
)
from tests.core.usecases.reporting import NOBODY, arrived, hard, report
from tests.factories import OPERATOR, SYSTEM, School, sent

A, B = "a@example.org", "b@example.org"


def invited(school: School, *addresses: str, run: str = MATHS) -> None:
    invite(school, *(addresses or (A,)), run=run)
    deliver(school.app, Verdict.ACCEPTED)


def record(school: School, command: RecordReport) -> ReportRecorded:
    return school.app.run(record_report, command, SYSTEM)


def about(school: School, reported_as: ReportedAs | None = ReportedAs.HARD, name: str = "1") -> RecordReport:
    """A report that names nothing yet."""
    return RecordReport(arrived(school.app, name), MailRule.BOUNCE, reported_as, detail=NOBODY, is_no_mailbox=True)


def inbound(school: School, name: str = "1") -> InboundMessage:
    return only(school.app, InboundMessage, InboundMessage.id == arrived(school.app, name))


def suppressed(school: School) -> dict[str, SuppressReason]:
    return {each.address_key: each.reason for each in everything(school.app, Suppression)}


# --- Hard -------------------------------------------------------------------------------------------------


def test_a_hard_bounce_after_delivery_shows_everywhere_and_suppresses_an_address_where_nobody_is(
    school: School,
) -> None:
    confirmation_id = invite(school, A, B).confirmation_id
    deliver(school.app, Verdict.ACCEPTED)

    recorded = hard(school, A)

    message = message_of(school.app, A)
    board = school.app.read(show_batch, ShowBatch(confirmation_id=confirmation_id), school.owner)
    listed = school.app.read(list_invitations, ListInvitations(MATHS, ListedState.BOUNCED), school.owner)
    home = school.app.read(show_home, ShowHome(), school.owner)
    assert recorded == ReportRecorded(MailState.PROCESSED, message.id, is_proven=True)
    assert (message.state, message.problem) == (MessageState.BOUNCED, NOBODY)
    assert newest(school.app, A).state is InvitationState.PENDING
    assert suppressed(school) == {A: SuppressReason.BOUNCED}
    assert (board.counts.bounced, board.counts.sent, board.bounces) == (1, 1, ((A, NOBODY),))
    assert [(row.address, row.problem) for row in listed.rows] == [(A, NOBODY)]
    assert (home.pending, home.bounced) == (2, 1)


def test_the_report_itself_is_settled_with_its_rule_and_organisation(school: School) -> None:
    invited(school)

    hard(school, A)

    row = inbound(school)
    kept = only(school.app, DeliveryReport)
    assert (row.state, row.rule, row.organisation_id) == (
        MailState.PROCESSED, MailRule.BOUNCE, school.organisation_id
    )  # fmt: skip
    assert row.detail == f"hard, proven: {NOBODY}"
    assert A not in row.detail
    assert (kept.inbound_id, kept.message_id, kept.is_proven) == (row.id, message_of(school.app, A).id, True)


def test_other_hard_bounces_suppress_nobody(school: School) -> None:
    invited(school)

    hard(school, A, is_no_mailbox=False)

    assert message_of(school.app, A).state is MessageState.BOUNCED
    assert suppressed(school) == {}


def test_a_report_about_another_address_behind_ours_suppresses_nobody(school: School) -> None:
    """A group or a forwarding: that its member is gone says nothing about the address that we know."""
    invited(school)
    message = message_of(school.app, A)
    command = about(school)

    record(
        school,
        replace(command, tokens=(school.app.links.bounce_token(message.id),), recipients=("member@example.org",)),
    )

    assert message_of(school.app, A).state is MessageState.BOUNCED
    assert suppressed(school) == {}


def test_the_same_report_counts_once(school: School) -> None:
    invited(school)

    first = hard(school, A)
    again = hard(school, A)

    assert first.state is again.state is MailState.PROCESSED
    assert again.message_id is None
    assert len(everything(school.app, DeliveryReport)) == 1


def test_of_two_watchers_with_the_same_report_one_acts(school: School) -> None:
    invited(school)
    arrived(school.app)

    results = at_once(lambda: hard(school, A), lambda: hard(school, A))

    assert {type(each) for each in results} == {ReportRecorded}
    assert len(everything(school.app, DeliveryReport)) == len(everything(school.app, Suppression)) == 1


@pytest.mark.parametrize("answer", [accept, decline])
def test_who_has_answered_keeps_their_answer(school: School, answer: object) -> None:
    invited(school)
    answer(school.app, A)  # type: ignore[operator]  # accept or decline.
    before = newest(school.app, A).state

    hard(school, A)

    listed = school.app.read(list_invitations, ListInvitations(MATHS), school.owner)
    assert newest(school.app, A).state is before
    assert [row.state.value for row in listed.rows] == [before.value]
    assert message_of(school.app, A).state is MessageState.BOUNCED


def test_an_older_mail_that_comes_back_says_nothing_about_the_one_sent_since(school: School) -> None:
    invited(school)
    older = message_of(school.app, A)
    clock_of(school.app).advance(hours=2)
    resend(school, A)
    deliver(school.app, Verdict.ACCEPTED)

    report(school, older, ReportedAs.HARD)

    assert message_of(school.app, A).state is MessageState.SENT
    assert only(school.app, OutboundMessage, OutboundMessage.id == older.id).state is MessageState.BOUNCED


def test_a_reminder_that_comes_back_makes_the_invitation_undelivered(school: School) -> None:
    invited(school)
    clock_of(school.app).advance(days=4)
    school.app.run(remind_due, RemindDue((newest(school.app, A).id,)), SYSTEM)
    sent(school.app)
    reminder = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.REMINDER)

    report(school, reminder, ReportedAs.HARD, is_no_mailbox=True)

    assert message_of(school.app, A).state is MessageState.BOUNCED
    assert suppressed(school) == {A: SuppressReason.BOUNCED}


@pytest.mark.parametrize("state", [MessageState.SENDING, MessageState.PENDING, MessageState.HELD])
def test_a_report_may_be_faster_than_our_own_mark(school: School, state: MessageState) -> None:
    invite(school, A)
    clock_of(school.app).advance(minutes=2)
    message = message_of(school.app, A)
    school.app.run(turn_over, TurnOver("one", claim_ids=(message.id,)), SYSTEM)
    change(school.app, OutboundMessage, message.id, state=state)

    hard(school, A)
    school.app.run(turn_over, TurnOver("one", (Outcome(message.id, Verdict.ACCEPTED),)), SYSTEM)

    marked = message_of(school.app, A)
    assert (marked.state, marked.problem) == (MessageState.BOUNCED, NOBODY)
    assert marked.sent_at is not None


def test_what_was_dropped_stays_dropped(school: School) -> None:
    invited(school)
    message = message_of(school.app, A)
    change(school.app, OutboundMessage, message.id, state=MessageState.DROPPED)

    hard(school, A)

    assert message_of(school.app, A).state is MessageState.DROPPED


@pytest.mark.parametrize("kind", [MessageKind.STAFF_INVITATION, MessageKind.SIGN_IN, MessageKind.ANSWER])
def test_mail_to_staff_bounces_without_a_word_to_anybody_s_batch(school: School, kind: MessageKind) -> None:
    message = _write(school, kind)

    recorded = report(school, message, ReportedAs.HARD)

    found = only(school.app, OutboundMessage, OutboundMessage.id == message.id)
    assert recorded.is_proven
    assert (found.state, found.problem) == (MessageState.BOUNCED, NOBODY)
    assert everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.UNREACHED) == []


def _write(school: School, kind: MessageKind, key: str = "test") -> OutboundMessage:
    def saying(ctx: Context, _command: None) -> int:
        row = email_row(ctx, kind, to=A, to_key=A, about_id=1, key=key, not_before=ctx.now)
        say(ctx, [{**row, "organisation_id": school.organisation_id}])
        return int(row["id"])

    message_id = school.app.run(saying, None, OPERATOR)
    change(school.app, OutboundMessage, message_id, state=MessageState.SENT, sent_at=clock_of(school.app).now)
    return only(school.app, OutboundMessage, OutboundMessage.id == message_id)


# --- What proves it ---------------------------------------------------------------------------------------


def test_our_message_id_proves_as_much_as_our_token(school: School) -> None:
    invited(school)

    recorded = record(school, replace(about(school), refs=("<x@example.org>", message_of(school.app, A).message_ref)))

    assert recorded.is_proven
    assert message_of(school.app, A).state is MessageState.BOUNCED


def test_a_token_in_capitals_is_the_same(school: School) -> None:
    invited(school)
    token = school.app.links.bounce_token(message_of(school.app, A).id)

    assert record(school, replace(about(school), tokens=("x", token.upper()))).is_proven


@pytest.mark.parametrize(
    "forged", ["a" * 26, LinkSigner([b"another-key-another-key-another-key"]).bounce_token(7), "", "ü" * 26, "=" * 26]
)
def test_a_forged_token_changes_nothing(school: School, forged: str) -> None:
    invited(school)

    recorded = record(school, replace(about(school), tokens=(forged,)))

    assert recorded == ReportRecorded(MailState.IGNORED)
    assert message_of(school.app, A).state is MessageState.SENT
    assert everything(school.app, DeliveryReport) == []


@pytest.mark.parametrize(
    "forged", ["<1@usher.example.org>", "<fffffffffffffffff@usher.example.org>", "<ffffffffffffffff@x.example>", "<>"]
)
def test_a_guessed_message_id_changes_nothing(school: School, forged: str) -> None:
    invited(school)

    assert record(school, replace(about(school), refs=(forged,))).state is MailState.IGNORED
    assert message_of(school.app, A).state is MessageState.SENT


def test_our_id_with_a_strange_domain_is_not_ours(school: School) -> None:
    invited(school)
    ref = message_of(school.app, A).message_ref.replace("usher.example.org", "elsewhere.example.org")

    assert record(school, replace(about(school), refs=(ref,))).state is MailState.IGNORED


@pytest.mark.parametrize("reported_as", ReportedAs)
def test_what_names_an_address_only_is_noted_and_changes_nothing(school: School, reported_as: ReportedAs) -> None:
    invited(school)

    recorded = record(school, replace(about(school, reported_as), recipients=(A,), detail="Visit evil.example"))

    message = message_of(school.app, A)
    kept = only(school.app, DeliveryReport)
    assert recorded == ReportRecorded(MailState.PROCESSED, message.id, is_proven=False)
    assert message.state is MessageState.SENT
    assert message.problem.startswith("Perhaps not delivered")
    assert "evil" not in message.problem + kept.detail
    assert suppressed(school) == {}
    assert everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.UNREACHED) == []


def test_unproven_reports_never_add_up(school: School) -> None:
    invited(school)

    for number in range(SOFT_BOUNCES * 3):
        record(school, replace(about(school, ReportedAs.LATE, str(number)), recipients=(A,)))

    assert suppressed(school) == {}


def test_of_two_mails_to_an_address_neither_is_guessed(school: School) -> None:
    invited(school)
    clock_of(school.app).advance(seconds=1)
    invited(school, run=POETRY)

    assert record(school, replace(about(school), recipients=(A,))).state is MailState.IGNORED


def test_an_old_mail_is_not_guessed(school: School) -> None:
    invited(school)
    clock_of(school.app).now += REPORT_MEMORY

    assert record(school, replace(about(school), recipients=(A,))).state is MailState.IGNORED


def test_a_report_of_success_is_ignored(school: School) -> None:
    invited(school)
    token = school.app.links.bounce_token(message_of(school.app, A).id)

    assert record(school, replace(about(school, None), tokens=(token,))).state is MailState.IGNORED
    assert inbound(school).detail == "says nothing about a failure"
    assert message_of(school.app, A).state is MessageState.SENT


# --- Soft and late ----------------------------------------------------------------------------------------


def soft(school: School, address: str = A, name: str = "1", reported_as: ReportedAs = ReportedAs.SOFT) -> None:
    report(school, message_of(school.app, address), reported_as, name=name, detail="The mailbox is full: 452 4.2.2")


def test_a_soft_bounce_goes_out_once_more_after_a_day_with_the_same_message_id_and_then_has_bounced(
    school: School,
) -> None:
    invited(school)
    before = message_of(school.app, A)

    soft(school)
    waiting = message_of(school.app, A)
    too_early = deliver(school.app, Verdict.ACCEPTED, after=SOFT_BOUNCE_PAUSE - timedelta(seconds=1))
    again = deliver(school.app, Verdict.ACCEPTED, after=timedelta(seconds=1))
    soft(school, name="2")

    bounced = message_of(school.app, A)
    assert (waiting.state, waiting.message_ref) == (MessageState.PENDING, before.message_ref)
    assert waiting.problem == "It goes out once more. The mailbox is full: 452 4.2.2"
    assert (too_early, again) == ((), (before.id,))
    assert (bounced.state, bounced.problem) == (MessageState.BOUNCED, "The mailbox is full: 452 4.2.2")
    assert suppressed(school) == {}


def test_who_was_reached_at_the_second_try_is_no_bounce(school: School) -> None:
    invited(school)

    soft(school)
    deliver(school.app, Verdict.ACCEPTED, after=SOFT_BOUNCE_PAUSE)

    message = message_of(school.app, A)
    assert (message.state, message.problem) == (MessageState.SENT, "")


def test_a_late_mail_counts_as_sent_and_shows_why_it_is_late(school: School) -> None:
    invited(school)

    soft(school, reported_as=ReportedAs.LATE)

    listed = school.app.read(list_invitations, ListInvitations(MATHS), school.owner)
    assert message_of(school.app, A).state is MessageState.SENT
    assert [(row.state, row.problem) for row in listed.rows] == [
        (ListedState.PENDING, "The mailbox is full: 452 4.2.2")
    ]  # fmt: skip


def test_a_code_that_came_back_is_not_sent_after_days(school: School) -> None:
    message = _write(school, MessageKind.SLACK_CODE)

    report(school, message, ReportedAs.SOFT)

    assert only(school.app, OutboundMessage, OutboundMessage.id == message.id).state is MessageState.BOUNCED


@pytest.mark.parametrize("reported_as", [ReportedAs.SOFT, ReportedAs.LATE])
def test_more_than_five_messages_soft_or_late_suppress_the_address(school: School, reported_as: ReportedAs) -> None:
    messages = [_write(school, MessageKind.WELCOME, str(number)) for number in range(SOFT_BOUNCES + 1)]

    for message in messages[:-1]:
        for again in "ab":
            report(school, message, reported_as, name=f"{message.id}{again}")
    before = suppressed(school)
    report(school, messages[-1], reported_as, name="last")

    assert before == {}
    assert suppressed(school) == {A: SuppressReason.BOUNCED}


def test_soft_bounces_are_forgotten_after_half_a_year(school: School) -> None:
    messages = [_write(school, MessageKind.WELCOME, str(number)) for number in range(SOFT_BOUNCES + 1)]

    for message in messages[:-1]:
        report(school, message, ReportedAs.LATE, name=str(message.id))
    clock_of(school.app).now += SOFT_BOUNCE_MEMORY
    report(school, messages[-1], ReportedAs.LATE, name="last")

    assert suppressed(school) == {}


def test_what_comes_back_for_another_organisation_does_not_count_here(school: School) -> None:
    messages = [_write(school, MessageKind.WELCOME, str(number)) for number in range(SOFT_BOUNCES + 1)]
    change(school.app, OutboundMessage, messages[0].id, organisation_id=school.other_organisation_id)

    for message in messages:
        found = only(school.app, OutboundMessage, OutboundMessage.id == message.id)
        report(school, found, ReportedAs.LATE, name=str(message.id))

    assert suppressed(school) == {}


# --- Complaints -------------------------------------------------------------------------------------------


def test_one_complaint_suppresses_and_the_invitation_stays_open(school: School) -> None:
    invited(school)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, run=POETRY)
    first, second = sorted(everything(school.app, Invitation), key=lambda each: each.created_at)

    report(school, only(school.app, OutboundMessage, OutboundMessage.id == first.message_id), ReportedAs.COMPLAINT)

    states = {each.id: each for each in everything(school.app, Invitation)}
    assert suppressed(school) == {A: SuppressReason.COMPLAINED}
    assert {each.state for each in states.values()} == {InvitationState.PENDING}
    assert {each.next_reminder_at for each in states.values()} == {None}
    assert only(school.app, OutboundMessage, OutboundMessage.id == first.message_id).state is MessageState.SENT
    assert only(school.app, OutboundMessage, OutboundMessage.id == second.message_id).state is MessageState.DROPPED
    assert inbound(school).rule is MailRule.COMPLAINT


def test_what_a_person_says_outweighs_what_a_mail_server_said(school: School) -> None:
    invited(school)

    hard(school, A)
    report(school, message_of(school.app, A), ReportedAs.COMPLAINT, name="2")
    after = suppressed(school)
    hard(school, A, name="3")

    assert after == suppressed(school) == {A: SuppressReason.COMPLAINED}


def test_a_home_that_is_open_is_drawn_again_when_something_comes_back(school: School) -> None:
    invited(school)
    now = clock_of(school.app)
    school.app.run(keep_home, KeepHome("digest", now.now), school.owner)
    now.advance(minutes=1)
    before = school.app.run(refresh_homes, RefreshHomes(), SYSTEM).count

    hard(school, A, is_no_mailbox=False)

    assert (before, school.app.run(refresh_homes, RefreshHomes(), SYSTEM).count) == (0, 1)
