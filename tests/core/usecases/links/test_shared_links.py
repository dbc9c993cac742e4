"""Shared links, as staff look after them."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import (
    CapInvalid,
    CoursePaidFor,
    DomainsInvalid,
    ProviderNotGranted,
    RoleMissing,
    RunNotChoosable,
    RunNotFound,
    SharedLinkClosed,
    UndoOver,
)
from core.model import Agreement, SharedLink
from core.rules.links import LinkKind
from core.rules.policy import UNDO_LIFE
from core.usecases.links.lists import ListSharedLinks, SharedLinksListed, list_shared_links
from core.usecases.links.settings import read_cap, read_domains
from core.usecases.links.shared_links import (
    CreateSharedLink,
    ExtendSharedLink,
    PauseSharedLink,
    RestoreSharedLink,
    ResumeSharedLink,
    RevokeSharedLink,
    create_shared_link,
    extend_shared_link,
    pause_shared_link,
    restore_shared_link,
    resume_shared_link,
    revoke_shared_link,
)
from core.usecases.links.showing import LinkEvent
from core.words import LinkRule, SharedLinkState
from tests.core.usecases.acting import MATHS, POETRY, SAFETY, at_once, change, clock_of, everything, only
from tests.core.usecases.sharing import join, move_run, settle, share, shown
from tests.factories import NOW, School, counted_queries


def listed(school: School, search: str = "", page: int = 1) -> SharedLinksListed:
    return school.app.read(list_shared_links, ListSharedLinks(search, page), school.owner)


def expired_for(school: School, link_id: int, **time: float) -> None:
    clock_of(school.app).now = shown(school, link_id).ends_at + timedelta(**time)


# --- Making -----------------------------------------------------------------------------------------------


def test_asking_again_offers_the_same_link(school: School) -> None:
    first = share(school)

    again = share(school, "maths")

    assert (first.event, again.event) == (LinkEvent.CREATED, LinkEvent.FOUND)
    assert again.link_id == first.link_id
    assert len(everything(school.app, SharedLink)) == 1


def test_an_open_course_has_one_link_whichever_run_was_named(school: School) -> None:
    assert share(school, MATHS).link_id == share(school, "MATHS-2026-09").link_id
    assert shown(school, share(school).link_id).code == "maths"


def test_each_invite_only_run_has_its_own_link(school: School) -> None:
    first, second = share(school, SAFETY), share(school, "safety-2026-10")

    assert first.link_id != second.link_id
    assert shown(school, first.link_id).code == SAFETY


def test_two_colleagues_who_ask_at_once_get_the_same_link(school: School) -> None:
    results = at_once(*([lambda: share(school)] * 4))

    assert len({result.link_id for result in results}) == 1  # type: ignore[attr-defined]  # An error would fail here.
    assert len(everything(school.app, SharedLink)) == 1


def test_the_code_of_an_invite_only_course_names_its_runs(school: School) -> None:
    with pytest.raises(RunNotFound) as refused:
        share(school, "safety")

    assert refused.value.values["nearest"] == (SAFETY, "safety-2026-10")


def test_nobody_shares_a_paid_for_course_or_a_run_that_is_closed(school: School) -> None:
    with pytest.raises(CoursePaidFor):
        share(school, "coding")
    move_run(school, SAFETY, enrolment_closes_at=NOW)
    with pytest.raises(RunNotChoosable):
        share(school, SAFETY)


def test_who_may_share(school: School) -> None:
    with pytest.raises(RoleMissing):
        share(school, by=school.viewer)
    with pytest.raises(ProviderNotGranted):
        share(school, SAFETY, by=school.manager)
    assert share(school, MATHS, by=school.manager).event is LinkEvent.CREATED
    link = share(school, SAFETY)
    with pytest.raises(ProviderNotGranted):
        shown(school, link.link_id, by=school.manager)


def test_another_organisations_course_is_shared_only_under_an_agreement(school: School) -> None:
    link = share(school, "poetry")
    assert shown(school, link.link_id).leads_to == POETRY

    change(school.app, Agreement, only(school.app, Agreement).id, ends_at=NOW)

    assert shown(school, link.link_id).state is SharedLinkState.WAITING
    with pytest.raises(RunNotFound):
        share(school, "poetry")


# --- What ends it, and its state --------------------------------------------------------------------------


def test_the_rule_that_ends_it_is_named(school: School) -> None:
    maths, safety, late = (shown(school, share(school, code).link_id) for code in ("maths", SAFETY, "safety-2026-10"))

    assert (maths.ends_by, maths.ends_at) == (LinkRule.SIX_MONTHS, datetime(2026, 9, 2, 23, tzinfo=UTC))
    assert safety.ends_by is LinkRule.ENROLMENT_CLOSE
    assert (late.ends_by, late.ends_at) == (LinkRule.THIRTEEN_WEEKS, datetime(2026, 6, 1, 23, tzinfo=UTC))


def test_an_open_course_waits_while_no_run_takes_learners_and_is_not_expired(school: School) -> None:
    link = share(school).link_id
    for code in (MATHS, "maths-2026-09"):
        move_run(school, code, enrolment_opens_at=NOW + timedelta(days=20 if code == MATHS else 90))

    waiting = shown(school, link)

    assert waiting.state is SharedLinkState.WAITING
    assert waiting.opens_at == NOW + timedelta(days=20)


def test_the_states_in_their_order(school: School) -> None:
    link = share(school).link_id
    settle(school, link, cap="1")
    states = [shown(school, link).state]
    join(school, link)
    states.append(shown(school, link).state)
    school.app.run(pause_shared_link, PauseSharedLink(link), school.owner)
    states.append(shown(school, link).state)
    clock_of(school.app).now = shown(school, link).ends_at
    states.append(shown(school, link).state)
    school.app.run(revoke_shared_link, RevokeSharedLink(link), school.owner)
    states.append(shown(school, link).state)

    assert states == ["open", "full", "paused", "expired", "revoked"]


# --- Changing ---------------------------------------------------------------------------------------------


def test_a_paused_link_goes_on_after_resuming(school: School) -> None:
    link = share(school).link_id
    school.app.run(pause_shared_link, PauseSharedLink(link), school.owner)
    with pytest.raises(SharedLinkClosed):
        join(school, link)

    school.app.run(resume_shared_link, ResumeSharedLink(link), school.owner)

    join(school, link)
    assert shown(school, link).joins == 1


def test_a_revoked_link_comes_back_within_ten_minutes(school: School) -> None:
    link = share(school).link_id
    school.app.run(revoke_shared_link, RevokeSharedLink(link), school.owner)
    clock_of(school.app).now += UNDO_LIFE - timedelta(seconds=1)

    school.app.run(restore_shared_link, RestoreSharedLink(link), school.owner)

    assert shown(school, link).state is SharedLinkState.OPEN


def test_a_revoked_link_does_not_come_back_later_or_beside_another(school: School) -> None:
    link = share(school).link_id
    school.app.run(revoke_shared_link, RevokeSharedLink(link), school.owner)
    successor = share(school)
    with pytest.raises(SharedLinkClosed):
        school.app.run(restore_shared_link, RestoreSharedLink(link), school.owner)
    clock_of(school.app).now += UNDO_LIFE
    with pytest.raises(UndoOver, match="more than 10 minutes ago"):
        school.app.run(restore_shared_link, RestoreSharedLink(link), school.owner)

    assert successor.event is LinkEvent.CREATED
    assert successor.link_id != link


def test_an_expired_link_is_offered_again_and_extended_with_the_same_address(school: School) -> None:
    link = share(school).link_id
    url = shown(school, link).url
    expired_for(school, link, days=1)

    offered = share(school)
    extended = school.app.run(extend_shared_link, ExtendSharedLink(link), school.owner)

    assert (offered.event, offered.link_id) == (LinkEvent.EXPIRED, link)
    assert extended.event is LinkEvent.EXTENDED
    assert shown(school, link).state is not SharedLinkState.EXPIRED
    assert shown(school, link).url == url


def test_a_link_that_expired_long_ago_is_hidden_and_replaced(school: School) -> None:
    link = share(school).link_id
    expired_for(school, link, days=190)

    assert listed(school).total == 0
    with pytest.raises(SharedLinkClosed):
        school.app.run(extend_shared_link, ExtendSharedLink(link), school.owner)
    fresh = share(school)

    assert fresh.event is LinkEvent.CREATED
    assert len(everything(school.app, SharedLink)) == 2


def test_no_extension_goes_past_the_runs_close(school: School) -> None:
    link = share(school, SAFETY).link_id
    clock_of(school.app).now += timedelta(days=60)
    school.app.run(extend_shared_link, ExtendSharedLink(link), school.owner)
    assert shown(school, link).ends_by is LinkRule.ENROLMENT_CLOSE

    clock_of(school.app).now = shown(school, link).ends_at

    with pytest.raises(SharedLinkClosed):
        school.app.run(extend_shared_link, ExtendSharedLink(link), school.owner)
    assert not shown(school, link).can_extend


# --- Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "cap"), [("", None), ("  ", None), ("1", 1), ("1,000", 1000), ("100000", 100_000)])
def test_a_cap_is_a_whole_number_or_none(typed: str, cap: int | None) -> None:
    assert read_cap(typed) == cap


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "ten", "100001", "٣", "²", "9" * 400])
def test_what_is_no_cap_is_refused(typed: str) -> None:
    with pytest.raises(CapInvalid):
        read_cap(typed)


def test_domains_are_read_as_people_write_them() -> None:
    assert read_domains("@North.example.org, south.example.org;north.example.org") == (
        "north.example.org",
        "south.example.org",
    )
    assert read_domains("googlemail.com") == ("gmail.com",)


@pytest.mark.parametrize("typed", ["north", "a@north.example.org", "<script>", "x" * 300, " ".join(["d{}.org"] * 2)])
def test_what_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(DomainsInvalid):
        read_domains(typed)


def test_setting_a_cap_counts_those_who_joined_before_it(school: School) -> None:
    link = share(school).link_id
    join(school, link, "a@example.org")
    join(school, link, "b@example.org")

    settle(school, link, cap="2")

    assert shown(school, link).state is SharedLinkState.FULL
    settle(school, link)
    join(school, link, "c@example.org")
    assert shown(school, link).joins == 3


def test_domains_imply_a_confirmed_address(school: School) -> None:
    link = share(school).link_id

    settle(school, link, domains="north.example.org")

    assert shown(school, link).confirms_address


# --- Listing ----------------------------------------------------------------------------------------------


def test_the_list_has_current_ones_first_and_counts_joins(school: School) -> None:
    safety, maths = share(school, SAFETY).link_id, share(school).link_id
    join(school, maths)
    clock_of(school.app).now += timedelta(days=8)
    join(school, maths, "bo@example.org")
    expired_for(school, safety, days=1)

    found = listed(school)

    assert [(row.link_id, row.state) for row in found.links] == [(maths, "open"), (safety, "expired")]
    assert [(row.joins, row.joins_of_week) for row in found.links] == [(2, 0), (0, 0)]
    assert [row.link_id for row in listed(school, "lab").links] == [safety]


def test_the_list_takes_a_constant_number_of_queries(school: School) -> None:
    share(school, SAFETY)
    with counted_queries(school.app.engine) as few:
        listed(school)
    for code in ("safety-2026-10", "maths"):
        share(school, code)

    with counted_queries(school.app.engine) as many:
        found = listed(school)

    assert found.total == 3
    assert len(many) == len(few)


def test_no_link_is_stored(school: School) -> None:
    made = school.app.run(create_shared_link, CreateSharedLink(MATHS), school.owner, key="slack:1")
    token = school.app.links.token(LinkKind.SHARED, made.link_id)

    assert token in shown(school, made.link_id).url
    assert token not in repr(made)
