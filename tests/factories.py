"""Small worlds for tests: an app on a real database, time and randomness that are passed in, a school that works."""

import base64
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from core.app import App
from core.context import Actor, Context, Door, LinkHolder, Operator, StaffActor, System
from core.database import EVERY_ROW, open_engine
from core.jobs import Job, Jobs
from core.model import Base
from core.rules.policy import RECALL_WINDOW
from core.settings import Settings
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.staff.organisations import (
    AddAgreement,
    AddProvider,
    CreateOrganisation,
    add_agreement,
    add_provider,
    create_organisation,
)
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    InviteStaffMember,
    accept_staff_invitation,
    invite_staff_member,
)
from core.words import Role
from migrations.walls import WALLS, statements

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = Settings(
    link_keys=(b"link-key-for-tests-link-key-for-tests",),
    data_key=(b"data-key-for-tests-data-key-for-tests",),
    base_url="https://usher.example.org",
    mail_from="please.do.not.reply@usher.example.org",
    slack_signing_secret="signing-secret-for-tests",
    slack_bot_token="xoxb-for-tests",
)
OPERATOR = Operator()
SYSTEM = System()
LEARNER = LinkHolder()

CATALOGUE = """\
course_code,course_title,kind,model,provider_ukprn,price,run_code,starts,ends,enrolment_closes,steps,time_zone
maths,Maths for Everyone,open,upgraded,,24.50,maths-2026-01,2026-01-12,2026-02-20,2026-01-20,40,Europe/London
maths,Maths for Everyone,open,upgraded,,24.50,maths-2026-03,2026-03-16,2026-05-08,2026-04-10,40,Europe/London
maths,Maths for Everyone,open,upgraded,,24.50,maths-2026-09,2026-09-14,2026-11-06,2026-10-09,40,Europe/London
safety,Lab Safety,invite_only,no_purchase,10000001,0,safety-2026-03,2026-03-09,2026-06-26,2026-06-01,12,Europe/London
safety,Lab Safety,invite_only,no_purchase,10000001,0,safety-2026-10,2026-10-05,2026-12-18,2026-11-01,12,Europe/London
coding,Coding Club,open,paid_for,,49.00,coding-2026-03,2026-03-16,2026-06-01,2026-05-01,30,Europe/London
"""


class FixedClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class SeededTokens:
    """The same ids and jitter in every run."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._references = 0

    def new_id(self) -> int:
        return self._random.getrandbits(62) | 1

    def new_ids(self, count: int) -> list[int]:
        return sorted(self.new_id() for _ in range(count))

    def nonce(self) -> bytes:
        return self._random.randbytes(12)

    def entropy(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def secret(self) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(32)).decode().rstrip("=")

    def jitter(self) -> float:
        return self._random.uniform(0.5, 1.5)

    def reference(self) -> str:
        self._references += 1
        return f"E-{self._references:08d}"

    def twin(self) -> "SeededTokens":
        """Goes on as this one will. To copy it by `copy.deepcopy` takes as long as a short test."""
        twin = SeededTokens()
        twin._random.setstate(self._random.getstate())
        twin._references = self._references
        return twin


class RecordedJobs(Struct):
    """Keeps what would have been enqueued; a rolled-back transaction's jobs are forgotten with it."""

    jobs: list[Job] = []

    def enqueue(self, session: Session, jobs: list[Job]) -> None:
        mark = len(self.jobs)
        self.jobs.extend(jobs)
        # On the connection: App rolls back there, and the session is not told.
        connection = session.connection()
        event.listen(connection, "rollback", lambda _connection: self.jobs.__delitem__(slice(mark, None)), once=True)


def make_engine(url: str) -> Engine:
    """With all tables, and with their walls. Looks of the tests' own, past ``App``, see every row."""
    engine = open_engine(url)
    engine.update_execution_options(usher_scope=EVERY_ROW)
    Base.metadata.create_all(engine)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            for table, wall in itertools.chain(*(walls.items() for walls in WALLS.values())):
                for statement in statements(table, wall):
                    connection.exec_driver_sql(statement)
    return engine


def make_app(
    engine: Engine, *, jobs: Jobs | None = None, clock: Callable[[], datetime] | None = None, **settings: Any
) -> App:
    return App(
        engine,
        replace(SETTINGS, database_url=engine.url.render_as_string(hide_password=False), **settings),
        jobs=RecordedJobs() if jobs is None else jobs,
        clock=clock or FixedClock(),
        tokens=SeededTokens(),
    )


class School(Struct, frozen=True):
    """Northfield College, its owner, a manager of one provider, and a viewer. Southgate lends it a course."""

    app: App
    organisation_id: int
    owner: StaffActor
    manager: StaffActor
    viewer: StaffActor
    setup_code: str
    other_organisation_id: int
    other_owner: StaffActor


def make_school(app: App) -> School:
    created = app.run(
        create_organisation,
        CreateOrganisation(
            "northfield", "Northfield College", "Europe/London", "Olive", "Owner", "olive@north.example.org"
        ),
        OPERATOR,
    )
    for ukprn, name in (("10000001", "Northfield Sixth Form"), ("10000002", "Northfield Adult Learning")):
        app.run(add_provider, AddProvider("northfield", ukprn, name), OPERATOR)
    app.run(import_catalogue, ImportCatalogue("northfield", CATALOGUE), OPERATOR)
    manager = _staff(app, "northfield", "Max", Role.MANAGER, ("10000002",))
    viewer = _staff(app, "northfield", "Vera", Role.VIEWER, ())
    app.run(accept_staff_invitation, AcceptStaffInvitation(created.owner.token), LEARNER)
    other_id, other_owner = _southgate(app)
    return School(
        app=app,
        organisation_id=created.organisation_id,
        owner=StaffActor(created.organisation_id, created.owner.staff_id, Door.SLACK),
        manager=StaffActor(created.organisation_id, manager, Door.SLACK),
        viewer=StaffActor(created.organisation_id, viewer, Door.SLACK),
        setup_code=created.setup_code,
        other_organisation_id=other_id,
        other_owner=other_owner,
    )


def _staff(app: App, organisation: str, first_name: str, role: Role, providers: tuple[str, ...]) -> int:
    email = f"{first_name.lower()}@{organisation}.example.org"
    invited = app.run(
        invite_staff_member,
        InviteStaffMember(organisation, first_name, "Example", email, role, providers=providers),
        OPERATOR,
    )
    app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), LEARNER)
    return invited.staff_id


def _southgate(app: App) -> tuple[int, StaffActor]:
    created = app.run(
        create_organisation,
        CreateOrganisation(
            "southgate", "Southgate University", "Europe/London", "Sue", "South", "sue@south.example.org"
        ),
        OPERATOR,
    )
    app.run(accept_staff_invitation, AcceptStaffInvitation(created.owner.token), LEARNER)
    header = CATALOGUE.splitlines()[0]
    rows = [
        "poetry,Reading Poetry,open,sponsored,,0,poetry-2026-03,2026-03-02,2026-05-29,2026-05-01,24,Europe/London",
        "secret,Private Seminar,invite_only,sponsored,,0,secret-2026-03,2026-03-02,2026-05-29,2026-05-01,6,UTC",
    ]
    app.run(import_catalogue, ImportCatalogue("southgate", "\n".join([header, *rows])), OPERATOR)
    app.run(
        add_agreement,
        AddAgreement("northfield", "southgate", "poetry", 2000, 3, NOW - timedelta(days=30), NOW + timedelta(days=300)),
        OPERATOR,
    )
    return created.organisation_id, StaffActor(created.organisation_id, created.owner.staff_id, Door.SLACK)


def sent(app: App, *, after: timedelta = RECALL_WINDOW) -> int:
    """Plays a worker whose mail server accepts everything: all due e-mails become sent. Returns how many."""
    from sqlalchemy import select

    from core.letters import Outcome, Verdict
    from core.model import OutboundMessage
    from core.usecases.messages.deliveries import TurnOver, turn_over
    from core.words import Channel, MessageState

    assert isinstance(app.clock, FixedClock)
    app.clock.now += after
    with Session(app.engine, info={"scope": "every organisation"}) as session:
        query = select(OutboundMessage.id).where(
            OutboundMessage.state == MessageState.PENDING, OutboundMessage.channel == Channel.EMAIL
        )
        ids = tuple(session.scalars(query))
    claimed = app.run(turn_over, TurnOver("test", claim_ids=ids), SYSTEM).claimed_ids
    app.run(turn_over, TurnOver("test", tuple(Outcome(each, Verdict.ACCEPTED) for each in claimed)), SYSTEM)
    return len(claimed)


@contextmanager
def counted_queries(engine: Engine, values: dict[str, Sequence[Any]] | None = None) -> Iterator[list[str]]:
    """The statements that reach the database within the block; ``values`` gets what stood in each at first."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        statements.append(statement)
        if values is not None:
            values.setdefault(statement, given[0] if isinstance(given, list) else given)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan_of(engine: Engine, query: str, values: Sequence[Any] | None = None) -> list[str]:
    """SQLite's, step by step, in its words: which table it goes through, and by what.

    With ``values`` it may take an index of some rows, where they are those.
    """
    with engine.connect() as connection:
        given = ("",) * query.count("?") if values is None else tuple(values)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given).all()
    return [str(step[-1]) for step in plan]


def in_context(app: App, actor: Actor, look: Callable[[Context], Any]) -> Any:
    """Runs a look at the rows inside the actor's scope."""
    return app.read(lambda ctx, _command: look(ctx), None, actor)
