"""Where the parts meet. Doors do not know one another; only this package joins them.

The database library takes half a second to load: it is loaded where a command reaches for the database, so that help
and mistakes are answered before.
"""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from core.context import Operator
from core.errors import SettingInvalid
from core.jobs import Jobs, SweptJobs
from core.settings import Settings, load_settings

if TYPE_CHECKING:
    from core.app import App

OPERATOR = Operator()
_COLLECTED_AFTER: Final = 50_000
# Of glibc's malloc.h.
_MMAP_THRESHOLD: Final = -3
_LARGE_BLOCK_BYTES: Final = 1 << 20


def settle_in() -> None:
    """When all is loaded. It lives as long as the process: the collector need not look at it again and again.

    Nor at the rest every 700 objects, as it comes: the rows of an import are in no circle. A tenth of an import.
    And a block of a megabyte is the system's again when it is freed: else a file of ten leaves thirty behind (glibc).
    """
    import ctypes  # Short commands do without.

    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)


def require_keys(settings: Settings) -> None:
    """Links that nobody can check again are worse than no start."""
    for name, keys in (("USHER_LINK_KEYS", settings.link_keys), ("USHER_DATA_KEY", settings.data_key)):
        if not keys:
            raise SettingInvalid(name=name, reason="it is missing; “usher keys new” makes one")


def cannot_listen(setting: str, where: str, problem: OSError) -> SettingInvalid:
    """The port is taken, or not ours to take; what Python says of it names the address twice."""
    return SettingInvalid(name=setting, reason=f"cannot listen on {where}: {_why_not(problem.errno or 0)}")


def _why_not(number: int) -> str:
    if number == errno.EADDRINUSE:
        return "another program listens there already"
    if number == errno.EADDRNOTAVAIL:
        return "this machine does not have that address"
    # Whoever asks for the address of a name gets numbers below zero.
    return os.strerror(number).lower() if number > 0 else "there is no host of that name"


def make_app(settings: Settings, jobs: Jobs | None = None) -> App:
    """With no ``jobs`` the worker's sweeper finds what was decided, within half a minute."""
    from core.app import App
    from core.database import open_engine

    engine = open_engine(settings.database_url, pool_size=settings.threads)
    return App(engine, settings, jobs=jobs or SweptJobs())


@contextmanager
def operator_app() -> Iterator[App]:
    """For short commands: settings, keys and schema are checked first."""
    settings = load_settings()
    require_keys(settings)
    from usher.migrating import require_schema

    app = make_app(settings)
    try:
        require_schema(app.engine)
        yield app
    finally:
        app.engine.dispose()
