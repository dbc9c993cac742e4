"""Compares, at rest, what servers accepted and doors acknowledged with what the database says.

lost    acknowledged and not stored; or marked as sent and never accepted; or ended without a reason
ghost   accepted without a row that wanted it, or though its row says that it did not go out
dup     accepted once more than once
stuck   neither sent, bounced, held nor dropped
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct, field
from sqlalchemy import func, select

from bench.sinks import Accepted
from core.app import App
from core.context import Context, Operator, System
from core.model import AuditEntry, Charge, Enrolment, Invitation, InvitationBatch, OutboundMessage
from core.usecases.invitations.batches import LearnersInvited
from core.usecases.messages.held import ListHeld, list_held
from core.words import Channel, InvitationState, MessageKind, MessageState

_FINAL: Final = frozenset({MessageState.SENT, MessageState.BOUNCED, MessageState.HELD, MessageState.DROPPED})
_NOT_SENT: Final = frozenset({MessageState.BOUNCED, MessageState.DROPPED})
_UNFINISHED: Final = (MessageState.PENDING, MessageState.SENDING)
_PAGE: Final = 500


class Acknowledged(Struct):
    """What the doors were answered. ``commands`` counts by use case; what came before is in ``audited_before``."""

    confirmations: dict[int, int] = {}
    """How many were invited, by confirmation."""
    commands: Counter[str] = field(default_factory=Counter)
    audited_before: Counter[str] = field(default_factory=Counter)

    def note(self, usecase: str, answer: object = None) -> None:
        self.commands[usecase] += 1
        if isinstance(answer, LearnersInvited):
            self.confirmations[answer.confirmation_id] = answer.invited


class Findings(Struct, frozen=True):
    accepted: int
    lost: int
    dup: int
    dup_held_kinds: int
    """Of kinds that must never arrive twice."""
    ghost: int
    stuck: int
    stuck_kinds: dict[str, int]
    held: int
    held_unlisted: int
    """Held, and not shown by ``held list``."""
    broken: tuple[str, ...]
    """Rules of the business that do not hold."""

    def figures(self) -> dict[str, Any]:
        return {
            "lost": self.lost,
            "dup": self.dup,
            "ghost": self.ghost,
            "stuck": self.stuck,
            "stuck_kinds": self.stuck_kinds,
            "held": self.held,
            "accepted": self.accepted,
            "broken_rules": list(self.broken),
        }


class _Row(Struct, frozen=True):
    ref: str
    channel: Channel
    kind: MessageKind
    state: MessageState
    recipient: str
    problem: str


def begin(app: App) -> Acknowledged:
    return Acknowledged(audited_before=app.read(_audited, None, System()))


def check(app: App, accepted: Sequence[Accepted], acknowledged: Acknowledged) -> Findings:
    rows = app.read(_rows, None, System())
    mails = {row.ref: row for row in rows if row.channel is Channel.EMAIL}
    times = Counter(each.message_id for each in accepted)
    again = {ref: count - 1 for ref, count in times.items() if count > 1}
    held = [row for row in rows if row.state is MessageState.HELD]
    stuck = Counter(row.kind.value for row in rows if row.state not in _FINAL)
    return Findings(
        accepted=len(accepted),
        lost=_lost(mails, times) + app.read(_not_stored, acknowledged, System()),
        dup=sum(again.values()),
        dup_held_kinds=sum(count for ref, count in again.items() if ref in mails and not mails[ref].kind.is_safe_twice),
        ghost=_ghosts(mails, accepted),
        stuck=stuck.total(),
        stuck_kinds=dict(stuck),
        held=len(held),
        held_unlisted=len(held) - _listed(app),
        broken=app.read(_broken_rules, acknowledged, System()),
    )


def unfinished(app: App, channel: Channel | None = None) -> int:
    """Messages that are neither sent, bounced, held nor dropped."""
    channels = (channel,) if channel else tuple(Channel)
    query = (
        select(func.count())
        .select_from(OutboundMessage)
        .where(OutboundMessage.state.in_(_UNFINISHED), OutboundMessage.channel.in_(channels))
    )
    return app.read(lambda ctx, _: ctx.session.scalar(query) or 0, None, System())


# --- Messages ---------------------------------------------------------------------------------------------


def _rows(ctx: Context, _command: None) -> list[_Row]:
    found = ctx.session.scalars(select(OutboundMessage))
    return [_Row(row.message_ref, row.channel, row.kind, row.state, row.recipient, row.problem) for row in found]


def _lost(mails: dict[str, _Row], times: Counter[str]) -> int:
    unsent = sum(row.state is MessageState.SENT and not times[ref] for ref, row in mails.items())
    without_reason = sum(row.state in _FINAL - {MessageState.SENT} and not row.problem for row in mails.values())
    return unsent + without_reason


def _ghosts(mails: dict[str, _Row], accepted: Sequence[Accepted]) -> int:
    return sum(
        (row := mails.get(each.message_id)) is None or row.state in _NOT_SENT or row.recipient != each.recipient
        for each in accepted
    )


def _listed(app: App) -> int:
    """Page by page, as an operator reads it."""
    listed, page = 0, 1
    while shown := app.read(list_held, ListHeld(page, _PAGE), Operator()).held:
        listed += len(shown)
        page += 1
    return listed


# --- Business ---------------------------------------------------------------------------------------------


def _not_stored(ctx: Context, acknowledged: Acknowledged) -> int:
    """Invitations that somebody was told of and that have no row."""
    stored = ctx.session.execute(
        select(InvitationBatch.confirmation_id, func.count())
        .join(Invitation, Invitation.batch_id == InvitationBatch.id)
        .group_by(InvitationBatch.confirmation_id)
    )
    counts = {row[0]: row[1] for row in stored}
    return sum(max(0, invited - counts.get(each, 0)) for each, invited in acknowledged.confirmations.items())


def _broken_rules(ctx: Context, acknowledged: Acknowledged) -> tuple[str, ...]:
    return tuple(_broken(ctx, acknowledged))


def _broken(ctx: Context, acknowledged: Acknowledged) -> Iterator[str]:
    yield from _broken_batches(ctx)
    yield from _broken_audit(ctx, acknowledged)
    live = select(Invitation.organisation_id, Invitation.run_id, Invitation.address_key).where(
        Invitation.state == InvitationState.PENDING, Invitation.replaced_at.is_(None)
    )
    if _most(ctx.session.execute(live)) > 1:
        yield "an address has two live invitations to one run"
    if _most(ctx.session.execute(select(Enrolment.learner_id, Enrolment.run_id))) > 1:
        yield "a learner is enrolled twice in one run"
    if _most(ctx.session.execute(select(Charge.enrolment_id))) > 1:
        yield "an enrolment is charged twice"


def _most(rows: object) -> int:
    return max(Counter(tuple(row) for row in rows).values(), default=0)  # type: ignore[attr-defined]  # A result.


def _broken_batches(ctx: Context) -> Iterator[str]:
    """Every confirmation has what it was told to have: so many invitations, each with its mail, and fresh numbers."""
    sizes: defaultdict[int, int] = defaultdict(int)
    for batch in ctx.session.scalars(select(InvitationBatch)):
        sizes[batch.id] = batch.size
    counted = ctx.session.execute(select(Invitation.batch_id, func.count()).group_by(Invitation.batch_id))
    if {row[0]: row[1] for row in counted} != dict(sizes):
        yield "a batch has another number of invitations than it says"
    numbers = ctx.session.execute(select(InvitationBatch.organisation_id, InvitationBatch.number))
    if _most(numbers) > 1:
        yield "two batches have one number"
    mails = select(func.count()).select_from(OutboundMessage).where(OutboundMessage.kind == MessageKind.INVITATION)
    if ctx.session.scalar(mails) != ctx.session.scalar(select(func.count()).select_from(Invitation)):
        yield "invitations and their mails differ in number"


def _broken_audit(ctx: Context, acknowledged: Acknowledged) -> Iterator[str]:
    """One row a command: no more, no less."""
    audited = _audited(ctx, None)
    for action, count in acknowledged.commands.items():
        found = audited[action] - acknowledged.audited_before[action]
        if found != count:
            yield f"{action}: {count} acknowledged, {found} in the audit"


def _audited(ctx: Context, _command: None) -> Counter[str]:
    query = select(AuditEntry.action, func.count()).where(AuditEntry.outcome == "done").group_by(AuditEntry.action)
    return Counter({row[0]: row[1] for row in ctx.session.execute(query)})
