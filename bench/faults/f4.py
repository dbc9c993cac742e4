"""F4: greylisting. Each recipient is refused with 450 until 300 seconds have passed since it was first seen.

In scaled time: the house's clock and the mail server's are one, and it is moved. The worker's own parts run in this
process, with the sweeper's tick every ten seconds of that clock.
"""

import math
from collections import Counter
from datetime import datetime, timedelta
from threading import Event
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import select

from bench.faults import checker
from bench.faults.checker import Findings
from bench.faults.mail_server import MailServer, Moment
from bench.report import Goal, Report, progress, rounded
from bench.world import addresses, as_typed, new_folder
from core.app import App
from core.context import System
from core.jobs import JobKind
from core.model import OutboundMessage
from core.rules.policy import RECALL_WINDOW
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.messages.recovering import SweepDue, sweep_due
from core.words import Channel
from mail.sending.deliverer import MailDeliverer
from mail.sending.transport import Mailer
from tests.factories import FixedClock, RecordedJobs, School, make_app, make_engine, make_school
from worker.sending import send_chunk

GREYLISTED_FOR: Final = timedelta(seconds=300)
_TICK: Final = timedelta(seconds=10)
# What the pulse leaves to jobs that are on their way.
_GRACE: Final = timedelta(seconds=15)
_LONGEST: Final = timedelta(hours=2)
_CONNECTIONS: Final = 4
_MAILS_A_CONNECTION: Final = 100
_RUN: Final = "maths-2026-03"


class Size(Struct, frozen=True):
    mails: int = 1000


SMALL: Final = Size(mails=120)


class _Greylist(Struct):
    """The server's side: who was seen when, and how often each was tried."""

    clock: FixedClock
    first_seen: dict[str, datetime] = {}
    tries: Counter[str] = field(default_factory=Counter)

    def __call__(self, moment: Moment) -> str | None:
        if moment.name != "RCPT":
            return None
        self.tries[moment.recipient] += 1
        since = self.first_seen.setdefault(moment.recipient, self.clock())
        return "450 4.7.1 Greylisted, come again" if self.clock() < since + GREYLISTED_FOR else None


def run(size: Size, seed: int) -> Report:
    clock = FixedClock()
    with new_folder() as folder, MailServer() as server:
        greylist = server.behave = _Greylist(clock)
        app = make_app(
            make_engine(f"sqlite:///{folder}/usher.db"),
            clock=clock,
            smtp_host="127.0.0.1",
            smtp_port=server.port,
            smtp_connections=_CONNECTIONS,
        )
        try:
            acknowledged = _invite(make_school(app), size.mails)
            waits = _deliver(app, clock)
            findings = checker.check(app, server.accepted, acknowledged)
            stuck = checker.unfinished(app, Channel.EMAIL)
        finally:
            app.engine.dispose()
    # Of the mails: the scoreboard waits for Slack, which this experiment has not.
    findings = replace(findings, stuck=stuck)
    return _report(size, seed, findings, greylist.tries, waits, connections=server.connections)


def _invite(school: School, count: int) -> checker.Acknowledged:
    acknowledged = checker.begin(school.app)
    command = PrepareInvitation(_RUN, as_typed(addresses(count, "grey")))
    draft = school.app.run(prepare_invitation, command, school.owner)
    acknowledged.note("prepare_invitation")
    invited = school.app.run(invite_learners, InviteLearners(draft.draft_id), school.owner)
    acknowledged.note("invite_learners", invited)
    return acknowledged


def _deliver(app: App, clock: FixedClock) -> list[float]:
    """Until no mail waits. Gives the seconds that each of them was told to wait after its first refusal."""
    assert isinstance(app.jobs, RecordedJobs)
    mailer = Mailer(app.settings)
    deliverer = MailDeliverer(mailer, width=_CONNECTIONS)
    ends, waits = clock.now + _LONGEST, dict[int, float]()
    clock.now += RECALL_WINDOW
    try:
        while checker.unfinished(app, Channel.EMAIL) and clock.now < ends:
            for job in _due_jobs(app, app.jobs):
                send_chunk(app, deliverer, job, executor="bench-1", failpoint=lambda name: None, stop=Event())
            waits = {**_waits(app), **waits}
            clock.now += _TICK
    finally:
        mailer.close()
    return list(waits.values())


def _due_jobs(app: App, jobs: RecordedJobs) -> list[tuple[int, ...]]:
    """What the sweeper makes of the rows that are due; the jobs recorded before it came are those same rows."""
    jobs.jobs.clear()
    app.run(sweep_due, SweepDue(_GRACE), System())
    progress(f"F4: {app.clock():%H:%M:%S}, {len(jobs.jobs)} chunks due") if jobs.jobs else None
    return [job.ids for job in jobs.jobs if job.kind is JobKind.SEND_MAIL]


def _waits(app: App) -> dict[int, float]:
    """Of those that were refused once: how long from now, by message."""
    query = select(OutboundMessage.id, OutboundMessage.not_before).where(
        OutboundMessage.attempts == 1, OutboundMessage.problem != ""
    )
    found = app.read(lambda ctx, _: list(ctx.session.execute(query)), None, System())
    return {row.id: (row.not_before - app.clock()).total_seconds() for row in found}


def _report(
    size: Size, seed: int, findings: Findings, tries: Counter[str], waits: list[float], *, connections: int
) -> Report:
    learners = [count for recipient, count in tries.items() if recipient.startswith("learner")]
    ideal = 2 * size.mails
    ideal_connections = max(_CONNECTIONS, math.ceil(tries.total() / _MAILS_A_CONNECTION))
    figures: dict[str, Any] = {
        "runs": size.mails,
        "seed": seed,
        **findings.figures(),
        "greylisted_seconds": GREYLISTED_FOR.total_seconds(),
        "most_tries": max(learners),
        "tries": sum(learners),
        "ideal_tries": ideal,
        "connections": connections,
        "ideal_connections": ideal_connections,
        "shortest_wait_seconds": rounded(min(waits)),
        "longest_wait_seconds": rounded(max(waits)),
        "different_waits": len(set(waits)),
    }
    return Report(
        "F4",
        figures,
        [
            Goal("most tries of a mail", max(learners), "<= 3"),
            Goal("tries, to the ideal two a mail", rounded(sum(learners) / ideal), "<= 1.2"),
            Goal("connections, to the ideal", rounded(connections / ideal_connections), "<= 1.2"),
            Goal("jitter: different waits, to all", rounded(len(set(waits)) / len(waits)), ">= 0.9"),
            Goal("lost", findings.lost, "== 0"),
            Goal("dup", findings.dup, "== 0"),
            Goal("ghost", findings.ghost, "== 0"),
            Goal("stuck", findings.stuck, "== 0"),
            Goal("broken rules of the business", len(findings.broken), "== 0"),
        ],
    )
