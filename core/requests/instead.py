"""What was meant where no verb, run or learner is called so, or several are: the same request with the right word."""

import re

from msgspec import Struct

from core.errors import (
    BatchNotChosen,
    LearnerNotFound,
    LearnerUnclear,
    RunNotFound,
    RunOrLearnerNotFound,
    UnknownVerb,
    UsherError,
)
from core.requests.language import first_word


class Instead(Struct, frozen=True):
    """``word`` says what takes the place of the wrong one; ``text`` is the whole request, to be read anew."""

    word: str
    text: str


def instead_of(text: str, error: UsherError) -> tuple[Instead, ...]:
    """The likeliest first; none where the error knows of none, or is about a word that stands nowhere in the text."""
    if isinstance(error, UnknownVerb) and error.values["nearest"]:
        nearest = str(error.values["nearest"])
        rest = first_word(text)[1]
        # Out of a sentence the verb alone is meant: what stands around it is prose.
        return (Instead(nearest, nearest if nearest in rest.casefold().split() else f"{nearest} {rest}".strip()),)
    if isinstance(error, RunNotFound):
        return _with_run(text, error.run, error.nearest)
    if isinstance(error, BatchNotChosen):
        return tuple(Instead(number, f"{first_word(text)[0]} {number}") for number in error.nearest)
    if isinstance(error, LearnerUnclear | LearnerNotFound):
        return _with_learner(text, error.who, error.choices, error.run)
    if isinstance(error, RunOrLearnerNotFound):
        runs = _with_run(text, first_word(error.who)[0], error.runs)
        return (*runs, *_with_learner(text, error.who, error.choices))
    return ()


def _with_run(text: str, wrong: str, nearest: tuple[str, ...]) -> tuple[Instead, ...]:
    """The run stands behind the verb, in every request that names one."""
    verb, rest = first_word(text)
    first, tail = first_word(rest)
    if first.strip(",;:").casefold() != wrong.casefold():
        return ()
    return tuple(Instead(run, f"{verb} {run} {tail}".strip()) for run in nearest)


def _with_learner(text: str, wrong: str, choices: tuple[tuple[str, str], ...], run: str = "") -> tuple[Instead, ...]:
    """They stand behind the verb, or behind the run where one is named; what follows them stays."""
    head, rest = first_word(text)
    if run:
        named, rest = first_word(rest)
        head = f"{head} {named}"
    pattern = r"\s+".join(map(re.escape, wrong.split()))
    typed = re.search(rf"(?<!\S)[\"“]?{pattern}[\"”]?(?![^\s,;:])", rest, re.IGNORECASE)
    if not pattern or typed is None:
        return ()
    before, after = f"{head} {rest[: typed.start()]}".strip(), rest[typed.end() :].lstrip(",;:")
    return tuple(Instead(name, f"{before} {word} {after.strip()}".strip()) for name, word in choices)
