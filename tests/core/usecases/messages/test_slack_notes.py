"""From rows to what is said in Slack."""

from collections.abc import Callable

import pytest

from core.model import OutboundMessage, SlackWorkspace, StaffMember
from core.usecases.invitations.answers import AskForLink, LinkState, ask_for_link
from core.usecases.invitations.link_requests import LinkRequestShown
from core.usecases.invitations.scoreboards import BatchProgress
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.slack_notes import LoadSlackNotes, SlackNotesLoaded, load_slack_notes
from core.usecases.staff.slack_identity import (
    AskForCode,
    ask_for_code,
)
from core.words import Channel, MessageKind
from tests.core.usecases.acting import (
    accept,
    change,
    decline,
    everything,
    invite,
    only,
    token_of,
)
from tests.core.usecases.introducing import OLIVE, bind, linked
from tests.factories import LEARNER, NOW, SYSTEM, School

A = "a@example.org"


def notes(school: School) -> SlackNotesLoaded:
    ids = tuple(
        message.id for message in everything(school.app, OutboundMessage, OutboundMessage.channel == Channel.SLACK)
    )
    return school.app.read(load_slack_notes, LoadSlackNotes(ids), SYSTEM)


def test_a_scoreboard_goes_to_the_confirmed_account_of_whoever_confirmed(school: School) -> None:
    bind(school)
    linked(school)
    invite(school, A)

    (note,) = notes(school).notes

    assert isinstance(note.content, BatchProgress)
    assert (note.user_id, note.team_id, note.kind, note.generation) == ("U1", "T1", MessageKind.SCOREBOARD, 0)
    assert note.content.counts.total == 1


def test_a_request_says_what_became_of_the_invitation(school: School) -> None:
    bind(school)
    linked(school)
    invite(school, A)
    decline(school.app, A)
    school.app.run(ask_for_link, AskForLink(token_of(school.app, A)), LEARNER)

    (request,) = (note.content for note in notes(school).notes if note.kind is MessageKind.LINK_REQUEST)

    assert isinstance(request, LinkRequestShown)
    assert (request.address, request.was, request.answered_by) == (A, LinkState.DECLINED, "")


def _nothing(_school: School) -> None:
    pass


def _leave(school: School) -> None:
    bind(school)
    linked(school)
    change(school.app, StaffMember, school.owner.staff_id, disabled_at=NOW)


def _unbind(school: School) -> None:
    bind(school)
    linked(school)
    change(school.app, SlackWorkspace, only(school.app, SlackWorkspace).id, removed_at=NOW)


def _ask_anew(school: School) -> None:
    bind(school)
    linked(school)
    school.app.run(ask_for_code, AskForCode(), OLIVE)


@pytest.mark.parametrize("before", [_nothing, _leave, _unbind, _ask_anew])
def test_whoever_is_not_a_confirmed_colleague_is_told_nothing(
    school: School, before: Callable[[School], object]
) -> None:
    invite(school, A)
    before(school)

    loaded = notes(school)

    assert loaded.notes == ()
    assert len(loaded.unreachable_ids) == 1


def test_a_note_can_be_drawn_once_more_after_it_was_claimed(school: School) -> None:
    bind(school)
    linked(school)
    invite(school, A)
    (before,) = notes(school).notes
    school.app.run(turn_over, TurnOver("bot", claim_ids=(before.message_id,)), SYSTEM)
    accept(school.app, A)

    (after,) = notes(school).notes

    assert isinstance(after.content, BatchProgress)
    assert after.content.counts.accepted == 1
    assert after.generation == before.generation + 1
