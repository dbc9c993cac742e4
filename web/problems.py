"""What went wrong, as a page: the core's errors by their family, and the few that only a web door knows.

InvalidRequest 400 · NotAllowed 403 · NotFound 404 · Conflict 409 · LimitExceeded 429 · Unavailable 503
"""

from collections.abc import Mapping

from msgspec import Struct

from core.errors import Conflict, InvalidRequest, LimitExceeded, NotAllowed, NotFound, Unavailable, UsherError

FAMILIES: dict[type[UsherError], int] = {
    InvalidRequest: 400,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    LimitExceeded: 429,
    Unavailable: 503,
}
_NOTHING_CHANGED = "Nothing was changed."
# Long enough for a lock to go away, short enough for somebody who waits.
_BUSY_SECONDS = 5


class Problem(Struct, frozen=True):
    status: int
    title: str
    text: str
    reference: str = ""
    """For an unexpected error: the number under which the log has the rest."""
    headers: Mapping[str, str] = {}


def problem_of(error: UsherError) -> Problem:
    status = next((status for family, status in FAMILIES.items() if isinstance(error, family)), 400)
    headers = {"Retry-After": str(_BUSY_SECONDS)} if status == 503 else {}
    return Problem(status, error.message, error.hint, headers=headers)


def too_often(seconds: int) -> Problem:
    wait = "1 second" if seconds == 1 else f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
    return Problem(
        429,
        "That was very often in a short time.",
        f"{_NOTHING_CHANGED} Please wait {wait} and try again.",
        headers={"Retry-After": str(seconds)},
    )


def unexpected(reference: str) -> Problem:
    return Problem(
        500,
        "Something went wrong on our side.",
        "It was not your fault. Please try again in a moment. If it happens again, tell the people who invited you "
        "this number:",
        reference,
    )


def of_status(status: int, headers: Mapping[str, str] | None) -> Problem:
    title, text = _BY_STATUS.get(status, _UNREADABLE)
    return Problem(status, title, text, headers=dict(headers or {}))


_UNREADABLE = ("We could not read what was sent.", f"{_NOTHING_CHANGED} Please go back and try again.")
_BY_STATUS = {
    404: ("There is no page here.", "Open the newest e-mail again and press its button."),
    405: ("This page cannot do that.", f"{_NOTHING_CHANGED} Open the link in your e-mail again."),
}

NOT_OUR_PAGE = Problem(
    403,
    "This did not come from our page.",
    f"{_NOTHING_CHANGED} Open the link in your e-mail again and press the button there.",
)
# The rest of the body is not read, so the connection cannot be used again.
TOO_LARGE = Problem(
    413,
    "That is too much text.",
    f"{_NOTHING_CHANGED} Please go back and make it shorter.",
    headers={"Connection": "close"},
)
