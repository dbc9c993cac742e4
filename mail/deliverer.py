"""What the worker is handed for e-mail: letters loaded and rendered by the chunk, sent by the few."""

from collections.abc import Sequence

from core.app import App
from core.context import System
from core.letters import Loaded, Outcome
from core.usecases.letters import LoadLetters, load_letters
from mail.rendering import Mail, render
from mail.transport import Mailer, UnconfiguredMailer

_SYSTEM = System()


class MailDeliverer:
    """``width``: how many mails one chunk may have on their way, so that all slots together fill the connections."""

    def __init__(self, mailer: Mailer | UnconfiguredMailer, *, width: int) -> None:
        self.width = width
        self._mailer = mailer

    def load(self, app: App, message_ids: Sequence[int]) -> Loaded[Mail]:
        loaded = app.read(load_letters, LoadLetters(tuple(message_ids)), _SYSTEM)
        now = app.clock()
        mails = (render(letter, app.settings, app.links, now=now) for letter in loaded.letters)
        return Loaded({mail.message_id: mail for mail in mails}, loaded.unworthy_ids, loaded.confirmation_ids)

    def send(self, items: Sequence[Mail]) -> list[Outcome]:
        return self._mailer.send(items)
