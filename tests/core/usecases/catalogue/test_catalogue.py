"""Courses and runs arrive by a file, all of it or nothing."""

from datetime import UTC, datetime

import pytest

from core.errors import CatalogueInvalid, OrganisationNotFound
from core.model import Course, CourseRun, Provider
from core.usecases.catalogue.catalogue import CatalogueImported, ImportCatalogue, import_catalogue
from tests.core.usecases.acting import dump, everything, only
from tests.factories import CATALOGUE, OPERATOR, School

HEADER, *ROWS = CATALOGUE.splitlines()


def load(school: School, *rows: str, header: str = HEADER, organisation: str = "northfield") -> CatalogueImported:
    command = ImportCatalogue(organisation, "\n".join([header, *rows]))
    return school.app.run(import_catalogue, command, OPERATOR)


def test_importing_the_same_file_again_changes_nothing(school: School) -> None:
    before = dump(school.app, "audit_entry")

    again = load(school, *ROWS)

    assert again == CatalogueImported(0, 0, 0, 0, unchanged=3 + 6)
    assert dump(school.app, "audit_entry") == before


def test_a_changed_row_updates_its_course_and_run_and_keeps_their_ids(school: School) -> None:
    before = {run.code: run.id for run in everything(school.app, CourseRun)}

    row = ROWS[1].replace("Maths for Everyone", "Maths for All").replace("24.50", "30").replace("05-08", "05-09")
    imported = load(school, row)

    course = only(school.app, Course, Course.code == "maths")
    run = only(school.app, CourseRun, CourseRun.code == "maths-2026-03")
    assert imported == CatalogueImported(0, 1, 0, 1, unchanged=0)
    assert (course.title, course.price_pence) == ("Maths for All", 3000)
    assert run.ends_at == datetime(2026, 5, 9, 23, tzinfo=UTC)
    assert {each.code: each.id for each in everything(school.app, CourseRun)} == before


def test_a_row_that_is_absent_from_the_file_stays(school: School) -> None:
    load(school, "new,New,open,upgraded,,0,new-1,2026-05-01,,,,UTC")

    assert only(school.app, CourseRun, CourseRun.code == "maths-2026-03")
    assert only(school.app, CourseRun, CourseRun.code == "new-1")


def test_a_file_without_a_uuid_takes_none_away(school: School) -> None:
    header = f"{HEADER},run_uuid"
    row = "new,New,open,upgraded,,0,new-1,2026-05-01,,,,UTC"
    load(school, f"{row},0b7e4d0a-0000-4000-8000-000000000001", header=header)

    again = load(school, row)

    assert again.unchanged == 2
    assert only(school.app, CourseRun, CourseRun.code == "new-1").uuid == "0b7e4d0a-0000-4000-8000-000000000001"


def test_every_run_has_a_uuid(school: School) -> None:
    uuids = {run.uuid for run in everything(school.app, CourseRun)}

    assert len(uuids) == len(everything(school.app, CourseRun))
    assert all(len(each) == 36 for each in uuids)


def test_one_bad_row_stops_all_and_every_problem_is_named(school: School) -> None:
    before = dump(school.app, "audit_entry")

    with pytest.raises(CatalogueInvalid) as invalid:
        load(
            school,
            "good,Good,open,upgraded,,0,good-1,2026-05-01,,,,UTC",
            "bad,,closed,upgraded,,-1,bad-1,soon,,,many,Europe",
            "good,Good,open,upgraded,19999999,0,good-2,2026-05-01,,,,UTC",
        )

    message = invalid.value.message
    for column in ("Course title", "Kind", "Price", "Starts", "Steps", "Time zone"):
        assert f"row 3, {column}" in message
    assert "row 4, Provider UKPRN" in message
    assert "2 of the catalogue's rows" in message
    assert dump(school.app, "audit_entry") == before


def test_a_provider_of_another_organisation_is_a_problem_of_its_row(school: School) -> None:
    with pytest.raises(CatalogueInvalid) as invalid:
        load(school, "new,New,open,upgraded,10000001,0,new-1,2026-05-01,,,,UTC", organisation="southgate")

    assert "your organisation has no provider with this number (it says “10000001”)" in invalid.value.message
    assert everything(school.app, Course, Course.code == "new") == []


def test_a_provider_of_the_own_organisation_is_joined(school: School) -> None:
    load(school, "new,New,open,upgraded,10000002,0,new-1,2026-05-01,,,,UTC")

    provider = only(school.app, Provider, Provider.ukprn == "10000002")
    assert only(school.app, Course, Course.code == "new").provider_id == provider.id


def test_two_organisations_may_use_the_same_codes(school: School) -> None:
    load(school, *ROWS[:1], organisation="southgate")

    assert len(everything(school.app, CourseRun, CourseRun.code == "maths-2026-01")) == 2


@pytest.mark.parametrize("text", ["", "\n", HEADER, "nothing,of,use\n1,2,3", "\x00"])
def test_a_file_with_nothing_in_it_says_so(school: School, text: str) -> None:
    with pytest.raises(CatalogueInvalid) as invalid:
        school.app.run(import_catalogue, ImportCatalogue("northfield", text), OPERATOR)

    assert invalid.value.message.startswith("The catalogue cannot be used, so nothing was imported:\n  the sheet")


def test_a_long_list_of_problems_is_cut(school: School) -> None:
    rows = [f"bad,,open,upgraded,,0,bad-{number},2026-05-01,,,,UTC" for number in range(30)]

    with pytest.raises(CatalogueInvalid) as invalid:
        load(school, *rows)

    assert "30 of the catalogue's rows" in invalid.value.message
    assert "… and 10 more" in invalid.value.message


def test_an_organisation_that_is_not_there_is_not_found(school: School) -> None:
    with pytest.raises(OrganisationNotFound):
        load(school, *ROWS, organisation="nowhere")
