"""What was written to Usher, and, at rest, what became of it: in the mailbox, in the database, at the mail server.

given up  begun three times and never ended, so it was put aside, and the operator told
lost    not settled, not filed, not answered, or an invited person without an invitation
dup     done twice: a second row, filed twice, a second answer, a second mail to an invited person
early   filed, and not settled
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field
from sqlalchemy import func, select

from bench.sinks import Accepted
from core.app import App
from core.context import System
from core.model import InboundMessage, Invitation, MailAnswer
from core.words import MailState
from mail.inbox.connection import Folder
from tests.servers.dovecot import Dovecot

# While thousands of messages are moved, the server answers nobody else.
_PATIENCE_SECONDS: Final = 120
_REF: Final = re.compile(rb"(?i)message-id:\s*(<[^>]+>)")


class Written(Struct):
    """By Message-ID: who wrote it, and whom it invites (empty: nobody)."""

    senders: dict[str, str] = {}
    invited: dict[str, str] = {}
    copies: Counter[str] = field(default_factory=Counter)
    """Delivered again: each is filed, and nothing else is done with it."""

    def note(self, ref: str, sender: str, invited: str = "") -> None:
        self.senders[ref] = sender
        if invited:
            self.invited[ref] = invited

    def without(self, refs: Collection[str]) -> "Written":
        return Written(
            {ref: sender for ref, sender in self.senders.items() if ref not in refs},
            {ref: address for ref, address in self.invited.items() if ref not in refs},
            self.copies,
        )


class Accounted(Struct, frozen=True):
    lost: int
    dup: int
    given_up: int
    most_answers: int
    """To one message."""
    states: Mapping[str, int]


def account(
    app: App,
    dovecot: Dovecot,
    written: Written,
    accepted: Sequence[Accepted],
    *,
    listened: Collection[str] = (),
) -> Accounted:
    """Where no message was to be held, ignored or failed, and all answers have gone out.

    ``listened``: what came by the listener, so there is nothing to file.
    """
    states = settled(app)
    given_up = [ref for ref in written.senders if states.get(ref) is MailState.FAILED]
    written = written.without(given_up)
    rows = app.read(lambda ctx, _: Counter(ctx.session.scalars(select(InboundMessage.message_ref))), None, System())
    filed, waiting = filed_in(dovecot, Folder.PROCESSED), filed_in(dovecot, "INBOX")
    answers = app.read(lambda ctx, _: _answers(ctx.session), None, System())
    mailed = Counter(each.recipient for each in accepted)
    expected = Counter(written.senders.values()) + Counter(written.invited.values())
    invitations = app.read(lambda ctx, _: Counter(ctx.session.scalars(select(Invitation.address_key))), None, System())
    expected_invitations = Counter(written.invited.values())
    refs = Counter(dict.fromkeys(written.senders, 1))
    ours = Counter({address: count for address, count in invitations.items() if address in expected_invitations})
    pairs = [(refs, rows), (refs, answers), (expected, _of(mailed, expected)), (expected_invitations, ours)]
    unsettled = sum(states.get(ref) is not MailState.PROCESSED for ref in written.senders)
    to_file = Counter({ref: 1 for ref in refs if ref not in listened})
    missing = (to_file - filed).total() + sum((wanted - got).total() for wanted, got in pairs)
    doubled = (_of(filed, refs) - refs - written.copies).total()
    return Accounted(
        lost=unsettled + waiting.total() + missing,
        dup=doubled + sum((_of(got, wanted) - wanted).total() for wanted, got in pairs),
        given_up=len(given_up),
        most_answers=max(answers.values(), default=0),
        states=Counter(state.value for state in states.values()),
    )


def _of(got: Counter[str], wanted: Mapping[str, int]) -> Counter[str]:
    return Counter({name: count for name, count in got.items() if name in wanted})


def settled(app: App) -> dict[str, MailState]:
    query = select(InboundMessage.message_ref, InboundMessage.state)
    return app.read(lambda ctx, _: {row[0]: row[1] for row in ctx.session.execute(query)}, None, System())


def early(app: App, dovecot: Dovecot) -> int:
    """Filed and not settled. The folder is looked at first: what is settled meanwhile does not count."""
    filed = filed_in(dovecot, Folder.PROCESSED)
    states = settled(app)
    return sum(states.get(ref) is not MailState.PROCESSED for ref in filed)


def filed_in(dovecot: Dovecot, folder: str) -> Counter[str]:
    """Message-IDs; empty where there is no such folder."""
    connection = dovecot.login(seconds=_PATIENCE_SECONDS)
    try:
        status, told = connection.select(folder, readonly=True)
        # An empty folder has no first message.
        if status != "OK" or told[0] in (None, b"0"):
            return Counter()
        return Counter(_refs(connection.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]))
    finally:
        connection.logout()


def count_in(dovecot: Dovecot, folder: str) -> int:
    connection = dovecot.login(seconds=_PATIENCE_SECONDS)
    try:
        return int(connection.select(folder, readonly=True)[1][0] or 0)
    finally:
        connection.logout()


def _refs(told: Iterable[object]) -> Iterable[str]:
    for each in told:
        found = _REF.search(each[1]) if isinstance(each, tuple) else None
        if found is not None:
            yield found[1].decode()


def _answers(session: object) -> Counter[str]:
    query = (
        select(InboundMessage.message_ref, func.count())
        .join(MailAnswer, MailAnswer.inbound_id == InboundMessage.id)
        .group_by(InboundMessage.message_ref)
    )
    return Counter({row[0]: row[1] for row in session.execute(query)})  # type: ignore[attr-defined]  # A session.
