"""What became of a file: the outcome first, then counts that add up, then what to correct and what to reply."""

from typing import Final

from core.import_reports import CopyFate, ImportReport
from core.rules.policy import MAIL_FILES_BYTES, OWN_WORKBOOK_ROWS
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.copies import TemplateOffered
from core.usecases.imports.imports import ImportCard, ImportShown, ImportsListed
from core.usecases.imports.mails import ImportLeft
from core.usecases.imports.orders import OrderShown
from core.usecases.imports.rows import ImportRowShown, ImportRowsListed
from core.usecases.imports.undoing import ImportUndone, UndoPreviewed
from core.wording.imports import (
    KEPT_REASONS,
    bucket_facts,
    counted_of,
    import_name,
    is_done,
    is_under_way,
    next_words,
    outcome_words,
    problem_words,
    someone,
    undo_words,
)
from core.wording.results import counted
from core.words import ImportReason, ImportState, ImportSubject, ImportWork
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some

_SHOWN: Final = 20
_TEMPLATES: Final = {
    ImportSubject.LEARNERS: "Reply “template” for the workbook to fill in.",
    ImportSubject.CATALOGUE: "Reply “template courses” for the workbook to fill in.",
}
_CAUTIOUS: Final = (ImportReason.NAMES, ImportReason.CATALOGUE)
_COPIES: Final = {
    CopyFate.TOO_LARGE: f"The marked copy is larger than {MAIL_FILES_BYTES // 1024**2} MB, too large for an e-mail: "
    "get it in Slack, or ask whoever runs Usher for it.",
    CopyFate.FAILED: "The marked copy could not be made within the limits. The problems below are all the same true.",
    CopyFate.FAULTY: f"Of a file with more than {OWN_WORKBOOK_ROWS:,} rows I send those with problems, with their row "
    "numbers. Reply “full” for all rows.",
    CopyFate.NOT_NEEDED: "No row has a problem, so I send no copy of so large a file. Reply “full” for it.",
}


def tell_report(report: ImportReport, teller: Teller) -> Answer:
    shown, card = report.shown, report.shown.card
    if report.is_copy_asked:
        return _tell_copy(report)
    headline = outcome_words(card, teller.zone, is_repeat=report.is_repeat, repeated=report.repeated)
    return Answer(
        headline=headline,
        lines=some(
            _again(report),
            _corrected(report),
            *next_words(shown),
            _headings(shown),
            _about_caution(card),
            _COPIES.get(report.copy, ""),
        ),
        replies=_replies(card),
        facts=(*_facts(shown, teller), *_files(report)),
        lists=_lists(shown),
        steps=_steps(shown),
    )


def _tell_copy(report: ImportReport) -> Answer:
    name = import_name(report.shown.card.number)
    if report.files:
        return Answer(f"Here is {name} with all its rows marked.", facts=_files(report))
    return Answer(
        headline=f"The copy of {name} with all its rows could not be sent.",
        lines=some(_COPIES.get(report.copy, "There is nothing in it to be marked.")),
    )


def _again(report: ImportReport) -> str:
    card = report.shown.card
    if not report.is_repeat or card.state is ImportState.APPLIED:
        return ""
    if is_under_way(card.state):
        return f"The same file is here already, as {import_name(card.number)}; its own answer follows."
    return f"The same file is here already, as {import_name(card.number)}; this is how it stands."


def _corrected(report: ImportReport) -> str:
    card = report.shown.card
    if report.shown.corrects is None or report.is_repeat or card.state not in (ImportState.APPLIED, ImportState.HELD):
        return ""
    name = import_name(report.shown.corrects)
    if card.subject is ImportSubject.CATALOGUE:
        return f"It corrects {name}."
    if report.differing is None:
        return f"It takes the place of {name}."
    if not report.differing:
        return f"No row differs from {name}, so there was nothing to import."
    what = "only these were imported" if card.state is ImportState.APPLIED else "only these would be imported"
    differ = "row differs" if report.differing == 1 else "rows differ"
    return f"{report.differing:,} {differ} from {name}: {what}, the others were left as they are."


def _headings(shown: ImportShown) -> str:
    if shown.card.reason is not ImportReason.SHEET or not shown.headings:
        return ""
    return f"The headings that I saw: {', '.join(f'“{each}”' for each in shown.headings)}."


def _about_caution(card: ImportCard) -> str:
    if card.state is not ImportState.HELD or card.reason not in _CAUTIOUS:
        return ""
    if card.reason is ImportReason.CATALOGUE:
        left = (
            f" {counted(card.buckets.problem, 'row')} with problems would be left out." if card.buckets.problem else ""
        )
        return (
            "It changes what learners can be invited to. The attached copy says of each row what would change: "
            f"look at it before you say yes.{left}"
        )
    return (
        "That happens when a column has slipped. The attached copy says of each row what would change: "
        "look at it before you say yes."
    )


def _replies(card: ImportCard) -> tuple[str, ...]:
    match card.state:
        case ImportState.HELD if card.reason is ImportReason.CATALOGUE:
            return ("Reply “yes” to write it, or “no” to leave everything as it is.",)
        case ImportState.HELD if card.reason is ImportReason.NAMES:
            return ("Reply “yes” to import it as it stands, or “no” to leave everything as it is.",)
        case ImportState.HELD:
            good = card.buckets.rows - card.buckets.problem - card.buckets.duplicate
            would_change = card.buckets.created + card.buckets.updated > 0
            return some(
                "Correct the red cells in the attached copy and reply with it: then all rows are looked at anew.",
                f"Or reply “good rows” to import the other {counted(good, 'row')} now." if would_change else "",
            )
        case ImportState.APPLIED if card.buckets.problem:
            return (
                "Correct the red cells in the attached copy and reply with it: only what you changed is imported.",
                "Reply “undo” to take back what was imported.",
            )
        case ImportState.APPLIED if card.buckets.created or card.buckets.updated:
            return ("Reply “undo” to take it back.",)
        case ImportState.REJECTED if card.reason in (ImportReason.SHEET, ImportReason.NO_ROWS):
            return (_TEMPLATES[card.subject],)
        case ImportState.REJECTED if card.reason is ImportReason.ROWS:
            return ("Correct the red cells in the attached copy and reply with it.",)
    return ()


def _steps(shown: ImportShown) -> tuple[str, ...]:
    card, invitable = shown.card, shown.offers.invitable
    name = import_name(card.number)
    if card.reason is ImportReason.OUR_MISTAKE:
        return ("Send the file once more; if it fails again, tell whoever runs Usher.",)
    if card.reason is ImportReason.EXPIRED:
        return ("Send the file once more, if it is still wanted.",)
    who = f"these {counted(invitable, 'learner')}" if invitable > 1 else "this learner"
    return some(
        f"“invite RUN import {name}”, with a run's code for RUN, invites {who}; you see a preview first."
        if invitable
        else "",
        f"“import {name}” shows this again, “imports” lists all.",
    )


def _facts(shown: ImportShown, teller: Teller) -> tuple[tuple[str, str], ...]:
    card = shown.card
    facts = [
        ("Import", import_name(card.number)),
        ("File", card.file_name),
        ("Sheet", shown.sheet),
        *bucket_facts(card.buckets, is_done=is_done(card.state)),
        ("Sent by", card.staff_name),
        ("Requested", teller.moment(card.received_at)),
        ("Processed", teller.moment(card.settled_at) if card.settled_at else ""),
        ("Undone", teller.moment(card.undone_at) if card.undone_at else ""),
    ]
    return tuple((label, value) for label, value in facts if value)


def _files(report: ImportReport) -> tuple[tuple[str, str], ...]:
    return (("Attached", " and ".join(f"“{name}”" for name in report.files)),) if report.files else ()


def _lists(shown: ImportShown) -> tuple[Listing, ...]:
    errors = tuple(Row(problem_words(each), some(each.advice)) for each in shown.problems if each.is_error)
    others = tuple(Row(problem_words(each), some(each.advice)) for each in shown.problems if not each.is_error)
    notes = (Row("About the file", shown.notes[:_SHOWN]),) if shown.notes else ()
    listed = (
        Listing("What to correct", errors),
        Listing("Worth a look", others),
        Listing("", notes),
    )
    return tuple(each for each in listed if each.rows)


# --- The others -------------------------------------------------------------------------------------------


def tell_list(listed: ImportsListed, teller: Teller) -> Answer:
    rows = tuple(_row(card, teller) for card in listed.imports)
    return Answer(
        headline=f"{counted(listed.total, 'import')} so far." if listed.total else "No file has been imported yet.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            "“import I-0007” shows one with its problems; “undo I-0007” takes it back." if rows else "",
            "Attach a spreadsheet to an e-mail to import its learners; “template” sends you the workbook to fill in, "
            "“template courses” that of courses and runs.",
        ),
    )


def _row(card: ImportCard, teller: Teller) -> Row:
    found = card.buckets
    counts = (
        f"{found.created:,} new, {found.updated:,} changed, {found.unchanged:,} unchanged, "
        f"{found.duplicate:,} repeated, {found.problem:,} with problems"
        if found.rows
        else ""
    )
    who = f"{teller.moment(card.received_at)} · {card.staff_name} · {_DOORS.get(card.door, card.door)}"
    name = f" · {card.file_name}" if card.file_name else ""
    return Row(f"{import_name(card.number)}{name}: {_STATES[card.state]}", some(counts, who))


_DOORS: Final = {"mail": "by e-mail", "slack": "in Slack", "cli": "from the command line", "web": "on the web"}
_STATES: Final = {
    ImportState.RECEIVED: "under way",
    ImportState.READING: "under way",
    ImportState.CHECKED: "under way",
    ImportState.HELD: "waits",
    ImportState.APPLIED: "imported",
    ImportState.REJECTED: "not imported",
    ImportState.UNDONE: "undone",
}


_BUCKETS: Final = {
    Bucket.CREATED: "new",
    Bucket.UPDATED: "changed",
    Bucket.UNCHANGED: "unchanged",
    Bucket.DUPLICATE: "repeated in the file",
    Bucket.PROBLEM: "with problems",
}


def tell_rows(listed: ImportRowsListed, teller: Teller) -> Answer:
    name = import_name(listed.number)
    rows = tuple(_import_row(row) for row in listed.rows)
    return Answer(
        headline=f"{counted(listed.total, 'row')} of {name} {_BUCKETS[listed.bucket]}.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=(f"“import {name} new”, “changed”, “unchanged”, “repeated” and “problems” show the others.",),
    )


def _import_row(row: ImportRowShown) -> Row:
    problems = (f"{f'{each.column}: ' if each.column else ''}{each.reason}. {each.advice}" for each in row.problems)
    same = f"The same as row {row.same_as}." if row.same_as else ""
    changes = f"Changed: {', '.join(row.changes)}." if row.changes else ""
    return Row(f"Row {row.number}: {row.name or 'no name'}", some(same, changes, *problems))


def tell_undone(result: ImportUndone, teller: Teller) -> Answer:
    taken = result.removed + result.restored
    which = "that" if result.subject is ImportSubject.CATALOGUE else "whom"
    name = import_name(result.number)
    rows = tuple(
        Row(f"Row {kept.row}: {kept.name or someone(result.subject)}", (KEPT_REASONS[kept.reason],))
        for kept in result.kept[:_SHOWN]
    )
    left = result.kept_total - len(rows)
    more = f"…and {left:,} more" if left > 0 else ""
    return Answer(
        headline=f"{name} is undone." if taken else f"{name} is undone: nothing was left to take back.",
        lines=some(
            f"{counted_of(result.subject, result.removed)} {which} it had made {_are(result.removed)} removed."
            if result.removed
            else "",
            f"{counted_of(result.subject, result.restored)} {_are(result.restored)} as they were before."
            if result.restored
            else "",
            f"{counted_of(result.subject, result.kept_total)} stay as they are." if result.kept_total else "",
        ),
        lists=(Listing("Left as they are", rows, more),) if rows else (),
        steps=("The same file sent again is imported anew.",),
    )


def tell_order(shown: OrderShown, teller: Teller) -> Answer:
    """What is done is told as what it has become."""
    name, is_undo = import_name(shown.number), shown.work is ImportWork.UNDO
    if shown.refusal:
        return Answer(f"{name} could not be {'undone' if is_undo else 'imported'}.", lines=(shown.refusal,))
    doing = "being undone" if is_undo else "being imported"
    return Answer(f"{name} is {doing} already. You hear of it when that is done.")


def tell_undo_preview(found: UndoPreviewed, teller: Teller) -> Answer:
    return Answer(
        headline=f"Undoing {import_name(found.number)} would {undo_words(found)}.",
        replies=(f"It can be undone until {teller.moment(found.until)}.",),
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def tell_left(result: ImportLeft, teller: Teller) -> Answer:
    return Answer(
        headline=f"Nothing of {import_name(result.number)} is imported, as you said.",
        lines=("Send a corrected file at any time.",),
        replies=(f"Until {teller.moment(result.until)} {_still(result)}",),
    )


def _still(result: ImportLeft) -> str:
    if result.reason in _CAUTIOUS:
        return "“yes” in reply still imports it."
    return "“good rows” in reply still imports the others."


def tell_template(result: TemplateOffered, teller: Teller) -> Answer:
    if result.subject is ImportSubject.CATALOGUE:
        return Answer(
            headline="Here is the workbook for courses and runs.",
            lines=(
                "Fill in the sheet “Courses and runs”, one run a row, and reply with the file. Every row is answered.",
                "Nothing is written before you have seen what would change, and said yes.",
            ),
        )
    return Answer(
        headline="Here is the workbook for the learner import.",
        lines=(
            "Fill in the sheet “Learners”, one learner a row, and reply with the file. Every row is answered.",
            "Your own spreadsheet does as well, if its headings are those of the template, in any order.",
        ),
    )
