"""Who gets digests, when and where: seen and set by each staff member for themselves, and ended by one click."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import DigestUnclear
from core.model import DigestSetting, Organisation, StaffMember
from core.rules.digests import DigestTime
from core.rules.policy import DIGEST_MINUTE, DIGEST_WEEKDAY
from core.rules.zones import zone_named
from core.usecases.staff.slack_identity import linked_staff
from core.words import DigestRhythm

# The first one tells of this much before it.
_FIRST: Final = {DigestRhythm.WEEKLY: timedelta(days=7), DigestRhythm.MONTHLY: timedelta(days=31)}


class ShowDigestPlan(Struct, frozen=True):
    pass


class SetDigest(Struct, frozen=True):
    """What is None or empty stays as it is; at the first time: Monday at 08:00, every week, by e-mail and in Slack."""

    weekday: int | None = None
    minute: int | None = None
    rhythm: DigestRhythm | None = None
    only_changes: bool | None = None
    by_mail: bool | None = None
    in_slack: bool | None = None
    time_zone: str = ""


class StopDigest(Struct, frozen=True):
    pass


class ShowDigestStop(Struct, frozen=True):
    """By the link in a digest's e-mail."""

    token: str


class StopDigestMail(Struct, frozen=True):
    """Likewise. In Slack it goes on, where it is wanted there, too."""

    token: str


class DigestPlanShown(Struct, frozen=True):
    is_on: bool
    rhythm: DigestRhythm
    weekday: int
    minute: int
    time_zone: str
    by_mail: bool
    in_slack: bool
    only_changes: bool
    next_at: datetime | None
    is_linked: bool
    """Their Slack account is connected: else nothing comes there."""
    is_changed: bool = False

    @property
    def time(self) -> DigestTime:
        return DigestTime(self.rhythm, self.weekday, self.minute)


class DigestStopShown(Struct, frozen=True):
    organisation: str
    by_mail: bool
    in_slack: bool


def show_digest_plan(ctx: Context, command: ShowDigestPlan) -> DigestPlanShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    return _shown(ctx, staff, _setting(ctx, staff.id) or _new(ctx, staff), is_changed=False)


def set_digest(ctx: Context, command: SetDigest) -> DigestPlanShown:
    """Holds from now on. Raises DigestUnclear for a zone that nobody knows."""
    staff = access.require_staff(ctx, Permission.VIEW)
    setting = _setting(ctx, staff.id)
    if setting is None:
        setting = _new(ctx, staff)
        ctx.session.add(setting)
    if command.time_zone:
        if zone_named(command.time_zone).key != command.time_zone:
            raise DigestUnclear(words=command.time_zone[:60])
        setting.time_zone = command.time_zone
    for name in ("weekday", "minute", "rhythm", "only_changes", "by_mail", "in_slack"):
        if (wanted := getattr(command, name)) is not None:
            setattr(setting, name, wanted)
    if not setting.by_mail and not setting.in_slack:
        # Switched on again after one click had ended it.
        setting.by_mail = setting.in_slack = True
    plan(ctx, setting)
    return _shown(ctx, staff, setting, is_changed=True)


def stop_digest(ctx: Context, command: StopDigest) -> DigestPlanShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    setting = _setting(ctx, staff.id)
    if setting is None:
        # Kept, so that an owner who never had one gets none.
        setting = _new(ctx, staff)
        ctx.session.add(setting)
    setting.next_at = None
    return _shown(ctx, staff, setting, is_changed=True)


def show_digest_stop(ctx: Context, command: ShowDigestStop) -> DigestStopShown:
    return _stop_shown(ctx, access.digest_setting_by_link(ctx, command.token))


def stop_digest_mail(ctx: Context, command: StopDigestMail) -> DigestStopShown:
    """At once, and as often as anybody presses."""
    setting = access.digest_setting_by_link(ctx, command.token)
    end_mail(setting)
    return _stop_shown(ctx, setting)


def end_mail(setting: DigestSetting) -> None:
    setting.by_mail = False
    if not setting.in_slack:
        setting.next_at = None


def _stop_shown(ctx: Context, setting: DigestSetting) -> DigestStopShown:
    organisation = ctx.session.get_one(Organisation, setting.organisation_id)
    is_on = setting.next_at is not None
    return DigestStopShown(organisation.name, setting.by_mail and is_on, setting.in_slack and is_on)


def plan(ctx: Context, setting: DigestSetting) -> None:
    """The next one, from now on."""
    time = DigestTime(setting.rhythm, setting.weekday, setting.minute)
    planned = time.next_after(ctx.now, zone_named(setting.time_zone))
    if setting.next_at is None:
        setting.since_at = planned.at - _FIRST[setting.rhythm]
    setting.next_at, setting.next_period = planned.at, planned.period


def first_setting(ctx: Context, staff_id: int, organisation: Organisation) -> DigestSetting:
    """Not planned yet."""
    return DigestSetting(
        id=ctx.tokens.new_id(),
        organisation_id=organisation.id,
        staff_id=staff_id,
        rhythm=DigestRhythm.WEEKLY,
        weekday=DIGEST_WEEKDAY,
        minute=DIGEST_MINUTE,
        time_zone=organisation.time_zone,
        by_mail=True,
        in_slack=True,
        only_changes=False,
        next_at=None,
        next_period="",
        since_at=ctx.now,
    )


def _setting(ctx: Context, staff_id: int) -> DigestSetting | None:
    return ctx.session.scalars(select(DigestSetting).where(DigestSetting.staff_id == staff_id)).one_or_none()


def _new(ctx: Context, staff: StaffMember) -> DigestSetting:
    return first_setting(ctx, staff.id, ctx.session.get_one(Organisation, staff.organisation_id))


def _shown(ctx: Context, staff: StaffMember, setting: DigestSetting, *, is_changed: bool) -> DigestPlanShown:
    return DigestPlanShown(
        is_on=setting.next_at is not None,
        rhythm=setting.rhythm,
        weekday=setting.weekday,
        minute=setting.minute,
        time_zone=setting.time_zone,
        by_mail=setting.by_mail,
        in_slack=setting.in_slack,
        only_changes=setting.only_changes,
        next_at=setting.next_at,
        is_linked=bool(linked_staff(ctx, [staff.id])),
        is_changed=is_changed,
    )
