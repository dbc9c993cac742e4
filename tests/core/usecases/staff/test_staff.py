"""Staff members: invited by mail, working once they accepted."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.errors import AlreadyThere, InvitationClosed, LinkNotFound, OrganisationNotFound, StaffDetailsInvalid
from core.letters import StaffInvitationLetter
from core.model import Organisation, OutboundMessage, ProviderGrant, StaffMember
from core.rules.policy import STAFF_INVITATION_LIFE, TERMS_VERSION
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.staff.organisations import CreateOrganisation, create_organisation
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    InviteStaffMember,
    ShowStaffInvitation,
    StaffMemberInvited,
    accept_staff_invitation,
    invite_staff_member,
    show_staff_invitation,
)
from core.words import MessageKind, Role
from tests.core.usecases.acting import change, clock_of, everything, only
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM, School

BO = InviteStaffMember("northfield", "Bo", "Young", "bo@north.example.org", Role.MANAGER)


def add(school: School, **details: object) -> StaffMemberInvited:
    return school.app.run(invite_staff_member, replace(BO, **details), OPERATOR)


def stored(school: School, email: str = BO.email) -> StaffMember:
    return only(school.app, StaffMember, StaffMember.email == email)


def test_an_invited_colleague_gets_a_mail_and_accepts(school: School) -> None:
    invited = add(school)
    message = only(school.app, OutboundMessage, OutboundMessage.about_id == invited.staff_id)
    shown = school.app.read(show_staff_invitation, ShowStaffInvitation(invited.token), LEARNER)

    accepted = school.app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), LEARNER)

    assert (message.kind, message.recipient) == (MessageKind.STAFF_INVITATION, BO.email)
    assert (shown.organisation, shown.needs_terms, shown.is_accepted) == ("Northfield College", False, False)
    assert (accepted.name, accepted.role) == ("Bo Young", Role.MANAGER)
    assert stored(school).accepted_at == NOW


def test_accepting_twice_keeps_the_first_moment(school: School) -> None:
    invited = add(school)
    school.app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), LEARNER)
    clock_of(school.app).advance(days=30)

    school.app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), LEARNER)

    assert stored(school).accepted_at == NOW


def test_an_invitation_lives_for_two_weeks(school: School) -> None:
    early, late = add(school), add(school, email="late@north.example.org")

    clock_of(school.app).now = NOW + STAFF_INVITATION_LIFE - timedelta(microseconds=1)
    school.app.run(accept_staff_invitation, AcceptStaffInvitation(early.token), LEARNER)
    clock_of(school.app).now = NOW + STAFF_INVITATION_LIFE

    with pytest.raises(InvitationClosed):
        school.app.run(accept_staff_invitation, AcceptStaffInvitation(late.token), LEARNER)


def test_an_owner_accepts_the_terms_for_the_organisation(school: School) -> None:
    command = CreateOrganisation("eastgate", "Eastgate", "UTC", "Eve", "East", "eve@east.example.org")
    created = school.app.run(create_organisation, command, OPERATOR)
    manager = add(school, organisation="eastgate")

    school.app.run(accept_staff_invitation, AcceptStaffInvitation(manager.token), LEARNER)
    before = only(school.app, Organisation, Organisation.slug == "eastgate").terms_accepted_at
    shown = school.app.read(show_staff_invitation, ShowStaffInvitation(created.owner.token), LEARNER)
    school.app.run(accept_staff_invitation, AcceptStaffInvitation(created.owner.token), LEARNER)

    organisation = only(school.app, Organisation, Organisation.slug == "eastgate")
    assert before is None
    assert (shown.needs_terms, shown.terms_version) == (True, TERMS_VERSION)
    assert (organisation.terms_version, organisation.terms_accepted_at) == (TERMS_VERSION, NOW)


@pytest.mark.parametrize("change_of", [{"disabled_at": NOW}, {"generation": 1}])
def test_the_link_of_somebody_who_left_or_got_a_newer_one_is_not_known(
    school: School, change_of: dict[str, object]
) -> None:
    invited = add(school)
    change(school.app, StaffMember, invited.staff_id, **change_of)

    with pytest.raises(LinkNotFound):
        school.app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), LEARNER)


def test_a_colleague_is_invited_in_each_organisation(school: School) -> None:
    assert not add(school).is_again
    assert not add(school, organisation="southgate").is_again


def test_an_invitation_that_is_too_old_is_renewed_by_inviting_again(school: School) -> None:
    first = add(school)
    clock_of(school.app).now = NOW + STAFF_INVITATION_LIFE
    again = add(school, email="BO@north.example.org")

    clock_of(school.app).now += STAFF_INVITATION_LIFE - timedelta(microseconds=1)
    with pytest.raises(LinkNotFound):
        school.app.run(accept_staff_invitation, AcceptStaffInvitation(first.token), LEARNER)
    accepted = school.app.run(accept_staff_invitation, AcceptStaffInvitation(again.token), LEARNER)

    assert (again.staff_id, again.is_again) == (first.staff_id, True)
    assert accepted.name == "Bo Young"
    assert stored(school).created_at == NOW


def test_inviting_again_mails_again_with_the_newest_link_only(school: School) -> None:
    invited = add(school)
    again = add(school)

    mails = everything(school.app, OutboundMessage, OutboundMessage.about_id == invited.staff_id)
    loaded = school.app.read(load_letters, LoadLetters(tuple(each.id for each in mails)), SYSTEM)
    tokens = {letter.token for letter in loaded.letters if isinstance(letter, StaffInvitationLetter)}

    assert len(mails) == 2
    assert tokens == {again.token}


@pytest.mark.parametrize("change_of", [{"accepted_at": NOW}, {"disabled_at": NOW}])
def test_who_has_answered_or_left_is_not_invited_again(school: School, change_of: dict[str, object]) -> None:
    invited = add(school)
    change(school.app, StaffMember, invited.staff_id, **change_of)

    with pytest.raises(AlreadyThere):
        add(school)

    assert stored(school).generation == 0
    assert len(everything(school.app, OutboundMessage, OutboundMessage.about_id == invited.staff_id)) == 1


def test_inviting_again_changes_nobody_s_role(school: School) -> None:
    add(school, role=Role.OWNER)

    with pytest.raises(StaffDetailsInvalid) as invalid:
        add(school)

    assert "as owner already" in invalid.value.message
    assert (stored(school).role, stored(school).generation) == (Role.OWNER, 0)


def test_two_addresses_that_are_spelled_alike_as_usernames_get_two_usernames(school: School) -> None:
    for email in ("a+b@north.example.org", "a_b@north.example.org", "a!b@north.example.org"):
        add(school, email=email)

    usernames = {staff.username for staff in everything(school.app, StaffMember) if staff.email.startswith("a")}
    assert usernames == {"a_b@north.example.org", "a_b@north.example.org-2", "a_b@north.example.org-3"}


@pytest.mark.parametrize(
    ("flaw", "word"),
    [
        ({"first_name": " "}, "first name"),
        ({"last_name": "\x00"}, "last name"),
        ({"email": "nobody"}, "nobody"),
        ({"providers": ("10000001", "19999999")}, "19999999"),
    ],
)
def test_what_cannot_be_used_is_named_and_nobody_is_invited(school: School, flaw: dict[str, object], word: str) -> None:
    before = len(everything(school.app, StaffMember))

    with pytest.raises(StaffDetailsInvalid) as invalid:
        add(school, **flaw)

    assert word in invalid.value.message
    assert len(everything(school.app, StaffMember)) == before


def test_an_organisation_that_is_not_there_is_not_found(school: School) -> None:
    with pytest.raises(OrganisationNotFound):
        add(school, organisation="nowhere")


def test_grants_name_providers_of_the_own_organisation(school: School) -> None:
    invited = add(school, providers=("10000001", "10000001", "10000002"))

    assert len(everything(school.app, ProviderGrant, ProviderGrant.staff_id == invited.staff_id)) == 2
    assert not stored(school).all_providers
    with pytest.raises(StaffDetailsInvalid):
        add(school, organisation="southgate", providers=("10000001",))
