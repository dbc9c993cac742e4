"""F6: Slack tells one thing four times, asks us to wait, answers with errors, hangs, and cuts its answers short.

Two web processes and a worker on one database. The look-alike's journal tells when which method was called.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import func, select

from bench.faults import checker
from bench.faults.checker import Findings
from bench.faults.door import Door
from bench.faults.f6_events import Told, tell
from bench.faults.mail_server import MailServer
from bench.faults.workers import until, worker_process
from bench.processes import ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import World, answers, make_world, new_folder
from bot.blocks import draw
from core.context import LinkHolder, System
from core.model import Draft, Invitation, OutboundMessage
from core.rules.links import LinkKind
from core.usecases.invitations.answers import AcceptInvitation, accept_invitation
from core.usecases.invitations.scoreboards import batch_progress
from core.words import MessageKind
from tests.servers.processes import free_port
from usher.demo.slack.faults import CutBody, Fault, Hang, ServerError, TooManyRequests
from usher.demo.slack.records import JournalEntry

_POST, _UPDATE = "chat.postMessage", "chat.update"
_LATE: Final = "did not let me open the form"
_SETTLING_SECONDS: Final = 240


class Size(Struct, frozen=True):
    """``retry_after`` in seconds; with ``is_long`` also what is tried again only after half a minute."""

    events: int = 50
    retry_after: int = 30
    is_long: bool = True


SMALL: Final = Size(events=3, retry_after=6, is_long=False)


def run(size: Size, seed: int) -> Report:
    with (
        new_folder() as folder,
        MailServer() as mails,
        make_world(folder, smtp_port=mails.port) as world,
        ExitStack() as stack,
    ):
        urls = [_start_web(stack, world, number) for number in (1, 2)]
        door = Door(world)
        progress(f"F6: {size.events} events, each told four times to two processes")
        told = asyncio.run(tell(world, urls, size.events))
        drafts = _count_drafts(world)
        door.acknowledged.commands["prepare_invitation"] += size.events
        worker = stack.enter_context(worker_process(world.environment, folder / "worker.log"))
        worker.wait_until_ready()
        paced = _asked_to_wait(door, size.retry_after)
        if size.is_long:
            _suffer(door)
        _wait_until_settled(door)
        worker.stop()
        findings = checker.check(world.app, mails.accepted, door.acknowledged)
        untrue = _untrue_scoreboards(world)
    return _report(size, seed, findings, told, {**paced, "drafts": drafts, "scoreboards_untrue": untrue})


def _start_web(stack: ExitStack, world: World, number: int) -> str:
    bind = f"127.0.0.1:{free_port()}"
    environment = {**world.environment, "USHER_BIND": bind}
    web = stack.enter_context(worker_process(environment, world.folder / f"web{number}.log", "web"))
    if not until(lambda: answers(f"http://{bind}/readyz"), seconds=30):
        raise ProgramFailed(f"web {number} is not ready\n{web.log}")
    return f"http://{bind}"


def _count_drafts(world: World) -> int:
    query = select(func.count()).select_from(Draft)
    return world.app.read(lambda ctx, _: ctx.session.scalar(query) or 0, None, System())


# --- The worker's calls -----------------------------------------------------------------------------------


def _asked_to_wait(door: Door, retry_after: int) -> dict[str, Any]:
    """Posting is closed for some seconds, to every scoreboard; editing another goes on meanwhile."""
    progress(f"F6: posting is closed for {retry_after} s")
    _, [address] = door.invite(1)
    _wait_for_posts(door.world, 1)
    _wait_until_settled(door)
    closed_at = time.time()
    door.world.slack.faults.fail_next(_POST, TooManyRequests(retry_after))
    door.invite(1)
    _accept(door, address)
    _wait_for(lambda: bool(_calls(door.world, _POST, closed_at, status=429)), "asking to wait")
    door.invite(1)
    _wait_for(lambda: bool(_calls(door.world, _UPDATE, closed_at)), "editing meanwhile")
    _wait_for_posts(door.world, 3)
    return _pace(door.world, closed_at, retry_after)


def _pace(world: World, since: float, retry_after: int) -> dict[str, Any]:
    refused_at = _calls(world, _POST, since, status=429)[0].at
    again = [entry.at for entry in _calls(world, _POST, refused_at) if entry.at > refused_at]
    edits = [entry.at for entry in _calls(world, _UPDATE, refused_at)]
    opened_at = refused_at + retry_after
    return {
        "retry_after_seconds": retry_after,
        "early_calls": sum(at < opened_at for at in again),
        "edits_meanwhile": sum(at < opened_at for at in edits),
        "posted_after_seconds": rounded(again[0] - opened_at),
    }


def _suffer(door: Door) -> None:
    """Each is tried again after half a minute; none may be given up or forgotten."""
    faults: tuple[tuple[str, Fault], ...] = (
        (_POST, ServerError()),
        (_POST, Hang(10.5)),
        (_POST, CutBody()),
        (_UPDATE, ServerError()),
        (_UPDATE, Hang(10.5)),
        (_UPDATE, CutBody()),
    )
    for method, fault in faults:
        progress(f"F6: {method} suffers {fault}")
        if method == _POST:
            _suffer_once(door, method, fault, lambda: door.invite(1))
        else:
            _, [address] = door.invite(1)
            _wait_until_settled(door)
            _suffer_once(door, method, fault, lambda: _accept(door, address))  # noqa: B023 # It is called at once.


def _suffer_once(door: Door, method: str, fault: Fault, act: Callable[[], object]) -> None:
    since = time.time()
    door.world.slack.faults.fail_next(method, fault)
    act()
    _wait_for(lambda: bool(_calls(door.world, method, since)), f"{method} with {fault}")
    _wait_until_settled(door)


def _wait_until_settled(door: Door) -> None:
    until(lambda: not checker.unfinished(door.app), seconds=_SETTLING_SECONDS)


def _calls(world: World, method: str, since: float, *, status: int = 0) -> list[JournalEntry]:
    return [
        entry
        for entry in list(world.slack.workspace.journal)
        if entry.method == method and entry.at >= since and status in (0, entry.status)
    ]


def _wait_for(is_true: Callable[[], bool], what: str) -> None:
    if not until(is_true, seconds=90):
        raise ProgramFailed(f"F6: {what}: not in time")


def _wait_for_posts(world: World, count: int) -> None:
    _wait_for(lambda: len(_boards(world)) >= count, f"{count} scoreboards")


def _boards(world: World) -> list[OutboundMessage]:
    """Those that were posted."""
    query = select(OutboundMessage).where(
        OutboundMessage.kind == MessageKind.SCOREBOARD, OutboundMessage.message_ref != ""
    )
    return world.app.read(lambda ctx, _: list(ctx.session.scalars(query)), None, System())


def _accept(door: Door, address: str) -> None:
    query = select(Invitation).where(Invitation.address == address)
    invitation = door.app.read(lambda ctx, _: ctx.session.scalars(query).one(), None, System())
    token = door.app.links.token(LinkKind.INVITATION, invitation.id, invitation.generation)
    door.app.run(accept_invitation, AcceptInvitation(token, "Bo", "Young"), LinkHolder())
    door.acknowledged.note("accept_invitation")


def _untrue_scoreboards(world: World) -> int:
    """Whose words in Slack are not those that the database would say now."""
    return sum(not _is_true(world, board) for board in _boards(world))


def _is_true(world: World, board: OutboundMessage) -> bool:
    said = world.app.read(lambda ctx, _: draw(batch_progress(ctx, board.about_id)), None, System())
    channel_id, _, ts = board.message_ref.partition("/")
    shown = next(
        (each for each in world.slack.workspace.messages if (each.channel_id, each.ts) == (channel_id, ts)), None
    )
    # The last block says when it was drawn.
    return shown is not None and shown.text == said.text and _words(shown) == _words(said)[: len(_words(shown))]


def _words(message: Any) -> list[str]:
    return [block["text"]["text"] for block in message.blocks if "text" in block]


# --- Report -----------------------------------------------------------------------------------------------


def _report(size: Size, seed: int, findings: Findings, told: Told, more: dict[str, Any]) -> Report:
    seconds = sorted(told.ack_seconds)
    figures: dict[str, Any] = {
        "runs": size.events,
        "seed": seed,
        **findings.figures(),
        "tellings": len(seconds),
        "failed_tellings": len(told.failed),
        "ack_p99_seconds": rounded(seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]),
        **more,
        "late_form_words": told.late_form_words,
    }
    return Report(
        "F6",
        figures,
        [
            Goal("effects of an event told four times, to one", rounded(more["drafts"] / size.events), "== 1"),
            Goal("tellings that failed", len(told.failed), "== 0"),
            Goal("seconds to the acknowledgement, p99", figures["ack_p99_seconds"], "< 1"),
            Goal("old or forged requests refused", told.refused_forgeries, "== 2"),
            Goal("a form that came late is said so", int(_LATE in told.late_form_words), "== 1"),
            Goal("a form that came in time opens", int(told.form_opened), "== 1"),
            Goal("calls before Retry-After", more["early_calls"], "== 0"),
            Goal("other methods meanwhile", more["edits_meanwhile"], "> 0"),
            Goal(
                "seconds from Retry-After to the post",
                more["posted_after_seconds"],
                f"<= {size.retry_after / 2 + 3}",
            ),
            Goal("scoreboards that are not true at the end", more["scoreboards_untrue"], "== 0"),
            Goal("lost", findings.lost, "== 0"),
            Goal("ghost", findings.ghost, "== 0"),
            Goal("stuck", findings.stuck, "== 0"),
            Goal("held", findings.held, "== 0"),
            Goal("dup", findings.dup, "== 0"),
            Goal("broken rules of the business", len(findings.broken), "== 0"),
        ],
    )
