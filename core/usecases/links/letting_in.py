"""What follows when people are enrolled by a shared link: their invitations, their welcome, the link's count.

1. At most ``use_cap`` enrolments come by a capped link, whoever presses when: its count is raised by a conditional
   UPDATE, the last statement of the transaction.
2. A join by a link without a cap writes no row of the link. On PostgreSQL it holds a shared advisory lock, for which
   setting a cap waits before it counts.
3. The welcome mail has no job of its own, for a job costs as much as the join; the worker's sweeper finds it within
   half a minute. The mail that confirms an address has one: somebody waits for it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from core.context import Context
from core.model import CourseRun, Invitation, InvitationBatch, LearnerAddress, SharedLink
from core.outbox import email_row, leave, touch_scoreboards
from core.queries import Query
from core.usecases.links.demands import closed
from core.usecases.links.enrolling import Enrolled, Joiner, close_invitations
from core.usecases.links.outside_joins import tell_of_outside
from core.words import InvitationState, MessageKind, SharedLinkState


def hold_cap(ctx: Context, link_id: int) -> None:
    """Until this transaction ends nobody sets a cap. A writer on SQLite has no rival."""
    if not ctx.settings.is_sqlite:
        ctx.session.execute(select(func.pg_advisory_xact_lock_shared(link_id)))


def let_in(ctx: Context, link: SharedLink, run: CourseRun, joined: Sequence[tuple[Joiner, Enrolled]]) -> None:
    """What follows when they are enrolled. Raises SharedLinkClosed where the last place is gone."""
    _close_invitations(ctx, run, joined)
    new = [(joiner, enrolled) for joiner, enrolled in joined if enrolled.is_new]
    if not new:
        return
    leave(ctx, [_welcome(ctx, joiner, enrolled) for joiner, enrolled in new])
    tell_of_outside(ctx, link, [joiner.address_key for joiner, _ in new])
    _count_uses(ctx, link, len(new))


# By address alone, for each has few rows: asked for the run or for what is pending as well, SQLite looks through all
# of these (seen in its plan).
_INVITED = Query(
    select(
        Invitation.id,
        Invitation.address_key,
        Invitation.run_id,
        Invitation.state,
        Invitation.replaced_at,
        Invitation.expires_at,
    ).where(Invitation.address_key.in_(bindparam("keys", expanding=True)))
)
_ADDRESSES = Query(
    select(LearnerAddress.address_key, LearnerAddress.learner_id).where(
        LearnerAddress.learner_id.in_(bindparam("learner_ids", expanding=True))
    )
)


def _close_invitations(ctx: Context, run: CourseRun, joined: Sequence[tuple[Joiner, Enrolled]]) -> None:
    """What they were invited to is what they have joined; under whichever of their addresses."""
    whose = {joiner.address_key: enrolled.learner_id for joiner, enrolled in joined}
    known = [enrolled.learner_id for _, enrolled in joined if not enrolled.is_new_learner]
    if known:
        whose |= {row.address_key: row.learner_id for row in _ADDRESSES.run(ctx, learner_ids=known)}
    pending = [row.id for row in _INVITED.run(ctx, keys=list(whose)) if row.run_id == run.id and _is_open(ctx, row)]
    # Only where there is one are mapped objects worth their while.
    if not pending:
        return
    closed = close_invitations(ctx, pending, InvitationState.ACCEPTED)
    for invitation in closed:
        invitation.learner_id = whose[invitation.address_key]
    batches = select(InvitationBatch.confirmation_id).where(
        InvitationBatch.id.in_({invitation.batch_id for invitation in closed})
    )
    touch_scoreboards(ctx, set(ctx.session.scalars(batches)))


def _is_open(ctx: Context, row: Row[*tuple[Any, ...]]) -> bool:
    return row.state is InvitationState.PENDING and row.replaced_at is None and row.expires_at > ctx.now


def _welcome(ctx: Context, joiner: Joiner, enrolled: Enrolled) -> dict[str, Any]:
    return email_row(
        ctx,
        MessageKind.JOINED,
        to=joiner.address,
        to_key=joiner.address_key,
        about_id=enrolled.enrolment_id,
        key=f"joined:{enrolled.enrolment_id}",
        not_before=ctx.now,
    )


def _count_uses(ctx: Context, link: SharedLink, count: int) -> None:
    """The last statement: rivals for the last places wait for one another no longer than a commit takes."""
    if link.use_cap is None:
        return
    counted = ctx.session.execute(
        update(SharedLink)
        .where(SharedLink.id == link.id, SharedLink.use_count + count <= SharedLink.use_cap)
        .values(use_count=SharedLink.use_count + count)
        .returning(SharedLink.id),
    ).one_or_none()
    if counted is None:
        raise closed(SharedLinkState.FULL)
