"""Faults on demand: what the next calls of a method shall suffer."""

from collections import defaultdict, deque
from typing import TypeAlias

from msgspec import Struct


class TooManyRequests(Struct, frozen=True):
    """429 with Retry-After in seconds; the call is not carried out."""

    retry_after: int = 1


class ServerError(Struct, frozen=True):
    """The call is not carried out."""

    status: int = 503


class Refusal(Struct, frozen=True):
    """200 with an error in the answer, as of a revoked token; the call is not carried out."""

    error: str


class Hang(Struct, frozen=True):
    """The call is carried out, and the answer kept back for real seconds: the caller cannot know."""

    seconds: float


class CutBody(Struct, frozen=True):
    """The call is carried out, and the connection lost in the middle of the answer: the caller cannot know."""


Fault: TypeAlias = TooManyRequests | ServerError | Refusal | Hang | CutBody


class Faults:
    def __init__(self) -> None:
        self._planned: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def fail_next(self, method: str, fault: Fault, times: int = 1) -> None:
        """`method` is a Web API method, or one of response_url, files.download, files.upload."""
        self._planned[method].extend([fault] * times)

    def take(self, method: str) -> Fault | None:
        planned = self._planned[method]
        return planned.popleft() if planned else None
