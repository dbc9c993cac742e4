"""A program in this process: what it changes of the process is put back, for other tests come after it."""

import gc
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_HEARD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def left_as_it_was() -> Iterator[None]:
    """The levels of loggers, where the root's lines go, who hears signals, and whether garbage is collected."""
    root = logging.getLogger()
    levels, handlers = {name: logger.level for name, logger in _loggers().items()}, root.handlers[:]
    root_level, hearers, collects = root.level, {each: signal.getsignal(each) for each in _HEARD}, gc.isenabled()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(root_level)
        for name, logger in _loggers().items():
            logger.setLevel(levels.get(name, logging.NOTSET))
        for each, hearer in hearers.items():
            signal.signal(each, hearer)
        (gc.enable if collects else gc.disable)()


def _loggers() -> dict[str, logging.Logger]:
    known = logging.getLogger().manager.loggerDict.items()
    return {name: logger for name, logger in known if isinstance(logger, logging.Logger)}
