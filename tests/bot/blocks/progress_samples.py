"""Progress of every kind in every size."""

from datetime import timedelta

from core.cards import RunCard
from core.pages import Page
from core.rules.policy import PROGRESS_PROBLEMS_NAMED, PROGRESS_VALUES_NAMED
from core.rules.progress.bands import Band
from core.rules.progress.columns import ProgressColumn
from core.rules.progress.faults import REFUSING, WORDS, ProgressFault
from core.rules.progress.risk import DEFAULT_RISK, Cohort, Risk, RiskKind
from core.usecases.progress.figures import ProgressRow, ProgressShown, SourceShown
from core.usecases.progress.follow_ups import FollowUpNoted, FollowUpUndone
from core.usecases.progress.known import (
    Figures,
)
from core.usecases.progress.naming import NamedInFeed
from core.usecases.progress.nudges import LearnerNudged, NudgePreviewed
from core.usecases.progress.one_learner import (
    LearnerInvitation,
    LearnerProgressShown,
    LearnerRun,
)
from core.usecases.progress.reports import (
    ColumnShown,
    ReportCard,
    ReportCounts,
    ReportReading,
    ReportShown,
    ReportsListed,
    RowProblemCount,
)
from core.usecases.progress.risk import FollowUpCard
from core.usecases.progress.run_statements import ProgressList
from core.words import FeedKind, FollowUpDeed, JoinedBy, NamedKind, ReportReason, ReportState
from tests.factories import NOW

KNOWN = Figures(6150, 24, 7500, 3, NOW, NOW, NOW, FeedKind.MAPPED_SHEET, NOW, has_stalled=True, silent_days=1000)
NOTHING = Figures(None, None, None, None, None, None, None, None, None, has_stalled=False, silent_days=None)
RISKS = tuple(Risk(kind, 1000, 800, 6100, 100_000) for kind in RiskKind)


def follow_up(name: str, deed: FollowUpDeed = FollowUpDeed.SPOKEN) -> FollowUpCard:
    return FollowUpCard(2**62, deed, f"{name} {name}"[:201], NOW, NOW, None)


def nudge(run: RunCard, name: str) -> NudgePreviewed:
    address = f"{name[:60]}@{'a' * 180}.example.org"
    return NudgePreviewed(2**62, name[:201], name[:100], address, run, name, address, name[:1000], RISKS, NOW)


def run_progress(run: RunCard, count: int, name: str, shown: ProgressList = ProgressList.ALL) -> ProgressShown:
    rows = tuple(
        ProgressRow(
            number, f"{name} {name}"[:201], f"{name[:60]}@{'a' * 180}.example.org", NOW, figures, RISKS, follow_up(name)
        )
        for number, figures in enumerate([KNOWN, NOTHING] * 5)
    )[: min(10, count)]
    return ProgressShown(
        run=run,
        enrolled=count * len(Band),
        waiting=count,
        bands=tuple((band, count) for band in Band),
        left=count,
        stalled=count,
        average_test_score=6667 if count else None,
        scored=count,
        comments_posted=count or None,
        sources=tuple(SourceShown(kind, NOW, NOW - timedelta(days=9), count) for kind in FeedKind) if count else (),
        shown=shown,
        search=name if count == 1 else "",
        page=Page(rows, 1, max(1, -(-count // 10)), count),
        at_risk=count,
        set_aside=count,
        rule=DEFAULT_RISK,
        is_rule_default=bool(count % 2),
        cohort=Cohort(6100, count) if count > 4 else Cohort(None, count),
        may_act=True,
    )


def learner_card(count: int, name: str) -> LearnerProgressShown:
    few = min(count, 30)
    address = f"{name[:60]}@{'a' * 180}.example.org"
    runs = tuple(
        LearnerRun(name[:64], name, name, NOW, "Europe/London", NOW, JoinedBy.SAML, number + 1, figures, RISKS, None)
        for number, figures in enumerate([KNOWN, NOTHING] * 15)
    )
    invited = tuple(LearnerInvitation(name[:64], name, address, NOW, is_declined=bool(each % 2)) for each in range(few))
    return LearnerProgressShown(7, name, (address,) * few, runs[:few], invited)


def report(count: int, name: str, reason: ReportReason | None = None) -> ReportShown:
    columns = tuple(ColumnShown(column.value, name, name[:80], is_ratio=True) for column in ProgressColumn)
    problems = tuple(
        RowProblemCount(
            fault, "average test score", *WORDS[fault], fault in REFUSING, count, (2, 3, 4, 5, 6)[:count],
            (name[:80],) * min(count, PROGRESS_VALUES_NAMED),
        )
        for fault in list(ProgressFault)[:PROGRESS_PROBLEMS_NAMED]
    )  # fmt: skip
    return ReportShown(
        _card(count, name, reason),
        ReportReading(name, columns, unsure=tuple(each.column for each in columns), names_runs=False, fault=name),
        problems if count else (),
        is_repeat=count == 1,
    )


def _card(count: int, name: str, reason: ReportReason | None = None) -> ReportCard:
    state = ReportState.WAITING if reason else ReportState.MERGED
    counts = ReportCounts(*(count,) * 7)
    return ReportCard(
        7, 7, name[:120], name, "mail", FeedKind.MAPPED_SHEET, state, reason, name[:64], counts, NOW, NOW, NOW
    )


def progress_results(run: RunCard, count: int, name: str) -> list[object]:
    few = tuple(_card(count, name) for _ in range(min(10, count)))
    return [
        *(run_progress(run, count, name, shown) for shown in ProgressList),
        learner_card(count, name),
        report(count, name),
        *(report(count, name, reason) for reason in ReportReason),
        ReportShown(_card(count, name, ReportReason.COLUMNS), ReportReading(), ()),
        ReportsListed(few, 1, max(1, -(-count // 10)), count),
        nudge(run, name),
        LearnerNudged(nudge(run, name), 2**62, NOW),
        *(FollowUpNoted(name[:201], 2**62, run.code, run.course_title, follow_up(name, deed)) for deed in FollowUpDeed),
        *(FollowUpUndone(name[:201], run.code, deed) for deed in FollowUpDeed),
        *(NamedInFeed(kind, name, name) for kind in NamedKind),
    ]
