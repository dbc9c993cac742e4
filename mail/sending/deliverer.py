"""What the worker is handed for e-mail: letters loaded and rendered by the chunk, sent by the few."""

import logging
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from core.app import App
from core.context import System
from core.errors import Unavailable
from core.import_reports import with_reports
from core.letters import AnswerLetter, Letter, Loaded, Outcome, Verdict
from core.usecases.messages.letters import LoadLetters, load_letters
from mail.sending.rendering import Mail, render

_SYSTEM = System()
_log = logging.getLogger("usher.mail")


class Unrendered(Struct, frozen=True):
    """A letter that could not be put into words, which must not take its chunk down. ``reference`` is of our mistake;
    empty where there was only no room to make its files.
    """

    message_id: int
    reference: str


class Sender(Protocol):
    """``Mailer``, ``UnconfiguredMailer``; a ledger in tests."""

    def send(self, mails: Sequence[Mail]) -> list[Outcome]: ...


class MailDeliverer:
    """``width``: how many mails one chunk may have on their way, so that all slots together fill the connections."""

    def __init__(self, mailer: Sender, *, width: int) -> None:
        self.width = width
        self._mailer = mailer

    def load(self, app: App, message_ids: Sequence[int]) -> Loaded[Mail | Unrendered]:
        loaded = app.read(load_letters, LoadLetters(tuple(message_ids)), _SYSTEM)
        mails = [_rendered(app, letter) for letter in loaded.letters]
        return Loaded({mail.message_id: mail for mail in mails}, loaded.unworthy_ids, loaded.confirmation_ids)

    def send(self, items: Sequence[Mail | Unrendered]) -> list[Outcome]:
        """An unrendered letter is tried again like any other, and given up with its reference."""
        broken = [item for item in items if isinstance(item, Unrendered)]
        outcomes = [Outcome(item.message_id, Verdict.LATER, _detail(item)) for item in broken]
        return outcomes + self._mailer.send([item for item in items if isinstance(item, Mail)])


def _detail(item: Unrendered) -> str:
    return f"our mistake {item.reference}" if item.reference else "too busy to make its files"


def _rendered(app: App, letter: Letter) -> Mail | Unrendered:
    try:
        return rendered(app, letter)
    except Unavailable:
        # No child process can be started just now, or the database is away: soon, then.
        return Unrendered(letter.head.message_id, "")
    except Exception:
        reference = app.tokens.reference()
        _log.exception(
            "a letter cannot be rendered", extra={"message_id": letter.head.message_id, "reference": reference}
        )
        return Unrendered(letter.head.message_id, reference)


def rendered(app: App, letter: Letter) -> Mail:
    """With the files that go with it, which are made now. Raises Busy."""
    if not isinstance(letter, AnswerLetter):
        return render(letter, app.settings, app.links, now=app.clock())
    filled, files = with_reports(app, letter)
    return render(filled, app.settings, app.links, now=app.clock(), files=files)
