"""Messages that wait for a person."""

import pytest

from core.errors import MessageNotFound, OperatorOnly
from core.letters import Verdict
from core.model import OutboundMessage
from core.usecases.messages.held import (
    HeldListed,
    ListHeld,
    RetryHeld,
    ShowHeld,
    list_held,
    retry_held,
    show_held,
)
from core.words import MessageKind, MessageState
from tests.core.usecases.acting import (
    change,
    clock_of,
    deliver,
    everything,
    invite,
    jobs_of,
    message_of,
    only,
    refusal_of,
    rival_before,
)
from tests.factories import OPERATOR, School

POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)
IS_STAFF_INVITATION = OutboundMessage.kind == MessageKind.STAFF_INVITATION
A, B, C = "a@example.org", "b@example.org", "c@example.org"


def listed(school: School, page: int = 1, page_rows: int = 50) -> HeldListed:
    return school.app.read(list_held, ListHeld(page, page_rows), OPERATOR)


def hold(school: School, address: str) -> int:
    message_id = message_of(school.app, address).id
    change(school.app, OutboundMessage, message_id, state=MessageState.HELD, problem="It may have arrived", attempts=8)
    return message_id


def state(school: School, message_id: int) -> MessageState:
    return only(school.app, OutboundMessage, OutboundMessage.id == message_id).state


def test_what_came_back_from_staff_is_shown_for_thirty_days(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.ACCEPTED)
    to_learner, to_staff = message_of(school.app, A), everything(school.app, OutboundMessage, IS_STAFF_INVITATION)[0]
    for message in (to_learner, to_staff):
        change(school.app, OutboundMessage, message.id, state=MessageState.BOUNCED, problem="No such mailbox")

    shown = listed(school).returned
    clock_of(school.app).advance(days=30)

    assert [(each.message_id, each.problem) for each in shown] == [(to_staff.id, "No such mailbox")]
    assert listed(school).returned == ()


def test_held_and_late_messages_are_listed_with_their_reason(school: School) -> None:
    invite(school, A, B)
    held = hold(school, A)
    deliver(school.app, Verdict.OUR_FAULT, "login refused")

    shown = listed(school)

    assert [(each.message_id, each.problem) for each in shown.held] == [(held, "It may have arrived")]
    assert [each.problem for each in shown.late] == ["login refused"]
    assert (shown.held_total, shown.late_total) == (1, 1)
    assert shown.held[0].organisation == "Northfield College"


def test_pages_of_held_messages_cover_all(school: School) -> None:
    addresses = [f"a{number}@example.org" for number in range(5)]
    invite(school, *addresses)
    ids = {hold(school, address) for address in addresses}

    pages = [listed(school, page, 2) for page in (1, 2, 3)]

    assert {each.message_id for page in pages for each in page.held} == ids
    assert [len(page.held) for page in pages] == [2, 2, 1]
    assert listed(school, 0, 2) == pages[0]


def test_one_message_is_shown_with_its_recipient(school: School) -> None:
    invite(school, A)
    held = hold(school, A)

    shown = school.app.read(show_held, ShowHeld(held), OPERATOR)

    assert (shown.recipient, shown.message.attempts) == (A, 8)
    with pytest.raises(MessageNotFound):
        school.app.read(show_held, ShowHeld(12345), OPERATOR)


def test_a_held_message_goes_out_again_with_the_same_message_id_and_its_tries_counted_anew(school: School) -> None:
    invite(school, A)
    held = hold(school, A)
    ref = message_of(school.app, A).message_ref

    retried = school.app.run(retry_held, RetryHeld(held), OPERATOR)

    message = message_of(school.app, A)
    assert retried.count == 1
    assert (message.state, message.attempts, message.message_ref, message.problem) == (
        MessageState.PENDING, 0, ref, ""
    )  # fmt: skip
    assert message.not_before == clock_of(school.app)()
    assert jobs_of(school.app).jobs[-1].key == f"send_mail-{held}-1"
    assert jobs_of(school.app).jobs[-1].ids == (held,)


def test_a_late_message_can_be_hurried(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.OUR_FAULT, "login refused")
    message_id = message_of(school.app, A).id

    assert school.app.run(retry_held, RetryHeld(message_id), OPERATOR).count == 1
    assert len(deliver(school.app, Verdict.ACCEPTED)) == 1


def test_everything_that_is_held_goes_out_again_at_once(school: School) -> None:
    invite(school, A, B, C)
    held = [hold(school, A), hold(school, B)]

    retried = school.app.run(retry_held, RetryHeld(), OPERATOR)

    assert retried.count == 2
    assert [state(school, each) for each in held] == [MessageState.PENDING] * 2
    assert listed(school).held_total == 0
    assert school.app.run(retry_held, RetryHeld(), OPERATOR).count == 0


@pytest.mark.parametrize("other", [MessageState.SENT, MessageState.SENDING, MessageState.DROPPED, MessageState.BOUNCED])
def test_what_is_neither_held_nor_late_is_not_sent_again(school: School, other: MessageState) -> None:
    invite(school, A)
    message_id = message_of(school.app, A).id
    change(school.app, OutboundMessage, message_id, state=other, problem="because")

    for message in (message_id, 12345):
        with pytest.raises(MessageNotFound):
            school.app.run(retry_held, RetryHeld(message), OPERATOR)

    assert state(school, message_id) is other


@POSTGRESQL
def test_what_a_colleague_has_just_sent_again_is_not_sent_twice(school: School) -> None:
    invite(school, A)
    held = hold(school, A)

    def colleague() -> None:
        school.app.run(retry_held, RetryHeld(held), OPERATOR)
        assert len(deliver(school.app, Verdict.ACCEPTED)) == 1

    with rival_before(school.app.engine, "UPDATE outbound_message", colleague):
        refused = refusal_of(school.app, retry_held, RetryHeld(held), OPERATOR)

    assert isinstance(refused, MessageNotFound)
    assert state(school, held) is MessageState.SENT


def test_a_retry_does_not_cut_the_recall_window_short(school: School) -> None:
    invited = invite(school, A)
    message_id = message_of(school.app, A).id

    with pytest.raises(MessageNotFound):
        school.app.run(retry_held, RetryHeld(message_id), OPERATOR)

    assert message_of(school.app, A).not_before == invited.sends_at


def test_only_an_operator_looks_into_what_is_held(school: School) -> None:
    invite(school, A)
    hold(school, A)

    with pytest.raises(OperatorOnly):
        school.app.read(list_held, ListHeld(), school.owner)

    assert listed(school).held_total == 1
    assert len(everything(school.app, OutboundMessage, OutboundMessage.state == MessageState.HELD)) == 1
