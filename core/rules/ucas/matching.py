"""Which known learner a row is about (DOMAIN.md, The import), or why nobody can be sure.

In this order: ULN, permanent UPN, CCIS record ID, e-mail address if the names agree, name and date of birth if exactly
one fits. Whatever contradicts is a problem and not a merge. Who has none of these keys is found by name, postcode and
provider, for else the same sheet sent twice would make everybody twice.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from core.rules.addresses import address_key
from core.rules.text import folded
from core.rules.ucas.columns import Column
from core.rules.ucas.identifiers import is_temporary
from core.rules.ucas.problems import Fault, Problem, problem
from core.rules.ucas.values import LearnerValues


class Key(StrEnum):
    """Strongest first."""

    ULN = "uln"
    UPN = "upn"
    CCIS = "ccis"
    EMAIL = "email"
    PERSON = "person"


_encode: Final = msgspec.msgpack.Encoder().encode
_KINDS: Final = ("uln", "upn", "ccis", "person", "place", "content", "feed learner", "feed run")
_IDENTIFIERS: Final = (Key.ULN, Key.UPN, Key.CCIS)
_COLUMNS: Final = {
    Key.ULN: Column.ULN, Key.UPN: Column.UPN, Key.CCIS: Column.CCIS, Key.EMAIL: Column.EMAIL,
    Key.PERSON: Column.LAST_NAME,
}  # fmt: skip


class Keys(NamedTuple):
    """What a learner is found by, hashed; an address as its key. None: the row does not say."""

    uln_hash: bytes | None
    upn_hash: bytes | None
    ccis_hash: bytes | None
    email_key: str | None
    person_hash: bytes | None


class Known(Struct, frozen=True):
    """A learner who may be meant."""

    learner_id: int
    values: LearnerValues
    is_foreign: bool
    """Of a provider whose learners the sender may not manage."""
    is_removed: bool = False


class Hasher:
    """``key``: the organisation's own. Without it nobody can try all ten-digit numbers."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        # With the key in them: to begin anew costs as much as all the rest.
        self._begun = {kind: blake2b(key=key, digest_size=16, person=kind.encode()) for kind in _KINDS}

    def __call__(self, kind: str, *parts: str | None) -> bytes:
        hashed = self._begun[kind].copy()
        # Encoded with their lengths: no two lists of parts read alike.
        hashed.update(_encode(parts))
        return hashed.digest()

    def keys(self, values: LearnerValues) -> Keys:
        upn = values.upn if values.upn and not is_temporary(values.upn) else None
        return Keys(
            self("uln", values.uln) if values.uln else None,
            self("upn", upn) if upn else None,
            self("ccis", values.ccis) if values.ccis else None,
            address_key(values.email) if values.email else None,
            self._person(values),
        )

    def _person(self, values: LearnerValues) -> bytes:
        if values.dob:
            return self("person", *_names(values), values.dob)
        return self("place", *_names(values), values.postcode, values.ukprn)

    def content(self, values: LearnerValues, academic_year: int | None) -> bytes:
        """Alike for two who do not differ in any column."""
        # The last one is how the year group was spelt.
        return self("content", str(academic_year), *values[:-1])


def find_match(values: LearnerValues, candidates: Mapping[Key, Sequence[Known]]) -> tuple[Known, Key] | Problem | None:
    """None: nobody known yet."""
    fitting = [(learner, key) for key in _IDENTIFIERS for learner in candidates.get(key, ())]
    fitting += [
        (learner, Key.EMAIL) for learner in candidates.get(Key.EMAIL, ()) if _names(learner.values) == _names(values)
    ]
    fitting = fitting or [(learner, Key.PERSON) for learner in candidates.get(Key.PERSON, ())]
    if not fitting:
        return None
    learner, key = fitting[0]
    others = [other for other, _ in fitting if other.learner_id != learner.learner_id]
    if others:
        return _unsure(values, learner, others, fitting)
    return _objection(values, learner, key) or (learner, key)


def _unsure(
    values: LearnerValues, first: Known, others: Sequence[Known], fitting: Sequence[tuple[Known, Key]]
) -> Problem:
    key = fitting[0][1]
    names = {other.learner_id: named(other) for other in (first, *others)}
    fault = Fault.MATCH_SEVERAL if len({each for _, each in fitting}) == 1 else Fault.MATCH_CONFLICT
    return problem(fault, _COLUMNS[key], _value(values, key), learners=" and ".join(names.values()))


def _objection(values: LearnerValues, learner: Known, key: Key) -> Problem | None:
    column, value = _COLUMNS[key], _value(values, key)
    if learner.is_foreign:
        return problem(Fault.MATCH_NOT_GRANTED, column, value)
    stronger = _IDENTIFIERS[: _IDENTIFIERS.index(key)] if key in _IDENTIFIERS else _IDENTIFIERS
    for each in stronger:
        ours, theirs = _value(values, each), _value(learner.values, each)
        if ours and theirs and ours != theirs and not (each is Key.UPN and _is_passing(ours, theirs)):
            words = {"learner": named(learner), "other": _COLUMNS[each].value}
            return problem(Fault.MATCH_CONTRADICTS, _COLUMNS[each], ours, **words)
    if key in _IDENTIFIERS and _is_somebody_else(values, learner.values):
        return problem(Fault.MATCH_OTHER_PERSON, column, value, learner=named(learner))
    return None


def _is_passing(*upns: str) -> bool:
    """A temporary one gives way to another."""
    return any(map(is_temporary, upns))


def _is_somebody_else(values: LearnerValues, known: LearnerValues) -> bool:
    """Neither the last name nor the date of birth is the same, and both are known."""
    is_other_name = folded(values.last_name or "") != folded(known.last_name or "")
    return is_other_name and bool(values.dob and known.dob) and values.dob != known.dob


def _names(values: LearnerValues) -> tuple[str, str]:
    return folded(values.first_name or ""), folded(values.last_name or "")


def _value(values: LearnerValues, key: Key) -> str:
    by_key = {
        Key.ULN: values.uln, Key.UPN: values.upn, Key.CCIS: values.ccis, Key.EMAIL: values.email,
        Key.PERSON: values.last_name,
    }  # fmt: skip
    return by_key[key] or ""


def named(learner: Known) -> str:
    """Nobody hears the name of a learner whom they may not see."""
    if learner.is_foreign:
        return "a learner of another provider"
    if learner.is_removed:
        return "a learner who was removed"
    return f"{learner.values.first_name} {learner.values.last_name}"
