import asyncio
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

from core.letters import Verdict
from mail.sending.pool import SmtpPool
from tests.mail.scripted_server import DOT, GREETING, Act, Answer, ScriptedServer, both_ways
from tests.mail.sending.driving import IN_THE_END, SOON, mail, mails, pool_of, send, settings_for, verdicts

ACCEPTED, REFUSED, LATER = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.LATER
UNSURE, OUR_FAULT = Verdict.UNSURE, Verdict.OUR_FAULT


async def test_refused_connection_is_our_fault_for_all_and_bounces_nobody() -> None:
    async with ScriptedServer() as server:
        settings = settings_for(server)

    async with pool_of(settings) as pool:
        outcomes = await pool.send(mails(5))

    assert verdicts(outcomes) == [OUR_FAULT] * 5
    assert [outcome.message_id for outcome in outcomes] == [1, 2, 3, 4, 5]


async def test_auth_failure_bounces_nobody() -> None:
    script: dict[str, Answer] = {"EHLO": "250-mx.example.org\n250 AUTH PLAIN", "AUTH": "535 5.7.8 wrong password"}
    async with ScriptedServer(script) as server:
        settings = replace(settings_for(server), smtp_user="usher", smtp_password="wrong")
        async with pool_of(settings) as pool:
            outcomes = await pool.send(mails(1000))

    assert verdicts(outcomes) == [OUR_FAULT] * 1000
    assert "wrong password" in outcomes[0].detail
    assert server.connections == 1
    assert server.heard("MAIL") == 0


async def test_server_without_login_is_our_fault() -> None:
    async with ScriptedServer() as server, pool_of(replace(settings_for(server), smtp_user="usher")) as pool:
        (outcome,) = await pool.send([mail()])

    assert outcome.verdict is OUR_FAULT


@both_ways
async def test_refused_sender_stops_the_batch(offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, "MAIL": "550 5.7.1 not you"}) as server:
        outcomes = await send(server, *mails(100))

    assert verdicts(outcomes) == [OUR_FAULT] * 100
    assert server.heard("MAIL") == 1


@both_ways
async def test_refused_recipient_does_not_hurt_the_others(offer: str) -> None:
    script = {"EHLO": offer, "RCPT": ["250 ok", "550 5.1.1 no such mailbox", "250 ok"]}
    async with ScriptedServer(script) as server:
        outcomes = await send(server, *mails(4))

    assert verdicts(outcomes) == [ACCEPTED, REFUSED, ACCEPTED, ACCEPTED]
    assert server.connections == 1
    assert server.heard("RSET") == 1


@both_ways
async def test_connection_that_cannot_be_reset_is_replaced(offer: str) -> None:
    script = {"EHLO": offer, "RCPT": ["550 5.1.1 no such mailbox", "250 ok"], "RSET": ["500 what?"]}
    async with ScriptedServer(script) as server:
        outcomes = await send(server, *mails(2))

    assert verdicts(outcomes) == [REFUSED, ACCEPTED]
    assert server.connections == 2


@both_ways
async def test_kept_connection_that_was_dropped_costs_no_attempt(offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, "MAIL": ["250 ok", Act.DROP, "250 ok"]}) as server:
        outcomes = await send(server, *mails(3))

    assert verdicts(outcomes) == [ACCEPTED] * 3
    assert server.connections == 2


@both_ways
async def test_kept_connection_that_says_421_to_mail_costs_no_attempt(offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, "MAIL": ["250 ok", "421 4.4.2 idle too long", "250 ok"]}) as server:
        outcomes = await send(server, *mails(2))

    assert verdicts(outcomes) == [ACCEPTED] * 2


@both_ways
async def test_second_dropped_connection_costs_an_attempt(offer: str) -> None:
    async with ScriptedServer({"EHLO": offer, "MAIL": ["250 ok", Act.DROP]}) as server:
        outcomes = await send(server, *mails(2))

    assert verdicts(outcomes) == [ACCEPTED, LATER]


async def test_connection_dropped_while_idle_is_replaced() -> None:
    async with ScriptedServer() as server, pool_of(settings_for(server)) as pool:
        await pool.send(mails(1))
        server.drop_all()
        await server.all_closed.wait()

        outcomes = await pool.send(mails(1))

    assert verdicts(outcomes) == [ACCEPTED]
    assert server.connections == 2


async def test_connection_is_renewed_after_a_hundred_mails() -> None:
    async with ScriptedServer() as server:
        outcomes = await send(server, *mails(250))

    assert verdicts(outcomes) == [ACCEPTED] * 250
    assert server.connections == 3
    assert server.heard("QUIT") == 3


async def test_pool_keeps_to_its_number_of_connections_whoever_sends() -> None:
    async with ScriptedServer() as server, pool_of(settings_for(server, connections=3)) as pool:
        batches = await asyncio.gather(*(pool.send(mails(30)) for _ in range(5)))

    assert all(verdicts(outcomes) == [ACCEPTED] * 30 for outcomes in batches)
    assert server.most_open == 3


async def test_outcomes_stand_in_the_order_of_the_mails() -> None:
    async with ScriptedServer() as server, pool_of(settings_for(server, connections=4)) as pool:
        outcomes = await pool.send(mails(40))

    assert [outcome.message_id for outcome in outcomes] == list(range(1, 41))


async def test_lane_without_a_connection_leaves_its_mails_to_the_others() -> None:
    script = {GREETING: ["220 ok", "421 4.3.2 one connection is enough"]}
    async with ScriptedServer(script) as server, pool_of(settings_for(server, connections=2)) as pool:
        outcomes = await pool.send(mails(20))

    assert verdicts(outcomes) == [ACCEPTED] * 20


async def test_idle_connections_are_closed() -> None:
    async with ScriptedServer() as server, asyncio.timeout(IN_THE_END):
        pool = SmtpPool(settings_for(server), idle_seconds=0.01)
        await pool.send(mails(1))

        await server.all_closed.wait()
        await pool.close()

    assert server.heard("QUIT") == 1


async def test_no_mails_need_no_connection() -> None:
    async with ScriptedServer() as server:
        assert await send(server) == []

    assert server.connections == 0


async def test_failpoints_are_passed_in_their_order() -> None:
    passed: list[str] = []
    async with ScriptedServer() as server:
        pool = SmtpPool(settings_for(server), failpoint=passed.append)
        await pool.send(mails(1))
        await pool.close()

    assert passed == ["mail", "before_dot", "after_dot"]


async def test_closing_leaves_what_was_not_begun_for_later() -> None:
    async with ScriptedServer({"RCPT": Act.SILENCE}) as server:
        pool = SmtpPool(settings_for(server, patience=SOON))
        sending = asyncio.create_task(pool.send(mails(3)))
        await server.reached("RCPT")

        await pool.close()

        assert verdicts(await sending) == [LATER] * 3
        assert verdicts(await pool.send(mails(1))) == [LATER]
    assert server.heard("MAIL") == 1


async def test_closing_does_not_wait_for_a_server_that_does_not_greet() -> None:
    async with ScriptedServer({GREETING: Act.SILENCE}) as server, asyncio.timeout(IN_THE_END):
        pool = SmtpPool(settings_for(server, patience=timedelta(seconds=600)))
        sending = asyncio.create_task(pool.send(mails(2)))
        await server.reached(GREETING)

        await pool.close()

        assert verdicts(await sending) == [LATER] * 2


async def test_retry_keeps_message_id() -> None:
    given = mail(7)
    async with ScriptedServer({DOT: [Act.DROP, "250 ok"]}) as server:
        (first,) = await send(server, given)
        (second,) = await send(server, given)

    assert (first.verdict, second.verdict) == (UNSURE, ACCEPTED)
    assert [message_from_bytes(content)["Message-ID"] for content in server.accepted] == ["<7@example.org>"]
