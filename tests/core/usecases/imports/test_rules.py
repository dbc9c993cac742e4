"""What an organisation lays down about its imports: the policy for faulty files, and whether ethnicity is stored."""

import pytest

from core.errors import EthnicityStored, ImportPolicyUnknown, PurposeMissing, RoleMissing
from core.model import ImportRow, Learner
from core.rules.ucas.buckets import Buckets
from core.usecases.imports.imports import ShowImport, show_import
from core.usecases.imports.rules import SetImportPolicy, ShowImportPolicy, set_import_policy, show_import_policy
from core.usecases.imports.undoing import UndoImport, undo_import
from core.usecases.imports.values import keeper
from core.usecases.learners.ethnicity import (
    EraseEthnicity,
    EraseEthnicityIn,
    EthnicityErased,
    ShowEthnicity,
    StopEthnicity,
    StoreEthnicity,
    erase_ethnicity,
    erase_ethnicity_in,
    show_ethnicity,
    stop_ethnicity,
    store_ethnicity,
)
from core.words import ImportPolicy, ImportState
from tests.core.usecases.acting import everything, refusal_of
from tests.core.usecases.importing import ULNS, import_sheet, learners, line, values_of
from tests.factories import OPERATOR, School, in_context

ADA = line("Ada", ULN=ULNS[0], Ethnicity="Irish")
BAD = line("Bad", Postcode="nowhere")
PURPOSE = "“Equality monitoring for the yearly report”"


def on(school: School) -> None:
    school.app.run(store_ethnicity, StoreEthnicity(PURPOSE), school.owner)


def off(school: School) -> None:
    school.app.run(stop_ethnicity, StopEthnicity(), school.owner)


def kept_rows(school: School) -> str:
    """Whatever is kept of imports' rows, readable."""

    def look(ctx: object) -> str:
        kept = keeper(ctx)  # type: ignore[arg-type]
        return repr([
            (kept.row_values(row.content), kept.found(row.problems), row.before and kept.vault.decrypt_bytes(
                row.before, "import_row.before"))
            for row in everything(school.app, ImportRow)
        ])  # fmt: skip

    return str(in_context(school.app, school.owner, look))


# --- The policy -------------------------------------------------------------------------------------------


def test_the_policy_counts_for_files_from_now_on_and_is_undone_by_setting_it_back(school: School) -> None:
    before = school.app.read(show_import_policy, ShowImportPolicy(), school.viewer)
    school.app.run(set_import_policy, SetImportPolicy("Good rows"), school.owner)
    applied = import_sheet(school, line("Ada"), BAD)
    back = school.app.run(set_import_policy, SetImportPolicy("hold-if-errors"), school.owner)
    held = import_sheet(school, line("Bo"), BAD)

    assert (before.policy, back.policy, back.is_changed) == (*[ImportPolicy.HOLD_IF_ERRORS] * 2, True)
    assert (applied.state, held.state) == (ImportState.APPLIED, ImportState.HELD)


@pytest.mark.parametrize("words", ["", "sometimes", "good"])
def test_a_policy_that_nobody_knows_changes_nothing(school: School, words: str) -> None:
    refusal = refusal_of(school.app, set_import_policy, SetImportPolicy(words), school.owner)

    assert isinstance(refusal, ImportPolicyUnknown)
    assert "all-or-nothing" in refusal.hint


def test_rules_are_set_by_owners(school: School) -> None:
    for usecase, command in (
        (set_import_policy, SetImportPolicy("good-rows")),
        (store_ethnicity, StoreEthnicity(PURPOSE)),
        (stop_ethnicity, StopEthnicity()),
        (erase_ethnicity, EraseEthnicity(0)),
    ):
        assert isinstance(refusal_of(school.app, usecase, command, school.manager), RoleMissing)


# --- Ethnicity --------------------------------------------------------------------------------------------


def test_ethnicity_is_not_read_until_a_purpose_is_recorded(school: School) -> None:
    without = import_sheet(school, ADA)
    on(school)
    again = import_sheet(school, ADA, line("Bo"))

    shown = school.app.read(show_import, ShowImport(without.number), school.owner)
    assert "“Ethnicity”: it was not read, for your organisation does not store it." in shown.notes
    assert again.buckets == Buckets(created=1, updated=1)
    assert values_of(school, "Ada").ethnicity == "Irish"
    assert b"Irish" not in (learners(school)["Ada"].details or b"")


@pytest.mark.parametrize("purpose", ["", "“”", "1234", "x" * 301])
def test_without_a_purpose_in_words_nothing_is_switched_on(school: School, purpose: str) -> None:
    assert isinstance(refusal_of(school.app, store_ethnicity, StoreEthnicity(purpose), school.owner), PurposeMissing)


def test_the_purpose_and_the_number_of_learners_are_shown(school: School) -> None:
    on(school)
    import_sheet(school, ADA, line("Bo"))

    shown = school.app.read(show_ethnicity, ShowEthnicity(), school.viewer)

    assert (shown.purpose, shown.stored) == ("Equality monitoring for the yearly report", 1)
    assert shown.since is not None


def test_switched_off_it_is_dropped_by_the_next_import_and_an_undo_does_not_bring_it_back(school: School) -> None:
    on(school)
    import_sheet(school, ADA)
    off(school)

    dropping = import_sheet(school, ADA, line("Bo"))
    dropped = values_of(school, "Ada").ethnicity
    undone = school.app.run(undo_import, UndoImport(dropping.number), school.owner)

    assert dropping.buckets == Buckets(created=1, updated=1)
    assert dropped is None
    assert (undone.removed, undone.restored) == (1, 1)
    assert values_of(school, "Ada").ethnicity is None


def test_what_is_stored_is_erased_by_its_number_after_a_preview(school: School) -> None:
    on(school)
    first = import_sheet(school, ADA, line("Bo", Ethnicity="Nonsense"), policy=ImportPolicy.GOOD_ROWS)
    import_sheet(school, {**ADA, "Ethnicity": "Chinese"}, line("Cy"))
    while_on = refusal_of(school.app, erase_ethnicity, EraseEthnicity(1), school.owner)
    off(school)

    preview = school.app.run(erase_ethnicity, EraseEthnicity(), school.owner)
    wrong = school.app.run(erase_ethnicity, EraseEthnicity(7), school.owner)
    stored = values_of(school, "Ada").ethnicity
    done = school.app.run(erase_ethnicity, EraseEthnicity(1), school.owner)

    assert isinstance(while_on, EthnicityStored)
    assert preview == wrong == EthnicityErased("Northfield College", 1, None)
    assert stored == "Chinese"
    assert done == EthnicityErased("Northfield College", 0, 1)
    assert values_of(school, "Ada").ethnicity is None
    assert not any(word in kept_rows(school) for word in ("Irish", "Chinese", "Nonsense"))
    undone = school.app.run(undo_import, UndoImport(first.number + 1), school.owner)
    assert (undone.removed, undone.restored, undone.kept_total) == (1, 1, 0)


def test_an_operator_erases_of_one_organisation_only(school: School) -> None:
    for owner in (school.owner, school.other_owner):
        school.app.run(store_ethnicity, StoreEthnicity(PURPOSE), owner)
    import_sheet(school, ADA)
    off(school)
    school.app.run(stop_ethnicity, StopEthnicity(), school.other_owner)

    other = school.app.run(erase_ethnicity_in, EraseEthnicityIn("southgate", 1), OPERATOR)
    kept = values_of(school, "Ada").ethnicity
    mine = school.app.run(erase_ethnicity_in, EraseEthnicityIn("northfield", 1), OPERATOR)

    assert (other.stored, other.erased, kept) == (0, None, "Irish")
    assert mine.erased == 1
    assert len(everything(school.app, Learner)) == 1
