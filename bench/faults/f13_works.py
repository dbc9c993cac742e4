"""The works of F13, each begun, killed at a step, looked at, and taken up by another process.

begun --a process does it, and is killed--> as it lies --another does it--> done --asked once more--> the same
"""

import multiprocessing
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, Final

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Select, event, func, select, update

from bench.learner_files import learner_csv
from bench.processes import ProgramFailed
from bench.report import progress
from core.app import App
from core.context import Context, SystemTokens, system_clock
from core.database import open_engine
from core.importing import fulfil_in_background, run_import
from core.model import Import, ImportOrder, ImportRow, Learner, LearnerAddress, MailAnswer, OutboundMessage
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.orders import Done, ShowOrder, show_order
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.undoing import ImportUndone
from core.words import ImportPolicy, ImportState, MessageKind
from mail.parsing.parsed import Attachment, ParsedMail
from mail.receiving.asked import MailRequest
from mail.requests.answering import answer
from tests.factories import SETTINGS, RecordedJobs, School
from tests.mail.asking import Writer, parsed_mail

COUNTS: Final = ("lost", "half", "dup", "stuck", "unlike", "told")
_SECONDS: Final = 120.0
_BROKEN_ROW: Final = b"10000001,Year 12,,Nobody,nobody@example.org\r\n"
"""Without a first name: it makes its import wait."""
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["bench.faults.f13_works"])


class Killed(Struct):
    """``state``: of the import, as it lay. ``counts``: what was wrong, by name."""

    is_killed: bool
    state: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))


class Work(ABC):
    """On one database. What ``begin`` gives names one work: the id of an import, or of a message."""

    told: ClassVar[dict[MessageKind, int]]
    """What is said of each, by kind."""
    final: ClassVar = ImportState.APPLIED

    def __init__(self, url: str, school: School, folder: Path, rows: int) -> None:
        self._url, self._app, self._owner, self._rows = url, school.app, school.owner, rows
        self._counted = folder / "steps"
        self._next = 0

    @abstractmethod
    def begin(self) -> int:
        """Stored, and nobody is at it."""

    @abstractmethod
    def doing(self, work_id: int) -> Callable[[App], Done]:
        """What a process does; it can be handed to one."""

    @abstractmethod
    def import_id(self, work_id: int) -> int | None:
        """None: it is not there yet."""

    def rows_there(self, state: str) -> int:
        """Of the import's learners, while it is in this state."""
        return self._rows if state == ImportState.APPLIED else 0

    def count_steps(self) -> int:
        """Of a work that nobody kills."""
        status = self._do(self.begin(), 0, 0.0)
        if status:
            raise ProgramFailed(f"a work that nobody kills ended with {status}")
        return int(self._counted.read_text())

    def kill(self, *, step: int = 0, after: float = 0.0) -> Killed:
        before = self._learners()
        work_id = self.begin()
        status = self._do(work_id, step, after)
        if status not in (0, -signal.SIGKILL):
            raise ProgramFailed(f"step {step}: it ended with {status}")
        killed = Killed(status == -signal.SIGKILL, self._state(work_id))
        killed.counts["half"] += self._learners() - before != self.rows_there(killed.state)
        self._take_up(killed, work_id, before)
        self._app.run(_an_hour_passes, None, self._owner)
        return killed

    def _take_up(self, killed: Killed, work_id: int, before: int) -> None:
        """Somebody else does it, and asks once more."""
        done = self._done(work_id)
        if done is None or self._state(work_id) != self.final:
            killed.counts["stuck"] += 1
            return
        killed.counts["unlike"] += self._done(work_id) != done or _row_count(done) != self._rows
        killed.counts["told"] += self._said(work_id) != self.told
        surplus = self._learners() - before - self.rows_there(self.final)
        killed.counts["lost"] += surplus < 0
        killed.counts["dup"] += surplus > 0 or self._has_row_twice(work_id)

    def _done(self, work_id: int) -> Done | None:
        try:
            return self.doing(work_id)(self._app)
        except Exception as error:
            progress(f"F13: {type(error).__name__}: {error}")
            return None

    def _do(self, work_id: int, step: int, after: float) -> int:
        process = _forks.Process(target=_do_and_die, args=(self._url, self.doing(work_id), step, str(self._counted)))
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

    def _new_import(self, policy: ImportPolicy, more: bytes = b"") -> ReceiveImport:
        return ReceiveImport("learners.csv", self._new_file() + more, policy)

    def _new_file(self) -> bytes:
        first, self._next = self._next, self._next + self._rows
        return learner_csv(self._rows, first)

    @abstractmethod
    def _about(self, work_id: int) -> ColumnElement[bool]:
        """Messages that tell of this work."""

    def _said(self, work_id: int) -> dict[MessageKind, int]:
        query = select(OutboundMessage.kind, func.count()).where(self._about(work_id)).group_by(OutboundMessage.kind)
        rows = self._app.read(lambda ctx, _: ctx.session.execute(query).all(), None, self._owner)
        return {row[0]: row[1] for row in rows}

    def _learners(self) -> int:
        """And addresses; as many of the one as of the other, or else it is odd."""
        learners, addresses = self._count(select(Learner.id)), self._count(select(LearnerAddress.learner_id))
        return learners if learners == addresses else -1

    def _has_row_twice(self, work_id: int) -> bool:
        of_import = ImportRow.import_id == self.import_id(work_id), ImportRow.is_refused.is_(False)
        return self._count(select(ImportRow.number).where(*of_import)) != self._rows

    def _count(self, query: Select[*tuple[Any, ...]]) -> int:
        counting = select(func.count()).select_from(query.subquery())
        return int(self._app.read(lambda ctx, _: ctx.session.scalar(counting), None, self._owner) or 0)

    def _state(self, work_id: int) -> str:
        query = select(Import.state).where(Import.id == self.import_id(work_id))
        states = self._app.read(lambda ctx, _: ctx.session.scalars(query).all(), None, self._owner)
        return "".join(state.value for state in states)


class ImportInSlack(Work):
    told: ClassVar = {MessageKind.IMPORT: 1, MessageKind.IMPORT_COPY: 1}

    def begin(self) -> int:
        return self._app.run(receive_import, self._new_import(ImportPolicy.GOOD_ROWS), self._owner).import_id

    def doing(self, work_id: int) -> Callable[[App], Done]:
        return partial(run_import, import_id=work_id, actor=self._owner)

    def import_id(self, work_id: int) -> int | None:
        return work_id

    def _about(self, work_id: int) -> ColumnElement[bool]:
        return OutboundMessage.about_id == work_id


class _ByMail(Work):
    """Begun by a message, stored and not begun with."""

    told: ClassVar = {MessageKind.ANSWER: 1}

    def __init__(self, url: str, school: School, folder: Path, rows: int) -> None:
        super().__init__(url, school, folder, rows)
        self._writer = Writer(school, school.owner)
        self._requests: dict[int, MailRequest] = {}

    def _received(self, letter: ParsedMail) -> int:
        request = self._writer.received(letter)
        self._requests[request.inbound_id] = request
        return request.inbound_id

    def _about(self, work_id: int) -> ColumnElement[bool]:
        return OutboundMessage.about_id.in_(select(MailAnswer.id).where(MailAnswer.inbound_id == work_id))


class ImportByMail(_ByMail):
    def begin(self) -> int:
        file = Attachment("learners.csv", "csv", self._new_file())
        ref = f"<f13.{self._next}@example.org>"
        return self._received(parsed_mail("import good-rows", ref=ref, attachments=(file,)))

    def doing(self, work_id: int) -> Callable[[App], Done]:
        return partial(_answer_and_import, request=self._requests[work_id])

    def import_id(self, work_id: int) -> int | None:
        query = select(Import.id).where(Import.inbound_id == work_id)
        return self._app.read(lambda ctx, _: ctx.session.scalars(query).one_or_none(), None, self._owner)


class _OrderByMail(_ByMail):
    """Of an import that was settled before, in Slack."""

    def __init__(self, url: str, school: School, folder: Path, rows: int) -> None:
        super().__init__(url, school, folder, rows)
        self._imports: dict[int, int] = {}

    def _settled(self, command: ReceiveImport) -> ImportSettled:
        import_id = self._app.run(receive_import, command, self._owner).import_id
        return run_import(self._app, import_id, self._owner)

    def doing(self, work_id: int) -> Callable[[App], Done]:
        return partial(_answer_and_fulfil, request=self._requests[work_id])

    def import_id(self, work_id: int) -> int | None:
        return self._imports[work_id]

    def _ordered(self, settled: ImportSettled, letter: ParsedMail) -> int:
        work_id = self._received(letter)
        self._imports[work_id] = settled.import_id
        return work_id


class ReleaseByMail(_OrderByMail):
    def begin(self) -> int:
        held = self._settled(self._new_import(ImportPolicy.HOLD_IF_ERRORS, _BROKEN_ROW))
        ref = f"<f13.{self._next}@example.org>"
        return self._ordered(held, parsed_mail(f"good-rows I-{held.number:04}", ref=ref))


class UndoByMail(_OrderByMail):
    """A yes to the question that comes before, for it takes many learners away."""

    final = ImportState.UNDONE

    def begin(self) -> int:
        done = self._settled(self._new_import(ImportPolicy.GOOD_ROWS))
        asked = self._writer.received(
            parsed_mail(f"undo I-{done.number:04}", ref=f"<f13.ask.{self._next}@example.org>")
        )
        answer(self._app, asked)
        query = select(OutboundMessage.message_ref).where(self._about(asked.inbound_id))
        question = self._app.read(lambda ctx, _: ctx.session.scalars(query).one(), None, self._owner)
        ref = f"<f13.{self._next}@example.org>"
        return self._ordered(done, parsed_mail("Re: undo", "yes", ref=ref, in_reply_to=question))


def _row_count(done: Done) -> int:
    return done.removed if isinstance(done, ImportUndone) else done.buckets.created


def _an_hour_passes(ctx: Context, _: None) -> None:
    """Since all answers. The many files are of one sender, who gets so many answers an hour and no more."""
    former = ctx.now - timedelta(hours=1)
    ctx.session.execute(update(MailAnswer).where(MailAnswer.created_at > former).values(created_at=former))


def _answer_and_import(app: App, request: MailRequest) -> ImportSettled:
    """As whoever reads the mailbox and then a worker. A message that is settled already is left alone."""
    answer(app, request)
    query = select(Import.id).where(Import.inbound_id == request.inbound_id)
    import_id = app.read(lambda ctx, _: ctx.session.scalars(query).one(), None, request.staff)
    return run_import(app, import_id, request.staff)


def _answer_and_fulfil(app: App, request: MailRequest) -> Done:
    """The same, of what the message orders."""
    answer(app, request)
    query = select(ImportOrder.id).where(ImportOrder.inbound_id == request.inbound_id)
    order_id = app.read(lambda ctx, _: ctx.session.scalars(query).one(), None, request.staff)
    fulfil_in_background(app, order_id)
    done = app.read(show_order, ShowOrder(order_id), request.staff).done
    if done is None:
        raise ProgramFailed(f"order {order_id} is not done")
    return done


def open_app(url: str) -> App:
    return App(open_engine(url), SETTINGS, jobs=RecordedJobs(), clock=system_clock, tokens=SystemTokens())


def _do_and_die(url: str, work: Callable[[App], object], step: int, counted: str) -> None:
    """Before its ``step``-th statement or commit; 0: not at all, and the steps are written down."""
    app = open_app(url)
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
