"""Whoever invited hears once of learners whom e-mail does not reach, or who want none."""

from core.letters import Verdict
from core.model import OutboundMessage
from core.rules.policy import UNREACHED_PAUSE
from core.usecases.invitations.answers import StopInvitations, stop_invitations
from core.usecases.invitations.corrections import CorrectAddress, correct_address
from core.usecases.invitations.unreached import UnreachedLearner, UnreachedShown, unreached
from core.usecases.messages.slack_notes import LoadSlackNotes, load_slack_notes
from core.words import MessageKind, MessageState, ReportedAs, SuppressReason
from tests.core.usecases.acting import (
    MATHS,
    accept,
    change,
    clock_of,
    deliver,
    everything,
    invite,
    jobs_of,
    message_of,
    token_of,
)
from tests.core.usecases.introducing import bind, linked
from tests.core.usecases.reporting import NOBODY, hard, reply_stop, report
from tests.factories import LEARNER, SYSTEM, School, in_context

A, B, C, D = "a@gmial.com", "b@example.org", "c@example.org", "d@example.org"


def invited(school: School, *addresses: str) -> int:
    confirmation_id = invite(school, *addresses).confirmation_id
    deliver(school.app, Verdict.ACCEPTED)
    return confirmation_id


def notes(school: School) -> list[OutboundMessage]:
    return everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.UNREACHED)


def shown(school: School, confirmation_id: int) -> UnreachedShown:
    result = in_context(school.app, SYSTEM, lambda ctx: unreached(ctx, confirmation_id))
    assert isinstance(result, UnreachedShown)
    return result


def test_the_first_report_makes_a_note_to_the_inviter_after_ten_minutes_and_the_others_none(school: School) -> None:
    confirmation_id = invited(school, A, B, C)
    before = len(jobs_of(school.app).jobs)

    hard(school, A)
    hard(school, B, name="2")
    reply_stop(school, message_of(school.app, C))

    (note,) = notes(school)
    assert note.recipient == f"staff:{school.owner.staff_id}"
    assert (note.about_id, note.state) == (confirmation_id, MessageState.PENDING)
    assert note.not_before == clock_of(school.app).now + UNREACHED_PAUSE
    assert [job.ids for job in jobs_of(school.app).jobs[before:] if note.id in job.ids] == [(note.id,)]


def test_once_posted_it_is_edited(school: School) -> None:
    invited(school, A, B)
    hard(school, A)
    (note,) = notes(school)
    change(school.app, OutboundMessage, note.id, state=MessageState.SENT, message_ref="D1/1.1")

    hard(school, B, name="2")

    (edited,) = notes(school)
    assert (edited.id, edited.state, edited.generation) == (note.id, MessageState.PENDING, 1)
    assert edited.message_ref == "D1/1.1"


def test_it_names_each_learner_once_with_the_reason_and_what_was_probably_meant(school: School) -> None:
    confirmation_id = invited(school, A, B, C, D)

    hard(school, A)
    report(school, message_of(school.app, B), ReportedAs.COMPLAINT, name="2")
    hard(school, C, name="3")
    reply_stop(school, message_of(school.app, C))

    result = shown(school, confirmation_id)
    assert (result.bounced, result.complained, result.asked, result.total) == (1, 1, 1, 3)
    assert result.learners == (
        UnreachedLearner(A, SuppressReason.BOUNCED, NOBODY, "a@gmail.com"),
        UnreachedLearner(B, SuppressReason.COMPLAINED, "", ""),
        UnreachedLearner(C, SuppressReason.ASKED, "", ""),
    )


def test_a_press_on_the_page_tells_the_inviter_too(school: School) -> None:
    confirmation_id = invited(school, B)

    school.app.run(stop_invitations, StopInvitations(token_of(school.app, B)), LEARNER)
    school.app.run(stop_invitations, StopInvitations(token_of(school.app, B)), LEARNER)

    assert [note.about_id for note in notes(school)] == [confirmation_id]
    assert shown(school, confirmation_id).asked == 1


def test_what_was_refused_at_once_is_counted_and_makes_no_note(school: School) -> None:
    """The scoreboard, which is on the screen at that moment, says it already."""
    confirmation_id = invite(school, A, B).confirmation_id
    deliver(school.app, Verdict.REFUSED, NOBODY)

    assert notes(school) == []
    assert shown(school, confirmation_id).bounced == 2


def test_who_was_corrected_or_has_joined_is_no_longer_in_it(school: School) -> None:
    confirmation_id = invited(school, A, B)
    hard(school, A)
    accept(school.app, B)
    hard(school, B, name="2")

    clock_of(school.app).advance(seconds=1)
    school.app.run(correct_address, CorrectAddress("a@gmail.com", run=MATHS, address=A), school.owner)

    assert shown(school, confirmation_id).total == 0


def test_a_wish_of_before_the_invitation_is_no_news_about_it(school: School) -> None:
    invited(school, B)
    reply_stop(school, message_of(school.app, B))
    clock_of(school.app).advance(seconds=1)

    later = invited(school, B, C)

    assert shown(school, later).total == 0


def test_at_most_five_are_named(school: School) -> None:
    addresses = [f"x{number}@example.org" for number in range(7)]
    confirmation_id = invited(school, *addresses)

    for address in addresses:
        hard(school, address, name=address[:2])

    result = shown(school, confirmation_id)
    assert (result.bounced, [each.address for each in result.learners]) == (7, addresses[:5])


def test_it_reaches_the_inviter_s_slack_account(school: School) -> None:
    bind(school)
    linked(school)
    confirmation_id = invited(school, B)
    hard(school, B)

    loaded = school.app.read(load_slack_notes, LoadSlackNotes(tuple(each.id for each in notes(school))), SYSTEM)

    (note,) = loaded.notes
    assert isinstance(note.content, UnreachedShown)
    assert (note.user_id, note.content.confirmation_id) == ("U1", confirmation_id)
