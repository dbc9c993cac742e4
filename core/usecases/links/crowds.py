"""Many who press at a shared link at the same moment, in one transaction: a whole school may come at once.

A commit, and each statement in it, costs as much for forty learners as for one.

1. Newcomers are joined together: those who typed all that is wanted, and whose address nobody here has or has ever
   invited. Everybody else is left to ``join_by_link``, as if they had not been looked at: their answer is None.
2. All of them are stored, or none. Whoever asked for them lets each of them join alone then, so that one who cannot
   join never stands in the way of another.
3. What stands afterwards is what ``join_by_link`` would have left, one after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from core import access
from core.cards import run_card
from core.context import Context
from core.errors import InvalidRequest
from core.model import CourseRun, Invitation, LearnerAddress, SharedLink
from core.queries import Query
from core.rules.addresses import Address, parse_address
from core.rules.policy import SAME_PRESS
from core.usecases.links.enrolling import Joiner, Way, about_joining, enrol_newcomers
from core.usecases.links.joining import (
    JoinByLink,
    JoinedByLink,
    hold_cap,
    joined_since,
    let_in,
    may_join_at_once,
    require_domain,
    typed_address,
    typed_names,
)
from core.usecases.links.states import LinkNow, held_link
from core.words import JoinedBy, SharedLinkState


@dataclass(frozen=True, slots=True)
class JoinTogether:
    """``presses``: at least one, all at the link that ``token`` names."""

    token: str
    presses: tuple[JoinByLink, ...]


@dataclass(frozen=True, slots=True)
class FindJoined:
    """As ``JoinTogether``."""

    token: str
    presses: tuple[JoinByLink, ...]


@dataclass(frozen=True, slots=True)
class JoinedTogether:
    answers: tuple[JoinedByLink | None, ...]
    """One a press, in their order. None: nothing was done or found; ``join_by_link`` knows what to say."""


def join_together(ctx: Context, command: JoinTogether) -> JoinedTogether:
    """Raises SharedLinkClosed, BudgetSpent: nobody has joined then, though some of them may alone."""
    target = access.shared_link_by_link(ctx, command.token)
    hold_cap(ctx, target.id)
    now = held_link(ctx, target)
    if now.state is not SharedLinkState.OPEN or now.run is None:
        return _nothing(command.presses)
    newcomers = _newcomers(ctx, now.link, command.presses)
    if newcomers:
        _join(ctx, now, now.run, list(newcomers.values()))
    card = run_card(now.run)
    answers = {place: JoinedByLink(card, now.organisation, joiner.address) for place, joiner in newcomers.items()}
    return JoinedTogether(tuple(answers.get(place) for place in range(len(command.presses))))


def find_joined(ctx: Context, command: FindJoined) -> JoinedTogether:
    """Who of those that press again has joined by this link a moment ago."""
    target = access.shared_link_by_link(ctx, command.token)
    now = held_link(ctx, target)
    if now.state not in (SharedLinkState.OPEN, SharedLinkState.FULL) or now.link.must_confirm:
        return _nothing(command.presses)
    typed = [parse_address(press.address) for press in command.presses]
    joined = joined_since(ctx, now, [each for each in typed if isinstance(each, Address)], ctx.now - SAME_PRESS)
    return JoinedTogether(tuple(joined.get(each.key) if isinstance(each, Address) else None for each in typed))


def _nothing(presses: Sequence[JoinByLink]) -> JoinedTogether:
    return JoinedTogether((None,) * len(presses))


# --- Newcomers --------------------------------------------------------------------------------------------

_KNOWN = Query(
    select(LearnerAddress.address_key).where(LearnerAddress.address_key.in_(bindparam("keys", expanding=True)))
)
# To whatever, and whatever became of it: joining alone is no loss to them. Asked for those pending on this run, SQLite
# looks through all of these (seen in its plan).
_INVITED = Query(select(Invitation.address_key).where(Invitation.address_key.in_(bindparam("keys", expanding=True))))


def _newcomers(ctx: Context, link: SharedLink, presses: Sequence[JoinByLink]) -> dict[int, Joiner]:
    """By their place among the presses; no more than there is room for. Of two with one address the first joins."""
    places: dict[str, int] = {}
    joiners: dict[int, Joiner] = {}
    for place, press in enumerate(presses):
        joiner = _joiner(link, press)
        if joiner is not None and places.setdefault(joiner.address_key, place) == place:
            joiners[place] = joiner
    keys = list(places)
    for query in (_KNOWN, _INVITED):
        for key in query.run(ctx, keys=keys).scalars():
            joiners.pop(places[key], None)
    return dict(list(joiners.items())[: _room(link)])


def _joiner(link: SharedLink, press: JoinByLink) -> Joiner | None:
    try:
        first, last = typed_names(press.first_name, press.last_name)
        address = typed_address(press.address)
        require_domain(link, address)
    except InvalidRequest:
        return None
    if not may_join_at_once(link, address):
        return None
    return Joiner(link.provider_id, address.address, address.key, first, last)


def _room(link: SharedLink) -> int | None:
    return None if link.use_cap is None else max(link.use_cap - link.use_count, 0)


def _join(ctx: Context, now: LinkNow, run: CourseRun, joiners: Sequence[Joiner]) -> None:
    agreement_id = now.agreement.id if now.agreement is not None else None
    way = Way(JoinedBy.SHARED_LINK, agreement_id, now.link.id, is_proven=False)
    enrolled = enrol_newcomers(ctx, run, joiners, way)
    about_joining(ctx, run, way, enrolled)
    let_in(ctx, now.link, list(zip(joiners, enrolled, strict=True)))
