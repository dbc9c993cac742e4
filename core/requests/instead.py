"""What was meant where no verb or run is called so, or no number was given: the same request with the nearest word."""

from dataclasses import dataclass

from core.errors import BatchNotChosen, RunNotFound, UnknownVerb, UsherError
from core.requests.language import first_word


@dataclass(frozen=True, slots=True)
class Instead:
    """``word`` is what takes the place of the wrong one; ``text`` the whole request, to be read anew."""

    word: str
    text: str


def instead_of(text: str, error: UsherError) -> tuple[Instead, ...]:
    """The likeliest first; none where the error knows of none, or is about a word that stands nowhere in the text."""
    if isinstance(error, UnknownVerb) and error.values["nearest"]:
        nearest = str(error.values["nearest"])
        return (Instead(nearest, f"{nearest} {first_word(text)[1]}".strip()),)
    if isinstance(error, RunNotFound):
        return _with_run(text, error.run, error.nearest)
    if isinstance(error, BatchNotChosen):
        return tuple(Instead(number, f"{first_word(text)[0]} {number}") for number in error.nearest)
    return ()


def _with_run(text: str, wrong: str, nearest: tuple[str, ...]) -> tuple[Instead, ...]:
    """The run stands behind the verb, in every request that names one."""
    verb, rest = first_word(text)
    first, tail = first_word(rest)
    if first.strip(",;:").casefold() != wrong.casefold():
        return ()
    return tuple(Instead(run, f"{verb} {run} {tail}".strip()) for run in nearest)
