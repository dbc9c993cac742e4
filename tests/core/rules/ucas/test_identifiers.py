"""UKPRN, ULN, UPN and CCIS, by the rules of their sources."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.rules.ucas.identifiers import UPN_LETTERS, ccis, is_temporary, ukprn, uln, upn, upn_letter
from core.rules.ucas.problems import Cell, Fault
from tests.core.rules.ucas.cells import CELLS, OTHERS_UKPRN, PROVIDERS, UKPRN, Broken, codes

DIGIT = st.sampled_from("0123456789")
# The example of HESA C17051.
A_ULN = "9276308686"
# The example of python-stdnum's documentation, which counts as the standard does.
A_UPN = "B801200005001"


def made_uln(nine: int) -> str | None:
    """From its first nine digits; for one in eleven no tenth digit fits."""
    weighed = sum(int(digit) * weight for digit, weight in zip(str(nine), range(10, 1, -1), strict=True))
    last = 10 - weighed % 11
    return f"{nine}{last}" if last < 10 else None


ULNS = st.integers(min_value=10**8, max_value=10**9 - 1).map(made_uln).filter(bool).map(str)
PERMANENT = st.text("0123456789", min_size=12, max_size=12)
TEMPORARY = st.tuples(st.text("0123456789", min_size=11, max_size=11), st.sampled_from(UPN_LETTERS)).map("".join)
UPNS = st.one_of(PERMANENT, TEMPORARY).map(lambda rest: f"{upn_letter('?' + rest)}{rest}")


@pytest.mark.parametrize("cell", [UKPRN, f" {UKPRN}\u00a0", int(UKPRN), float(UKPRN), "1000 0001"])
def test_a_ukprn_of_the_senders_providers_is_taken_however_excel_keeps_it(cell: Cell) -> None:
    assert ukprn(cell, PROVIDERS) == (UKPRN, ())


@pytest.mark.parametrize(("cell", "code", "suggestion"), [
    ("1000001", "ukprn.shape", UKPRN),  # UM 7.4: it has to match exactly.
    ("90000001", "ukprn.unknown", UKPRN),
    ("22334455", "ukprn.unknown", ""),
    (OTHERS_UKPRN, "ukprn.not_granted", ""),
    ("Exampleton College", "ukprn.shape", ""),
    ("", "cell.required", ""),
    (None, "cell.required", ""),
    ("10000001.0", "number.fraction", "10000001"),
    ("1.0E+07", "number.damaged", ""),
    (Broken("error", "#REF!"), "cell.error", ""),
    (Broken("not_calculated", "=A1"), "cell.not_calculated", ""),
])  # fmt: skip
def test_any_other_ukprn_is_refused_and_the_nearest_one_named(cell: Cell, code: str, suggestion: str) -> None:
    value, problems = ukprn(cell, PROVIDERS)

    assert value is None
    assert codes(problems) == [code]
    assert problems[0].suggestion == suggestion


@pytest.mark.parametrize("cell", [A_ULN, int(A_ULN), float(A_ULN), "927 630 8686", f"\u200b{A_ULN} "])
def test_a_uln_is_ten_digits_that_fit_together(cell: Cell) -> None:
    """HESA C17051; ILR ULN_04."""
    assert uln(cell) == (A_ULN, ())


@pytest.mark.parametrize(("cell", "code"), [
    ("9276308685", "uln.checksum"),
    ("0276308686", "uln.shape"),  # ILR ULN_02: from 1000000000.
    ("927630868", "uln.shape"),
    ("92763086861", "uln.shape"),
    ("９２７６３０８６８６", "uln.shape"),
    ("²²²²²²²²²²", "uln.shape"),
    ("9434765919", "uln.nhs_number"),  # The NHS Data Dictionary's own example of an NHS number.
    ("9.27631E+09", "number.damaged"),
    ("9276308686.0", "number.fraction"),
    (float(2**53), "number.damaged"),
    (float("nan"), "number.damaged"),
    (float("inf"), "number.damaged"),
    (True, "cell.boolean"),
])  # fmt: skip
def test_any_other_uln_is_refused_with_its_reason(cell: Cell, code: str) -> None:
    value, problems = uln(cell)

    assert value is None
    assert codes(problems) == [code]


def test_the_uln_that_stands_for_none_is_blank_with_a_warning() -> None:
    """ILR, Unique learner number: 9999999999."""
    assert uln("9999999999")[0] is None
    assert codes(uln(9999999999)[1]) == ["uln.none"]


@given(ULNS)
def test_each_uln_made_by_the_rule_is_accepted_as_text_and_as_number(text: str) -> None:
    assert uln(text) == uln(int(text)) == uln(float(text)) == (text, ())


@given(ULNS, st.integers(min_value=0, max_value=9), DIGIT)
def test_no_uln_survives_one_wrong_digit(text: str, place: int, digit: str) -> None:
    assume(text[place] != digit)

    value, problems = uln(text[:place] + digit + text[place + 1 :])

    assert value is None
    assert problems


@given(ULNS, st.integers(min_value=0, max_value=8))
def test_no_uln_survives_two_digits_swapped(text: str, place: int) -> None:
    assume(text[place] != text[place + 1])

    value, _ = uln(text[:place] + text[place + 1] + text[place] + text[place + 2 :])

    assert value is None


@pytest.mark.parametrize("cell", [A_UPN, A_UPN.lower(), f" {A_UPN} ", "B801 2000 05001", "L000000001000"])
def test_a_upn_begins_with_the_letter_that_the_rest_wants(cell: str) -> None:
    """UK Government Data Standards Catalogue, UniquePupilNumber-2-0."""
    value, problems = upn(cell)

    assert (value, problems) == (cell.replace(" ", "").upper(), ())


def test_a_temporary_upn_is_kept_with_a_warning() -> None:
    rest = "80120000500A"
    value, problems = upn(f"{upn_letter('?' + rest)}{rest}")

    assert value is not None
    assert is_temporary(value)
    assert codes(problems) == ["upn.temporary"]


@pytest.mark.parametrize(("cell", "code"), [
    ("A801200005001", "upn.checksum"),
    ("801200005001", "upn.shape"),
    ("I801200005001", "upn.shape"),
    ("B80120000A001", "upn.shape"),
    ("B8012000050011", "upn.shape"),
    (801200005001, "upn.shape"),
    ("#N/A", "cell.error"),
])  # fmt: skip
def test_any_other_upn_is_refused_with_its_reason(cell: Cell, code: str) -> None:
    value, problems = upn(cell)

    assert value is None
    assert codes(problems) == [code]


@pytest.mark.parametrize("authority", ["001", "838", "839", "940", "943", "660", "681"])
def test_no_authority_is_refused(authority: str) -> None:
    """New and Welsh authorities are real, whatever a list of some year says."""
    rest = f"{authority}200005001"

    assert codes(upn(f"{upn_letter('?' + rest)}{rest}")[1]) == []


@given(UPNS)
def test_each_upn_made_by_the_rule_is_accepted(text: str) -> None:
    value, problems = upn(text)

    assert value == text
    assert codes(problems) == (["upn.temporary"] if is_temporary(text) else [])


@given(UPNS, st.integers(min_value=1, max_value=11), DIGIT)
def test_no_upn_survives_one_wrong_digit(text: str, place: int, digit: str) -> None:
    assume(text[place] != digit)

    value, problems = upn(text[:place] + digit + text[place + 1 :])

    assert value is None
    assert codes(problems) == ["upn.checksum"]


@pytest.mark.parametrize(("cell", "value"), [
    ("0012345678901", "0012345678901"), ("42", "42"), (42, "42"), (42.0, "42"), ("007", "007"), ("", None),
    (None, None),
])  # fmt: skip
def test_a_ccis_id_is_kept_as_it_is(cell: Cell, value: str | None) -> None:
    """NCCIS Management Information Requirement, appendix D: 13 digits, or fewer of a local database."""
    assert ccis(cell) == (value, ())


@pytest.mark.parametrize(("cell", "code"), [
    ("12345678901234", "ccis.shape"), ("AB12", "ccis.shape"), ("-4", "ccis.shape"), (-4, "ccis.shape"),
    (12.5, "number.fraction"), ("1.2E+12", "number.damaged"),
])  # fmt: skip
def test_a_ccis_id_has_nothing_but_digits(cell: Cell, code: str) -> None:
    assert codes(ccis(cell)[1]) == [code]


@pytest.mark.parametrize("cell", ["n/a", "-", "None", "TBC", "unknown"])
def test_a_cell_that_says_that_there_is_nothing_is_blank_with_a_warning(cell: str) -> None:
    for check in (uln, upn, ccis):
        value, problems = check(cell)

        assert value is None
        assert [found.fault for found in problems] == [Fault.CELL_PLACEHOLDER]


@given(CELLS)
def test_any_cell_gets_an_answer_that_stays_the_same_when_asked_again(cell: Cell) -> None:
    for check in (uln, upn, ccis, lambda cell: ukprn(cell, PROVIDERS)):
        value, problems = check(cell)

        assert value is None or check(value)[0] == value
        assert value is not None or problems or check(None)[0] is None
