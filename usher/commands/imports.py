"""``usher import FILE`` and ``usher imports``: learners from a spreadsheet, in a staff member's name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from core.context import Door, StaffActor, System
from core.rules.policy import SHEET_BYTES
from usher.wiring import operator_app, settle_in

if TYPE_CHECKING:
    from core.app import App
    from core.usecases.imports.applying import ImportSettled
    from core.usecases.imports.imports import ImportCard, ImportShown

_UTC = ZoneInfo("UTC")
_POLICIES = click.Choice(["hold-if-errors", "good-rows", "all-or-nothing"])
_AS = click.option("--as", "address", required=True, help="E-mail address of the staff member in whose name.")
_OF = click.option("--organisation", default="", help="Where they work for several: its short name.")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--as", "address", default="", help="E-mail address of the staff member in whose name.")
@_OF
@click.option("--policy", type=_POLICIES, help="For this file; else the organisation's.")
@click.option("--template", is_flag=True, help="Write an empty workbook to FILE instead.")
def import_learners(file: Path, address: str, organisation: str, policy: str | None, *, template: bool) -> None:
    """Import the learners, or courses and runs, of FILE; what became of each row is written beside it.
    The exit status is 1 where nothing of it could be imported."""
    if template:
        _write_template(file)
        return
    if not address:
        raise click.UsageError("Say in whose name: --as ADDRESS.")
    content = content_of_file(file)
    from core.importing import run_import
    from core.usecases.imports.receiving import ReceiveImport, receive_import
    from core.words import ImportPolicy, ImportState

    with operator_app() as app:
        settle_in()
        staff = staff_named(app, address, organisation)
        command = ReceiveImport(file.name, content, ImportPolicy(policy) if policy else None)
        received = app.run(receive_import, command, staff)
        # A large one is not held twice while it is read.
        del command, content
        with click.progressbar(length=1, label="Checking rows", show_pos=True) as bar:

            def progress(done: int, total: int) -> None:
                bar.length = max(total, 1)
                bar.update(done - bar.pos)

            settled = run_import(app, received.import_id, staff, progress)
            bar.update((bar.length or 1) - bar.pos)
        if received.is_repeat:
            click.echo(f"This file is here already, as {_ref(received.number)}.")
        _say(app, staff, settled.number)
        _write_marked(app, staff, settled, file)
    if settled.state is ImportState.REJECTED:
        sys.exit(1)


@click.group()
def imports() -> None:
    """Imports of learners."""


@imports.command("list")
@_AS
@_OF
@click.option("--page", default=1, show_default=True)
def list_all(address: str, organisation: str, page: int) -> None:
    """List them, newest first."""
    from core.usecases.imports.imports import ListImports, list_imports
    from core.wording.imports import outcome_words

    with operator_app() as app:
        listed = app.read(list_imports, ListImports(page), staff_named(app, address, organisation))
    for card in listed.imports:
        click.echo(
            f"{_ref(card.number)}  {card.received_at:%Y-%m-%d %H:%M}  {card.staff_name}  {outcome_words(card, _UTC)}"
        )
    click.echo(f"{listed.total} in all, page {listed.page} of {listed.page_count}.")


@imports.command("show")
@click.argument("number")
@_AS
@_OF
def show(number: str, address: str, organisation: str) -> None:
    """Show one import, as I-0007: what became of its rows, and their problems."""
    with operator_app() as app:
        _say(app, staff_named(app, address, organisation), _number(number))


@imports.command("good-rows")
@click.argument("number")
@_AS
@_OF
def good_rows(number: str, address: str, organisation: str) -> None:
    """Import the good rows of an import that is held."""
    from core.usecases.imports.applying import ReleaseImport, release_import

    with operator_app() as app:
        staff = staff_named(app, address, organisation)
        app.run(release_import, ReleaseImport(_number(number)), staff)
        _say(app, staff, _number(number))


@imports.command("undo")
@click.argument("number")
@_AS
@_OF
def undo(number: str, address: str, organisation: str) -> None:
    """Take an import back: whatever nobody changed since; the rest is listed."""
    from core.usecases.imports.undoing import UndoImport, undo_import
    from core.wording.imports import KEPT_REASONS, undone_words

    with operator_app() as app:
        done = app.run(undo_import, UndoImport(_number(number)), staff_named(app, address, organisation))
    what = "runs" if done.subject.value == "catalogue" else "learners"
    click.echo(f"{_ref(done.number)} is undone: {undone_words(done)}.")
    for kept in done.kept:
        click.echo(f"  row {kept.row}  {kept.name or what[:-1]}: {KEPT_REASONS[kept.reason]}")
    if done.kept_total > len(done.kept):
        click.echo(f"  and {done.kept_total - len(done.kept)} more")


# --- Words ------------------------------------------------------------------------------------------------


def _say(app: App, staff: StaffActor, number: int) -> None:
    from core.usecases.imports.imports import ShowImport, show_import

    for line in _lines(app.read(show_import, ShowImport(number), staff)):
        click.echo(line)


def _lines(shown: ImportShown) -> list[str]:
    from core.wording.imports import outcome_words

    card = shown.card
    lines = [outcome_words(card, _UTC, repeats=shown.repeats)]
    if shown.fault:
        lines += [f"  {shown.fault}", f"  {shown.hint}"]
    if card.buckets.rows:
        lines.append(f"  {_counts(card)}")
    lines.append(f"  {_ref(card.number)}, received {card.received_at:%Y-%m-%d %H:%M:%S} UTC" + _settled(card))
    lines += [f"  {note}" for note in shown.notes]
    for each in shown.problems:
        rows = ", ".join(map(str, each.rows)) + (" …" if each.count > len(each.rows) else "")
        mark = "✗" if each.is_error else "!"
        lines.append(f"  {mark} {each.column}: {each.reason} ({each.count}, row {rows}). {each.advice}")
    if card.state.value == "held":
        which = "Write it" if card.reason and card.reason.value == "catalogue" else "Import the good rows"
        lines.append(f"{which} with “usher imports good-rows {_ref(card.number)} --as …”.")
    return lines


def _settled(card: ImportCard) -> str:
    return f", processed {card.settled_at:%Y-%m-%d %H:%M:%S} UTC" if card.settled_at else ""


def _counts(card: ImportCard) -> str:
    from core.wording.results import counted

    found = card.buckets
    return (
        f"{counted(found.rows, 'row')}: {found.created} new, {found.updated} changed, {found.unchanged} unchanged, "
        f"{found.duplicate} repeated, {found.problem} with problems"
    )


def _ref(number: int) -> str:
    return f"I-{number:04}"


def _number(text: str) -> int:
    digits = text.upper().removeprefix("I-")
    if not (digits.isdigit() and digits.isascii() and len(digits) < 10):
        raise click.UsageError("An import has a number like I-0007.")
    return int(digits)


# --- Files and people -------------------------------------------------------------------------------------


def _write_template(file: Path) -> None:
    from core.sheets.template import learner_template

    _write(file, learner_template())


def content_of_file(file: Path) -> bytes:
    from core.rules.address_files import too_large

    try:
        if file.stat().st_size > SHEET_BYTES:
            raise too_large(file.name)
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None


def _write_marked(app: App, staff: StaffActor, settled: ImportSettled, file: Path) -> None:
    if not settled.buckets.rows:
        return
    from core.sheets.annotate import marked_files
    from core.usecases.imports.answers import LoadMarks, load_marks

    loaded = app.read(load_marks, LoadMarks(settled.number), staff)
    if loaded.marks is None or loaded.kind is None:
        return
    for marked in marked_files(loaded.content, loaded.kind, file.name, loaded.marks):
        _write(file.with_name(marked.name), marked.content)


def _write(path: Path, content: bytes) -> None:
    """Never over another file; readable by nobody else, for learners stand in it."""
    place, number = path, 1
    while True:
        try:
            with place.open("xb") as opened:
                place.chmod(0o600)
                opened.write(content)
        except FileExistsError:
            number += 1
            place = path.with_stem(f"{path.stem} {number}")
            continue
        except OSError as error:
            raise click.ClickException(f"{place} cannot be written: {error.strerror}.") from None
        click.echo(f"Written to {place}.")
        return


def staff_named(app: App, address: str, organisation: str) -> StaffActor:
    from core.rules.addresses import address_key
    from core.usecases.mailbox.senders import FindSender, find_sender

    if not all(address.partition("@")):
        raise click.UsageError(f"“{address}” is no e-mail address.")
    found = app.read(find_sender, FindSender((address_key(address),), organisation), System())
    if not found.candidates:
        accepts = "Somebody who was invited accepts first, by the link in their e-mail."
        raise click.ClickException(f"No staff member works with the address {address}. {accepts}")
    if not found.is_chosen:
        slugs = ", ".join(each.slug for each in found.candidates)
        raise click.UsageError(f"Say for which organisation, with --organisation: {slugs}.")
    chosen = found.candidates[0]
    return StaffActor(chosen.organisation_id, chosen.staff_id, Door.CLI)
