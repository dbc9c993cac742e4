"""``usher import`` as somebody at a terminal runs it."""

import re
import shutil
from pathlib import Path

import pytest

from core.context import LinkHolder
from core.settings import load_settings
from core.usecases.staff.staff import AcceptStaffInvitation, accept_staff_invitation
from tests.usher.test_cli import CATALOGUE, Operator
from usher.wiring import make_app

SHEET = """\
UKPRN,First name,Last name,Postcode,Town
10000001,Ada,Young,M1 1AA,Anytown
10000001,Bo,Young,nowhere,Anytown
"""
AS = ("--as", "olive@north.example.org")


@pytest.fixture
def operator(tmp_path: Path, migrated: Path) -> Operator:
    """Northfield works, and so does its owner."""
    shutil.copy(migrated, tmp_path / "u.db")
    found = Operator(tmp_path)
    found.succeeds("keys", "new", "--write")
    made = found.succeeds(
        "org", "create", "northfield", "--name", "Northfield College", "--owner-first-name", "Olive",
        "--owner-last-name", "Owner", "--owner-email", "olive@north.example.org",
    )  # fmt: skip
    found.succeeds("provider", "add", "northfield", "10000001", "Northfield Sixth Form")
    link = re.search(r"/s/(\S+)", made)
    assert link is not None
    app = make_app(load_settings(found.environment, found.folder / ".env"))
    app.run(accept_staff_invitation, AcceptStaffInvitation(link[1]), LinkHolder())
    app.engine.dispose()
    return found


def test_a_file_is_imported_answered_released_and_undone(operator: Operator) -> None:
    (operator.folder / "learners.csv").write_text(SHEET)

    held = operator.succeeds("import", "learners.csv", *AS)

    assert "Nothing is imported yet: 1 of 2 rows needs correcting." in held
    assert "2 rows: 1 new, 0 changed, 0 unchanged, 0 repeated, 1 with problems" in held
    assert "Postcode: no postcode is made like this (1, row 3)." in held
    marked = (operator.folder / "learners (checked).csv").read_text("utf-8-sig")
    assert "Usher status" in marked
    assert (operator.folder / "learners (checked).xlsx").exists()
    assert "1 of 2 rows imported; 1 left out." in operator.succeeds("imports", "good-rows", "i-1", *AS)
    assert "Olive Owner  1 of 2 rows imported; 1 left out." in operator.succeeds("imports", "list", *AS)
    assert "1 learner removed" in operator.succeeds("imports", "undo", "I-0001", *AS)
    assert "I-0001 is undone." in operator.succeeds("imports", "show", "I-0001", *AS)


def test_the_template_is_written_and_mistakes_are_said_in_a_sentence(operator: Operator) -> None:
    assert "Written to empty.xlsx" in operator.succeeds("import", "empty.xlsx", "--template")

    for arguments, words in (
        (("import", "empty.xlsx"), "--as ADDRESS"),
        (("import", "empty.xlsx", "--as", "nobody@example.org"), "No staff member works with the address"),
        (("import", "gone.xlsx", *AS), "cannot be read"),
        (("imports", "show", "I-0009", *AS), "I found no import called “I-0009”."),
    ):
        failed = operator.runs(*arguments)
        assert failed.returncode != 0
        assert words in failed.stderr
        assert "Traceback" not in failed.stderr


def test_a_progress_report_is_taken_in_and_shown(operator: Operator) -> None:
    (operator.folder / "p.csv").write_text("Email,Progress,Run code\nada@example.org,61%,maths-2026-03\n")

    asked = operator.succeeds("progress", "import", "p.csv", *AS)
    merged = operator.succeeds("progress", "confirm", "p-1", *AS)
    listed = operator.succeeds("progress", "reports", *AS)
    failed = operator.runs("progress", "show", "nowhere-2026-01", *AS)
    (operator.folder / "other.csv").write_text("a,b\n1,2\n")
    rejected = operator.runs("progress", "import", "other.csv", *AS)

    assert "If they are right: usher progress confirm P-0001 --as …" in asked
    assert "of the first 20 rows of the file has the headings" in rejected.stdout
    assert rejected.returncode == 1
    assert "“Progress” → step percentage, such as “61%”" in asked
    assert "0 of 1 row stored, 1 needs a look (P-0001)." in merged
    assert "No learner of yours is known by this (“ada@example.org”); row 2." in merged
    assert "Olive Owner  0 of 1 row stored, 1 needs a look (P-0001)." in listed
    assert "I found no run called “nowhere-2026-01”" in failed.stderr


def test_who_is_at_risk_is_listed_with_why_and_by_which_rule(operator: Operator) -> None:
    (operator.folder / "runs.csv").write_text(CATALOGUE)
    operator.succeeds("catalogue", "import", "northfield", "runs.csv")

    at_risk = operator.succeeds("progress", "show", "maths-2026-03", *AS, "--list", "at-risk")
    aside = operator.succeeds("progress", "show", "maths-2026-03", *AS, "--list", "set-aside")

    for said in (at_risk, aside):
        assert "Nobody is enrolled yet.\nAt risk is who did nothing for 10 days" in said


def test_a_file_of_something_else_ends_with_a_status_of_its_own(operator: Operator) -> None:
    (operator.folder / "other.csv").write_text("a,b\n1,2\n")

    done = operator.runs("import", "other.csv", *AS)

    assert done.returncode == 1
    assert "nothing was imported" in done.stdout


def test_a_place_where_nothing_can_be_written_is_named(operator: Operator) -> None:
    (operator.folder / ".env").rename(operator.folder / "kept")
    (operator.folder / ".env").mkdir()
    done = operator.runs("keys", "new", "--write")

    assert done.returncode == 1
    assert done.stderr == ".env cannot be used: is a directory.\n"
