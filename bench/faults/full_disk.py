"""Small disks of memory that can be filled, and system calls of another process that fail: both want root."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Final

_PIECES: Final = (1 << 20, 1 << 12, 1)
_ATTACH_SECONDS: Final = 0.5


def missing() -> str:
    """What keeps this from working here; empty: nothing."""
    if os.geteuid() != 0:
        return "mounting wants root"
    return "" if shutil.which("strace") and shutil.which("mount") else "strace or mount is not installed"


class Disk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """To the last octet."""
        with self._ballast.open("ab", buffering=0) as file:
            for piece in _PIECES:
                while _is_written(file.fileno(), piece):
                    pass

    def empty(self) -> None:
        self._ballast.unlink()


def _is_written(file: int, octets: int) -> bool:
    try:
        return os.write(file, b"\0" * octets) == octets
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    folder = Path(tempfile.mkdtemp(prefix="usher-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "usher", str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def failing(pid: int, calls: str, when: str) -> Iterator[None]:
    """``calls`` of the process fail with EIO: ``when`` is the first of them, as in ``3``, or from it on, ``3+``."""
    rule = ["-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO:when={when}"]
    command = ["strace", "-f", "-qq", "-o", os.devnull, *rule, "-p", str(pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    Event().wait(_ATTACH_SECONDS)
    try:
        yield
    finally:
        tracer.terminate()
        tracer.wait(10)
