"""Many who press at a shared link at the same moment, in one transaction: a whole school may come at once.

A commit, and each statement in it, costs as much for forty learners as for one.

1. Joined together are those who typed all that is wanted and need prove nothing, known here or not, invited or not.
   Everybody else is left to ``join_by_link``, as if they had not been looked at: their answer is None.
2. All of them are stored, or none. Whoever asked for them lets each of them join alone then, so that one who cannot
   join never stands in the way of another.
3. What stands afterwards is what ``join_by_link`` would have left, one after another.
"""

from collections.abc import Sequence

from msgspec import Struct

from core import access
from core.cards import run_card
from core.context import Context
from core.errors import InvalidRequest
from core.model import SharedLink
from core.usecases.links.demands import may_join_at_once, require_domain, typed_address, typed_names
from core.usecases.links.enrolling import Joiner, enrol_together
from core.usecases.links.joining import JoinByLink, JoinedByLink, way_by
from core.usecases.links.letting_in import hold_cap, let_in
from core.usecases.links.states import held_link
from core.words import SharedLinkState


class JoinTogether(Struct, frozen=True):
    """``presses``: at least one, all at the link that ``token`` names."""

    token: str
    presses: tuple[JoinByLink, ...]


class JoinedTogether(Struct, frozen=True):
    answers: tuple[JoinedByLink | None, ...]
    """One a press, in their order. None: nothing was done; ``join_by_link`` knows what to say."""


def join_together(ctx: Context, command: JoinTogether) -> JoinedTogether:
    """Raises SharedLinkClosed, BudgetSpent: nobody has joined then, though some of them may alone."""
    target = access.shared_link_by_link(ctx, command.token)
    hold_cap(ctx, target.id)
    now = held_link(ctx, target)
    if now.state is not SharedLinkState.OPEN or now.run is None:
        return _nothing(command.presses)
    places = _joiners(now.link, command.presses)
    joined = enrol_together(ctx, now.run, list(places), way_by(now, is_proven=False))
    if joined:
        let_in(ctx, now.link, now.run, joined)
    card = run_card(now.run)
    answers = {places[joiner]: JoinedByLink(card, now.organisation, joiner.address) for joiner, _ in joined}
    return JoinedTogether(tuple(answers.get(place) for place in range(len(command.presses))))


def _nothing(presses: Sequence[JoinByLink]) -> JoinedTogether:
    return JoinedTogether((None,) * len(presses))


def _joiners(link: SharedLink, presses: Sequence[JoinByLink]) -> dict[Joiner, int]:
    """With their place among the presses; no more than there is room for. Of two with one address the first joins."""
    joiners: dict[str, tuple[Joiner, int]] = {}
    for place, press in enumerate(presses):
        joiner = _joiner(link, press)
        if joiner is not None:
            joiners.setdefault(joiner.address_key, (joiner, place))
    return dict(list(joiners.values())[: _room(link)])


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
