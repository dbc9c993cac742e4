"""What a shared link demands of those who join: a cap on uses, mail domains, a confirmed address."""

from msgspec import Struct
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import CapInvalid, DomainsInvalid
from core.model import Enrolment, SharedLink
from core.rules.addresses import InvalidAddress, address_key, parse_address
from core.rules.policy import SHARED_LINK_CAP, SHARED_LINK_DOMAINS
from core.usecases.links.shared_links import SharedLinkChanged, about_link, working_link
from core.usecases.links.showing import LinkEvent


class ChangeSharedLink(Struct, frozen=True):
    """``cap`` and ``domains`` as typed; empty: no cap, every domain. A domain implies that addresses are confirmed."""

    link_id: int
    cap: str
    domains: str
    confirms_address: bool


def change_shared_link(ctx: Context, command: ChangeSharedLink) -> SharedLinkChanged:
    """Raises CapInvalid, DomainsInvalid. A cap below what has joined already closes the link for others."""
    staff = access.require_staff(ctx, Permission.INVITE)
    cap, domains = read_cap(command.cap), read_domains(command.domains)
    now = working_link(ctx, staff, command.link_id)
    if cap is not None:
        _count_again(ctx, now.link)
    now.link.use_cap = cap
    now.link.allowed_domains = " ".join(domains)
    now.link.confirms_address = command.confirms_address
    about_link(ctx, now.link)
    return SharedLinkChanged(now.link.id, LinkEvent.CHANGED, now.course.title)


def _count_again(ctx: Context, link: SharedLink) -> None:
    """Waits for joins that are under way, for they raise no count yet; whoever comes later finds the cap."""
    if not ctx.settings.is_sqlite:
        ctx.session.execute(select(func.pg_advisory_xact_lock(link.id)))
    query = select(func.count()).select_from(Enrolment).where(Enrolment.shared_link_id == link.id)
    link.use_count = ctx.session.scalar(query) or 0


def read_cap(typed: str) -> int | None:
    digits = typed.strip().replace(",", "")
    if not digits:
        return None
    # Not isdigit: it knows digits that int does not.
    if not (digits.isascii() and digits.isdecimal() and 0 < int(digits[:9]) <= SHARED_LINK_CAP and len(digits) < 9):
        raise CapInvalid(typed=typed.strip()[:40], limit=f"{SHARED_LINK_CAP:,}")
    return int(digits)


def read_domains(typed: str) -> tuple[str, ...]:
    """Separated by anything that people put between; with or without the @. In the order given, each once."""
    pieces = typed.replace(",", " ").replace(";", " ").split()
    domains = dict.fromkeys(map(_domain, pieces))
    if len(domains) > SHARED_LINK_DOMAINS:
        raise DomainsInvalid(domain=pieces[SHARED_LINK_DOMAINS][:60], limit=SHARED_LINK_DOMAINS)
    return tuple(domains)


def _domain(piece: str) -> str:
    """As the keys of addresses spell it."""
    name = piece.lstrip("@")
    found = parse_address(f"a@{name}")
    if isinstance(found, InvalidAddress) or "@" in name:
        raise DomainsInvalid(domain=piece[:60], limit=SHARED_LINK_DOMAINS)
    return address_key(found.address).rpartition("@")[2]
