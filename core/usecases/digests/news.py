"""What a digest says, as values: kept as JSON when it is due, and drawn from that by every door."""

from datetime import datetime

from msgspec import Struct

from core.rules.progress.risk import Risk


class DigestRun(Struct, frozen=True):
    """``enrolled``, ``completed`` and ``stalled`` since the last digest, the others as they are now."""

    code: str
    course_title: str
    enrolled: int
    completed: int
    stalled: int
    learners: int
    """All who were enrolled, as ``progress RUN`` counts them."""
    finished: int
    bounced: int
    """Invitations whose e-mail did not arrive."""
    ending: int
    """Invitations that end within 14 days and are not answered."""
    unknown: int = 0
    """Of the learners: whose steps no report has told."""
    left: int = 0


class DigestName(Struct, frozen=True):
    learner_id: int
    name: str
    address: str
    run_code: str
    step_percentage: int | None
    """Hundredths of a per cent."""
    active_at: datetime | None
    risks: tuple[Risk, ...] = ()
    """Why they are at risk, where they are."""


class DigestLink(Struct, frozen=True):
    """A shared link that ends within 14 days. The soonest are named."""

    code: str
    title: str
    ends_at: datetime


class DigestBudget(Struct, frozen=True):
    owner: str
    spent_pence: int
    budget_pence: int


class DigestShown(Struct, frozen=True):
    """``since`` to ``until``; nothing else happened in between that its reader may see."""

    name: str
    organisation: str
    time_zone: str
    since: datetime
    until: datetime
    enrolled: int
    completed: int
    scored: int
    average_score: int | None
    """Of the new scores; hundredths of a per cent."""
    stalled: int
    returned: int
    bounced: int
    ending: int
    imports: int
    learners_imported: int
    imports_held: int
    """They wait for somebody to decide."""
    links_ending: int
    to_invoice_pence: int
    runs: tuple[DigestRun, ...]
    """Those with the most news."""
    more_runs: int
    at_risk: int
    """Now; whom somebody has nudged, snoozed or spoken to is not among them."""
    may_act: bool
    at_risk_names: tuple[DigestName, ...]
    stalled_names: tuple[DigestName, ...]
    """Those who are not named above."""
    returned_names: tuple[DigestName, ...]
    links: tuple[DigestLink, ...]
    budgets: tuple[DigestBudget, ...]
    complained: int = 0
    """Whose mail program told us that an e-mail was unwanted; they get no more."""

    @property
    def is_quiet(self) -> bool:
        """Nothing changed, and nothing waits for anybody."""
        return not any((
            self.enrolled, self.completed, self.scored, self.stalled, self.returned, self.bounced, self.ending,
            self.imports, self.imports_held, self.links_ending, self.at_risk, self.complained,
        ))  # fmt: skip

    @property
    def has_changed(self) -> bool:
        """Since the last one; what merely waits still is no change."""
        return any((
            self.enrolled, self.completed, self.scored, self.stalled, self.returned, self.imports, self.complained
        ))  # fmt: skip
