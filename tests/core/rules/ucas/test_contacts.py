"""E-mail addresses and telephone numbers. All numbers are Ofcom's for drama."""

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.addresses import Address, parse_address
from core.rules.ucas.contacts import email, telephone
from core.rules.ucas.problems import Cell
from tests.core.rules.ucas.cells import CELLS, codes

DRAMA = st.one_of(
    st.integers(0, 999).map("01632960{:03d}".format),
    st.integers(0, 999).map("07700900{:03d}".format),
    st.integers(0, 999).map("02079460{:03d}".format),
    st.integers(0, 999).map("03069990{:03d}".format),
)
LOCALS = st.text("Az09._%+'-", max_size=66)
DOMAINS = st.text("az09.-", max_size=20)


@pytest.mark.parametrize(("cell", "value"), [
    ("Ada.Young@example.org", "Ada.Young@example.org"),
    (" ada@example.org\u00a0", "ada@example.org"),
    ("o'neill+club@mail.example.org", "o'neill+club@mail.example.org"),
    ("ada@müller.example", "ada@xn--mller-kva.example"),
    ("", None),
    (None, None),
])  # fmt: skip
def test_one_bare_address_is_taken_as_it_was_typed(cell: Cell, value: str | None) -> None:
    assert email(cell) == (value, ())


@pytest.mark.parametrize(("cell", "code", "suggestion"), [
    ("ada@example.org; bo@example.org", "email.several", ""),
    ("ada@example.org bo@example.org", "email.several", ""),
    ("mailto:ada@example.org", "email.wrapped", "ada@example.org"),
    ("Ada Young <ada@example.org>", "email.wrapped", "ada@example.org"),
    ('"ada@example.org"', "email.wrapped", "ada@example.org"),
    ("ada@example.org.", "email.wrapped", "ada@example.org"),
    ("ada.example.org", "email.invalid", ""),
    ("ada@", "email.invalid", ""),
    ("@example.org", "email.invalid", ""),
    ("a@b@example.org", "email.invalid", ""),
    ("ada@example..org", "email.invalid", ""),
    ("ada@gmail,com", "email.invalid", "ada@gmail.com"),
    (".ada@example.org", "email.invalid", ""),
    ("a" * 65 + "@example.org", "email.invalid", ""),
    ("ada@printer.local", "email.invalid", ""),
    (4.5, "email.invalid", ""),
    ("n/a", "cell.placeholder", ""),
    ("a" * 300 + "@example.org", "cell.too_long", ""),
])  # fmt: skip
def test_anything_else_is_refused_and_the_bare_address_suggested(cell: Cell, code: str, suggestion: str) -> None:
    value, problems = email(cell)

    assert value is None
    assert codes(problems) == [code]
    assert problems[0].suggestion == suggestion


def test_a_domain_that_looks_mistyped_is_taken_with_a_warning() -> None:
    value, problems = email("ada@gmial.com")

    assert value == "ada@gmial.com"
    assert codes(problems) == ["email.typo"]
    assert problems[0].suggestion == "ada@gmail.com"


@given(st.tuples(LOCALS, st.just("@"), DOMAINS, st.sampled_from([".org", ".local", "."])).map("".join))
def test_the_quick_way_takes_nothing_that_the_careful_one_refuses(text: str) -> None:
    value, problems = email(text)

    found = parse_address(text)

    if value is not None:
        assert isinstance(found, Address)
        assert found.address == value
    elif isinstance(found, Address):
        assert found.address != text
    assert value is not None or problems


@pytest.mark.parametrize("cell", [
    "01632 960123", "01632960123", "(01632) 960123", "01632-960-123", "+44 1632 960123", "+44 (0)1632 960123",
    "0044 1632 960123", "441632960123", "1632960123", 1632960123, 1632960123.0, "tel: 01632 960123",
])  # fmt: skip
def test_a_number_is_found_however_people_and_excel_write_it(cell: Cell) -> None:
    """With and without the 0 that Excel takes away."""
    assert telephone(cell) == ("+441632960123", ())


def test_a_number_of_another_country_keeps_its_code() -> None:
    assert telephone("+353 20 910 1234") == ("+353209101234", ())


def test_an_extension_is_left_out_with_a_warning() -> None:
    value, problems = telephone("01632 960123 ext 12")

    assert value == "+441632960123"
    assert codes(problems) == ["telephone.extension"]


@pytest.mark.parametrize(("cell", "code"), [
    ("12345", "telephone.unreadable"),
    ("960123", "telephone.unreadable"),
    ("01632 960123 or 07700 900123", "telephone.unreadable"),
    ("ask mum", "telephone.unreadable"),
    ("n/a", "cell.placeholder"),
])  # fmt: skip
def test_what_cannot_be_dialled_is_left_out_and_does_not_hold_the_row(cell: Cell, code: str) -> None:
    value, problems = telephone(cell)

    assert value is None
    assert codes(problems) == [code]
    assert [found.severity for found in problems] == ["warning"]


@pytest.mark.parametrize("cell", ["7.7009E+09", "1,63296E+09", "4.41633E+11", 2.0**60])
def test_a_number_that_excel_shortened_is_an_error(cell: Cell) -> None:
    """The library would read another number in it."""
    value, problems = telephone(cell)

    assert value is None
    assert codes(problems) == ["number.damaged"]
    assert problems[0].severity == "error"


@given(DRAMA, st.sampled_from(["{}", "44{}", "0{}", "+44{}", "0044{}", "0{} "]), st.integers(2, 9))
def test_the_quick_way_finds_the_librarys_number(number: str, written: str, gap: int) -> None:
    text = written.format(number[1:gap] + " " + number[gap:])

    value, problems = telephone(text)

    parsed = phonenumbers.parse(text, "GB")
    assert (value, problems) == (phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), ())


@given(CELLS)
def test_any_cell_gets_an_answer_that_stays_the_same_when_asked_again(cell: Cell) -> None:
    for check in (email, telephone):
        value, _ = check(cell)

        assert value is None or check(value)[0] == value


def test_a_start_does_not_wait_for_the_library() -> None:
    program = "import sys, core.rules.ucas.rows; sys.exit('phonenumbers' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
