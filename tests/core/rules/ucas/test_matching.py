"""Who is taken for whom, in DOMAIN's order, and what is a problem and not a merge."""

from collections.abc import Mapping, Sequence

import pytest

from core.rules.ucas.matching import Hasher, Key, Known, find_match
from core.rules.ucas.problems import Problem
from core.rules.ucas.values import LearnerValues, differences, merged

ADA = LearnerValues("10000001", None, "Ada", "Young", dob="2009-03-01", postcode="M1 1AA")
HASHER = Hasher(b"k" * 32)
TEMPORARY = "A1234567890AB"


def known(number: int, values: LearnerValues = ADA, *, is_foreign: bool = False) -> Known:
    return Known(number, values, is_foreign)


def match(values: LearnerValues, candidates: Mapping[Key, Sequence[Known]]) -> tuple[int, Key] | str | None:
    found = find_match(values, candidates)
    if isinstance(found, Problem):
        return found.code
    return (found[0].learner_id, found[1]) if found else None


def test_nobody_is_found_where_nobody_fits() -> None:
    assert match(ADA, {}) is None


@pytest.mark.parametrize("key", [Key.ULN, Key.UPN, Key.CCIS, Key.EMAIL, Key.PERSON])
def test_each_key_finds_a_learner(key: Key) -> None:
    assert match(ADA, {key: [known(1)]}) == (1, key)


def test_the_strongest_key_counts_and_a_person_only_where_nothing_else_fits() -> None:
    assert match(ADA, {Key.ULN: [known(1)], Key.CCIS: [known(1)]}) == (1, Key.ULN)
    assert match(ADA, {Key.CCIS: [known(1)], Key.PERSON: [known(2)]}) == (1, Key.CCIS)


def test_two_keys_on_two_learners_are_a_problem_that_names_both() -> None:
    bo = known(2, ADA._replace(first_name="Bo"))

    found = find_match(ADA, {Key.ULN: [known(1)], Key.EMAIL: [known(2)]})

    assert isinstance(found, Problem)
    assert match(ADA, {Key.ULN: [known(1)], Key.CCIS: [bo]}) == "match.conflict"
    named = find_match(ADA, {Key.ULN: [known(1)], Key.CCIS: [bo]})
    assert isinstance(named, Problem)
    assert "Ada Young and Bo Young" in named.reason


def test_an_address_finds_only_who_has_the_same_name() -> None:
    sibling = known(2, ADA._replace(first_name="Bo"))

    assert match(ADA, {Key.EMAIL: [sibling]}) is None
    assert match(ADA, {Key.EMAIL: [sibling, known(1, ADA._replace(first_name="ADA"))]}) == (1, Key.EMAIL)


def test_a_name_and_date_that_fit_two_learners_fit_nobody() -> None:
    assert match(ADA, {Key.PERSON: [known(1), known(2)]}) == "match.several"


def test_another_identifier_that_is_stronger_than_what_fits_is_a_problem() -> None:
    row = ADA._replace(uln="9276308686", upn="A123456789012")

    other_uln = known(1, ADA._replace(uln="1000000043"))
    assert match(row, {Key.PERSON: [other_uln]}) == "match.contradicts"
    assert match(row, {Key.UPN: [other_uln]}) == "match.contradicts"
    # A weaker one that differs is news.
    assert match(row, {Key.ULN: [known(1, ADA._replace(upn=TEMPORARY))]}) == (1, Key.ULN)


def test_a_temporary_upn_is_no_key_and_gives_way() -> None:
    assert HASHER.keys(ADA._replace(upn=TEMPORARY)).upn_hash is None
    row = ADA._replace(upn="A123456789012")
    assert match(row, {Key.PERSON: [known(1, ADA._replace(upn=TEMPORARY))]}) == (1, Key.PERSON)


def test_an_identifier_of_somebody_with_another_name_and_date_is_a_problem() -> None:
    other = ADA._replace(last_name="Other")

    assert match(ADA, {Key.ULN: [known(1, other)]}) == (1, Key.ULN)
    assert match(ADA, {Key.ULN: [known(1, other._replace(dob="2008-01-01"))]}) == "match.other_person"


def test_a_learner_of_a_foreign_provider_is_not_named() -> None:
    foreign = known(1, is_foreign=True)

    for candidates in ({Key.ULN: [foreign]}, {Key.ULN: [foreign], Key.CCIS: [known(2, ADA._replace(first_name="Bo"))]}):
        found = find_match(ADA, candidates)
        assert isinstance(found, Problem)
        assert "Ada" not in found.reason


def test_who_has_no_date_is_found_by_name_postcode_and_provider() -> None:
    bare = ADA._replace(dob=None)

    assert HASHER.keys(bare).person_hash == HASHER.keys(bare._replace(first_name="ada ")).person_hash
    for other in (bare._replace(postcode="M1 1AB"), bare._replace(ukprn="10000002"), ADA):
        assert HASHER.keys(other).person_hash != HASHER.keys(bare).person_hash


def test_hashes_need_the_key_and_do_not_run_together() -> None:
    assert HASHER("uln", "1") != Hasher(b"j" * 32)("uln", "1")
    assert HASHER("person", "ab", "c") != HASHER("person", "a", "bc")
    assert HASHER("person", None) != HASHER("person", "-")


def test_blank_never_erases() -> None:
    row = LearnerValues(ukprn="10000001", first_name="Ada", last_name="Young", town="Anytown")

    after = merged(ADA, row)

    assert (after.dob, after.town) == (ADA.dob, "Anytown")
    assert [column.value for column in differences(ADA, after)] == ["Town"]
