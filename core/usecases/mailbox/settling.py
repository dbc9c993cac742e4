"""The end of a message that came in: its row is settled in the transaction that does what it asks.

Of a message that is nobody's to answer (``_NOT_KEPT``) the words are erased at once.
"""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from core import access
from core.context import Context, StaffActor
from core.errors import MailNotFound
from core.model import InboundMessage
from core.usecases.mailbox.raw_mail import drop_pieces
from core.words import MailRule, MailState

_NOT_KEPT = frozenset({
    MailRule.OWN_MAIL, MailRule.LOOP, MailRule.AUTO_REPLY, MailRule.NO_SINGLE_SENDER, MailRule.UNKNOWN_SENDER,
    MailRule.BOUNCE, MailRule.COMPLAINT, MailRule.NO_ROOM,
})  # fmt: skip
"""What is ignored by these."""
RECEIVED_ANEW: Final[Mapping[str, object]] = MappingProxyType({
    "state": MailState.RECEIVED, "rule": None, "settled_at": None, "begun_at": None, "attempts": 0, "subject": "",
})  # fmt: skip
"""What becomes of a row that is settled when its message is to be done once more."""
# Built once, for every message comes by here; the table instead of the class, for no scope is to be added.
_ROWS = cast(Table, InboundMessage.__table__)


def settle(ctx: Context, inbound_id: int, state: MailState, rule: MailRule, **values: object) -> bool:
    """In the transaction that does what the message asks. False: it was settled before, so nothing may be done."""
    if state is MailState.IGNORED and rule in _NOT_KEPT:
        values["raw"] = None
    statement = _settling(tuple(sorted(values)), is_of_asker=False)
    given = {"inbound_id": inbound_id, "settled_as": state, "by_rule": rule, "now": ctx.now}
    settled = access.change_unowned(ctx, statement, {**given, **{f"new_{name}": values[name] for name in values}})
    is_settled = settled.one_or_none() is not None
    if is_settled and "raw" in values:
        drop_pieces(ctx, InboundMessage.id == inbound_id)
    return is_settled


def settle_own(
    ctx: Context, inbound_id: int, state: MailState, rule: MailRule, *, asker: StaffActor, reference: str = ""
) -> bool:
    """As ``settle``, and False as well for a message that is not proven to be the asker's."""
    given = {"inbound_id": inbound_id, "settled_as": state, "by_rule": rule, "now": ctx.now, "new_reference": reference}
    of_asker = {"of_organisation": asker.organisation_id, "of_staff": asker.staff_id}
    settled = access.change_unowned(ctx, _settling(("reference",), is_of_asker=True), {**given, **of_asker})
    return settled.one_or_none() is not None


_IS_THEIRS = (
    _ROWS.c.organisation_id == bindparam("of_organisation"),
    _ROWS.c.staff_id == bindparam("of_staff"),
)


@functools.cache
def _settling(names: tuple[str, ...], *, is_of_asker: bool) -> ReturningUpdate[int]:
    return (
        update(_ROWS)
        .where(_ROWS.c.id == bindparam("inbound_id"), _ROWS.c.state == MailState.RECEIVED)
        .where(*_IS_THEIRS if is_of_asker else ())
        .values(
            state=bindparam("settled_as"),
            rule=bindparam("by_rule"),
            settled_at=bindparam("now"),
            **{name: bindparam(f"new_{name}") for name in names},
        )
        .returning(_ROWS.c.id)
    )


def state_of(ctx: Context, inbound_id: int) -> MailState:
    """Raises MailNotFound."""
    state = ctx.session.scalar(select(InboundMessage.state).where(InboundMessage.id == inbound_id))
    if state is None:
        raise MailNotFound(number=inbound_id)
    return state
