"""``usher demo``: the product with sample data, on this machine alone."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from core.errors import AlreadyThere

if TYPE_CHECKING:
    from usher.demo.story.telling import Figures

# Long enough to press Undo, short enough to wait for the mail.
_RECALL_WINDOW = timedelta(seconds=5)
_ADDRESSES = 1000


@click.command()
@click.option("--once", is_flag=True, help="Tell three stories without a person, print what became of them, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print the figures as one JSON object.")
@click.option("--port", default=0, show_default="a free one", help="Port of the page.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the database in this folder.")
def demo(*, once: bool, as_json: bool, port: int, keep: Path | None) -> int:
    """Try Usher here: sample data, a Slack look-alike, a mailbox. Nothing leaves this machine."""
    if as_json and not once:
        raise click.UsageError("--json prints the figures of --once; write both.")
    with _folder(keep) as folder:
        # Loading is a sixth quicker without it; it begins again when all is loaded.
        gc.disable()
        import uvloop

        from usher.logs import start_logging

        start_logging("ERROR")
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_once(folder, as_json=as_json) if once else _open(folder, port, keep))
        except OSError as problem:
            raise click.ClickException(f"The demo could not start: {problem.strerror or problem}.") from problem
        finally:
            gc.enable()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        # Before anything is loaded, which takes seconds.
        if (keep / "usher.db").exists():
            next_step = "Name another folder; nothing was changed."
            raise AlreadyThere(what=f"A database in {keep.resolve()}", next_step=next_step)
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with TemporaryDirectory(prefix="usher-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def _open(folder: Path, port: int, keep: Path | None) -> int:
    from usher.demo.life import live_a_day
    from usher.demo.running import keep_settings, running_demo
    from usher.serving import stop_collecting_what_stays

    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    click.echo("Starting …", err=True)
    async with running_demo(folder, recall_window=_RECALL_WINDOW, port=port, live=live_a_day) as demo:
        stop_collecting_what_stays()
        if keep:
            keep_settings(folder, demo.house.settings)
        click.echo(f"\n  Usher's demo is ready. Open this page:\n\n    {demo.url}\n\n  Ctrl+C stops it.\n")
        await stopping.wait()
    click.echo(f"Stopped. The database is in {folder}." if keep else "Stopped. Nothing is left behind.")
    return 0


async def _once(folder: Path, *, as_json: bool) -> int:
    """The exit status: 1 when the story did not come out as it should."""
    from usher.demo.life import join_long_ago
    from usher.demo.running import running_demo
    from usher.demo.story.acting import StoryBroke
    from usher.demo.story.telling import tell_stories
    from usher.serving import stop_collecting_what_stays

    try:
        async with running_demo(folder, recall_window=timedelta(0), live=join_long_ago) as demo:
            stop_collecting_what_stays()
            figures = await tell_stories(demo, addresses=_ADDRESSES)
    except StoryBroke as broken:
        raise click.ClickException(f"The story broke off: {broken}.") from broken
    differences = figures.differences(_ADDRESSES)
    click.echo(json.dumps(figures.as_json(), ensure_ascii=False) if as_json else _summary(figures))
    for difference in differences:
        click.echo(f"Not as it should be: {difference}.", err=True)
    return 1 if differences else 0


def _summary(figures: Figures) -> str:
    invited, imported, digested = figures.invited, figures.imported, figures.digested
    return (
        f"{invited.invited:,} learners were invited from Slack with one file and one press of a button.\n"
        f"The first mail arrived after {invited.seconds_to_first_mail:.2f} s, all {invited.sent:,} after "
        f"{invited.seconds_to_all_sent:.2f} s ({invited.mails_per_second:,.0f} a second).\n"
        f"One learner opened the link and accepted, another declined. The message in Slack now says:\n\n"
        + "\n".join(f"  {line}" for line in invited.scoreboard.splitlines())
        + f"\n\nA spreadsheet of {imported.rows} learners went out by e-mail. After "
        f"{imported.answered_after_seconds:.2f} s it came back as “{imported.workbook}”,\n"
        f"with {imported.marked} rows marked; “good rows” brought in the other {imported.new}.\n"
        f"\nA report of progress went out by e-mail, and {digested.stored} of its {digested.rows} rows were stored "
        f"after {digested.answered_after_seconds:.2f} s. “digest now” says,\nin Slack after "
        f"{digested.in_slack_after_seconds:.2f} s and by e-mail after {digested.by_mail_after_seconds:.2f} s:\n\n"
        f"  {digested.headline}"
    )
