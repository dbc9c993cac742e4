"""What is told twice is done once, unless it failed."""

import asyncio

import pytest

from bot.once import Once


async def test_two_tellings_at_once_share_one_handling() -> None:
    once, done, gate = Once(), [], asyncio.Event()

    async def work() -> None:
        await gate.wait()
        done.append(1)

    both = asyncio.gather(once.do("Ev1", work), once.do("Ev1", work))
    await asyncio.sleep(0)
    gate.set()
    await both
    await once.do("Ev1", work)

    assert done == [1]


async def test_what_failed_is_done_again() -> None:
    once, tries = Once(), []

    async def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("the first time")

    with pytest.raises(ValueError, match="the first time"):
        await once.do("Ev1", work)
    await once.do("Ev1", work)

    assert tries == [1, 1]


async def test_a_teller_who_hangs_up_does_not_end_the_work() -> None:
    once, done, gate = Once(), [], asyncio.Event()

    async def work() -> None:
        await gate.wait()
        done.append(1)

    first = asyncio.create_task(once.do("Ev1", work))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    gate.set()
    await once.do("Ev1", work)

    assert done == [1]


async def test_only_so_many_are_remembered() -> None:
    once, done = Once(), []

    async def work() -> None:
        done.append(1)

    for number in range(1001):
        await once.do(f"Ev{number}", work)
    await once.do("Ev0", work)

    assert len(done) == 1002
