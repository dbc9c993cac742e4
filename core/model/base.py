"""The mapped base classes."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Enum, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from core.database import Id, UtcDateTime, metadata


def closed_set(members: type[StrEnum], name: str = "") -> Enum:
    """Stored as text with a CHECK: the database refuses a word that the code does not know.

    ``name``: of the CHECK, where a table has several columns of the set.
    """
    return Enum(
        members,
        native_enum=False,
        create_constraint=True,
        name=name or members.__name__.lower(),
        values_callable=lambda kind: [member.value for member in kind],
        length=24,
    )


class Base(DeclarativeBase):
    metadata = metadata
    type_annotation_map: ClassVar[dict[type, TypeEngine[object]]] = {datetime: UtcDateTime()}  # type: ignore[dict-item]  # A decorator is no TypeEngine to mypy.


class OrganisationOwned:
    """Rows of one organisation. Reached through ``core.access`` only, which scopes every statement to it.

    No index of its own: as every statement names it, a planner without statistics would take that index before the
    one that finds three rows. What is listed by organisation has an index that begins with it.
    """

    organisation_id: Mapped[int] = mapped_column(Id, ForeignKey("organisation.id"))
