"""The cap of a shared link is exact, whoever joins, leaves the cap, sets it, or presses twice, in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.errors import SharedLinkClosed
from core.model import Enrolment, SharedLink
from core.usecases.links.joining import JoinedByLink
from core.usecases.links.shared_links import PauseSharedLink, ResumeSharedLink, pause_shared_link, resume_shared_link
from core.words import SharedLinkState
from tests.copies import school_anew
from tests.core.usecases.acting import at_once, clock_of, everything, only
from tests.core.usecases.sharing import join, join_many, settle, share, shown
from tests.factories import School
from tests.slow import examples


def test_of_many_who_join_at_once_no_more_get_in_than_the_cap(school: School) -> None:
    link = share(school).link_id
    settle(school, link, cap="5")

    results = at_once(*(lambda n=n: join(school, link, f"a{n}@example.org") for n in range(12)))

    kinds = [type(result) for result in results]
    assert (kinds.count(JoinedByLink), kinds.count(SharedLinkClosed)) == (5, 7)
    assert len(everything(school.app, Enrolment)) == 5
    assert only(school.app, SharedLink).use_count == 5


def test_a_cap_that_is_set_while_people_join_counts_every_one(school: School) -> None:
    link = share(school).link_id
    joins = [lambda n=n: join(school, link, f"a{n}@example.org") for n in range(8)]

    at_once(*joins[:4], lambda: settle(school, link, cap="5"), *joins[4:])

    assert only(school.app, SharedLink).use_count == len(everything(school.app, Enrolment)) == shown(school, link).joins
    # Those who had pressed before the cap was there are in; nobody comes in above it afterwards.
    is_full = shown(school, link).joins >= 5
    assert shown(school, link).state is (SharedLinkState.FULL if is_full else SharedLinkState.OPEN)


PEOPLE = st.integers(0, 7)


class Caps(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.school = school_anew()
        self.link = share(self.school).link_id
        self.inside: set[int] = set()
        self.cap: int | None = None
        self.is_paused = False

    @rule(person=PEOPLE)
    def somebody_joins(self, person: int) -> None:
        has_room = self.cap is None or len(self.inside) < self.cap
        try:
            join(self.school, self.link, f"a{person}@example.org")
        except SharedLinkClosed:
            assert self.is_paused or not has_room
        else:
            assert not self.is_paused
            assert has_room or person in self.inside
            self.inside.add(person)

    @rule(people=st.lists(PEOPLE, min_size=2, max_size=5))
    def several_join_at_once(self, people: list[int]) -> None:
        answers = join_many(self.school, self.link, *(f"a{person}@example.org" for person in people))
        joined = {person for person, answer in zip(people, answers, strict=True) if answer is not None}
        has_room = not self.is_paused and (self.cap is None or len(self.inside) < self.cap)
        assert bool(joined) == has_room
        self.inside |= joined

    @rule(cap=st.none() | st.integers(1, 6))
    def staff_set_a_cap(self, cap: int | None) -> None:
        settle(self.school, self.link, cap=str(cap or ""))
        self.cap = cap

    @rule()
    def staff_pause_or_resume(self) -> None:
        if self.is_paused:
            self.school.app.run(resume_shared_link, ResumeSharedLink(self.link), self.school.owner)
        else:
            self.school.app.run(pause_shared_link, PauseSharedLink(self.link), self.school.owner)
        self.is_paused = not self.is_paused

    @rule()
    def time_passes(self) -> None:
        clock_of(self.school.app).advance(minutes=3)

    @invariant()
    def whoever_got_in_is_enrolled_once(self) -> None:
        if not hasattr(self, "link"):
            return
        assert len(everything(self.school.app, Enrolment)) == len(self.inside)
        link = only(self.school.app, SharedLink)
        assert link.use_cap is None or link.use_count == len(self.inside)


TestCaps = Caps.TestCase
TestCaps.settings = settings(max_examples=examples(12), stateful_step_count=20, deadline=None)
