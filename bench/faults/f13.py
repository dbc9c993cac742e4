"""F13: whoever runs an import is killed, at each of its statements and commits in turn and at random moments.

A process of its own runs the import and kills itself before the n-th step, n = 1, 2, 3 ... until it passes untouched.
Then the database is looked at, as it lies: all of the import is there, or nothing of it. Another process takes it up,
and every row is there once, and its sender is told once. On SQLite and PostgreSQL; each kill has a file of its own.

By e-mail it begins earlier: from the stored message, through reading, settling and answering it, to the import.
"""

import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, Final

from sqlalchemy import ColumnElement, event, func, select, update

from bench.learner_files import learner_csv
from bench.processes import ProgramFailed
from bench.report import Goal, Report, progress
from bench.world import new_folder, postgresql_url
from core.app import App
from core.context import Context, Door, SystemTokens, system_clock
from core.database import open_engine
from core.importing import run_import
from core.model import Import, ImportRow, Learner, LearnerAddress, MailAnswer, OutboundMessage
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.imports import ReceiveImport, receive_import
from core.words import ImportPolicy, ImportState, MessageKind
from mail.parsing.parsed import Attachment
from mail.receiving.asked import MailRequest
from mail.requests.answering import answer
from tests.factories import SETTINGS, RecordedJobs, School, make_app, make_engine, make_school
from tests.mail.asking import Writer, parsed_mail

_SECONDS: Final = 120.0
_COUNTS: Final = ("lost", "half", "dup", "stuck", "unlike", "told")
_TOLD: Final = {MessageKind.IMPORT: 1, MessageKind.IMPORT_COPY: 1}
"""Its one message in Slack, and the marked copy."""
_ANSWERED: Final = {MessageKind.ANSWER: 1}
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["bench.faults.f13"])


@dataclass(frozen=True, slots=True)
class Size:
    """``kills`` on each database, spread over all steps; 0: one at each step. Then ``moments`` at random ones."""

    kills: int = 0
    moments: int = 20
    rows: int = 2_050
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    doors: tuple[Door, ...] = (Door.SLACK, Door.MAIL)


SMALL: Final = Size(kills=8, moments=2, rows=30)


@dataclass(slots=True)
class _Found:
    steps: int = 0
    kills: int = 0
    states: dict[str, int] = field(default_factory=dict)
    """In which the killed ones lay."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))


def run(size: Size, seed: int) -> Report:
    found = {
        f"{name}, {door.value}": _killed_on(name, door, size, random.Random(seed))
        for name in size.databases
        for door in size.doors
    }
    total = {name: sum(each.counts[name] for each in found.values()) for name in _COUNTS}
    figures: dict[str, Any] = {"runs": sum(each.kills for each in found.values()), "seed": seed, **total}
    for name, each in found.items():
        figures[name] = {"steps": each.steps, "kills": each.kills, "states": each.states}
    return Report(
        "F13",
        figures,
        [
            Goal("lost", total["lost"], "== 0"),
            Goal("half-applied", total["half"], "== 0"),
            Goal("rows, learners or addresses there twice", total["dup"], "== 0"),
            Goal("stuck", total["stuck"], "== 0"),
            Goal("answered otherwise when asked again", total["unlike"], "== 0"),
            Goal("told not at all, or more than once", total["told"], "== 0"),
        ],
    )


def _killed_on(database: str, door: Door, size: Size, noise: random.Random) -> _Found:
    place = postgresql_url() if database == "postgresql" else nullcontext("")
    with new_folder() as folder, place as server_url:
        url = server_url or f"sqlite:///{folder}/usher.db"
        school = make_school(make_app(make_engine(url), clock=system_clock))
        app = _open(url)
        kind = _ByMail if door is Door.MAIL else _Experiment
        experiment = kind(url, replace(school, app=app), folder, size.rows)
        found = _Found(steps=experiment.steps())
        steps = range(1, found.steps + 1)
        chosen = sorted(noise.sample(steps, min(size.kills, len(steps)))) if size.kills else list(steps)
        for number, step in enumerate(chosen):
            if number % 20 == 0:
                progress(f"F13: {database}, {door.value}, kill {number + 1} of {len(chosen)}, of {found.steps} steps")
            experiment.kill(found, step=step)
        for _ in range(size.moments):
            experiment.kill(found, after=noise.uniform(0.05, 1.0))
        school.app.engine.dispose()
        app.engine.dispose()
        return found


def _open(url: str) -> App:
    return App(open_engine(url), SETTINGS, jobs=RecordedJobs(), clock=system_clock, tokens=SystemTokens())


class _Experiment:
    """Ids are those of imports."""

    told: ClassVar = _TOLD
    may_be_absent: ClassVar = False
    """Nothing is lost where the import is not yet there."""

    def __init__(self, url: str, school: School, folder: Path, rows: int) -> None:
        self._url, self._app, self._owner, self._rows = url, school.app, school.owner, rows
        self._counted = folder / "steps"
        self._next = 0

    def steps(self) -> int:
        """Of an import that nobody kills."""
        status = self._run(self._receive(), 0, 0.0)
        if status:
            raise ProgramFailed(f"an import that nobody kills ended with {status}")
        return int(self._counted.read_text())

    def kill(self, found: _Found, *, step: int = 0, after: float = 0.0) -> None:
        before = self._there()
        import_id = self._receive()
        status = self._run(import_id, step, after)
        if status not in (0, -signal.SIGKILL):
            raise ProgramFailed(f"step {step}: it ended with {status}")
        found.kills += status == -signal.SIGKILL
        state = self._state(import_id)
        found.states[state] = found.states.get(state, 0) + 1
        here = self._there() - before
        found.counts["lost"] += state == "" and not self.may_be_absent
        found.counts["half"] += here != (self._rows if state == ImportState.APPLIED else 0)
        self._settle(found, import_id, before)

    def _settle(self, found: _Found, import_id: int, before: int) -> None:
        """Somebody else takes it up, and asks once more."""
        settled = self._again(import_id)
        if settled is None or settled.state is not ImportState.APPLIED:
            found.counts["stuck"] += 1
            return
        found.counts["unlike"] += self._again(import_id) != settled or settled.buckets.created != self._rows
        found.counts["told"] += self._told(import_id) != self.told
        here = self._there() - before
        found.counts["lost"] += here < self._rows
        found.counts["dup"] += here > self._rows or self._row_count(import_id) != self._rows

    def _again(self, import_id: int) -> ImportSettled | None:
        try:
            return run_import(self._app, import_id, self._owner)
        except Exception as error:
            progress(f"F13: {type(error).__name__}: {error}")
            return None

    def _receive(self) -> int:
        first, self._next = self._next, self._next + self._rows
        command = ReceiveImport("learners.csv", learner_csv(self._rows, first), ImportPolicy.GOOD_ROWS)
        return self._app.run(receive_import, command, self._owner).import_id

    def _work(self, import_id: int) -> Callable[[App], object]:
        return partial(run_import, import_id=import_id, actor=self._owner)

    def _run(self, import_id: int, step: int, after: float) -> int:
        arguments = (self._url, self._work(import_id), step, str(self._counted))
        process = _forks.Process(target=_work_and_die, args=arguments)
        process.start()
        if after:
            Event().wait(after)
            process.kill()
        process.join(_SECONDS)
        status = process.exitcode
        process.kill()
        if status is None:
            raise ProgramFailed(f"step {step}: it never ended")
        return status

    def _told(self, import_id: int) -> dict[MessageKind, int]:
        """How often of each kind."""
        return self._said_about(OutboundMessage.about_id == import_id)

    def _said_about(self, which: ColumnElement[bool]) -> dict[MessageKind, int]:
        query = select(OutboundMessage.kind, func.count()).where(which).group_by(OutboundMessage.kind)
        rows = self._app.read(lambda ctx, _: ctx.session.execute(query).all(), None, self._owner)
        return {row[0]: row[1] for row in rows}

    def _there(self) -> int:
        """Learners and addresses; as many of the one as of the other, or else it is odd."""
        learners, addresses = self._count(Learner), self._count(LearnerAddress)
        return learners if learners == addresses else -1

    def _row_count(self, import_id: int) -> int:
        return self._count(ImportRow, ImportRow.import_id == import_id)

    def _count(self, model: type[Any], *which: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(model).where(*which)
        return int(self._app.read(lambda ctx, _: ctx.session.scalar(query), None, self._owner) or 0)

    def _state(self, import_id: int) -> str:
        found = self._app.read(lambda ctx, _: ctx.session.get(Import, import_id), None, self._owner)
        return found.state.value if found else ""


class _ByMail(_Experiment):
    """Ids are those of messages: stored, and not begun with."""

    told: ClassVar = _ANSWERED
    may_be_absent: ClassVar = True

    def __init__(self, url: str, school: School, folder: Path, rows: int) -> None:
        super().__init__(url, school, folder, rows)
        self._writer = Writer(school, school.owner)
        self._requests: dict[int, MailRequest] = {}

    def _receive(self) -> int:
        first, self._next = self._next, self._next + self._rows
        file = Attachment("learners.csv", "csv", learner_csv(self._rows, first))
        letter = parsed_mail("import good-rows", ref=f"<f13.{first}@example.org>", attachments=(file,))
        request = self._writer.received(letter)
        self._requests[request.inbound_id] = request
        return request.inbound_id

    def _work(self, import_id: int) -> Callable[[App], object]:
        return partial(_answer_and_import, request=self._requests[import_id])

    def _settle(self, found: _Found, import_id: int, before: int) -> None:
        super()._settle(found, import_id, before)
        self._app.run(_an_hour_passes, import_id, self._owner)

    def _again(self, import_id: int) -> ImportSettled | None:
        try:
            return _answer_and_import(self._app, self._requests[import_id])
        except Exception as error:
            progress(f"F13: {type(error).__name__}: {error}")
            return None

    def _told(self, import_id: int) -> dict[MessageKind, int]:
        answers = select(MailAnswer.id).where(MailAnswer.inbound_id == import_id)
        return self._said_about(OutboundMessage.about_id.in_(answers))

    def _row_count(self, import_id: int) -> int:
        imports = select(Import.id).where(Import.inbound_id == import_id)
        return self._count(ImportRow, ImportRow.import_id.in_(imports))

    def _state(self, import_id: int) -> str:
        query = select(Import.state).where(Import.inbound_id == import_id)
        states = self._app.read(lambda ctx, _: ctx.session.scalars(query).all(), None, self._owner)
        return "".join(state.value for state in states)


def _an_hour_passes(ctx: Context, inbound_id: int) -> None:
    """Since the answer. The many files are of one sender, who gets so many answers an hour and no more."""
    former = ctx.now - timedelta(hours=1)
    ctx.session.execute(update(MailAnswer).where(MailAnswer.inbound_id == inbound_id).values(created_at=former))


def _answer_and_import(app: App, request: MailRequest) -> ImportSettled:
    """As whoever reads the mailbox and then a worker. A message that is settled already is left alone."""
    answer(app, request)
    query = select(Import.id).where(Import.inbound_id == request.inbound_id)
    (import_id,) = app.read(lambda ctx, _: ctx.session.scalars(query).all(), None, request.staff)
    return run_import(app, import_id, request.staff)


def _work_and_die(url: str, work: Callable[[App], object], step: int, counted: str) -> None:
    """Before its ``step``-th statement or commit; 0: not at all, and the steps are written down."""
    app = _open(url)
    steps = 0

    def pass_one(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        event.listen(app.engine, name, pass_one)
    work(app)
    # What comes after the last commit is a step too: it is done, and nobody has heard of it.
    pass_one()
    Path(counted).write_text(str(steps))
