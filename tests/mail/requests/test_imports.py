"""Spreadsheets that staff send by e-mail: taken in, run as a worker runs them, answered once, and what is replied."""

import io
import threading
import zipfile

import openpyxl
import pytest
from msgspec.structs import replace
from msoffcrypto.format.ooxml import OOXMLFile  # type: ignore[import-untyped]  # It has no types.

from core.context import Door
from core.importing import fulfil_in_background, run_in_background
from core.model import Import, ImportOrder, ImportRow, MailAnswer, OutboundMessage
from core.results import RequestRefused
from core.rules.policy import MAIL_UNDOES_AT_ONCE, SHEET_BYTES
from core.usecases.imports.jobs import GiveUpImport, give_up_import
from core.usecases.imports.mails import ImportLeft, ImportTold, OrderTold
from core.usecases.imports.undoing import UndoImport, undo_import
from core.words import CopyWanted, ImportReason, ImportState, MailState, MessageKind
from mail.parsing.parsed import Attachment
from mail.requests.answering import answer
from tests.core.sheets.files import workbook
from tests.core.usecases.importing import ULNS, Line, filled_template, learners, line, sheet, stored
from tests.factories import CATALOGUE, SYSTEM, FixedClock, School
from tests.mail.asking import Answered, Writer, finish_imports, parsed_mail, rows, state_of

GOOD, BAD = line("Ada"), line("Bo", Postcode="no")
MIXED = (GOOD, BAD, line("Cy"))


@pytest.fixture
def olive(school: School) -> Writer:
    return Writer(school, school.owner)


def csv_file(*lines: Line, name: str = "learners.csv") -> Attachment:
    return Attachment(name, "csv", sheet(*lines))


def book(*lines: Line, name: str = "Learners 2026.xlsx") -> Attachment:
    names = tuple(dict.fromkeys(name for each in lines for name in each))
    return Attachment(name, "xlsx", workbook(names, *([each.get(name, "") for name in names] for each in lines)))


def cells(content: bytes) -> list[tuple[object, ...]]:
    opened = openpyxl.load_workbook(io.BytesIO(content))
    return list(opened[opened.sheetnames[0]].iter_rows(values_only=True))


def corrected(content: bytes, cell: str, value: str) -> bytes:
    """The marked workbook, with one cell changed in a spreadsheet program."""
    opened = openpyxl.load_workbook(io.BytesIO(content))
    opened[opened.sheetnames[0]][cell] = value
    file = io.BytesIO()
    opened.save(file)
    return file.getvalue()


def answers(school: School) -> list[OutboundMessage]:
    return [each for each in rows(school.app, OutboundMessage) if each.kind is MessageKind.ANSWER]


# --- What comes back --------------------------------------------------------------------------------------


def test_good_rows_are_imported_at_once_and_the_workbook_comes_back_marked(school: School, olive: Writer) -> None:
    told = olive.write("New learners", "Please find them attached.", book(GOOD, line("Cy")))

    assert told.state is MailState.PROCESSED
    assert told.text.startswith("All 2 rows are imported.")
    assert "New: 2\n" in told.text
    assert "Rows in all: 2\n" in told.text
    assert "Requested: " in told.text
    assert "Reply “undo” to take it back." in told.text
    assert set(learners(school)) == {"Ada", "Cy"}
    ((name, content),) = told.files.items()
    assert name == "Learners 2026 (checked).xlsx"
    heads, first, *_ = cells(content)
    assert heads[-3:] == ("Usher status", "Usher reason", "Usher suggestion")
    assert first[-3] == "New"


def test_of_the_templates_columns_none_is_said_to_be_left_out_where_nothing_stood(olive: Writer) -> None:
    empty, filled = (line(name, Ethnicity=value) for name, value in (("Ada", ""), ("Bo", "Irish")))

    told = olive.write("", "", Attachment("learners.xlsx", "xlsx", filled_template(empty)))
    warned = olive.write("", "", Attachment("more.xlsx", "xlsx", filled_template(empty, filled)))

    assert told.text.startswith("The one row is imported.")
    assert "Ethnicity" not in told.text
    assert "“Ethnicity”: it was not read, for your organisation does not store it." in warned.text


def test_a_file_with_problems_waits_and_a_word_imports_the_good_rows(school: School, olive: Writer) -> None:
    held = olive.write("", "", csv_file(*MIXED))
    none_yet = learners(school)
    released = olive.reply(held, "Import the good rows, please")

    assert held.text.startswith("Nothing is imported yet: 1 of 3 rows needs correcting.")
    assert "- Postcode: " in held.text
    assert "(row 3)" in held.text
    assert "Would be new: 2\n" in held.text
    assert list(held.files) == ["learners (checked).xlsx", "learners (checked).csv"]
    assert none_yet == {}
    assert isinstance(released.result, OrderTold)
    assert released.text.startswith("2 of 3 rows imported; 1 left out.")
    assert set(learners(school)) == {"Ada", "Cy"}
    assert cells(released.files["learners (checked).xlsx"])[2][-3] == "Not imported"


def test_a_corrected_workbook_in_reply_runs_only_what_differs(school: School, olive: Writer) -> None:
    partly = olive.write("import good-rows", "", book(*MIXED))
    (marked,) = partly.files.values()
    again = corrected(marked, "D3", "ZZ99 9ZZ")
    whole = olive.reply(partly, "", Attachment("Learners 2026 (checked).xlsx", "xlsx", again))

    assert partly.text.startswith("2 of 3 rows imported")
    assert "1 row differs from I-0001: only these were imported" in whole.text
    assert (stored(school, 2).created, stored(school, 2).unchanged) == (1, 2)
    assert set(learners(school)) == {"Ada", "Bo", "Cy"}
    (name,) = whole.files
    assert name == "Learners 2026 (checked).xlsx"


def test_a_marked_workbook_says_itself_what_it_corrects(school: School, olive: Writer) -> None:
    """Sent from another mail program, say, that loses the thread."""
    partly = olive.write("import good-rows", "", book(*MIXED))
    (marked,) = partly.files.values()

    whole = olive.write("Corrected", "", Attachment("a.xlsx", "xlsx", corrected(marked, "D3", "ZZ99 9ZZ")))

    assert "1 row differs from I-0001: only these were imported" in whole.text
    assert set(learners(school)) == {"Ada", "Bo", "Cy"}


@pytest.mark.slow  # Two more ways to correct are tried every day.
def test_a_corrected_workbook_takes_the_place_of_a_held_one(school: School, olive: Writer) -> None:
    held = olive.write("", "", book(*MIXED))
    (marked,) = held.files.values()

    whole = olive.reply(held, "yes", Attachment("x.xlsx", "xlsx", corrected(marked, "D3", "ZZ99 9ZZ")))

    assert whole.text.startswith("All 3 rows are imported.")
    assert "It takes the place of I-0001." in whole.text
    assert stored(school, 1).state is ImportState.REJECTED


@pytest.mark.slow  # Undoing is tried every day, here after a yes and in Slack by a button.
def test_undo_full_and_no_are_words_for_an_import(school: School, olive: Writer) -> None:
    held = olive.write("", "", csv_file(*MIXED))
    left = olive.reply(held, "No, thanks")
    full = olive.reply(held, "full")
    released = olive.reply(held, "yes")
    undone = olive.reply(released, "Undo, please")
    again = olive.write("undo I-0001")

    assert isinstance(left.result, ImportLeft)
    assert full.result == ImportTold(1, CopyWanted.FULL)
    assert full.text.startswith("Here is I-0001 with all its rows marked.")
    assert len(full.files) == 2
    assert isinstance(undone.result, OrderTold)
    assert "2 learners whom it had made are removed." in undone.text
    assert learners(school) == {}
    assert isinstance(again.result, RequestRefused)


def test_an_import_of_many_learners_is_undone_after_a_yes(school: School, olive: Writer) -> None:
    people = [line(f"L{number}") for number in range(MAIL_UNDOES_AT_ONCE + 1)]
    imported = olive.write("", "", csv_file(*people))

    asked = olive.reply(imported, "undo")
    kept = len(learners(school))
    undone = olive.reply(asked, "yes")

    assert asked.text.startswith("Undo I-0001? It would remove 51 learners that it had made.")
    assert "Nothing has changed yet." in asked.text
    assert kept == len(people)
    assert undone.text.startswith("I-0001 is undone.")
    assert learners(school) == {}


@pytest.mark.parametrize("is_undone_meanwhile", [False, True])
def test_what_a_reply_orders_is_done_once_by_a_worker_and_answered_once(
    school: School, olive: Writer, is_undone_meanwhile: bool
) -> None:
    imported = olive.write("", "", csv_file(GOOD, line("Cy")))
    request = olive.received(parsed_mail("undo I-0001", ref="<order@mail.example.org>"))

    states = [answer(school.app, request), answer(school.app, request)]
    (order,) = rows(school.app, ImportOrder)
    before = len(learners(school)), len(answers(school))
    if is_undone_meanwhile:
        school.app.run(undo_import, UndoImport(1), school.owner)
    done = [fulfil_in_background(school.app, order.id), fulfil_in_background(school.app, order.id)]
    told = olive.answered(request, states[0])

    assert imported.text.startswith("All 2 rows are imported.")
    assert states == [MailState.PROCESSED, MailState.PROCESSED], "As after a kill between commit and filing."
    assert before == (2, 1), "Nobody is answered before it is done."
    assert done == [True, False]
    assert len(answers(school)) == 2
    assert learners(school) == {}
    expected = "I-0001 could not be undone." if is_undone_meanwhile else "I-0001 is undone."
    assert told.text.startswith(expected)
    kinds = {each.kind for each in rows(school.app, OutboundMessage)}
    assert MessageKind.IMPORT_ORDER not in kinds, "What mail orders is told by mail alone."


@pytest.mark.slow  # The reader's own test and other unreadable files are there every day.
def test_a_workbook_with_a_password_is_answered_with_what_to_do(school: School, olive: Writer) -> None:
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(book(GOOD).content)).encrypt("secret", locked)

    answered = olive.write("", "", Attachment("Learners 2026.xlsx", "", locked.getvalue()))

    assert answered.text.startswith("“Learners 2026.xlsx” cannot be read, so nothing was imported.")
    assert "password" in answered.text
    assert answered.files == {}
    assert learners(school) == {}


def test_a_workbook_with_macros_is_imported_without_them_and_comes_back_without_them(
    school: School, olive: Writer
) -> None:
    file = io.BytesIO(book(*MIXED).content)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/vbaProject.bin", bytes(64))

    answered = olive.write("import good-rows", "", Attachment("Learners 2026.xlsm", "xlsx", file.getvalue()))

    assert set(learners(school)) == {"Ada", "Cy"}
    assert "macros" in answered.text.lower()
    ((name, marked),) = answered.files.items()
    assert name.endswith(".xlsx")
    assert "xl/vbaProject.bin" not in zipfile.ZipFile(io.BytesIO(marked)).namelist()


def test_the_same_file_again_does_nothing(school: School, olive: Writer) -> None:
    file = book(GOOD)
    olive.write("", "", file)
    again = olive.write("", "", file)
    saved_anew = olive.write("", "", csv_file(GOOD))

    assert again.text.startswith("This file is already imported, as I-0001 on ")
    assert saved_anew.text.startswith("The same rows are already imported, as I-0001 on ")
    assert len(learners(school)) == 1


def test_what_is_no_learner_import_is_named_with_what_was_found_and_the_template_is_a_word(olive: Writer) -> None:
    told = olive.write("", "", Attachment("shelf.csv", "csv", b"Item,Price,Shelf\nPencils,3,A\nPaper,4,B\n"))
    template = olive.reply(told, "template")

    assert told.text.startswith("“shelf.csv” is not the learner import as I know it")
    assert "Reply “template”" in told.text
    assert list(template.files) == ["learners template.xlsx"]
    assert told.files == {}


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.4 no sheet", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nothing", b"PK\x03\x04 cut"]
)
def test_a_file_that_cannot_be_read_is_answered_with_the_reason(olive: Writer, content: bytes) -> None:
    told = olive.write("", "", Attachment("a.xlsx", "xlsx", content))

    assert "cannot be read, so nothing was imported." in told.text
    assert told.files == {}


def test_a_file_beyond_the_limit_is_refused_before_it_is_stored(school: School, olive: Writer) -> None:
    told = olive.write("", "", Attachment("a.xlsx", "xlsx", b"PK\x03\x04" + b"x" * 25 * 1024 * 1024))

    assert f"it is larger than {SHEET_BYTES // 1024**2} MB" in told.text
    assert list(rows(school.app, Import)) == []


@pytest.mark.slow  # The use case's own test says it every day.
def test_another_provider_s_rows_are_a_problem_of_these_rows(school: School) -> None:
    max_writes = Writer(school, school.manager)

    told = max_writes.write("import good rows", "", csv_file(GOOD, {**line("Bo"), "UKPRN": "10000002"}))

    assert told.text.startswith("1 of 2 rows imported; 1 left out.")
    assert set(learners(school)) == {"Bo"}


def test_who_may_not_import_is_told(school: School) -> None:
    told = Writer(school, school.viewer).write("", "", csv_file(GOOD))

    assert isinstance(told.result, RequestRefused)
    assert learners(school) == {}


@pytest.mark.slow
def test_thousands_of_rows_come_back_as_those_with_problems(school: School, olive: Writer) -> None:
    many = [line(f"Ada{number}", "Young") for number in range(5_001)]

    clean = olive.write("", "", csv_file(*many))
    faulty = olive.write("import good-rows", "", csv_file(*many, BAD))

    assert clean.text.startswith("All 5,001 rows are imported.")
    assert clean.files == {}
    assert "Reply “full” for it." in clean.text
    ((name, content),) = faulty.files.items()
    assert name == "learners (rows to correct).xlsx"
    assert [row[0] for row in cells(content)] == ["Row in your file", 5003]


# --- Several ----------------------------------------------------------------------------------------------


def test_several_files_of_a_mail_are_answered_together_when_the_last_is_settled(school: School, olive: Writer) -> None:
    parsed = parsed_mail(
        "courses maths", "", attachments=(book(GOOD, name="a.xlsx"), csv_file(line("Cy")), book(BAD, name="b.xlsx"))
    )
    request = olive.received(parsed)
    answer(school.app, request)
    first, second, third = [each.id for each in rows(school.app, Import)]

    run_in_background(school.app, second)
    run_in_background(school.app, first)
    assert answers(school) == []
    run_in_background(school.app, third)

    assert len(answers(school)) == 1
    told = olive.answered(request, MailState.PROCESSED)
    assert len(told.parts) == 4
    assert "All the one row" not in told.text
    assert len(told.files) == 4
    unclear = olive.reply(told, "undo")
    named = olive.reply(told, "undo I-0002")
    assert "Name the import" in unclear.text
    assert named.text.startswith("I-0002 is undone.")


@pytest.mark.slow  # A race; several files of one mail are tried every day.
def test_two_imports_at_once_are_each_answered_once(school: School, olive: Writer) -> None:
    same = {"ULN": ULNS[0]}
    requests = [
        olive.received(
            parsed_mail("", "", ref=f"<two{each}@mail.example.org>", attachments=(csv_file(line(each, **same)),))
        )
        for each in ("Ada", "Adah")
    ]
    for each in requests:
        answer(school.app, each)
    ids = [each.id for each in rows(school.app, Import)]

    threads = [threading.Thread(target=run_in_background, args=(school.app, each)) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers(school)) == 2
    assert len(learners(school)) == 1


# --- Once, whatever happens -------------------------------------------------------------------------------


def test_a_message_that_is_begun_again_is_imported_and_answered_once(school: School, olive: Writer) -> None:
    """Its process died after the commit, and before anybody knew."""
    request = olive.received(parsed_mail("", "", attachments=(csv_file(GOOD), csv_file(line("Cy"), name="b.csv"))))

    states = {answer(school.app, request) for _ in range(2)}
    finish_imports(school.app)
    finish_imports(school.app)

    assert states == {MailState.PROCESSED}
    assert len(list(rows(school.app, Import))) == 2
    assert len(list(rows(school.app, MailAnswer))) == len(answers(school)) == 1


def test_files_that_are_settled_before_their_message_is_answered_do_not_keep_it_waiting(
    school: School, olive: Writer
) -> None:
    """Of several files each is stored by itself, and a worker may be quicker than the rest."""
    parsed = parsed_mail("", "", attachments=(csv_file(GOOD), csv_file(line("Cy"), name="b.csv")))
    request = olive.received(parsed)

    class Hurrying:
        """An app whose worker finishes each file as soon as it is stored."""

        def __getattr__(self, name: str) -> object:
            return getattr(school.app, name)

        def run(self, *args: object, **values: object) -> object:
            done: object = school.app.run(*args, **values)  # type: ignore[arg-type]
            finish_imports(school.app)
            return done

    answer(Hurrying(), request)  # type: ignore[arg-type]

    assert state_of(school.app, request.inbound_id) is MailState.PROCESSED
    assert len(answers(school)) == 1


def test_an_import_that_is_given_up_is_answered_as_our_mistake(school: School, olive: Writer) -> None:
    request = olive.received(parsed_mail("", "", attachments=(csv_file(GOOD),)))
    answer(school.app, request)
    (waiting,) = rows(school.app, Import)

    school.app.run(give_up_import, GiveUpImport(waiting.id), SYSTEM)

    told = olive.answered(request, MailState.PROCESSED)
    assert "it was our mistake" in told.text
    assert stored(school, 1).reason is ImportReason.OUR_MISTAKE


def test_an_answer_keeps_nothing_of_the_file(school: School, olive: Writer) -> None:
    told = olive.write("", "", csv_file(line("Ada", Postcode="SECRET1"), GOOD, name="Confidential.csv"))

    (kept,) = rows(school.app, MailAnswer)
    assert "Confidential.csv" in told.text
    assert "Confidential" not in kept.result
    assert "Postcode" not in kept.result
    assert all(b"SECRET1" not in (each.problems or b"") for each in rows(school.app, ImportRow))


def test_from_slack_nothing_is_answered_by_mail(school: School) -> None:
    from tests.core.usecases.importing import import_sheet

    import_sheet(school, GOOD, by=replace(school.owner, door=Door.SLACK))

    assert answers(school) == []


@pytest.mark.slow  # The use case's own test erases every day.
def test_an_erased_file_is_told_without_a_copy(school: School, olive: Writer) -> None:
    held = olive.write("", "", csv_file(*MIXED))
    clock = school.app.clock
    assert isinstance(clock, FixedClock)
    clock.advance(days=31)

    late: Answered = olive.reply(held, "yes")
    full = olive.reply(held, "full")

    assert isinstance(late.result, RequestRefused)
    assert isinstance(full.result, RequestRefused)


# --- Courses and runs, and what follows -------------------------------------------------------------------


def test_courses_and_runs_wait_for_a_yes_and_are_taken_back_by_undo(school: School, olive: Writer) -> None:
    header, *known = CATALOGUE.splitlines()
    art = "art,Art,open,upgraded,,0,art-1,2026-05-01,2026-07-01,,10,UTC"
    file = Attachment("runs.csv", "csv", "\n".join([header, art, known[0]]).encode())

    held = olive.write("New runs", "", file)
    left = olive.reply(held, "no")
    written = olive.reply(held, "yes")
    undone = olive.reply(written, "undo")

    assert held.text.startswith("Nothing is written yet: this file would add 1 run.")
    assert "Reply “yes” to write it, or “no” to leave everything as it is." in held.text
    assert "runs (checked).xlsx" in held.files
    assert "“yes” in reply still imports it." in left.text
    assert written.text.startswith("All 2 rows are imported.")
    assert "invite RUN" not in written.text
    assert "1 run that it had made is removed." in undone.text
    assert stored(school, 1).state is ImportState.UNDONE


def test_an_answer_says_how_the_learners_are_invited(school: School, olive: Writer) -> None:
    told = olive.write("", "", csv_file({**GOOD, "Email address": "ada@example.org"}, line("Cy")))
    step = "“invite RUN import I-0001”, with a run's code for RUN, invites this learner; you see a preview first."

    assert step in told.text
    assert list(olive.write("template courses").files) == ["courses template.xlsx"]
