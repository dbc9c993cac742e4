"""An import from the file to the learners: buckets, policies, the same file again, and processes that die."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.errors import ImportClosed, RoleMissing
from core.importing import run_import
from core.model import Import, ImportRow, Learner, LearnerAddress, StaffMember
from core.rules.ucas.buckets import Bucket, Buckets
from core.usecases.imports.applying import ReleaseImport, release_import
from core.usecases.imports.checking import (
    BeginImport,
    FinishChecking,
    StageRows,
    begin_import,
    finish_checking,
    stage_rows,
)
from core.usecases.imports.imports import ListImports, ShowImport, list_imports, show_import
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.usecases.imports.values import Reading
from core.words import ImportPolicy, ImportReason, ImportState
from tests.copies import Copies
from tests.core.usecases.acting import change, everything, refusal_of
from tests.core.usecases.importing import (
    ULNS,
    Line,
    import_file,
    import_sheet,
    learners,
    line,
    sheet,
    sheets_of_one_book,
    stored,
    values_of,
)
from tests.factories import School
from tests.slow import examples

GOOD = ImportPolicy.GOOD_ROWS
BAD = line("Bad", Postcode="nowhere")


def test_new_learners_are_created_with_all_that_the_sheet_says(school: School) -> None:
    ada = line("Ada", **{"Email address": "ada@example.org", "ULN": ULNS[0], "Dob": "2009-03-01", "Town": "Anytown"})

    done = import_sheet(school, ada, line("Bo"))

    assert (done.state, done.buckets) == (ImportState.APPLIED, Buckets(created=2))
    values = values_of(school, "Ada")
    assert (values.uln, values.dob, values.town, values.email) == (ULNS[0], "2009-03-01", "Anytown", "ada@example.org")
    known = learners(school)
    assert (known["Ada"].username, known["Bo"].username) == ("ada.young", "bo.young")
    assert known["Ada"].access_code is not None
    assert known["Ada"].academic_year == 2025
    assert [each.address for each in everything(school.app, LearnerAddress)] == ["ada@example.org"]


def test_what_identifies_somebody_is_not_readable_in_the_database(school: School) -> None:
    ada = line("Ada", ULN=ULNS[0], Dob="2009-03-01", Gender="Female", Telephone="01632 960123")

    import_sheet(school, ada)

    rows = [*everything(school.app, Learner), *everything(school.app, ImportRow), *everything(school.app, Import)]
    text = repr([[getattr(row, column.key) for column in row.__table__.columns] for row in rows])
    for secret in (ULNS[0], "2009-03-01", "Female", "+441632960123", "learners.csv"):
        assert secret not in text


def test_the_same_learners_again_are_unchanged_and_nobody_is_there_twice(school: School) -> None:
    lines = [line("Ada", ULN=ULNS[0]), line("Bo"), line("Cy", Dob="2009-03-01")]
    import_sheet(school, *lines)

    done = import_sheet(school, *lines, line("Di"))

    assert done.buckets == Buckets(created=1, unchanged=3)
    assert len(everything(school.app, Learner)) == 4


def test_blank_never_erases_and_what_differs_is_changed(school: School) -> None:
    import_sheet(school, line("Ada", ULN=ULNS[0], Town="Anytown", Street="Old Road"))

    done = import_sheet(school, line("Ada", ULN=ULNS[0], Town="", Street="New Road"))

    assert done.buckets == Buckets(updated=1)
    values = values_of(school, "Ada")
    assert (values.town, values.street) == ("Anytown", "New Road")


def test_a_row_with_a_problem_holds_all_until_the_good_rows_are_asked_for(school: School) -> None:
    held = import_sheet(school, line("Ada"), BAD)

    assert (held.state, held.reason) == (ImportState.HELD, ImportReason.ROWS)
    assert held.buckets == Buckets(created=1, problem=1)
    assert not learners(school)

    released = school.app.run(release_import, ReleaseImport(held.number), school.owner)

    assert (released.state, released.buckets) == (ImportState.APPLIED, Buckets(created=1, problem=1))
    assert set(learners(school)) == {"Ada"}
    again = refusal_of(school.app, release_import, ReleaseImport(held.number), school.owner)
    assert isinstance(again, ImportClosed)
    assert "import I-0001: it is imported already" in str(again)


def test_policies_import_the_good_rows_or_nothing(school: School) -> None:
    nothing = import_sheet(school, line("Ada"), BAD, policy=ImportPolicy.ALL_OR_NOTHING)
    good = import_sheet(school, line("Bo"), BAD, policy=GOOD)

    assert (nothing.state, nothing.reason) == (ImportState.REJECTED, ImportReason.ROWS)
    assert good.state is ImportState.APPLIED
    assert set(learners(school)) == {"Bo"}


def test_the_same_file_is_answered_with_the_same_import(school: School) -> None:
    first = import_sheet(school, line("Ada"))

    again = school.app.run(receive_import, ReceiveImport("other name.csv", sheet(line("Ada"))), school.owner)

    assert (again.is_repeat, again.number) == (True, first.number)
    assert run_import(school.app, again.import_id, school.owner) == first


def test_the_same_rows_in_another_file_are_imported_already(school: School) -> None:
    first = import_file(school, sheet(line("Ada"), line("Bo")))

    again = import_file(school, sheet(line("Ada"), line("Bo")) + b"\n\n")

    assert (again.state, again.reason) == (ImportState.REJECTED, ImportReason.REPEATED)
    shown = school.app.read(show_import, ShowImport(again.number), school.owner)
    assert shown.repeats == first.number


def test_of_several_sheets_one_is_imported_and_the_answer_names_the_others(school: School) -> None:
    done = import_file(school, sheets_of_one_book(("Year 12", line("Ada")), ("Year 13", line("Bo"))))

    shown = school.app.read(show_import, ShowImport(done.number), school.owner)
    assert (set(learners(school)), shown.sheet) == ({"Ada"}, "Year 12")
    assert "The sheet “Year 13” was not read, for one sheet of a file is imported." in " ".join(shown.notes)


def test_a_file_that_cannot_be_read_is_rejected_with_its_reason(school: School) -> None:
    unread = import_file(school, b"%PDF-1.7")
    no_headings = import_file(school, b"a,b,c\n1,2,3\n")
    missing = import_file(school, b"UKPRN,First name,Last name,Town\n10000001,Ada,Young,Anytown\n")
    no_rows = import_file(school, sheet(line("Ada")).splitlines()[0])

    reasons = [each.reason for each in (unread, no_headings, missing, no_rows)]
    assert reasons == [ImportReason.FILE, ImportReason.SHEET, ImportReason.SHEET, ImportReason.NO_ROWS]
    shown = school.app.read(show_import, ShowImport(missing.number), school.owner)
    assert "Postcode" in shown.fault
    assert shown.hint


def test_a_duplicate_counts_once_and_clashing_rows_are_problems_of_both(school: School) -> None:
    clashing = [line("Ada", ULN=ULNS[0]), line("Bo", ULN=ULNS[0])]

    done = import_sheet(school, *clashing, line("Cy", ULN=""), line("Cy", ULN=""), policy=GOOD)

    assert done.buckets == Buckets(created=1, duplicate=1, problem=2)
    shown = school.app.read(show_import, ShowImport(done.number), school.owner)
    assert [(each.code, each.count, each.rows) for each in shown.problems if each.is_error] == [
        ("uln.duplicate", 2, (2, 3))
    ]


def test_a_provider_that_is_not_granted_is_a_problem_of_that_row(school: School) -> None:
    done = import_sheet(school, line("Ada"), line("Bo", UKPRN="10000002"), policy=GOOD, by=school.manager)

    assert done.buckets == Buckets(created=1, problem=1)
    assert set(learners(school)) == {"Bo"}


def test_a_learner_of_a_provider_that_is_not_granted_is_neither_changed_nor_named(school: School) -> None:
    import_sheet(school, line("Ada", ULN=ULNS[0]))

    done = import_sheet(school, line("Eve", ULN=ULNS[0], UKPRN="10000002"), by=school.manager)

    assert done.buckets == Buckets(problem=1)
    shown = school.app.read(show_import, ShowImport(done.number), school.manager)
    assert [each.code for each in shown.problems if each.is_error] == ["match.not_granted"]
    assert "Ada" not in repr(shown)
    assert learners(school)["Ada"].provider_id != 0


def test_viewers_may_not_import(school: School) -> None:
    command = ReceiveImport("learners.csv", sheet(line("Ada")))

    assert isinstance(refusal_of(school.app, receive_import, command, school.viewer), RoleMissing)


def test_imports_are_listed_newest_first(school: School) -> None:
    import_sheet(school, line("Ada"))
    import_sheet(school, line("Bo"))

    listed = school.app.read(list_imports, ListImports(), school.viewer)

    assert [each.number for each in listed.imports] == [2, 1]
    assert listed.imports[0].staff_name == "Olive Owner"
    assert listed.imports[0].file_name == "learners.csv"


def test_the_name_of_a_file_is_for_its_sender_and_for_whoever_sees_everybody(school: School) -> None:
    done = import_sheet(school, line("Ada"))
    change(school.app, StaffMember, school.viewer.staff_id, all_providers=False)

    listed = school.app.read(list_imports, ListImports(), school.viewer)
    shown = school.app.read(show_import, ShowImport(done.number), school.viewer)

    assert (listed.imports[0].file_name, shown.card.file_name) == ("", "")


@pytest.fixture
def received(school: School) -> Any:
    return school.app.run(receive_import, ReceiveImport("l.csv", sheet(line("Ada"), line("Bo"))), school.owner)


def test_begun_anew_after_a_crash_nothing_is_there_twice(school: School, received: Any) -> None:
    first = school.app.run(begin_import, BeginImport(received.import_id), school.owner)
    assert first.content is not None

    done = run_import(school.app, received.import_id, school.owner)

    assert done.buckets == Buckets(created=2)
    assert len(everything(school.app, ImportRow)) == 2
    for usecase, command in (
        (stage_rows, StageRows(received.import_id, first.attempt, ())),
        (finish_checking, FinishChecking(received.import_id, first.attempt, Reading())),
    ):
        assert isinstance(refusal_of(school.app, usecase, command, school.owner), ImportClosed)


def test_run_again_when_it_is_done_it_does_nothing(school: School, received: Any) -> None:
    done = run_import(school.app, received.import_id, school.owner)

    assert run_import(school.app, received.import_id, school.owner) == done
    assert len(everything(school.app, Learner)) == 2


def test_an_import_that_would_rename_very_many_is_held(school: School) -> None:
    lines = [line(f"A{number}", ULN=uln) for number, uln in enumerate(ULNS)]
    import_sheet(school, *lines)

    slipped = import_sheet(school, *({**each, "Last name": "Other"} for each in lines))

    assert (slipped.state, slipped.reason) == (ImportState.HELD, ImportReason.NAMES)
    assert {each.last_name for each in learners(school).values()} == {"Young"}
    school.app.run(release_import, ReleaseImport(slipped.number), school.owner)
    assert {each.last_name for each in learners(school).values()} == {"Other"}


def test_the_buckets_of_the_rows_are_the_counts_of_the_import(school: School) -> None:
    done = import_sheet(school, line("Ada"), line("Ada"), BAD, policy=GOOD)

    rows = everything(school.app, ImportRow)
    assert Buckets.counted(row.bucket for row in rows) == done.buckets
    assert done.buckets.rows == len(rows) == 3
    assert stored(school, done.number).duplicate == 1
    assert {row.bucket for row in rows} == {Bucket.CREATED, Bucket.DUPLICATE, Bucket.PROBLEM}


LINES = st.builds(
    lambda first, uln, dob, email, postcode: line(
        first, **{"ULN": uln, "Dob": dob, "Email address": email, "Postcode": postcode}
    ),
    st.sampled_from(("Ada", "Bo", "")),
    st.sampled_from(("", *ULNS[:2])),
    st.sampled_from(("", "2009-03-01")),
    st.sampled_from(("", "a@example.org", "b@example.org")),
    st.sampled_from(("M1 1AA", "nowhere")),
)


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, min_size=1, max_size=6))
def test_whatever_the_rows_are_the_buckets_add_up_and_nobody_is_created_twice(
    sqlite_school: Copies[School], lines: list[Line]
) -> None:
    sqlite_school.renew()
    school = replace(sqlite_school.filling, app=sqlite_school.app())

    first = import_sheet(school, *lines, policy=GOOD)
    again = import_sheet(school, *lines, line("Zoe"), policy=GOOD)

    assert first.buckets.rows == len(lines)
    assert again.buckets.rows == len(lines) + 1
    assert again.buckets.created == 1
    assert len(everything(school.app, Learner)) == first.buckets.created * (first.state is ImportState.APPLIED) + 1


def test_a_colleague_who_may_do_more_is_not_told_what_the_first_sender_may_not(school: School) -> None:
    """“Have somebody else send these rows” would be a dead end."""
    rows = line("Ada"), line("Bo", UKPRN="10000002")
    held = import_sheet(school, *rows, by=school.manager)
    applied = import_sheet(school, *rows, by=school.manager, policy=GOOD)

    done = import_sheet(school, *rows)

    assert (held.state, applied.state, applied.buckets.problem) == (ImportState.HELD, ImportState.APPLIED, 1)
    assert (done.state, done.buckets) == (ImportState.APPLIED, Buckets(created=1, unchanged=1))


def test_the_same_file_in_answer_to_its_own_import_is_looked_at_anew(school: School) -> None:
    content = sheet(line("Ada"), line("Bo", UKPRN="10000002"))
    held = import_file(school, content, by=school.manager)
    change(school.app, StaffMember, school.manager.staff_id, all_providers=True)

    command = ReceiveImport("learners.csv", content, corrects=held.number)
    again = school.app.run(receive_import, command, school.manager)
    done = run_import(school.app, again.import_id, school.manager)

    assert (held.state, done.state, done.buckets) == (ImportState.HELD, ImportState.APPLIED, Buckets(created=2))


def test_a_held_file_sent_again_by_another_policy_waits_no_longer(school: School) -> None:
    held = import_sheet(school, line("Ada"), BAD)

    done = import_sheet(school, line("Ada"), BAD, policy=GOOD)

    before = stored(school, held.number)
    assert (held.state, done.state, done.buckets) == (
        ImportState.HELD,
        ImportState.APPLIED,
        Buckets(created=1, problem=1),
    )
    assert (before.state, before.reason) == (ImportState.REJECTED, ImportReason.CORRECTED)


def test_the_same_file_imports_the_rows_that_were_left_out_once_their_provider_is_granted(school: School) -> None:
    """“Ask an owner to grant you this provider” is the advice: whoever follows it sends the file once more."""
    rows = line("Ada"), line("Bo", UKPRN="10000002")
    left_out = import_sheet(school, *rows, by=school.manager, policy=GOOD)
    unchanged = school.app.run(receive_import, ReceiveImport("learners.csv", sheet(*rows)), school.manager)
    change(school.app, StaffMember, school.manager.staff_id, all_providers=True)

    done = import_sheet(school, *rows, by=school.manager)

    assert (unchanged.is_repeat, unchanged.number) == (True, left_out.number)
    assert (done.state, done.buckets) == (ImportState.APPLIED, Buckets(created=1, unchanged=1))


def test_what_stands_where_headings_should_is_shown_to_whoever_may_see_the_rows(school: School) -> None:
    done = import_file(school, b"Ada,Young,2010-03-31\nBo,Young,2010-04-30\n")

    mine = school.app.read(show_import, ShowImport(done.number), school.owner)
    theirs = school.app.read(show_import, ShowImport(done.number), school.manager)

    assert mine.headings[:2] == ("Ada", "Young")
    assert theirs.headings == ()


def test_somebody_who_was_removed_is_not_named_by_a_row_that_contradicts(school: School) -> None:
    import_sheet(school, line("Ada", "Secret", ULN=ULNS[0], Dob="2010-01-02"))
    removed = learners(school)["Ada"].id
    change(school.app, Learner, removed, removed_at=school.app.clock())

    done = import_sheet(school, line("Eve", "Other", ULN=ULNS[0], Dob="2011-01-02"))

    shown = school.app.read(show_import, ShowImport(done.number), school.owner)
    assert [each.reason for each in shown.problems if each.is_error] == [
        "it belongs to a learner who was removed, with another last name and another Dob"
    ]
