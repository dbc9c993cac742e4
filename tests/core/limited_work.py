"""Work for limited children, most of it bad."""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec import Struct


class Order(Struct, frozen=True):
    """``deed`` names a function below; ``size`` is what it is done with."""

    deed: str
    size: int = 0
    ballast: bytes = b""


class Told(Struct, frozen=True):
    text: str = ""
    number: int = 0
    ballast: bytes = b""


class Panic(BaseException):  # As pyo3's, it is no Exception.
    pass


def obey(order: Order) -> Told:
    return DEEDS[order.deed](order)


def hog(order: Order) -> Told:
    return Told(number=len([bytearray(order.size) for _ in range(64)]))


def loop(order: Order) -> Told:
    while True:
        pass


def wait(order: Order) -> Told:
    signal.pause()
    return Told()


def wait_with_a_child(order: Order) -> Told:
    # It ignores the end of its group's leader; only its group's end reaches it.
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], env={})
    with open(order.ballast, "w") as file:
        file.write(str(child.pid))
    signal.pause()
    return Told()


def leave(order: Order) -> Told:
    sys.exit(order.size)


def leave_hard(order: Order) -> Told:
    os._exit(order.size)


def kill(order: Order) -> Told:
    os.kill(os.getpid(), order.size)
    return Told()


def panic(order: Order) -> Told:
    raise Panic("with the stranger's words")


def recurse(order: Order) -> Told:
    return recurse(order)


def shout(order: Order) -> Told:
    print("noise" * 100_000)
    print("noise", file=sys.stderr)
    os.write(1, b"A\x00\x00\x00\x00")
    return Told(text="quiet")


def echo(order: Order) -> Told:
    return Told(number=len(order.ballast), ballast=b"a" * order.size)


def write(order: Order) -> Told:
    with open(order.ballast, "wb") as file:
        file.write(bytes(order.size))
    return Told()


def burn(order: Order) -> Told:
    """Seconds of CPU time, in tenths."""
    end = time.process_time() + order.size / 10
    while time.process_time() < end:
        sum(range(10_000))
    return Told()


def who(order: Order) -> Told:
    return Told(number=os.getpid())


def parent(order: Order) -> Told:
    """Of a child that the nursery forked, the nursery; of another one, whoever asks."""
    return Told(number=os.getppid())


def surroundings(order: Order) -> Told:
    gc.collect()
    numbers = sorted(int(each) for each in os.listdir("/proc/self/fd"))
    # The last one is the listing's own.
    return Told(text=f"{os.getcwd()} {sorted(os.environ)} {os.getpid() == os.getpgrp()}", number=len(numbers) - 1)


DEEDS = {
    each.__name__: each
    for each in (
        *(hog, loop, wait, wait_with_a_child, leave, leave_hard, kill, panic, recurse, shout, echo, write, burn),
        *(who, parent, surroundings),
    )
}


def __getattr__(name: str) -> Callable[[Order], Told]:
    """The first child of each work is a fresh interpreter, so a test that wants one names its own work."""
    if name.startswith("obey_"):
        return obey
    raise AttributeError(name)


def lines(count: int, source: BinaryIO) -> Iterator[Told]:
    for number in range(count):
        yield Told(number=number)
    yield Told(text="source", number=len(source.read()))


def lines_then(order: Order, source: BinaryIO) -> Iterator[Told]:
    yield Told(number=1)
    yield obey(order)


def without_end(order: Order, source: BinaryIO) -> Iterator[Told]:
    while True:
        yield Told(text="again", ballast=order.ballast)
