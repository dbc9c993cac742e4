"""A message that takes its time stays with whoever began with it; whoever is dead leaves it soon."""

from datetime import timedelta

import pytest

from core.app import App
from core.model import InboundMessage
from core.rules.policy import MAIL_LEASE
from core.words import MailState
from mail.receiving.reception import Reception, Sweeper
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of, only
from tests.mail.inbox.watching import Clerk, mail


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


@pytest.mark.parametrize("is_alive", [True, False])
async def test_who_works_for_longer_than_a_lease_keeps_the_message_and_who_is_dead_does_not(
    app: App, *, is_alive: bool
) -> None:
    ours, theirs = Clerk(app), Clerk(app)
    first, second = Reception(app, ours), Reception(app, theirs)
    (received,) = first.receive_all([mail(1)], None)

    for _ in range(4):
        clock_of(app).now += MAIL_LEASE - timedelta(seconds=2)
        if is_alive:
            first.under_way.renew(older_than=0.0)
    state = second.process(received.inbound_id)
    first.finish(received)

    assert state is (MailState.RECEIVED if is_alive else MailState.PROCESSED)
    assert (theirs.begun, only(app, InboundMessage).attempts) == ((0, 1) if is_alive else (1, 2))
    # A dead one that wakes up does nothing twice.
    assert sum((ours.done + theirs.done).values()) == 1


async def test_nobody_sweeps_up_what_the_same_process_is_at(app: App) -> None:
    clerk = Clerk(app)
    reception = Reception(app, clerk)
    (received,) = reception.receive_all([mail(1)], None)
    clock_of(app).advance(minutes=5)

    looked_at = await Sweeper(app, reception).sweep()
    reception.lay_down(received)
    await Sweeper(app, reception).sweep()

    assert looked_at == 1
    assert clerk.done == {"<1@example.org>": 1}
    assert only(app, InboundMessage).attempts == 1
