"""Received mails are shown whatever state they are in."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher.demo.opened_mail import Summary, as_page, open_mail, summary_of

_HTML = """<!DOCTYPE html><html><head><style>
p { color: black; }
@media (prefers-color-scheme: dark) { p { color: white; } }
@media (Prefers-Color-Scheme:light) { p { color: navy; } }
</style></head><body><p>Hello</p></body></html>"""


def _invitation() -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Northfield College <college@example.org>"
    mail["To"] = "Ana <ana@example.org>"
    mail["Subject"] = "You are invited: Café Maths"
    mail["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
    mail.set_content("Hello in words")
    mail.add_alternative(_HTML, subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="course.ics")
    return mail


def test_an_opened_mail_has_words_html_attachments_and_headers() -> None:
    opened = open_mail(_invitation().as_bytes())

    assert opened.sender == "Northfield College <college@example.org>"
    assert opened.to == "Ana <ana@example.org>"
    assert opened.subject == "You are invited: Café Maths"
    assert opened.date == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert opened.text == "Hello in words\n"
    assert opened.html is not None
    assert "<p>Hello</p>" in opened.html
    assert [(each.name, each.content_type, each.content) for each in opened.attachments] == [
        ("course.ics", "text/calendar", b"BEGIN:VCALENDAR")
    ]
    assert "MIME-Version: 1.0" in opened.raw_headers
    assert "Hello in words" not in opened.raw_headers


def test_a_mail_of_plain_words_has_no_html_and_no_attachments() -> None:
    mail = EmailMessage()
    mail.set_content("Just words")

    opened = open_mail(mail.as_bytes())

    assert (opened.text, opened.html, opened.attachments) == ("Just words\n", None, ())
    assert (opened.subject, opened.sender) == ("", "")


@pytest.mark.parametrize(
    ("content", "sender", "shown"),
    [
        (b"", "", ""),
        (b"\r\n", "", ""),
        (b"Subject", "", "Subject"),
        (b"Subject: =?utf-8?b?!!!?=\r\nFrom: <<<>>>,;\r\nTo: @\r\n\r\nx", "<>, <>", "x"),
        (b"Content-Type: text/html; charset=no-such-charset\r\n\r\n<p>\xff\xfe", "", "<p>\ufffd\ufffd"),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary at all", "", "no boundary at all"),
        (b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: ;;;\r\n\r\nx\r\n", "", "x"),
        (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%", "", ""),
        (b"Content-Disposition: attachment; filename*=x''%ff\r\n\r\nx", "", "x"),
        (b"From: " + b"(" * 3000 + b"\r\n\r\nx", "(" * 3000, "x"),
    ],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(content: bytes, sender: str, shown: str) -> None:
    opened = open_mail(content)
    page = as_page(opened.html or "", "dark")

    assert summary_of(content) == Summary(opened.sender, opened.subject) == Summary(sender, "")
    attached = [each.content.decode() for each in opened.attachments]
    assert "".join([opened.text, opened.html or "", *attached]) == shown
    assert page.endswith(opened.html or "</style>")


@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_reading_fail(content: bytes) -> None:
    opened = open_mail(content)

    assert summary_of(content) == Summary(opened.sender, opened.subject)


def test_the_colours_asked_for_are_shown_whatever_the_browser_prefers() -> None:
    dark, light = as_page(_HTML, "dark"), as_page(_HTML, "light")

    assert "@media (min-width: 0) { p { color: white; } }" in dark
    assert "@media (max-width: 0) { p { color: navy; } }" in dark
    assert "@media (max-width: 0) { p { color: white; } }" in light
    assert "@media (min-width: 0) { p { color: navy; } }" in light


def test_links_of_a_mail_open_in_a_new_tab() -> None:
    assert '<head><base target="_blank">' in as_page(_HTML, "light")
    assert as_page("<p>No head</p>", "light").startswith('<base target="_blank">')
