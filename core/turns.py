"""Who is next: a line for threads, and turns to write on SQLite.

SQLite knows no queue: its writers poll, up to 100 ms apart, so that a busy process never leaves a gap for another one.
Five people pressing buttons left a worker 15 mails a second of 255 (measured).

1. Within a process the writers stand in line; between processes they wait for a lock on a file beside the database.
2. Whoever writes on and on leaves a pause for those who wait in other processes, and only when some do.
3. The locks end with their process. SQLite's own lock still guards the data: this one only says who is next.
"""

import fcntl
import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import Struct, field

_POLL_SECONDS: Final = 0.0005
# Long enough for one who polls, on a busy machine too.
_PAUSE_SECONDS: Final = 0.002
_never = threading.Event()


class Place(Struct, eq=False):
    """In a line, or at work."""

    called: threading.Lock = field(default_factory=threading.Lock)
    """Held while it waits."""
    since: float | None = None
    """At work, by the monotonic clock."""


class Line:
    """So many threads at once, and the others in the order in which they came.

    Python computes in one thread at a time: eight that compute at once hand it over at every statement, and each answer
    takes half as much again (measured). Its own locks would let the late come first, and some wait ten times as long.

    Whoever has been at work for ``patience`` seconds is not counted any more, so that nobody waits for what is long.
    """

    def __init__(self, at_once: int, *, patience: float = math.inf) -> None:
        self._at_once, self._patience = at_once, patience
        self._lock = threading.Lock()
        self._at_work: set[Place] = set()
        self._waiting: deque[Place] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        place = self.enter()
        try:
            yield
        finally:
            if place is not None:
                self.leave(place)

    def enter(self, *, timeout: float = math.inf) -> Place | None:
        """None when it was not our turn within so many seconds."""
        place, ends = Place(), time.monotonic() + timeout
        place.called.acquire()
        with self._lock:
            self._waiting.append(place)
            self._call()
        try:
            while not place.called.acquire(timeout=self._seconds_until(ends)):
                with self._lock:
                    self._call()
                    if place.since is None and time.monotonic() >= ends:
                        self._waiting.remove(place)
                        return None
        except BaseException:
            self._give_up(place)
            raise
        return place

    def leave(self, place: Place) -> None:
        with self._lock:
            self._at_work.remove(place)
            self._call()

    def _seconds_until(self, ends: float) -> float:
        """Those at work may have used up everybody's patience before."""
        return max(0.0, min(ends - time.monotonic(), self._patience, threading.TIMEOUT_MAX))

    def _call(self) -> None:
        now = time.monotonic()
        while self._waiting and self._has_room(now):
            place = self._waiting.popleft()
            place.since = now
            self._at_work.add(place)
            place.called.release()

    def _has_room(self, now: float) -> bool:
        if len(self._at_work) < self._at_once:
            return True
        counted = (place for place in self._at_work if place.since is not None and now - place.since < self._patience)
        return sum(1 for _ in counted) < self._at_once

    def _give_up(self, place: Place) -> None:
        """Somebody interrupted it."""
        with self._lock:
            if place.since is None:
                self._waiting.remove(place)
            else:
                self._at_work.remove(place)
            self._call()


class WriteTurn:
    """``path`` is the database file. One for all threads of a process."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._line = Line(1)
        self._place: Place | None = None
        self._files: tuple[int, int] | None = None

    def acquire(self, *, timeout: float) -> bool:
        """False when it was not our turn within so many seconds."""
        ends = time.monotonic() + timeout
        place = self._line.enter(timeout=timeout)
        if place is None:
            return False
        has_turn = False
        try:
            has_turn = self._acquire_file(ends)
        finally:
            if not has_turn:
                self._line.leave(place)
        self._place = place if has_turn else None
        return has_turn

    def release(self) -> None:
        writing, waiting = self._opened()
        fcntl.flock(writing, fcntl.LOCK_UN)
        if _has_locked(waiting):
            fcntl.flock(waiting, fcntl.LOCK_UN)
        else:
            _never.wait(_PAUSE_SECONDS)
        place, self._place = self._place, None
        if place is not None:
            self._line.leave(place)

    def _acquire_file(self, ends: float) -> bool:
        writing, waiting = self._opened()
        if _has_locked(writing):
            return True
        # Seen by the one who writes, when it is done.
        fcntl.flock(waiting, fcntl.LOCK_SH)
        try:
            while time.monotonic() < ends:
                _never.wait(_POLL_SECONDS)
                if _has_locked(writing):
                    return True
            return False
        finally:
            fcntl.flock(waiting, fcntl.LOCK_UN)

    def _opened(self) -> tuple[int, int]:
        """By whoever is at work. Not before the first write: whoever only reads leaves no files behind."""
        if self._files is None:
            self._files = _open(f"{self._path}.writing.lock"), _open(f"{self._path}.waiting.lock")
            weakref.finalize(self, _close, self._files)
        return self._files


def _has_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: str) -> int:
    return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)


def _close(files: tuple[int, int]) -> None:
    for file in files:
        os.close(file)
