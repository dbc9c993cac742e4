"""What strangers typed, made safe; what looks like a link, found."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules.text import clean_name, clean_note, first_link, folded

BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("  Bo   Young ", "Bo Young"),
        ("Bo\r\nBcc: al@example.org", "Bo Bcc: al@example.org"),
        ("Bo\tYoung\x0bthe\x0cThird", "Bo Young the Third"),
        ("Bo\u2028Young\u2029!\x85", "Bo Young !"),
        ("Bo\x00\x07\x1b[31m\x7f", "Bo[31m"),
        (f"Bo{BIDI}Young", "BoYoung"),
        ("Bo\ud800\ue000", "Bo"),
        ("\u200b\ufeffBo\u00ad\u2060", "Bo"),
        ("Zoe\u0308", "Zoë"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d🎓", "👩\u200d🎓"),
        ("יעל", "יעל"),
        ("\u200d\u200c", ""),
        ("\u200dBo\u200c ", "Bo"),
        ("", ""),
    ],
)
def test_a_name_is_one_line_that_shows_what_it_is(typed: str, clean: str) -> None:
    assert clean_name(typed, 100) == clean


def test_a_name_is_cut_without_a_space_at_its_end() -> None:
    assert clean_name("Bo Young", 3) == "Bo"
    assert clean_name("x" * 300, 100) == "x" * 100


@given(st.text(), st.integers(min_value=0, max_value=50))
@example("e\u200e\u0301", 5)
def test_a_clean_name_is_short_stays_as_it_is_and_can_be_stored(typed: str, limit: int) -> None:
    clean = clean_name(typed, limit)

    assert len(clean) <= limit
    assert clean_name(clean, limit) == clean
    assert not set(clean) & {"\r", "\n", "\x00", *BIDI}
    clean.encode()


def test_thirty_marks_in_a_row_are_kept_and_no_more() -> None:
    assert len(clean_name("x" + "\u0323" * 500, 1000)) == 31
    assert len(folded("x" + "\u0323" * 500)) == 31


def test_a_note_keeps_its_lines_and_one_empty_line_between_them() -> None:
    note = "Dear all,\r\n\r\n\r\n\r\n  see  you\ton Monday\u202e.\r\n\x00Max  \n\n"

    assert clean_note(note) == "Dear all,\n\nsee you on Monday.\nMax"


@given(st.text())
def test_a_clean_note_stays_as_it_is(typed: str) -> None:
    clean = clean_note(typed)

    assert clean_note(clean) == clean
    assert "\r" not in clean
    assert "\n\n\n" not in clean


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/login",
        "http://evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "ftp://evil.example",
        "slack://open",
        "https://bo@evil.example/login",
        "https://evil.example/@bo",
        "https://evil．com",
        "www.evil.example",
        "evil.com",
        "EVIL.COM/path?x=1",
        "evil.com/@bo",
        "shop.evil.co.uk",
        "bit.ly/abc",
        "evil-site.info:8080",
        "ｅｖｉｌ．ｃｏｍ",
        "ünïcode.org",
        "forms.gle/abc",
        "youtu.be/x",
        "evil。com",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "See {} please", "({})", "Hello,\n{}\nBye", "here:{}", "al@example.org or {}."]
)
def test_a_link_is_found_wherever_it_stands(link: str, around: str) -> None:
    assert first_link(around.format(link)) is not None


def test_the_link_is_named_so_that_people_find_it() -> None:
    assert first_link("Bring a pen, see https://evil.example/x?y=1 and more.") == "https://evil.example/x?y=1"
    assert first_link("Look at evil.com/path now") == "evil.com/path"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Mr.Smith will be there.",
        "Bring a pen, e.g. a blue one, i.e. not red.",
        "We meet at 3.30pm on 02.03.2026.",
        "Room 1.2.3, ratio 1:2, cost £24.50",
        "It ends soon.Bring a friend",
        "Questions? Ask max@north.example.org or al@gmail.com.",
        "Wait... what?",
        "Node.js and C# and either/or, and/or: both",
        "com org net",
        "St.John's",
        "and so on . com",
    ],
)
def test_plain_words_are_no_link(words: str) -> None:
    assert first_link(words) is None


@pytest.mark.parametrize(
    ("typed", "same"),
    [("  MATHS ", "maths"), ("ｍａｔｈｓ", "maths"), ("STRASSE", "straße"), ("e\u0301", "É"), ("ﬁne", "FINE")],
)
def test_folding_forgets_case_width_and_form(typed: str, same: str) -> None:
    assert folded(typed) == folded(same)


@given(st.text())
def test_any_text_can_be_searched_and_folded(text: str) -> None:
    first_link(text)

    assert folded(text) == folded(text).strip()
