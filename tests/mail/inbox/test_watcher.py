"""What happens to a message, and to its watcher, when the server or the house misbehave."""

import asyncio

import pytest
from msgspec.structs import replace

from core.app import App
from core.rules.policy import MAIL_BYTES
from core.usecases.mailbox.mailboxes import DecideOldMail, decide_old_mail
from core.usecases.mailbox.under_way import MailBegun
from core.words import MailRule, MailState, OldMail
from mail.inbox.taking import FOLDERS
from tests.copies import SqliteCopies
from tests.factories import OPERATOR
from tests.mail.inbox.scripted_imap import Act, ScriptedImap
from tests.mail.inbox.watching import QUICK, Away, Clerk, add, mail, on_record, rows, until, watched, watching

BEHAVE = Act.BEHAVE


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


async def seen_before(app: App, server: ScriptedImap) -> None:
    """So that what is put there next counts as new."""
    async with watching(app, Clerk(app), add(app, server.port)):
        await server.reached("IDLE")
    server.commands.clear()


@pytest.mark.parametrize("state", FOLDERS)
async def test_message_is_done_and_filed_by_what_became_of_it(app: App, state: MailState) -> None:
    clerk = Clerk(app, state=state)
    async with ScriptedImap() as server, watching(app, clerk, add(app, server.port)):
        await server.reached("IDLE")

        server.put(mail(1))
        await until(lambda: not server.inbox)

        assert server.folders[FOLDERS[state]] == [mail(1)]
        assert clerk.done == {"<1@example.org>": 1}


async def test_idle_is_renewed(app: App) -> None:
    async with (
        ScriptedImap() as server,
        watching(app, Clerk(app), add(app, server.port), pace=replace(QUICK, renewal=0.01)),
    ):
        await until(lambda: server.heard("IDLE") > 3)

        assert server.connections == 1


async def test_without_idle_it_is_looked_now_and_then(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap(capabilities="IMAP4rev1 MOVE") as server, watching(app, clerk, add(app, server.port)):
        await until(lambda: server.heard("NOOP") > 1)

        server.put(mail(1))
        await until(lambda: server.folders["Processed"])

        assert server.heard("IDLE") == 0


async def test_what_could_not_be_done_stays_and_is_tried_again(app: App) -> None:
    clerk = Clerk(app, fails=[RuntimeError("ours")])
    async with ScriptedImap() as server:
        await seen_before(app, server)
        server.put(mail(1))
        async with watching(app, clerk, watched(app)):
            await until(lambda: clerk.begun == 1)
            # Our mistake took the message's lease with it.
            app.clock.advance(seconds=100)  # type: ignore[attr-defined]  # It is a FixedClock.
            await until(lambda: not server.inbox)

        assert clerk.done == {"<1@example.org>": 1}
        assert server.connections == 2


async def test_one_message_that_fails_does_not_hold_up_the_others(app: App) -> None:
    clerk = Clerk(app, fails=[RuntimeError("ours")])
    async with ScriptedImap() as server:
        await seen_before(app, server)
        for number in range(5):
            server.put(mail(number))
        async with watching(app, clerk, watched(app)):
            await until(lambda: len(server.folders["Processed"]) == 4)

            assert len(server.inbox) == 1


async def test_database_that_is_away_costs_no_message_and_no_try(app: App) -> None:
    clerk = Clerk(app, fails=[Away() for _ in range(7)])
    async with ScriptedImap() as server:
        await seen_before(app, server)
        for number in range(3):
            server.put(mail(number))
        async with watching(app, clerk, watched(app)):
            await until(lambda: not server.inbox)

    assert len(server.folders["Processed"]) == 3
    assert set(clerk.done.values()) == {1}
    assert {row.attempts for row in rows(app)} == {1}


@pytest.mark.parametrize(
    "command", ["CAPABILITY", "LOGIN", "NAMESPACE", "LIST", "SELECT", "SEARCH", "FETCH", "MOVE", "IDLE"]
)
@pytest.mark.parametrize(
    "act", [Act.DROP, b"* BYE shutting down\r\n", b"TAG NO try later\r\n"], ids=["cut", "bye", "no"]
)
async def test_server_that_fails_at_any_stage_costs_nothing(app: App, command: str, act: Act | bytes) -> None:
    clerk = Clerk(app)
    async with ScriptedImap({command: [BEHAVE, act, BEHAVE]}) as server:
        await seen_before(app, server)
        server.put(mail(1))
        server.put(mail(2))
        async with watching(app, clerk, watched(app)):
            await until(lambda: not server.inbox)

    assert sorted(server.folders["Processed"]) == [mail(1), mail(2)]
    assert clerk.done == {"<1@example.org>": 1, "<2@example.org>": 1}


async def test_line_that_breaks_at_each_third_body_lets_all_of_them_through(app: App) -> None:
    clerk = Clerk(app)
    breaks = [BEHAVE, BEHAVE, BEHAVE, Act.DROP]
    async with ScriptedImap({"FETCH": [*breaks * 250, BEHAVE]}) as server:
        await seen_before(app, server)
        for number in range(7):
            server.put(mail(number))
        async with watching(app, clerk, watched(app)):
            await until(lambda: not server.inbox)

    assert list(clerk.done.values()) == [1] * 7
    assert server.connections < 30


async def test_message_settled_but_not_filed_is_filed_and_not_done_again(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap({"MOVE": [Act.DROP, BEHAVE]}) as server:
        await seen_before(app, server)
        server.put(mail(1))
        async with watching(app, clerk, watched(app)):
            await until(lambda: not server.inbox)

    assert (clerk.begun, server.heard("MOVE")) == (1, 2)


async def test_body_that_never_comes_is_held(app: App) -> None:
    nothing = b"* 1 FETCH (UID 1 RFC822.SIZE 90 BODY[] NIL)\r\nTAG OK done\r\n"
    async with ScriptedImap({"FETCH": nothing}) as server:
        await seen_before(app, server)
        server.put(mail(1))
        async with watching(app, Clerk(app), watched(app)):
            await until(lambda: server.folders.get("Held"))

        assert sum("BODY.PEEK" in line for line in server.commands) == 3

    (row,) = rows(app)
    assert (row.state, row.rule, row.raw) == (MailState.HELD, MailRule.UNREADABLE, None)


async def test_message_that_is_listed_and_not_there_is_not_spun_on(app: App) -> None:
    async with ScriptedImap({"SEARCH": b"* SEARCH 1 2 3\r\nTAG OK done\r\n"}) as server:
        pace = replace(QUICK, again=30.0)
        async with watching(app, Clerk(app), add(app, server.port), pace=pace):
            await server.reached("IDLE")

            assert server.heard("SEARCH") <= 4


async def test_too_big_a_message_is_held_unread(app: App) -> None:
    said = b"* 1 FETCH (UID 1 RFC822.SIZE %d)\r\nTAG OK done\r\n" % (MAIL_BYTES + 1)
    async with ScriptedImap({"FETCH": said}) as server:
        await seen_before(app, server)
        server.put(mail(1))
        async with watching(app, Clerk(app), watched(app)):
            await until(lambda: server.folders.get("Held"))

        assert not any("BODY" in line for line in server.commands)

    (row,) = rows(app)
    assert (row.state, row.rule, row.size, row.raw) == (MailState.HELD, MailRule.TOO_BIG, MAIL_BYTES + 1, None)


async def test_mail_older_than_the_first_connection_is_counted_and_left_unread(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap() as server:
        for number in range(10):
            server.put(mail(number))
        async with watching(app, clerk, add(app, server.port)):
            await server.reached("IDLE")
            server.put(mail(10))
            await until(lambda: server.folders["Processed"])
            await until(lambda: on_record(app).waiting_old == 10)

        assert len(server.inbox) == 10
        assert sum("BODY" in line for line in server.commands) == 1
    assert clerk.done == {"<10@example.org>": 1}


@pytest.mark.parametrize(
    ("decision", "folder", "fetched"), [(OldMail.ANSWERED, "Processed", 5), (OldMail.IGNORED, "Ignored", 0)]
)
async def test_old_mail_is_answered_or_ignored_when_the_operator_says_so(
    app: App, decision: OldMail, folder: str, fetched: int
) -> None:
    async with ScriptedImap() as server:
        for number in range(5):
            server.put(mail(number))
        async with watching(app, Clerk(app), add(app, server.port)):
            await server.reached("IDLE")
        app.run(decide_old_mail, DecideOldMail("front", decision), OPERATOR)

        async with watching(app, Clerk(app), watched(app)):
            await until(lambda: not server.inbox)
            await until(lambda: on_record(app).waiting_old == 0)

        assert len(server.folders[folder]) == 5
        assert sum("BODY" in line for line in server.commands) == fetched


async def test_message_put_back_into_the_inbox_is_looked_at_again(app: App) -> None:
    clerk = Clerk(app, state=MailState.HELD)
    async with ScriptedImap() as server, watching(app, clerk, add(app, server.port)):
        await server.reached("IDLE")
        server.put(mail(1))
        await until(lambda: server.folders["Held"])

        server.put(server.folders["Held"].pop())
        await until(lambda: server.folders["Held"])

    # It is settled: it is only filed again.
    assert clerk.begun == 1


async def test_numbering_anew_does_nothing_twice_and_leaves_old_mail_alone(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap() as server:
        server.put(mail(1), date="01-Mar-2026 09:00:00 +0000")
        await seen_before(app, server)
        async with watching(app, clerk, watched(app)):
            await server.reached("IDLE")
            server.put(mail(2))
            await until(lambda: server.folders["Processed"])
        server.uid_validity, server.next_uid, server.inbox = 8, 1, {}

        server.put(mail(1), date="01-Mar-2026 09:00:00 +0000")
        server.put(mail(2), date="02-Mar-2026 10:00:00 +0100")
        server.put(mail(3), date="03-Mar-2026 09:00:00 +0000")
        async with watching(app, clerk, watched(app)):
            await until(lambda: len(server.inbox) == 1)
            await until(lambda: on_record(app).waiting_old == 1)

    assert server.inbox == {1: mail(1)}
    assert clerk.done == {"<2@example.org>": 1, "<3@example.org>": 1}


async def test_two_watchers_of_one_mailbox_do_each_message_once(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap() as server:
        await seen_before(app, server)
        for number in range(30):
            server.put(mail(number))
        async with watching(app, clerk, watched(app)), watching(app, clerk, watched(app)):
            await until(lambda: not server.inbox)

    assert len(clerk.done) == 30
    assert set(clerk.done.values()) == {1}
    assert clerk.begun == 30
    assert len(server.folders["Processed"]) == 30


async def test_same_message_twice_is_done_once_and_both_are_filed(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap() as server:
        await seen_before(app, server)
        server.put(mail(1))
        server.put(mail(1))
        async with watching(app, clerk, watched(app), width=1):
            await until(lambda: not server.inbox)

    assert clerk.done == {"<1@example.org>": 1}
    assert server.folders["Processed"] == [mail(1), mail(1)]


async def test_server_that_is_away_for_a_while_is_found_again(app: App) -> None:
    clerk = Clerk(app)
    async with ScriptedImap() as server, watching(app, clerk, add(app, server.port)):
        await server.reached("IDLE")
        await server.stop()
        await until(lambda: on_record(app).problem)
        problem = on_record(app).problem

        await server.start()
        server.put(mail(1))
        await until(lambda: not server.inbox)

        assert "refused" in problem or "lost" in problem
        await until(lambda: not on_record(app).problem)


async def test_refused_login_is_noted_in_words_and_tried_seldom(app: App) -> None:
    async with ScriptedImap() as server:
        mailbox = add(app, server.port, secret="wrong")
        async with watching(app, Clerk(app), mailbox, pace=replace(QUICK, refused_rest=60.0)):
            await until(lambda: on_record(app).problem)

            assert on_record(app).problem == "the server refuses the user name or the password"
            assert server.heard("LOGIN") == 1


async def test_stopping_ends_what_is_under_way_and_takes_nothing_new(app: App) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    clerk = Clerk(app)

    def slowly(inbound_id: int, begun: MailBegun | None = None, /) -> MailState:
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result()
        return clerk(inbound_id, begun)

    async with ScriptedImap() as server:
        await seen_before(app, server)
        for number in range(3):
            server.put(mail(number))
        async with watching(app, slowly, watched(app), width=1) as watcher:
            await entered.wait()
            watcher.stop()
            leave.set()
            await until(lambda: server.heard("LOGOUT"))

        assert server.folders["Processed"] == [mail(0)]
        assert len(server.inbox) == 2


async def test_never_more_are_under_way_than_there_is_room_for(app: App) -> None:
    most = now = 0
    clerk = Clerk(app)

    def counting(inbound_id: int, begun: MailBegun | None = None, /) -> MailState:
        nonlocal most, now
        now += 1
        most = max(most, now)
        try:
            return clerk(inbound_id, begun)
        finally:
            now -= 1

    async with ScriptedImap() as server:
        await seen_before(app, server)
        for number in range(40):
            server.put(mail(number))
        async with watching(app, counting, watched(app), width=3):
            await until(lambda: not server.inbox)

    assert 1 <= most <= 3
