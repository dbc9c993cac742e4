"""An import of learners: the one message that stays true, what can be done with it, its rows, the list of all."""

from typing import Final
from zoneinfo import ZoneInfo

from bot.blocks.controls import Action
from bot.blocks.import_invitations import invite_button
from bot.blocks.parts import Block, Message, actions, button, context, fitting, paged, question, said, section, value_of
from bot.blocks.words import bar, counted, moment
from core.context import Door
from core.rules.ucas.buckets import Bucket, Buckets
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.copies import CopyOrdered, TemplateOffered
from core.usecases.imports.imports import ImportCard, ImportShown, ImportsListed, ProblemCount
from core.usecases.imports.rows import ImportRowShown, ImportRowsListed
from core.usecases.imports.undoing import ImportUndone, UndoPreviewed
from core.wording.imports import (
    KEPT_REASONS,
    counted_of,
    import_name,
    is_done,
    is_under_way,
    next_words,
    outcome_words,
    rows_words,
    someone,
    undone_words,
    would_words,
)
from core.words import ImportReason, ImportState, ImportSubject

BUCKETS: Final = {
    Bucket.CREATED: "new",
    Bucket.UPDATED: "changed",
    Bucket.UNCHANGED: "unchanged",
    Bucket.DUPLICATE: "repeated in the file",
    Bucket.PROBLEM: "with problems",
}
_DOORS: Final = {Door.SLACK: "Slack", Door.MAIL: "e-mail", Door.CLI: "the command line", Door.WEB: "the web"}
_UTC: Final = ZoneInfo("UTC")
_WHOLE_FILE: Final = (ImportReason.FILE, ImportReason.SHEET, ImportReason.NO_ROWS)
_LIST_CHARACTERS: Final = 2600


def draw_import(shown: ImportShown) -> Message:
    card = shown.card
    if is_under_way(card.state):
        return _draw_under_way(shown)
    outcome = said(outcome_words(card, _UTC, repeats=shown.repeats), 400)
    head = f"*{outcome}*\n{import_name(card.number)} · “{_file(card)}”"
    if shown.offers.corrected_by:
        head += f" · corrected by {import_name(shown.offers.corrected_by)}"
    blocks = [section(head)]
    if card.buckets.rows:
        blocks.append(section(_counts(card.buckets, is_imported=is_done(card.state))))
    blocks += [*_why(shown), *_problems(shown), *_buttons(shown), *_notes(shown), context(_footer(shown))]
    return Message(f"{import_name(card.number)}: {outcome}", tuple(blocks))


def draw_import_again(shown: ImportShown) -> Message:
    """The same file was sent once more."""
    name = import_name(shown.card.number)
    words = "already imported" if shown.card.state is ImportState.APPLIED else "here already"
    text = f"This file is {words} as {name}. Nothing was done."
    page = draw_import(shown)
    return Message(text, (section(f"*{text}*"), *page.blocks))


def _draw_under_way(shown: ImportShown) -> Message:
    card = shown.card
    name = f"{import_name(card.number)} · “{_file(card)}”"
    if card.state is ImportState.CHECKED:
        text = f"Comparing {counted(shown.rows_read, 'row')} with your learners"
        return Message(f"{text}.", (section(f"*{text}*\n{name}"),))
    if not shown.row_count:
        text = "Reading the file"
        return Message(f"{text}: “{_file(card)}”.", (section(f"*{text}*\n{name}"),))
    text = f"Checking rows {min(shown.rows_read, shown.row_count):,} of {shown.row_count:,}"
    progress = bar(min(shown.rows_read, shown.row_count), shown.row_count)
    return Message(f"{text}.", (section(f"*{text}*\n{progress}\n{name}"),))


def _file(card: ImportCard) -> str:
    return said(card.file_name, 80) or "the file"


def _counts(found: Buckets, *, is_imported: bool) -> str:
    """They add up to the rows."""
    yet = "" if is_imported else " (nothing is written yet)"
    counts = " · ".join(f"*{getattr(found, bucket.value):,}* {words}" for bucket, words in BUCKETS.items())
    return f"*{counted(found.rows, 'row')}*{yet}: {counts}"


def _why(shown: ImportShown) -> tuple[Block, ...]:
    lines = [said(words, 500) for words in next_words(shown)]
    if shown.headings:
        seen = ", ".join(f"“{said(each, 60)}”" for each in shown.headings)
        lines.append(f"I saw these headings: {fitting([seen], 1500) if len(seen) < 1500 else seen[:1500] + '…'}")
    if shown.card.reason in _WHOLE_FILE:
        lines.append("The template has all the headings that I know, and words of help.")
    if shown.card.reason is ImportReason.NAMES:
        lines.append("Columns may have slipped: look at a few rows before you import it.")
    if shown.card.reason is ImportReason.CATALOGUE and shown.card.state is ImportState.HELD:
        lines.append("It changes what learners can be invited to: look at the rows, then say whether it is right.")
    if shown.card.reason in (ImportReason.OUR_MISTAKE, ImportReason.EXPIRED):
        lines.append("Send the file once more, if it is still wanted.")
    return (section("\n".join(lines)),) if lines else ()


def _problems(shown: ImportShown) -> tuple[Block, ...]:
    """Errors first: they keep rows out."""
    errors = [_problem(each) for each in shown.problems if each.is_error]
    others = [_problem(each) for each in shown.problems if not each.is_error]
    room = _LIST_CHARACTERS if not others else _LIST_CHARACTERS // 2
    lists = (("To correct", errors), ("Worth a look", others))
    return tuple(section(f"*{title}*\n{fitting(lines, room)}") for title, lines in lists if lines)


def _problem(found: ProblemCount) -> str:
    column = f"*{said(found.column, 60)}*: " if found.column else ""
    rows = rows_words(found.rows, found.count)
    return f"• {column}{said(found.reason, 160)} ({rows}). {said(found.advice, 120)}"


def _buttons(shown: ImportShown) -> tuple[Block, ...]:
    number, offers, card = str(shown.card.number), shown.offers, shown.card
    buttons = []
    if offers.good_rows:
        buttons.append(_release_button(shown))
    if offers.corrections:
        label = "Correct this row…" if offers.corrections == 1 else f"Correct these {offers.corrections} rows…"
        buttons.append(button(label, Action.IMPORT_CORRECT, number))
    if offers.copy:
        label = "Download full copy" if offers.full_copy else "Download marked copy"
        buttons.append(button(label, Action.IMPORT_COPY, value_of(card.number, offers.full_copy)))
    if card.buckets.rows:
        bucket = Bucket.PROBLEM if card.buckets.problem else _largest(card.buckets)
        buttons.append(button("Look at the rows", Action.IMPORT_ROWS, value_of(card.number, bucket, 1)))
    if offers.invitable:
        buttons.append(invite_button(shown.card.number, offers.invitable))
    if offers.undo:
        buttons.append(button("Undo…", Action.IMPORT_UNDO, number))
    if card.reason in _WHOLE_FILE:
        buttons.append(button("Get the template", Action.IMPORT_TEMPLATE, card.subject))
    return (actions(*buttons),) if buttons else ()


def _largest(found: Buckets) -> Bucket:
    return max(Bucket, key=lambda bucket: int(getattr(found, bucket.value)))


def _release_button(shown: ImportShown) -> Block:
    good, card = shown.offers.good_rows, shown.card
    if card.reason is ImportReason.CATALOGUE:
        label, text = "Write it", _written(card.buckets)
    elif card.reason is ImportReason.NAMES and not card.buckets.problem:
        label, text = "Import it all the same", f"{counted(good, 'row')} will be imported. You can undo it for 30 days."
    else:
        label = f"Import the {good:,} good rows" if good > 1 else "Import the good row"
        left = counted(card.buckets.problem, "row")
        text = f"{left} with problems will be left out. You can undo it for 30 days."
    verb = "Write it" if card.reason is ImportReason.CATALOGUE else "Import"
    sure = question("Import these rows?", text, verb, "Not yet")
    return button(label, Action.IMPORT_RELEASE, str(card.number), style="primary", confirm=sure)


def _written(found: Buckets) -> str:
    left = f" {counted(found.problem, 'row')} with problems will be left out." if found.problem else ""
    return f"This will {would_words(found)}.{left} You can undo it for 30 days."


def _notes(shown: ImportShown) -> tuple[Block, ...]:
    if not shown.notes:
        return ()
    return (context(fitting([f"• {said(note, 200)}" for note in shown.notes], 1500)),)


def _footer(shown: ImportShown) -> str:
    card = shown.card
    times = [f"Requested {moment(card.received_at)}"]
    times += [f"processed {moment(card.settled_at)}"] if card.settled_at else []
    times += [f"undone {moment(card.undone_at)}"] if card.undone_at else []
    facts = [*times, f"by {said(card.staff_name)}", f"through {_DOORS.get(Door(card.door), card.door)}"]
    facts += [f"corrects {import_name(shown.corrects)}"] if shown.corrects else []
    line = " · ".join(facts)
    if card.buckets.problem and not shown.offers.corrected_by and shown.offers.copy:
        line += "\nOr correct the marked copy and drop it into our direct messages."
    return line


# --- What was done ----------------------------------------------------------------------------------------


def draw_import_settled(done: ImportSettled) -> Message:
    found = done.buckets
    good = found.created + found.updated + found.unchanged
    text = f"{import_name(done.number)}: {good:,} of {counted(found.rows, 'row')} imported."
    if done.state is not ImportState.APPLIED:
        text = f"{import_name(done.number)} was not imported: {counted(found.problem, 'row')} with problems."
    return Message(text, (section(f"*{text}*"), section(_counts(found, is_imported=done.state is ImportState.APPLIED))))


def draw_undo_preview(found: UndoPreviewed) -> Message:
    name = import_name(found.number)
    text = f"Undo {name}? Nothing is changed yet."
    counts = (
        (found.removed, "that it created would be removed"),
        (found.restored, "would be as they were before"),
        (found.kept_total, "would stay as they are"),
    )
    lines = [f"• *{counted_of(found.subject, count)}* {words}" for count, words in counts if count]
    blocks = [section(f"*Undo {name}?*\n" + ("\n".join(lines) or "Nothing is left to take back.")), *_kept(found)]
    if found.removed or found.restored:
        sure = question(f"Undo {name}?", "This cannot be taken back; send the file again instead.", "Undo", "Keep it")
        value = str(found.number)
        blocks.append(actions(button("Undo it", Action.IMPORT_UNDO_CONFIRM, value, style="danger", confirm=sure)))
    blocks.append(context(f"It can be undone until {moment(found.until)}."))
    return Message(text, tuple(blocks))


def draw_import_undone(done: ImportUndone) -> Message:
    text = f"{import_name(done.number)} is undone: {undone_words(done)}."
    return Message(text, (section(f"*{text}*"), *_kept(done)))


def _kept(found: UndoPreviewed | ImportUndone) -> tuple[Block, ...]:
    if not found.kept:
        return ()
    lines = [
        f"• row {each.row:,}, {said(each.name, 80) or someone(found.subject)}: {KEPT_REASONS[each.reason]}"
        for each in found.kept
    ]
    return (section(f"*Left as they are*\n{fitting(lines, _LIST_CHARACTERS, total=found.kept_total)}"),)


def draw_copy_ordered(ordered: CopyOrdered) -> Message:
    text = f"The marked copy of {import_name(ordered.number)} comes into our direct messages in a moment."
    return Message(text, (section(text),))


def draw_template_offered(offered: TemplateOffered) -> Message:
    which = "of courses and runs " if offered.subject is ImportSubject.CATALOGUE else ""
    text = f"The template {which}comes into our direct messages in a moment."
    return Message(text, (section(f"{text}\nFill it in and send it back there."),))


# --- Rows and lists ---------------------------------------------------------------------------------------


def draw_import_rows(listed: ImportRowsListed) -> Message:
    words = BUCKETS[listed.bucket]
    text = f"{import_name(listed.number)}: {counted(listed.total, 'row')} {words}."
    blocks = [section(f"*{text}*")]
    if listed.rows:
        blocks.append(section(fitting([_row(each) for each in listed.rows], _LIST_CHARACTERS)))
    others = [bucket for bucket in Bucket if bucket is not listed.bucket and getattr(listed.buckets, bucket.value)]
    if others:
        blocks.append(actions(*(_bucket_button(listed, bucket) for bucket in others)))
    state = (listed.number, listed.bucket)
    return Message(text, (*blocks, *paged(Action.IMPORT_ROWS_PAGE, listed.page, listed.page_count, state)))


def _bucket_button(listed: ImportRowsListed, bucket: Bucket) -> Block:
    label = f"{getattr(listed.buckets, bucket.value):,} {BUCKETS[bucket]}"
    return button(label, f"{Action.IMPORT_ROWS_PAGE}:{bucket}", value_of(listed.number, bucket, 1))


def _row(row: ImportRowShown) -> str:
    head = f"*Row {row.number:,}* · {said(row.name, 60) or 'no name'}"
    details = [f"{said(each.column, 40)}: {said(each.reason, 110)}" for each in row.problems[:3]]
    if len(row.problems) > 3:
        details.append(f"and {len(row.problems) - 3} more")
    if row.changes:
        details.append(f"changed: {said(', '.join(row.changes), 120)}")
    if row.same_as is not None:
        details.append(f"the same as row {row.same_as:,}")
    return f"{head}: {'; '.join(details)}" if details else head


def draw_imports(listed: ImportsListed) -> Message:
    which = f" that {'is' if listed.total == 1 else 'are'} {listed.state.value}" if listed.state else ""
    text = f"{counted(listed.total, 'import')}{which}."
    if not listed.total:
        none = "No spreadsheet of learners was sent yet." if not listed.state else f"There are no imports{which}."
        ask = f"{none}\nDrop one into our direct messages, or start with the template."
        offer = actions(button("Get the template", Action.IMPORT_TEMPLATE, ImportSubject.LEARNERS))
        return Message(none, (section(ask), offer))
    rows = [block for card in listed.imports for block in _listed(card)]
    state = (listed.state.value if listed.state else "",)
    pages = paged(Action.IMPORTS_PAGE, listed.page, listed.page_count, state)
    return Message(text, (section(f"*{text}*"), *rows, *pages))


def _listed(card: ImportCard) -> tuple[Block, ...]:
    outcome = said(outcome_words(card, _UTC), 200)
    where = _DOORS.get(Door(card.door), card.door)
    text = (
        f"*{import_name(card.number)}* · “{_file(card)}”\n{outcome}\n"
        f"{said(card.staff_name, 80)} through {where}, {moment(card.received_at)}"
    )
    look = button("Look", f"{Action.IMPORT_SHOW}:{card.number}", str(card.number))
    return (section(text, look),)
