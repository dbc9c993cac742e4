"""A learner asks by e-mail for no more: with a word in a reply, or with the mail that List-Unsubscribe names."""

from itertools import islice
from typing import Final

from core.app import App
from core.context import Door, System
from core.usecases.mailbox.stopping import StopByMail, stop_by_mail
from core.words import MailState
from mail.receiving.asked import MailStop
from mail.reports.stop_words import stop_tokens

_NAMED: Final = 10


def stop(app: App, asked: MailStop) -> MailState:
    return app.run(stop_by_mail, read_stop(asked), System(Door.MAIL)).state


def read_stop(asked: MailStop) -> StopByMail:
    mail = asked.parsed
    tokens = dict.fromkeys(islice(stop_tokens(mail), _NAMED))
    refs = dict.fromkeys(filter(None, (mail.in_reply_to, *mail.references[::-1])))
    return StopByMail(asked.inbound_id, tuple(tokens), tuple(refs)[:_NAMED], asked.sender)
