"""Randomness that the machine provides."""

from core.context import SystemTokens


def test_many_ids_are_ascending_odd_and_never_alike() -> None:
    tokens = SystemTokens()

    chunks = [tokens.new_ids(2000) for _ in range(3)]

    for ids in chunks:
        assert list(ids) == sorted(set(ids))
        assert len(ids) == 2000
        assert all(0 < number < 2**63 and number % 2 for number in ids)
        # Near one another.
        assert ids[-1] - ids[0] < 2**48
    assert len({ids[0] >> 48 for ids in chunks}) > 1
    assert tokens.new_ids(0) == []
