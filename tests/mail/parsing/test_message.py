"""What any bytes at all must keep, found by hypothesis; and what single readers promise."""

from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st

from core.rules.policy import MAIL_BYTES
from mail.parsing import quotes
from mail.parsing.charsets import decode
from mail.parsing.headers import decode_words, header_end, mailboxes, message_ref, message_refs, split_headers
from mail.parsing.html import to_text
from mail.parsing.message import parse
from mail.parsing.mime import take_apart
from mail.parsing.parsed import NotParsed, ParsedMail
from mail.parsing.parser import Parser
from tests.mail.corpus.case import attached, letter, mixed, part, plain
from tests.slow import examples

few = settings(max_examples=examples(40), deadline=None)
NAMES = ("From", "To", "Subject", "Message-ID", "Content-Type", "Content-Transfer-Encoding", "References", "X-Other")
LINES = ("invite maths", "> old", "On 1 Jan a@b wrote:", "-- ", "", "From: x", "Sent: y")
KINDS = (
    "multipart/mixed; boundary=b",
    "text/html; charset=utf-16",
    "base64",
    "quoted-printable",
    "<a@b>",
    "message/rfc822",
)
VALUES = st.one_of(st.text(max_size=60), st.sampled_from(KINDS))
HEADER = st.builds(
    lambda name, value: f"{name}: {value}\r\n".encode("utf-8", "replace"), st.sampled_from(NAMES), VALUES
)
LINE = st.one_of(st.sampled_from((b"--b", b"--b--", b"", b"> x", b"On 1 Jan a wrote:", b"-- ")), st.binary(max_size=40))
MESSAGE = st.builds(
    lambda headers, lines: b"".join(headers) + b"\r\n" + b"\r\n".join(lines),
    st.lists(HEADER, max_size=5),
    st.lists(LINE, max_size=8),
)


@few
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert isinstance(parse(raw), ParsedMail)


@few
@given(MESSAGE)
def test_anything_like_a_message_is_read(raw: bytes) -> None:
    mail = parse(raw)

    assert isinstance(mail, ParsedMail)
    assert mail.from_headers == len(mail.all_headers("from"))
    assert "\0" not in mail.text + mail.subject + mail.quoted


@few
@given(st.text(max_size=300), st.sampled_from(("utf-8", "utf-16", "x", "")))
def test_a_text_is_decoded_without_what_no_database_takes(text: str, charset: str) -> None:
    decoded = decode(text.encode("utf-8", "replace"), charset)

    assert decoded == decoded.encode("utf-8").decode("utf-8").replace("\0", "")


@few
@given(st.text(max_size=300))
def test_readers_of_headers_take_any_text(text: str) -> None:
    assert all(mailboxes(text))
    assert len(message_ref(text)) <= 254
    assert len(message_refs(text)) <= 50
    decode_words(text)
    to_text(text)


@few
@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_every_line_is_new_or_quoted_or_signed(lines: list[str]) -> None:
    cut = quotes.cut("\n".join(lines))

    left = {line.rstrip() for line in (cut.text + "\n" + cut.quoted).split("\n")}
    assert left <= {line.rstrip() for line in lines} | {""}
    assert not any(line.startswith(">") for line in cut.text.split("\n"))


@few
@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), max_size=80),
    st.binary(max_size=300),
)
def test_what_a_good_program_writes_is_read_as_it_was_meant(subject: str, content: bytes) -> None:
    message = EmailMessage()
    message["From"] = "Bo <bo@example.org>"
    message["Subject"] = subject = " ".join(subject.split())
    message.set_content("invite café\n")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="a.bin")

    mail = parse(message.as_bytes())

    assert isinstance(mail, ParsedMail)
    assert mail.senders == ("bo@example.org",)
    assert mail.text == "invite café"
    assert [each.content for each in mail.attachments] == [content]


def test_a_large_message_goes_through_the_child() -> None:
    raw = mixed(part(b"invite"), attached("a.bin", b"\xff" * (8 << 20)))

    with Parser() as parser:
        mail = parser.parse(raw)
        refused = parser.parse(b"a" * (MAIL_BYTES + 1))

    assert isinstance(mail, ParsedMail)
    # Nobody would read that file, so only its size comes back.
    assert [(each.name, each.size, each.content) for each in mail.attachments] == [("a.bin", 8 << 20, b"")]
    assert refused == NotParsed("larger than 35 MiB")


def test_the_child_reads_as_this_process_does() -> None:
    raw = letter(b"invite\n", ("Message-ID", "<a@b>"), ("Subject", "x"))

    with Parser() as parser:
        assert parser.parse(raw) == parse(raw)


def test_the_same_header_block_is_found_from_the_bytes_alone() -> None:
    raw = plain(b"invite\n")

    end, body = header_end(raw, 0, len(raw))

    assert raw[body:] == b"invite\n"
    assert split_headers(raw, 0, len(raw)) == (take_apart(raw).headers, body)
    assert b"\n\n" not in raw[:end]
