"""The tick of the digests, in the worker."""

from pathlib import Path
from threading import Event

from core.app import App
from core.model import Digest, DigestSetting, OutboundMessage
from core.words import MessageKind
from tests.core.usecases.acting import at_once, clock_of, everything
from tests.factories import make_app, make_engine, make_school
from worker.digesting import write_what_is_due


def due(folder: Path) -> App:
    """Both owners have one planned, and it is due."""
    app = make_school(make_app(make_engine(f"sqlite:///{folder}/usher.db"))).app
    assert write_what_is_due(app, Event()) == 0
    clock_of(app).advance(days=7)
    return app


def digests(app: App) -> tuple[int, int]:
    messages = everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.DIGEST)
    return len(everything(app, Digest)), len(messages)


def test_owners_are_planned_for_and_told_once(tmp_path: Path) -> None:
    app = due(tmp_path)

    assert len(everything(app, DigestSetting)) == 2
    assert [write_what_is_due(app, Event()), write_what_is_due(app, Event())] == [2, 0]
    assert digests(app) == (2, 2)


def test_two_workers_that_tick_at_once_tell_once(tmp_path: Path) -> None:
    app = due(tmp_path)

    at_once(lambda: write_what_is_due(app, Event()), lambda: write_what_is_due(app, Event()))

    assert digests(app) == (2, 2)
