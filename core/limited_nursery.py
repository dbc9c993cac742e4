"""Inside the nursery of ``core.limited``: it has loaded what children load, and forks them. Ends with its parent.

It sees no stranger's bytes and has one thread. Each child of it has a socket to the parent: when nothing more will
come through that, the child and its group are ended, and the answer is the status with which it died.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
from importlib import import_module
from typing import Any, Final, NoReturn

from core.limited_child import load, main
from core.limited_resources import limit

_IDLE_SECONDS: Final = 600
_MOST_BYTES: Final = 1 << 16
_MOST_DESCRIPTORS: Final = 5


def serve(number: int) -> None:
    """``number``: of the socket to the parent. With no child for ten minutes it ends; the parent begins another."""
    parent = socket.socket(fileno=number)
    living: dict[int, tuple[socket.socket, int]] = {}
    poll = select.poll()
    poll.register(parent, select.POLLIN)
    while ready := poll.poll(None if living else _IDLE_SECONDS * 1000):
        for number, _ in ready:
            if number in living:
                poll.unregister(number)
                _bury(*living.pop(number))
            else:
                control, child = _bear(parent, living)
                living[control.fileno()] = control, child
                poll.register(control, select.POLLIN)
    os._exit(0)


def _bear(parent: socket.socket, living: dict[int, tuple[socket.socket, int]]) -> tuple[socket.socket, int]:
    message, numbers, _, _ = socket.recv_fds(parent, _MOST_BYTES, _MOST_DESCRIPTORS)
    if not message:
        os._exit(0)
    given = json.loads(message)
    _warm(given["work"])
    # Else each collection in a child would write to all of these pages, and so copy them.
    gc.freeze()
    child = os.fork()
    if not child:
        _become(given, numbers, [parent, *(control for control, _ in living.values())])
    control, *handed = numbers
    for each in handed:
        os.close(each)
    told = socket.socket(fileno=control)
    with contextlib.suppress(OSError):
        told.send(str(child).encode())
    return told, child


def _warm(work: str) -> None:
    """The work, and what it loads only when it needs it. What cannot be loaded is left to the child, which says so."""
    with contextlib.suppress(Exception):
        load(work)
        for name in getattr(import_module(work.partition(":")[0]), "WARM", ()):
            import_module(name)


def _become(given: dict[str, Any], numbers: list[int], others: list[socket.socket]) -> NoReturn:
    """The child's first deeds: it can reach nobody but its parent, and has its limits."""
    os.setsid()
    for each in others:
        each.close()
    control, requests, answers, given["life"], *source = numbers
    given["source"] = source[0] if source else None
    os.close(control)
    for number, pipe in enumerate((requests, answers)):
        os.dup2(pipe, number)
        os.close(pipe)
    limit(given["limits"])
    try:
        main(given)
    finally:
        os._exit(1)


def _bury(control: socket.socket, child: int) -> None:
    # Not waited for yet, so the number is still its own; a dead one keeps the status that it died with.
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with control, contextlib.suppress(OSError):
        control.send(str(os.waitstatus_to_exitcode(status)).encode())
