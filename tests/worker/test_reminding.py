"""The tick of the reminders, in the worker."""

from pathlib import Path
from threading import Event

from sqlalchemy import func, select

from core.app import App
from core.model import OutboundMessage
from core.rules.policy import REMINDERS_AT_ONCE
from core.words import MessageKind
from tests.core.usecases.acting import at_once, clock_of, invite
from tests.factories import SYSTEM, make_app, make_engine, make_school, sent
from worker.reminding import remind_who_is_due
from worker.ticking import Ticking


def due(folder: Path, learners: int) -> App:
    """A school whose learners were invited three days ago."""
    school = make_school(make_app(make_engine(f"sqlite:///{folder}/usher.db")))
    invite(school, *(f"learner{number}@example.org" for number in range(learners)))
    sent(school.app)
    clock_of(school.app).advance(days=3)
    return school.app


def reminders(app: App) -> int:
    query = select(func.count()).select_from(OutboundMessage).where(OutboundMessage.kind == MessageKind.REMINDER)
    return int(app.read(lambda ctx, _command: ctx.session.scalar(query), None, SYSTEM) or 0)


def test_a_tick_reminds_everybody_who_is_due_once(tmp_path: Path) -> None:
    app = due(tmp_path, REMINDERS_AT_ONCE + 1)

    assert [remind_who_is_due(app, Event()), remind_who_is_due(app, Event())] == [REMINDERS_AT_ONCE + 1, 0]
    assert reminders(app) == REMINDERS_AT_ONCE + 1


def test_two_workers_that_tick_at_once_remind_once(tmp_path: Path) -> None:
    app = due(tmp_path, 50)

    at_once(lambda: remind_who_is_due(app, Event()), lambda: remind_who_is_due(app, Event()))

    assert reminders(app) == 50


def test_a_worker_that_stops_leaves_the_rest_for_later(tmp_path: Path) -> None:
    app = due(tmp_path, 3)
    stop = Event()
    stop.set()

    assert remind_who_is_due(app, stop) == 0
    assert remind_who_is_due(app, Event()) == 3


def test_the_thread_ticks_at_its_start_and_ends_when_told(tmp_path: Path) -> None:
    app = due(tmp_path, 3)
    stop = Event()
    thread = Ticking("reminders", remind_who_is_due, app, stop)

    thread.start()
    while not reminders(app):
        stop.wait(0.01)
    stop.set()
    thread.join()

    assert reminders(app) == 3
