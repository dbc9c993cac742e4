"""Two processes that want to write at once, played by two turns on the same file: a lock knows files, not processes."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from core.turns import WriteTurn


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "usher.db")


def in_thread(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_one_writes_at_a_time(path: str) -> None:
    ours, theirs = WriteTurn(path), WriteTurn(path)

    assert ours.acquire(timeout=30)
    assert not theirs.acquire(timeout=0.01)
    ours.release()

    assert theirs.acquire(timeout=30)
    theirs.release()


def test_threads_of_one_process_take_turns_too(path: str) -> None:
    turn = WriteTurn(path)

    assert turn.acquire(timeout=30)
    assert not turn.acquire(timeout=0.01)
    turn.release()

    assert turn.acquire(timeout=30)
    turn.release()


def test_who_did_not_get_a_turn_holds_nobody_up(path: str) -> None:
    ours, theirs = WriteTurn(path), WriteTurn(path)
    assert ours.acquire(timeout=30)

    assert not theirs.acquire(timeout=0.01)
    ours.release()

    assert ours.acquire(timeout=30)
    ours.release()
    assert theirs.acquire(timeout=30)
    theirs.release()


def test_a_busy_process_leaves_room_for_another_one(path: str) -> None:
    busy, waiting, is_through = WriteTurn(path), WriteTurn(path), Event()
    assert busy.acquire(timeout=30)

    def wait() -> None:
        assert waiting.acquire(timeout=30)
        is_through.set()
        waiting.release()

    thread = in_thread(wait)
    turns = 0
    while not is_through.is_set() and turns < 2_000:
        busy.release()
        assert busy.acquire(timeout=30)
        turns += 1
    busy.release()
    thread.join(30)

    assert is_through.is_set()
    assert turns < 2_000


def test_a_killed_process_leaves_its_turn(path: str) -> None:
    code = (
        "import sys; from core.turns import WriteTurn; turn = WriteTurn(sys.argv[1]);"
        "turn.acquire(timeout=30); print('holds', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"holds\n"
        turn = WriteTurn(path)
        assert not turn.acquire(timeout=0.01)

        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)

    assert turn.acquire(timeout=30)
    turn.release()


def test_files_are_made_by_the_first_write_and_closed_with_the_last_user(path: str, tmp_path: Path) -> None:
    turn = WriteTurn(path)
    assert not list(tmp_path.iterdir())
    before = len(os.listdir("/proc/self/fd"))

    assert turn.acquire(timeout=30)
    turn.release()
    assert len(os.listdir("/proc/self/fd")) == before + 2

    del turn
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
