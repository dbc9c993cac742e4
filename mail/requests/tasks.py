"""What a message asks for, ready to be run."""

from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

from msgspec import Struct

from core.context import Context
from core.requests import Mode
from core.usecases.imports.mails import ImportLeft, ImportTold, OrderTold
from core.words import ImportWork


class Task(Struct, frozen=True):
    """One use case to run. ``question_id``: the answer whose question it settles."""

    usecase: Callable[[Context, Any], Any]
    command: Any
    mode: Mode = Mode.RUN
    is_confirmed: bool = False
    question_id: int | None = None


def numbers_told(results: Iterable[object]) -> tuple[int, ...]:
    """Of the imports that an answer was about."""
    return tuple(dict.fromkeys(each.number for each in results if is_about_rows(each)))


def is_about_rows(result: object) -> TypeGuard[ImportTold | ImportLeft | OrderTold]:
    """Of an import that was taken in or is to be, not of one that was taken back."""
    if isinstance(result, OrderTold):
        return result.work is ImportWork.RELEASE
    return isinstance(result, ImportTold | ImportLeft)
