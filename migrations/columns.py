"""What the columns and indexes of all revisions are made of.

Revisions that are out stand on this: what is here does not change; something new gets a name of its own.
"""

from typing import Any, Final

import sqlalchemy as sa

# On SQLite only a column of type INTEGER is the row's own key, without a second index.
ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def one_of(name: str, *words: str) -> sa.Enum:
    """Text that a constraint of that name keeps to these words."""
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def only(where: str) -> dict[str, Any]:
    """Of an index: the rows that it is of."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}
