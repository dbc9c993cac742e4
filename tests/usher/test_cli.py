"""The command line as an operator types it: real files, real answers, real exit statuses.

Most commands run in this process, for an interpreter's start takes longer than what they do.
"""

import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from click import Context

from core.context import System
from core.settings import load_settings
from core.usecases.mailbox.inbound import ReceiveMail, SettleMail, receive_mail, settle_mail
from core.words import MailRule, MailState
from tests.this_process import left_as_it_was
from usher.cli import COMMANDS, main, usher
from usher.wiring import make_app

ROOT = Path(__file__).parents[2]
CATALOGUE = """\
course_code,course_title,kind,model,run_code,starts,ends
maths,Maths for Everyone,open,upgraded,maths-2026-03,2026-03-16,2026-05-08
"""


class Operator:
    """Somebody at a terminal in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.environ["PATH"]
        self.environment = {"PATH": path, "PYTHONPATH": str(ROOT), "USHER_DATABASE_URL": f"sqlite:///{folder}/u.db"}

    def runs(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        said, complained = io.StringIO(), io.StringIO()
        terminal = self._at_terminal(settings)
        with terminal, redirect_stdout(said), redirect_stderr(complained), pytest.raises(SystemExit) as end:
            main(list(arguments))
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), said.getvalue(), complained.getvalue())

    @contextmanager
    def _at_terminal(self, settings: dict[str, str]) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, chdir(self.folder), left_as_it_was():
            for name in os.environ:
                patch.delenv(name)
            for name, value in {**self.environment, **settings}.items():
                patch.setenv(name, value)
            yield

    def starts(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The same in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "usher", *arguments],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def succeeds(self, *arguments: str) -> str:
        done = self.runs(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def failed_mail(self, raw: bytes) -> str:
        """Stands for what a mailbox brought and a mistake of ours kept from being done. Its number."""
        settings = load_settings(self.environment, self.folder / ".env")
        app = make_app(settings)
        received = app.run(receive_mail, ReceiveMail(raw, "<1@example.org>", "0" * 64), System())
        failing = SettleMail(received.inbound_id, MailState.FAILED, MailRule.OUR_MISTAKE, reference="E-1")
        app.run(settle_mail, failing, System())
        app.engine.dispose()
        return str(received.inbound_id)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_an_organisation_is_set_up_from_nothing(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")
    assert "ready" in operator.succeeds("migrate")

    made = operator.succeeds(
        "org", "create", "northfield", "--name", "Northfield College", "--owner-first-name", "Olive",
        "--owner-last-name", "Owner", "--owner-email", "olive@north.example.org",
    )  # fmt: skip
    (operator.folder / "runs.csv").write_text(CATALOGUE)
    provider = operator.succeeds("provider", "add", "northfield", "10000001", "Northfield Sixth Form")
    staff = operator.succeeds(
        "staff", "invite", "northfield", "max@north.example.org", "--first-name", "Max", "--last-name", "Example",
        "--provider", "10000001",
    )  # fmt: skip
    nothing_yet = operator.succeeds("org", "list")
    imported = operator.succeeds("catalogue", "import", "northfield", "runs.csv")
    again = operator.succeeds("catalogue", "import", "northfield", "runs.csv")

    assert re.search(r"/usher setup northfield-[a-z2-7]{16}", made)
    assert "/s/" in made
    assert "10000001" in provider
    assert "Max Example is invited as manager" in staff
    assert imported.startswith("2 new, 0 changed, 0 unchanged")
    assert again.startswith("0 new, 0 changed, 2 unchanged")
    assert "0 held, 0 late" in operator.succeeds("held", "list")
    head, row = operator.succeeds("org", "list").splitlines()
    assert head.split() == ["SHORT", "NAME", "NAME", "TIME", "ZONE", "CREATED", "STAFF", "COURSES", "LEARNERS"]
    assert re.fullmatch(
        r"northfield  Northfield College  Europe/London  \d{4}-\d\d-\d\d {6}2 {8}1 {9}0  "
        r"its owner has not accepted the terms yet", row,
    )  # fmt: skip
    assert head.index("LEARNERS") + len("LEARNERS") == row.index("  its owner")
    assert " 2 0 0 its owner" in " ".join(nothing_yet.split())


def test_where_there_is_no_organisation_the_list_says_how_to_make_one(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")
    operator.succeeds("migrate")

    assert operator.succeeds("org", "list") == "There are none. “usher org create” makes one.\n"


def test_keys_that_are_there_are_kept(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")
    before = (operator.folder / ".env").read_text()

    operator.succeeds("keys", "new", "--write")

    assert (operator.folder / ".env").read_text() == before
    assert (operator.folder / ".env").stat().st_mode & 0o077 == 0


def test_without_keys_a_start_stops_with_one_clear_sentence(operator: Operator) -> None:
    done = operator.runs("serve")

    assert done.returncode == 1
    assert done.stderr.startswith("The setting USHER_LINK_KEYS is wrong: it is missing")
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_stops_the_start_before_anything_is_done(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        done = operator.starts("serve", USHER_BIND=f"127.0.0.1:{port}")

    assert done.returncode == 1
    assert done.stderr.startswith(f"The setting USHER_BIND is wrong: cannot listen on 127.0.0.1:{port}")
    assert not (operator.folder / "u.db").exists()


@pytest.mark.parametrize(
    ("typed", "is_loaded"),
    [("slack manifest", False), ("keys new", False), ("staff --help", False), ("held list", True)],
)
def test_a_command_that_needs_no_database_does_not_wait_for_its_library(
    operator: Operator, typed: str, is_loaded: bool
) -> None:
    operator.succeeds("keys", "new", "--write")

    done = operator.starts(*typed.split(), PYTHONPROFILEIMPORTTIME="1")

    assert bool(re.search(r"\| +sqlalchemy$", done.stderr, re.MULTILINE)) is is_loaded


def test_a_wrong_setting_stops_the_start_and_is_not_repeated(operator: Operator) -> None:
    done = operator.runs("serve", USHER_SMTP_PORT="secret-typed-here")

    assert done.returncode == 1
    assert "USHER_SMTP_PORT" in done.stderr
    assert "secret-typed-here" not in done.stderr


def test_a_database_that_is_not_ready_is_named(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")

    done = operator.runs("held", "list")

    assert done.returncode == 1
    assert "usher migrate" in done.stderr


def test_a_bad_catalogue_names_every_row_and_imports_nothing(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")
    operator.succeeds("migrate")
    operator.succeeds(
        "org", "create", "northfield", "--name", "Northfield College", "--owner-first-name", "Olive",
        "--owner-last-name", "Owner", "--owner-email", "olive@north.example.org",
    )  # fmt: skip
    rows = "maths,Maths,open,gold,maths-1,2026-03-16,\nart,Art,open,upgraded,art-1,16 March,\n"
    (operator.folder / "bad.csv").write_text(CATALOGUE.splitlines()[0] + "\n" + rows)

    done = operator.runs("catalogue", "import", "northfield", "bad.csv")

    assert done.returncode == 1
    assert "row 2, Model" in done.stderr
    assert "row 3, Starts" in done.stderr


def test_a_mistyped_command_gets_the_nearest_one(operator: Operator) -> None:
    done = operator.runs("migrat")

    assert done.returncode == 2
    assert "Did you mean “migrate”?" in done.stderr


def test_doctor_says_what_to_do(operator: Operator) -> None:
    done = operator.runs("doctor", USHER_SMTP_HOST="127.0.0.1", USHER_SMTP_PORT="1")

    assert done.returncode == 1
    for advice in ("usher keys new", "usher migrate", "USHER_SMTP_HOST", "usher slack manifest"):
        assert advice in done.stdout
    assert not (operator.folder / "u.db").exists()


def test_the_manifest_refuses_names_that_slack_keeps_for_itself(operator: Operator) -> None:
    good = operator.succeeds("slack", "manifest", "--base-url", "https://usher.example.org")
    bad = operator.runs("slack", "manifest", "--base-url", "https://usher.example.org", "--prefix", "")

    assert "/usher" in good
    assert bad.returncode == 1
    assert "/invite" in bad.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(operator: Operator, name: str) -> None:
    assert operator.succeeds(name, "--help").startswith("Usage:")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = usher.get_command(Context(usher), name)

    assert command is not None
    first_sentence = re.split(r"(?<=\.)\s", command.help or "")[0]
    assert first_sentence == COMMANDS[name][2]


def test_the_list_of_commands_has_them_all(operator: Operator) -> None:
    listed = re.findall(r"^  (\w+)  +\S", operator.succeeds("--help").partition("Commands:")[2], re.MULTILINE)

    assert listed == list(COMMANDS)


def test_mail_that_came_in_is_listed_explained_saved_and_set_going(operator: Operator) -> None:
    operator.succeeds("keys", "new", "--write")
    operator.succeeds("migrate")
    number = operator.failed_mail(b"Subject: broken\r\n\r\nwords\r\n")

    listed = operator.succeeds("held", "list")
    shown = operator.succeeds("held", "show", number, "--save", "broken.eml")
    twice = operator.runs("held", "show", number, "--save", "broken.eml")
    again = operator.succeeds("held", "run", "--rule", "our_mistake")
    nothing = operator.runs("held", "release", number)

    assert "1 received: 1 our_mistake." in listed
    assert "why: Usher made a mistake" in shown
    assert "reference in the log: E-1" in shown
    assert (operator.folder / "broken.eml").read_bytes() == b"Subject: broken\r\n\r\nwords\r\n"
    assert twice.returncode == 1
    assert "There is a file broken.eml already." in twice.stderr
    assert "1 will be taken up again" in again
    assert nothing.returncode == 1
    assert "dealt with already" in nothing.stderr
