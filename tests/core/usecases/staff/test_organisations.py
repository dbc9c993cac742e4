"""Organisations begin here."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.errors import AlreadyThere, NotAllowed, OrganisationNotFound, StaffDetailsInvalid, TermsNotAccepted
from core.model import Agreement, Course, Learner, Organisation, Provider, StaffMember
from core.rules.policy import SETUP_CODE_LIFE
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.staff.organisations import (
    AddAgreement,
    AddProvider,
    CreateOrganisation,
    ListOrganisations,
    NewSetupCode,
    OrganisationRow,
    add_agreement,
    add_provider,
    create_organisation,
    list_organisations,
    new_setup_code,
)
from core.words import Role
from tests.core.usecases.acting import change, everything, only, rival_before
from tests.core.usecases.progressing import enrol
from tests.factories import LEARNER, NOW, OPERATOR, School, counted_queries

EAST = CreateOrganisation("eastgate", "Eastgate", "Europe/London", "Eve", "East", "eve@east.example.org")
AGREEMENT = AddAgreement("northfield", "southgate", "secret", 100, 5, NOW, NOW + timedelta(days=9))


def test_an_organisation_begins_with_an_owner_and_a_setup_code(school: School) -> None:
    created = school.app.run(create_organisation, replace(EAST, slug=" EastGate "), OPERATOR)

    made = only(school.app, Organisation, Organisation.slug == "eastgate")
    owner = only(school.app, StaffMember, StaffMember.organisation_id == made.id)
    assert (created.organisation_id, created.slug) == (made.id, "eastgate")
    assert (owner.role, owner.email, owner.accepted_at) == (Role.OWNER, "eve@east.example.org", None)
    assert created.setup_code.startswith("eastgate-")
    assert created.setup_valid_until == NOW + SETUP_CODE_LIFE
    assert made.terms_accepted_at is None


def test_all_organisations_are_listed_with_what_they_have_by_one_statement(school: School) -> None:
    app = school.app
    app.run(create_organisation, EAST, OPERATOR)
    enrol(school, "a@example.org", "b@example.org")
    change(app, Learner, everything(app, Learner)[0].id, removed_at=NOW)
    change(app, StaffMember, school.viewer.staff_id, disabled_at=NOW)

    with counted_queries(app.engine) as statements:
        listed = app.read(list_organisations, ListOrganisations(), OPERATOR)

    rows = {row.slug: row for row in listed.rows}
    assert list(rows) == ["eastgate", "northfield", "southgate"]
    own = {
        model: len(everything(app, model, model.organisation_id == school.organisation_id))
        for model in (StaffMember, Course, Learner)
    }
    north = rows["northfield"]
    assert (north.staff, north.courses, north.learners) == (own[StaffMember] - 1, own[Course], own[Learner] - 1)
    assert (own[Learner], own[Course] > 0) == (2, True)
    assert rows["eastgate"] == OrganisationRow("eastgate", "Eastgate", "Europe/London", NOW, False, 1, 0, 0)
    assert (north.name, north.has_terms) == ("Northfield College", True)
    assert len([each for each in statements if each.startswith("SELECT")]) == 1


def test_nobody_but_operators_sees_which_organisations_there_are(school: School) -> None:
    for actor in (school.owner, LEARNER):
        with pytest.raises(NotAllowed):
            school.app.read(list_organisations, ListOrganisations(), actor)


def test_an_organisation_works_after_its_terms_are_accepted(school: School) -> None:
    organisation_id = school.organisation_id
    change(school.app, Organisation, organisation_id, terms_accepted_at=None)

    with pytest.raises(TermsNotAccepted):
        school.app.read(list_choosable_runs, ListChoosableRuns(), school.owner)


@pytest.mark.parametrize(
    "flaw",
    [
        {"slug": "no spaces"},
        {"slug": ""},
        {"slug": "-x"},
        {"slug": "x" * 65},
        {"name": " \x00"},
        {"time_zone": "Mars/Base"},
        {"time_zone": "Europe"},
        {"time_zone": ""},
        {"time_zone": "x" * 300},
        {"time_zone": "../etc/passwd"},
        {"owner_first_name": "\u200b"},
        {"owner_email": "nobody"},
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_made(school: School, flaw: dict[str, str]) -> None:
    before = len(everything(school.app, Organisation))

    with pytest.raises(StaffDetailsInvalid) as invalid:
        school.app.run(create_organisation, replace(EAST, **flaw), OPERATOR)

    assert invalid.value.message
    assert len(everything(school.app, Organisation)) == before
    assert school.app.run(create_organisation, EAST, OPERATOR).slug == "eastgate"


def test_a_short_name_is_given_once(school: School) -> None:
    with pytest.raises(AlreadyThere):
        school.app.run(create_organisation, replace(EAST, slug="NORTHFIELD"), OPERATOR)


def test_a_provider_has_a_ukprn_of_its_own(school: School) -> None:
    added = school.app.run(add_provider, AddProvider("northfield", "10000009", "  Northfield \n Primary "), OPERATOR)

    assert only(school.app, Provider, Provider.id == added.provider_id).name == "Northfield Primary"
    with pytest.raises(AlreadyThere):
        school.app.run(add_provider, AddProvider("northfield", "10000009", "Again"), OPERATOR)
    assert school.app.run(add_provider, AddProvider("southgate", "10000009", "There"), OPERATOR).ukprn == "10000009"


@pytest.mark.parametrize("ukprn", ["", "1000001", "20000001", "100000011", "1000000x", "１0000001", "10000001\n"])
def test_a_ukprn_has_eight_digits_and_begins_with_1(school: School, ukprn: str) -> None:
    with pytest.raises(StaffDetailsInvalid):
        school.app.run(add_provider, AddProvider("northfield", ukprn, "Name"), OPERATOR)


def test_a_new_setup_code_ends_the_former_one(school: School) -> None:
    first = school.app.run(new_setup_code, NewSetupCode("northfield"), OPERATOR)
    second = school.app.run(new_setup_code, NewSetupCode("northfield"), OPERATOR)

    assert len({school.setup_code, first.setup_code, second.setup_code}) == 3


@pytest.mark.parametrize("copies", ["postgresql"], indirect=True)
def test_two_setup_codes_made_at_once_are_two(school: School) -> None:
    def renew() -> str:
        return school.app.run(new_setup_code, NewSetupCode("northfield"), OPERATOR).setup_code

    with rival_before(school.app.engine, "UPDATE organisation", renew) as rivals:
        mine = renew()

    assert rivals != [mine]
    assert only(school.app, Organisation, Organisation.slug == "northfield").setup_generation == 3


def test_an_agreement_opens_a_course_to_another_organisation(school: School) -> None:
    added = school.app.run(add_agreement, AGREEMENT, OPERATOR)

    made = only(school.app, Agreement, Agreement.id == added.agreement_id)
    assert (made.organisation_id, made.owner_id) == (school.organisation_id, school.other_organisation_id)
    assert (made.price_pence, made.prepaid_count, made.prepaid_used) == (100, 5, 0)


@pytest.mark.parametrize(
    "flaw",
    [
        {"price_pence": -1},
        {"price_pence": 10**12},
        {"prepaid_count": -1},
        {"prepaid_count": 10**12},
        {"ends_at": NOW},
        {"owner": "northfield", "course": "maths"},
    ],
)
def test_an_agreement_that_makes_no_sense_is_refused(school: School, flaw: dict[str, object]) -> None:
    before = len(everything(school.app, Agreement))

    with pytest.raises(StaffDetailsInvalid):
        school.app.run(add_agreement, replace(AGREEMENT, **flaw), OPERATOR)

    assert len(everything(school.app, Agreement)) == before


@pytest.mark.parametrize("flaw", [{"organisation": "x"}, {"owner": "x"}, {"course": "maths"}])
def test_an_agreement_names_what_is_there(school: School, flaw: dict[str, str]) -> None:
    with pytest.raises(OrganisationNotFound):
        school.app.run(add_agreement, replace(AGREEMENT, **flaw), OPERATOR)
