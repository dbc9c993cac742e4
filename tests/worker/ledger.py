"""A deliverer that keeps a ledger instead of sending, and messages for it to deliver."""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event

from msgspec import Struct
from sqlalchemy import select

from core.app import App
from core.context import Context
from core.letters import Loaded, Outcome, Verdict
from core.model import Organisation, OutboundMessage
from core.outbox import email_row, say
from core.usecases.staff.organisations import CreateOrganisation, create_organisation
from core.words import MessageKind, MessageState
from tests.factories import OPERATOR, SYSTEM


class LedgerDeliverer:
    """Accepts everything. One line a message: what is written survives a kill of the process."""

    def __init__(self, path: Path, *, width: int = 4, seconds: float = 0.0) -> None:
        self.width = width
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._seconds = seconds

    def load(self, app: App, ids: Sequence[int]) -> Loaded[int]:
        pending = app.read(_pending, tuple(ids), SYSTEM)
        return Loaded({message_id: message_id for message_id in pending})

    def send(self, items: Sequence[int]) -> list[Outcome]:
        Event().wait(self._seconds)
        for message_id in items:
            os.write(self._file, f"{message_id}\n".encode())
        return [Outcome(message_id, Verdict.ACCEPTED) for message_id in items]


def _pending(ctx: Context, ids: tuple[int, ...]) -> list[int]:
    query = select(OutboundMessage.id).where(OutboundMessage.id.in_(ids), OutboundMessage.state == MessageState.PENDING)
    return list(ctx.session.scalars(query))


def deliveries(path: Path) -> Counter[int]:
    """How often each message was delivered."""
    return Counter(map(int, path.read_text().split())) if path.exists() else Counter()


def make_organisation(app: App) -> None:
    """Whose messages these are. Its first staff member's invitation waits, too."""
    app.run(
        create_organisation,
        CreateOrganisation(
            "northfield", "Northfield College", "Europe/London", "Olive", "Owner", "olive@north.example.org"
        ),
        OPERATOR,
    )


class Write(Struct, frozen=True):
    count: int
    kind: MessageKind = MessageKind.INVITATION
    delay: timedelta = timedelta(0)
    key: str = ""


def write_messages(
    app: App, count: int, kind: MessageKind = MessageKind.INVITATION, *, seconds: float = 0, key: str = ""
) -> tuple[int, ...]:
    """Messages about nothing, of the first organisation, written and enqueued as a use case does."""
    return app.run(_write, Write(count, kind, timedelta(seconds=seconds), key), OPERATOR)


def _write(ctx: Context, command: Write) -> tuple[int, ...]:
    organisation_id = ctx.session.scalars(select(Organisation.id)).first()
    rows = []
    for place in range(command.count):
        address = f"learner{place}@example.org"
        key = command.key or f"test:{ctx.tokens.new_id()}"
        due = ctx.now + command.delay
        row = email_row(ctx, command.kind, to=address, to_key=address, about_id=1, key=key, not_before=due)
        rows.append({**row, "organisation_id": organisation_id})
    say(ctx, rows)
    return tuple(row["id"] for row in rows)


def states(app: App) -> Counter[str]:
    return app.read(_states, None, SYSTEM)


def _states(ctx: Context, _command: None) -> Counter[str]:
    return Counter(state.value for state in ctx.session.scalars(select(OutboundMessage.state)))
