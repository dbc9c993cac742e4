"""What every expected failure is, and the families that doors map."""

from typing import ClassVar


class UsherError(Exception):
    """An expected failure. Whenever one is raised, the transaction is rolled back: nothing has changed."""

    code: ClassVar[str] = "usher_error"
    wording: ClassVar[str] = "That did not work."
    advice: ClassVar[str] = ""
    field: ClassVar[str | None] = None

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return self.wording.format(**self.values)

    @property
    def hint(self) -> str:
        return self.advice.format(**self.values)


class InvalidRequest(UsherError):
    code = "invalid_request"


class NotAllowed(UsherError):
    code = "not_allowed"


class NotFound(UsherError):
    code = "not_found"


class Conflict(UsherError):
    code = "conflict"


class LimitExceeded(UsherError):
    code = "limit_exceeded"


class Unavailable(UsherError):
    code = "unavailable"
