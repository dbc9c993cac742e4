import time

import pytest

from core.letters import Verdict
from mail.sending.verdicts import Stage, detail_of, is_no_mailbox, verdict_of

REFUSED, LATER, OUR_FAULT = Verdict.REFUSED, Verdict.LATER, Verdict.OUR_FAULT


@pytest.mark.parametrize("stage", [Stage.SENDER, Stage.RECIPIENT, Stage.CONTENT])
@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_temporary_answer_is_later_once_a_mail_is_named(stage: Stage, code: int) -> None:
    assert verdict_of(stage, code, "4.7.1 try again") is LATER


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_temporary_answer_before_any_mail_uses_up_no_mail_s_tries(code: int) -> None:
    assert verdict_of(Stage.SESSION, code, "4.3.2 too busy") is OUR_FAULT


@pytest.mark.parametrize("stage", [Stage.RECIPIENT, Stage.CONTENT])
@pytest.mark.parametrize("code", [500, 550, 551, 552, 553, 554])
def test_permanent_answer_about_the_message_refuses_it(stage: Stage, code: int) -> None:
    assert verdict_of(stage, code, "5.1.1 no such mailbox") is REFUSED


@pytest.mark.parametrize("stage", [Stage.SESSION, Stage.SENDER])
@pytest.mark.parametrize("code", [500, 535, 550, 552, 554])
def test_permanent_answer_before_the_recipient_is_our_fault(stage: Stage, code: int) -> None:
    assert verdict_of(stage, code, "5.7.1 no") is OUR_FAULT


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (530, "5.7.0 Authentication required"),
        (503, "5.5.1 Error: need MAIL command"),
        (554, "5.7.1 <bo@example.org>: Relay access denied"),
        (550, "5.7.1 Relaying denied"),
        (550, "relay not permitted"),
        (550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
        (553, "5.7.1 <bounces@example.org>: Sender address rejected: not owned by user usher"),
        (554, "5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"),
        (550, "5.1.8 sender's domain does not exist"),
        (550, "5.7.60 SMTP; Client does not have permissions to send as this sender"),
        (550, "5.7.26 this mail has no valid SPF or DKIM"),
    ],
)
@pytest.mark.parametrize("stage", [Stage.RECIPIENT, Stage.CONTENT])
def test_answer_about_us_bounces_nobody_even_after_the_recipient(stage: Stage, code: int, text: str) -> None:
    assert verdict_of(stage, code, text) is OUR_FAULT


@pytest.mark.parametrize(
    "text",
    [
        "5.1.1 <bo@example.org>: Recipient address rejected: undeliverable address: host mx.example.org[192.0.2.1] "
        "said: 554 5.7.1 <bo@example.org>: Relay access denied (in reply to RCPT TO command)",
        "Verification failed for <bo@example.org>\nCalled:   192.0.2.1\nSent:     RCPT TO:<bo@example.org>\n"
        "Response: 550 relay not permitted",
        "<bo@example.org>: host mx.example.org said: 535 5.7.8 log in",
    ],
)
def test_what_another_server_said_about_ours_bounces_nobody_and_stops_nobody_else(text: str) -> None:
    assert verdict_of(Stage.RECIPIENT, 550, text) is LATER


@pytest.mark.parametrize("text", ["5.7.1 looks like spam", "5.2.2 over quota", "the relay says: no such user"])
def test_other_policy_of_the_recipient_refuses(text: str) -> None:
    assert verdict_of(Stage.RECIPIENT, 550, text) is REFUSED


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 (address): Recipient address rejected: User unknown in local recipient table"),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
        (556, "5.1.10 this domain takes no mail"),
        (550, "5.2.1 the account is disabled"),
        (550, "No such user here"),
        (550, "mailbox not found"),
        (554, "delivery error: this user doesn't have an example.org account"),
        (550, "Unrouteable address"),
    ],
)
def test_an_address_where_nobody_is_is_told_from_other_refusals(code: int, text: str) -> None:
    assert is_no_mailbox(code, text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (552, "5.2.2 over quota"),
        (552, "5.3.4 message too big"),
        (552, "no such mailbox has room"),
        (550, "5.2.2 mailbox of unknown user is full"),
        (550, "5.7.1 looks like spam"),
        (554, "5.7.1 rejected by policy"),
        (550, "rejected"),
        (554, "transaction failed"),
        (550, ""),
    ],
)
def test_what_may_pass_says_nothing_about_the_address(code: int, text: str) -> None:
    assert not is_no_mailbox(code, text)


def test_answer_without_a_known_code_refuses_nobody() -> None:
    assert verdict_of(Stage.SESSION, -1, "HTTP/1.1 400") is OUR_FAULT
    assert verdict_of(Stage.RECIPIENT, -1, "HTTP/1.1 400") is LATER


def test_detail_has_no_address_and_one_short_line() -> None:
    detail = detail_of(550, "5.1.1 <bo@example.org>: no such\nmailbox, ask admin@example.org " + "x" * 300)

    assert detail.startswith("550 5.1.1 (address): no such mailbox, ask (address) xxx")
    assert len(detail) == 200


def test_a_long_word_of_a_server_takes_no_time() -> None:
    began = time.process_time()

    detail_of(550, "a" * 40_000)

    # Some milliseconds; looking for an address from each of its letters took nine seconds.
    assert time.process_time() - began < 1
