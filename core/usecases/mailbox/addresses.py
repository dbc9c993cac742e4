"""Addresses that came by e-mail and say no run: how many there are, and to which runs they could be invited.

Nothing is kept of them: the sender writes the run, and sends them again. (In Slack, where a run is chosen within
minutes, they wait: ``invitations.gathering``.)
"""

from typing import Final

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import NoAddresses, NoUsableAddress
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.invitations.drafts import checked_addresses

_RUNS_OFFERED: Final = 8
_SHOWN_CHARACTERS: Final = 80


class OfferRuns(Struct, frozen=True):
    """``addresses`` as in PrepareInvitation. ``is_file``: they stand in files."""

    addresses: str
    is_file: bool


class RunsOffered(Struct, frozen=True):
    """``runs``: code and name, the soonest first; ``total`` counts all that could be chosen."""

    found: int
    duplicates: int
    invalid: int
    is_file: bool
    runs: tuple[tuple[str, str], ...]
    total: int


def offer_runs(ctx: Context, command: OfferRuns) -> RunsOffered:
    """Raises NoAddresses or NoUsableAddress where there is nobody to write to, and TooManyAddresses."""
    access.require_staff(ctx, Permission.INVITE)
    listed = checked_addresses(command.addresses)
    if not listed.accepted:
        meant = next((each.text for each in listed.invalid if "@" in each.text), "")
        raise NoUsableAddress(entry=meant[:_SHOWN_CHARACTERS]) if meant else NoAddresses
    page = list_choosable_runs(ctx, ListChoosableRuns(page_rows=_RUNS_OFFERED))
    return RunsOffered(
        found=len(listed.accepted),
        duplicates=len(listed.duplicates),
        invalid=len(listed.invalid),
        is_file=command.is_file,
        runs=tuple((run.code, run.course_title) for run in page.runs),
        total=page.total,
    )
