"""The creator of a shared link hears once that somebody from outside the usual domains has joined by it."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select, update

from core.context import Context
from core.model import SharedLink, StaffMember
from core.outbox import say, slack_row
from core.usecases.links.demands import domain_of
from core.usecases.links.showing import code_of
from core.usecases.links.states import link_now
from core.words import MessageKind, SharedLinkState


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


def tell_of_outside(ctx: Context, link: SharedLink, keys: Sequence[str]) -> None:
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
