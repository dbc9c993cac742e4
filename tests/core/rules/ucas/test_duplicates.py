"""Rows of one file that are the same learner: repeats, contradictions, and siblings."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.duplicates import DuplicateFinder, Duplicates
from core.rules.ucas.identifiers import upn_letter
from core.rules.ucas.problems import Cell
from core.rules.ucas.rows import RowChecker
from tests.core.rules.ucas.cells import TERMS, codes, headings_of, learner

ULN, OTHER_ULN = "9276308686", "1000000027"


def found_in(rows: dict[int, list[Cell]]) -> Duplicates:
    checker, finder = RowChecker(headings_of(), TERMS), DuplicateFinder()
    for number, cells in rows.items():
        if (row := checker.check(number, cells)) is not None:
            finder.add(row)
    return finder.found()


def test_of_identical_rows_the_first_counts() -> None:
    found = found_in({2: learner(uln=ULN), 5: learner(uln=int(ULN)), 9: learner(uln=f" {ULN} ")})

    assert found.same_as == {5: 2, 9: 2}
    assert found.problems == {}


def test_rows_are_identical_without_any_identifier_too() -> None:
    found = found_in({2: learner(), 3: learner(first_name="Bo"), 4: learner(postcode="ab12bd")})

    assert found.same_as == {4: 2}


def test_different_rows_with_one_identifier_are_problems_of_each_naming_the_others() -> None:
    for column, value in (("uln", ULN), ("upn", "B801200005001"), ("ccis", "42")):
        rows = {2: learner(**{column: value}), 3: learner(), 7: learner(first_name="Bo", **{column: value})}

        found = found_in(rows)

        assert found.same_as == {}
        assert {number: codes(problems) for number, problems in found.problems.items()} == {
            2: [f"{column}.duplicate"], 7: [f"{column}.duplicate"],
        }  # fmt: skip
        assert found.problems[2][0].reason.startswith("row 7 has the same ")
        assert found.problems[7][0].reason.startswith("row 2 has the same ")


def test_a_repeat_of_a_contradicted_row_is_only_a_repeat() -> None:
    found = found_in({2: learner(uln=ULN), 3: learner(uln=ULN), 4: learner(uln=ULN, first_name="Bo")})

    assert found.same_as == {3: 2}
    assert set(found.problems) == {2, 4}


def test_rows_that_differ_only_in_what_is_wrong_are_not_identical() -> None:
    found = found_in(
        {2: learner(uln=ULN, gender="X"), 3: learner(uln=ULN, gender="Y"), 4: learner(uln=ULN, gender="X")}
    )

    assert found.same_as == {4: 2}
    assert set(found.problems) == {2, 3}


def test_many_rows_are_named_by_the_first_and_counted() -> None:
    found = found_in({number: learner(uln=ULN, first_name="A" * number) for number in range(2, 12)})

    assert found.problems[2][0].reason.startswith("rows 3, 4, 5, 6, 7 and 4 more have the same ULN")
    assert found.problems[4][0].reason.startswith("rows 2, 3, 5, 6, 7 and 4 more have")
    assert found.problems[11][0].reason.startswith("rows 2, 3, 4, 5, 6 and 4 more have")


def test_a_temporary_upn_tells_nobody_apart() -> None:
    rest = "80120000500A"
    upn = f"{upn_letter('?' + rest)}{rest}"

    assert found_in({2: learner(upn=upn), 3: learner(upn=upn, first_name="Bo")}).problems == {}


def test_learners_who_share_an_address_get_a_warning() -> None:
    found = found_in({2: learner(email="Home@example.org"), 3: learner(email="home@example.org", first_name="Bo")})

    assert {number: codes(problems) for number, problems in found.problems.items()} == {
        2: ["email.shared"], 3: ["email.shared"],
    }  # fmt: skip
    assert found.problems[3][0].severity == "warning"


def test_the_same_learner_by_an_identifier_is_not_told_about_the_address_too() -> None:
    email = "ada@example.org"
    found = found_in({2: learner(uln=ULN, email=email), 3: learner(uln=ULN, email=email, first_name="Bo")})

    assert [codes(problems) for problems in found.problems.values()] == [["uln.duplicate"]] * 2


ROWS = st.lists(
    st.builds(
        lambda uln, name, ccis, gender: learner(
            uln=uln, first_name=name, ccis=ccis, gender=gender, dob=date(2010, 11, 5)
        ),
        st.sampled_from([None, ULN, OTHER_ULN, "1"]),
        st.sampled_from(["Ada", "Bo"]),
        st.sampled_from([None, "1", "2"]),
        st.sampled_from([None, "F", "X"]),
    ),
    max_size=12,
)


@given(ROWS)
def test_every_row_ends_in_one_bucket_and_the_buckets_add_up(rows: list[list[Cell]]) -> None:
    numbered = dict(enumerate(rows, start=2))
    checker = RowChecker(headings_of(), TERMS)

    found = found_in(numbered)

    def bucket(number: int) -> Bucket:
        row = checker.check(number, numbered[number])
        assert row is not None
        if number in found.same_as:
            return Bucket.DUPLICATE
        return Bucket.PROBLEM if row.is_refused or found.problems.get(number) else Bucket.CREATED

    buckets = Buckets.counted(map(bucket, numbered))
    assert buckets.rows == len(rows)
    assert buckets.created + buckets.problem == len({tuple(cells) for cells in rows})
    assert not found.same_as.keys() & found.problems.keys()
    assert all(earlier < number and earlier not in found.same_as for number, earlier in found.same_as.items())
