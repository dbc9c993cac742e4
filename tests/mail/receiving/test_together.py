import threading
from collections.abc import Sequence

import pytest

from core.errors import Busy
from mail.receiving.together import Together


class Desk:
    """Holds up its first crowd until the others have come. ``fails``: what it raises for these."""

    def __init__(self, fails: dict[int, Exception] | None = None) -> None:
        self.crowds: list[tuple[int, ...]] = []
        self.fails = fails or {}
        self.is_entered, self.may_leave = threading.Event(), threading.Event()
        self.together = Together(self._answer)

    def _answer(self, asked: tuple[int, ...]) -> Sequence[int]:
        self.crowds.append(asked)
        self.is_entered.set()
        self.may_leave.wait(10)
        for each in asked:
            if each in self.fails:
                raise self.fails[each]
        return [each * 10 for each in asked]


def ask_one_then(desk: Desk, others: range) -> dict[int, int | Exception]:
    told: dict[int, int | Exception] = {}

    def ask(number: int) -> None:
        try:
            told[number] = desk.together.ask(number)
        except Exception as error:
            told[number] = error

    threads = [threading.Thread(target=ask, args=(number,)) for number in (0, *others)]
    threads[0].start()
    assert desk.is_entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(desk.together._waiting) < len(others):
        threads[0].join(0.001)
    desk.may_leave.set()
    for thread in threads:
        thread.join(10)
    return told


def test_who_comes_while_one_is_served_is_served_with_the_others() -> None:
    desk = Desk()

    told = ask_one_then(desk, range(1, 5))

    assert told == {number: number * 10 for number in range(5)}
    assert desk.crowds[0] == (0,)
    assert [sorted(crowd) for crowd in desk.crowds[1:]] == [[1, 2, 3, 4]]


def test_one_who_cannot_be_served_stands_in_nobodys_way() -> None:
    problem = ValueError("three")
    desk = Desk({3: problem})

    told = ask_one_then(desk, range(1, 5))

    assert told == {0: 0, 1: 10, 2: 20, 3: problem, 4: 40}


@pytest.mark.parametrize("others", [range(0), range(1, 4)])
def test_with_the_database_away_all_are_told_at_once(others: range) -> None:
    away = Busy()
    desk = Desk(dict.fromkeys((0, *others), away))

    told = ask_one_then(desk, others)

    assert all(answer is away for answer in told.values())
    assert len(told) == len(others) + 1
    assert len(desk.crowds) == (2 if others else 1)
