"""A preview, what its confirmation started, and what taking it back left."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, context, fitting, question, said, said_lines, section
from bot.blocks.words import BENEFITS, FAULTS, batch_name, counted, moment, run_dates, run_name, until_words
from core.rules.addresses import InvalidAddress
from core.rules.policy import BATCH_ADDRESSES
from core.rules.zones import zone_named
from core.usecases.invitations.batches import BucketCount, InvitationPreviewed, LearnersInvited
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.invitations.sending_times import SendingTime
from core.usecases.invitations.sorting import Bucket
from core.wording.phrases import moment_words
from core.wording.results import FATES, cost_words

INVALID_SHOWN = 10
TYPOS_SHOWN = 10
EXAMPLES_SHOWN = 3


def draw_preview(preview: InvitationPreviewed) -> Message:
    """With the button that confirms; a form has its own, see ``views``."""
    new = preview.count(Bucket.NEW)
    blocks = list(preview_blocks(preview))
    if preview.can_be_confirmed:
        confirm = button(f"Invite {counted(new, 'learner')}", Action.CONFIRM, str(preview.draft_id), style="primary")
        blocks.append(actions(confirm))
    blocks.append(context(_what_next(preview)))
    return Message(_preview_text(preview), tuple(blocks))


def preview_blocks(preview: InvitationPreviewed) -> tuple[Block, ...]:
    fates = fitting(map(_bucket_line, _filled(preview)), 2000)
    blocks = [section(_headline(preview)), *([section(fates)] if fates else [])]
    blocks.append(section("\n".join(_conditions(preview))))
    if preview.note:
        blocks.append(section(f"Your note to each of them:\n{_quoted(preview.note)}"))
    if preview.invalid:
        blocks.append(section(_invalid_words(preview.invalid)))
    if preview.typos:
        blocks.append(section(_typo_words(preview.typos)))
    return tuple(blocks)


def _quoted(note: str) -> str:
    return "\n".join(f"> {line}" for line in said_lines(note, 1500).splitlines())


def _preview_text(preview: InvitationPreviewed) -> str:
    new = preview.count(Bucket.NEW)
    if not new:
        return f"Nobody in this list can be invited to {said(preview.run.course_title)} now."
    return f"{counted(new, 'learner')} can be invited to {said(preview.run.course_title)}. Nothing is sent yet."


def _headline(preview: InvitationPreviewed) -> str:
    new = preview.count(Bucket.NEW)
    given = sum(entry.count for entry in preview.buckets)
    if given == 1 and not new:
        return f"*This learner* cannot be invited to {run_name(preview.run)} now. Nothing was sent."
    if not new:
        return f"*None* of the {given:,} can be invited to {run_name(preview.run)} now. Nothing was sent."
    parts = f" in {counted(preview.batch_count, 'batch', 'batches')}" if preview.batch_count > 1 else ""
    return f"*{counted(new, 'learner')}* of {given:,} will be invited to {run_name(preview.run)}{parts}."


def _filled(preview: InvitationPreviewed) -> list[BucketCount]:
    """The new ones first, for they matter most; what nobody is in says nothing."""
    filled = [entry for entry in preview.buckets if entry.count]
    return sorted(filled, key=lambda entry: entry.bucket is not Bucket.NEW)


def _bucket_line(entry: BucketCount) -> str:
    shown = "" if entry.bucket in (Bucket.NEW, Bucket.INVALID) else _examples(entry)
    return f"• *{entry.count:,}* {FATES[entry.bucket]}{shown}"


def _examples(entry: BucketCount) -> str:
    some = ", ".join(said(address, 40) for address in entry.examples[:EXAMPLES_SHOWN])
    return f" — {some}{', …' if entry.count > EXAMPLES_SHOWN else ''}"


def _conditions(preview: InvitationPreviewed) -> list[str]:
    run = preview.run
    steps = f", {counted(run.step_count, 'step')}" if run.step_count else ""
    partner = f", by {said(run.partner)}" if run.partner else ""
    lines = [
        f"Run: {run_dates(run)}{steps}{partner}.",
        f"Learners get: {', '.join(BENEFITS[benefit] for benefit in run.benefits)}." if run.benefits else "",
        _sending_words(preview.sending) if preview.sending else "",
        f"Invitations are good until {until_words(preview.expires_at, run.time_zone)}.",
        cost_words(preview.cost) if preview.cost.places else "",
    ]
    if preview.batch_count > 1:
        lines.append(f"They go out in batches of up to {BATCH_ADDRESSES:,}, all with this one confirmation.")
    return [line for line in lines if line]


def _sending_words(sending: SendingTime) -> str:
    words = f"*They go out {moment_words(sending.at, zone_named(sending.time_zone))}*, {moment(sending.at)}."
    moved = " The time you chose lies in your organisation's quiet hours, so I moved it to their end."
    return f"{words}{moved if sending.is_moved else ''}"


def _invalid_words(invalid: tuple[InvalidAddress, ...]) -> str:
    lines = [_invalid_line(each) for each in invalid[:INVALID_SHOWN]]
    title = f"*{counted(len(invalid), 'entry', 'entries')}* that I cannot use:"
    return f"{title}\n{fitting(lines, 2400, total=len(invalid))}"


def _invalid_line(each: InvalidAddress) -> str:
    guess = f" Did you mean {said(each.suggestion, 80)}?" if each.suggestion else ""
    return f"• {said(each.text, 60) or 'an empty entry'}: {FAULTS[each.fault]}.{guess}"


def _typo_words(typos: tuple[tuple[str, str], ...]) -> str:
    lines = [f"• {said(typed, 60)}: did you mean {said(guess, 60)}?" for typed, guess in typos[:TYPOS_SHOWN]]
    change = "I do not change it" if len(typos) == 1 else "I change none of them"
    title = f"*{counted(len(typos), 'address', 'addresses')}* may be mistyped; {change}:"
    return f"{title}\n{fitting(lines, 1500, total=len(typos))}"


def _what_next(preview: InvitationPreviewed) -> str:
    if not preview.can_be_confirmed:
        return "There is nothing to confirm."
    return f"Nothing is sent until you press the button. This preview is good until {moment(preview.valid_until)}."


def draw_invited(result: LearnersInvited) -> Message:
    undo = button("Undo", Action.UNDO, str(result.confirmation_id), confirm=undo_question(result.numbers))
    text = f"{counted(result.invited, 'learner')} invited to {said(result.run.course_title)}."
    return Message(f"{text} {batch_name(result.numbers)}.", (*invited_blocks(result), actions(undo)))


def invited_blocks(result: LearnersInvited) -> tuple[Block, ...]:
    head = f"*{counted(result.invited, 'learner')}* invited to {run_name(result.run)}: {batch_name(result.numbers)}."
    first = batch_name(result.numbers[:1])
    starts = "They go out" if result.is_scheduled else "Sending starts"
    listed = " “/usher scheduled” lists everything that waits." if result.is_scheduled else ""
    after = (
        f"{starts} {moment(result.sends_at)}; until then “/usher undo {first}” takes everything back.{listed}\n"
        "I keep one message for you that shows what becomes of them."
    )
    return section(head), section(after)


def undo_question(numbers: tuple[int, ...]) -> Block:
    return question(
        f"Take back {batch_name(numbers)}?",
        "What has not been sent stays unsent. Links that nobody has answered stop working. Answers stay.",
        "Take it back",
        "Keep it",
    )


def draw_recalled(result: BatchRecalled) -> Message:
    name = batch_name(result.numbers)
    taken = result.unsent + result.withdrawn
    head = f"*{counted(taken, 'invitation')}* of {name} taken back." if taken else f"{name}: nothing was left to undo."
    lines = [
        f"• {counted(result.unsent, 'invitation')} had not been sent, and will not be" if result.unsent else "",
        f"• {result.withdrawn:,} had been sent: their links now say that the invitation was withdrawn"
        if result.withdrawn
        else "",
        f"• {counted(result.answered, 'answer')} (accepted or declined) stay as they are" if result.answered else "",
    ]
    body = "\n".join(line for line in lines if line)
    return Message(head.replace("*", ""), (section(f"{head}\n{body}" if body else head),))
