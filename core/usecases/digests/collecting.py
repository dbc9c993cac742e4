"""From figures to what each reader is told: what they are granted, added up and ranked."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from core.context import Context
from core.rules.expiry import course_link_end, run_link_end
from core.rules.policy import DIGEST_ENDING, DIGEST_NAMES, DIGEST_RUNS
from core.rules.progress.risk import Risk, risks_of
from core.rules.zones import zone_named
from core.usecases.digests import affairs, figures
from core.usecases.digests.news import DigestBudget, DigestLink, DigestName, DigestRun, DigestShown
from core.usecases.digests.windows import Window, Windows
from core.usecases.progress.risk import cohort_of, rule_of, standing_of

# What puts a run above another, with how much.
_WEIGHTS: Final = {"stalled": 3, "bounced": 3, "ending": 1, "completed": 2, "enrolled": 1}


class Reader(Struct, frozen=True):
    """``granted`` None: all providers."""

    staff_id: int
    first_name: str
    organisation_id: int
    organisation: str
    time_zone: str
    since: datetime
    granted: frozenset[int] | None
    may_act: bool
    """Nudge, and snooze."""

    @property
    def window(self) -> Window:
        return Window(self.organisation_id, self.since)


class _Cell(NamedTuple):
    run_id: int
    counts: Counter[str]


_Cells = dict[int | None, list[_Cell]]
"""By the learners' provider, for most readers see few of them; None where it is not known, or of none."""


class _News:
    """All that was found, by window or organisation."""

    def __init__(self, ctx: Context, windows: Sequence[Window], until: datetime) -> None:
        self.until = until
        self._windows = windows
        table = Windows(windows, until)
        self.cells: dict[Window, _Cells] = {window: defaultdict(list) for window in windows}
        self._of_windows(figures.enrolments(ctx, table), "enrolled", "pence")
        self._of_windows(figures.changes(ctx, table), "completed", "scored", "score_sum", "returned")
        self._of_windows(figures.stalled(ctx, table), "stalled")
        at_risk = figures.at_risk(ctx, table)
        self.at_risk = self._by_window(at_risk)
        for row in at_risk:
            if row.n == 1:
                cell = _Cell(row.run_id, Counter(at_risk=row.number))
                self.cells[windows[row.place]][row.provider_id].append(cell)
        self.stalled = self._by_window(figures.stalled_names(ctx, table))
        self.returned = self._by_window(figures.returned_names(ctx, table))
        self._of_windows(affairs.complaints(ctx, table), "complained")
        self._of_organisations(affairs.invitations(ctx, table), "bounced", "ending")
        run_ids = sorted({each.run_id for found in self.cells.values() for cells in found.values() for each in cells})
        self.runs = affairs.runs(ctx, run_ids)
        self._of_organisations(affairs.totals(ctx, table, run_ids), "learners", "finished", "unknown", "left")
        self.imports = {windows[row.place]: row for row in affairs.imports(ctx, table)}
        self.links = _by_organisation(affairs.links(ctx, table))
        self.budgets = _by_organisation(affairs.budgets(ctx, table))

    def _of_windows(self, rows: Iterable[Any], *names: str) -> None:
        for row in rows:
            counts = Counter({name: int(getattr(row, name)) for name in names})
            self.cells[self._windows[row.place]][getattr(row, "provider_id", None)].append(_Cell(row.run_id, counts))

    def _of_organisations(self, rows: Iterable[Any], *names: str) -> None:
        by_organisation = defaultdict(list)
        for row in rows:
            counts = Counter({name: int(getattr(row, name)) for name in names})
            by_organisation[row.organisation_id].append((getattr(row, "provider_id", None), _Cell(row.run_id, counts)))
        for window in self._windows:
            for provider_id, cell in by_organisation[window.organisation_id]:
                self.cells[window][provider_id].append(cell)

    def _by_window(self, rows: Iterable[Any]) -> dict[Window, list[Any]]:
        found = defaultdict(list)
        for row in rows:
            found[self._windows[row.place]].append(row)
        return found


def collect(ctx: Context, readers: Sequence[Reader], until: datetime) -> dict[int, DigestShown]:
    """By staff member. A fixed number of queries. The caller has authorised."""
    if not readers:
        return {}
    news = _News(ctx, list(dict.fromkeys(reader.window for reader in readers)), until)
    # Most colleagues are granted the same.
    alike: dict[tuple[Window, frozenset[int] | None], DigestShown] = {}
    told = {}
    for reader in readers:
        key = reader.window, reader.granted
        if key not in alike:
            alike[key] = _told(news, reader)
        told[reader.staff_id] = replace(alike[key], name=reader.first_name, may_act=reader.may_act)
    return told


def _by_organisation(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[row.organisation_id].append(row)
    return found


def _told(news: _News, reader: Reader) -> DigestShown:
    by_run = _by_run(news, reader)
    everything: Counter[str] = sum(by_run.values(), Counter())
    ranked = _ranked(news, by_run)
    imported = news.imports.get(reader.window)
    scored, links = everything["scored"], list(_links(news, reader))
    at_risk = tuple(_names(news, reader, news.at_risk.get(reader.window, ())))
    named = {(each.learner_id, each.run_code) for each in at_risk}
    stalled = _names(news, reader, news.stalled.get(reader.window, ()))
    others = [each for each in stalled if (each.learner_id, each.run_code) not in named]
    return DigestShown(
        name=reader.first_name,
        organisation=reader.organisation,
        time_zone=reader.time_zone,
        since=reader.since,
        until=news.until,
        enrolled=everything["enrolled"],
        completed=everything["completed"],
        scored=scored,
        average_score=round(everything["score_sum"] / scored) if scored else None,
        stalled=everything["stalled"],
        returned=everything["returned"],
        bounced=everything["bounced"],
        ending=everything["ending"],
        imports=imported.applied if imported else 0,
        learners_imported=int(imported.learners) if imported else 0,
        imports_held=imported.held if imported else 0,
        links_ending=len(links),
        to_invoice_pence=everything["pence"],
        runs=tuple(_run(news.runs[run_id], by_run[run_id]) for run_id in ranked[:DIGEST_RUNS]),
        more_runs=max(len(ranked) - DIGEST_RUNS, 0),
        at_risk=everything["at_risk"],
        may_act=reader.may_act,
        at_risk_names=at_risk,
        stalled_names=tuple(others[: DIGEST_NAMES - len(at_risk)]),
        returned_names=tuple(_names(news, reader, news.returned.get(reader.window, ()))),
        links=tuple(links[:DIGEST_NAMES]),
        budgets=tuple(
            DigestBudget(row.name, row.spent_pence, row.budget_pence)
            for row in news.budgets.get(reader.organisation_id, [])[:DIGEST_RUNS]
        ),
        complained=everything["complained"],
    )


def _ranked(news: _News, by_run: Mapping[int, Counter[str]]) -> list[int]:
    """Ids of the runs of which there is something to say, the most of it first."""
    return sorted(
        (run_id for run_id, counts in by_run.items() if _weight(counts)),
        key=lambda run_id: (-_weight(by_run[run_id]), news.runs[run_id].code),
    )


def _by_run(news: _News, reader: Reader) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    seen = {run_id for run_id, run in news.runs.items() if _is_granted(run, reader)}
    for provider_id, cells in news.cells[reader.window].items():
        for cell in cells if _has(reader, provider_id) else ():
            if cell.run_id in seen:
                found[cell.run_id].update(cell.counts)
    return found


def _is_granted(course: Any, reader: Reader) -> bool:
    """``course``: a row with its provider. Another organisation's provider is none of ours."""
    return course.organisation_id != reader.organisation_id or _has(reader, course.provider_id)


def _has(reader: Reader, provider_id: int | None) -> bool:
    return reader.granted is None or provider_id is None or provider_id in reader.granted


def _weight(counts: Counter[str]) -> int:
    return sum(counts[name] * weight for name, weight in _WEIGHTS.items())


def _run(run: Any, counts: Counter[str]) -> DigestRun:
    names = ("enrolled", "completed", "stalled", "learners", "finished", "bounced", "ending", "unknown", "left")
    return DigestRun(run.code, run.title, **{name: counts[name] for name in names})


def _names(news: _News, reader: Reader, rows: Iterable[Any]) -> Iterator[DigestName]:
    granted = (row for row in rows if _has(reader, row.provider_id) and _is_granted(news.runs[row.run_id], reader))
    for row in islice(granted, DIGEST_NAMES):
        name = f"{row.first_name} {row.last_name}".strip()
        code = news.runs[row.run_id].code
        risks = _risks(row, news.until) if hasattr(row, "steps_as_of") else ()
        yield DigestName(row.learner_id, name, row.address or "", code, row.step_percentage, row.active_at, risks)


def _risks(row: Any, now: datetime) -> tuple[Risk, ...]:
    return risks_of(standing_of(row, row.starts_at, row.ends_at), cohort_of(row), rule_of(row), now)


def _links(news: _News, reader: Reader) -> Iterator[DigestLink]:
    ends = ((row, _link_end(row)) for row in news.links.get(reader.organisation_id, ()))
    near = [(at, row) for row, at in ends if news.until < at <= news.until + DIGEST_ENDING]
    for at, row in sorted(near, key=lambda each: each[0]):
        if row.owner_id != reader.organisation_id or _has(reader, row.provider_id):
            yield DigestLink(row.code or row.course_code, row.title, at)


def _link_end(row: Any) -> datetime:
    if row.run_id is None:
        return course_link_end(row.counted_from, zone_named(row.time_zone)).at
    zone = zone_named(row.run_zone)
    return run_link_end(row.counted_from, row.enrolment_closes_at, row.ends_at, zone).at
