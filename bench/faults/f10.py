"""F10: schedules, reminders and digests across changes of the clock.

The clock is passed in, and moved: over the days on which clocks change in London, New York and Lord Howe, and over the
day that Apia skipped; meanwhile it is set forward or back, or nobody works while something falls due.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from threading import Event
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select

from bench.report import Goal, Report, progress
from bench.world import new_folder
from core.app import App
from core.context import Door, LinkHolder, Operator, StaffActor, System
from core.letters import Letter, Loaded, Outcome, Verdict
from core.model import Digest, Invitation, OutboundMessage
from core.rules.policy import MAIL_GAP, QUIET_FROM, QUIET_UNTIL, REMINDERS
from core.rules.quiet import QuietHours
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.digests.settings import SetDigest, set_digest
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.quiet_hours import SetQuietHours, set_quiet_hours
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.staff.organisations import CreateOrganisation, create_organisation
from core.usecases.staff.staff import AcceptStaffInvitation, accept_staff_invitation
from core.words import Channel, MessageKind, MessageState
from tests.factories import FixedClock, make_app, make_engine
from worker.digesting import write_what_is_due
from worker.reminding import remind_who_is_due
from worker.sending import send_chunk

_NIGHT: Final = QuietHours(QUIET_FROM, QUIET_UNTIL)
# What the clock shows in the zone, and the moment that is meant.
_SLOTS: Final = (
    ("Europe/London", "2026-03-29 01:30", "2026-03-29T01:00Z"),
    ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30T10:00Z"),
    ("Europe/London", "2026-10-25 01:30", "2026-10-25T00:30Z"),
    ("America/New_York", "2026-03-08 02:30", "2026-03-08T07:00Z"),
    ("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30Z"),
    ("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03T15:30Z"),
    ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45Z"),
)
_FAULTS: Final = (
    "none",
    "back an hour",
    "down over the slot",
    "ahead 5 min",
    "back 5 min",
    "down 3 weeks",
    "ahead a year",
)
_LEARNERS: Final = 3
_OWNER: Final = "olive@north.example.org"
_LASTS: Final = timedelta(days=45)


class Size(Struct, frozen=True):
    cases: int = len(_SLOTS) * len(_FAULTS)


SMALL: Final = Size(cases=3)


class _Ledger(Struct):
    """The deliverer: whatever is handed over is accepted, and noted with the moment."""

    app: App
    accepted: list[tuple[str, str, datetime]] = []
    """(kind, address, moment)"""
    width: int = 4

    def load(self, app: App, ids: Sequence[int]) -> Loaded[Letter]:
        loaded = app.read(load_letters, LoadLetters(tuple(ids)), System())
        return Loaded({letter.head.message_id: letter for letter in loaded.letters}, loaded.unworthy_ids)

    def send(self, items: Sequence[Letter]) -> list[Outcome]:
        self.accepted += [(item.kind.value, item.head.recipient, self.app.clock()) for item in items]
        return [Outcome(item.head.message_id, Verdict.ACCEPTED) for item in items]


class _Counts(Struct):
    cases: int = 0
    scheduled: int = 0
    reminders: int = 0
    doubled: int = 0
    missing: int = 0
    early: int = 0
    at_night: int = 0
    too_close: int = 0
    too_many: int = 0
    unfinished: int = 0
    digests: int = 0
    digests_lost: int = 0
    digests_doubled: int = 0
    digests_early: int = 0


class _Played(Struct, frozen=True):
    app: App
    accepted: list[tuple[str, str, datetime]]
    worked_at: list[datetime]
    """What the clock showed at each tick."""


def run(size: Size, seed: int) -> Report:
    # The worker says at each tick what it did.
    logging.getLogger("usher.worker").setLevel(logging.ERROR)
    counts = _Counts()
    for number, (fault, slot) in enumerate(product(_FAULTS, _SLOTS)):
        if _is_chosen(number, size.cases):
            progress(f"F10: {slot[0]}, {slot[1]}: {fault}")
            with new_folder() as folder:
                _judge(counts, fault, slot, _play(folder, fault, slot))
    return _report(seed, counts)


def _is_chosen(number: int, cases: int) -> bool:
    """Spread over faults and days alike."""
    every = max(1, len(_FAULTS) * len(_SLOTS) // cases)
    return number % every == 0 and number // every < cases


# --- Playing ----------------------------------------------------------------------------------------------


def _play(folder: Path, fault: str, slot: tuple[str, str, str]) -> _Played:
    zone, words, meant = slot
    at = datetime.fromisoformat(meant)
    clock = FixedClock((at - timedelta(days=5)).replace(hour=9, minute=0))
    app = make_app(make_engine(f"sqlite:///{folder}/usher.db"), clock=clock)
    ledger = _Ledger(app)
    owner = _make_organisation(app, zone, at)
    _schedule(app, owner, words, zone)
    _want_digests(app, owner, words, zone)
    app.run(set_quiet_hours, SetQuietHours("21:00-07:00"), owner)
    worked_at = []
    for is_working in _moments(clock, fault, at):
        if is_working:
            worked_at.append(clock.now)
            remind_who_is_due(app, Event())
            write_what_is_due(app, Event())
            _send_due(app, ledger)
    return _Played(app, ledger.accepted, worked_at)


def _make_organisation(app: App, zone: str, at: datetime) -> StaffActor:
    """Quiet hours are off while the slot is chosen: it lies at night."""
    command = CreateOrganisation("north", "North", zone, "Olive", "Owner", _OWNER)
    created = app.run(create_organisation, command, Operator())
    app.run(accept_staff_invitation, AcceptStaffInvitation(created.owner.token), LinkHolder())
    header = "course_code,course_title,kind,model,run_code,starts,ends,enrolment_closes,time_zone"
    days = [(at + timedelta(days=number)).date().isoformat() for number in (5, 90, 40)]
    row = ",".join(["maths", "Maths", "invite_only", "upgraded", "maths-1", *days, zone])
    app.run(import_catalogue, ImportCatalogue("north", f"{header}\n{row}"), Operator())
    owner = StaffActor(created.organisation_id, created.owner.staff_id, Door.SLACK)
    app.run(set_quiet_hours, SetQuietHours("off"), owner)
    return owner


def _schedule(app: App, owner: StaffActor, words: str, zone: str) -> None:
    addresses = " ".join(f"learner{number}@example.org" for number in range(_LEARNERS))
    command = PrepareInvitation("maths-1", addresses, when=words, time_zone=zone)
    draft_id = app.run(prepare_invitation, command, owner).draft_id
    app.run(invite_learners, InviteLearners(draft_id), owner)


def _want_digests(app: App, owner: StaffActor, words: str, zone: str) -> None:
    """Every week on the slot's day, at its time."""
    at = datetime.fromisoformat(words)
    minute = at.hour * 60 + at.minute
    app.run(set_digest, SetDigest(at.weekday(), minute, by_mail=True, in_slack=False, time_zone=zone), owner)


def _moments(clock: FixedClock, fault: str, slot: datetime) -> Iterator[bool]:
    """Moves the clock; True while a worker is there. Every 10 minutes around the slot, else every hour and a bit."""
    began = clock.now
    disturbances = dict(_disturbances(fault, slot))
    while clock.now < began + _LASTS:
        is_near = abs(clock.now - slot) < timedelta(hours=4)
        clock.now += timedelta(minutes=10) if is_near else timedelta(minutes=63)
        for at in [at for at in disturbances if at <= clock.now]:
            clock.now += disturbances.pop(at)
        yield not _is_down(fault, clock.now, slot)


def _disturbances(fault: str, slot: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """(from when, by how much the clock is moved)."""
    by = {
        "back an hour": timedelta(hours=-1),
        "ahead 5 min": timedelta(minutes=5),
        "back 5 min": timedelta(minutes=-5),
        "ahead a year": timedelta(days=365),
    }.get(fault)
    if by is None:
        return
    if fault != "ahead a year":
        yield slot + timedelta(minutes=15), by
    # And right after the first reminders.
    yield slot + timedelta(days=3, hours=9), by


def _is_down(fault: str, now: datetime, slot: datetime) -> bool:
    if fault == "down over the slot":
        return abs(now - slot) < timedelta(hours=2)
    return fault == "down 3 weeks" and timedelta(days=2) < now - slot < timedelta(days=23)


def _send_due(app: App, ledger: _Ledger) -> None:
    query = select(OutboundMessage.id).where(
        OutboundMessage.state == MessageState.PENDING,
        OutboundMessage.channel == Channel.EMAIL,
        OutboundMessage.kind.in_((MessageKind.INVITATION, MessageKind.REMINDER, MessageKind.DIGEST)),
        OutboundMessage.not_before <= app.clock(),
    )
    ids = app.read(lambda ctx, _: list(ctx.session.scalars(query)), None, System())
    if ids:
        send_chunk(app, ledger, ids, executor="f10", failpoint=lambda _name: None, stop=Event())


# --- Judging ----------------------------------------------------------------------------------------------


def _judge(counts: _Counts, fault: str, slot: tuple[str, str, str], played: _Played) -> None:
    app, accepted = played.app, played.accepted
    zone, meant = ZoneInfo(slot[0]), datetime.fromisoformat(slot[2])
    invitations = Counter(address for kind, address, _ in accepted if kind == MessageKind.INVITATION)
    reminders = [(address, at) for kind, address, at in accepted if kind == MessageKind.REMINDER]
    counts.cases += 1
    counts.scheduled += invitations.total()
    counts.reminders += len(reminders)
    counts.doubled += sum(number - 1 for number in invitations.values())
    counts.missing += _LEARNERS - len(invitations)
    counts.early += sum(at < meant for kind, _, at in accepted if kind == MessageKind.INVITATION)
    counts.at_night += sum(_NIGHT.covers(at, zone) for _, at in reminders)
    for address in invitations:
        moments = [at for _, each, at in accepted if each == address]
        counts.too_close += sum(later - earlier < MAIL_GAP for earlier, later in pairwise(moments))
        _judge_number(counts, fault, len(moments) - 1)
    query = select(OutboundMessage.id).where(OutboundMessage.state.in_((MessageState.PENDING, MessageState.SENDING)))
    mails = query.where(OutboundMessage.channel == Channel.EMAIL, OutboundMessage.kind != MessageKind.STAFF_INVITATION)
    counts.unfinished += len(app.read(lambda ctx, _: ctx.session.scalars(mails).all(), None, System()))
    stored = app.read(lambda ctx, _: list(ctx.session.scalars(select(Invitation))), None, System())
    counts.doubled += abs(sum(each.reminder_count for each in stored) - len(reminders))
    _judge_digests(counts, slot, played)
    app.engine.dispose()


def _judge_digests(counts: _Counts, slot: tuple[str, str, str], played: _Played) -> None:
    """One for each week in which somebody worked after its moment; a late one is told once, under its own day."""
    due = _weeks(slot, max(played.worked_at))
    moments = [*due.values(), datetime.max.replace(tzinfo=UTC)]
    wanted = sum(any(since <= at < until for at in played.worked_at) for since, until in pairwise(moments))
    told_at = [at for kind, _, at in played.accepted if kind == MessageKind.DIGEST]
    periods = played.app.read(lambda ctx, _: list(ctx.session.scalars(_PERIODS)), None, System())
    counts.digests += len(told_at)
    counts.digests_lost += max(0, wanted - len(told_at))
    counts.digests_doubled += max(0, len(told_at) - wanted, len(told_at) - len(set(periods)))
    counts.digests_early += sum(at < due[period] for at, period in zip(told_at, periods, strict=False))


_PERIODS: Final = select(Digest.period).order_by(Digest.until_at)


def _weeks(slot: tuple[str, str, str], until: datetime) -> dict[str, datetime]:
    """By the name of the day: the moment that is meant, and every week from then on, on an ordinary day."""
    zone, words, meant = slot
    first, at = datetime.fromisoformat(words), datetime.fromisoformat(meant)
    weeks = {first.date().isoformat(): at}
    while at <= until:
        first += timedelta(days=7)
        at = first.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        weeks[first.date().isoformat()] = at
    return weeks


def _judge_number(counts: _Counts, fault: str, number: int) -> None:
    """Days 3 and 10 and 7 before the close. Three weeks without a worker make one of the first two, a year none of
    the later ones.
    """
    wanted = {"down 3 weeks": 2, "ahead a year": 1}.get(fault, REMINDERS)
    counts.missing += max(0, wanted - number)
    counts.too_many += max(0, number - wanted)


def _report(seed: int, counts: _Counts) -> Report:
    figures: dict[str, Any] = {
        "runs": counts.cases,
        "lost": counts.missing,
        "dup": counts.doubled,
        "stuck": counts.unfinished,
        "seed": seed,
        "scheduled_mails": counts.scheduled,
        "reminders": counts.reminders,
        "digests": counts.digests,
    }
    return Report(
        "F10",
        figures,
        [
            Goal("lost: scheduled or reminded too seldom", counts.missing, "== 0"),
            Goal("dup: sent twice", counts.doubled, "== 0"),
            Goal("before their moment", counts.early, "== 0"),
            Goal("reminders in quiet hours", counts.at_night, "== 0"),
            Goal("two mails about one invitation within two days", counts.too_close, "== 0"),
            Goal("more reminders than the rule has", counts.too_many, "== 0"),
            Goal("digests lost: a week without one", counts.digests_lost, "== 0"),
            Goal("digests told twice for a week", counts.digests_doubled, "== 0"),
            Goal("digests before their moment", counts.digests_early, "== 0"),
            Goal("stuck", counts.unfinished, "== 0"),
        ],
    )
