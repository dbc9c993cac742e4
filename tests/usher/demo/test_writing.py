"""What a visitor writes is a mail as any mail program sends it."""

from email import message_from_bytes
from email.policy import default

from tests.factories import NOW
from usher.demo.writing import Enclosure, Written, as_bytes, thread_of


def read(written: Written) -> tuple[dict[str, str], str, list[tuple[str | None, object]]]:
    message = message_from_bytes(as_bytes(written, NOW), policy=default)
    body = message.get_body(("plain",))
    assert body is not None
    enclosures = [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
    return dict(message.items()), body.get_content().replace("\r\n", "\n"), enclosures


def letter(**given: object) -> Written:
    return Written(
        **{  # type: ignore[arg-type]  # A test gives what the fields want.
            "author_name": "Olive Owner",
            "author": "olive@northfield.example.org",
            "to": "usher+northfield@usher.example.org",
            "subject": "invite maths-2026-03",
            "text": "a@example.org\n",
            **given,
        }
    )


def test_words_and_files_arrive_as_they_were_written() -> None:
    headers, text, enclosures = read(letter(text="Żaneta\n", enclosures=(Enclosure("Läufer.csv", b"a\x00b"),)))

    assert headers["From"] == "Olive Owner <olive@northfield.example.org>"
    assert headers["Subject"] == "invite maths-2026-03"
    assert text == "Żaneta\n"
    assert enclosures == [("Läufer.csv", "a\x00b")]


def test_a_reply_stands_in_the_thread_of_what_it_answers() -> None:
    came = b"Message-ID: <2@example.org>\r\nReferences: <0@example.org> <1@example.org> broken\r\n\r\n"

    headers, _, _ = read(letter(thread=thread_of(came)))

    assert headers["In-Reply-To"] == "<2@example.org>"
    assert headers["References"] == "<0@example.org> <1@example.org> <2@example.org>"


def test_a_line_break_in_a_subject_adds_no_header() -> None:
    headers, _, _ = read(letter(subject="help\r\nBcc: all@example.org"))

    assert headers["Subject"] == "help Bcc: all@example.org"
    assert "Bcc" not in headers
