"""How much a limited child may use, and how it ended."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one job: seconds and bytes. ``files``: how large a file the work may write."""

    wall: float = 30.0
    cpu: float = 20.0
    memory: int = 1 << 30
    answer: int = 64 << 20
    """Of an answer, or of one line of a stream."""
    files: int = 0


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class TimedOut:
    limit: str
    """wall or cpu."""


@dataclass(frozen=True, slots=True)
class Killed:
    """``cause``: memory, answer (too large), a signal's name, or "exit" and a status."""

    cause: str


@dataclass(frozen=True, slots=True)
class Failed:
    """``error`` is the class's name only: what an error says may quote what the stranger wrote."""

    error: str


Fault = TimedOut | Killed | Failed
Outcome = Done[T] | Fault
