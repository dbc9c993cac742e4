"""The one message of a confirmation that stays true."""

from bot.blocks.batches import undo_question
from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, context, fitting, said, section
from bot.blocks.words import bar, batch_name, counted, moment, run_dates, run_name
from core.usecases.invitations.scoreboards import BatchCounts, BatchProgress


def draw_scoreboard(progress: BatchProgress) -> Message:
    blocks = [section(_headline(progress)), section(_counts(progress.counts))]
    if progress.bounces:
        blocks.append(section(_bounces(progress)))
    blocks += [*_undo(progress), context(_footer(progress))]
    return Message(_text(progress), tuple(blocks))


def _text(progress: BatchProgress) -> str:
    counts = progress.counts
    name = batch_name(progress.numbers)
    return (
        f"{name}: {counts.accepted:,} of {counted(counts.total, 'learner')} accepted "
        f"{said(progress.run.course_title)}; {counts.declined:,} declined, {counts.bounced:,} not delivered."
    )


def _headline(progress: BatchProgress) -> str:
    counts = progress.counts
    head = f"*{batch_name(progress.numbers)}*: {counted(counts.total, 'learner')} invited to {run_name(progress.run)}"
    if progress.is_recalled:
        return f"{head}\nTaken back."
    if not progress.is_sending:
        return f"{head}\nAll sent."
    if counts.queued == counts.total:
        starts = "Goes out" if progress.is_scheduled else "Sending starts"
        return f"{head}\n{starts} {moment(progress.sends_at)}."
    return f"{head}\nSending {bar(counts.total - counts.queued, counts.total)}"


def _counts(counts: BatchCounts) -> str:
    """What matters first; the words stay in place from one edit to the next."""
    lines = [
        f"*{counts.accepted:,}* accepted · *{counts.declined:,}* declined",
        f"{counts.sent:,} sent and not answered · {counts.queued:,} waiting to be sent",
        f"{counts.bounced:,} not delivered · {counts.cancelled:,} cancelled",
    ]
    return "\n".join(lines)


def _bounces(progress: BatchProgress) -> str:
    lines = [f"• {said(address, 60)}: {said(reason, 100) or 'no reason given'}" for address, reason in progress.bounces]
    return f"*Not delivered*\n{fitting(lines, 2400, total=progress.counts.bounced)}"


def _undo(progress: BatchProgress) -> tuple[Block, ...]:
    if not progress.can_undo:
        return ()
    value = str(progress.confirmation_id)
    return (actions(button("Undo", Action.SCOREBOARD_UNDO, value, confirm=undo_question(progress.numbers))),)


def _footer(progress: BatchProgress) -> str:
    return f"Run: {run_dates(progress.run)} · invited by {said(progress.staff)} · as of {moment(progress.as_of)}"
