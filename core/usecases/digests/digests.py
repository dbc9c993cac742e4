"""Digests: made when they are due, for whoever wants them; and one for whoever asks now.

    find_due_digests (a read) -> begin_digests (new owners)
    of some hundreds: collect_due_digests (a read, of seconds) -> write_due_digests (a short transaction)

1. Rows say what is due: a tick that comes late tells of everything since the last one, once.
2. Two ticks at the same moment never both tell: the claim moves ``next_at`` of rows that are still due, and the digest
   with its messages is written in the same transaction. A crash before its end leaves all of it undone. What was
   collected for a reader or a plan that is another by then is thrown away; the next tick collects it anew.
3. One a reader and period: whoever had today's and chose another hour of today waits for the next one.
4. Numbers are kept as they were collected: the mail, the message in Slack and every repeat tell from the same row.
5. Each digest tells of what bears a moment in (``since_at``, ``until_at``], and the next one goes on from ``until_at``:
   nothing is told twice. ``until_at`` lies DIGEST_MARGIN before the collecting. A row's moment is when its transaction
   began, and none that takes as long as the margin is stored: whatever bears an earlier moment has committed, and is
   seen; what bears a later one is left for the next digest, seen or not. So nothing falls between two digests either.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Row, bindparam, exists, select, tuple_, update

from core import access
from core.access import Permission
from core.context import Context
from core.model import Digest, DigestSetting, Organisation, ProviderGrant, StaffMember
from core.outbox import email_row, say, slack_row
from core.rules.digests import DigestTime
from core.rules.policy import DIGEST_FIRST, DIGEST_MARGIN, DIGESTS_A_TICK, DIGESTS_AT_ONCE
from core.rules.zones import zone_named
from core.usecases.digests.collecting import Reader, collect
from core.usecases.digests.news import DigestShown
from core.usecases.digests.settings import first_setting, plan
from core.usecases.staff.slack_identity import linked_staff
from core.words import MessageKind, Role


class ShowDigest(Struct, frozen=True):
    """What the next one would say if it were due now."""


class FindDueDigests(Struct, frozen=True):
    is_routine: ClassVar = True

    limit: int = DIGESTS_A_TICK


class DueDigestsFound(Struct, frozen=True):
    setting_ids: tuple[int, ...]
    owner_ids: tuple[int, ...]
    """Owners who have said nothing about digests yet."""

    def chunks(self) -> Iterable[tuple[int, ...]]:
        starts = range(0, len(self.setting_ids), DIGESTS_AT_ONCE)
        return (self.setting_ids[start : start + DIGESTS_AT_ONCE] for start in starts)


class BeginDigests(Struct, frozen=True):
    is_routine: ClassVar = True

    owner_ids: tuple[int, ...]


class DigestsBegun(Struct, frozen=True):
    begun: int


class CollectDueDigests(Struct, frozen=True):
    is_routine: ClassVar = True

    setting_ids: tuple[int, ...]


class DigestCollected(Struct, frozen=True):
    """``reader`` and ``next_at`` as they were: if they are others meanwhile, it counts no more."""

    setting_id: int
    next_at: datetime
    reader: Reader
    shown: DigestShown


class DueDigestsCollected(Struct, frozen=True):
    """``setting_ids``: all that were asked for, also of those to whom nothing is told."""

    setting_ids: tuple[int, ...]
    digests: tuple[DigestCollected, ...]


class WriteDueDigests(Struct, frozen=True):
    is_routine: ClassVar = True

    collected: DueDigestsCollected


class DueDigestsWritten(Struct, frozen=True):
    written: int
    postponed: int
    """Planned anew and nothing said: their reader left, had this period's, or wants changes only."""


def show_digest(ctx: Context, command: ShowDigest) -> DigestShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    setting = ctx.session.scalars(select(DigestSetting).where(DigestSetting.staff_id == staff.id)).one_or_none()
    is_planned = setting is not None and setting.next_at is not None
    reader = Reader(
        staff_id=staff.id,
        first_name=staff.first_name,
        organisation_id=organisation.id,
        organisation=organisation.name,
        time_zone=setting.time_zone if setting else organisation.time_zone,
        since=min(setting.since_at, ctx.now) if setting and is_planned else ctx.now - DIGEST_FIRST,
        granted=access.granted_provider_ids(ctx, staff),
        may_act=Permission.INVITE in access.ROLE_PERMISSIONS[staff.role],
    )
    return collect(ctx, [reader], ctx.now)[staff.id]


# --- The tick ---------------------------------------------------------------------------------------------


def find_due_digests(ctx: Context, command: FindDueDigests) -> DueDigestsFound:
    """Colleagues beside one another: what is told to them is counted together."""
    access.require_system(ctx)
    due = (
        select(DigestSetting.id)
        .where(DigestSetting.next_at <= ctx.now)
        .order_by(DigestSetting.organisation_id, DigestSetting.id)
        .limit(command.limit)
    )
    owners = (
        select(StaffMember.id)
        .join(Organisation, Organisation.id == StaffMember.organisation_id)
        .where(
            StaffMember.role == Role.OWNER,
            StaffMember.accepted_at.is_not(None),
            StaffMember.disabled_at.is_(None),
            Organisation.terms_accepted_at.is_not(None),
            ~exists().where(DigestSetting.staff_id == StaffMember.id),
        )
        .limit(command.limit)
    )
    return DueDigestsFound(tuple(ctx.session.scalars(due)), tuple(ctx.session.scalars(owners)))


def begin_digests(ctx: Context, command: BeginDigests) -> DigestsBegun:
    """An owner answers for costs and for what is left undone, so they are told until they say “digest off”.

    By e-mail only: nobody has asked for it in Slack.
    """
    access.require_system(ctx)
    query = (
        select(StaffMember.id, Organisation)
        .join(Organisation, Organisation.id == StaffMember.organisation_id)
        .where(StaffMember.id.in_(command.owner_ids), ~exists().where(DigestSetting.staff_id == StaffMember.id))
    )
    rows = ctx.session.execute(query).all()
    for row in rows:
        setting = first_setting(ctx, row.id, row.Organisation)
        setting.in_slack = False
        plan(ctx, setting)
        ctx.session.add(setting)
    ctx.session.flush()
    return DigestsBegun(len(rows))


def collect_due_digests(ctx: Context, command: CollectDueDigests) -> DueDigestsCollected:
    """Nobody waits for it, however many learners there are: it holds no lock."""
    access.require_system(ctx)
    wanted = [each for each in _due(ctx, command.setting_ids) if each.is_wanted]
    until = ctx.now - DIGEST_MARGIN
    shown = collect(ctx, [each.reader for each in wanted], until)
    digests = (
        DigestCollected(each.row.id, each.row.next_at, each.reader, shown[each.reader.staff_id]) for each in wanted
    )
    return DueDigestsCollected(command.setting_ids, tuple(digests))


def write_due_digests(ctx: Context, command: WriteDueDigests) -> DueDigestsWritten:
    access.require_system(ctx)
    collected = {each.setting_id: each for each in command.collected.digests}
    due = [each for each in _due(ctx, command.collected.setting_ids) if _holds(each, collected.get(each.row.id))]
    claimed = _claimed(ctx, due)
    ready = [each for each in due if each.row.id in claimed and each.is_wanted]
    shown = {each.row.id: collected[each.row.id].shown for each in ready}
    told = [each for each in ready if not each.row.only_changes or shown[each.row.id].has_changed]
    digests = [_digest(ctx, each, shown[each.row.id]) for each in ready]
    for start in range(0, len(digests), DIGESTS_AT_ONCE):
        access.insert_all(ctx, Digest, digests[start : start + DIGESTS_AT_ONCE])
    ids = {digest["setting_id"]: digest["id"] for digest in digests}
    say(ctx, [message for each in told for message in _messages(ctx, each, ids[each.row.id])])
    _plan_anew(ctx, [each for each in due if each.row.id in claimed], shown)
    return DueDigestsWritten(len(told), len(claimed) - len(told))


def _holds(due: "_Due", collected: DigestCollected | None) -> bool:
    """Whether what was collected is still what is to be told; who is told nothing needs none of it."""
    if not due.is_wanted:
        return True
    return collected is not None and (collected.next_at, collected.reader) == (due.row.next_at, due.reader)


class _Due(NamedTuple):
    row: Row[*tuple[Any, ...]]
    reader: Reader
    is_wanted: bool
    """Their reader works here, and has not had it yet."""
    is_linked: bool
    """In Slack."""


def _due(ctx: Context, setting_ids: Sequence[int]) -> list[_Due]:
    """Two workers that meet lock in the same order."""
    rows = ctx.session.execute(
        select(
            *(DigestSetting.id, DigestSetting.organisation_id, DigestSetting.staff_id, DigestSetting.rhythm),
            *(DigestSetting.weekday, DigestSetting.minute, DigestSetting.time_zone, DigestSetting.by_mail),
            *(DigestSetting.in_slack, DigestSetting.only_changes, DigestSetting.next_at, DigestSetting.next_period),
            *(DigestSetting.since_at, StaffMember.first_name, StaffMember.email, StaffMember.email_key),
            *(StaffMember.role, StaffMember.all_providers, StaffMember.disabled_at, StaffMember.accepted_at),
            *(Organisation.name.label("organisation"), Organisation.terms_accepted_at),
        )
        .join(StaffMember, StaffMember.id == DigestSetting.staff_id)
        .join(Organisation, Organisation.id == DigestSetting.organisation_id)
        .where(DigestSetting.id.in_(setting_ids), DigestSetting.next_at <= ctx.now)
        .order_by(DigestSetting.id)
    ).all()
    staff_ids = [row.staff_id for row in rows]
    granted, linked = _granted(ctx, staff_ids), linked_staff(ctx, staff_ids)
    had = {
        (row.staff_id, row.period)
        for row in ctx.session.execute(
            select(Digest.staff_id, Digest.period).where(
                tuple_(Digest.staff_id, Digest.period).in_([(row.staff_id, row.next_period) for row in rows])
            )
        )
    }
    return [_looked_at(row, granted, linked, had) for row in rows]


def _looked_at(row: Any, granted: dict[int, frozenset[int]], linked: set[int], had: set[tuple[int, str]]) -> _Due:
    sees_all = row.all_providers or row.role is Role.OWNER
    reader = Reader(
        staff_id=row.staff_id,
        first_name=row.first_name,
        organisation_id=row.organisation_id,
        organisation=row.organisation,
        time_zone=row.time_zone,
        since=row.since_at,
        granted=None if sees_all else granted.get(row.staff_id, frozenset()),
        may_act=Permission.INVITE in access.ROLE_PERMISSIONS[row.role],
    )
    works = row.disabled_at is None and row.accepted_at is not None and row.terms_accepted_at is not None
    is_linked = row.staff_id in linked
    is_reached = row.by_mail or (row.in_slack and is_linked)
    return _Due(row, reader, works and is_reached and (row.staff_id, row.next_period) not in had, is_linked)


def _granted(ctx: Context, staff_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    query = select(ProviderGrant.staff_id, ProviderGrant.provider_id).where(ProviderGrant.staff_id.in_(staff_ids))
    for row in ctx.session.execute(query):
        found.setdefault(row.staff_id, set()).add(row.provider_id)
    return {staff_id: frozenset(ids) for staff_id, ids in found.items()}


def _claimed(ctx: Context, due: Sequence[_Due]) -> set[int]:
    """Of these, the ones that nobody else claims or changes at this moment."""
    if not due:
        return set()
    claimed = ctx.session.execute(
        update(DigestSetting)
        .where(DigestSetting.id.in_([each.row.id for each in due]), DigestSetting.next_at <= ctx.now)
        # For the rest of this transaction only: see ``_plan_anew``.
        .values(next_at=ctx.now + DIGEST_FIRST)
        .returning(DigestSetting.id)
    )
    return set(claimed.scalars())


def _digest(ctx: Context, due: _Due, shown: DigestShown) -> dict[str, Any]:
    return {
        "id": ctx.tokens.new_id(),
        "organisation_id": due.row.organisation_id,
        "setting_id": due.row.id,
        "staff_id": due.row.staff_id,
        "period": due.row.next_period,
        "since_at": due.row.since_at,
        "until_at": shown.until,
        "content": msgspec.json.encode(shown).decode(),
    }


def _messages(ctx: Context, due: _Due, digest_id: int) -> list[dict[str, Any]]:
    row, kind, messages = due.row, MessageKind.DIGEST, []
    if row.by_mail:
        address = {"to": row.email, "to_key": row.email_key, "not_before": ctx.now}
        messages.append(email_row(ctx, kind, **address, about_id=digest_id, key=f"digest:{digest_id}:mail"))
    if row.in_slack and due.is_linked:
        key = f"digest:{digest_id}:slack"
        messages.append(slack_row(ctx, kind, staff_id=row.staff_id, about_id=digest_id, key=key))
    return [{**message, "organisation_id": row.organisation_id} for message in messages]


_PLAN = (
    update(DigestSetting)
    .where(DigestSetting.id == bindparam("of_id"))
    .values(next_at=bindparam("at"), next_period=bindparam("period"), since_at=bindparam("since"))
)


def _plan_anew(ctx: Context, claimed: Sequence[_Due], told: Mapping[int, DigestShown]) -> None:
    access.update_each(ctx, _PLAN, [_planned(ctx.now, each, told.get(each.row.id)) for each in claimed])


def _planned(now: datetime, due: _Due, told: DigestShown | None) -> dict[str, Any]:
    row = due.row
    planned = DigestTime(row.rhythm, row.weekday, row.minute).next_after(now, zone_named(row.time_zone))
    # Who had this period's goes on from there; who left is told nothing of the time in between.
    since = told.until if told is not None else now if row.disabled_at is not None else row.since_at
    return {"of_id": row.id, "at": planned.at, "period": planned.period, "since": since}
