"""An organisation's quiet hours: reminders wait for their end, and so does what is scheduled into them."""

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import QuietHoursUnclear
from core.model import Organisation
from core.rules.quiet import QuietHours, read_quiet


class ShowQuietHours(Struct, frozen=True):
    pass


class SetQuietHours(Struct, frozen=True):
    """``hours`` as typed: ``20:00-07:00``, or ``off``."""

    hours: str


class QuietHoursShown(Struct, frozen=True):
    organisation: str
    quiet: QuietHours | None
    time_zone: str
    is_changed: bool = False


def show_quiet_hours(ctx: Context, command: ShowQuietHours) -> QuietHoursShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    return _shown(ctx.session.get_one(Organisation, staff.organisation_id), is_changed=False)


def set_quiet_hours(ctx: Context, command: SetQuietHours) -> QuietHoursShown:
    """Holds from now on; what is scheduled already stays where it is. Raises QuietHoursUnclear."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    quiet = None if command.hours.strip().lower() in ("off", "none", "no") else _read(command.hours)
    organisation.quiet_from = quiet.from_minute if quiet else None
    organisation.quiet_until = quiet.until_minute if quiet else None
    return _shown(organisation, is_changed=True)


def _read(words: str) -> QuietHours:
    quiet = read_quiet(words)
    if quiet is None:
        raise QuietHoursUnclear(words=words[:60])
    return quiet


def _shown(organisation: Organisation, *, is_changed: bool) -> QuietHoursShown:
    return QuietHoursShown(organisation.name, organisation.quiet_hours, organisation.time_zone, is_changed)
