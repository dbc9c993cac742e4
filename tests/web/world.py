"""A school with courses, its web door, and links to press."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from msgspec import Struct
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.app import App
from core.rules.links import LinkKind
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.lists import ListInvitations, list_invitations
from tests.copies import SqliteCopies
from tests.factories import CATALOGUE, OPERATOR, FixedClock, School, make_school
from web.app import build_app
from web.serving import server_config

BASE_URL = "https://testserver"
ADA = "ada@example.org"
NOTE = "This fits well with your project.\n\nSee you on Monday!"
_WITH_EVERYTHING = (
    "course_code,course_title,kind,model,partner,run_code,run_title,starts,ends,enrolment_closes,time_zone,join_url\n"
    "stars,How Stars Are Born,open,upgraded,Southgate University,stars-2026-03,Stars in spring,"
    "2026-03-16,2026-05-08,2026-04-10,Europe/London,https://courses.example.org/stars\n"
)


class World(Struct, frozen=True):
    app: App
    school: School
    clock: FixedClock
    database: Path

    def client(self, web: Starlette | None = None, **options: Any) -> TestClient:
        """A visitor. Redirects are not followed."""
        return TestClient(
            web or build_app(self.app, **options),
            base_url=BASE_URL,
            client=("203.0.113.5", 50000),
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    def clients(self, count: int) -> list[TestClient]:
        """Visitors of one door, which is warm: the framework finishes its routes at the first request."""
        web = build_app(self.app)
        visitors = [self.client(web) for _ in range(count)]
        assert visitors[0].get("/i/nobody").status_code == 404
        return visitors

    def invite(self, addresses: str = ADA, *, run: str = "maths-2026-03", note: str = "") -> str:
        """The path of the (first) invited address's page."""
        owner = self.school.owner
        preview = self.app.run(prepare_invitation, PrepareInvitation(run, addresses, note), owner)
        self.app.run(invite_learners, InviteLearners(preview.draft_id), owner)
        return self.link(addresses, run=run)

    def link(self, address: str = ADA, *, run: str = "maths-2026-03") -> str:
        bare = address.rpartition("<")[2].rstrip(">")
        rows = self.app.read(list_invitations, ListInvitations(run, search=bare), self.school.owner).rows
        return f"/i/{self.app.links.token(LinkKind.INVITATION, rows[0].invitation_id)}"

    def dump(self) -> str:
        with closing(sqlite3.connect(self.database)) as connection:
            return "\n".join(connection.iterdump())

    def count(self, query: str) -> int:
        with closing(sqlite3.connect(self.database)) as connection:
            number: int = connection.execute(query).fetchone()[0]
            return number


def open_school(app: App) -> School:
    """How each of these worlds begins."""
    school = make_school(app)
    app.run(import_catalogue, ImportCatalogue("northfield", _WITH_EVERYTHING), OPERATOR)
    return school


def make_world(copies: SqliteCopies[School], *, base_url: str = BASE_URL) -> World:
    """Ends the world that was made of the same copies before."""
    copies.renew()
    clock = FixedClock()
    app = copies.app(clock=clock, base_url=base_url)
    return World(app, replace(copies.filling, app=app), clock, copies.path)


def close_course(world: World, run: str = "maths-2026-03") -> None:
    """From now on the run takes nobody: its enrolment closed yesterday."""
    header, *rows = CATALOGUE.splitlines()
    row = next(row for row in rows if f",{run}," in row)
    world.app.run(
        import_catalogue,
        ImportCatalogue("northfield", f"{header}\n{row.replace('2026-04-10', '2026-03-01')}"),
        OPERATOR,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@contextmanager
def serving(copies: SqliteCopies[School], **options: Any) -> Iterator[tuple[str, World]]:
    """The real server, on loopback, in a thread, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world = make_world(copies, base_url=url)
        server = _Server(server_config(build_app(world.app, **options), world.app.settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.is_up.wait(20)
        try:
            yield url, world
        finally:
            server.should_exit = True
            thread.join(20)
