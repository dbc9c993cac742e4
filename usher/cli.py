"""The command line. Each command's module is loaded only when it is asked for: help must not wait for servers."""

import importlib
import os
import sys
from typing import Any

import click

from core.errors import UsherError

COMMANDS = {
    "serve": (
        "usher.commands.serving",
        "serve",
        "Run everything in one process: web pages, Slack, mailboxes, background work.",
    ),
    "web": ("usher.commands.serving", "web", "Run the web process: learners' pages and Slack's HTTP endpoint."),
    "bot": ("usher.commands.serving", "bot", "Run the Slack bot over Socket Mode."),
    "worker": ("usher.commands.serving", "worker", "Run a background worker: it sends what must be sent."),
    "demo": ("usher.commands.demo", "demo", "Try Usher here: sample data, a Slack look-alike, a mailbox."),
    "migrate": ("usher.commands.database", "migrate", "Bring the database to the version of this program."),
    "org": ("usher.commands.organisations", "org", "Organisations."),
    "staff": ("usher.commands.organisations", "staff", "Staff members."),
    "provider": ("usher.commands.organisations", "provider", "Schools and colleges inside an organisation."),
    "agreement": (
        "usher.commands.organisations",
        "agreement",
        "Which organisation may invite to whose courses, and at what price.",
    ),
    "catalogue": ("usher.commands.catalogue", "catalogue", "Courses and their runs."),
    "import": (
        "usher.commands.imports",
        "import_learners",
        "Import the learners, or courses and runs, of FILE; what became of each row is written beside it.",
    ),
    "imports": ("usher.commands.imports", "imports", "Imports of learners."),
    "costs": ("usher.commands.costs", "costs", "What enrolments cost: waive a charge, or restore it."),
    "export": (
        "usher.commands.exports",
        "export",
        "Write the progress of WHAT (a run's code, or “all”), or “costs”, to FILE: .csv or .xlsx.",
    ),
    "history": (
        "usher.commands.history",
        "history",
        "Tell who did what to WHOSE: an address, B-0041, I-0007, a run, “link CODE”, “staff ADDRESS”; a page after it.",
    ),
    "progress": ("usher.commands.progress", "progress", "What learners have done, and the reports that tell of it."),
    "held": ("usher.commands.held", "held", "Messages that wait for a person, or are late because of us."),
    "suppression": ("usher.commands.suppression", "suppression", "Addresses that are not written to any more."),
    "mailbox": ("usher.commands.mailbox", "mailbox", "Mailboxes that Usher reads."),
    "jobs": ("usher.commands.jobs", "jobs", "Background work."),
    "retention": ("usher.commands.retention", "retention", "What is kept how long, and what is due to be erased."),
    "slack": ("usher.commands.slack", "slack", "The Slack app."),
    "keys": ("usher.commands.keys", "keys", "Keys that sign links and encrypt what is stored."),
    "doctor": ("usher.commands.doctor", "doctor", "Check settings, keys, database, mail, mailboxes, Slack and clock."),
}
"""Name -> (module, object, first sentence of its help: so that the list of commands loads none of them)."""


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A mistyped command gets the nearest one named."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            nearest = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean “{nearest[0]}”?" if nearest else ""
            raise click.UsageError(f"There is no command “{args[0]}”.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="usher", message="Usher %(version)s")
def usher() -> None:
    """Learner management from Slack and e-mail."""


def main(arguments: list[str] | None = None) -> None:
    """Expected errors are said in one or two sentences, without a traceback; the exit status is 1."""
    try:
        result: Any = usher.main(args=arguments, standalone_mode=False)
        sys.exit(result if isinstance(result, int) else 0)
    except UsherError as error:
        click.echo(f"{error.message}\n{error.hint}".strip(), err=True)
        sys.exit(1)
    except OSError as error:
        # A file that an argument names, .env, or what lies where something is to be written.
        if error.filename is None:
            raise
        click.echo(f"{os.fspath(error.filename)} cannot be used: {(error.strerror or '').lower()}.", err=True)
        sys.exit(1)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
