"""What several tests do on their way: invite, find the link, answer, look at the rows, and act at the same moment."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import Engine, event, insert, select, update
from sqlalchemy.orm import Session, undefer

from core.app import App
from core.context import Actor, StaffActor
from core.letters import Outcome, Verdict
from core.model import Base, CourseRun, Invitation, OutboundMessage
from core.rules.links import LinkKind
from core.rules.policy import RECALL_WINDOW
from core.usecases.invitations.answers import (
    AcceptInvitation,
    DeclineInvitation,
    InvitationAccepted,
    InvitationDeclined,
    LinkState,
    ShowInvitation,
    accept_invitation,
    decline_invitation,
    show_invitation,
)
from core.usecases.invitations.batches import (
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.single import (
    CancelInvitation,
    InvitationCancelled,
    InvitationResent,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import MessageKind, MessageState
from tests.factories import LEARNER, SYSTEM, FixedClock, RecordedJobs, School

MATHS = "maths-2026-03"
POETRY = "poetry-2026-03"
SAFETY = "safety-2026-03"

Row = TypeVar("Row", bound=Base)


def clock_of(app: App) -> FixedClock:
    assert isinstance(app.clock, FixedClock)
    return app.clock


def jobs_of(app: App) -> RecordedJobs:
    assert isinstance(app.jobs, RecordedJobs)
    return app.jobs


def invite(
    school: School, *addresses: str, run: str = MATHS, by: StaffActor | None = None, note: str = ""
) -> LearnersInvited:
    staff = by or school.owner
    preview = school.app.run(prepare_invitation, PrepareInvitation(run, "\n".join(addresses), note), staff)
    return school.app.run(invite_learners, InviteLearners(preview.draft_id), staff)


def everything(app: App, model: type[Row], *conditions: Any) -> list[Row]:
    """Rows of every organisation, as they are stored."""
    with Session(app.engine, info={"scope": "every organisation"}) as session:
        return list(session.scalars(select(model).options(undefer("*")).where(*conditions)))


def only(app: App, model: type[Row], *conditions: Any) -> Row:
    (row,) = everything(app, model, *conditions)
    return row


def change(app: App, model: type[Base], row_id: int, **values: object) -> None:
    """Stands for what later use cases will do to a row."""
    with app.engine.begin() as connection:
        connection.execute(update(model).where(model.__table__.c.id == row_id).values(**values))


def dump(app: App, *besides: str) -> dict[str, set[tuple[object, ...]]]:
    """The whole database; ``besides`` names tables that may change: with the audit, what its entries are about."""
    if "audit_entry" in besides:
        besides = (*besides, "audit_subject")
    with app.engine.connect() as connection:
        return {
            table.name: {tuple(row) for row in connection.execute(select(table))}
            for table in Base.metadata.tables.values()
            if table.name not in besides
        }


def newest(app: App, address: str) -> Invitation:
    found = everything(app, Invitation, Invitation.address == address)
    return max(found, key=lambda invitation: (invitation.replaced_at is None, invitation.created_at))


def token_of(app: App, address: str) -> str:
    invitation = newest(app, address)
    return app.links.token(LinkKind.INVITATION, invitation.id, invitation.generation)


def accept(app: App, address: str, name: str = "Bo Young") -> InvitationAccepted:
    first, last = name.split()
    return app.run(accept_invitation, AcceptInvitation(token_of(app, address), first, last), LEARNER)


def decline(app: App, address: str) -> InvitationDeclined:
    return app.run(decline_invitation, DeclineInvitation(token_of(app, address)), LEARNER)


def expire(school: School, address: str) -> None:
    change(school.app, Invitation, newest(school.app, address).id, expires_at=clock_of(school.app)())


def close(school: School) -> None:
    """Nobody enrols on the maths run any more."""
    run = only(school.app, CourseRun, CourseRun.code == MATHS)
    change(school.app, CourseRun, run.id, enrolment_closes_at=clock_of(school.app)())


def suppress(school: School, address: str) -> None:
    row = {"id": 99, "organisation_id": school.organisation_id, "address_key": address, "reason": "asked"}
    with school.app.engine.begin() as connection:
        connection.execute(insert(Base.metadata.tables["suppression"]), {**row, "suppressed_at": school.app.clock()})


def resend(school: School, address: str) -> InvitationResent:
    return school.app.run(resend_invitation, ResendInvitation(run=MATHS, address=address), school.owner)


def cancel(school: School, address: str) -> InvitationCancelled:
    return school.app.run(cancel_invitation, CancelInvitation(newest(school.app, address).id), school.owner)


def reinvite(school: School, address: str, *, is_confirmed: bool = False) -> LearnersInvited:
    clock_of(school.app).advance(seconds=1)
    return school.app.run(reinvite_learner, ReinviteLearner(MATHS, address, is_confirmed), school.owner)


def link_state(school: School, address: str) -> LinkState:
    return school.app.read(show_invitation, ShowInvitation(token_of(school.app, address)), LEARNER).state


def message_of(app: App, address: str) -> OutboundMessage:
    """The newest e-mail about the newest invitation."""
    return only(app, OutboundMessage, OutboundMessage.id == newest(app, address).message_id)


def deliver(app: App, verdict: Verdict, detail: str = "", *, after: timedelta = RECALL_WINDOW) -> tuple[int, ...]:
    """Plays a worker: every due e-mail to a learner meets this verdict; whoever refuses has no such mailbox.

    Returns the ids of what was claimed.
    """
    clock_of(app).now += after
    to_learners = OutboundMessage.kind.in_((MessageKind.INVITATION, MessageKind.WELCOME))
    waiting = everything(app, OutboundMessage, OutboundMessage.state == MessageState.PENDING, to_learners)
    ids = tuple(message.id for message in waiting)
    claimed = app.run(turn_over, TurnOver("test", claim_ids=ids), SYSTEM).claimed_ids
    outcomes = tuple(
        Outcome(message_id, verdict, detail, is_no_mailbox=verdict is Verdict.REFUSED) for message_id in claimed
    )
    app.run(turn_over, TurnOver("test", outcomes), SYSTEM)
    return claimed


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each act returned or raised. They start at the same moment, each in a thread of its own."""
    barrier = Barrier(len(acts))

    def perform(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(perform, acts))


@contextmanager
def rival_before(engine: Engine, statement: str, act: Callable[[], object]) -> Iterator[list[object]]:
    """The first statement that begins so waits until a rival has acted and committed. PostgreSQL only: a writer on
    SQLite has no rival.
    """
    results: list[object] = []
    is_due = True

    def step_aside(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        nonlocal is_due
        if is_due and sql.startswith(statement):
            is_due = False
            results.extend(at_once(act))

    event.listen(engine, "before_cursor_execute", step_aside)
    try:
        yield results
    finally:
        event.remove(engine, "before_cursor_execute", step_aside)
    assert not is_due, f"no statement began with {statement}"


def refusal_of(app: App, usecase: Callable[..., object], command: object, actor: Actor) -> Exception | None:
    """The error's class and words tell whether two refusals are alike."""
    try:
        app.run(usecase, command, actor)
    except Exception as error:
        return error
    return None
