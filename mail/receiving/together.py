"""What several threads ask at the same moment, done in one transaction: a commit each would cost more than the work.

Nobody waits for company: the first is served at once, and those who come while that takes its time are served together.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from msgspec import Struct

from core.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Asking(Struct, Generic[Asked, Answer], eq=False):
    asked: Asked
    answer: tuple[Answer, ...] = ()
    """The one, or none."""
    error: Unavailable | None = None
    is_served: bool = False


class Together(Generic[Asked, Answer]):
    """``answer`` gives one answer for each that asked, in their order.

    Where it fails for several, nobody knows whose fault that was: then each asks alone.
    """

    def __init__(self, answer: Callable[[tuple[Asked, ...]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: list[_Asking[Asked, Answer]] = []
        self._lock = Lock()
        self._turn = Lock()

    def ask(self, asked: Asked) -> Answer:
        """Raises what ``answer`` raises for one."""
        mine: _Asking[Asked, Answer] = _Asking(asked)
        with self._lock:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_served:
                self._serve()
        if mine.error is not None:
            # With the database away, asking again would help nobody.
            raise mine.error
        return mine.answer[0] if mine.answer else self._answer((asked,))[0]

    def _serve(self) -> None:
        with self._lock:
            crowd, self._waiting = self._waiting, []
        try:
            answers = self._answer(tuple(each.asked for each in crowd))
            for each, answer in zip(crowd, answers, strict=True):
                each.answer = (answer,)
        except Unavailable as error:
            for each in crowd:
                each.error = error
        except Exception:
            if len(crowd) == 1:
                raise
        finally:
            for each in crowd:
                each.is_served = True
