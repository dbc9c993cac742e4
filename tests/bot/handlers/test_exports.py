"""Exports in Slack: a page behind the sign-in, or a file in direct messages; nothing is posted into a channel."""

from tests.bot.conftest import World, words
from tests.bot.importing import Importing
from tests.core.usecases.acting import MATHS
from tests.core.usecases.progressing import enrol


async def test_an_export_is_a_page_or_a_file_in_direct_messages(world: World) -> None:
    enrol(world.school, "ada@example.org")
    importing = Importing(world)

    page = words(await world.usher(f"export {MATHS}", world.olive))
    file = words(await world.usher("export all xlsx file", world.olive))
    costs = words(await world.usher("costs export", world.olive))
    await importing.deliver()
    await importing.deliver()

    assert "1 row of progress: Maths for Everyone (maths-2026-03)." in page
    assert "https://usher.example.org/exports/" in page
    assert "comes to your direct messages" in file
    assert "comes to your direct messages" in costs
    assert sorted(each.name for each in importing.files()) == [
        "costs-2026-03-2026-03-02.csv", "progress-all-2026-03-02.xlsx",
    ]  # fmt: skip
    assert "ada@example.org" not in page + file + costs
