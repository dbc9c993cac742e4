"""The hostile corpus through the whole door: each message ends by the rule that it should, and none is left over.

Its sender works here and is proven, for whoever is not gets nothing anyway: what is hostile must be stopped by itself.
"""

from collections.abc import Callable, Iterable

import pytest

from core.context import LinkHolder
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    InviteStaffMember,
    accept_staff_invitation,
    invite_staff_member,
)
from core.words import MailRule, MailState, Role
from mail.parsing.parser import Parser
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of
from tests.factories import OPERATOR, School
from tests.mail.corpus import everyday
from tests.mail.corpus.case import Case
from tests.mail.corpus.floods import floods
from tests.mail.mails import INBOX, parse_here
from tests.mail.receiving.mailroom import HOST, Mailroom, school_with_a_mailbox

PROOF = f"Authentication-Results: {HOST}; dmarc=pass header.from=example.org\r\nTo: {INBOX}\r\n".encode()
AN_HOUR_HAS_ROOM_FOR = 50
NOBODY = frozenset({
    "From: =?utf-8?b?PGFubkBleGFtcGxlLm9yZz4=?=", "From: undisclosed-recipients:;", "From: Bo", "From: MAILER-DAEMON",
    "From: ", "From: <>", "From: Bo bo@example.org>", "From: bo @ example.org", 'From: "bo b"@example.org',
    'From: "Bo <bo@example.org>', "From: bø@exämple.org", "From: bo@[192.0.2.1]",
    "From: bo@example.org ann@example.org", "no From", "nothing", "one byte",
})  # fmt: skip
"""No address that anybody could have."""
SEVERAL = frozenset({
    "From: ann@example.org <bo@example.org>", "From: <ann@example.org> <bo@example.org>",
    "From: <ann@example.org> bo@example.org", "From: ann@example.org, bo@example.org",
    "From: Ann <ann@example.org>, Bo <bo@example.org>", "From: Ann <ann@example.org>; Bo <bo@example.org>",
    "From: Staff: Ann <ann@example.org>, bo@example.org;", "From: Bo\\, B <bo@example.org>",
    "From: Bo <bo@example.org>\n <ann@example.org>", "two From headers",
})  # fmt: skip
"""One of them works here: a person looks at it."""
NOT_STAFF = frozenset({
    "From: Bo, ann@example.org", "a line of a mbox file", "From of a second message below", "80,000 headers",
    "80,000 From headers", "a boundary of dashes", "messages in messages",
})  # fmt: skip
"""Nobody who works here; and what stands no more among the headers, once a host has put its own above it."""
UNPROVEN = frozenset({"sent again", "two kinds"})
UNKNOWN = frozenset({"old newlines"})
"""Below headers with today's newlines it is one long line, and nobody's address."""
REPORTS = ("a report", "an empty report", "a bounce of ", "Exim's header")
COMPLAINTS = ("a complaint", "an empty complaint")
READINGS = ("a reading",)

End = tuple[MailState, MailRule]


@pytest.fixture
def school(sqlite_school: SqliteCopies[School]) -> School:
    """Bo works there."""
    school = school_with_a_mailbox(sqlite_school)
    invite = InviteStaffMember("northfield", "Bo", "Young", "bo@example.org", Role.MANAGER)
    token = school.app.run(invite_staff_member, invite, OPERATOR).token
    school.app.run(accept_staff_invitation, AcceptStaffInvitation(token), LinkHolder())
    return school


def test_each_sixth_message_ends_by_its_rule(school: School) -> None:
    chosen = list(everyday())[::6]

    assert len(chosen) >= 100
    assert ends(Mailroom(school, parse_here), chosen) == {}


@pytest.mark.slow
def test_every_message_ends_by_its_rule(school: School) -> None:
    every = list(everyday())

    assert len(every) >= 600
    assert ends(Mailroom(school, parse_here), every) == {}


@pytest.mark.slow
def test_every_flood_ends_by_its_rule(school: School) -> None:
    with Parser() as parser:
        assert ends(Mailroom(school, parser.parse), floods()) == {}


def ends(room: Mailroom, cases: Iterable[Case]) -> dict[str, str]:
    """What ended in another way than it should, with how it ended."""
    wrong = {}
    seen: set[str] = set()
    rows: set[int] = set()
    for number, case in enumerate(cases):
        if number % AN_HOUR_HAS_ROOM_FOR == 0:
            clock_of(room.app).advance(minutes=61)
        row = room.take(PROOF + case.raw())
        if row.id in rows:
            # The same as one before, but for its name: it is done already.
            continue
        rows.add(row.id)
        wanted = wanted_end(case, is_known=row.message_ref in seen)
        if row.rule is MailRule.REQUEST:
            seen.add(row.message_ref)
        if (row.state, row.rule) not in wanted:
            wrong[case.name] = f"{row.state}, {row.rule}, not {wanted}"
    return wrong


def wanted_end(case: Case, *, is_known: bool) -> tuple[End, ...]:
    for is_meant, end in ENDS:
        if is_meant(case):
            return (end,)
    done = (MailState.PROCESSED, MailRule.REQUEST)
    if case.expected.is_any:
        # Most floods have no sender that could be read.
        nobody = ((MailState.IGNORED, rule) for rule in (MailRule.NO_SINGLE_SENDER, MailRule.UNKNOWN_SENDER))
        return (done, (MailState.FAILED, MailRule.UNREADABLE), *nobody)
    return ((MailState.HELD, MailRule.SAME_ID_OTHER_CONTENT),) if is_known else (done,)


def begins(prefixes: tuple[str, ...]) -> Callable[[Case], bool]:
    return lambda case: case.name.startswith(prefixes)


ENDS: tuple[tuple[Callable[[Case], bool], End], ...] = (
    (lambda case: bool(case.expected.reason), (MailState.FAILED, MailRule.UNREADABLE)),
    (begins(REPORTS), (MailState.PROCESSED, MailRule.BOUNCE)),
    (begins(COMPLAINTS), (MailState.PROCESSED, MailRule.COMPLAINT)),
    (begins(READINGS), (MailState.IGNORED, MailRule.AUTO_REPLY)),
    (lambda case: case.name in UNPROVEN, (MailState.HELD, MailRule.UNAUTHENTICATED)),
    (lambda case: case.name in UNKNOWN, (MailState.IGNORED, MailRule.UNKNOWN_SENDER)),
    (lambda case: case.name in SEVERAL, (MailState.HELD, MailRule.NO_SINGLE_SENDER)),
    (lambda case: case.name in NOBODY | NOT_STAFF, (MailState.IGNORED, MailRule.NO_SINGLE_SENDER)),
)
