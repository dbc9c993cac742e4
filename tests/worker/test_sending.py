"""A chunk, its claims and its marks. The clock stands still; nothing is in another thread."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from msgspec import Struct, field
from sqlalchemy import select

from core.app import App
from core.context import Context
from core.errors import Busy
from core.letters import Loaded, Outcome, Verdict
from core.model import OutboundMessage
from core.outbox import scoreboard_key
from core.rules.policy import SENDING_ATTEMPTS, SENDING_LEASE
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.recovering import ReleaseLeases, release_leases
from core.words import MessageKind
from tests.copies import SqliteCopies
from tests.factories import SYSTEM, FixedClock, sent
from tests.worker.ledger import LedgerDeliverer, make_organisation, states, write_messages
from worker.sending import ChunkSent, Deliverer, send_chunk


class Hurried(Event):
    """Waits for nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


class Scripted(Struct):
    """Answers as told, and notes how many were handed over at a time."""

    width: int = 4
    verdicts: dict[int, Verdict] = {}
    unworthy_ids: tuple[int, ...] = ()
    confirmation_ids: tuple[int, ...] = ()
    stop_after: int = 10**6
    stop: Event = field(default_factory=Hurried)
    batches: list[int] = []

    def load(self, app: App, ids: Sequence[int]) -> Loaded[int]:
        items = {each: each for each in ids if each not in self.unworthy_ids}
        return Loaded(items, self.unworthy_ids, self.confirmation_ids)

    def send(self, items: Sequence[int]) -> list[Outcome]:
        self.batches.append(len(items))
        if len(self.batches) == self.stop_after:
            self.stop.set()
        return [Outcome(each, self.verdicts.get(each, Verdict.ACCEPTED), "because") for each in items]


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    app = sqlite_bare.app()
    make_organisation(app)
    sent(app)
    return app


def _send(app: App, deliverer: Deliverer[int], ids: Sequence[int], stop: Event | None = None) -> ChunkSent:
    passed = stop or Hurried()
    return send_chunk(app, deliverer, ids, executor="host-1", failpoint=lambda name: None, stop=passed)


def _messages(app: App, ids: Sequence[int]) -> list[OutboundMessage]:
    def look(ctx: Context, _command: None) -> list[OutboundMessage]:
        query = select(OutboundMessage).where(OutboundMessage.id.in_(ids)).order_by(OutboundMessage.id)
        return list(ctx.session.scalars(query))

    return app.read(look, None, SYSTEM)


def test_no_more_are_in_flight_than_the_deliverer_is_wide(app: App) -> None:
    ids = write_messages(app, 10)
    deliverer = Scripted(width=4)

    result = _send(app, deliverer, ids)

    assert deliverer.batches == [4, 4, 2]
    assert result == ChunkSent({"accepted": 10})
    assert {message.state for message in _messages(app, ids)} == {"sent"}


def test_a_chunk_that_runs_again_sends_nothing(app: App) -> None:
    ids = write_messages(app, 10)
    _send(app, Scripted(), ids)
    again = Scripted()

    result = _send(app, again, ids)

    assert again.batches == []
    assert result.counts == {}


def test_what_was_sent_is_marked_before_the_next_is_claimed(app: App) -> None:
    ids = write_messages(app, 8)
    seen: list[list[str]] = []

    class Looking(Scripted):
        def send(self, items: Sequence[int]) -> list[Outcome]:
            seen.append(sorted(message.state for message in _messages(app, ids)))
            return super().send(items)

    _send(app, Looking(width=4), ids)

    assert seen == [["pending"] * 4 + ["sending"] * 4, ["sending"] * 4 + ["sent"] * 4]


def test_the_last_turn_of_a_chunk_touches_the_scoreboard(app: App) -> None:
    board = _posted_scoreboard(app, confirmation_id=5)
    ids = write_messages(app, 6)
    taken = ids[4:]
    app.run(turn_over, TurnOver("host-2", claim_ids=taken), SYSTEM)

    _send(app, Scripted(width=2, confirmation_ids=(5,)), ids)

    assert _messages(app, [board])[0].state == "pending"


def _posted_scoreboard(app: App, *, confirmation_id: int) -> int:
    [board] = write_messages(app, 1, key=scoreboard_key(confirmation_id))
    _send(app, Scripted(), [board])
    return board


def test_what_is_not_worth_saying_is_dropped(app: App) -> None:
    ids = write_messages(app, 3)

    _send(app, Scripted(unworthy_ids=ids), ids)

    assert {message.state for message in _messages(app, ids)} == {"dropped"}


def test_a_fault_of_our_own_ends_the_chunk_and_counts_for_nobody(app: App) -> None:
    ids = write_messages(app, 6)
    deliverer = Scripted(width=2, verdicts={ids[1]: Verdict.OUR_FAULT})

    result = _send(app, deliverer, ids)

    assert deliverer.batches == [2]
    assert result.left_ids == ()
    rows = {message.id: message for message in _messages(app, ids)}
    assert [rows[each].state for each in ids] == ["sent", "pending", "pending", "pending", "pending", "pending"]
    assert rows[ids[1]].attempts == 0
    assert rows[ids[1]].not_before > app.clock()


def test_told_to_stop_a_chunk_marks_what_it_sent_and_gives_the_rest_back(app: App) -> None:
    ids = write_messages(app, 6)
    deliverer = Scripted(width=2, stop_after=2)

    result = _send(app, deliverer, ids, deliverer.stop)

    assert result == ChunkSent({"accepted": 4}, ids[4:])
    assert states(app)["sending"] == 0


def test_a_chunk_that_has_not_begun_when_the_worker_stops_is_given_back_whole(app: App) -> None:
    ids = write_messages(app, 6)
    stop = Hurried()
    stop.set()

    result = _send(app, Scripted(), ids, stop)

    assert result == ChunkSent({}, ids)


def test_marks_wait_for_a_database_that_is_away(app: App) -> None:
    ids = write_messages(app, 4)
    away = AwayFor(app, 3)

    result = _send(away, Scripted(width=2), ids)

    assert result.counts == {"accepted": 4}
    assert {message.state for message in _messages(app, ids)} == {"sent"}


class AwayFor(App):
    """After the first claim the database is away for some attempts."""

    def __init__(self, app: App, attempts: int) -> None:
        super().__init__(app.engine, app.settings, jobs=app.jobs, clock=app.clock, tokens=app.tokens)
        self._runs = 0
        self._away = range(1, 1 + attempts)

    def run(self, *arguments: object, **options: object) -> object:  # type: ignore[override]  # It forwards them all.
        self._runs += 1
        if self._runs - 1 in self._away:
            raise Busy
        return super().run(*arguments, **options)  # type: ignore[arg-type]


def test_a_worker_that_stood_still_cannot_undo_what_another_sent(app: App) -> None:
    [message_id] = write_messages(app, 1)
    assert isinstance(app.clock, FixedClock)
    app.run(turn_over, TurnOver("host-1", claim_ids=(message_id,)), SYSTEM)
    app.clock.now += SENDING_LEASE + timedelta(seconds=1)
    app.run(release_leases, ReleaseLeases(executor=None), SYSTEM)
    _send(app, Scripted(), [message_id])

    late = Outcome(message_id, Verdict.LATER, "timed out")
    app.run(turn_over, TurnOver("host-1", outcomes=(late,)), SYSTEM)

    assert _messages(app, [message_id])[0].state == "sent"


def test_a_message_that_ends_worker_after_worker_is_held(app: App) -> None:
    [message_id] = write_messages(app, 1)

    for _ in range(SENDING_ATTEMPTS):
        app.run(turn_over, TurnOver("host-1", claim_ids=(message_id,)), SYSTEM)
        app.run(release_leases, ReleaseLeases("host-1"), SYSTEM)

    message = _messages(app, [message_id])[0]
    assert (message.state, message.attempts) == ("held", SENDING_ATTEMPTS)


def test_a_code_that_may_have_arrived_is_held(app: App) -> None:
    [message_id] = write_messages(app, 1, MessageKind.SLACK_CODE)
    app.run(turn_over, TurnOver("host-1", claim_ids=(message_id,)), SYSTEM)

    released = app.run(release_leases, ReleaseLeases("host-1"), SYSTEM)

    assert (released.again, released.held) == (0, 1)


def test_the_ledger_delivers_what_is_pending_only(app: App, tmp_path: Path) -> None:
    ids = write_messages(app, 4)
    _send(app, Scripted(), ids[:2])

    result = _send(app, LedgerDeliverer(tmp_path / "ledger"), ids)

    assert result.counts == {"accepted": 2}
