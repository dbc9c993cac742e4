"""What an owner does about the other staff members."""

from collections.abc import Callable

import pytest

from core.app import App
from core.context import Door, LinkHolder, SlackVisitor, StaffActor
from core.errors import (
    AlreadyThere,
    InvitationClosed,
    LastOwner,
    LinkNotFound,
    NotStaff,
    RoleMissing,
    StaffDetailsInvalid,
    StaffNotFound,
)
from core.letters import StaffInvitationLetter
from core.model import OutboundMessage, ProviderGrant, SlackUser, StaffMember, StaffSession
from core.rules.links import CodeKind
from core.rules.policy import PAGE_ROWS, STAFF_INVITATION_LIFE
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.staff.cards import ProviderCard, StaffCard, StaffState
from core.usecases.staff.colleagues import (
    ChangeColleague,
    ColleagueInvited,
    DisableColleague,
    DisableStaffMember,
    EnableColleague,
    InviteColleague,
    ListProviders,
    ListStaff,
    ReinviteColleague,
    ShowColleague,
    StaffListed,
    change_colleague,
    disable_colleague,
    disable_staff_member,
    enable_colleague,
    invite_colleague,
    list_providers,
    list_staff,
    reinvite_colleague,
    show_colleague,
)
from core.usecases.staff.sign_in import AskToSignIn, SignInByLink, ask_to_sign_in, sign_in_by_link
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    WhoIs,
    ask_for_code,
    bind_workspace,
    confirm_code,
    who_is,
)
from core.usecases.staff.staff import AcceptStaffInvitation, accept_staff_invitation
from core.words import MessageKind, Role
from tests.core.usecases.acting import at_once, clock_of, dump, everything, only, refusal_of
from tests.factories import LEARNER, OPERATOR, SYSTEM, School, counted_queries

SIXTH_FORM = ProviderCard("10000001", "Northfield Sixth Form")
ADULTS = ProviderCard("10000002", "Northfield Adult Learning")


def listed(school: School, search: str = "", page: int = 1) -> StaffListed:
    return school.app.read(list_staff, ListStaff(search, page), school.owner)


def card(school: School, staff_id: int) -> StaffCard:
    return school.app.read(show_colleague, ShowColleague(staff_id), school.owner).staff


def invite(school: School, email: str = "bo@north.example.org", role: Role = Role.MANAGER, *ukprns: str) -> StaffCard:
    return school.app.run(invite_colleague, InviteColleague(email, role, "Bo", "Young", ukprns), school.owner).staff


def accept(school: School, staff_id: int) -> StaffActor:
    (token,) = (each.token for each in letters(school.app) if _is_about(school, each, staff_id))
    school.app.run(accept_staff_invitation, AcceptStaffInvitation(token), LinkHolder())
    return StaffActor(school.organisation_id, staff_id, Door.SLACK)


def letters(app: App) -> list[StaffInvitationLetter]:
    waiting = everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.STAFF_INVITATION)
    loaded = app.read(load_letters, LoadLetters(tuple(message.id for message in waiting)), SYSTEM)
    return [letter for letter in loaded.letters if isinstance(letter, StaffInvitationLetter)]


def _is_about(school: School, letter: StaffInvitationLetter, staff_id: int) -> bool:
    return letter.head.recipient == only(school.app, StaffMember, StaffMember.id == staff_id).email


def disable(school: School, staff_id: int, actor: StaffActor | None = None) -> StaffCard:
    return school.app.run(disable_colleague, DisableColleague(staff_id), actor or school.owner).staff


# --- The list ---------------------------------------------------------------------------------------------


def test_the_list_says_who_works_here_and_as_what(school: School) -> None:
    invited = invite(school)

    rows = {row.email: row for row in listed(school).rows}

    assert listed(school).total == 4
    assert (rows["olive@north.example.org"].is_asker, rows["olive@north.example.org"].role) == (True, Role.OWNER)
    assert rows["max@northfield.example.org"].providers == (ADULTS,)
    assert rows["max@northfield.example.org"].state is StaffState.WORKING
    assert rows["vera@northfield.example.org"].providers == ()
    assert (rows[invited.email].state, rows[invited.email].is_in_slack) == (StaffState.INVITED, False)


def test_the_list_is_searched_and_paged(school: School) -> None:
    for number in range(12):
        invite(school, f"bo{number:02}@north.example.org")

    first, second = listed(school, "bo"), listed(school, "bo", 2)
    beyond = listed(school, "bo", 99)

    assert (first.total, first.page_count, len(first.rows), len(second.rows)) == (12, 2, PAGE_ROWS, 2)
    assert beyond.rows == second.rows
    assert not {row.staff_id for row in first.rows} & {row.staff_id for row in second.rows}
    assert [row.name for row in listed(school, "OLIVE own").rows] == ["Olive Owner"]
    assert listed(school, "%").total == 0


@pytest.mark.slow  # Load: it guards how much is asked of a database, not what is answered.
def test_a_longer_list_takes_as_many_queries(school: School) -> None:
    with counted_queries(school.app.engine) as few:
        listed(school)
    for number in range(30):
        invite(school, f"bo{number:02}@north.example.org", Role.MANAGER, "10000001", "10000002")
    with counted_queries(school.app.engine) as many:
        listed(school)

    assert len(few) == len(many)


def test_providers_are_found_by_name_and_number(school: School) -> None:
    def found(search: str) -> tuple[ProviderCard, ...]:
        return school.app.read(list_providers, ListProviders(search), school.owner).providers

    assert found("") == (ADULTS, SIXTH_FORM)
    assert found("sixth") == (SIXTH_FORM,)
    assert found("10000002") == (ADULTS,)


# --- Inviting ---------------------------------------------------------------------------------------------


def test_an_invited_colleague_gets_a_mail_accepts_and_works(school: School) -> None:
    invited = invite(school, "bo@north.example.org", Role.MANAGER, "10000001")

    bo = accept(school, invited.staff_id)

    assert (invited.state, invited.providers) == (StaffState.INVITED, (SIXTH_FORM,))
    assert card(school, invited.staff_id).state is StaffState.WORKING
    assert school.app.read(list_choosable_runs, ListChoosableRuns(), bo).total > 0


@pytest.mark.parametrize(
    ("email", "ukprns", "error"),
    [
        ("olive@north.example.org", (), AlreadyThere),
        ("no address", (), StaffDetailsInvalid),
        ("bo@north.example.org", ("19999999",), StaffDetailsInvalid),
    ],
)
def test_what_cannot_be_invited_is_refused_and_nothing_is_stored(
    school: School, email: str, ukprns: tuple[str, ...], error: type[Exception]
) -> None:
    before = dump(school.app, "audit_entry")

    with pytest.raises(error):
        invite(school, email, Role.MANAGER, *ukprns)

    assert dump(school.app, "audit_entry") == before


def test_an_owner_looks_after_all_providers_whatever_was_chosen(school: School) -> None:
    invited = invite(school, "bo@north.example.org", Role.OWNER, "10000001")

    assert invited.providers == ()
    assert not everything(school.app, ProviderGrant, ProviderGrant.staff_id == invited.staff_id)


def test_an_invitation_that_is_too_old_is_made_anew_with_another_link(school: School) -> None:
    invited = invite(school)
    (former,) = (each.token for each in letters(school.app) if _is_about(school, each, invited.staff_id))
    clock_of(school.app).now += STAFF_INVITATION_LIFE
    old = card(school, invited.staff_id).state

    again = school.app.run(reinvite_colleague, ReinviteColleague(invited.staff_id), school.owner)

    assert old is StaffState.TOO_OLD
    assert (again.staff.state, again.until) == (StaffState.INVITED, school.app.clock() + STAFF_INVITATION_LIFE)
    with pytest.raises(LinkNotFound):
        school.app.run(accept_staff_invitation, AcceptStaffInvitation(former), LEARNER)
    accept(school, invited.staff_id)
    assert card(school, invited.staff_id).state is StaffState.WORKING


def test_two_who_invite_again_at_once_make_two_links_and_the_newer_counts(school: School) -> None:
    invited = invite(school)

    results = at_once(
        *([lambda: school.app.run(reinvite_colleague, ReinviteColleague(invited.staff_id), school.owner)] * 2)
    )

    assert [type(result) for result in results] == [ColleagueInvited] * 2
    accept(school, invited.staff_id)


def test_who_has_answered_or_is_disabled_is_not_invited_again(school: School) -> None:
    invited = invite(school)
    disable(school, invited.staff_id)

    for staff_id in (school.viewer.staff_id, invited.staff_id):
        with pytest.raises(InvitationClosed):
            school.app.run(reinvite_colleague, ReinviteColleague(staff_id), school.owner)


# --- Changing ---------------------------------------------------------------------------------------------


def test_role_and_providers_change_and_count_at_once(school: School) -> None:
    command = ChangeColleague(school.viewer.staff_id, Role.MANAGER, ("10000001",))

    changed = school.app.run(change_colleague, command, school.owner).staff
    all_again = school.app.run(
        change_colleague, ChangeColleague(school.viewer.staff_id, Role.MANAGER, ()), school.owner
    ).staff

    assert (changed.role, changed.providers) == (Role.MANAGER, (SIXTH_FORM,))
    assert all_again.providers == ()


def test_providers_that_are_not_named_stay(school: School) -> None:
    command = ChangeColleague(school.manager.staff_id, Role.VIEWER, None)

    changed = school.app.run(change_colleague, command, school.owner).staff

    assert (changed.role, changed.providers) == (Role.VIEWER, (ADULTS,))


def test_the_last_owner_stays_one(school: School) -> None:
    me = school.owner.staff_id
    before = dump(school.app, "audit_entry")

    with pytest.raises(LastOwner):
        school.app.run(change_colleague, ChangeColleague(me, Role.MANAGER, ()), school.owner)
    with pytest.raises(LastOwner):
        disable(school, me)
    with pytest.raises(LastOwner):
        school.app.run(disable_staff_member, DisableStaffMember("northfield", "olive@north.example.org"), OPERATOR)

    assert dump(school.app, "audit_entry") == before


def test_an_owner_who_has_not_accepted_is_no_owner_to_rely_on(school: School) -> None:
    invite(school, role=Role.OWNER)

    with pytest.raises(LastOwner):
        disable(school, school.owner.staff_id)


def test_with_another_working_owner_one_may_go(school: School) -> None:
    bo = accept(school, invite(school, role=Role.OWNER).staff_id)

    gone = disable(school, school.owner.staff_id)

    assert gone.state is StaffState.DISABLED
    with pytest.raises(NotStaff):
        listed(school)
    assert school.app.read(list_staff, ListStaff(), bo).total == 4


def test_two_owners_who_disable_each_other_at_once_leave_one(school: School) -> None:
    bo = accept(school, invite(school, role=Role.OWNER).staff_id)

    at_once(
        lambda: disable(school, bo.staff_id),
        lambda: disable(school, school.owner.staff_id, bo),
    )

    working = everything(
        school.app,
        StaffMember,
        StaffMember.role == Role.OWNER,
        StaffMember.disabled_at.is_(None),
        StaffMember.organisation_id == school.organisation_id,
    )
    assert len(working) == 1


# --- Disabling and enabling -------------------------------------------------------------------------------


def test_who_is_disabled_is_signed_out_disconnected_and_refused_and_comes_back(school: School) -> None:
    vera = SlackVisitor("", "T1", "U2", "vera@northfield.example.org")
    school.app.run(bind_workspace, BindWorkspace(school.setup_code), vera)
    _link(school, vera)
    _sign_in(school, vera.email)

    disabled = disable(school, school.viewer.staff_id)

    assert (disabled.state, disabled.is_in_slack) == (StaffState.DISABLED, False)
    assert school.app.read(who_is, WhoIs(), vera).staff is None
    assert everything(school.app, StaffSession) == []
    with pytest.raises(NotStaff):
        school.app.read(list_choosable_runs, ListChoosableRuns(), school.viewer)
    enabled = school.app.run(enable_colleague, EnableColleague(school.viewer.staff_id), school.owner).staff
    assert enabled.state is StaffState.WORKING
    assert school.app.read(who_is, WhoIs(), vera).staff is None
    _link(school, vera)
    assert card(school, school.viewer.staff_id).is_in_slack


def _link(school: School, visitor: SlackVisitor) -> None:
    school.app.run(ask_for_code, AskForCode(), visitor)
    user = only(school.app, SlackUser)
    code = school.app.links.code(CodeKind.SLACK_LINK, user.id, user.generation)
    school.app.run(confirm_code, ConfirmCode(code), visitor)


def _sign_in(school: School, email: str) -> None:
    browser = school.app.run(ask_to_sign_in, AskToSignIn(email, ""), SYSTEM).browser
    message = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.SIGN_IN)
    (letter,) = school.app.read(load_letters, LoadLetters((message.id,)), SYSTEM).letters
    assert not isinstance(letter, StaffInvitationLetter)
    school.app.run(sign_in_by_link, SignInByLink(letter.token, browser), LEARNER)  # type: ignore[union-attr]


def test_disabling_twice_keeps_the_first_moment(school: School) -> None:
    disable(school, school.viewer.staff_id)
    first = only(school.app, StaffMember, StaffMember.id == school.viewer.staff_id).disabled_at
    clock_of(school.app).advance(minutes=1)

    disable(school, school.viewer.staff_id)

    assert only(school.app, StaffMember, StaffMember.id == school.viewer.staff_id).disabled_at == first


def test_an_operator_disables_by_address(school: School) -> None:
    command = DisableStaffMember("northfield", "Vera@Northfield.example.org")

    disabled = school.app.run(disable_staff_member, command, OPERATOR)

    assert disabled.name == "Vera Example"
    for wrong in (DisableStaffMember("southgate", command.email), DisableStaffMember("northfield", "x@example.org")):
        with pytest.raises(StaffNotFound):
            school.app.run(disable_staff_member, wrong, OPERATOR)


@pytest.mark.parametrize("who", ["manager", "viewer"])
def test_only_an_owner_looks_after_staff(school: School, who: str) -> None:
    actor: StaffActor = getattr(school, who)
    before = dump(school.app, "audit_entry")

    tried: list[tuple[Callable[..., object], object]] = [
        (list_staff, ListStaff()),
        (show_colleague, ShowColleague(school.owner.staff_id)),
        (invite_colleague, InviteColleague("bo@example.org", Role.OWNER, "Bo", "Young")),
        (change_colleague, ChangeColleague(actor.staff_id, Role.OWNER, ())),
        (disable_colleague, DisableColleague(school.owner.staff_id)),
        (enable_colleague, EnableColleague(actor.staff_id)),
    ]
    for usecase, command in tried:
        assert isinstance(refusal_of(school.app, usecase, command, actor), RoleMissing)

    assert dump(school.app, "audit_entry") == before
