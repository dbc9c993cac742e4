"""Joining by a shared link."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.errors import AddressInvalid, DomainNotAllowed, LinkNotFound, NameMissing, SharedLinkClosed
from core.model import (
    Agreement,
    Charge,
    CourseRun,
    Enrolment,
    Invitation,
    JoinRequest,
    Learner,
    OutboundMessage,
    SharedLink,
)
from core.rules.links import LinkKind
from core.rules.policy import SAME_PRESS
from core.usecases.links.joining import ConfirmationMailed, JoinByLink, JoinedByLink, join_by_link
from core.usecases.links.looking import LookAtLink, look_at_link
from core.usecases.links.places import ShowPlace, StopMails, show_place, stop_mails_of_place
from core.usecases.links.shared_links import PauseSharedLink, RevokeSharedLink, pause_shared_link, revoke_shared_link
from core.words import InvitationState, JoinedBy, MessageKind, SharedLinkState
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    at_once,
    change,
    clock_of,
    dump,
    everything,
    invite,
    jobs_of,
    newest,
    only,
)
from tests.core.usecases.sharing import confirm, join, link_token, look, move_run, settle, share, shown
from tests.factories import LEARNER, NOW, School, counted_queries

ADA = "ada@example.org"


def run_id(school: School, code: str) -> int:
    return only(school.app, CourseRun, CourseRun.code == code).id


def test_somebody_with_the_link_is_on_the_run_at_once(school: School) -> None:
    link = share(school).link_id

    joined = join(school, link)

    enrolment = only(school.app, Enrolment)
    assert isinstance(joined, JoinedByLink)
    assert joined.run.code == MATHS
    assert (enrolment.joined_by, enrolment.shared_link_id) == (JoinedBy.SHARED_LINK, link)
    assert only(school.app, Charge).price_pence == 2450
    assert only(school.app, Learner).first_name == "Ada"


def test_looking_changes_nothing(school: School) -> None:
    link = share(school).link_id
    before = dump(school.app)

    looked_at = look(school, link)

    assert (looked_at.state, looked_at.run and looked_at.run.code) == (SharedLinkState.OPEN, MATHS)
    assert dump(school.app) == before


def test_joining_twice_says_the_same_and_joins_once(school: School) -> None:
    link = share(school).link_id

    first, second = join(school, link), join(school, link)

    assert first == second
    assert len(everything(school.app, Enrolment)) == len(everything(school.app, Charge)) == 1
    assert len(everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.JOINED)) == 1


def test_two_clicks_at_once_join_once_and_both_see_the_good_page(school: School) -> None:
    link = share(school).link_id
    settle(school, link, cap="1")

    results = at_once(lambda: join(school, link), lambda: join(school, link))

    assert [type(result) for result in results] == [JoinedByLink] * 2
    assert len(everything(school.app, Enrolment)) == 1


def test_a_learner_who_is_known_is_the_same_learner(school: School) -> None:
    invite(school, ADA, run=SAFETY)
    accept(school.app, ADA)

    join(school, share(school).link_id, "ADA@example.org")

    assert only(school.app, Learner).first_name == "Bo"
    assert len(everything(school.app, Enrolment)) == 2


def test_somebody_who_was_removed_or_left_is_back_once_they_confirmed_their_address(school: School) -> None:
    link = share(school).link_id
    join(school, link)
    change(school.app, Learner, only(school.app, Learner).id, removed_at=NOW)
    change(school.app, Enrolment, only(school.app, Enrolment).id, left_at=NOW)

    asked = join(school, link)
    removed = only(school.app, Learner).removed_at
    confirm(school)

    # Whoever holds the link may type anybody's address.
    assert isinstance(asked, ConfirmationMailed)
    assert removed == NOW
    assert only(school.app, Learner).removed_at is None
    assert only(school.app, Enrolment).left_at is None
    assert len(everything(school.app, Charge)) == 1


def test_a_pending_invitation_of_the_same_person_is_accepted_and_its_scoreboard_moves(school: School) -> None:
    invited = invite(school, ADA)
    with school.app.engine.begin() as connection:
        connection.execute(
            update(OutboundMessage).where(OutboundMessage.kind == MessageKind.SCOREBOARD).values(state="sent")
        )

    join(school, share(school).link_id)

    invitation = newest(school.app, ADA)
    assert invitation.state is InvitationState.ACCEPTED
    assert invitation.learner_id == only(school.app, Learner).id
    scoreboard = only(school.app, OutboundMessage, OutboundMessage.about_id == invited.confirmation_id)
    assert (scoreboard.state, scoreboard.generation) == ("pending", 1)


def test_an_invitation_to_another_address_of_the_learner_is_accepted_too(school: School) -> None:
    link = share(school).link_id
    invite(school, ADA, run=SAFETY)
    accept(school.app, ADA)
    learner = only(school.app, Learner)
    row = {"id": 5, "organisation_id": school.organisation_id, "learner_id": learner.id}
    with school.app.engine.begin() as connection:
        table = Learner.metadata.tables["learner_address"]
        connection.execute(table.insert(), [{**row, "address": "a2@example.org", "address_key": "a2@example.org"}])
    clock_of(school.app).advance(seconds=1)
    invite(school, "a2@example.org")

    join(school, link)

    assert only(school.app, Invitation, Invitation.address == "a2@example.org").state is InvitationState.ACCEPTED


def test_an_invitation_to_another_run_stays_open(school: School) -> None:
    invite(school, ADA, run=SAFETY)

    join(school, share(school).link_id)

    assert newest(school.app, ADA).state is InvitationState.PENDING


def test_the_run_of_an_open_course_is_the_one_at_the_click(school: School) -> None:
    link = share(school).link_id
    clock_of(school.app).now = NOW + timedelta(days=60)

    joined = join(school, link)

    assert isinstance(joined, JoinedByLink)
    assert joined.run.code == "maths-2026-09"


def test_a_run_that_does_not_take_learners_yet_is_passed_over(school: School) -> None:
    link = share(school).link_id
    move_run(school, MATHS, enrolment_opens_at=NOW + timedelta(days=1))

    joined = join(school, link)

    assert isinstance(joined, JoinedByLink)
    assert joined.run.code == "maths-2026-09"


def test_an_invite_only_link_leads_to_its_run_only(school: School) -> None:
    link = share(school, SAFETY).link_id
    move_run(school, SAFETY, enrolment_opens_at=NOW + timedelta(days=3))

    looked_at = look(school, link)

    assert (looked_at.state, looked_at.opens_at) == (SharedLinkState.WAITING, NOW + timedelta(days=3))
    with pytest.raises(SharedLinkClosed):
        join(school, link)


def test_the_price_of_another_organisations_course_is_that_of_the_agreement(school: School) -> None:
    link = share(school, "poetry").link_id

    for number in range(4):
        join(school, link, f"a{number}@example.org")

    charges = everything(school.app, Charge)
    assert {charge.price_pence for charge in charges} == {2000}
    assert sorted(charge.is_prepaid for charge in charges) == [False, True, True, True]
    assert {row.run_id for row in everything(school.app, Enrolment)} == {run_id(school, POETRY)}
    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)
    with pytest.raises(SharedLinkClosed):
        join(school, link, "late@example.org")


def test_a_link_that_is_paused_revoked_or_over_lets_nobody_in(school: School) -> None:
    link = share(school).link_id
    for act in (
        lambda: school.app.run(pause_shared_link, PauseSharedLink(link), school.owner),
        lambda: setattr(clock_of(school.app), "now", shown(school, link).ends_at),
        lambda: school.app.run(revoke_shared_link, RevokeSharedLink(link), school.owner),
    ):
        act()
        with pytest.raises(SharedLinkClosed):
            join(school, link)

    assert everything(school.app, Enrolment) == []


def test_a_link_of_another_kind_is_no_shared_link(school: School) -> None:
    link = share(school).link_id
    for token in (school.app.links.token(LinkKind.PLACE, link), school.app.links.token(LinkKind.SHARED, link, 1)):
        with pytest.raises(LinkNotFound):
            school.app.read(look_at_link, LookAtLink(token), LEARNER)


def test_what_is_missing_or_wrong_is_said(school: School) -> None:
    token = link_token(school, share(school).link_id)
    for command, error in (
        (JoinByLink(token, " ", "Marsh", ADA), NameMissing),
        (JoinByLink(token, "Ada", "", ADA), NameMissing),
        (JoinByLink(token, "Ada", "Marsh", "ada"), AddressInvalid),
        (JoinByLink(token, "Ada", "Marsh", ""), AddressInvalid),
    ):
        with pytest.raises(error):
            school.app.run(join_by_link, command, LEARNER)

    assert everything(school.app, Learner) == []


def test_a_domain_that_is_not_allowed_is_refused_by_name(school: School) -> None:
    link = share(school).link_id
    settle(school, link, domains="north.example.org example.net")

    for address in (ADA, "ada@sub.north.example.org", "ada@xnorth.example.org"):
        with pytest.raises(DomainNotAllowed, match=r"@north\.example\.org or @example\.net"):
            join(school, link, address)

    assert everything(school.app, JoinRequest) == []


def test_a_full_link_tells_for_a_few_minutes_only_who_is_on_the_course(school: School) -> None:
    link = share(school).link_id
    settle(school, link, cap="1")
    join(school, link)
    assert isinstance(join(school, link), JoinedByLink)
    with pytest.raises(SharedLinkClosed):
        join(school, link, "bo@example.org")

    clock_of(school.app).now += SAME_PRESS + timedelta(seconds=1)

    with pytest.raises(SharedLinkClosed):
        join(school, link)


def test_a_join_takes_few_statements(school: School) -> None:
    link = share(school).link_id
    join(school, link)

    with counted_queries(school.app.engine) as queries:
        join(school, link, "bo@example.org")

    changing = [query for query in queries if query.startswith(("INSERT", "UPDATE", "SELECT"))]
    # The lock is one more.
    assert len(changing) <= (11 if school.app.settings.is_sqlite else 12)
    # No row of the link is written, so that nobody waits for another.
    assert not any(query.startswith("UPDATE shared_link") for query in queries)


def test_the_welcome_mail_has_no_job_of_its_own(school: School) -> None:
    link = share(school).link_id
    join(school, link)
    jobs = len(jobs_of(school.app).jobs)

    join(school, link, "bo@example.org")

    assert len(jobs_of(school.app).jobs) == jobs
    waiting = everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.JOINED)
    assert {(row.state, row.not_before) for row in waiting} == {("pending", NOW)}


# --- The first one from outside ---------------------------------------------------------------------------


def test_of_several_first_joins_from_outside_at_once_one_is_told(school: School) -> None:
    link = share(school).link_id
    join(school, link, "pupil@north.example.org")
    assert everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.OUTSIDE_JOIN) == []

    results = at_once(*(lambda name=name: join(school, link, f"{name}@gmail.com") for name in "abcd"))

    assert [type(result) for result in results] == [JoinedByLink] * 4
    told = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.OUTSIDE_JOIN)
    assert told.recipient == f"staff:{school.owner.staff_id}"
    assert only(school.app, SharedLink).outside_domain == "gmail.com"


# --- The place --------------------------------------------------------------------------------------------


def test_the_link_in_the_welcome_mail_shows_the_place_and_stops_mails(school: School) -> None:
    join(school, share(school).link_id)
    token = school.app.links.token(LinkKind.PLACE, only(school.app, Enrolment).id)

    place = school.app.read(show_place, ShowPlace(token), LEARNER)
    stopped = [school.app.run(stop_mails_of_place, StopMails(token), LEARNER) for _ in range(2)]

    assert (place.run.code, place.is_on_run) == (MATHS, True)
    assert {each.organisation for each in stopped} == {"Northfield College"}
    with school.app.engine.connect() as connection:
        keys = connection.scalars(select(Learner.metadata.tables["suppression"].c.address_key)).all()
    assert keys == [ADA]
