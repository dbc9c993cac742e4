"""Joining where the link wants a confirmed address."""

from datetime import timedelta

import pytest

from core.errors import LinkNotFound, SharedLinkClosed
from core.model import Enrolment, JoinRequest, Learner, OutboundMessage, Suppression
from core.rules.links import LinkKind
from core.rules.policy import CONFIRMATION_MAILS_A_DAY, CONFIRMATION_PAUSE, JOIN_REQUEST_LIFE
from core.usecases.links.join_requests import ConfirmJoin, ShowJoinRequest, confirm_join, show_join_request
from core.usecases.links.join_requests import stop_mails_of_request as stop_mails
from core.usecases.links.joining import ConfirmationMailed, JoinedByLink
from core.usecases.links.places import StopMails
from core.usecases.links.shared_links import PauseSharedLink, RevokeSharedLink, pause_shared_link, revoke_shared_link
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.retention import ForgetOld, forget_old
from core.words import MessageKind, SharedLinkState
from tests.core.usecases.acting import at_once, clock_of, dump, everything, only, suppress
from tests.core.usecases.sharing import confirm, join, request_token, settle, share, shown
from tests.factories import LEARNER, SYSTEM, School

ADA = "ada@example.org"


@pytest.fixture
def link(school: School) -> int:
    made = share(school).link_id
    settle(school, made, confirm=True)
    return made


def mails(school: School) -> list[OutboundMessage]:
    return everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.JOIN_CONFIRMATION)


def letters(school: School) -> int:
    """How many of the waiting mails are worth sending."""
    ids = tuple(row.id for row in mails(school))
    return len(school.app.read(load_letters, LoadLetters(ids), SYSTEM).letters)


def test_nobody_is_on_the_run_before_the_button_is_pressed(school: School, link: int) -> None:
    asked = join(school, link)

    assert isinstance(asked, ConfirmationMailed)
    assert everything(school.app, Enrolment) == []
    assert len(mails(school)) == letters(school) == 1


def test_looking_at_the_button_changes_nothing(school: School, link: int) -> None:
    join(school, link)
    before = dump(school.app)

    found = school.app.read(show_join_request, ShowJoinRequest(request_token(school)), LEARNER)

    assert (found.address, found.has_joined, found.link.state) == (ADA, False, SharedLinkState.OPEN)
    assert dump(school.app) == before


def test_the_button_joins_once(school: School, link: int) -> None:
    join(school, link)

    first, second = confirm(school), confirm(school)

    assert first == second
    assert len(everything(school.app, Enrolment)) == 1
    assert only(school.app, JoinRequest).joined_at is not None
    assert letters(school) == 0


def test_two_presses_at_once_join_once(school: School, link: int) -> None:
    join(school, link)

    results = at_once(lambda: confirm(school), lambda: confirm(school))

    assert [type(result) for result in results] == [JoinedByLink] * 2
    assert len(everything(school.app, Enrolment)) == 1


def test_asking_again_mails_again_after_a_pause_and_three_times_at_most(school: School, link: int) -> None:
    counts = []
    for _ in range(5):
        join(school, link)
        join(school, link)
        counts.append(len(mails(school)))
        clock_of(school.app).now += CONFIRMATION_PAUSE

    assert counts == [1, 2, 3, 3, 3]
    assert letters(school) == 1


def test_one_mailbox_with_many_tags_gets_a_few_mails_a_day_whatever_the_link_wants(school: School, link: int) -> None:
    plain = share(school).link_id
    tagged = [join(school, by, f"ada+{number}@example.org") for number in range(20) for by in (link, plain)]
    first_day = len(mails(school))

    join(school, link, "bo@example.org")
    clock_of(school.app).now += timedelta(days=1)
    join(school, link, "ada+next@example.org")

    assert {type(answer) for answer in tagged} == {ConfirmationMailed}
    assert first_day == CONFIRMATION_MAILS_A_DAY
    assert len(mails(school)) == CONFIRMATION_MAILS_A_DAY + 2
    assert everything(school.app, Learner) == []


def test_the_answer_is_the_same_for_known_and_unknown_addresses(school: School, link: int) -> None:
    join(school, link)
    confirm(school)
    suppress(school, "no@example.org")

    answers = [join(school, link, address) for address in (ADA, "new@example.org", "no@example.org")]

    assert {type(answer) for answer in answers} == {ConfirmationMailed}


def test_an_address_that_must_not_be_written_to_gets_no_mail(school: School, link: int) -> None:
    suppress(school, ADA)

    join(school, link)

    assert letters(school) == 0


def test_whoever_did_not_type_it_can_stop_it(school: School, link: int) -> None:
    join(school, link)

    school.app.run(stop_mails, StopMails(request_token(school)), LEARNER)

    assert only(school.app, Suppression).address_key == ADA
    assert letters(school) == 0


def test_a_link_that_closed_meanwhile_lets_nobody_in(school: School, link: int) -> None:
    join(school, link)
    school.app.run(pause_shared_link, PauseSharedLink(link), school.owner)

    with pytest.raises(SharedLinkClosed):
        confirm(school)

    assert only(school.app, JoinRequest).joined_at is None


def test_whoever_has_joined_hears_so_after_the_link_has_ended(school: School, link: int) -> None:
    join(school, link)
    confirm(school)
    school.app.run(revoke_shared_link, RevokeSharedLink(link), school.owner)

    assert isinstance(confirm(school), JoinedByLink)


def test_the_last_place_goes_to_whoever_confirms_first(school: School, link: int) -> None:
    settle(school, link, cap="1", confirm=True)
    join(school, link)
    join(school, link, "bo@example.org")

    confirm(school, "bo@example.org")
    with pytest.raises(SharedLinkClosed):
        confirm(school)

    assert shown(school, link).joins == 1
    assert only(school.app, JoinRequest, JoinRequest.address == ADA).joined_at is None


def test_a_full_link_does_not_tell_who_has_just_confirmed(school: School, link: int) -> None:
    settle(school, link, cap="1", confirm=True)
    join(school, link)
    confirm(school)

    for address in (ADA, "stranger@example.org"):
        with pytest.raises(SharedLinkClosed):
            join(school, link, address)


def test_wishes_to_join_are_forgotten_after_a_while(school: School, link: int) -> None:
    join(school, link)
    token = request_token(school)
    clock_of(school.app).now += JOIN_REQUEST_LIFE + timedelta(seconds=1)

    assert school.app.run(forget_old, ForgetOld(), SYSTEM).join_requests == 1

    with pytest.raises(LinkNotFound):
        school.app.run(confirm_join, ConfirmJoin(token), LEARNER)


def test_a_link_of_another_kind_confirms_nothing(school: School, link: int) -> None:
    join(school, link)
    request = only(school.app, JoinRequest)

    with pytest.raises(LinkNotFound):
        school.app.run(confirm_join, ConfirmJoin(school.app.links.token(LinkKind.SHARED, request.id)), LEARNER)
