"""F3: a mail server that refuses, stalls, or goes away, at each stage; and three bad addresses among a thousand.

Each case gets one invitation (may arrive twice) and one code (never). What the database then says is compared with
``f3_cases``; then the server is well again, an operator lets everything go that waits, and it must arrive.
"""

import random
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import delete, select

from bench.faults import checker
from bench.faults.black_hole import black_hole
from bench.faults.checker import Findings
from bench.faults.door import Door
from bench.faults.f3_cases import Case, Meaning, cases
from bench.faults.mail_server import MailServer, Moment, well_behaved
from bench.faults.workers import WorkerProcess, until, worker_process
from bench.processes import ProgramFailed
from bench.report import Goal, Report, progress, rounded
from bench.world import make_world, new_folder
from core.context import Operator, System
from core.model import OutboundMessage, Suppression
from core.usecases.messages.held import RetryHeld, retry_held
from core.words import MessageKind, MessageState
from tests.mail.certificates import tls_contexts

_TIMEOUT_SECONDS: Final = 1
_PATIENCE_SECONDS: Final = 40
# What the machine may add to a timeout: it is shared.
_SLACK_SECONDS: Final = 1.0
_BAD: Final = 3


class Size(Struct, frozen=True):
    """``cases`` 0: all of them."""

    cases: int = 0
    sessions: int = 5
    batch: int = 1000


SMALL: Final = Size(cases=5, sessions=1, batch=60)


class _Results(Struct):
    ok: int = 0
    wrong: list[str] = []

    def note(self, name: str, *, wanted: str, found: str) -> None:
        if wanted == found:
            self.ok += 1
        else:
            self.wrong.append(f"{name}: {found} instead of {wanted}")


def run(size: Size, seed: int) -> Report:
    results = _Results()
    chosen = cases()
    if size.cases:
        chosen = random.Random(seed).sample(chosen, min(size.cases, len(chosen)))
    with (
        new_folder() as folder,
        MailServer() as server,
        make_world(folder, smtp_port=server.port, USHER_SMTP_TIMEOUT=str(_TIMEOUT_SECONDS)) as world,
    ):
        door = Door(world)
        with worker_process(world.environment, folder / "worker.log") as worker:
            worker.wait_until_ready()
            for number, case in enumerate(chosen):
                if number % 10 == 0:
                    progress(f"F3: case {number + 1} of {len(chosen)}")
                _try_case(door, server, worker, case, results)
            bad = _bad_among_many(door, server, size.batch)
            worker.stop()
        for name in _SESSIONS[: size.sessions]:
            _try_session(door, folder, name, results)
        longest_wait = server.longest_wait
        _settle(door, folder)
        findings = checker.check(world.app, server.accepted, door.acknowledged)
    unsure = sum(case.meaning is Meaning.UNSURE for case in chosen)
    return _report(size, seed, results, findings, bad, longest_wait=longest_wait, unsure=unsure)


# --- One case ---------------------------------------------------------------------------------------------


def _try_case(door: Door, server: MailServer, worker: WorkerProcess, case: Case, results: _Results) -> None:
    server.drop_all()
    server.behave = lambda moment: case.answer if _is_due(case, moment) else None
    ids = _one_of_each(door)
    _note(door, ids, case.name, case.meaning, results, log=worker.log)
    server.behave = well_behaved
    _let_go(door, ids)


def _is_due(case: Case, moment: Moment) -> bool:
    # A server that does not like EHLO may like HELO; ours likes neither.
    return moment.name == case.stage or (case.stage == "EHLO" and moment.name == "HELO")


def _one_of_each(door: Door) -> dict[MessageKind, int]:
    # All codes go to one address: what an earlier case did to it must not be taken for this one's doing.
    door.app.run(
        lambda ctx, _: len(ctx.session.scalars(delete(Suppression).returning(Suppression.id)).all()), None, Operator()
    )
    door.invite(1)
    door.ask_for_codes(1)
    return {kind: door.rows(kind)[-1].id for kind in (MessageKind.INVITATION, MessageKind.SLACK_CODE)}


def _note(door: Door, ids: dict[MessageKind, int], name: str, meaning: Meaning, results: _Results, *, log: str) -> None:
    if not until(lambda: all(_is_judged(_row(door, each)) for each in ids.values()), seconds=_PATIENCE_SECONDS):
        raise ProgramFailed(f"{name}: not judged\n{log}")
    for kind, message_id in ids.items():
        results.note(f"{name}, {kind}", wanted=_wanted(meaning, kind), found=_found(door, _row(door, message_id)))


def _is_judged(row: OutboundMessage) -> bool:
    return bool(row.problem) and row.state is not MessageState.SENDING


def _row(door: Door, message_id: int) -> OutboundMessage:
    return door.app.read(lambda ctx, _: ctx.session.get_one(OutboundMessage, message_id), None, System())


def _wanted(meaning: Meaning, kind: MessageKind) -> str:
    """In the words of ``_found``."""
    by_meaning = {
        Meaning.REFUSED: "bounced",
        Meaning.NO_MAILBOX: "bounced, suppressed",
        Meaning.LATER: "pending, tries 1",
        Meaning.UNSURE: "pending, tries 1" if kind.is_safe_twice else "held",
        Meaning.OUR_FAULT: "pending, tries 0",
    }
    return by_meaning[meaning]


def _found(door: Door, row: OutboundMessage) -> str:
    if row.state is MessageState.PENDING:
        return f"pending, tries {row.attempts}"
    if row.state is not MessageState.BOUNCED:
        return str(row.state)
    query = select(Suppression.id).where(Suppression.address_key == row.recipient_key)
    is_suppressed = door.app.read(lambda ctx, _: ctx.session.scalar(query), None, System()) is not None
    return "bounced, suppressed" if is_suppressed else "bounced"


def _let_go(door: Door, ids: dict[MessageKind, int]) -> None:
    """What was held stays so: whoever lets a code go that may have arrived wants it twice."""
    for message_id in ids.values():
        if _row(door, message_id).state is MessageState.PENDING:
            door.app.run(retry_held, RetryHeld(message_id), Operator())
    until(lambda: not door.unfinished_mail(), seconds=_PATIENCE_SECONDS)


# --- Cases without a conversation -------------------------------------------------------------------------

_SESSIONS: Final = ("black hole", "refused", "STARTTLS not offered", "certificate unknown", "TLS not spoken")


def _try_session(door: Door, folder: Path, name: str, results: _Results) -> None:
    """A worker of its own, for its settings differ."""
    with ExitStack() as stack:
        settings = _session_settings(stack, folder, name)
        worker = stack.enter_context(worker_process({**door.world.environment, **settings}, folder / "worker.log"))
        ids = _one_of_each(door)
        _note(door, ids, name, Meaning.OUR_FAULT, results, log=worker.log)
        worker.stop()


def _session_settings(stack: ExitStack, folder: Path, name: str) -> dict[str, str]:
    if name == "black hole":
        return {"USHER_SMTP_PORT": str(stack.enter_context(black_hole()))}
    if name == "refused":
        server = stack.enter_context(MailServer())
        stack.enter_context(server.away())
        return {"USHER_SMTP_PORT": str(server.port)}
    tls = tls_contexts(folder)[0] if name == "certificate unknown" else None
    server = stack.enter_context(MailServer(tls=tls))
    security = "starttls" if name == "STARTTLS not offered" else "tls"
    return {"USHER_SMTP_PORT": str(server.port), "USHER_SMTP_SECURITY": security}


# --- Many -------------------------------------------------------------------------------------------------


def _bad_among_many(door: Door, server: MailServer, count: int) -> dict[str, Any]:
    """Three recipients are refused; all others get their mail, once, and nobody waits."""
    people = {f"learner{count - 1 - place}." for place in range(_BAD)}
    server.behave = lambda moment: (
        "550 5.1.1 No such mailbox"
        if moment.name == "RCPT" and any(moment.recipient.startswith(name) for name in people)
        else None
    )
    before, began_at = len(server.accepted), time.monotonic()
    _, invited = door.invite(count)
    until(lambda: not door.unfinished_mail(), seconds=30 + count / 20)
    server.behave = well_behaved
    rows = [row for row in door.rows(MessageKind.INVITATION) if row.recipient in set(invited)]
    return {
        "batch": count,
        "batch_seconds": rounded(time.monotonic() - began_at),
        "batch_sent": sum(row.state is MessageState.SENT for row in rows),
        "batch_bounced": sum(row.state is MessageState.BOUNCED for row in rows),
        "batch_accepted": len(server.accepted) - before,
    }


def _settle(door: Door, folder: Path) -> None:
    for row in [*door.rows(MessageKind.INVITATION), *door.rows(MessageKind.SLACK_CODE)]:
        if row.state is MessageState.PENDING and row.problem:
            door.app.run(retry_held, RetryHeld(row.id), Operator())
    with worker_process(door.world.environment, folder / "worker.log") as worker:
        until(lambda: not checker.unfinished(door.app), seconds=300)
        worker.stop()


def _report(
    size: Size,
    seed: int,
    results: _Results,
    findings: Findings,
    bad: dict[str, Any],
    *,
    longest_wait: float,
    unsure: int,
) -> Report:
    figures: dict[str, Any] = {
        "runs": results.ok + len(results.wrong),
        "seed": seed,
        "ok": results.ok,
        "misclassified": len(results.wrong),
        "misclassified_cases": results.wrong,
        **findings.figures(),
        **bad,
        "timeout_seconds": _TIMEOUT_SECONDS,
        "longest_wait_seconds": rounded(longest_wait),
    }
    return Report(
        "F3",
        figures,
        [
            Goal("misclassified", len(results.wrong), "== 0"),
            Goal("delivered beside three bad addresses", bad["batch_sent"], f"== {size.batch - _BAD}"),
            Goal("bounced, of three bad addresses", bad["batch_bounced"], f"== {_BAD}"),
            Goal(
                "seconds that a silent server was waited for", longest_wait, f"<= {_TIMEOUT_SECONDS + _SLACK_SECONDS}"
            ),
            Goal("lost", findings.lost, "== 0"),
            Goal("dup, at most the answers that were swallowed", findings.dup, f"<= {unsure}"),
            Goal("dup of kinds that must not arrive twice", findings.dup_held_kinds, "== 0"),
            Goal("ghost", findings.ghost, "== 0"),
            Goal("stuck", findings.stuck, "== 0"),
            Goal("held and not shown by held list", findings.held_unlisted, "== 0"),
            Goal("broken rules of the business", len(findings.broken), "== 0"),
        ],
    )
