"""Whoever holds a shared link joins by it.

    join --------------------------------> on the run          (a welcome mail)
      +-- the link wants confirmed addresses --> a mail with a button     (``join_requests``)
      +-- the address has a tag (ada+1@), or its learner was removed or had left --> likewise

1. The answers are the same whether an address is known here or not: but whoever was removed
   is asked to confirm, so that nobody else brings them back.
2. Whoever presses twice is told the same, even where theirs was the last place.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, select

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.model import CourseRun, Enrolment, LearnerAddress
from core.queries import Query
from core.rules.addresses import Address
from core.rules.policy import SAME_PRESS
from core.usecases.links.confirmation_mails import ask_to_confirm
from core.usecases.links.demands import (
    closed,
    may_join_at_once,
    require_domain,
    require_open,
    typed_address,
    typed_names,
)
from core.usecases.links.enrolling import Joiner, ProofWanted, Way, enrol
from core.usecases.links.letting_in import hold_cap, let_in
from core.usecases.links.states import LinkNow, held_link
from core.words import JoinedBy, SharedLinkState


class JoinByLink(Struct, frozen=True):
    """As typed."""

    token: str
    first_name: str
    last_name: str
    address: str


class JoinedByLink(Struct, frozen=True):
    """The same for somebody new, somebody known and somebody who pressed twice."""

    run: RunCard
    organisation: str
    address: str


class ConfirmationMailed(Struct, frozen=True):
    """So the page says; no mail goes to an address that must not be written to, or too often."""

    organisation: str
    course_title: str
    address: str


def join_by_link(ctx: Context, command: JoinByLink) -> JoinedByLink | ConfirmationMailed:
    """Raises SharedLinkClosed, NameMissing, AddressInvalid, DomainNotAllowed: nothing has changed then."""
    target = access.shared_link_by_link(ctx, command.token)
    hold_cap(ctx, target.id)
    now = held_link(ctx, target)
    # Where addresses are confirmed, this answer never tells who is on the course.
    require_open(now, *(() if now.link.must_confirm else (SharedLinkState.FULL,)))
    first, last = typed_names(command.first_name, command.last_name)
    address = typed_address(command.address)
    # Only for a few minutes: a full link must not tell for ever who is on the course.
    if now.state is SharedLinkState.FULL:
        return joined_before(ctx, now, address, since=ctx.now - SAME_PRESS)
    require_domain(now.link, address)
    if may_join_at_once(now.link, address):
        try:
            return join(ctx, now, first, last, address, is_proven=False)
        except ProofWanted:
            pass
    ask_to_confirm(ctx, now.link, first, last, address)
    return ConfirmationMailed(now.organisation, now.course.title, address.address)


def join(
    ctx: Context, now: LinkNow, first_name: str, last_name: str, address: Address, *, is_proven: bool
) -> JoinedByLink:
    """The caller has found the link open. Raises ProofWanted."""
    if now.run is None:
        raise closed(SharedLinkState.WAITING)
    joiner = Joiner(now.link.provider_id, address.address, address.key, first_name, last_name)
    enrolled = enrol(ctx, now.run, joiner, way_by(now, is_proven=is_proven))
    let_in(ctx, now.link, now.run, [(joiner, enrolled)])
    return JoinedByLink(run_card(now.run), now.organisation, address.address)


def way_by(now: LinkNow, *, is_proven: bool) -> Way:
    agreement_id = now.agreement.id if now.agreement is not None else None
    return Way(JoinedBy.SHARED_LINK, agreement_id, now.link.id, is_proven)


def joined_before(ctx: Context, now: LinkNow, address: Address, *, since: datetime) -> JoinedByLink:
    """Whoever has joined by this link hears so again, even where theirs was the last place. Raises SharedLinkClosed."""
    joined = joined_since(ctx, now, [address], since)
    if not joined:
        raise closed(now.state)
    return joined[address.key]


# Without mapped objects: the second press of a whole school comes here. And by address alone, for each has few rows:
# asked for the link as well, SQLite looks through all who have joined by it (seen in its plan).
_ENROLMENTS = Query(
    select(
        LearnerAddress.address_key,
        Enrolment.run_id,
        Enrolment.shared_link_id,
        Enrolment.enrolled_at,
        Enrolment.left_at,
    )
    .join(Enrolment, Enrolment.learner_id == LearnerAddress.learner_id)
    .where(LearnerAddress.address_key.in_(bindparam("keys", expanding=True)))
    .order_by(Enrolment.enrolled_at)
)


def joined_since(ctx: Context, now: LinkNow, addresses: Sequence[Address], since: datetime) -> dict[str, JoinedByLink]:
    """By address key. Of several joins of one learner, by a link of an open course, the newest counts."""
    as_written = {address.key: address.address for address in addresses}
    run_ids = {
        row.address_key: row.run_id
        for row in _ENROLMENTS.run(ctx, keys=list(as_written))
        if row.shared_link_id == now.link.id and row.enrolled_at >= since and row.left_at is None
    }
    cards = {run_id: run_card(_run(ctx, now, run_id)) for run_id in set(run_ids.values())}
    return {key: JoinedByLink(cards[run_id], now.organisation, as_written[key]) for key, run_id in run_ids.items()}


def _run(ctx: Context, now: LinkNow, run_id: int) -> CourseRun:
    return now.run if now.run is not None and now.run.id == run_id else access.joined_run(ctx, run_id)
