"""What operators may say about a mailbox, and what watchers note about it."""

from typing import Any

import pytest
from msgspec.structs import replace

from core.app import App
from core.errors import AlreadyThere, MailboxInvalid, MailboxNotFound
from core.model import InboundMessage
from core.usecases.mailbox import inbound, mailboxes, under_way
from core.usecases.mailbox import watching as mailbox_watching
from core.usecases.mailbox.mailboxes import AddMailbox, MailboxSecret, add_mailbox
from core.words import MailboxAuth, MailboxSecurity, MailRule, MailState, OldMail
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of, only
from tests.factories import OPERATOR, SYSTEM

FRONT = AddMailbox(
    "front",
    "usher@example.org",
    "imap.example.org",
    993,
    MailboxSecurity.TLS,
    MailboxAuth.PASSWORD,
    "usher",
    MailboxSecret(password="secret"),
)
OAUTH = MailboxSecret(refresh_token="r", client_id="c", token_url="https://login.example.org/token")


@pytest.fixture
def app(sqlite_bare: SqliteCopies[None]) -> App:
    sqlite_bare.renew()
    return sqlite_bare.app()


def watched(app: App) -> tuple[mailbox_watching.WatchedMailbox, ...]:
    return app.read(mailbox_watching.list_watched, mailbox_watching.ListWatched(), SYSTEM).mailboxes


def row(app: App) -> mailboxes.MailboxRow:
    return app.read(mailboxes.list_mailboxes, mailboxes.ListMailboxes("front"), OPERATOR).rows[0]


def connect(app: App, *, validity: int = 7, next_uid: int = 5) -> mailbox_watching.ConnectionNoted:
    command = mailbox_watching.NoteConnected(watched(app)[0].mailbox_id, validity, next_uid)
    return app.run(mailbox_watching.note_connected, command, SYSTEM)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "Front Desk"}, "name"),
        ({"address": "usher"}, "address"),
        ({"host": "imap example"}, "host"),
        ({"port": 0}, "port"),
        ({"user": " "}, "user"),
        ({"security": MailboxSecurity.NONE}, "TLS"),
        ({"security": MailboxSecurity.NONE, "host": "127.0.0.1.example.org"}, "TLS"),
        ({"secret": MailboxSecret()}, "password"),
        ({"auth": MailboxAuth.XOAUTH2}, "token"),
        ({"auth": MailboxAuth.XOAUTH2, "secret": replace(OAUTH, client_id="")}, "client id"),
        ({"auth": MailboxAuth.XOAUTH2, "secret": replace(OAUTH, token_url="http://login.example.org/")}, "https"),
        ({"auth": MailboxAuth.XOAUTH2, "secret": replace(OAUTH, token_url="https://a@b.example.org/")}, "https"),
    ],
)
def test_mailbox_that_cannot_work_is_refused_in_words(app: App, change: dict[str, Any], reason: str) -> None:
    with pytest.raises(MailboxInvalid, match=reason):
        app.run(add_mailbox, replace(FRONT, **change), OPERATOR)

    app.run(add_mailbox, FRONT, OPERATOR)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_the_same_machine_tls_may_be_left_out(app: App, host: str) -> None:
    app.run(add_mailbox, replace(FRONT, host=host, security=MailboxSecurity.NONE), OPERATOR)

    assert watched(app)[0].host == host


def test_name_is_taken_once(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)

    with pytest.raises(AlreadyThere):
        app.run(add_mailbox, FRONT, OPERATOR)


def test_new_secret_is_what_watchers_get(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    change = mailboxes.ChangeMailboxSecret("front", MailboxSecret(password="other"))

    app.run(mailboxes.change_mailbox_secret, change, OPERATOR)

    assert watched(app)[0].secret.password == "other"


def test_disabled_mailbox_is_not_watched_and_may_be_enabled_again(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)

    app.run(mailboxes.switch_mailbox, mailboxes.SwitchMailbox("front", is_on=False), OPERATOR)
    disabled = watched(app)
    app.run(mailboxes.switch_mailbox, mailboxes.SwitchMailbox("front", is_on=True), OPERATOR)

    assert (len(disabled), len(watched(app))) == (0, 1)


def test_removed_mailbox_leaves_its_messages(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    received = inbound.ReceiveMail(b"x", "<1@example.org>", "0" * 64, watched(app)[0].mailbox_id)
    app.run(inbound.receive_mail, received, SYSTEM)

    app.run(mailboxes.remove_mailbox, mailboxes.RemoveMailbox("front"), OPERATOR)

    assert only(app, InboundMessage).mailbox_id is None
    with pytest.raises(MailboxNotFound):
        row(app)


def test_first_connection_is_remembered_and_its_next_uid(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    first = connect(app, next_uid=5)
    clock_of(app).advance(days=1)

    again = connect(app, next_uid=9)

    assert again == first
    assert first.first_uid == 5


def test_new_numbering_leaves_only_the_moment(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    first = connect(app)
    clock_of(app).advance(days=1)

    again = connect(app, validity=8, next_uid=1)

    assert (again.first_uid, again.connected_at) == (None, first.connected_at)


def test_problem_is_shown_until_the_next_connection(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    note = mailbox_watching.NoteWatching(watched(app)[0].mailbox_id, "p" * 1000)
    app.run(mailbox_watching.note_watching, note, SYSTEM)
    shown = row(app).problem

    connect(app)

    assert (len(shown), row(app).problem) == (300, "")


def test_old_mail_waits_until_somebody_decides(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    before = watched(app)[0].old_mail

    app.run(mailboxes.decide_old_mail, mailboxes.DecideOldMail("front", OldMail.IGNORED), OPERATOR)

    assert (before, watched(app)[0].old_mail) == (OldMail.WAITS, OldMail.IGNORED)


def test_message_held_unread_is_one_row_however_many_saw_it(app: App) -> None:
    app.run(add_mailbox, FRONT, OPERATOR)
    command = inbound.HoldUnread(watched(app)[0].mailbox_id, "front 7/1", 99, MailRule.TOO_BIG)

    first = app.run(inbound.hold_unread, command, SYSTEM)
    second = app.run(inbound.hold_unread, command, SYSTEM)

    assert (first.inbound_id, first.is_new, second.is_new) == (second.inbound_id, True, False)
    assert only(app, InboundMessage).state is MailState.HELD


def received(app: App) -> int:
    return app.run(inbound.receive_mail, inbound.ReceiveMail(b"x", "<1@example.org>", "0" * 64), SYSTEM).inbound_id


def begin(app: App, inbound_id: int) -> under_way.MailBegun:
    return app.run(under_way.begin_mail, under_way.BeginMail(inbound_id), SYSTEM)


def test_of_two_who_begin_one_has_the_message(app: App) -> None:
    inbound_id = received(app)

    first, second = begin(app, inbound_id), begin(app, inbound_id)

    assert (first.raw, second.raw, second.state) == (b"x", None, MailState.RECEIVED)


def test_whoever_does_not_come_to_the_end_loses_the_message_and_a_try(app: App) -> None:
    inbound_id = received(app)
    begun = []
    for _ in range(4):
        begun.append(begin(app, inbound_id))
        clock_of(app).advance(minutes=2)

    assert [each.raw for each in begun] == [b"x", b"x", b"x", None]
    assert begun[-1].state is MailState.FAILED


def test_third_try_is_not_cut_short_by_whoever_looks_meanwhile(app: App) -> None:
    inbound_id = received(app)
    for _ in range(2):
        begin(app, inbound_id)
        clock_of(app).advance(minutes=2)
    begin(app, inbound_id)

    assert begin(app, inbound_id).state is MailState.RECEIVED


def test_message_laid_down_may_be_begun_at_once_and_lost_no_try(app: App) -> None:
    inbound_id = received(app)
    for _ in range(9):
        assert begin(app, inbound_id).raw == b"x"
        app.run(under_way.lay_down_mail, under_way.LayDownMail(inbound_id), SYSTEM)

    assert only(app, InboundMessage).attempts == 0
