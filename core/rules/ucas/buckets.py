"""What became of the rows of an import: every row in exactly one bucket."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class Bucket(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    """It repeats an earlier row of its file."""
    PROBLEM = "problem"


class Buckets(Struct, frozen=True, kw_only=True):
    """They add up: ``rows`` is the number of filled rows below the headings."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicate: int = 0
    problem: int = 0

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.duplicate + self.problem

    @classmethod
    def counted(cls, rows: Iterable[Bucket]) -> "Buckets":
        found = Counter(rows)
        return cls(**{bucket.value: found[bucket] for bucket in Bucket})
