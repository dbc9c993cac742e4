"""The inputs of the learners' forms."""

from msgspec import Struct
from msgspec.structs import replace

from core.errors import NameMissing
from core.rules.policy import NAME_CHARACTERS
from core.rules.text import clean_name


class Field(Struct, frozen=True):
    id: str
    label: str
    autocomplete: str
    value: str
    characters: int = NAME_CHARACTERS
    problem: str = ""
    kind: str = "text"
    """The input's type."""

    def checked(self) -> "Field":
        """A name of which nothing is left when it is cleaned is missing."""
        is_there = bool(clean_name(self.value, NAME_CHARACTERS))
        return self if is_there else replace(self, problem=NameMissing(part=self.label.lower()).message)


def name_fields(first_name: str, last_name: str) -> tuple[Field, ...]:
    return (
        Field("first_name", "First name", "given-name", first_name),
        Field("last_name", "Last name", "family-name", last_name),
    )
