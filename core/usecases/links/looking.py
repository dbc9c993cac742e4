"""What whoever holds a shared link is shown before they join. The same for everybody, and nothing changes."""

from datetime import datetime

from msgspec import Struct

from core import access
from core.cards import RunCard, run_card
from core.context import Context
from core.usecases.links.states import LinkNow, held_link, openings
from core.words import SharedLinkState


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


def look_at_link(ctx: Context, command: LookAtLink) -> LinkLookedAt:
    target = access.shared_link_by_link(ctx, command.token)
    return looked_at(ctx, held_link(ctx, target))


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
