"""Joining where the link wants a confirmed address: a mail with a button goes to what was typed, and the button joins.

asked --press--> joined
  +-- asked again: another mail, after ten minutes at the earliest and at most three in all

1. The page that was typed into says the same whether an address is known, suppressed or was mailed enough.
2. A press counts once; a second one is told the same.
"""

from msgspec import Struct

from core import access
from core.context import Context
from core.model import Organisation
from core.rules.addresses import Address
from core.usecases.links.demands import require_domain, require_open
from core.usecases.links.joining import JoinedByLink, join, joined_before
from core.usecases.links.letting_in import hold_cap
from core.usecases.links.looking import LinkLookedAt, looked_at
from core.usecases.links.places import MailsStopped, StopMails
from core.usecases.links.states import link_now
from core.usecases.mailbox.suppressions import silence
from core.words import SharedLinkState, SuppressReason


class ShowJoinRequest(Struct, frozen=True):
    token: str


class JoinRequestShown(Struct, frozen=True):
    link: LinkLookedAt
    address: str
    has_joined: bool


class ConfirmJoin(Struct, frozen=True):
    token: str


def show_join_request(ctx: Context, command: ShowJoinRequest) -> JoinRequestShown:
    request = access.join_request_by_link(ctx, command.token)
    link = looked_at(ctx, link_now(ctx, request.shared_link_id))
    return JoinRequestShown(link, request.address, request.joined_at is not None)


def confirm_join(ctx: Context, command: ConfirmJoin) -> JoinedByLink:
    """A second press is told the same. Raises SharedLinkClosed."""
    request = access.join_request_by_link(ctx, command.token)
    hold_cap(ctx, request.shared_link_id)
    now = link_now(ctx, request.shared_link_id)
    address = Address(request.address, request.address_key)
    if request.joined_at is not None and now.state is not SharedLinkState.OPEN:
        return joined_before(ctx, now, address, since=request.asked_at)
    require_open(now)
    # The link may have got other domains since the mail went out.
    require_domain(now.link, address)
    request.joined_at = ctx.now
    ctx.session.flush()
    return join(ctx, now, request.first_name, request.last_name, address, is_proven=True)


def stop_mails_of_request(ctx: Context, command: StopMails) -> MailsStopped:
    """Somebody typed this address, perhaps not its owner."""
    request = access.join_request_by_link(ctx, command.token)
    silence(ctx, request.organisation_id, request.address_key, SuppressReason.ASKED)
    return MailsStopped(ctx.session.get_one(Organisation, request.organisation_id).name)
