"""What somebody does who holds a shared link: look, and join.

    join --------------------------------> on the run          (a welcome mail)
      +-- the link wants confirmed addresses --> a mail with a button     (``join_requests``)
      +-- the address has a tag (ada+1@), or its learner was removed or had left --> likewise

1. Looking changes nothing. The answers are the same whether an address is known here or not: but whoever was removed
   is asked to confirm, so that nobody else brings them back.
2. At most ``use_cap`` enrolments come by a capped link, whoever presses when: its count is raised by a conditional
   UPDATE, the last statement of the transaction.
3. A join by a link without a cap writes no row of the link. On PostgreSQL it holds a shared advisory lock, for which
   setting a cap waits before it counts.
4. The welcome mail has no job of its own, for a job costs as much as the join; the worker's sweeper finds it within
   half a minute. The mail that confirms an address has one: somebody waits for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, func, select, update

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.errors import AddressInvalid, DomainNotAllowed, NameMissing, SharedLinkClosed
from core.model import (
    CourseRun,
    Enrolment,
    Invitation,
    InvitationBatch,
    LearnerAddress,
    SharedLink,
    StaffMember,
)
from core.outbox import email_row, leave, say, slack_row, touch_scoreboards
from core.queries import Query
from core.rules.addresses import Address, InvalidAddress, parse_address
from core.rules.policy import NAME_CHARACTERS, SAME_PRESS
from core.rules.text import clean_name
from core.usecases.links.confirmation_mails import ask_to_confirm
from core.usecases.links.enrolling import Enrolled, Joiner, ProofWanted, Way, close_invitations, enrol
from core.usecases.links.states import LinkNow, held_link, openings
from core.words import InvitationState, JoinedBy, MessageKind, SharedLinkState


class LookAtLink(Struct, frozen=True):
    token: str


class LinkLookedAt(Struct, frozen=True):
    state: SharedLinkState
    organisation: str
    course_title: str
    run: RunCard | None
    """The run that somebody who joins now gets; there while the link is open."""
    ends_at: datetime
    opens_at: datetime | None
    """While it waits: when the next run begins to take learners, where that is known."""
    time_zone: str
    allowed_domains: tuple[str, ...]
    must_confirm: bool


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


def look_at_link(ctx: Context, command: LookAtLink) -> LinkLookedAt:
    target = access.shared_link_by_link(ctx, command.token)
    return looked_at(ctx, held_link(ctx, target))


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


# --- The link ---------------------------------------------------------------------------------------------


def hold_cap(ctx: Context, link_id: int) -> None:
    """Until this transaction ends nobody sets a cap. A writer on SQLite has no rival."""
    if not ctx.settings.is_sqlite:
        ctx.session.execute(select(func.pg_advisory_xact_lock_shared(link_id)))


def looked_at(ctx: Context, now: LinkNow) -> LinkLookedAt:
    is_waiting = now.state is SharedLinkState.WAITING
    return LinkLookedAt(
        state=now.state,
        organisation=now.organisation,
        course_title=now.course.title,
        run=run_card(now.run) if now.run is not None and now.state is SharedLinkState.OPEN else None,
        ends_at=now.end.at,
        opens_at=openings(ctx, [now]).get(now.link.id) if is_waiting else None,
        time_zone=now.time_zone,
        allowed_domains=now.link.domains,
        must_confirm=now.link.must_confirm,
    )


_STATE_WORDS = {
    SharedLinkState.REVOKED: "is no longer valid: the people who gave it out took it back",
    SharedLinkState.EXPIRED: "is no longer valid: its time is over",
    SharedLinkState.PAUSED: "is paused for the moment",
    SharedLinkState.FULL: "has let in as many people as it may",
    SharedLinkState.WAITING: "leads to a course that takes nobody just now",
}


def require_open(now: LinkNow, *or_else: SharedLinkState) -> None:
    if now.state not in (SharedLinkState.OPEN, *or_else):
        raise _closed(now.state)


def _closed(state: SharedLinkState) -> SharedLinkClosed:
    return SharedLinkClosed(state=_STATE_WORDS[state], next_step="Open the link again to see what you can do.")


# --- What was typed ---------------------------------------------------------------------------------------


def typed_names(first_name: str, last_name: str) -> tuple[str, str]:
    first, last = clean_name(first_name, NAME_CHARACTERS), clean_name(last_name, NAME_CHARACTERS)
    for name, part in ((first, "first name"), (last, "last name")):
        if not name:
            raise NameMissing(part=part)
    return first, last


def typed_address(typed: str) -> Address:
    found = parse_address(typed)
    if isinstance(found, InvalidAddress):
        raise AddressInvalid(nearest=found.suggestion)
    return found


def require_domain(link: SharedLink, address: Address) -> None:
    # Exactly: whoever allows a school's domain has not thought of every host below it.
    if link.domains and domain_of(address.key) not in link.domains:
        raise DomainNotAllowed(domains=" or ".join(f"@{domain}" for domain in link.domains))


def may_join_at_once(link: SharedLink, address: Address) -> bool:
    """One mailbox has as many tags as its owner likes, and each would be another learner and another welcome."""
    return not link.must_confirm and "+" not in address.key


def domain_of(key: str) -> str:
    return key.rpartition("@")[2]


# --- Joining ----------------------------------------------------------------------------------------------


def join(
    ctx: Context, now: LinkNow, first_name: str, last_name: str, address: Address, *, is_proven: bool
) -> JoinedByLink:
    """The caller has found the link open. Raises ProofWanted."""
    if now.run is None:
        raise _closed(SharedLinkState.WAITING)
    joiner = Joiner(now.link.provider_id, address.address, address.key, first_name, last_name)
    enrolled = enrol(ctx, now.run, joiner, way_by(now, is_proven=is_proven))
    let_in(ctx, now.link, now.run, [(joiner, enrolled)])
    return JoinedByLink(run_card(now.run), now.organisation, address.address)


def way_by(now: LinkNow, *, is_proven: bool) -> Way:
    agreement_id = now.agreement.id if now.agreement is not None else None
    return Way(JoinedBy.SHARED_LINK, agreement_id, now.link.id, is_proven)


def let_in(ctx: Context, link: SharedLink, run: CourseRun, joined: Sequence[tuple[Joiner, Enrolled]]) -> None:
    """What follows when they are enrolled. Raises SharedLinkClosed where the last place is gone."""
    _close_invitations(ctx, run, joined)
    new = [(joiner, enrolled) for joiner, enrolled in joined if enrolled.is_new]
    if not new:
        return
    leave(ctx, [_welcome(ctx, joiner, enrolled) for joiner, enrolled in new])
    _tell_of_outside(ctx, link, [joiner.address_key for joiner, _ in new])
    _count_uses(ctx, link, len(new))


# By address alone, for each has few rows: asked for the run or for what is pending as well, SQLite looks through all
# of these (seen in its plan).
_INVITED = Query(
    select(
        Invitation.id,
        Invitation.address_key,
        Invitation.run_id,
        Invitation.state,
        Invitation.replaced_at,
        Invitation.expires_at,
    ).where(Invitation.address_key.in_(bindparam("keys", expanding=True)))
)
_ADDRESSES = Query(
    select(LearnerAddress.address_key, LearnerAddress.learner_id).where(
        LearnerAddress.learner_id.in_(bindparam("learner_ids", expanding=True))
    )
)


def _close_invitations(ctx: Context, run: CourseRun, joined: Sequence[tuple[Joiner, Enrolled]]) -> None:
    """What they were invited to is what they have joined; under whichever of their addresses."""
    whose = {joiner.address_key: enrolled.learner_id for joiner, enrolled in joined}
    known = [enrolled.learner_id for _, enrolled in joined if not enrolled.is_new_learner]
    if known:
        whose |= {row.address_key: row.learner_id for row in _ADDRESSES.run(ctx, learner_ids=known)}
    pending = [row.id for row in _INVITED.run(ctx, keys=list(whose)) if row.run_id == run.id and _is_open(ctx, row)]
    # Only where there is one are mapped objects worth their while.
    if not pending:
        return
    closed = close_invitations(ctx, pending, InvitationState.ACCEPTED)
    for invitation in closed:
        invitation.learner_id = whose[invitation.address_key]
    batches = select(InvitationBatch.confirmation_id).where(
        InvitationBatch.id.in_({invitation.batch_id for invitation in closed})
    )
    touch_scoreboards(ctx, set(ctx.session.scalars(batches)))


def _is_open(ctx: Context, row: Row[*tuple[Any, ...]]) -> bool:
    return row.state is InvitationState.PENDING and row.replaced_at is None and row.expires_at > ctx.now


def _welcome(ctx: Context, joiner: Joiner, enrolled: Enrolled) -> dict[str, Any]:
    return email_row(
        ctx,
        MessageKind.JOINED,
        to=joiner.address,
        to_key=joiner.address_key,
        about_id=enrolled.enrolment_id,
        key=f"joined:{enrolled.enrolment_id}",
        not_before=ctx.now,
    )


def _tell_of_outside(ctx: Context, link: SharedLink, keys: Sequence[str]) -> None:
    """The first learner from outside the usual domains: the creator hears of it once."""
    if link.outside_told_at is not None:
        return
    domains = dict.fromkeys(domain for key in keys if (domain := domain_of(key)) not in link.domains)
    outside = next((domain for domain in domains if not _is_usual(ctx, domain)), None)
    if outside is not None:
        _tell(ctx, link, outside)


def _tell(ctx: Context, link: SharedLink, domain: str) -> None:
    told = ctx.session.execute(
        update(SharedLink)
        .where(SharedLink.id == link.id, SharedLink.outside_told_at.is_(None))
        .values(outside_told_at=ctx.now, outside_domain=domain)
        .returning(SharedLink.staff_id),
    ).scalar_one_or_none()
    if told is not None:
        note = slack_row(ctx, MessageKind.OUTSIDE_JOIN, staff_id=told, about_id=link.id, key=f"outside_join:{link.id}")
        say(ctx, [note])


def _is_usual(ctx: Context, domain: str) -> bool:
    """A domain that somebody of the staff has."""
    query = select(StaffMember.id).where(
        StaffMember.email_key.endswith(f"@{domain}", autoescape=True), StaffMember.disabled_at.is_(None)
    )
    return ctx.session.scalars(query.limit(1)).one_or_none() is not None


def _count_uses(ctx: Context, link: SharedLink, count: int) -> None:
    """The last statement: rivals for the last places wait for one another no longer than a commit takes."""
    if link.use_cap is None:
        return
    counted = ctx.session.execute(
        update(SharedLink)
        .where(SharedLink.id == link.id, SharedLink.use_count + count <= SharedLink.use_cap)
        .values(use_count=SharedLink.use_count + count)
        .returning(SharedLink.id),
    ).one_or_none()
    if counted is None:
        raise _closed(SharedLinkState.FULL)


def joined_before(ctx: Context, now: LinkNow, address: Address, *, since: datetime) -> JoinedByLink:
    """Whoever has joined by this link hears so again, even where theirs was the last place. Raises SharedLinkClosed."""
    joined = joined_since(ctx, now, [address], since)
    if not joined:
        raise _closed(now.state)
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
