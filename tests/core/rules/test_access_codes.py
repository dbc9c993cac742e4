"""One-time access codes: their shape, and the chance they are made of."""

from random import Random  # noqa: TID251 - it is seeded

from core.rules.access_codes import ACCESS_CODE_CHARACTERS, access_codes


def test_no_character_looks_like_another_one() -> None:
    for alike in ("O0", "I1L", "S5", "Z2", "B8"):
        assert not set(alike) & set(ACCESS_CODE_CHARACTERS)
    assert len(set(ACCESS_CODE_CHARACTERS)) == len(ACCESS_CODE_CHARACTERS) == 25


def test_many_codes_are_made_at_once() -> None:
    random = Random(7)

    codes = access_codes(500, random.randbytes)

    assert len(set(codes)) == 500
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(5, 5)}
    assert set("".join(codes)) == {*ACCESS_CODE_CHARACTERS, "-"}
    assert access_codes(0, random.randbytes) == []


def test_chance_that_would_make_some_characters_likelier_is_thrown_away() -> None:
    pieces = iter([bytes([255, 250] * 5), bytes(range(10))])

    assert access_codes(1, lambda _: next(pieces)) == ["ACDEF-GHJKM"]
