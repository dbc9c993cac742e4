"""Real children that do their worst; what they are limited by ends them, and nobody else."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Busy
from core.limited import Done, Failed, Kept, Killed, Limits, Stream, TimedOut
from tests.core.limited_work import Order, Told

WORK = "tests.core.limited_work:obey"
# Half a second of work takes a busy machine much longer.
SHORT = Limits(wall=60.0, cpu=0.5, memory=256 << 20, answer=8 << 20)


@pytest.fixture(scope="module")
def shared() -> Iterator[Kept[Told]]:
    with Kept(WORK, Told, SHORT) as kept:
        yield kept


def test_one_child_serves_many_jobs(shared: Kept[Told]) -> None:
    numbers = {shared.run(Order("who")) for _ in range(20)}

    assert len(numbers) == 1
    assert isinstance(numbers.pop(), Done)


@pytest.mark.parametrize(
    ("order", "end"),
    [
        (Order("hog", 16 << 20), Killed("memory")),
        (Order("loop"), TimedOut("cpu")),
        (Order("leave", 3), Failed("SystemExit")),
        (Order("leave_hard", 3), Killed("exit 3")),
        (Order("leave_hard"), Killed("exit 0")),
        (Order("kill", signal.SIGKILL), Killed("SIGKILL")),
        (Order("kill", signal.SIGSEGV), Killed("SIGSEGV")),
        (Order("kill", signal.SIGABRT), Killed("SIGABRT")),
        (Order("panic"), Failed("Panic")),
        (Order("recurse"), Failed("RecursionError")),
        (Order("echo", 9 << 20), Killed("answer")),
        (Order("no such deed"), Failed("KeyError")),
    ],
)
def test_a_bad_end_is_a_value_and_the_next_job_is_done(
    shared: Kept[Told], order: Order, end: TimedOut | Killed | Failed
) -> None:
    assert shared.run(order) == end

    assert shared.run(Order("echo", 1)) == Done(Told(ballast=b"a"))


@pytest.mark.parametrize(
    ("order", "end"),
    [
        (Order("hog", 16 << 20), Killed("memory")),
        (Order("loop"), TimedOut("cpu")),
        (Order("leave_hard", 3), Killed("exit 3")),
        (Order("kill", signal.SIGSEGV), Killed("SIGSEGV")),
    ],
)
def test_the_first_child_of_a_work_ends_alike(order: Order, end: TimedOut | Killed) -> None:
    """It is a fresh interpreter; the next ones come from the nursery."""
    with Kept(f"{WORK}_{order.deed}", Told, SHORT) as kept:
        first = kept.run(Order("parent"))
        outcome = kept.run(order)
        second = kept.run(Order("parent"))

    assert outcome == end
    assert first == Done(Told(number=os.getpid()))
    assert second != first


def test_a_killed_nursery_is_done_without_and_another_one_comes() -> None:
    with Kept(WORK, Told, SHORT, jobs=1) as briefly:
        # Its first child is none of a nursery's, if it is the first that does this work.
        _, first = nursery_of(briefly), nursery_of(briefly)

    with Kept(WORK, Told, SHORT, children=2) as kept:
        assert nursery_of(kept) == first
        os.kill(first, signal.SIGKILL)
        assert is_gone(first)
        # Its children are nobody's, and work on; how they die is not known.
        assert kept.run(Order("echo", 1)) == Done(Told(ballast=b"a"))
        assert kept.run(Order("leave_hard", 3)) == Killed("SIGKILL")
        assert kept.run(Order("parent")) == Done(Told(number=os.getpid()))
        assert kept.run(Order("leave_hard", 3)) == Killed("exit 3")
        assert nursery_of(kept) not in (first, os.getpid())


def nursery_of(kept: Kept[Told]) -> int:
    outcome = kept.run(Order("parent"))
    assert isinstance(outcome, Done)
    return outcome.value.number


def test_past_the_wall_limit_the_whole_group_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "child"
    limits = Limits(wall=1.0, files=100)

    with Kept(WORK, Told, limits) as kept:
        outcome = kept.run(Order("wait_with_a_child", ballast=str(told).encode()))

    assert outcome == TimedOut("wall")
    assert is_gone(int(told.read_text()))


def is_gone(number: int) -> bool:
    """Dead in the end, though perhaps nobody has waited for it yet."""
    try:
        descriptor = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    with os.fdopen(descriptor):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(60_000))


def test_what_its_parent_blocks_and_ignores_still_ends_it() -> None:
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGXCPU})
    try:
        with Kept(WORK, Told, SHORT) as kept:
            outcome = kept.run(Order("loop"))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGPROF, before)

    assert outcome == TimedOut("cpu")


def test_noise_of_the_work_is_not_taken_for_its_answer(shared: Kept[Told]) -> None:
    assert shared.run(Order("shout")) == Done(Told(text="quiet"))


def test_large_requests_and_answers_do_not_wait_for_each_other(shared: Kept[Told]) -> None:
    outcome = shared.run(Order("echo", 7 << 20, ballast=bytes(35 << 20)))

    assert isinstance(outcome, Done)
    assert outcome.value.number == 35 << 20
    assert len(outcome.value.ballast) == 7 << 20


def test_the_cpu_limit_is_each_jobs_own(shared: Kept[Told]) -> None:
    before = shared.run(Order("who"))

    outcomes = [shared.run(Order("burn", 3)) for _ in range(3)]

    assert outcomes == [Done(Told())] * 3
    assert shared.run(Order("who")) == before


def test_it_gets_no_environment_no_folder_and_no_descriptors_of_ours(
    shared: Kept[Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USHER_SECRET", "x")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "json.py").write_text("raise SystemExit")

    with (tmp_path / "open").open("wb") as file, Kept(WORK, Told, SHORT) as kept:
        os.set_inheritable(file.fileno(), True)
        outcome = kept.run(Order("surroundings"))

    assert isinstance(outcome, Done)
    place, _, rest = outcome.value.text.partition(" ")
    assert place == "/"
    assert "USHER_SECRET" not in rest
    assert rest.endswith("True")
    # Three that lead nowhere and three pipes.
    assert outcome.value.number == 6


def test_it_writes_no_files(shared: Kept[Told], tmp_path: Path) -> None:
    outcome = shared.run(Order("write", 1 << 20, ballast=str(tmp_path / "new").encode()))

    assert outcome == Failed("OSError")


def test_a_child_is_replaced_after_its_jobs() -> None:
    with Kept(WORK, Told, SHORT, jobs=2) as kept:
        numbers = [kept.run(Order("who")) for _ in range(4)]

    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_a_child_that_died_between_two_jobs_is_replaced(shared: Kept[Told]) -> None:
    outcome = shared.run(Order("who"))
    assert isinstance(outcome, Done)

    os.kill(outcome.value.number, signal.SIGKILL)
    assert is_gone(outcome.value.number)

    assert shared.run(Order("echo")) == Done(Told())


def test_threads_share_the_children() -> None:
    with Kept(WORK, Told, SHORT, children=2) as kept, ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(lambda number: kept.run(Order("echo", number)), range(60)))
        numbers = set(threads.map(lambda _: kept.run(Order("who")), range(60)))

    assert outcomes == [Done(Told(ballast=b"a" * number)) for number in range(60)]
    assert len(numbers) <= 2


def test_closed_it_leaves_no_process_behind() -> None:
    with Kept(WORK, Told, SHORT) as kept:
        outcome = kept.run(Order("who"))
    assert isinstance(outcome, Done)

    with pytest.raises(ProcessLookupError):
        os.kill(outcome.value.number, 0)


@pytest.mark.parametrize("deed", ["loop", "wait"])
@pytest.mark.parametrize("birth", ["fresh", "forked"])
def test_a_busy_child_dies_with_its_parent_and_so_does_the_nursery(birth: str, deed: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, deed, birth],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert parent.stdout is not None
    with parent:
        number, above = map(int, parent.stdout.readline().split())
        # The job's request is read by now or never: either way the child must go.
        parent.kill()

        assert is_gone(number)
        assert is_gone(above)
        assert (above == parent.pid) is (birth == "fresh")


PARENT = """
import sys
from core.limited import Done, Kept, Limits
from tests.core.limited_work import Order, Told

kept = Kept("tests.core.limited_work:obey", Told, Limits(wall=60.0, cpu=60))
if sys.argv[2] == "forked":
    kept.run(Order("leave_hard"))
print(kept.run(Order("who")).value.number, kept.run(Order("parent")).value.number, flush=True)
kept.run(Order(sys.argv[1]))
"""


def test_where_no_child_can_start_we_are_busy() -> None:
    with Kept(f"{WORK}_nothing", Told, Limits(memory=1 << 20)) as kept, pytest.raises(Busy):
        kept.run(Order("who"))


def test_only_work_of_the_house_is_named() -> None:
    for name in ("os:system", "core.limited", "json:loads", "core:a.b"):
        with pytest.raises(ValueError):
            Kept(name, int, SHORT)


def test_work_that_is_not_there_is_our_mistake() -> None:
    with (
        pytest.raises(RuntimeError, match="cannot be loaded: ModuleNotFoundError"),
        Kept("core.nowhere:work", int, SHORT) as kept,
    ):
        kept.run(1)


def test_an_answer_of_another_type_fails() -> None:
    with Kept(WORK, int, SHORT) as kept:
        assert kept.run(Order("who")) == Failed("ValidationError")


def test_a_stream_hands_out_lines_as_they_come() -> None:
    with Stream("tests.core.limited_work:lines", Told, SHORT, 5000, source=bytes(1 << 20)) as told:
        lines = list(told)

    assert lines == [*(Told(number=number) for number in range(5000)), Told(text="source", number=1 << 20)]
    assert told.outcome == Done(None)


def test_a_stream_reads_a_file_from_its_begin(tmp_path: Path) -> None:
    (tmp_path / "sheet").write_bytes(b"abc")

    with (tmp_path / "sheet").open("rb") as file:
        file.read()
        with Stream("tests.core.limited_work:lines", Told, SHORT, 0, source=file) as told:
            lines = list(told)

    assert lines == [Told(text="source", number=3)]


def test_a_descriptor_beyond_the_childs_own_count_is_read() -> None:
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(100)]
    try:
        with Stream("tests.core.limited_work:lines", Told, SHORT, 0, source=b"abc") as told:
            lines = list(told)
    finally:
        for number in held:
            os.close(number)

    assert lines == [Told(text="source", number=3)]


@pytest.mark.parametrize(
    ("order", "end"),
    [
        (Order("loop"), TimedOut("cpu")),
        (Order("hog", 16 << 20), Killed("memory")),
        (Order("kill", signal.SIGABRT), Killed("SIGABRT")),
        (Order("panic"), Failed("Panic")),
        (Order("echo", 9 << 20), Killed("answer")),
    ],
)
def test_a_stream_that_breaks_off_says_so_after_its_lines(order: Order, end: TimedOut | Killed | Failed) -> None:
    """A last few lines may have gone with a child that was killed."""
    with Stream("tests.core.limited_work:lines_then", Told, SHORT, order) as told:
        lines = list(told)

    assert lines in ([], [Told(number=1)])
    assert told.outcome == end


def test_a_stream_without_end_is_left_at_any_line() -> None:
    with Stream("tests.core.limited_work:without_end", Told, SHORT, Order("", ballast=bytes(1000))) as told:
        for number, _ in enumerate(told):
            if number == 1000:
                break

    assert told.outcome is None


def test_a_streams_wall_limit_ends_it() -> None:
    limits = Limits(wall=0.5)

    with Stream("tests.core.limited_work:lines_then", Told, limits, Order("wait")) as told:
        list(told)

    assert told.outcome == TimedOut("wall")
