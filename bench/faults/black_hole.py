"""An address that takes connections and never answers them, as behind a firewall that drops packets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.servers.processes import LOOPBACK

_FILLING: Final = 4


@contextmanager
def black_hole() -> Iterator[int]:
    """The port. Its queue is full and nobody takes from it, so that the kernel drops what comes."""
    with ExitStack() as stack:
        hole = stack.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        for _ in range(_FILLING):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(hole.getsockname())
        yield int(hole.getsockname()[1])
