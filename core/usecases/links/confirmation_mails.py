"""The mail that asks whoever reads an address to confirm it, for joining by a shared link.

The address may be somebody else's: so another mail goes out only after a pause, at most three times in all, and at
most ten times a day to one mailbox, however it is spelt.
"""

from datetime import timedelta

from sqlalchemy import func, select

from core.context import Context
from core.model import JoinRequest, SharedLink
from core.outbox import email_row, say
from core.rules.addresses import Address, mailbox_key
from core.rules.policy import CONFIRMATION_MAILS, CONFIRMATION_MAILS_A_DAY, CONFIRMATION_PAUSE
from core.words import MessageKind

_DAY = timedelta(days=1)


def ask_to_confirm(ctx: Context, link: SharedLink, first_name: str, last_name: str, address: Address) -> None:
    """The names that were typed with the newest mail count."""
    if _is_mailed_enough(ctx, link.organisation_id, mailbox_key(address.key)):
        return
    request = ctx.session.scalars(
        select(JoinRequest).where(JoinRequest.shared_link_id == link.id, JoinRequest.address_key == address.key)
    ).one_or_none()
    if request is None:
        request = _new_request(ctx, link, address)
        ctx.session.add(request)
    elif request.mail_count >= CONFIRMATION_MAILS or request.mailed_at + CONFIRMATION_PAUSE > ctx.now:
        return
    else:
        request.mail_count += 1
        request.mailed_at = ctx.now
    request.first_name, request.last_name, request.asked_at = first_name, last_name, ctx.now
    ctx.session.flush()
    message = email_row(
        ctx,
        MessageKind.JOIN_CONFIRMATION,
        to=address.address,
        to_key=address.key,
        about_id=request.id,
        key=confirmation_key(request.id, request.mail_count),
        not_before=ctx.now,
    )
    say(ctx, [message])


def _is_mailed_enough(ctx: Context, organisation_id: int, mailbox: str) -> bool:
    """The mails of each request count for the day of its newest one."""
    mails = ctx.session.scalar(
        select(func.sum(JoinRequest.mail_count)).where(
            JoinRequest.organisation_id == organisation_id,
            JoinRequest.mailbox_key == mailbox,
            JoinRequest.mailed_at > ctx.now - _DAY,
        )
    )
    return (mails or 0) >= CONFIRMATION_MAILS_A_DAY


def _new_request(ctx: Context, link: SharedLink, address: Address) -> JoinRequest:
    return JoinRequest(
        id=ctx.tokens.new_id(),
        organisation_id=link.organisation_id,
        shared_link_id=link.id,
        address=address.address,
        address_key=address.key,
        mailbox_key=mailbox_key(address.key),
        mailed_at=ctx.now,
        mail_count=1,
    )


def confirmation_key(request_id: int, mail_count: int) -> str:
    return f"join_confirmation:{request_id}:{mail_count}"
