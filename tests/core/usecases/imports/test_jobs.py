"""Imports that a worker runs: taken up once, taken up again after a death, and given up with words."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from core.context import Door
from core.errors import Busy
from core.importing import run_in_background, sweep
from core.jobs import Job, JobKind
from core.model import StaffMember
from core.rules.policy import IMPORT_ATTEMPTS, IMPORT_LEASE
from core.usecases.imports.checking import BeginImport, begin_import
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.words import ImportReason, ImportState
from tests.core.usecases.acting import change, jobs_of
from tests.core.usecases.importing import learners, line, sheet, stored
from tests.factories import FixedClock, School


@pytest.fixture
def received(school: School) -> int:
    """By e-mail, to be run by a worker."""
    staff = replace(school.owner, door=Door.MAIL)
    command = ReceiveImport("learners.csv", sheet(line("Ada"), line("Bo")), runs_later=True)
    return school.app.run(receive_import, command, staff).import_id


def imports_queued(school: School) -> list[Job]:
    return [job for job in jobs_of(school.app).jobs if job.kind is JobKind.RUN_IMPORT]


def pass_time(school: School) -> None:
    clock = school.app.clock
    assert isinstance(clock, FixedClock)
    clock.advance(seconds=IMPORT_LEASE.total_seconds() + 1)


def test_a_file_that_was_taken_in_is_run_by_a_worker_in_its_senders_name(school: School, received: int) -> None:
    (job,) = imports_queued(school)

    was_settled = run_in_background(school.app, job.ids[0])

    done = stored(school, 1)
    assert was_settled
    assert (done.state, done.created, done.rows_read) == (ImportState.APPLIED, 2, 2)
    assert set(learners(school)) == {"Ada", "Bo"}
    assert not run_in_background(school.app, received), "A job that comes twice does nothing."


@contextmanager
def readers_killed() -> Iterator[None]:
    """As the kernel does when memory is short: each reader that this process starts is killed."""
    stop = Event()

    def kill() -> None:
        # A database server of the tests is a child, too. Without a nursery a reader is long enough in coming to be met.
        for child in children_of(os.getpid(), "limited"):
            with suppress(OSError):
                for each in (*children_of(child), child):
                    os.kill(each, signal.SIGKILL)

    def go_on() -> None:
        while not stop.wait(0.001):
            kill()

    kill()
    killer = Thread(target=go_on)
    killer.start()
    try:
        yield
    finally:
        stop.set()
        killer.join()


def children_of(process: int, named: str = "") -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, thread.read_text().split())
    return [child for child in found if named.encode() in command_of(child)]


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_file_whose_reader_the_kernel_kills_each_time_is_answered_in_the_end(school: School, received: int) -> None:
    tries = 0
    while stored(school, 1).settled_at is None and tries <= IMPORT_ATTEMPTS:
        # Killed before it has begun to read, it may have been an accident: it is tried again.
        with readers_killed(), suppress(Busy):
            run_in_background(school.app, received)
        pass_time(school)
        sweep(school.app)
        tries += 1

    done = stored(school, 1)
    assert done.state is ImportState.REJECTED
    assert done.reason in (ImportReason.OUR_MISTAKE, ImportReason.FILE)
    assert learners(school) == {}


def test_nothing_is_swept_while_somebody_is_at_it(school: School, received: int) -> None:
    assert sweep(school.app) == 0

    pass_time(school)

    assert (sweep(school.app), sweep(school.app)) == (1, 0)
    assert len({job.key for job in imports_queued(school)}) == 2


def test_an_import_that_was_begun_too_often_is_given_up_and_says_so(school: School, received: int) -> None:
    staff = replace(school.owner, door=Door.MAIL)
    for _ in range(IMPORT_ATTEMPTS):
        school.app.run(begin_import, BeginImport(received), staff)
    pass_time(school)

    swept = sweep(school.app)

    given_up = stored(school, 1)
    assert swept == 0
    assert (given_up.state, given_up.reason) == (ImportState.REJECTED, ImportReason.OUR_MISTAKE)
    assert given_up.settled_at is not None


def test_the_file_of_somebody_who_has_left_is_not_imported(school: School, received: int) -> None:
    change(school.app, StaffMember, school.owner.staff_id, disabled_at=school.app.clock())

    run_in_background(school.app, received)

    assert stored(school, 1).reason is ImportReason.OUR_MISTAKE
    assert learners(school) == {}


def test_imports_from_the_command_line_are_left_to_whoever_sits_there(school: School) -> None:
    school.app.run(receive_import, ReceiveImport("a.csv", sheet(line("Ada"))), replace(school.owner, door=Door.CLI))
    pass_time(school)

    assert sweep(school.app) == 0


def test_what_fails_before_it_is_begun_is_not_swept_for_ever(school: School, received: int) -> None:
    told = []
    for _ in range(IMPORT_ATTEMPTS + 1):
        pass_time(school)
        told.append(sweep(school.app))

    assert told == [1] * IMPORT_ATTEMPTS + [0]
    assert stored(school, 1).reason is ImportReason.OUR_MISTAKE
