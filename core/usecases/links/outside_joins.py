"""The creator of a shared link hears once that somebody from outside the usual domains has joined by it."""

from msgspec import Struct

from core.context import Context
from core.usecases.links.shared_links import code_of
from core.usecases.links.states import link_now
from core.words import SharedLinkState


class OutsideJoin(Struct, frozen=True):
    """The domain only: who it was stands in the lists."""

    link_id: int
    code: str
    title: str
    domain: str
    state: SharedLinkState


def outside_join(ctx: Context, link_id: int) -> OutsideJoin:
    """The caller has authorised."""
    now = link_now(ctx, link_id)
    return OutsideJoin(link_id, code_of(now), now.course.title, now.link.outside_domain, now.state)
