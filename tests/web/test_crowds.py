"""What many ask at the same moment, answered together."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from core.errors import Busy
from core.usecases.links.settings import ChangeSharedLink, change_shared_link
from tests.copies import SqliteCopies
from tests.factories import School
from tests.web.test_joining import share
from tests.web.world import serving
from web.crowds import Crowds


class Clerk:
    """Serves each crowd when the test says so, and notes who was in it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.crowds: list[tuple[str, list[str]]] = []
        self.error = error
        self.began = asyncio.Event()
        self.next = asyncio.Event()

    async def answer(self, about: str, asked: Sequence[str]) -> list[str | None]:
        self.crowds.append((about, list(asked)))
        self.began.set()
        await self.next.wait()
        if self.error and len(asked) > 1:
            raise self.error
        return [None if name == "nobody" else name.upper() for name in asked]


async def ask_all(clerk: Clerk, *asked: tuple[str, str]) -> list[str | BaseException | None]:
    """All at the same moment, but the first, who is being served by then."""
    crowds = Crowds(clerk.answer)
    first, *others = asked
    asking = [asyncio.ensure_future(crowds.ask(*first))]
    await clerk.began.wait()
    asking += [asyncio.ensure_future(crowds.ask(*each)) for each in others]
    await asyncio.sleep(0)
    clerk.next.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert not crowds._waiting
    return answers


def test_the_first_is_served_at_once_and_who_comes_meanwhile_together() -> None:
    async def story() -> None:
        clerk = Clerk()

        answers = await ask_all(clerk, ("x", "ada"), ("x", "bo"), ("y", "cy"), ("x", "nobody"), ("x", "di"))

        assert answers == ["ADA", "BO", "CY", None, "DI"]
        assert sorted(clerk.crowds) == [("x", ["ada"]), ("x", ["bo", "nobody", "di"]), ("y", ["cy"])]

    asyncio.run(story())


def test_where_a_crowd_cannot_be_served_each_may_ask_alone_unless_the_database_is_away() -> None:
    async def story(error: Exception) -> list[str | BaseException | None]:
        return await ask_all(Clerk(error), ("x", "ada"), ("x", "bo"), ("x", "cy"))

    busy = Busy()

    assert asyncio.run(story(ValueError())) == ["ADA", None, None]
    assert asyncio.run(story(busy)) == ["ADA", busy, busy]


def test_who_goes_away_meanwhile_stands_in_nobodys_way() -> None:
    async def story() -> None:
        clerk = Clerk()
        crowds = Crowds(clerk.answer)
        gone = asyncio.ensure_future(crowds.ask("x", "ada"))
        await clerk.began.wait()
        staying = asyncio.ensure_future(crowds.ask("x", "bo"))

        gone.cancel()
        clerk.next.set()

        assert await staying == "BO"
        assert gone.cancelled()

    asyncio.run(story())


@pytest.mark.parametrize("cap", ["", "15"])
def test_a_class_that_presses_at_once_joins_whatever_some_of_them_typed(
    web_copies: SqliteCopies[School], cap: str
) -> None:
    with serving(web_copies) as (url, world):
        link_id, path = share(world)
        world.app.run(
            change_shared_link, ChangeSharedLink(link_id, cap, "", confirms_address=False), world.school.owner
        )

        def press(number: int) -> int:
            address = f"a{number}@example.org" if number % 10 else "nobody"
            form = urlencode({"first_name": "Bo", "last_name": "Young", "address": address})
            try:
                with urlopen(f"{url}{path}/join", form.encode()) as page:
                    return 200 if b"You are on the course" in page.read() else 0
            except OSError as refused:
                return getattr(refused, "code", 0)

        with ThreadPoolExecutor(10) as learners:
            statuses = list(learners.map(press, [*range(30), *range(1, 10)]))

        assert [statuses[number] for number in (0, 10, 20)] == [400] * 3
        assert world.count("SELECT count(*) FROM enrolment") == (15 if cap else 27)
        assert statuses.count(200) >= (15 if cap else 36)
        assert statuses.count(200) + statuses.count(409) == 36
