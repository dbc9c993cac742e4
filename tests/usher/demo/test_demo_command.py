"""``usher demo`` as it is typed."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiohttp
import pytest

_SECONDS = 240


async def _usher(*arguments: str, folder: Path) -> Process:
    """``TMPDIR`` shows what is left behind."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "usher", "demo", *arguments, stdout=PIPE, stderr=PIPE, env=environment
    )


def _left_behind(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _ended(process: Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(_SECONDS):
        said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


@pytest.mark.slow  # test_answering has them told in its own process, to fewer.
async def test_once_tells_three_stories_in_figures(tmp_path: Path) -> None:
    process = await _usher("--once", "--json", folder=tmp_path)

    status, said, complained = await _ended(process)

    assert (status, complained) == (0, "")
    figures = json.loads(said)
    wanted = {"invited": 1000, "sent": 1000, "accepted": 1, "declined": 1, "bounced": 0}
    assert figures | wanted == figures
    assert 0 < figures["seconds_to_first_mail"] <= figures["seconds_to_all_sent"]
    assert figures["mails_per_second"] > 0
    assert "1 accepted" in figures["scoreboard"]
    imported, digest = figures["import"], figures["digest"]
    assert (imported["rows"], imported["problems"], imported["new"]) == (12, 3, 9)
    assert (digest["rows"], digest["stored"], digest["at_risk"], digest["is_same"]) == (5, 4, 2, True)
    assert _left_behind(tmp_path) == []


async def test_the_demo_names_one_address_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = await _usher(folder=tmp_path)
    assert process.stdout is not None
    async with asyncio.timeout(_SECONDS):
        url = ""
        while not url.startswith("http://127.0.0.1:"):
            url = (await process.stdout.readline()).decode().strip()

    async with aiohttp.ClientSession() as browser, browser.get(url) as page:
        assert page.status == 200
    process.send_signal(signal.SIGINT)
    status, said, complained = await _ended(process)

    assert status == 0
    assert said.strip().endswith("Stopped. Nothing is left behind.")
    assert complained == "Starting …\n"
    assert _left_behind(tmp_path) == []


async def test_a_kept_database_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "usher.db").write_bytes(b"somebody's data")

    process = await _usher("--keep", str(tmp_path), folder=tmp_path)
    status, _, complained = await _ended(process)

    assert status == 1
    assert "A database in" in complained
    assert "Name another folder" in complained
    assert (tmp_path / "usher.db").read_bytes() == b"somebody's data"


@pytest.mark.slow
async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await _usher("--port", str(taken.getsockname()[1]), folder=tmp_path)
        status, _, complained = await _ended(process)

    assert status == 1
    assert "The demo could not start" in complained
    assert "Traceback" not in complained


async def test_json_without_once_is_explained(tmp_path: Path) -> None:
    process = await _usher("--json", folder=tmp_path)

    status, _, complained = await _ended(process)

    assert status == 2
    assert "--json prints the figures of --once" in complained
