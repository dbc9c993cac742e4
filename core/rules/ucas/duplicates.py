"""Rows of one file that are the same learner, as far as the file itself can tell.

Identical rows: the first counts, the others are duplicates. Different rows with the same ULN, permanent UPN or CCIS:
problems of each, naming the others, for nobody knows which is right. Learners who share an address get a warning.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from core.rules.ucas.columns import Column
from core.rules.ucas.identifiers import is_temporary
from core.rules.ucas.problems import Fault, Problem, Problems, problem
from core.rules.ucas.rows import CheckedRow

_NAMED_ROWS: Final = 5


class Duplicates(Struct, frozen=True):
    same_as: Mapping[int, int]
    """Row to the earlier row that it repeats."""
    problems: Mapping[int, Problems]
    """By row; none of a row that repeats another."""


class DuplicateFinder:
    """Sees every row once; keeps numbers of rows and hashes, not the rows. Two of 64 bits are never alike by chance."""

    def __init__(self) -> None:
        self._same_as: dict[int, int] = {}
        # By hash, the first row that has it.
        self._rows: dict[int, int] = {}
        self._ulns: dict[int, int] = {}
        self._upns: dict[int, int] = {}
        self._ccis: dict[int, int] = {}
        self._emails: dict[int, int] = {}
        self._groups: dict[tuple[Fault, str], list[int]] = {}

    def add(self, row: CheckedRow) -> None:
        number, learner, problems = row
        # Of a faulty cell there is no value, so what stood in it counts.
        content = hash((learner, tuple(found.value for found in problems))) if problems else hash(learner)
        first = self._rows.setdefault(content, number)
        if first != number:
            self._same_as[number] = first
            return
        if learner.uln is not None:
            self._note(self._ulns, Fault.ULN_DUPLICATE, learner.uln, number)
        if learner.upn is not None and not is_temporary(learner.upn):
            self._note(self._upns, Fault.UPN_DUPLICATE, learner.upn, number)
        if learner.ccis is not None:
            self._note(self._ccis, Fault.CCIS_DUPLICATE, learner.ccis, number)
        if learner.email is not None:
            # A warning need not know that googlemail.com is gmail.com.
            self._note(self._emails, Fault.EMAIL_SHARED, learner.email.casefold(), number)

    def _note(self, known: dict[int, int], fault: Fault, value: str, number: int) -> None:
        first = known.setdefault(hash(value), number)
        if first != number:
            self._groups.setdefault((fault, value), [first]).append(number)

    def found(self) -> Duplicates:
        problems: defaultdict[int, list[Problem]] = defaultdict(list)
        for (fault, value), rows in self._groups.items():
            for number in rows:
                if fault is not Fault.EMAIL_SHARED:
                    problems[number].append(_shared(fault, value, number, rows))
        for number, warning in self._shared_addresses():
            # Who is the same by an identifier need not be told about the address.
            if not problems.get(number):
                problems[number].append(warning)
        return Duplicates(self._same_as, {number: tuple(found) for number, found in sorted(problems.items())})

    def _shared_addresses(self) -> Iterator[tuple[int, Problem]]:
        for (fault, value), rows in self._groups.items():
            if fault is Fault.EMAIL_SHARED:
                yield from ((number, _shared(fault, value, number, rows)) for number in rows)


_COLUMNS: Final = {
    Fault.ULN_DUPLICATE: Column.ULN,
    Fault.UPN_DUPLICATE: Column.UPN,
    Fault.CCIS_DUPLICATE: Column.CCIS,
    Fault.EMAIL_SHARED: Column.EMAIL,
}


def _shared(fault: Fault, value: str, number: int, rows: list[int]) -> Problem:
    # Enough are looked at that one's own may be among them.
    others = [row for row in rows[: _NAMED_ROWS + 1] if row != number][:_NAMED_ROWS]
    more = len(rows) - 1 - len(others)
    names = [*map(str, others), *([f"{more} more"] if more else [])]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    words = f"row {listed} has" if len(names) == 1 else f"rows {listed} have"
    return problem(fault, _COLUMNS[fault], value, rows=words)
