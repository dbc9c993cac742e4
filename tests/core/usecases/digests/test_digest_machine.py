"""Whatever readers, clocks and workers do in whatever order: one digest a reader and period, and none is lost."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.context import Context
from core.errors import NotStaff
from core.model import Digest, DigestSetting, OutboundMessage, StaffMember
from core.requests import Request, read_request, usecase_of
from core.usecases.digests.digests import (
    CollectDueDigests,
    DueDigestsCollected,
    DueDigestsFound,
    FindDueDigests,
    WriteDueDigests,
    collect_due_digests,
    find_due_digests,
    write_due_digests,
)
from core.words import MessageKind
from tests.copies import school_anew
from tests.core.usecases.acting import change, clock_of, everything
from tests.factories import SYSTEM

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe")
# The days around which their clocks change.
CHANGES = ("2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31")


class _Killed(Exception):
    pass


def write_and_die(ctx: Context, command: WriteDueDigests) -> None:
    """Between the claim and the commit."""
    write_due_digests(ctx, command)
    raise _Killed


class Digests(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.school = school_anew()
        self.app = self.school.app
        self.staff = (self.school.owner, self.school.manager)
        self.found: list[DueDigestsCollected] = []
        """What workers have collected and not acted on yet."""

    @rule(
        who=st.integers(0, 1),
        words=st.sampled_from(("Sun 01:30", "Sun 02:15", "Sat 23:59", "Mon 08:00", "Sun 02:15 monthly")),
        zone=st.sampled_from(ZONES),
    )
    def choose(self, who: int, words: str, zone: str) -> None:
        self._ask(who, f"digest {words} {zone} mail")

    @rule(who=st.integers(0, 1))
    def stop(self, who: int) -> None:
        self._ask(who, "digest off")

    def _ask(self, who: int, words: str) -> None:
        """Who has left cannot."""
        request = read_request(words)
        assert isinstance(request, Request)
        with suppress(NotStaff):
            self.app.run(usecase_of(request), request.command, self.staff[who])

    @rule(is_gone=st.booleans())
    def leave(self, is_gone: bool) -> None:
        gone_at = clock_of(self.app)() if is_gone else None
        change(self.app, StaffMember, self.school.manager.staff_id, disabled_at=gone_at)

    @rule(hours=st.sampled_from((0.25, 0.5, 1, 3, 24, 24 * 7, 24 * 20)))
    def wait(self, hours: float) -> None:
        clock_of(self.app).advance(hours=hours)

    @rule(day=st.sampled_from(CHANGES), hour=st.integers(0, 47))
    def wait_for_a_change(self, day: str, hour: int) -> None:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=hour)
        clock_of(self.app).now = max(clock_of(self.app).now, moment)

    @rule()
    def look(self) -> None:
        """A worker sees what is due, and is slow to act."""
        self.found.append(self._collected()[1])

    @rule()
    def act(self) -> None:
        for found in self.found:
            self.app.run(write_due_digests, WriteDueDigests(found), SYSTEM)
        self.found.clear()

    @rule()
    def die(self) -> None:
        """Nothing is left of it: neither the claim, nor the digest, nor its message."""
        _, collected = self._collected()
        before = self._rows()
        try:
            self.app.run(write_and_die, WriteDueDigests(collected), SYSTEM)
        except _Killed:
            assert self._rows() == before

    @rule()
    def tick(self) -> None:
        """Whatever was due is told, or was not to be told; and it is due again later."""
        now = clock_of(self.app)()
        found, collected = self._collected()
        due = [each for each in everything(self.app, DigestSetting) if each.id in found.setting_ids]
        works = {each.id for each in everything(self.app, StaffMember) if each.disabled_at is None}
        had = {(each.staff_id, each.period) for each in everything(self.app, Digest)}

        written = self.app.run(write_due_digests, WriteDueDigests(collected), SYSTEM).written

        expected = {(each.staff_id, each.next_period) for each in due if each.staff_id in works}
        told = {(each.staff_id, each.period) for each in everything(self.app, Digest)}
        assert told - had == expected - had
        assert written == len(expected - had)
        assert all(each.next_at is None or each.next_at > now for each in everything(self.app, DigestSetting))

    def _collected(self) -> tuple[DueDigestsFound, DueDigestsCollected]:
        found = self.app.read(find_due_digests, FindDueDigests(), SYSTEM)
        return found, self.app.read(collect_due_digests, CollectDueDigests(found.setting_ids), SYSTEM)

    def _rows(self) -> tuple[object, ...]:
        plans = sorted((each.id, each.next_at, each.since_at) for each in everything(self.app, DigestSetting))
        return plans, len(everything(self.app, Digest)), len(self._messages())

    def _messages(self) -> list[OutboundMessage]:
        return everything(self.app, OutboundMessage, OutboundMessage.kind == MessageKind.DIGEST)

    # --- What holds ---------------------------------------------------------------------------------------

    @invariant()
    def one_a_reader_and_period_with_one_message(self) -> None:
        digests = everything(self.app, Digest)
        assert set(Counter((each.staff_id, each.period) for each in digests).values()) <= {1}
        assert Counter(each.about_id for each in self._messages()) == Counter(each.id for each in digests)

    @invariant()
    def each_tells_on_from_where_the_last_one_ended(self) -> None:
        for staff in self.staff:
            own = [each for each in everything(self.app, Digest) if each.staff_id == staff.staff_id]
            moments = [(each.since_at, each.until_at) for each in sorted(own, key=lambda each: each.until_at)]
            assert all(since < until for since, until in moments)


TestDigests = Digests.TestCase
# An example is a whole story on a database.
TestDigests.settings = settings(max_examples=max(2, settings().max_examples // 16), stateful_step_count=25)
