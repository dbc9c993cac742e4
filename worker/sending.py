"""A chunk of messages: claimed a few at a time, handed over, marked.

    load (a read, the whole chunk) -> [ turn over: mark the last few, claim the next few -> send ]*

1. No more rows are ``sending`` than the deliverer can have in flight: a kill leaves no more than these unsure.
2. What was sent is marked by the very next transaction; nothing is collected.
3. Told to stop, the chunk marks what it sent and gives the rest back. At a fault of our own it leaves the rest
   pending: the sweeper makes a new chunk of it later.
4. While the database is away, loading waits and marks are tried again; they are lost with the process only, and then
   as in 1.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import islice
from threading import Event
from typing import Any, Final, Generic, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from core.app import App
from core.context import System
from core.errors import OutcomeUnknown, Unavailable
from core.letters import Loaded, Outcome, Verdict
from core.rules.policy import SCOREBOARD_INTERVAL
from core.usecases.messages.deliveries import TurnOver, turn_over

Item = TypeVar("Item")
Done = TypeVar("Done")

# Until another worker may take our claims for abandoned: ``SENDING_LEASE`` is five minutes.
_TRIES: Final = 240
_PAUSE_SECONDS: Final = 1.0
_AT_ONCE: Final = nullcontext()

_log = logging.getLogger("usher.worker")


class Deliverer(Protocol[Item]):
    """Mail, Slack; a ledger in tests. Shared by the threads of all chunks."""

    @property
    def width(self) -> int:
        """How many messages of one chunk may be in flight: connections divided by chunks at a time, at least 1."""

    def load(self, app: App, ids: Sequence[int], /) -> Loaded[Item]: ...

    def send(self, items: Sequence[Item], /) -> list[Outcome]:
        """Blocks. One outcome an item, in any order; never raises."""


class ChunkSent(Struct, frozen=True):
    counts: dict[str, int]
    """By verdict."""
    left_ids: tuple[int, ...] = ()
    """Not begun, because the worker stops."""


class _Chunk(Struct, Generic[Item]):
    """``outcomes`` and ``unworthy_ids`` are what the next transaction marks."""

    app: App
    executor: str
    stop: Event
    loaded: Loaded[Item]
    waiting: Iterator[int]
    unworthy_ids: tuple[int, ...]
    told_at: datetime
    """When the scoreboards were touched last."""
    outcomes: tuple[Outcome, ...] = ()
    is_at_fault: bool = False
    is_untold: bool = False
    """Something was marked since the scoreboards were touched."""
    counts: Counter[str] = field(default_factory=Counter)

    def next_ids(self, width: int) -> tuple[int, ...]:
        if self.stop.is_set() or self.is_at_fault:
            return ()
        return tuple(islice(self.waiting, width))

    def turn_over(self, claim_ids: tuple[int, ...]) -> list[Item]:
        """Marks, claims, and gives the claimed."""
        # A scoreboard is not drawn more often; touching it costs as much as all else in a turn (measured).
        tells = not claim_ids or self.app.clock() - self.told_at >= SCOREBOARD_INTERVAL
        if tells:
            self.told_at = self.app.clock()
        confirmations = self.loaded.confirmation_ids if tells else ()
        self.is_untold = not tells and (self.is_untold or bool(self.outcomes))
        lanes = {each: self.loaded.lanes[each] for each in claim_ids if each in self.loaded.lanes}
        command = TurnOver(self.executor, self.outcomes, claim_ids, self.unworthy_ids, confirmations, lanes)
        self.outcomes = self.unworthy_ids = ()
        claimed = set(_persist(self.app, command, self.stop))
        return [self.loaded.items[message_id] for message_id in claim_ids if message_id in claimed]

    def note(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = tuple(outcomes)
        self.is_at_fault = any(outcome.verdict is Verdict.OUR_FAULT for outcome in outcomes)
        self.counts.update(outcome.verdict.value for outcome in outcomes)


def send_chunk(
    app: App,
    deliverer: Deliverer[Any],
    ids: Sequence[int],
    *,
    executor: str,
    failpoint: Callable[[str], None],
    stop: Event,
    turn: AbstractContextManager[object] = _AT_ONCE,
) -> ChunkSent:
    """``turn`` is waited for between loading and the first claim.

    Raises Unavailable when the database stays away: what was sent is then unsure.
    """
    if stop.is_set():
        return ChunkSent({}, tuple(ids))
    loaded = _patiently(lambda: deliverer.load(app, ids), stop)
    chunk = _Chunk(app, executor, stop, loaded, iter(loaded.items), loaded.unworthy_ids, app.clock())
    with turn:
        return _sent(chunk, deliverer, failpoint)


def _sent(chunk: _Chunk[Any], deliverer: Deliverer[Any], failpoint: Callable[[str], None]) -> ChunkSent:
    while True:
        claim_ids = chunk.next_ids(deliverer.width)
        if not (claim_ids or chunk.outcomes or chunk.unworthy_ids or chunk.is_untold):
            return ChunkSent(dict(chunk.counts), tuple(chunk.waiting) if chunk.stop.is_set() else ())
        claimed = chunk.turn_over(claim_ids)
        if claimed:
            failpoint("claimed")
            chunk.note(deliverer.send(claimed))
            failpoint("before_mark")


def _persist(app: App, command: TurnOver, stop: Event) -> tuple[int, ...]:
    """Marking again is harmless. A claim whose commit was lost is found again, if it was stored."""
    began_at = app.clock()

    def turn() -> tuple[int, ...]:
        nonlocal command
        try:
            return app.run(turn_over, command, System()).claimed_ids
        except OutcomeUnknown:
            command = replace(command, claimed_since=began_at)
            raise

    return _patiently(turn, stop)


def _patiently(act: Callable[[], Done], stop: Event) -> Done:
    """Until the database is there, or for some minutes, or until the worker stops."""
    for left in reversed(range(_TRIES)):
        try:
            return act()
        except Unavailable:
            if left == 0 or stop.is_set():
                raise
            _log.warning("the database is away; a chunk waits", extra={"tries_left": left})
        stop.wait(_PAUSE_SECONDS)
    raise AssertionError("the last try returns or raises")
