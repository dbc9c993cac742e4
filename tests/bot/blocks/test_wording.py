"""What people read: the number that matters first, and what happens next."""

import re
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from bot.blocks import draw
from bot.blocks.parts import fitting, said, said_lines
from bot.blocks.words import bar, batch_name, counted, moment, percent, until_words
from core.rules.costs import forecast
from core.usecases.invitations.batches import InvitationPreviewed
from core.wording.phrases import pounds
from tests.bot.blocks.samples import every_result, histories, preview, progress, run_called


def read(result: object) -> str:
    return "\n".join(block["text"]["text"] for block in draw(result).blocks if block["type"] == "section")


def test_what_people_typed_is_cleaned_cut_and_escaped() -> None:
    assert said("<!channel>\u202e\n& co") == "&lt;!channel&gt; &amp; co"
    assert said("&" * 50, 20) == "&amp;&amp;&amp;…"
    assert said_lines("one\n\n<two>", 100) == "one\n\n&lt;two&gt;"


def test_lines_end_with_how_many_are_missing() -> None:
    assert fitting(["one", "two"], 100) == "one\ntwo"
    assert fitting(["one", "two"], 100, total=1001) == "one\ntwo\n…and 999 more"
    assert fitting(["x" * 40, "y" * 40], 70) == f"{'x' * 40}\n…and 1 more"


@pytest.mark.parametrize(("pence", "words"), [(0, "£0.00"), (2450, "£24.50"), (123456789, "£1,234,567.89")])
def test_money_is_in_pounds(pence: int, words: str) -> None:
    assert pounds(pence) == words


def test_numbers_have_their_noun() -> None:
    assert (counted(1, "learner"), counted(1001, "learner")) == ("1 learner", "1,001 learners")
    assert (batch_name((41,)), batch_name((41, 42, 50))) == ("B-0041", "B-0041 to B-0050")


def test_the_bar_is_full_only_when_all_is_done() -> None:
    assert bar(45, 100) == "▓▓▓▓░░░░░░ 45 %"
    assert percent(999, 1000) == 99
    assert (percent(0, 0), bar(1000, 1000)) == (100, "▓▓▓▓▓▓▓▓▓▓ 100 %")


def test_moments_are_shown_in_the_readers_zone_and_said_in_utc() -> None:
    at = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)

    shown = moment(at)

    assert shown == (
        f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|Monday 2 March 2026 at 09:05 UTC> (your time)"
    )


def test_no_moment_stands_in_slanted_words() -> None:
    """Its format has underscores, at which the slant would end."""
    texts = [str(draw(result).blocks).replace("\\n", "\n") for result in every_result(2, "Maths")]

    assert any("<!date^" in text for text in texts)
    assert not [text for text in texts if re.search(r"(?<![\w{])_[A-Z][^_]*<!date\^", text)]


def test_an_end_at_midnight_belongs_to_the_day_before() -> None:
    assert until_words(datetime(2026, 7, 31, 23, 0, tzinfo=UTC), "Europe/London") == (
        "the end of Friday 31 July 2026 (London time)"
    )
    assert until_words(datetime(2026, 7, 31, 16, 0, tzinfo=UTC), "No/Where") == "16:00 on Friday 31 July 2026 (UTC)"


@pytest.mark.parametrize(
    ("price", "prepaid", "words"),
    [
        (0, 0, "Cost: nothing."),
        (2000, 0, "£200.00 to invoice (10 × £20.00)."),
        (2000, 3, "£140.00 to invoice (7 × £20.00) and 3 places already paid."),
        (2000, 10, "Cost if all of them accept: 10 places already paid."),
    ],
)
def test_the_cost_is_what_it_is_if_all_accept(price: int, prepaid: int, words: str) -> None:
    previewed: InvitationPreviewed = replace(preview(10, "Maths"), cost=forecast(10, price, prepaid))

    assert words in read(previewed)


def test_a_long_list_of_mistakes_is_cut_and_counted() -> None:
    words = read(preview(1001, "oops"))

    assert "*1,001 entries* that I cannot use" in words
    assert words.count("it has no @") == 10
    assert "…and 991 more" in words


def test_the_scoreboard_says_where_it_stands() -> None:
    assert "Sending starts <!date" in read(progress(10, "Maths", queued=10))
    assert "Sending ▓▓▓▓▓░░░░░ 50 %" in read(progress(10, "Maths", queued=5))
    assert "All sent." in read(progress(10, "Maths"))
    assert "Taken back." in read(progress(10, "Maths", is_recalled=True))


def test_a_run_without_an_end_has_a_start() -> None:
    run = replace(run_called("Maths"), ends_at=None)

    assert "Run: from Monday 2 March 2026" in read(replace(preview(1, "Maths"), run=run))


def test_a_page_of_a_history_reads_without_gaps_and_long_names_lose_nothing() -> None:
    for name, sections in (("Ada", 2), ("&" * 400, 3)):
        told = histories(1, name)[0]
        blocks = [block for block in draw(told).blocks if block["type"] == "section"]

        lines = [line for block in blocks[1:] for line in block["text"]["text"].split("\n")]
        assert (len(blocks), len(lines)) == (sections, 10)
        assert all(block["expand"] for block in blocks[1:])
