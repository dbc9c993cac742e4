"""Gender and ethnicity: closed lists by alias; what is near is suggested seldom, and never taken."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.ucas.cells import Checked
from core.rules.ucas.choices import ETHNICITIES, GENDERS, ethnicity, gender
from core.rules.ucas.problems import Cell
from tests.core.rules.ucas.cells import CELLS, Broken, codes

BRITISH = "English / Welsh / Scottish / Northern Irish / British"
MIXED = "Any other mixed / multiple ethnic background"
BLACK = "Any other Black African /Caribbean background"
# As gov.uk lists them (Ethnicity facts and figures, style guide), in the order of UM 7.4; it has no “Not provided”.
GOV_UK = {
    "English, Welsh, Scottish, Northern Irish or British": BRITISH,
    "Irish": "Irish",
    "Gypsy or Irish Traveller": "Gypsy or Irish Traveller",
    "Any other White background": "Any other white background",
    "White and Black Caribbean": "White and Black Caribbean",
    "White and Black African": "White and Black African",
    "White and Asian": "White and Asian",
    "Any other Mixed or Multiple ethnic background": MIXED,
    "Indian": "Indian",
    "Pakistani": "Pakistani",
    "Bangladeshi": "Bangladeshi",
    "Chinese": "Chinese",
    "Any other Asian background": "Any other Asian background",
    "African": "African",
    "Caribbean": "Caribbean",
    "Any other Black, African or Caribbean background": BLACK,
    "Arab": "Arab",
    "Any other ethnic group": "Any other ethnic group",
}
CENSUS = [
    "WBRI", "NOBT", "WIRI", "WIRT", "WOTH", "MWBC", "MWBA", "MWAS", "MOTH", "AIND", "APKN", "ABAN", "CHNE", "AOTH",
    "BAFR", "BCRB", "BOTH", "OOTH",
]  # fmt: skip


@pytest.mark.parametrize(("cells", "value"), [
    ("Female female FEMALE F f Girl woman", "Female"),
    ("Male male M m Boy man", "Male"),
    ("Not_known N/K n/k NK U Unknown not-known", "Not known"),
    ("Not_specified N/S unspecified", "Not specified"),
])  # fmt: skip
def test_a_gender_is_one_of_four_by_many_names(cells: str, value: str) -> None:
    """UM 7.4."""
    assert value in GENDERS
    for cell in cells.split():
        assert gender(cell.replace("_", " ")) == (value, ())


@pytest.mark.parametrize(("cell", "suggestion"), [
    ("Femle", "Female"), ("Not knwon", "Not known"), ("Not spcified", "Not specified"), ("Fem", ""), ("Mle", ""),
    ("X", ""), ("Prefer not to say", ""), ("Non-binary", ""), ("1", ""), ("MF", ""),
])  # fmt: skip
def test_any_other_gender_is_refused_and_seldom_guessed(cell: str, suggestion: str) -> None:
    value, problems = gender(cell)

    assert value is None
    assert codes(problems) == ["gender.unknown"]
    assert problems[0].suggestion == suggestion
    assert problems[0].choices == (() if suggestion else GENDERS)


def test_the_ethnicities_are_nineteen() -> None:
    assert len(set(ETHNICITIES)) == 19


@pytest.mark.parametrize("value", ETHNICITIES)
@pytest.mark.parametrize("spelt", [
    str, str.upper, str.casefold, lambda text: text.replace(" / ", "/"), lambda text: text.replace("/", ", "),
    lambda text: f"  {text.replace(' ', '  ')}\u00a0", lambda text: text.replace(" and ", " or "),
])  # fmt: skip
def test_each_ethnicity_is_known_in_its_spellings_and_kept_in_the_manuals(
    value: str, spelt: Callable[[str], str]
) -> None:
    """UM 7.4."""
    assert ethnicity(spelt(value)) == (value, ())


@pytest.mark.parametrize(("written", "value"), GOV_UK.items())
def test_gov_uks_spellings_are_known(written: str, value: str) -> None:
    assert ethnicity(written) == (value, ())


def test_the_two_lists_have_the_same_groups() -> None:
    assert list(GOV_UK.values()) == [name for name in ETHNICITIES if name != "Not provided"]


@pytest.mark.parametrize(("code", "value"), list(zip(CENSUS, [*ETHNICITIES[:17], ETHNICITIES[18]], strict=True)))
def test_the_school_censuss_codes_are_known(code: str, value: str) -> None:
    assert ethnicity(code) == ethnicity(code.lower()) == (value, ())


def test_who_refused_to_say_did_not_provide_it() -> None:
    assert ethnicity("REFU") == ("Not provided", ())


@pytest.mark.parametrize(("cell", "suggestion"), [
    ("Any other Black background", ""),  # Not Asian, although the words are nearly the same.
    ("Any other background", ""),
    ("British", ""),  # Not Irish.
    ("WROM", ""),  # The list has no Roma.
    ("White", ""),
    ("Asian", ""),
    ("White and Black", ""),
    ("Pakistan", "Pakistani"),
    ("Bangladeshy", "Bangladeshi"),
    ("Any othr Asian backgrund", "Any other Asian background"),
    ("Any other Asain background", ""),
])  # fmt: skip
def test_any_other_ethnicity_is_refused_and_guessed_only_where_its_telling_word_is_the_same(
    cell: str, suggestion: str
) -> None:
    value, problems = ethnicity(cell)

    assert value is None
    assert codes(problems) == ["ethnicity.unknown"]
    assert problems[0].suggestion == suggestion
    assert problems[0].choices == (() if suggestion else ETHNICITIES)


@given(st.sampled_from(ETHNICITIES), st.text(max_size=3), st.integers(0, 60))
def test_a_suggestion_is_one_of_the_list(value: str, more: str, place: int) -> None:
    found, problems = ethnicity(value[:place] + more + value[place:])

    assert found in (*ETHNICITIES, None)
    assert all(problem.suggestion in (*ETHNICITIES, "") for problem in problems)


@pytest.mark.parametrize("check", [gender, ethnicity])
@pytest.mark.parametrize(("cell", "expected"), [
    (None, []), ("", []), (True, ["cell.boolean"]), (Broken("error", "#N/A"), ["cell.error"]), ("#N/A", ["cell.error"]),
    ("x" * 500, ["cell.too_long"]),
])  # fmt: skip
def test_neither_is_mandatory_and_neither_is_read_from_what_excel_made(
    check: Callable[[Cell], Checked[str]], cell: Cell, expected: list[str]
) -> None:
    value, problems = check(cell)

    assert value is None
    assert codes(problems) == expected


@given(CELLS)
def test_any_cell_gets_an_answer_that_stays_the_same_when_asked_again(cell: Cell) -> None:
    for check in (gender, ethnicity):
        value, _ = check(cell)

        assert value is None or check(value)[0] == value
