"""The one e-mail that answers a message: its row, and whether it must wait for what the message brought.

answered --nothing awaited--> its e-mail is due
    |
    +--a file that came with the message is still being imported or merged, or an import that it names is still being
       released or undone--> the last is settled --> it is due
"""

from typing import Any

from sqlalchemy import bindparam, exists, or_, select

from core.context import Context
from core.model import Import, ImportOrder, InboundMessage, MailAnswer, ProgressReport, StaffMember
from core.outbox import email_row, say
from core.queries import Query
from core.words import MessageKind

# One look at all of them: most messages bring nothing.
_AWAITED = Query(
    select(InboundMessage.id).where(
        InboundMessage.id == bindparam("inbound_id"),
        or_(
            *(
                exists().where(kind.inbound_id == InboundMessage.id, kind.settled_at.is_(None))
                for kind in (Import, ImportOrder, ProgressReport)
            )
        ),
    )
)


def answer_key(answer_id: int) -> str:
    return f"answer:{answer_id}"


def answer_row(ctx: Context, staff: StaffMember, answer_id: int) -> dict[str, Any]:
    return email_row(
        ctx,
        MessageKind.ANSWER,
        to=staff.email,
        to_key=staff.email_key,
        about_id=answer_id,
        key=answer_key(answer_id),
        not_before=ctx.now,
    )


def is_awaited(ctx: Context, inbound_id: int) -> bool:
    """Whether anything that the message brought or ordered is still under way."""
    # A report that waited is merged on because of this very message.
    ctx.session.flush()
    return _AWAITED.run(ctx, inbound_id=inbound_id).first() is not None


def answer_settled(ctx: Context, found: Import | ImportOrder | ProgressReport) -> None:
    """The e-mail that brought or ordered it is answered, if this was the last that it waited for."""
    if found.inbound_id is None:
        return
    ctx.session.flush()
    # Whoever answers the message, and whoever settles something else of it, has this row as well: one after the other.
    ctx.session.execute(select(InboundMessage.id).where(InboundMessage.id == found.inbound_id).with_for_update())
    query = select(MailAnswer).where(
        MailAnswer.inbound_id == found.inbound_id, MailAnswer.organisation_id == found.organisation_id
    )
    answer = ctx.session.scalars(query).one_or_none()
    if answer is None or is_awaited(ctx, found.inbound_id):
        return
    staff = ctx.session.get_one(StaffMember, answer.staff_id)
    say(ctx, [{**answer_row(ctx, staff, answer.id), "organisation_id": answer.organisation_id}])
