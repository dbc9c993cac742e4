import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.letters import Letter
from core.settings import Settings
from core.words import AccessModel
from mail.sending.rendering import Mail, render
from mail.sending.wire import one_line
from tests.mail.letters import (
    LINKS,
    NOW,
    SETTINGS,
    head,
    html_text,
    invitation,
    join_confirmation,
    joined,
    nudge,
    parsed,
    plain_text,
    reminder,
    run_card,
    sign_in,
    slack_code,
    staff_invitation,
    stopped,
    welcome,
)

HOSTILE = '<script>alert("x")</script> & Söhne'
ANY_TEXT = st.text(st.characters(), max_size=300)


def _rendered(letter: Letter, used: Settings = SETTINGS, *, now: datetime = NOW) -> Mail:
    return render(letter, used, LINKS, now=now)


def test_envelope_names_message_and_recipient() -> None:
    mail = _rendered(invitation(head(77, recipient="bo@example.org")))

    local, _, domain = mail.sender.partition("@")
    assert (mail.message_id, mail.recipient, domain) == (77, "bo@example.org", "example.org")
    assert LINKS.read_bounce_token(local.removeprefix("bounces+")) == 77


INBOX = dataclasses.replace(SETTINGS, mail_inbox="usher+all@in.example.org")


@pytest.mark.parametrize(
    "letter", [invitation(head(77)), reminder(head(77)), joined(head(77)), join_confirmation(head(77))]
)
def test_whoever_cannot_press_stops_by_a_mail_that_names_the_message(letter: Letter) -> None:
    press, mail = str(parsed(_rendered(letter, INBOX))["List-Unsubscribe"]).strip().split(", ")

    address, _, subject = mail.strip("<>").partition("?subject=")
    assert press.startswith("<https://usher.example.org/")
    assert address == "mailto:usher+all@in.example.org"
    word, token = subject.split("%20")
    assert (word, LINKS.read_stop_token(token)) == ("stop", 77)
    assert LINKS.read_bounce_token(token) is None


def test_where_no_mail_comes_in_stopping_is_by_the_page_only() -> None:
    assert "mailto" not in str(parsed(_rendered(invitation()))["List-Unsubscribe"])


def test_the_answer_to_who_stopped_stands_in_their_thread_and_says_that_a_program_wrote_it() -> None:
    message = parsed(_rendered(stopped(), INBOX))

    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == message["References"] == "<stop@mx.example.org>"
    assert message["List-Unsubscribe"] is None


def test_invitation_has_every_header() -> None:
    mail = _rendered(invitation(head(1, recipient_name="Bo Young")))

    message = parsed(mail)
    assert str(message["From"]) == "Northwood College via Usher <please.do.not.reply@example.org>"
    assert str(message["To"]) == "Bo Young <bo@example.org>"
    assert str(message["Reply-To"]) == "sam@example.org"
    assert message["Subject"] == "You are invited: Everyday maths"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<0000000000000001@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Usher-Loop"] == "example.org"
    assert message["Feedback-ID"] == "7:invitation:usher"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Precedence"] is None


def test_no_header_stands_twice() -> None:
    """Mail servers refuse such an e-mail."""
    for letter in (invitation(), reminder(), welcome(), joined(), join_confirmation(), nudge(), stopped(), sign_in()):
        names = [name.lower() for name in parsed(_rendered(letter))]

        assert len(names) == len(set(names)), names


def test_only_an_invitation_can_be_unsubscribed_from() -> None:
    letter = invitation()

    assert _rendered(letter).content.count(f"/i/{letter.token}/stop>".encode()) == 1
    for other in (welcome(), staff_invitation(), slack_code(), sign_in(), stopped()):
        assert parsed(_rendered(other))["List-Unsubscribe"] is None


def test_a_reminder_has_the_headers_of_an_invitation_and_stands_beside_it() -> None:
    message = parsed(_rendered(reminder()))

    assert message["Subject"] == "Reminder: you are invited to Everyday maths"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Feedback-ID"] == "7:reminder:usher"
    assert str(message["List-Unsubscribe"]).endswith("/stop>")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["In-Reply-To"] == message["References"] == "<0000000000000001@example.org>"
    assert message["Message-ID"] == "<0000000000000002@example.org>"


def test_a_reminder_says_until_when_and_how_to_get_no_more() -> None:
    mail = _rendered(reminder())

    for text in (plain_text(mail), html_text(mail)):
        assert "Everyday maths" in text
        assert "until the end of Friday 6 March 2026" in text
        assert "choose “Decline”" in text
        assert "/stop" in text
        assert "Sam Jones" in text


def test_nobody_to_reply_to_means_no_header_and_no_sentence() -> None:
    mail = _rendered(invitation(head(reply_to="")))

    assert parsed(mail)["Reply-To"] is None
    assert "Reply to this e-mail" not in plain_text(mail) + html_text(mail)


def test_reply_address_of_the_settings_wins() -> None:
    mail = _rendered(invitation(), dataclasses.replace(SETTINGS, mail_reply_to="help@example.org"))

    assert str(parsed(mail)["Reply-To"]) == "help@example.org"


def test_a_nudge_is_replied_to_its_author_where_all_else_comes_to_usher() -> None:
    mail = _rendered(nudge(), dataclasses.replace(SETTINGS, mail_reply_to="help@example.org"))

    assert str(parsed(mail)["Reply-To"]) == "sam@example.org"
    assert all("Sam Jones" in text for text in (plain_text(mail), html_text(mail)))


def test_retry_keeps_message_id() -> None:
    letter = invitation()

    first, later = _rendered(letter), _rendered(letter, now=NOW + timedelta(hours=1))

    assert parsed(first)["Message-ID"] == parsed(later)["Message-ID"] == letter.head.message_ref
    assert first.sender == later.sender
    assert plain_text(first) == plain_text(later)


def test_invitation_says_what_who_when_and_how() -> None:
    letter = invitation(inviter="Sam Jones", note="See you\n\nthere")

    text = plain_text(_rendered(letter))

    assert text.startswith("You are invited to a course.\n\nEveryday maths\nMarch 2026\n")
    assert "Starts: Monday 2 March 2026\nEnds: Saturday 11 April 2026\nMade by: Riverside University\n" in text
    assert "Hello Bo Young,\n\nSam Jones at Northwood College invites you to take this course and writes:" in text
    assert "\n> See you\n> \n> there\n" in text
    assert "- A digital certificate: a PDF" in text
    assert f"\nhttps://usher.example.org/i/{letter.token}\n" in text
    assert "You can answer until the end of Friday 6 March 2026." in text
    assert "you can ignore it; nothing happens" in text
    assert f"Do not invite me again: https://usher.example.org/i/{letter.token}/stop" in text


def test_html_says_the_same_as_the_text() -> None:
    letter = invitation(note="See you\nthere")

    html = html_text(_rendered(letter))

    for words in ("Everyday maths", "Monday 2 March 2026", "the end of Friday 6 March 2026", "Bo Young", "Sam Jones"):
        assert words in html
    assert "See you<br />\nthere" in html
    assert html.count(f'href="https://usher.example.org/i/{letter.token}"') == 2
    assert f'href="https://usher.example.org/i/{letter.token}/stop"' in html


def test_text_stands_before_html_and_calendar() -> None:
    parts = [part.get_content_type() for part in parsed(_rendered(invitation())).walk() if not part.is_multipart()]

    assert parts == ["text/plain", "text/html", "text/calendar"]


def test_same_invitation_again_says_so_first() -> None:
    mail = _rendered(invitation(is_again=True))

    assert parsed(mail)["Subject"] == "Your invitation again: Everyday maths"
    assert plain_text(mail).startswith("This is the same invitation again.")
    assert "This is the same invitation again." in html_text(mail)


def test_course_that_has_started_says_started() -> None:
    text = plain_text(_rendered(invitation(), now=datetime(2026, 3, 3, tzinfo=UTC)))

    assert "Started: Monday 2 March 2026" in text


def test_without_a_purchase_the_course_is_open_while_it_runs() -> None:
    text = plain_text(_rendered(invitation(run=run_card(model=AccessModel.NO_PURCHASE))))

    assert "- Access to the course: all of it, while it runs" in text
    assert "certificate" not in text


def test_organisation_invites_where_no_inviter_is_known() -> None:
    text = plain_text(_rendered(invitation(inviter="")))

    assert "\nNorthwood College invites you to take this course.\n" in text


def test_recipient_without_a_name_is_greeted_without_one() -> None:
    mail = _rendered(invitation(head(recipient_name="")))

    assert "\nHello,\n" in plain_text(mail)
    assert str(parsed(mail)["To"]) == "bo@example.org"


def test_welcome_leads_to_the_course() -> None:
    letter = welcome()

    text = plain_text(_rendered(letter))

    assert "Go to the course:\nhttps://learn.example.org/courses/maths\n" in text
    assert f"See your place:\nhttps://usher.example.org/i/{letter.token}\n" in text


@pytest.mark.parametrize("join_url", ["", "javascript:alert(1)", "ftp://learn.example.org"])
def test_welcome_without_a_web_address_leads_to_the_place(join_url: str) -> None:
    mail = _rendered(welcome(run=replace(run_card(join_url=join_url), starts_at=NOW)))

    assert "Go to the course" not in plain_text(mail) + html_text(mail)
    assert "See your place:" in plain_text(mail)
    for text in (plain_text(mail), html_text(mail)):
        assert "If you do not know how to get to" in text
        assert "begin at once" not in text


def test_staff_invitation_names_organisation_role_and_end() -> None:
    letter = staff_invitation()

    mail = _rendered(letter)

    text = plain_text(mail)
    assert parsed(mail)["Subject"] == "Look after learners at Northwood College"
    assert "Your role: manager\nYou can invite learners and follow their progress.\n" in text
    assert f"\nhttps://usher.example.org/s/{letter.token}\n" in text
    assert "until 09:30 on Friday 6 March 2026 (London time)" in text


def test_code_stands_in_groups_and_not_in_the_subject() -> None:
    mail = _rendered(slack_code())

    assert "    4815 0716\n" in plain_text(mail)
    assert "4815 0716" in html_text(mail)
    assert "4815" not in str(parsed(mail)["Subject"])
    assert "within 10 minutes" in plain_text(mail)
    assert "nobody can use it without your Slack account" in plain_text(mail)


def test_mails_of_a_batch_keep_their_own_values() -> None:
    letters = [invitation(head(number, recipient_name=f"Learner {number}")) for number in range(1, 4)]

    mails = [_rendered(letter) for letter in letters]

    for letter, mail in zip(letters, mails, strict=True):
        others = [other for other in letters if other is not letter]
        for body in (plain_text(mail), html_text(mail)):
            assert letter.token in body
            assert f"Hello {letter.head.recipient_name}" in body.replace("<bdi>", "")
            assert not any(other.token in body or other.head.recipient_name in body for other in others)


def test_what_people_typed_is_escaped() -> None:
    run = run_card(course_title=HOSTILE, run_title=HOSTILE + "2", partner=HOSTILE)
    letter = invitation(
        head(recipient_name=HOSTILE, organisation=HOSTILE), run=run, inviter=HOSTILE, note=f"{HOSTILE}\n{HOSTILE}"
    )

    mail = _rendered(letter)

    html = html_text(mail)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; Söhne") >= 7
    assert parsed(mail)["Subject"] == f"You are invited: {HOSTILE}"


def test_names_of_every_script_arrive_as_they_are() -> None:
    for name in ("عائشة بنت محمد", "👩‍👩‍👧‍👦 Söhne", "x" * 300, "日本語" * 100):
        mail = _rendered(invitation(head(recipient_name=name), run=run_card(course_title=name)))

        assert parsed(mail)["Subject"] == f"You are invited: {name}"
        assert f"Hello {name}," in plain_text(mail)
        assert f"<bdi>{name}</bdi>" in html_text(mail)


@given(name=ANY_TEXT, title=ANY_TEXT, note=ANY_TEXT, address=ANY_TEXT)
def test_nothing_typed_raises_or_changes_the_shape(name: str, title: str, note: str, address: str) -> None:
    used = head(recipient=address, recipient_name=name, organisation=name, reply_to=address)
    expected = [part.get_content_type() for part in parsed(_rendered(invitation())).walk()]

    mail = _rendered(invitation(used, run=run_card(course_title=title, partner=name), inviter=name, note=note))

    message = parsed(mail)
    assert [part.get_content_type() for part in message.walk()] == expected
    assert message.keys().count("Subject") == 1
    assert "Bcc" not in message
    assert message["Subject"] == f"You are invited: {one_line(title)}".rstrip()
    assert f"Hello {one_line(name)}".rstrip() + "," in plain_text(mail)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_line_of_a_mail_is_longer_than_76(name: str, note: str) -> None:
    mail = _rendered(invitation(head(recipient_name=name, organisation=name), inviter=name, note=note))

    lines = [line for line in mail.content.split(b"\r\n") if not line.startswith(b" <https://")]
    assert max(map(len, lines)) <= 76


def test_line_ends_are_those_of_mail() -> None:
    content = _rendered(invitation(note="a\nb\r\nc")).content

    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert content.endswith(b"\r\n")


def test_mail_is_far_below_the_size_where_programs_cut() -> None:
    # Gmail cuts the HTML at 102 KB.
    letter = invitation(note="x" * 500, run=run_card(course_title="é" * 300))

    assert len(_rendered(letter).content) < 40_000
