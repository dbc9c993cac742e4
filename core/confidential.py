"""What no log, error report or test's output may show."""

from msgspec import Struct


class Confidential(Struct, frozen=True):
    """A value with a secret or somebody's words in it: its ``repr`` is the name of its class and nothing else."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"
