"""People at work while the database comes and goes: each presses the same button again until the answer is known."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any, Final

from msgspec import Struct, field

from bench.faults.checker import Acknowledged
from bench.world import World, addresses, as_typed
from core.app import UseCase
from core.errors import OutcomeUnknown, Unavailable
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.invitations.batches import (
    InviteLearners,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)

DEADLINE: Final = timedelta(seconds=2.5)
"""As for Slack."""
_PEOPLE_A_BATCH: Final = 10
_PREVIEWS_A_CONFIRMATION: Final = 6
_PAUSE_SECONDS: Final = 0.05


class Ledger(Struct):
    acknowledged: Acknowledged
    lock: Lock = field(default_factory=Lock)
    successes: list[float] = []
    """Moments, on the machine's monotonic clock."""
    busy: int = 0
    unknown: int = 0
    unworded: list[str] = []
    """Errors that a door would have to show as our mistake."""
    longest_answer: float = 0.0
    """Seconds, refusals included."""

    def first_success_after(self, moment: float) -> float | None:
        with self.lock:
            return next((each for each in self.successes if each > moment), None)


class Person:
    """Presses until there is an answer, with the same key; then goes on to the next."""

    def __init__(self, world: World, ledger: Ledger, name: str, stop: Event) -> None:
        self._world = world
        self._ledger = ledger
        self._name = name
        self._stop = stop
        self._pressed = 0

    def work(self) -> None:
        """Until told to stop; what was begun is brought to its answer."""
        while not self._stop.is_set():
            self._invite()
            self._look()

    def _invite(self) -> None:
        self._pressed += 1
        people = addresses(_PEOPLE_A_BATCH, f"{self._name}-{self._pressed}")
        typed = PrepareInvitation(self._world.sample.run, as_typed(people))
        draft = self._press(prepare_invitation, typed)
        # Each confirmation has a message in Slack, and Slack takes one a second.
        if self._pressed % _PREVIEWS_A_CONFIRMATION == 1:
            self._press(invite_learners, InviteLearners(draft.draft_id))

    def _press(self, usecase: UseCase[Any, Any], command: object) -> Any:
        key = f"F7:{self._name}:{self._pressed}:{usecase.__name__}"
        while True:
            answer = self._tried(lambda: self._run(usecase, command, key))
            if answer is not None:
                with self._ledger.lock:
                    self._ledger.acknowledged.note(usecase.__name__, answer)
                    self._ledger.successes.append(time.monotonic())
                return answer
            Event().wait(_PAUSE_SECONDS)

    def _run(self, usecase: UseCase[Any, Any], command: object, key: str) -> Any:
        return self._world.app.run(usecase, command, self._world.owner, key=key, deadline=DEADLINE)

    def _look(self) -> None:
        self._tried(lambda: self._world.app.read(list_choosable_runs, ListChoosableRuns(), self._world.owner))

    def _tried(self, act: Callable[[], Any]) -> Any:
        began_at = time.monotonic()
        try:
            return act()
        except Unavailable as error:
            with self._ledger.lock:
                self._ledger.unknown += isinstance(error, OutcomeUnknown)
                self._ledger.busy += not isinstance(error, OutcomeUnknown)
        except Exception as error:
            with self._ledger.lock:
                self._ledger.unworded.append(f"{type(error).__name__}: {str(error)[:200]}")
        finally:
            with self._ledger.lock:
                self._ledger.longest_answer = max(self._ledger.longest_answer, time.monotonic() - began_at)
        return None


@contextmanager
def people_at_work(world: World, ledger: Ledger, count: int, name: str) -> Iterator[None]:
    stop = Event()
    threads = [Thread(target=Person(world, ledger, f"{name}{place}", stop).work, daemon=True) for place in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
