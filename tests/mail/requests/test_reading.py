"""From an e-mail's words to the requests in it."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NoAddresses, NotReadable, RunNotChosen, TooManyFiles, TooManyRequests, UnknownVerb, UsherError
from core.given_files import FileUse
from core.requests import Help, Request
from core.results import NotUnderstood, SheetRecognised
from core.rules.policy import MAIL_COMMAND_LINES, MAIL_FILES, SHEET_BYTES
from core.usecases.catalogue.courses import ListCourses
from core.usecases.invitations.batches import PrepareInvitation
from core.usecases.invitations.recall import RecallBatch
from core.usecases.mailbox.addresses import OfferRuns
from core.words import ImportPolicy
from mail.parsing.parsed import Attachment
from mail.requests.reading import Asked, Wanted, body_lines, read_mail
from mail.requests.reply_words import Reply, Word, read_reply
from mail.requests.run_words import read_run
from mail.requests.sheets import SheetAttached, use_of_attached
from tests.bot.importing import workbook
from tests.mail.asking import parsed_mail

MATHS = "maths-2026-03"
ANY_TEXT = st.text(st.characters(), max_size=300)
LIKELY = st.sampled_from(
    [
        "invite",
        "undo",
        "courses",
        "Hi Usher,",
        "please",
        "thanks",
        "-- ",
        "yes",
        "B-0041",
        "a@example.org",
        "\n",
        " ",
        MATHS,
    ]
)


def read(subject: str = "", text: str = "", *attachments: Attachment) -> list[Wanted]:
    return [each.wanted for each in read_mail(parsed_mail(subject, text, attachments=attachments))]


def only(subject: str = "", text: str = "", *attachments: Attachment) -> Wanted:
    (wanted,) = read(subject, text, *attachments)
    return wanted


def invited(wanted: Wanted) -> PrepareInvitation:
    assert isinstance(wanted, Request)
    assert isinstance(wanted.command, PrepareInvitation)
    return wanted.command


@pytest.mark.parametrize(
    "subject",
    [
        "courses maths",
        "Courses maths",
        "Fwd: courses maths",
        "[External] courses maths",
        "AW: [staff] Fwd: courses maths",
        "Please courses maths, thanks!",
        "usher courses maths",
    ],
)
def test_the_subject_is_a_request_where_its_first_word_is_a_verb(subject: str) -> None:
    wanted = only(subject, "Hello,\n\nKind regards\nOlive")

    assert isinstance(wanted, Request)
    assert wanted.command == ListCourses("maths")


@pytest.mark.parametrize(
    "text",
    [
        "courses maths",
        "Hi Usher, could you please courses maths",
        "Good morning\r\n\r\nplease courses maths\r\n\r\nMany thanks,\r\nOlive Owner\r\nHead of courses",
        "- courses maths\n-- \nrun the world",
        "courses maths\n\nSent from my iPhone",
        "Dear Usher,\n\n\u201ccourses maths",
    ],
)
def test_the_body_is_read_without_manners_and_signatures(text: str) -> None:
    wanted = only("A question", text)

    assert isinstance(wanted, Request)
    assert wanted.command == ListCourses("maths")


def test_a_reply_does_not_ask_again_what_stands_in_the_subject_of_the_thread() -> None:
    mail = parsed_mail(f"Re: invite {MATHS}", "Thanks, that is all", in_reply_to="<x@example.org>")

    (asked,) = read_mail(mail)

    assert isinstance(asked.wanted, NotUnderstood)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (f"invite {MATHS}", "a@example.org\nBo Young <b@example.org>\n\nThank you!\nOlive"),
        ("", f"Hi,\n\nplease invite {MATHS}\n\na@example.org; b@example.org"),
        ("", f"invite {MATHS} a@example.org\nb@example.org"),
        (f"invite {MATHS}", "These are the new people whom we talked about:\n\n* a@example.org\n* b@example.org"),
    ],
)
def test_addresses_stand_below_an_invite(subject: str, text: str) -> None:
    command = invited(only(subject, text))

    assert command.run == MATHS
    assert "a@example.org" in command.addresses
    assert "b@example.org" in command.addresses
    assert "These are" not in command.addresses
    assert "Olive" not in command.addresses


def test_the_writer_s_own_address_is_no_learner_s() -> None:
    command = invited(only(f"invite {MATHS}", "a@example.org\n\nOlive Owner\nOlive@North.example.org"))

    assert "a@example.org" in command.addresses
    assert "orth.example.org" not in command.addresses


def test_the_moment_may_stand_before_the_addresses() -> None:
    command = invited(only(f"invite {MATHS} at Mon 09:00", "a@example.org"))

    assert (command.addresses, command.when) == ("a@example.org", "Mon 09:00")


def test_addresses_come_from_attached_lists() -> None:
    attached = Attachment("list.csv", "csv", b"Name,Mail\nBo,b@example.org\n")

    command = invited(only(f"invite {MATHS}", "a@example.org", attached))

    assert command.addresses.split() == ["a@example.org", "b@example.org"]


LEARNERS = b"UKPRN,First name,Last name,Postcode,Email address\n10000001,Bo,Young,AB1 2CD,b@example.org\n"
ADDRESSES = b"Name,Mail\nBo,b@example.org\nAnn,a@example.org\n"
TABLE = b"Item,Price,Shelf\nPencils,3,A\nPaper,4,B\n"
BOOK = b"PK\x03\x04..."


def test_an_attached_spreadsheet_is_imported_unless_its_addresses_are_invited() -> None:
    sheet = Attachment("learners.csv", "csv", LEARNERS)
    book = Attachment("learners.xlsx", "xlsx", BOOK)

    assert only("New learners", "Here they are.", sheet) == SheetAttached("learners.csv", LEARNERS, None)
    assert only("", "", book) == SheetAttached("learners.xlsx", BOOK, None)
    named, command = read(f"invite {MATHS}", "", sheet)
    assert named == SheetRecognised("learners.csv", 5, 1)
    assert invited(command).addresses == "b@example.org"
    unread, _ = read(f"invite {MATHS}", "ann@example.org", book)
    assert isinstance(unread, NotReadable)


@pytest.mark.parametrize(
    ("name", "kind", "content", "is_one"),
    [
        ("a.xlsm", "zip", BOOK, True),
        ("a.xls", "html", b"<table>", True),
        ("a.ods", "other", b"", True),
        ("a", "xls", b"\xd0\xcf", True),
        ("a.csv", "csv", TABLE, True),
        ("a.tsv", "text", b"", True),
        ("a.csv", "csv", ADDRESSES, False),
        ("a.csv", "csv", b"b@example.org\n", False),
        ("a.txt", "csv", LEARNERS, True),
        ("a.txt", "csv", LEARNERS.decode().encode("utf-16"), True),
        ("a.txt", "csv", TABLE, False),
        ("a.txt", "text", b"b@example.org", False),
        ("a.pdf", "pdf", b"%PDF-", False),
        ("logo.png", "image", b"\x89PNG", False),
    ],
)
def test_what_is_a_spreadsheet_to_be_imported(name: str, kind: str, content: bytes, is_one: bool) -> None:
    assert (use_of_attached(Attachment(name, kind, content)) is FileUse.IMPORT) is is_one


@pytest.mark.parametrize(
    ("subject", "text", "policy"),
    [
        ("import good-rows", "", ImportPolicy.GOOD_ROWS),
        ("New learners", "Hi Usher,\n\nplease import the good rows.\n\nOlive", ImportPolicy.GOOD_ROWS),
        ("", "import all-or-nothing", ImportPolicy.ALL_OR_NOTHING),
        ("Import: hold", "import hold", ImportPolicy.HOLD_IF_ERRORS),
        ("import", "We import all of them every year.", None),
        ("", "yes", None),
    ],
)
def test_a_line_chooses_the_policy_of_the_file(subject: str, text: str, policy: ImportPolicy | None) -> None:
    wanted = only(subject, text, Attachment("a.xlsx", "xlsx", BOOK))

    assert isinstance(wanted, SheetAttached)
    assert wanted.policy is policy


def test_several_files_are_several_and_the_same_twice_is_one() -> None:
    first, other = Attachment("a.xlsx", "xlsx", BOOK), Attachment("b.xlsx", "xlsx", BOOK + b"2")
    huge = Attachment("c.xlsx", "xlsx", BOOK + bytes(SHEET_BYTES))

    wanted = read("", "courses maths", first, other, first, huge)

    assert [type(each) for each in wanted] == [SheetAttached, SheetAttached, NotReadable, Request]


def test_several_requests_are_several() -> None:
    wanted = read("", f"courses\n\nand then undo B-0041\nThis is prose about nothing in particular.\nlinks {MATHS}")

    commands = [each.command for each in wanted if isinstance(each, Request)]
    assert len(wanted) == len(commands) == 3
    assert RecallBatch(number=41) in commands


def test_too_many_requests_are_done_as_far_as_they_go() -> None:
    wanted = read("", "\n".join(["courses"] * 12))

    assert len(wanted) == MAIL_COMMAND_LINES + 1
    assert isinstance(wanted[-1], TooManyRequests)


def test_of_very_many_files_the_first_few_are_read_and_the_rest_is_refused() -> None:
    files = [Attachment(f"{number}.csv", "csv", b"First name,Last name\nAda,%d\n" % number) for number in range(12)]
    pictures = [Attachment(f"{number}.png", "image", bytes([number])) for number in range(12)]
    many = read("", "", *pictures, files[0], *files)

    enough = read("", "", *pictures, *files[:MAIL_FILES])

    assert [each.name for each in many if isinstance(each, SheetAttached)] == [f"{n}.csv" for n in range(MAIL_FILES)]
    assert isinstance(many[-1], TooManyFiles)
    assert all(isinstance(each, SheetAttached) for each in enough)


def test_a_mistyped_verb_is_offered_the_nearest() -> None:
    wanted = only("", "cuorses maths")

    assert isinstance(wanted, UnknownVerb)
    assert wanted.values["nearest"] == "courses"
    assert only(f"invte {MATHS}", "zoe@example.org") == NotUnderstood(f"invte {MATHS}", "invite")


def test_what_is_missing_is_said() -> None:
    assert isinstance(only("invite"), RunNotChosen)
    assert isinstance(only(f"invite {MATHS}"), NoAddresses)
    two = "a@example.org\nb@example.org"
    assert only("New learners", two) == OfferRuns(two, is_file=False)
    files = Attachment("list.docx", "zip", b"PK"), Attachment("smime.p7s", "other", b"s")
    assert only("New learners", "", *files) == NotUnderstood("New learners", "", ("list.docx",))
    assert only("", "", *files) == NotUnderstood("", "", ("list.docx",))


def test_a_workbook_of_addresses_is_a_list_like_any_other() -> None:
    attached = Attachment("list.xlsx", "xlsx", workbook({"Name": "Ada", "E-mail": "ada@example.org"}))

    invite = only("", f"invite {MATHS}", attached)

    assert invited(invite) == PrepareInvitation(MATHS, "ada@example.org")
    assert only("For maths", "", attached) == OfferRuns("ada@example.org", is_file=True)


@pytest.mark.parametrize(("subject", "text"), [("", ""), ("help", ""), ("", "\n\n-- \nOlive"), ("", "help me please")])
def test_nothing_and_help_are_answered_with_help(subject: str, text: str) -> None:
    assert only(subject, text) == Help()


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("yes", Reply(Word.YES)),
        ("Yes please!", Reply(Word.YES)),
        ("YES B-0041.", Reply(Word.YES, 41)),
        ("ok, do it", Reply(Word.YES)),
        ("Hi Usher, go ahead", Reply(Word.YES)),
        ("No, thanks", Reply(Word.NO)),
        ("Don’t", Reply(Word.NO)),
        ("undo", Reply(Word.UNDO)),
        ("more please", Reply(Word.MORE)),
        ("Good rows", Reply(Word.GOOD_ROWS)),
        ("Please import the good rows", Reply(Word.GOOD_ROWS)),
        ("good rows I-0007", Reply(Word.GOOD_ROWS, import_number=7)),
        ("undo I-7", Reply(Word.UNDO, import_number=7)),
        ("Send me the full copy, please", Reply(Word.FULL)),
        ("template", Reply(Word.TEMPLATE)),
        ("Good, thanks!", None),
        ("import I-0007", None),
        ("yes we can talk on Monday", None),
        ("OK, here are the addresses", None),
        ("cancel maths-2026-03 all", None),
        ("", None),
    ],
)
def test_a_reply_is_a_word_and_nothing_else(text: str, reply: Reply | None) -> None:
    assert read_reply(list(body_lines(text))) == reply


@given(subject=ANY_TEXT, text=ANY_TEXT, words=st.lists(st.one_of(LIKELY, ANY_TEXT), max_size=30))
def test_anything_can_be_read(subject: str, text: str, words: list[str]) -> None:
    for body in (text, " ".join(words), "\n".join(words)):
        asked = read_mail(parsed_mail(subject, body))

        assert 1 <= len(asked) <= MAIL_COMMAND_LINES + 1
        assert all(_is_sound(each) for each in asked)
        read_reply(list(body_lines(body)))
        read_run(list(body_lines(body)))


def _is_sound(asked: Asked) -> bool:
    kinds = Request | OfferRuns | Help | UsherError | NotUnderstood | SheetRecognised | SheetAttached
    return len(asked.line) <= 120 and "\n" not in asked.line and isinstance(asked.wanted, kinds)


@pytest.mark.parametrize("piece", ["re: ", "[x] ", "hi ", "please ", "a ", "-", "invite ", "thanks ", "- ", "\n", "@ "])
def test_long_texts_of_one_piece_take_no_time(piece: str) -> None:
    text = (piece * 100_000)[:100_000]

    assert read_mail(parsed_mail(text, text))
    read_reply(list(body_lines(text)))
    read_run(list(body_lines(text)))


@pytest.mark.parametrize("filling", [" ", ",;.!", "\t "])
def test_a_line_with_much_of_nothing_takes_no_time(filling: str) -> None:
    """It took a quarter of a second a line, and a message has a hundred of them."""
    text = f"courses{filling * 1900}"[:1900] + "maths\n"

    before = process_time()
    asked = read_mail(parsed_mail("", text * 130))

    assert len(asked) == MAIL_COMMAND_LINES + 1
    assert process_time() - before < 5
