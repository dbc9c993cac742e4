import pytest

from core.letters import Verdict
from mail.verdicts import Stage, detail_of, verdict_of

REFUSED, LATER, OUR_FAULT = Verdict.REFUSED, Verdict.LATER, Verdict.OUR_FAULT


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_temporary_answer_is_later_at_every_stage(stage: Stage, code: int) -> None:
    assert verdict_of(stage, code, "4.7.1 try again") is LATER


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


@pytest.mark.parametrize("text", ["5.7.1 looks like spam", "5.2.2 over quota", "the relay says: no such user"])
def test_other_policy_of_the_recipient_refuses(text: str) -> None:
    assert verdict_of(Stage.RECIPIENT, 550, text) is REFUSED


def test_answer_without_a_known_code_refuses_nobody() -> None:
    assert verdict_of(Stage.SESSION, -1, "HTTP/1.1 400") is OUR_FAULT
    assert verdict_of(Stage.RECIPIENT, -1, "HTTP/1.1 400") is LATER


def test_detail_has_no_address_and_one_short_line() -> None:
    detail = detail_of(550, "5.1.1 <bo@example.org>: no such\nmailbox, ask admin@example.org " + "x" * 300)

    assert detail.startswith("550 5.1.1 (address): no such mailbox, ask (address) xxx")
    assert len(detail) == 200
