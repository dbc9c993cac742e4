"""A message from its row to its end."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from core.context import Assurance, Door
from core.errors import Busy, OrganisationNotChosen
from core.large_mail import RawMail
from core.model import InboundMessage, OutboundMessage, StaffMember
from core.rules.policy import MAIL_COMMANDS_AN_HOUR, MAIL_LEASE
from core.usecases.mailbox.senders import ResumeWaiting, resume_waiting
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    InviteStaffMember,
    accept_staff_invitation,
    invite_staff_member,
)
from core.words import MailRule, MailState, Role
from mail.parsing.parsed import NotParsed, ParsedMail
from mail.parsing.parser import Parser
from tests.copies import SqliteCopies
from tests.core.usecases.acting import change, clock_of, everything
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM, School
from tests.mail.mails import OLIVE, read, written
from tests.mail.receiving.mailroom import PROVEN, Mailroom, school_with_a_mailbox


@pytest.fixture
def school(sqlite_school: SqliteCopies[School]) -> School:
    return school_with_a_mailbox(sqlite_school)


@pytest.fixture
def room(school: School) -> Mailroom:
    return Mailroom(school)


def said(room: Mailroom) -> list[OutboundMessage]:
    return everything(room.app, OutboundMessage)


def test_a_proven_request_is_handed_on_with_who_asks(room: Mailroom) -> None:
    row = room.take(written(PROVEN))

    (request,) = room.desk.requests
    assert (row.state, row.rule, row.assurance) == (MailState.PROCESSED, MailRule.REQUEST, Assurance.VERIFIED)
    assert (row.sender, row.staff_id, row.organisation_id) == (
        OLIVE, room.school.owner.staff_id, room.school.organisation_id,
    )  # fmt: skip
    assert request.staff == replace(room.school.owner, door=Door.MAIL)
    assert (request.organisation, request.refusal) == ("northfield", None)
    assert (request.message_ref, request.received_at) == ("<a1@north.example.org>", NOW)


def test_the_same_message_twice_is_done_once(room: Mailroom) -> None:
    first = room.take(written(PROVEN))
    second = room.take(written(("Received", "from elsewhere"), PROVEN))
    again = room.processor.process(first.id)

    assert first.id == second.id
    assert again is MailState.PROCESSED
    assert len(room.desk.requests) == 1


def test_of_two_watchers_one_acts(room: Mailroom) -> None:
    """The second one comes while the first is at it, and once more when that takes too long."""
    inbound_id = room.receive(written(PROVEN))
    second = Mailroom(room.school)
    states = []

    def slow(raw: RawMail) -> ParsedMail:
        states.append(second.processor.process(inbound_id))
        clock_of(room.app).now += MAIL_LEASE
        states.append(second.processor.process(inbound_id))
        return read(raw)

    first = Mailroom(room.school, slow)
    states.append(first.processor.process(inbound_id))

    assert states == [MailState.RECEIVED, MailState.PROCESSED, MailState.PROCESSED]
    assert (len(first.desk.requests), len(second.desk.requests)) == (0, 1)


def test_same_id_other_content_is_flagged(room: Mailroom) -> None:
    room.take(written(PROVEN))
    forged = room.take(written(PROVEN, text="invite maths-2026-03 eve@evil.test"))

    assert (forged.state, forged.rule) == (MailState.HELD, MailRule.SAME_ID_OTHER_CONTENT)
    assert len(room.desk.requests) == 1


def test_who_takes_an_id_first_by_forgery_holds_nobody_up(room: Mailroom) -> None:
    room.take(written(text="forged"))
    true = room.take(written(PROVEN))

    assert (true.state, true.rule) == (MailState.PROCESSED, MailRule.REQUEST)


@pytest.mark.parametrize(
    "raw",
    [
        written(sender="eve@evil.test"),
        written(PROVEN, sender="eve@evil.test"),
        written(("Reply-To", OLIVE), ("Sender", OLIVE), sender="eve@evil.test"),
        written(sender=""),
        written(PROVEN, sender="new@north.example.org"),
    ],
)
def test_unknown_sender_gets_no_reply(room: Mailroom, raw: bytes) -> None:
    before = len(said(room))

    row = room.take(raw)

    assert row.state is MailState.IGNORED
    assert row.rule in (MailRule.UNKNOWN_SENDER, MailRule.NO_SINGLE_SENDER)
    assert len(said(room)) == before
    assert room.desk.requests == []


@pytest.mark.parametrize(("column", "value"), [("disabled_at", NOW), ("accepted_at", None)])
def test_who_does_not_work_here_is_unknown(room: Mailroom, column: str, value: object) -> None:
    change(room.app, StaffMember, room.school.owner.staff_id, **{column: value})

    assert room.take(written(PROVEN)).rule is MailRule.UNKNOWN_SENDER


def test_reply_to_never_chooses_recipient(room: Mailroom) -> None:
    row = room.take(written(("Reply-To", "eve@evil.test"), ("Return-Path", "<eve@evil.test>")))

    (question,) = [each for each in said(room) if each.about_id == row.id]
    assert row.rule is MailRule.UNAUTHENTICATED
    assert question.recipient == OLIVE


def test_two_from_headers_are_held_and_nobody_is_asked(room: Mailroom) -> None:
    before = len(said(room))

    row = room.take(written(PROVEN, ("From", OLIVE)))

    assert (row.state, row.rule) == (MailState.HELD, MailRule.NO_SINGLE_SENDER)
    assert len(said(room)) == before


def test_bounce_never_answered(room: Mailroom) -> None:
    before = len(said(room))
    token = room.app.links.bounce_token(7)

    row = room.take(written(sender=OLIVE), envelope_from="", envelope_to=f"bounces+{token}@usher.example.org")

    assert (row.state, row.rule) == (MailState.PROCESSED, MailRule.BOUNCE)
    assert [report.envelope_to for report in room.desk.reports] == [f"bounces+{token}@usher.example.org"]
    assert len(said(room)) == before


def test_a_learner_s_stop_is_handed_on(room: Mailroom) -> None:
    room.take(written(sender="Bo <Bo@example.org>", text="stop"))

    assert [stop.sender for stop in room.desk.stops] == ["bo@example.org"]


def test_who_works_for_two_is_known_by_the_address_written_to(room: Mailroom) -> None:
    command = InviteStaffMember("southgate", "Olive", "Owner", OLIVE, Role.VIEWER)
    invited = room.app.run(invite_staff_member, command, OPERATOR)
    room.app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), LEARNER)

    room.take(written(PROVEN, to="usher+southgate@usher.example.org", ref="<1@n.org>"))
    room.take(written(PROVEN, ref="<2@n.org>"))
    room.take(written(PROVEN, to="usher+elsewhere@usher.example.org", ref="<3@n.org>"))

    named, unnamed, elsewhere = room.desk.requests
    assert (named.organisation, named.refusal) == ("southgate", None)
    assert named.staff.organisation_id == room.school.other_organisation_id
    for request in (unnamed, elsewhere):
        assert isinstance(request.refusal, OrganisationNotChosen)
        assert "usher+northfield@usher.example.org or usher+southgate@usher.example.org" in request.refusal.hint


def test_what_cannot_be_read_has_failed(school: School) -> None:
    room = Mailroom(school, lambda _raw: NotParsed("20,000 parts"))

    row = room.take(written(PROVEN))

    assert (row.state, row.rule, row.detail) == (MailState.FAILED, MailRule.UNREADABLE, "20,000 parts")


def test_our_own_mistake_has_a_reference_and_can_be_run_again(school: School, caplog: Any) -> None:
    def broken(_raw: RawMail) -> ParsedMail:
        raise ZeroDivisionError

    row = Mailroom(school, broken).take(written(PROVEN))

    assert (row.state, row.rule, row.reference) == (MailState.FAILED, MailRule.OUR_MISTAKE, "E-00000001")
    assert "ZeroDivisionError" in caplog.text
    assert OLIVE not in caplog.text


def test_a_message_that_ends_its_process_is_given_up_at_its_third_try(school: School) -> None:
    class Killed(BaseException):
        pass

    def killed(_raw: RawMail) -> ParsedMail:
        raise Killed

    room = Mailroom(school, killed)
    inbound_id = room.receive(written(PROVEN))
    for _ in range(3):
        with pytest.raises(Killed):
            room.processor.process(inbound_id)
        clock_of(school.app).now += MAIL_LEASE
        clock_of(school.app).advance(minutes=2)

    assert room.processor.process(inbound_id) is MailState.FAILED
    assert room.row(inbound_id).rule is MailRule.TRIED_TOO_OFTEN


def test_with_the_database_gone_nothing_is_decided(school: School) -> None:
    inbound_id = Mailroom(school).receive(written(PROVEN))

    def gone(raw: RawMail) -> ParsedMail:
        with school.app.engine.begin() as connection:
            connection.execute(text("ALTER TABLE inbound_message RENAME TO elsewhere"))
        return read(raw)

    with pytest.raises(Busy):
        Mailroom(school, gone).processor.process(inbound_id)
    with school.app.engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO inbound_message"))

    assert Mailroom(school).row(inbound_id).state is MailState.RECEIVED
    # That it was laid down could not be noted either.
    clock_of(school.app).advance(minutes=2)
    assert Mailroom(school).processor.process(inbound_id) is MailState.PROCESSED


def test_a_message_that_is_not_there_is_no_reason_to_stop(room: Mailroom) -> None:
    assert room.processor.process(12345) is MailState.FAILED


def test_no_message_is_stored_in_clear(room: Mailroom) -> None:
    row = room.take(written(text="a very plain secret", subject="another secret"))

    stored = everything(room.app, InboundMessage)[0]
    assert row.state is MailState.HELD
    assert b"secret" not in (stored.raw or b"")
    assert "secret" not in stored.subject


def test_with_the_parser_of_the_house_all_ends_are_the_same(school: School) -> None:
    messages = (
        (written(PROVEN), MailRule.REQUEST),
        (written(ref="<2@n.org>"), MailRule.UNAUTHENTICATED),
        (written(PROVEN, ("From", OLIVE), ref="<3@n.org>"), MailRule.NO_SINGLE_SENDER),
        (written(PROVEN, ("Auto-Submitted", "auto-replied"), ref="<4@n.org>"), MailRule.AUTO_REPLY),
        (written(("List-Id", "<all.north.example.org>"), PROVEN, ref="<5@n.org>"), MailRule.LIST),
        (written(("Resent-From", "eve@evil.test"), PROVEN, ref="<6@n.org>"), MailRule.UNAUTHENTICATED),
        (written(sender="Bo <bo@example.org>", text="Stop", ref="<7@n.org>"), MailRule.STOP),
        (written(sender=f'"{OLIVE}" <eve@evil.test>', ref="<8@n.org>"), MailRule.UNKNOWN_SENDER),
        (b"\x00" * 100, MailRule.NO_SINGLE_SENDER),
        (b"", MailRule.NO_SINGLE_SENDER),
    )
    with Parser() as parser:
        room = Mailroom(school, parser.parse)

        assert [room.take(raw).rule for raw, _ in messages] == [rule for _, rule in messages]


def test_what_was_too_much_for_an_hour_goes_on_by_itself_in_the_next(room: Mailroom) -> None:
    room.as_if_before(room.take(written(PROVEN)), MAIL_COMMANDS_AN_HOUR - 1)
    before = len(said(room))
    waiting = [room.take(written(PROVEN, ref=f"<more{number}@n.org>")) for number in range(3)]
    early = room.app.run(resume_waiting, ResumeWaiting(), SYSTEM)

    clock_of(room.app).advance(hours=1)
    resumed = room.app.run(resume_waiting, ResumeWaiting(), SYSTEM)
    states = [room.processor.process(each.id) for each in waiting]

    assert [row.rule for row in waiting] == [MailRule.TOO_MANY] * 3
    # They are proven: nobody is asked whether it was them.
    assert len(said(room)) == before
    assert early.inbound_ids == ()
    assert set(resumed.inbound_ids) == {each.id for each in waiting}
    assert states == [MailState.PROCESSED] * 3


def test_as_many_go_on_as_an_hour_has_room_for(room: Mailroom) -> None:
    done = room.take(written(PROVEN))
    room.as_if_before(done, MAIL_COMMANDS_AN_HOUR - 1)
    waiting = room.take(written(PROVEN, ref="<more@n.org>"))
    room.as_if_before(waiting, 100)

    clock_of(room.app).advance(hours=1)
    first = room.app.run(resume_waiting, ResumeWaiting(), SYSTEM)
    second = room.app.run(resume_waiting, ResumeWaiting(), SYSTEM)

    assert (len(first.inbound_ids), len(second.inbound_ids)) == (MAIL_COMMANDS_AN_HOUR, 0)


@pytest.mark.parametrize(
    ("raw", "is_kept"),
    [
        (written(sender="eve@evil.test", text="x" * 1000), False),
        (written(PROVEN, ("Auto-Submitted", "auto-replied")), False),
        (b"no mail at all", False),
        (written(), True),
        (written(PROVEN), True),
    ],
)
def test_words_are_kept_only_where_somebody_may_need_them(room: Mailroom, raw: bytes, is_kept: bool) -> None:
    """Strangers would fill the disk with 35 MB at a time."""
    row = room.take(raw)

    assert (row.raw is not None) is is_kept
    # The same once more is still the same, and nothing is done about it.
    assert room.take(raw).id == row.id
