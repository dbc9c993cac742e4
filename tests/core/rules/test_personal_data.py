"""What is known to be personal is all that the schema could hold of a person."""

from collections.abc import Iterator

from sqlalchemy import Enum, LargeBinary, String

from core.database import metadata
from core.model import Base
from core.rules.personal_data import NOBODY, PERSONAL

assert Base.metadata is metadata


def texts() -> Iterator[str]:
    """Columns that could hold anything; a closed set cannot."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, String | LargeBinary) and not isinstance(column.type, Enum):
                yield f"{table.name}.{column.name}"


def test_every_column_of_text_or_bytes_is_declared() -> None:
    undeclared = [name for name in texts() if name not in PERSONAL and not {name, name.partition(".")[0]} & set(NOBODY)]

    assert undeclared == []


def test_nothing_is_declared_twice_or_is_gone() -> None:
    tables, columns = set(metadata.tables), {f"{t.name}.{c.name}" for t in metadata.tables.values() for c in t.columns}

    assert set(PERSONAL) <= columns
    assert set(NOBODY) <= tables | columns
    assert not set(PERSONAL) & set(NOBODY)
    assert not {name.partition(".")[0] for name in PERSONAL} & set(NOBODY)
