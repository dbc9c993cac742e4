"""Which answers mean “not so soon”: those about the mail itself, and only those."""

import pytest

from core.letters import Verdict
from tests.mail.scripted_server import DOT, GREETING, Act, Answer, ScriptedServer, both_ways
from tests.mail.sending.driving import SOON, mail, send


@both_ways
@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA", DOT])
async def test_a_temporary_answer_about_the_mail_is_a_deferral(moment: str, offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, moment: "450 4.7.1 greylisted, come again"}) as server:
        [outcome] = await send(server, mail())

    assert (outcome.verdict, outcome.is_deferral) == (Verdict.LATER, True)


@pytest.mark.parametrize(("moment", "answer"), [("RCPT", "421 closing"), ("RCPT", Act.DROP), ("DATA", Act.SILENCE)])
async def test_a_server_that_goes_away_has_not_deferred_the_mail(moment: str, answer: Answer) -> None:
    async with ScriptedServer({moment: answer}) as server:
        [outcome] = await send(server, mail(), patience=SOON)

    assert (outcome.verdict, outcome.is_deferral) == (Verdict.LATER, False)


@pytest.mark.parametrize("moment", [GREETING, "EHLO"])
async def test_a_server_too_busy_to_talk_has_deferred_no_mail_of_many(moment: str) -> None:
    async with ScriptedServer({moment: "421 4.3.2 busy"}) as server:
        outcomes = await send(server, mail(1), mail(2), mail(3))

    assert [(outcome.verdict, outcome.is_deferral) for outcome in outcomes] == [(Verdict.OUR_FAULT, False)] * 3
