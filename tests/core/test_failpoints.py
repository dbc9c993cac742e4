"""Fault experiments end the process where they say, and nothing happens without them."""

import signal
import subprocess
import sys

import pytest

from core.failpoints import Failpoints

PROGRAM = """
import sys
from core.failpoints import Failpoints
passes = Failpoints(sys.argv[1])
for number in range(5):
    print(number, flush=True)
    passes("claimed")
    passes("mail")
    passes("after_dot")
"""


@pytest.mark.parametrize(
    ("specification", "last"), [("after_dot:3", 2), ("mail:1,after_dot:9", 0), (" after_dot:5 ,", 4)]
)
def test_the_process_ends_at_the_passage_that_was_named(specification: str, last: int) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, specification], capture_output=True, check=False, timeout=60)

    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split() == [str(number).encode() for number in range(last + 1)]


@pytest.mark.parametrize("specification", ["", " , ", "after_dot:9", "mail:0"])
def test_other_passages_are_passed(specification: str) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, specification], capture_output=True, check=False, timeout=60)

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.split() == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("specification", ["after_dot", "after_dot:", "after_dot:x", "after_dot:1:2"])
def test_a_specification_that_cannot_be_read_is_refused(specification: str) -> None:
    with pytest.raises(ValueError):
        Failpoints(specification)
