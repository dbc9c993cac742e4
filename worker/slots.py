"""A worker's name, leased: the background engine loses or doubles work when two live processes share one (measured).

``{host}-1``, ``{host}-2`` ... On SQLite a lock on a file beside the database holds the name, on PostgreSQL an
advisory lock on a connection of its own. Either ends with its process, so whoever holds a name knows that its
former holder is dead. Names are taken lowest first: a restarted worker finds what it left.
"""

import fcntl
import os
import socket
from pathlib import Path
from typing import Final, Protocol

from core.app import App
from core.database import AdvisoryLock

_SLOTS: Final = 64


class Slot(Protocol):
    @property
    def name(self) -> str: ...

    def is_held(self) -> bool:
        """False: another process may have the name by now, and work under it must stop."""

    def release(self) -> None: ...


class NoSlot(Exception):
    """There are as many workers on this host as may be."""


def lease_slot(app: App) -> Slot:
    """Raises NoSlot."""
    host = app.settings.executor or socket.gethostname()
    for number in range(1, _SLOTS + 1):
        name = f"{host}-{number}"
        slot = _file_slot(app, name, number) if app.settings.is_sqlite else _session_slot(app, name)
        if slot is not None:
            return slot
    raise NoSlot(f"{_SLOTS} workers run on {host} already")


class _FileSlot:
    def __init__(self, name: str, file: int) -> None:
        self.name = name
        self._file = file

    def is_held(self) -> bool:
        return True

    def release(self) -> None:
        os.close(self._file)


def _file_slot(app: App, name: str, number: int) -> Slot | None:
    path = Path(app.engine.url.database or "").resolve()
    file = os.open(f"{path}.worker-{number}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return _FileSlot(name, file)


class _SessionSlot:
    def __init__(self, name: str, lock: AdvisoryLock) -> None:
        self.name = name
        self._lock = lock

    def is_held(self) -> bool:
        # A restart of the server drops every lock. Nobody else took the name: it is ours again.
        return self._lock.is_held() or self._lock.acquire()

    def release(self) -> None:
        self._lock.release()


def _session_slot(app: App, name: str) -> Slot | None:
    lock = AdvisoryLock(app.engine, f"usher worker {name}")
    return _SessionSlot(name, lock) if lock.acquire() else None
