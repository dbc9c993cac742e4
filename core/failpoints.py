"""Places where a fault experiment kills the process: ``USHER_FAILPOINTS=after_dot:3`` ends it at the third passage.

Without the setting a passage costs one dictionary look-up. Names: ``claimed``, ``mail``, ``before_dot``, ``after_dot``,
``before_mark``, ``before_commit``; of mail that comes in ``mail_before_receive``, ``mail_received``, ``mail_settled``.
"""

import os
import signal
import threading


class Failpoints:
    """Thread-safe. Raises ValueError for a specification that cannot be read."""

    def __init__(self, specification: str) -> None:
        pairs = (part.split(":") for part in specification.split(",") if part.strip())
        self._left = {name.strip(): int(count) for name, count in pairs}
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        if name not in self._left:
            return
        with self._lock:
            self._left[name] -= 1
            is_due = self._left[name] == 0
        if is_due:
            os.kill(os.getpid(), signal.SIGKILL)
