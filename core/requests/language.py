"""What a request is made of, and the small pieces that every parser reads with."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from msgspec import Struct

from core.context import Context
from core.errors import RunNotChosen
from core.verbs import WORDS, VerbWords
from core.words import Role


class Mode(StrEnum):
    READ = "read"
    RUN = "run"


class Asker(StrEnum):
    """Who may ask: a staff member, or somebody who is about to become known."""

    STAFF = "staff"
    VISITOR = "visitor"


Parser = Callable[[str], Any]
UseCase = Callable[[Context, Any], Any]
OtherUseCases = dict[type, tuple[UseCase, Mode]]
"""Of commands that several verbs lead to, or that a verb's parser makes besides its own."""


class Verb(VerbWords, frozen=True):
    mode: Mode
    asker: Asker
    parse: Parser
    usecase: UseCase


class ComposeInvitation(Struct, frozen=True):
    """``invite`` with too little to go on: a door with forms opens one with what there is, others explain."""

    run: str
    addresses: str


class ComposeStaffInvitation(Struct, frozen=True):
    """``staff invite`` with too little to go on. ``role`` empty: not chosen yet."""

    email: str
    role: Role | None
    first_name: str
    last_name: str
    providers: tuple[str, ...]


class ComposeLearner(Struct, frozen=True):
    """``learners create``: one learner is filled in."""

    first_name: str = ""
    last_name: str = ""


Form = ComposeInvitation | ComposeStaffInvitation | ComposeLearner
"""What a door with forms opens, and others explain."""


class Help(Struct, frozen=True):
    """Of one verb, or of the verbs of a topic (``core.verbs``); of neither: what a newcomer needs first."""

    verb: str = ""
    topic: str = ""


class Request(Struct, frozen=True):
    verb: Verb
    command: Any


def verb(name: str, mode: Mode, asker: Asker, parse: Parser, usecase: UseCase) -> Verb:
    words = WORDS[name]
    return Verb(words.name, words.usage, words.summary, words.examples, mode, asker, parse, usecase)


def run_and_rest(rest: str) -> tuple[str, str]:
    first, tail = first_word(rest)
    if "@" in first or first.startswith(('"', "<")):
        return "", rest
    return first.strip(",;:"), tail


def run_and_address(rest: str, verb: str) -> tuple[str, str]:
    run, address = run_and_rest(rest)
    if not run or not address:
        raise RunNotChosen(verb=verb)
    return run, bare_address(address)


def first_word(text: str) -> tuple[str, str]:
    """Spaces, tabs and line breaks part words alike: in an e-mail the addresses may begin on the next line."""
    words = [*text.split(maxsplit=1), "", ""]
    return words[0], words[1].strip()


def bare_address(word: str) -> str:
    """Slack makes ``<mailto:a@b|a@b>`` of an address."""
    return word.removeprefix("<mailto:").split("|")[0].strip("<>")
