"""Two processes that want to write at once, played by two turns on the same file: a lock knows files, not processes."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from core.turns import Line, WriteTurn


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "usher.db")


def in_thread(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


class Interrupted(Exception):
    pass


def test_so_many_are_at_work_at_once_and_no_more() -> None:
    line = Line(2)

    places = [line.enter(timeout=30), line.enter(timeout=30)]
    third = line.enter(timeout=0.01)
    for place in places:
        assert place is not None
        line.leave(place)

    assert third is None
    assert line.enter(timeout=30), "Who gave up holds nobody up."


def test_nobody_waits_for_what_is_long() -> None:
    line = Line(1, patience=0.01)

    long, short = line.enter(timeout=30), line.enter(timeout=30)
    assert long
    assert short
    line.leave(short)
    line.leave(long)

    assert line.enter(timeout=30)


def test_whoever_comes_back_at_once_waits_behind_the_others() -> None:
    line, turns, counts = Line(1), 8_000, [0, 0, 0, 0]
    there: set[int] = set()

    def come_back(number: int) -> None:
        while sum(counts) < turns:
            with line.turn():
                there.add(number)
                # A thread may begin when the others have done all there is.
                if len(there) == len(counts):
                    counts[number] += 1

    for thread in [in_thread(partial(come_back, number)) for number in range(len(counts))]:
        thread.join(30)

    assert min(counts) > turns / len(counts) / 4, "A lock of Python's own would give most turns to one of them."


def test_who_is_interrupted_while_waiting_holds_nobody_up() -> None:
    line = Line(1)
    place = line.enter()
    assert place

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(Interrupted):
            line.enter(timeout=30)
    finally:
        signal.signal(signal.SIGALRM, before)
    line.leave(place)

    assert line.enter(timeout=30)


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
        "import sys; from core.turns import Line, WriteTurn; turn = WriteTurn(sys.argv[1]);"
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

    assert turn.acquire(timeout=30)
    turn.release()
    assert _open_in(tmp_path) == 2

    del turn
    gc.collect()
    assert _open_in(tmp_path) == 0


def _open_in(folder: Path) -> int:
    """Other files come and go meanwhile: what earlier tests left is collected some time."""
    links = (each for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    return sum(1 for each in links if each.readlink().parent == folder)
