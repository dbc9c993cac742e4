"""Inside the child of ``core.limited``: takes requests, runs the one function, answers. Ends with its parent.

Beside that package and not in it, so that no child loads its parent's side: each start costs what is imported.
"""

import fcntl
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, BinaryIO, Final, get_type_hints

import msgspec

_FRAME: Final = struct.Struct("!cI")
_READY, _ANSWER, _LINE, _FAILED = b"R", b"A", b"L", b"F"
Work = Callable[..., Any]


def main(given: dict[str, Any]) -> None:
    _take_signals()
    _die_with_parent(given["life"])
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    # Whatever prints or reads now reaches nobody.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    try:
        work = load(given["work"])
        decode = msgspec.msgpack.Decoder(_request_type(work)).decode
    except BaseException as error:
        # Our own mistake, and no stranger's words yet: so it may say what it is.
        _send(answers, _FAILED, f"{type(error).__name__}: {error}".encode("ascii", "replace"))
        os._exit(1)
    _send(answers, _READY, b"")
    if given["source"] is None:
        _serve(requests, answers, lambda raw: work(decode(raw)), given)
    source = os.fdopen(given["source"], "rb")
    _once(requests, answers, lambda raw: work(decode(raw), source), given)


def _take_signals() -> None:
    """What the parent blocks or ignores, its children do too, and then no limit would end them."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGIO, signal.SIGPROF, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)


def load(name: str) -> Work:
    module, _, function = name.partition(":")
    work: Work = getattr(import_module(module), function)
    return work


def _request_type(work: Work) -> Any:
    first = work.__code__.co_varnames[0]
    return get_type_hints(work)[first]


def _serve(requests: BinaryIO, answers: BinaryIO, work: Work, given: dict[str, Any]) -> None:
    encoder = msgspec.msgpack.Encoder()
    while (raw := _receive(requests)) is not None:
        _renew_cpu(given["cpu"])
        try:
            answer = encoder.encode(work(raw))
        except BaseException as error:
            kind, answer = _FAILED, type(error).__name__.encode("ascii", "replace")
        else:
            kind = _ANSWER
        del raw
        signal.setitimer(signal.ITIMER_PROF, 0)
        if len(answer) > given["answer"]:
            kind, answer = _FAILED, b"AnswerTooLarge"
        _send(answers, kind, answer)
    os._exit(0)


def _once(
    requests: BinaryIO,
    answers: BinaryIO,
    work: Callable[[bytes], Iterable[Any]],
    given: dict[str, Any],
) -> None:
    raw = _receive(requests)
    if raw is None:
        os._exit(0)
    _renew_cpu(given["cpu"])
    encoder = msgspec.msgpack.Encoder()
    kind, last = _ANSWER, b""
    try:
        for line in work(raw):
            encoded = encoder.encode(line)
            if len(encoded) > given["answer"]:
                kind, last = _FAILED, b"AnswerTooLarge"
                break
            answers.write(_FRAME.pack(_LINE, len(encoded)) + encoded)
    except BaseException as error:
        kind, last = _FAILED, type(error).__name__.encode("ascii", "replace")
    _send(answers, kind, last)
    os._exit(0)


def _receive(requests: BinaryIO) -> bytes | None:
    size = requests.read(4)
    if len(size) < 4:
        return None
    (wanted,) = struct.unpack("!I", size)
    raw = requests.read(wanted)
    return raw if len(raw) == wanted else None


def _send(answers: BinaryIO, kind: bytes, payload: bytes) -> None:
    try:
        answers.write(_FRAME.pack(kind, len(payload)))
        answers.write(payload)
        answers.flush()
    except OSError:
        # Nobody is there to read it.
        os._exit(0)


def _renew_cpu(seconds: float) -> None:
    """The timer begins anew with each job, and its signal's default action ends the process.

    The resource limit stands behind it: it counts whole seconds of the process's life, in ticks that run a little ahead
    of the clock that a process can read (4 %, measured), so it gets room.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = 3 * int(time.process_time() + seconds + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _die_with_parent(life: int) -> None:
    """The pipe's end is a signal whose default action ends the process, whatever it is doing.

    Not PR_SET_PDEATHSIG: that is sent when the thread ends that started the child. Not the pipe of the requests: the
    signal of its last bytes may come after they were read.
    """
    if sys.platform == "linux":
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(life, select.POLLHUP)
    if poll.poll(0):
        os._exit(0)
