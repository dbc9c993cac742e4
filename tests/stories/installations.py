"""A house in processes of its own, as operators run them: settings in the environment, ``usher`` as a command."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from msgspec import Struct

ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 180


class Installation(Struct):
    """Its settings, and a way to type commands."""

    folder: Path
    environment: dict[str, str]
    base_url: str

    def usher(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "usher", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def running(self, *kinds: str) -> Iterator[None]:
        """``kinds``: what stands after ``usher``, a process each."""
        processes = [self._start(kind) for kind in kinds]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            statuses = [process.wait(timeout=_PATIENCE_SECONDS) for process in processes]
        assert statuses == [0] * len(kinds), (self.folder / "log").read_text()[-3000:]

    async def ready(self) -> None:
        """Its pages are answered."""
        async with aiohttp.ClientSession() as session:

            async def answers() -> bool:
                try:
                    async with session.get(f"{self.base_url}/readyz") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await answers():  # noqa: ASYNC110 - there is no event across processes
                    await asyncio.sleep(0.05)

    def _start(self, kind: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "usher", *kind.split()]
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


def first_settings(database_url: str, bind: str, smtp_port: int) -> dict[str, str]:
    """What every house needs. Mails go out after a second."""
    key = base64.b64encode(os.urandom(32)).decode()
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "USHER_DATABASE_URL": database_url,
        "USHER_BIND": bind,
        "USHER_BASE_URL": f"http://{bind}",
        "USHER_LINK_KEYS": key,
        "USHER_DATA_KEY": key,
        "USHER_SMTP_HOST": "127.0.0.1",
        "USHER_SMTP_PORT": str(smtp_port),
        "USHER_RECALL_WINDOW": "1",
    }
