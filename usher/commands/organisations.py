"""``usher org``, ``staff``, ``provider``, ``agreement``: who works with Usher, and under which terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

import click

from core.words import Role
from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from core.usecases.staff.organisations import OrganisationRow

_DAY = click.DateTime(["%Y-%m-%d"])
_HEADINGS: Final = ("SHORT NAME", "NAME", "TIME ZONE", "CREATED", "STAFF", "COURSES", "LEARNERS")
_TEXTS: Final = 4
"""So many of them are not numbers."""


@click.group()
def org() -> None:
    """Organisations."""


@org.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="As learners read it: “Northfield College”.")
@click.option("--zone", default="Europe/London", show_default=True, help="Its time zone.")
@click.option("--owner-first-name", required=True)
@click.option("--owner-last-name", required=True)
@click.option("--owner-email", required=True)
def create(slug: str, name: str, zone: str, owner_first_name: str, owner_last_name: str, owner_email: str) -> None:
    """Make an organisation SLUG and invite its owner by e-mail."""
    from core.usecases.staff.organisations import CreateOrganisation, create_organisation

    command = CreateOrganisation(slug, name, zone, owner_first_name, owner_last_name, owner_email)
    with operator_app() as app:
        made = app.run(create_organisation, command, OPERATOR)
        link = f"{app.settings.base_url}/s/{made.owner.token}"
    click.echo(f"{made.name} is there. {made.owner.email} gets an e-mail; it works once they accept the terms:")
    click.echo(f"  {link}")
    click.echo(f"To connect Slack, write there by {made.setup_valid_until:%d %B %Y}:")
    click.echo(f"  /usher setup {made.setup_code}")


@org.command("list")
def list_all() -> None:
    """List them: since when, and how many staff, courses and learners each has."""
    from core.usecases.staff.organisations import ListOrganisations, list_organisations

    with operator_app() as app:
        rows = app.read(list_organisations, ListOrganisations(), OPERATOR).rows
    for line in _table(rows):
        click.echo(line)
    if not rows:
        click.echo("There are none. “usher org create” makes one.")


def _table(rows: Sequence[OrganisationRow]) -> Iterator[str]:
    """Each column as wide as its widest; numbers stand at its right."""
    if not rows:
        return
    cells = [_HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row, note in zip(cells, ("", *map(_note, rows)), strict=True):
        texts = [cell.ljust(width) for cell, width in zip(row[:_TEXTS], widths, strict=False)]
        numbers = [cell.rjust(width) for cell, width in zip(row[_TEXTS:], widths[_TEXTS:], strict=True)]
        yield "  ".join((*texts, *numbers)) + note


def _cells(row: OrganisationRow) -> tuple[str, ...]:
    numbers = (f"{number:,}" for number in (row.staff, row.courses, row.learners))
    return (row.slug, row.name, row.time_zone, f"{row.created_at:%Y-%m-%d}", *numbers)


def _note(row: OrganisationRow) -> str:
    return "" if row.has_terms else "  its owner has not accepted the terms yet"


@org.command("setup-code")
@click.argument("slug")
def setup_code(slug: str) -> None:
    """Make a new code that connects a Slack workspace to SLUG; the former one stops working."""
    from core.usecases.staff.organisations import NewSetupCode, new_setup_code

    with operator_app() as app:
        made = app.run(new_setup_code, NewSetupCode(slug), OPERATOR)
    click.echo(f"/usher setup {made.setup_code}   (until {made.valid_until:%d %B %Y %H:%M} UTC)")


@org.command("erase-ethnicity")
@click.argument("slug")
def erase_ethnicity(slug: str) -> None:
    """Erase the ethnicity that is stored of learners of SLUG. First it asks."""
    from core.usecases.learners import ethnicity

    with operator_app() as app:
        found = app.run(ethnicity.erase_ethnicity_in, ethnicity.EraseEthnicityIn(slug), OPERATOR)
        if not found.stored:
            click.echo(f"None is stored of learners of {found.organisation}.")
            return
        click.confirm(f"Erase it of {found.stored:,} learners of {found.organisation}, for good?", abort=True)
        command = ethnicity.EraseEthnicityIn(slug, found.stored)
        done = app.run(ethnicity.erase_ethnicity_in, command, OPERATOR)
    if done.erased is None:
        raise click.ClickException(f"Meanwhile it is stored of {done.stored:,}: nothing was erased.")
    click.echo(f"Erased of {done.erased:,} learners.")


@click.group()
def staff() -> None:
    """Staff members."""


@staff.command("invite")
@click.argument("organisation")
@click.argument("email")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), default="manager", show_default=True)
@click.option("--telephone", default="")
@click.option("--provider", "providers", multiple=True, help="A UKPRN they look after; repeatable; none means all.")
def invite(
    organisation: str,
    email: str,
    first_name: str,
    last_name: str,
    role: str,
    telephone: str,
    providers: tuple[str, ...],
) -> None:
    """Invite EMAIL to look after learners of ORGANISATION.

    For somebody who has not answered yet: a new link by mail, for two more weeks; what is on record stays.
    """
    from core.usecases.staff.staff import InviteStaffMember, invite_staff_member

    command = InviteStaffMember(organisation, first_name, last_name, email, Role(role), telephone, providers)
    with operator_app() as app:
        invited = app.run(invite_staff_member, command, OPERATOR)
        link = f"{app.settings.base_url}/s/{invited.token}"
    done = "is invited again" if invited.is_again else "is invited"
    click.echo(f"{invited.name} {done} as {invited.role} and gets an e-mail with this link:\n  {link}")


@staff.command("disable")
@click.argument("organisation")
@click.argument("email")
def disable(organisation: str, email: str) -> None:
    """Take away the access of EMAIL to ORGANISATION, at once. An owner can enable them again in Slack."""
    from core.usecases.staff.colleagues import DisableStaffMember, disable_staff_member

    with operator_app() as app:
        disabled = app.run(disable_staff_member, DisableStaffMember(organisation, email), OPERATOR)
    click.echo(f"{disabled.name} ({disabled.email}) is disabled: signed out everywhere, and disconnected from Slack.")


@click.group()
def provider() -> None:
    """Schools and colleges inside an organisation."""


@provider.command("add")
@click.argument("organisation")
@click.argument("ukprn")
@click.argument("name")
def add(organisation: str, ukprn: str, name: str) -> None:
    """Add the provider UKPRN, called NAME, to ORGANISATION."""
    from core.usecases.staff.organisations import AddProvider, add_provider

    with operator_app() as app:
        added = app.run(add_provider, AddProvider(organisation, ukprn, name), OPERATOR)
    click.echo(f"{added.name} ({added.ukprn}) is there.")


@click.group()
def agreement() -> None:
    """Which organisation may invite to whose courses, and at what price."""


@agreement.command("add")
@click.argument("organisation")
@click.argument("owner")
@click.option("--course", default="", help="Only this course of OWNER; else all of them.")
@click.option("--price", required=True, help="A place, in pounds: 20.00.")
@click.option("--prepaid", default=0, show_default=True, help="Places that are paid already.")
@click.option("--from", "starts", type=_DAY, metavar="YYYY-MM-DD", required=True, help="Its first day.")
@click.option("--until", "ends", type=_DAY, metavar="YYYY-MM-DD", help="The day from which it no longer holds.")
def add_one(
    organisation: str, owner: str, course: str, price: str, prepaid: int, starts: datetime, ends: datetime | None
) -> None:
    """Let ORGANISATION invite to the courses of OWNER."""
    from core.usecases.staff.organisations import AddAgreement, add_agreement

    command = AddAgreement(
        organisation, owner, course, _pence(price), prepaid, _utc(starts), _utc(ends) if ends else None
    )
    with operator_app() as app:
        app.run(add_agreement, command, OPERATOR)
    click.echo(f"{organisation} may invite to {course or 'all courses'} of {owner} from {starts:%d %B %Y}.")


def _pence(price: str) -> int:
    try:
        pence = Decimal(price) * 100
    except InvalidOperation:
        raise click.BadParameter("write pounds and pence like 20.00", param_hint="--price") from None
    if pence < 0 or pence != pence.to_integral_value():
        raise click.BadParameter("write pounds and pence like 20.00", param_hint="--price")
    return int(pence)


def _utc(day: datetime) -> datetime:
    return day.replace(tzinfo=UTC)
