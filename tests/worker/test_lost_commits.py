"""The database takes a claim and goes away before it says so."""

from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest

from core.app import App
from core.errors import Busy, OutcomeUnknown
from core.letters import Loaded, Outcome, Verdict
from core.usecases.messages.deliveries import TurnOver, turn_over
from tests.copies import SqliteCopies
from tests.factories import SYSTEM, FixedClock, sent
from tests.worker.ledger import make_organisation, states, write_messages
from worker.sending import send_chunk


class LosesAnswers(App):
    """The first ``lost`` turns are stored and go unanswered; so many more find the database away."""

    def __init__(self, app: App, *, lost: int = 1, away: int = 0, is_stored: bool = True) -> None:
        super().__init__(app.engine, app.settings, jobs=app.jobs, clock=app.clock, tokens=app.tokens)
        self._lost, self._away, self._is_stored = lost, away, is_stored

    def run(self, usecase: Any, command: Any, *rest: Any, **options: Any) -> Any:
        if self._lost:
            self._lost -= 1
            if self._is_stored:
                super().run(usecase, command, *rest, **options)
            raise OutcomeUnknown
        if self._away:
            self._away -= 1
            raise Busy
        return super().run(usecase, command, *rest, **options)


class Ledger:
    width = 4

    def __init__(self) -> None:
        self.sent: list[int] = []

    def load(self, app: App, ids: Sequence[int]) -> Loaded[int]:
        return Loaded({each: each for each in ids})

    def send(self, items: Sequence[int]) -> list[Outcome]:
        self.sent += items
        return [Outcome(each, Verdict.ACCEPTED) for each in items]


class Hurried(Event):
    """Waits for nothing, and time passes meanwhile."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(seconds=timeout or 0)
        return self.is_set()


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    app = sqlite_bare.app()
    make_organisation(app)
    sent(app)
    return app


def _send(app: App, ids: Sequence[int]) -> list[int]:
    ledger = Ledger()
    assert isinstance(app.clock, FixedClock)
    send_chunk(app, ledger, ids, executor="host-1", failpoint=lambda name: None, stop=Hurried(app.clock))
    return ledger.sent


@pytest.mark.parametrize("away", [0, 20])
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_claim_whose_answer_was_lost_is_sent_once(app: App, away: int, *, is_stored: bool) -> None:
    ids = write_messages(app, 10)

    delivered = _send(LosesAnswers(app, away=away, is_stored=is_stored), ids)

    assert sorted(delivered) == sorted(ids)
    assert states(app)["sent"] == 10 + 1


def test_a_claim_that_is_lost_twice_is_sent_once(app: App) -> None:
    ids = write_messages(app, 10)

    delivered = _send(LosesAnswers(app, lost=2), ids)

    assert sorted(delivered) == sorted(ids)


def test_a_chunk_that_finds_the_database_away_waits_for_it(app: App) -> None:
    ids = write_messages(app, 3)
    away = [Busy, Busy]

    class Looking(Ledger):
        def load(self, app: App, ids: Sequence[int]) -> Loaded[int]:
            if away:
                raise away.pop()
            return super().load(app, ids)

    ledger = Looking()
    assert isinstance(app.clock, FixedClock)
    send_chunk(app, ledger, ids, executor="host-1", failpoint=lambda name: None, stop=Hurried(app.clock))

    assert sorted(ledger.sent) == sorted(ids)


def test_what_the_same_worker_claimed_before_is_left_alone(app: App) -> None:
    ids = write_messages(app, 4)
    app.run(turn_over, TurnOver("host-1", claim_ids=ids[:2]), SYSTEM)
    assert isinstance(app.clock, FixedClock)
    app.clock.advance(seconds=1)

    delivered = _send(LosesAnswers(app), ids)

    assert sorted(delivered) == sorted(ids[2:])


def test_what_another_worker_claimed_is_left_alone(app: App) -> None:
    ids = write_messages(app, 4)
    app.run(turn_over, TurnOver("host-2", claim_ids=ids[:2]), SYSTEM)

    delivered = _send(LosesAnswers(app), ids)

    assert sorted(delivered) == sorted(ids[2:])
