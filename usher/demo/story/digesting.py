"""The digest: a report of progress by mail -> ``digest now`` in Slack, signed as Slack signs -> the same by mail."""

import asyncio

from msgspec import Struct

from core.context import system_clock
from usher.demo.life import REPORT_NAME, progress_report
from usher.demo.running import Demo
from usher.demo.story.acting import StoryBroke, ask, check, figures_in
from usher.demo.writing import Enclosure


class Digested(Struct, frozen=True):
    """``rows`` and ``stored`` of the report; the digest as it is in Slack, and by mail too if ``is_same``."""

    rows: int
    stored: int
    answered_after_seconds: float
    headline: str
    at_risk: int
    enrolled: int
    is_same: bool
    in_slack_after_seconds: float
    by_mail_after_seconds: float


async def tell_of_the_digest(demo: Demo) -> Digested:
    """Raises StoryBroke."""
    report = Enclosure(REPORT_NAME, progress_report(system_clock()))
    reported = await ask(demo, f"progress {demo.sample.run_of('skills')}", files=(report,))
    stored, rows = figures_in(reported.opened.text, r"([\d,]+) of ([\d,]+) rows stored", "the answer to the report")
    headline, seconds = await _in_slack(demo)
    by_mail = await ask(demo, "digest now")
    return Digested(
        rows=rows,
        stored=stored,
        answered_after_seconds=reported.seconds,
        headline=headline,
        at_risk=figures_in(headline, r"([\d,]+) (?:learners? )?at risk", "the digest")[0],
        enrolled=figures_in(headline, r"([\d,]+) enrolled", "the digest")[0],
        is_same=by_mail.opened.text.lstrip().startswith(headline),
        in_slack_after_seconds=seconds,
        by_mail_after_seconds=by_mail.seconds,
    )


async def _in_slack(demo: Demo) -> tuple[str, float]:
    """What it says first, and how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    ack = await demo.slack.driver.command(demo.sample.owner, demo.sample.channel, "/usher", "digest now")
    message = check(ack, "/usher digest now").message
    if message is None:
        raise StoryBroke("“digest now” is not answered in Slack")
    return message.text, round(loop.time() - began, 3)
