"""Hostile and broken mail of our own making, each message with what must come of it.

It is made rather than stored, so that each message says in its name and its few lines what is wrong with it.
"""

from collections.abc import Iterator

from tests.mail.corpus.addressing import addressing
from tests.mail.corpus.case import Case
from tests.mail.corpus.files import files
from tests.mail.corpus.floods import floods
from tests.mail.corpus.replies import replies
from tests.mail.corpus.structures import structures
from tests.mail.corpus.texts import texts


def everyday() -> Iterator[Case]:
    """What is small."""
    for cases in (addressing, texts, replies, files, structures):
        yield from cases()


def corpus() -> Iterator[Case]:
    yield from everyday()
    yield from floods()
