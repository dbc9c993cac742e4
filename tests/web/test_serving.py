"""The real server: what it adds to the answers, whom it believes, and what it does not log."""

import logging

import httpx2
import pytest

from core.settings import Settings
from tests.copies import SqliteCopies
from tests.factories import School
from tests.web.world import serving
from web.serving import server_config


@pytest.mark.parametrize(
    ("bind", "host", "port"), [("127.0.0.1:8000", "127.0.0.1", 8000), ("[::1]:80", "::1", 80), (":9000", "", 9000)]
)
def test_bind_is_host_and_port(bind: str, host: str, port: int) -> None:
    config = server_config(lambda: None, Settings(bind=bind))  # type: ignore[arg-type,misc]  # It is not run.

    assert (config.host, config.port) == (host, port)


def test_a_link_pressed_on_the_real_server(web_copies: SqliteCopies[School], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(web_copies) as (url, world), httpx2.Client(base_url=url) as visitor:
        link = world.invite()
        looked = visitor.head(link)
        shown = visitor.get(link)
        joined = visitor.post(f"{link}/accept", data={"first_name": "Ada", "last_name": "Marsh"})
        large = visitor.post(f"{link}/accept", content=b"x" * 100_000)

    assert (looked.status_code, looked.content) == (200, b"")
    assert looked.headers["content-length"] == shown.headers["content-length"]
    assert "server" not in shown.headers
    assert joined.status_code == 303
    assert (large.status_code, large.headers["connection"]) == (413, "close")
    ours = [record for record in caplog.records if not record.name.startswith("http")]
    assert ours
    assert not any(link in record.getMessage() for record in ours)


def test_the_trusted_proxy_says_who_is_asking(web_copies: SqliteCopies[School]) -> None:
    with serving(web_copies) as (url, _world), httpx2.Client(base_url=url) as visitor:
        first, second = ({"X-Forwarded-For": f"203.0.{number}.5"} for number in (113, 114))
        missed = [visitor.get(f"/i/{number}", headers=first).status_code for number in range(31)]
        elsewhere = visitor.get("/i/other", headers=second).status_code

    assert missed == [404] * 30 + [429]
    assert elsewhere == 404
