"""How much a limited child may use, and how it ended."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Limits(Struct, frozen=True):
    """Of one job: seconds and bytes. ``files``: how large a file the work may write."""

    wall: float = 30.0
    cpu: float = 20.0
    memory: int = 1 << 30
    answer: int = 64 << 20
    """Of an answer, or of one line of a stream."""
    files: int = 0


class Done(Struct, Generic[T], frozen=True):
    value: T


class TimedOut(Struct, frozen=True):
    limit: str
    """wall or cpu."""


class Killed(Struct, frozen=True):
    """``cause``: memory, answer (too large), a signal's name, or "exit" and a status."""

    cause: str


class Failed(Struct, frozen=True):
    """``error`` is the class's name only: what an error says may quote what the stranger wrote."""

    error: str


Fault = TimedOut | Killed | Failed
Outcome = Done[T] | Fault
