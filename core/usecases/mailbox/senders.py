"""Who has the address that a message is from, for whom they work, and how much was asked and answered lately.

What was too much for one hour is held, and goes on by itself in the next (``resume_waiting``), the oldest first: a
request counts in the hour in which it is done, not in which it came.
"""

from datetime import timedelta
from typing import ClassVar, cast

from msgspec import Struct
from sqlalchemy import Table, and_, bindparam, func, or_, select, update

from core import access
from core.context import Assurance, Context
from core.model import InboundMessage, Mailbox
from core.queries import Query
from core.rules.policy import MAIL_COMMANDS_AN_HOUR, MAIL_COMMANDS_AN_HOUR_ORGANISATION, MAIL_LIFE
from core.rules.text import folded
from core.usecases.mailbox.settling import RECEIVED_ANEW
from core.words import MailRule, MailState

_HOUR = timedelta(hours=1)


class FindSender(Struct, frozen=True):
    """``keys``: of the addresses in From. ``slug``: of the organisation that was written to; empty: none was named."""

    keys: tuple[str, ...]
    slug: str = ""


class SenderFound(Struct, frozen=True):
    """Of several the chosen one stands first: by the organisation written to, or the only one they work for."""

    candidates: tuple["Candidate", ...]
    is_chosen: bool
    """False: the one who wrote works for several organisations and named none, or one that is none of theirs."""
    house: tuple[str, ...]
    """The addresses that people write to, of all mailboxes; without an organisation's ``+name``."""


class Candidate(Struct, frozen=True):
    organisation_id: int
    staff_id: int
    slug: str


class NoteSender(Struct, frozen=True):
    """``sender``: the key of the one address in From."""

    is_routine: ClassVar = True

    inbound_id: int
    sender: str
    organisation_id: int
    staff_id: int
    assurance: Assurance


class NoteSenders(Struct, frozen=True):
    """Of several messages, in one commit."""

    is_routine: ClassVar = True

    notes: tuple[NoteSender, ...]


class ResumeWaiting(Struct, frozen=True):
    """Of at most ``limit`` messages."""

    is_routine: ClassVar = True

    limit: int = 2000


class WaitingResumed(Struct, frozen=True):
    inbound_ids: tuple[int, ...]


class SenderNoted(Struct, frozen=True):
    """What was asked by e-mail within the hour before."""

    asked_by_sender: int
    asked_by_organisation: int


class SendersNoted(Struct, frozen=True):
    """In the same order."""

    notes: tuple[SenderNoted, ...]


_ROWS = cast(Table, InboundMessage.__table__)
_NOTE = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("inbound_id"), _ROWS.c.state == MailState.RECEIVED)
    .values(
        sender=bindparam("noted_as"),
        organisation_id=bindparam("organisation"),
        staff_id=bindparam("staff"),
        assurance=bindparam("assured"),
    )
)
# Requests done, and those under way.
_ASKED = Query(
    select(
        func.count().filter(InboundMessage.sender == bindparam("sender")).label("by_sender"),
        func.count().label("by_organisation"),
    ).where(
        InboundMessage.organisation_id == bindparam("organisation"),
        # What is older than the words of any message are kept is done; the index knows no other moment.
        InboundMessage.received_at > bindparam("long_ago"),
        or_(InboundMessage.settled_at.is_(None), InboundMessage.settled_at > bindparam("hour_ago")),
        InboundMessage.id != bindparam("inbound_id"),
        or_(
            InboundMessage.rule == MailRule.REQUEST,
            and_(InboundMessage.state == MailState.RECEIVED, InboundMessage.assurance == Assurance.VERIFIED),
        ),
    )
)
_MAILBOXES = Query(select(Mailbox.address).where(Mailbox.disabled_at.is_(None)))


def find_sender(ctx: Context, command: FindSender) -> SenderFound:
    """Staff who work, in every organisation."""
    access.require_system(ctx)
    rows = access.staff_by_address(ctx, command.keys)
    found = [Candidate(row.organisation_id, row.staff_id, row.slug) for row in rows]
    wanted = folded(command.slug)
    chosen = [each for each in found if each.slug == wanted] if wanted else found
    house = tuple(filter(None, (ctx.settings.mail_inbox, *_MAILBOXES.run(ctx).scalars())))
    if len(chosen) != 1:
        return SenderFound(tuple(found), is_chosen=False, house=house)
    return SenderFound((*chosen, *(each for each in found if each not in chosen)), is_chosen=True, house=house)


def note_sender(ctx: Context, command: NoteSender) -> SenderNoted:
    """On the row, before anything is done; counted in the same transaction, so that of many at once each counts."""
    access.require_system(ctx)
    values = {"noted_as": command.sender, "organisation": command.organisation_id, "staff": command.staff_id}
    access.change_unowned(ctx, _NOTE, {**values, "inbound_id": command.inbound_id, "assured": command.assurance})
    by_sender, by_organisation = _asked(ctx, command)
    return SenderNoted(by_sender, by_organisation)


def note_senders(ctx: Context, command: NoteSenders) -> SendersNoted:
    access.require_system(ctx)
    _take_turns(ctx, {note.organisation_id for note in command.notes})
    return SendersNoted(tuple(note_sender(ctx, each) for each in command.notes))


def _take_turns(ctx: Context, organisation_ids: set[int]) -> None:
    """Else two would count at once, each without the other's, and both take the hour's last place."""
    if ctx.settings.is_sqlite:
        # A writer there has no rival.
        return
    for organisation_id in sorted(organisation_ids):
        # Not the organisation's row: imports keep that for seconds.
        ctx.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("mail"), organisation_id % 2**31)))


def resume_waiting(ctx: Context, command: ResumeWaiting) -> WaitingResumed:
    """As many as their senders may ask now: more would only be held again."""
    access.require_system(ctx)
    query = (
        select(InboundMessage.id, InboundMessage.sender, InboundMessage.organisation_id, InboundMessage.staff_id)
        .where(
            InboundMessage.state == MailState.HELD,
            InboundMessage.rule == MailRule.TOO_MANY,
            InboundMessage.raw.is_not(None),
        )
        .order_by(InboundMessage.received_at, InboundMessage.id)
        .limit(command.limit)
    )
    room: dict[tuple[int, str], int] = {}
    chosen: list[int] = []
    for row in ctx.session.execute(query):
        asker = (row.organisation_id, row.sender)
        if asker not in room:
            room[asker] = _room(ctx, NoteSender(row.id, row.sender, *asker[:1], row.staff_id, Assurance.VERIFIED))
        if room[asker] > 0:
            room[asker] -= 1
            chosen.append(row.id)
    if chosen:
        ctx.session.execute(
            update(InboundMessage)
            .where(InboundMessage.id.in_(chosen), InboundMessage.state == MailState.HELD)
            .values(**RECEIVED_ANEW, detail="")
        )
    return WaitingResumed(tuple(chosen))


def _room(ctx: Context, sender: NoteSender) -> int:
    """How many more of theirs may be done within this hour."""
    by_sender, by_organisation = _asked(ctx, sender)
    return min(MAIL_COMMANDS_AN_HOUR - by_sender, MAIL_COMMANDS_AN_HOUR_ORGANISATION - by_organisation)


def _asked(ctx: Context, command: NoteSender) -> tuple[int, int]:
    row = _ASKED.run(
        ctx,
        sender=command.sender,
        organisation=command.organisation_id,
        long_ago=ctx.now - MAIL_LIFE,
        hour_ago=ctx.now - _HOUR,
        inbound_id=command.inbound_id,
    ).one()
    return row.by_sender, row.by_organisation
