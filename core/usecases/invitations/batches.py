"""From addresses to batches: preview and confirmation (LM, Personal invitations).

    prepare_invitation --(draft, 15 minutes)--> invite_learners --(recall window)--> sending --> answers
                                                     |
                                                     +-- recall.recall_batch: whole until sending starts

1. A preview changes nothing but its own draft.
2. A draft is confirmed at most once; confirming again gives the same answer.
3. The buckets of a preview add up to the pieces that were given.
4. More than 1,000 addresses become numbered batches under one confirmation.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import bindparam, select, update

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.deeds import about_batches
from core.errors import NothingToSend, RunNotChosen
from core.model import CourseRun, Draft, Invitation, InvitationBatch, Organisation, StaffMember
from core.outbox import say, scoreboard_key, slack_row
from core.queries import Query
from core.rules.addresses import Address, AddressList, InvalidAddress
from core.rules.costs import CostForecast
from core.rules.policy import BATCH_ADDRESSES, DRAFT_LIFE
from core.usecases.catalogue.runs import require_choosable
from core.usecases.costs.budgets import cost_of
from core.usecases.invitations.batch_rows import ROWS_AT_ONCE, batches_of, new_batches, replace_invitations, rows_for
from core.usecases.invitations.drafts import (
    checked_addresses,
    checked_note,
    own_draft,
    packed,
    require_fresh,
    tell_question,
    unpacked,
)
from core.usecases.invitations.numbers import next_numbers
from core.usecases.invitations.reminders import first_reminder
from core.usecases.invitations.sending_times import SendingTime, require_open_at, sending_time
from core.usecases.invitations.sorting import EXAMPLES, Bucket, Sorted, examples, sort_addresses
from core.words import MessageKind, Subject


class PrepareInvitation(Struct, frozen=True):
    """``run`` is a code as typed; ``addresses`` any text with addresses in it; ``note`` goes to each learner.

    ``when`` is a moment in words, as in “Mon 09:00”, understood in ``time_zone`` (empty: the organisation's).
    """

    run: str
    addresses: str
    note: str = ""
    when: str = ""
    time_zone: str = ""
    chosen: datetime | None = None
    """The moment itself, where a form asks for it."""


class BucketCount(Struct, frozen=True):
    bucket: Bucket
    count: int
    examples: tuple[str, ...]
    """At most five addresses; names of those who have none."""


class LeftOut(Struct, frozen=True):
    count: int
    examples: tuple[str, ...] = ()


_NOBODY: Final[Mapping[Bucket, LeftOut]] = {}


class InvitationPreviewed(Struct, frozen=True):
    draft_id: int
    run: RunCard
    organisation: str
    buckets: tuple[BucketCount, ...]
    """Every bucket, those with 0 too."""
    invalid: tuple[InvalidAddress, ...]
    typos: tuple[tuple[str, str], ...]
    """(address, guess) among the accepted ones."""
    batch_count: int
    expires_at: datetime
    cost: CostForecast
    note: str
    valid_until: datetime
    sending: SendingTime | None = None
    """None: as soon as it is confirmed."""

    @property
    def can_be_confirmed(self) -> bool:
        """Somebody is new, and the budget has room for all who are."""
        return self.count(Bucket.NEW) > 0 and not (self.cost.budget and self.cost.budget.is_over)

    def count(self, bucket: Bucket) -> int:
        return next(entry.count for entry in self.buckets if entry.bucket is bucket)


class InviteLearners(Struct, frozen=True):
    draft_id: int


class LearnersInvited(Struct, frozen=True):
    confirmation_id: int
    numbers: tuple[int, ...]
    run: RunCard
    invited: int
    sends_at: datetime
    is_scheduled: bool = False


def prepare_invitation(ctx: Context, command: PrepareInvitation) -> InvitationPreviewed:
    staff = access.require_staff(ctx, Permission.INVITE)
    run = access.run_by_code(ctx, staff.organisation_id, command.run)
    require_choosable(ctx, staff, run)
    sending = sending_time(ctx, staff, run, words=command.when, time_zone=command.time_zone, chosen=command.chosen)
    note = checked_note(command.note)
    return draft_preview(ctx, staff, run, checked_addresses(command.addresses), note=note, sending=sending)


def draft_preview(
    ctx: Context,
    staff: StaffMember,
    run: CourseRun,
    listed: AddressList,
    *,
    note: str,
    sending: SendingTime | None,
    besides: Mapping[Bucket, LeftOut] = _NOBODY,
) -> InvitationPreviewed:
    """The caller has authorised the staff member, and checked the run and the note.

    ``besides``: those who are not in the list, for it is known already that they cannot be invited.
    """
    draft = {
        "id": ctx.tokens.new_id(),
        "staff_id": staff.id,
        "run_id": run.id,
        "note": note,
        "addresses": packed(listed.accepted),
        "created_at": ctx.now,
        "sends_at": sending.at if sending else None,
    }
    access.insert_all(ctx, Draft, [draft])
    return _preview(ctx, staff, run, draft, listed, sending, besides)


def invite_learners(ctx: Context, command: InviteLearners) -> LearnersInvited:
    """Counts anew: what changed since the preview is respected. Raises NothingToSend when nobody is left."""
    staff = access.require_staff(ctx, Permission.INVITE)
    draft = own_draft(ctx, staff, command.draft_id)
    if draft.confirmed_at is not None:
        return _confirmed_before(ctx, draft)
    require_fresh(ctx, draft)
    run = _run_of(ctx, draft)
    require_choosable(ctx, staff, run)
    if draft.sends_at is not None:
        require_open_at(ctx, staff, run, draft.sends_at)
    # Claimed before the addresses are sorted: else a rival's invitations would be found, and "nobody left" answered.
    if not _claim_draft(ctx, draft):
        return _confirmed_before(ctx, draft)
    tell_question(ctx, draft)
    found = sort_addresses(ctx, run, unpacked(draft.addresses))
    if not found.by_bucket[Bucket.NEW]:
        raise NothingToSend
    return start_batches(
        ctx,
        staff,
        run,
        found,
        note=draft.note,
        confirmation_id=draft.id,
        chosen=draft.sends_at,
        kept_numbers=draft.numbers,
    )


def _run_of(ctx: Context, draft: Draft) -> CourseRun:
    if draft.run_id is None:
        raise RunNotChosen(verb="invite")
    return access.run_by_id(ctx, draft.organisation_id, draft.run_id)


def start_batches(
    ctx: Context,
    staff: StaffMember,
    run: CourseRun,
    found: Sorted,
    *,
    note: str,
    confirmation_id: int,
    chosen: datetime | None = None,
    kept_numbers: range = range(0),
) -> LearnersInvited:
    """Invites everybody in the bucket NEW. The caller has authorised the staff member and checked the run.

    ``chosen``: when the e-mails go out, but never before the recall window has passed. ``kept_numbers`` are used as
    far as they reach; where they are too few, all numbers are fresh.
    """
    replace_invitations(ctx, found.replaced_ids)
    new = found.by_bucket[Bucket.NEW]
    numbers = _numbers(ctx, staff.organisation_id, -(-len(new) // BATCH_ADDRESSES), kept_numbers)
    batches = new_batches(ctx, staff, run, len(new), numbers, note=note, confirmation_id=confirmation_id, chosen=chosen)
    invitations, messages = _rows(ctx, staff, run, batches, new)
    key = scoreboard_key(confirmation_id)
    scoreboard = slack_row(ctx, MessageKind.SCOREBOARD, staff_id=staff.id, about_id=confirmation_id, key=key)
    say(ctx, [scoreboard, *messages])
    for start in range(0, len(invitations), ROWS_AT_ONCE):
        access.insert_all(ctx, Invitation, invitations[start : start + ROWS_AT_ONCE])
    about_batches(ctx, batches, len(new))
    if len(new) == 1:
        ctx.about(Subject.INVITATION, invitations[0]["id"])
    return as_invited(run, batches)


def _numbers(ctx: Context, organisation_id: int, count: int, kept: range) -> range:
    return kept[:count] if len(kept) >= count else next_numbers(ctx, organisation_id, count)


def _rows(
    ctx: Context, staff: StaffMember, run: CourseRun, batches: Sequence[InvitationBatch], new: Sequence[Address]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(invitations, their e-mails), the batches filled in order."""
    sends_at = batches[0].sends_at
    # Who gets it in three months has six months from then, not three.
    expires_at = run.invitation_expires_at(sends_at)
    remind_at = first_reminder(ctx, run, staff.organisation_id, sends_at, expires_at)
    messages: list[dict[str, Any]] = []
    invitations: list[dict[str, Any]] = []
    for place, address in enumerate(new):
        invitation, message = rows_for(ctx, batches[place // BATCH_ADDRESSES], address, expires_at, remind_at)
        invitations.append(invitation)
        messages.append(message)
    return invitations, messages


def as_invited(run: CourseRun, batches: Sequence[InvitationBatch]) -> LearnersInvited:
    """``batches`` of one confirmation."""
    return LearnersInvited(
        confirmation_id=batches[0].confirmation_id,
        numbers=tuple(batch.number for batch in batches),
        run=run_card(run),
        invited=sum(batch.size for batch in batches),
        sends_at=batches[0].sends_at,
        is_scheduled=batches[0].is_scheduled,
    )


# --- Preview ----------------------------------------------------------------------------------------------


_ORGANISATION_NAME = Query(select(Organisation.name).where(Organisation.id == bindparam("organisation_id")))


def _preview(
    ctx: Context,
    staff: StaffMember,
    run: CourseRun,
    draft: Mapping[str, Any],
    listed: AddressList,
    sending: SendingTime | None,
    besides: Mapping[Bucket, LeftOut],
) -> InvitationPreviewed:
    found = sort_addresses(ctx, run, listed.accepted)
    new = len(found.by_bucket[Bucket.NEW])
    organisation = _ORGANISATION_NAME.run(ctx, organisation_id=staff.organisation_id)
    return InvitationPreviewed(
        draft_id=draft["id"],
        run=run_card(run),
        organisation=organisation.scalar_one(),
        buckets=_bucket_counts(found, listed, besides),
        invalid=listed.invalid,
        typos=listed.typos,
        batch_count=-(-new // BATCH_ADDRESSES),
        expires_at=run.invitation_expires_at(sending.at if sending else ctx.now),
        cost=cost_of(ctx, staff.organisation_id, run, new),
        note=draft["note"],
        valid_until=ctx.now + DRAFT_LIFE,
        sending=sending,
    )


def _bucket_counts(found: Sorted, listed: AddressList, besides: Mapping[Bucket, LeftOut]) -> tuple[BucketCount, ...]:
    by_bucket = {**found.by_bucket, Bucket.DUPLICATE: list(listed.duplicates)}
    counts = {bucket: BucketCount(bucket, len(rows), examples(rows)) for bucket, rows in by_bucket.items()}
    invalid = tuple(each.text for each in listed.invalid[:EXAMPLES])
    counts[Bucket.INVALID] = BucketCount(Bucket.INVALID, len(listed.invalid), invalid)
    for bucket, more in besides.items():
        known = counts[bucket]
        shown = (*known.examples, *more.examples)[:EXAMPLES]
        counts[bucket] = BucketCount(bucket, known.count + more.count, shown)
    return tuple(counts.values())


# --- Confirm ----------------------------------------------------------------------------------------------


def _claim_draft(ctx: Context, draft: Draft) -> bool:
    """One of two confirmations at the same moment wins. The addresses have served: they are erased from the draft."""
    won = ctx.session.execute(
        update(Draft)
        .where(Draft.id == draft.id, Draft.confirmed_at.is_(None))
        .values(confirmed_at=ctx.now, addresses="[]")
        .returning(Draft.id)
    ).one_or_none()
    return won is not None


def _confirmed_before(ctx: Context, draft: Draft) -> LearnersInvited:
    return as_invited(_run_of(ctx, draft), batches_of(ctx, draft.id))
