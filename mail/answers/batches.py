"""A preview, what an ``invite`` started, what taking it back left, and how a batch stands."""

from collections.abc import Sequence
from typing import Final

from core.cards import RunCard
from core.rules.policy import BATCH_ADDRESSES, MAIL_INVITES_AT_ONCE
from core.usecases.invitations.batches import BucketCount, InvitationPreviewed, LearnersInvited
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.invitations.scoreboards import BatchCounts, BatchProgress
from core.usecases.invitations.sending_times import SendingTime
from core.usecases.invitations.sorting import Bucket
from core.usecases.mailbox.invitations import InvitedAtOnce, PreviewDiscarded, PreviewNumbered
from core.wording.results import BENEFITS, FATES, FAULTS, batch_name, cost_words, counted, run_dates, until_words
from mail.answers.document import Answer, Listing, Row, Teller, some

_SHOWN: Final = 20
_EXAMPLES: Final = 3


def named(run: RunCard) -> str:
    return f"{run.course_title} ({run.code})"


def tell_preview(preview: InvitationPreviewed, teller: Teller) -> Answer:
    """Of a list with nobody to invite; else it has a number."""
    given = sum(entry.count for entry in preview.buckets)
    new = preview.count(Bucket.NEW)
    who = f"{counted(new, 'learner') if new else 'None'} of the {given:,} can"
    if given == 1 and not new:
        who = "This learner cannot"
    return Answer(
        headline=f"{who} be invited to {named(preview.run)} now. Nothing was sent.",
        lists=_sorted_lists(preview),
    )


def tell_numbered(result: PreviewNumbered, teller: Teller) -> Answer:
    preview, first = result.preview, batch_name(result.numbers[:1])
    given = sum(entry.count for entry in preview.buckets)
    new = counted(preview.count(Bucket.NEW), "learner")
    return Answer(
        headline=f"{new} of {given:,} will be invited to {named(preview.run)} when you say yes.",
        lines=some(
            f"Nothing is sent yet: by e-mail I ask before I invite more than {MAIL_INVITES_AT_ONCE} within an hour.",
            f"They go out in batches of up to {BATCH_ADDRESSES:,}, all with this one confirmation."
            if preview.batch_count > 1
            else "",
        ),
        facts=(("Batch", batch_name(result.numbers)), *_conditions(preview, teller)),
        lists=_sorted_lists(preview),
        replies=(
            f"Reply “yes {first}” to invite them, or “no” to throw this away.",
            f"It is good until {teller.moment(preview.valid_until)}.",
        ),
    )


def tell_at_once(result: InvitedAtOnce, teller: Teller) -> Answer:
    told = tell_invited(result.invited, teller)
    given = sum(entry.count for entry in result.preview.buckets)
    more = f" of {given:,}" if given != result.invited.invited else ""
    head = f"{counted(result.invited.invited, 'learner')}{more} invited to {named(result.invited.run)}."
    return Answer(
        headline=head,
        lines=told.lines,
        replies=told.replies,
        facts=(("Batch", batch_name(result.invited.numbers)), *_conditions(result.preview, teller)),
        lists=_sorted_lists(result.preview),
        steps=told.steps,
    )


def tell_invited(result: LearnersInvited, teller: Teller) -> Answer:
    name = batch_name(result.numbers)
    starts = "They go out" if result.is_scheduled else "Sending starts"
    return Answer(
        headline=f"{counted(result.invited, 'learner')} invited to {named(result.run)}: {name}.",
        lines=(f"{starts} {teller.moment(result.sends_at)}; until then undo takes everything back.",),
        replies=("Reply “undo” to take it back.",),
        steps=some(
            f"“batch {batch_name(result.numbers[:1])}” shows what became of them.",
            "“scheduled” lists everything that waits." if result.is_scheduled else "",
        ),
    )


def tell_discarded(result: PreviewDiscarded, teller: Teller) -> Answer:
    name = f"{batch_name(result.numbers)}: " if result.numbers else ""
    return Answer(f"{name}nobody is invited. The preview is thrown away.")


def tell_recalled(result: BatchRecalled, teller: Teller) -> Answer:
    name, taken = batch_name(result.numbers), result.unsent + result.withdrawn
    head = f"{counted(taken, 'invitation')} of {name} taken back." if taken else f"{name}: nothing was left to undo."
    return Answer(
        headline=head,
        lines=some(
            f"{counted(result.unsent, 'invitation')} had not been sent, and will not be." if result.unsent else "",
            f"{result.withdrawn:,} had been sent: their links now say that the invitation was withdrawn."
            if result.withdrawn
            else "",
            f"{counted(result.answered, 'answer')} (accepted or declined) stay as they are." if result.answered else "",
        ),
    )


def tell_progress(progress: BatchProgress, teller: Teller) -> Answer:
    counts = progress.counts
    bounced = [Row(address, some(reason or "no reason given")) for address, reason in progress.bounces[:_SHOWN]]
    listed = [_listing("Not delivered", bounced, counts.bounced)] if bounced else []
    return Answer(
        headline=f"{counts.accepted:,} of {counted(counts.total, 'learner')} accepted {progress.run.course_title}.",
        lines=(_state_words(progress, teller),),
        facts=(("Batch", batch_name(progress.numbers)), *_count_facts(counts), ("Run", run_dates(progress.run)),
               ("Invited by", progress.staff), ("As of", teller.moment(progress.as_of))),
        lists=tuple(listed),
        replies=("Reply “undo” to take back whatever nobody has answered.",) if progress.can_undo else (),
    )  # fmt: skip


def _state_words(progress: BatchProgress, teller: Teller) -> str:
    counts = progress.counts
    if progress.is_recalled:
        return "Taken back."
    if not progress.is_sending:
        return "All sent."
    if counts.queued == counts.total:
        starts = "Goes out" if progress.is_scheduled else "Sending starts"
        return f"{starts} {teller.moment(progress.sends_at)}."
    return f"Being sent: {counts.total - counts.queued:,} of {counts.total:,} are out."


def _count_facts(counts: BatchCounts) -> tuple[tuple[str, str], ...]:
    return (
        ("Accepted", f"{counts.accepted:,}"),
        ("Declined", f"{counts.declined:,}"),
        ("Not answered", f"{counts.sent:,} sent, {counts.queued:,} waiting to be sent"),
        ("Not delivered", f"{counts.bounced:,}"),
        ("Cancelled", f"{counts.cancelled:,}"),
    )


# --- What became of each ----------------------------------------------------------------------------------


def _conditions(preview: InvitationPreviewed, teller: Teller) -> tuple[tuple[str, str], ...]:
    run = preview.run
    steps = f", {counted(run.step_count, 'step')}" if run.step_count else ""
    facts = [
        ("Run", f"{run_dates(run)}{steps}"),
        ("By", run.partner),
        ("Learners get", ", ".join(BENEFITS[benefit] for benefit in run.benefits)),
        ("Goes out", _sending_words(preview.sending, teller) if preview.sending else ""),
        ("Good until", until_words(preview.expires_at, run.time_zone)),
        ("Cost", cost_words(preview.cost).removeprefix("Cost").lstrip(": ") if preview.cost.places else ""),
        ("Your note", preview.note),
    ]
    return tuple((label, value) for label, value in facts if value)


def _sending_words(sending: SendingTime, teller: Teller) -> str:
    moved = ". The time you chose lies in your organisation's quiet hours, so I moved it to their end"
    return f"{teller.moment(sending.at)}{moved if sending.is_moved else ''}"


def _sorted_lists(preview: InvitationPreviewed) -> tuple[Listing, ...]:
    """The new ones first, for they matter most; what nobody is in says nothing."""
    filled = sorted((entry for entry in preview.buckets if entry.count), key=lambda each: each.bucket is not Bucket.NEW)
    lists = [Listing("What becomes of your list", tuple(map(_bucket_row, filled)))] if filled else []
    if preview.invalid:
        rows = [
            Row(each.text or "an empty entry", some(f"{FAULTS[each.fault]}.{_guess(each.suggestion)}"))
            for each in preview.invalid[:_SHOWN]
        ]
        lists.append(_listing("What I cannot use", rows, len(preview.invalid)))
    if preview.typos:
        rows = [Row(typed, some(f"Did you mean {guess}?")) for typed, guess in preview.typos[:_SHOWN]]
        lists.append(_listing("Perhaps mistyped; I change none of them", rows, len(preview.typos)))
    return tuple(lists)


def _guess(suggestion: str | None) -> str:
    return f" Did you mean {suggestion}?" if suggestion else ""


def _bucket_row(entry: BucketCount) -> Row:
    if entry.bucket in (Bucket.NEW, Bucket.INVALID) or not entry.examples:
        return Row(f"{entry.count:,} {FATES[entry.bucket]}")
    others = ", …" if entry.count > _EXAMPLES else ""
    return Row(f"{entry.count:,} {FATES[entry.bucket]}", (f"{', '.join(entry.examples[:_EXAMPLES])}{others}",))


def _listing(title: str, rows: Sequence[Row], total: int) -> Listing:
    missing = total - len(rows)
    return Listing(title, tuple(rows), f"…and {missing:,} more" if missing > 0 else "")
