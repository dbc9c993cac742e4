"""Mail that came in, as operators see it and set it going again."""

import pytest

from core.errors import HeldMailClosed, MailNotFound, OperatorOnly
from core.model import InboundMessage
from core.usecases.mailbox.inbound import SettleMail, settle_mail
from core.usecases.mailbox.received import (
    IgnoreReceived,
    ListReceived,
    ReceivedListed,
    ReleaseReceived,
    RunReceived,
    ShowReceived,
    ignore_received,
    list_received,
    release_received,
    run_received,
    show_received,
)
from core.words import MailRule, MailState
from tests.core.usecases.acting import only, refusal_of
from tests.core.usecases.holding import arrive, hold
from tests.factories import OPERATOR, SYSTEM, School, counted_queries


def fail(school: School, number: int) -> int:
    inbound_id = arrive(school.app, number, raw=b"Subject: broken\r\n\r\n")
    command = SettleMail(inbound_id, MailState.FAILED, MailRule.OUR_MISTAKE, reference="E-1")
    school.app.run(settle_mail, command, SYSTEM)
    return inbound_id


def listed(school: School, **wanted: object) -> ReceivedListed:
    return school.app.read(list_received, ListReceived(**wanted), OPERATOR)  # type: ignore[arg-type]  # As named.


def row(school: School, inbound_id: int) -> InboundMessage:
    return only(school.app, InboundMessage, InboundMessage.id == inbound_id)


def test_what_waits_is_counted_by_the_rule_that_decided(school: School) -> None:
    first, second = hold(school.app, school.owner, 1), hold(school.app, school.owner, 2)
    broken = fail(school, 3)
    arrive(school.app, 4)

    assert {mail.inbound_id for mail in listed(school).mails} == {first, second, broken}
    assert listed(school).counts == ((MailRule.UNAUTHENTICATED, 2), (MailRule.OUR_MISTAKE, 1))
    assert [mail.inbound_id for mail in listed(school, rule=MailRule.OUR_MISTAKE).mails] == [broken]
    assert listed(school, state=MailState.IGNORED).total == 0
    assert len(listed(school, page=2, page_rows=2).mails) == 1


def test_a_list_takes_two_queries_and_no_message_s_bytes(school: School) -> None:
    for number in range(3):
        hold(school.app, school.owner, number + 1)

    with counted_queries(school.app.engine) as statements:
        listed(school)

    assert len([each for each in statements if each.startswith("SELECT")]) == 2
    assert not any("inbound_message.raw," in each for each in statements)


def test_one_is_shown_with_its_bytes(school: School) -> None:
    shown = school.app.read(show_received, ShowReceived(fail(school, 1)), OPERATOR)

    assert shown.raw == b"Subject: broken\r\n\r\n"
    assert (shown.mail.rule, shown.mail.reference) == (MailRule.OUR_MISTAKE, "E-1")
    assert isinstance(refusal_of(school.app, show_received, ShowReceived(12345), OPERATOR), MailNotFound)


def test_a_failed_one_is_run_again_by_the_same_rules(school: School) -> None:
    broken = fail(school, 1)

    assert school.app.run(run_received, RunReceived(broken), OPERATOR).count == 1

    again = row(school, broken)
    assert (again.state, again.rule, again.reference, again.released_at) == (MailState.RECEIVED, None, "", None)
    assert isinstance(refusal_of(school.app, run_received, RunReceived(broken), OPERATOR), HeldMailClosed)


def test_all_of_a_rule_are_run_again(school: School) -> None:
    fail(school, 1), fail(school, 2)
    held = hold(school.app, school.owner, 3)

    assert school.app.run(run_received, RunReceived(rule=MailRule.OUR_MISTAKE), OPERATOR).count == 2
    assert row(school, held).state is MailState.HELD


def test_an_operator_vouches_for_a_sender_or_throws_away(school: School) -> None:
    first, second = hold(school.app, school.owner, 1), hold(school.app, school.owner, 2)

    school.app.run(release_received, ReleaseReceived(first), OPERATOR)
    school.app.run(ignore_received, IgnoreReceived(second), OPERATOR)

    assert row(school, first).released_at is not None
    assert (row(school, second).state, row(school, second).rule) == (MailState.IGNORED, MailRule.UNAUTHENTICATED)
    for usecase, command in ((release_received, ReleaseReceived(second)), (ignore_received, IgnoreReceived(first))):
        assert isinstance(refusal_of(school.app, usecase, command, OPERATOR), HeldMailClosed)


def test_mail_that_never_came_is_not_said_to_be_settled(school: School) -> None:
    for usecase, command in (
        (run_received, RunReceived(99)),
        (release_received, ReleaseReceived(99)),
        (ignore_received, IgnoreReceived(99)),
    ):
        assert isinstance(refusal_of(school.app, usecase, command, OPERATOR), MailNotFound)


@pytest.mark.parametrize("usecase", [list_received, run_received])
def test_nobody_else_looks_or_sets_going(school: School, usecase: object) -> None:
    command = ListReceived() if usecase is list_received else RunReceived()

    assert isinstance(refusal_of(school.app, usecase, command, school.owner), OperatorOnly)  # type: ignore[arg-type]  # Either.
