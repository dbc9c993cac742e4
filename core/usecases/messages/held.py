"""Messages that wait for a person: seen, understood, and sent again by an operator."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, func, or_, select

from core import access
from core.context import Context
from core.errors import MessageNotFound
from core.model import IS_OPEN, Organisation, OutboundMessage
from core.outbox import say_again
from core.rules.policy import MAIL_LIFE
from core.words import Channel, MessageKind, MessageState


class ListHeld(Struct, frozen=True):
    page: int = 1
    page_rows: int = 50


class HeldMessage(Struct, frozen=True):
    message_id: int
    organisation: str
    channel: Channel
    kind: MessageKind
    state: MessageState
    problem: str
    attempts: int
    created_at: datetime
    not_before: datetime


class HeldListed(Struct, frozen=True):
    """Held messages, and those that are late because something on our side is wrong."""

    held: tuple[HeldMessage, ...]
    held_total: int
    late: tuple[HeldMessage, ...]
    late_total: int
    returned: tuple[HeldMessage, ...]
    """E-mails to staff that did not arrive within the last 30 days, on every page the same. Of learners' their
    colleagues are told."""


class ShowHeld(Struct, frozen=True):
    message_id: int


class HeldShown(Struct, frozen=True):
    message: HeldMessage
    recipient: str


class RetryHeld(Struct, frozen=True):
    """``message_id`` None: all that are held."""

    message_id: int | None = None


class HeldRetried(Struct, frozen=True):
    count: int


_TO_STAFF = (
    MessageKind.STAFF_INVITATION,
    MessageKind.SLACK_CODE,
    MessageKind.SIGN_IN,
    MessageKind.ANSWER,
    MessageKind.HELD_MAIL,
)
_IS_RETURNED = (OutboundMessage.state == MessageState.BOUNCED, OutboundMessage.kind.in_(_TO_STAFF))
_IS_LATE = (IS_OPEN, OutboundMessage.state == MessageState.PENDING, OutboundMessage.problem != "")


def list_held(ctx: Context, command: ListHeld) -> HeldListed:
    access.require_operator(ctx)
    held = (OutboundMessage.state == MessageState.HELD,)
    since = ctx.now - MAIL_LIFE
    return HeldListed(
        held=_page(ctx, held, command),
        held_total=_count(ctx, held),
        late=_page(ctx, _IS_LATE, command),
        late_total=_count(ctx, _IS_LATE),
        returned=_page(ctx, (*_IS_RETURNED, OutboundMessage.created_at > since), ListHeld()),
    )


def show_held(ctx: Context, command: ShowHeld) -> HeldShown:
    access.require_operator(ctx)
    row = ctx.session.execute(
        select(OutboundMessage, Organisation.name)
        .join(Organisation, Organisation.id == OutboundMessage.organisation_id)
        .where(OutboundMessage.id == command.message_id)
    ).one_or_none()
    if row is None:
        raise MessageNotFound(number=command.message_id)
    return HeldShown(_as_held(row.OutboundMessage, row.name), row.OutboundMessage.recipient)


def retry_held(ctx: Context, command: RetryHeld) -> HeldRetried:
    """Held or late messages go out again with the same Message-ID. Raises MessageNotFound for any other."""
    access.require_operator(ctx)
    if command.message_id is None:
        return HeldRetried(say_again(ctx, OutboundMessage.state == MessageState.HELD))
    held_or_late = or_(OutboundMessage.state == MessageState.HELD, and_(*_IS_LATE))
    count = say_again(ctx, OutboundMessage.id == command.message_id, held_or_late)
    if not count:
        raise MessageNotFound(number=command.message_id)
    return HeldRetried(count)


def _page(ctx: Context, conditions: tuple[object, ...], command: ListHeld) -> tuple[HeldMessage, ...]:
    rows = ctx.session.execute(
        select(OutboundMessage, Organisation.name)
        .join(Organisation, Organisation.id == OutboundMessage.organisation_id)
        .where(*conditions)  # type: ignore[arg-type]  # SQL expressions; mypy knows them as bool here.
        .order_by(OutboundMessage.created_at, OutboundMessage.id)
        .limit(command.page_rows)
        .offset((max(command.page, 1) - 1) * command.page_rows)
    )
    return tuple(_as_held(row.OutboundMessage, row.name) for row in rows)


def _count(ctx: Context, conditions: tuple[object, ...]) -> int:
    query = select(func.count()).select_from(OutboundMessage).where(*conditions)  # type: ignore[arg-type]  # As above.
    return ctx.session.scalar(query) or 0


def _as_held(message: OutboundMessage, organisation: str) -> HeldMessage:
    return HeldMessage(
        message_id=message.id,
        organisation=organisation,
        channel=message.channel,
        kind=message.kind,
        state=message.state,
        problem=message.problem,
        attempts=message.attempts,
        created_at=message.created_at,
        not_before=message.not_before,
    )
