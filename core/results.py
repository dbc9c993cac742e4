"""What an e-mail is answered with, kept as JSON by the name of its class and read back as the same value.

The results of use cases stand here by name, so that only these are ever made from what is stored; besides them the few
answers that no use case gives: a refusal, a question, words that nobody understood. No address of a shared link is
kept: whoever tells of a link makes it anew. Nothing of a file is kept either: an answer names its import.
"""

import typing
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from core.errors import UsherError
from core.letters import AnswerPart
from core.pages import Page
from core.requests import Help
from core.usecases.catalogue.courses import CoursesListed, EnrolledRow, RunList, RunShown
from core.usecases.costs.budgets import BudgetsShown
from core.usecases.costs.costs import CostsShown
from core.usecases.digests.news import DigestShown
from core.usecases.digests.settings import DigestPlanShown
from core.usecases.exports import ExportOrdered
from core.usecases.history.history import HistoryShown
from core.usecases.imports.applying import ImportSettled
from core.usecases.imports.copies import TemplateOffered
from core.usecases.imports.imports import ImportShown, ImportsListed
from core.usecases.imports.mails import ImportLeft, ImportRowsTold, ImportTold, OrderTold
from core.usecases.imports.rows import ImportRowsListed
from core.usecases.imports.rules import ImportPolicyShown
from core.usecases.imports.undoing import ImportUndone, UndoPreviewed
from core.usecases.invitations.batches import InvitationPreviewed, LearnersInvited
from core.usecases.invitations.changes import InvitationsCancelled, InvitationsResent, InvitationsRestored
from core.usecases.invitations.corrections import AddressCorrected
from core.usecases.invitations.lists import InvitationRow, InvitationsListed
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.invitations.reminder_rules import RemindersShown
from core.usecases.invitations.schedules import ScheduledListed
from core.usecases.invitations.scoreboards import BatchProgress
from core.usecases.invitations.single import InvitationCancelled, InvitationResent
from core.usecases.invitations.undelivered import UndeliveredListed
from core.usecases.learners.cards import LearnerShown
from core.usecases.learners.erasing import ErasurePreviewed
from core.usecases.learners.ethnicity import EthnicityErased, EthnicityShown
from core.usecases.learners.export import DataPageShown
from core.usecases.learners.lists import LearnersListed
from core.usecases.learners.removal import LearnerChangeUndone, LearnerRemoved
from core.usecases.links.lists import SharedLinksListed
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.links.showing import SharedLinkShown
from core.usecases.mailbox.addresses import RunsOffered
from core.usecases.mailbox.invitations import InvitedAtOnce, PreviewDiscarded, PreviewNumbered
from core.usecases.progress.figures import ProgressShown
from core.usecases.progress.follow_ups import FollowUpNoted, FollowUpUndone
from core.usecases.progress.mails import ReportTold
from core.usecases.progress.naming import NamedInFeed
from core.usecases.progress.nudges import LearnerNudged, NudgePreviewed
from core.usecases.progress.one_learner import LearnerProgressShown
from core.usecases.progress.reports import ReportShown, ReportsListed
from core.usecases.staff.colleagues import ColleagueInvited, ColleagueShown, StaffListed
from core.usecases.staff.rules import RulesShown


class RequestRefused(Struct, frozen=True):
    """``error`` is the name of its class; the words are those of ``core.errors`` with their values put in."""

    error: str
    code: str
    message: str
    hint: str
    instead: tuple[str, ...] = ()
    """Whole requests, one of which was likely meant."""


class ReplyAwaited(Struct, frozen=True):
    """Nothing is done before a yes. ``rehearsed`` is what the answer would have been, or why it takes a second thought.

    Both parts are kept as JSON by the name of their class.
    """

    command_kind: str
    command: str
    rehearsed_kind: str
    rehearsed: str
    valid_until: datetime


class QuestionClosed(Struct, frozen=True):
    """The answer was no."""


class WentWrong(Struct, frozen=True):
    """Our own mistake. The log has the rest under ``reference``."""

    reference: str


class NotUnderstood(Struct, frozen=True):
    """``seen`` is the line that looked most like a request, empty where the e-mail had no words at all."""

    seen: str
    nearest: str
    files: tuple[str, ...] = ()
    """Names of attached files that are of a kind which nothing is read from."""


class SheetRecognised(Struct, frozen=True):
    """A file that looks like the learner import came with the e-mail."""

    name: str
    columns: int
    rows: int


RESULTS: Final[Mapping[str, type]] = MappingProxyType({
    kind.__name__: kind
    for kind in (
        AddressCorrected,
        BatchProgress,
        BatchRecalled,
        BudgetsShown,
        ColleagueInvited,
        ColleagueShown,
        CostsShown,
        HistoryShown,
        CoursesListed,
        EthnicityErased,
        EthnicityShown,
        DataPageShown,
        ErasurePreviewed,
        DigestPlanShown,
        DigestShown,
        ExportOrdered,
        Help,
        ImportLeft,
        ImportRowsTold,
        ImportTold,
        ImportUndone,
        ImportsListed,
        ImportPolicyShown,
        InvitationCancelled,
        InvitationPreviewed,
        InvitationResent,
        InvitationsCancelled,
        InvitationsListed,
        UndeliveredListed,
        RunsOffered,
        InvitationsResent,
        InvitationsRestored,
        InvitedAtOnce,
        LearnerChangeUndone,
        LearnerNudged,
        LearnerRemoved,
        FollowUpNoted,
        FollowUpUndone,
        NudgePreviewed,
        LearnerShown,
        LearnersInvited,
        LearnersListed,
        LearnerProgressShown,
        NamedInFeed,
        NotUnderstood,
        OrderTold,
        PreviewDiscarded,
        PreviewNumbered,
        ProgressShown,
        QuestionClosed,
        QuietHoursShown,
        RemindersShown,
        ReplyAwaited,
        ReportTold,
        ReportsListed,
        RequestRefused,
        RulesShown,
        RunShown,
        ScheduledListed,
        SharedLinkChanged,
        SharedLinksListed,
        SheetRecognised,
        StaffListed,
        TemplateOffered,
        UndoPreviewed,
        WentWrong,
    )
})  # fmt: skip
_ROWS: Final[dict[RunList, Any]] = {
    RunList.ENROLLED: Page[EnrolledRow],
    RunList.PENDING: Page[InvitationRow],
    RunList.DECLINED: Page[InvitationRow],
    RunList.LINKS: Page[SharedLinkShown],
}
SEVERAL: Final = "several"


def refused(error: UsherError, instead: tuple[str, ...] = ()) -> RequestRefused:
    return RequestRefused(type(error).__name__, error.code, error.message, error.hint, instead)


def kept(result: object) -> str:
    """JSON without the addresses of shared links, and without what stands in files."""
    return msgspec.json.encode(storable(result)).decode()


def revived(kind: str, stored: str) -> Any:
    """Raises KeyError for a kind that is not in RESULTS."""
    return _revived(kind, msgspec.json.decode(stored))


def kept_parts(parts: tuple[AnswerPart, ...]) -> tuple[str, str]:
    """(kind, JSON)"""
    results = [(part.asked, storable(part.result)) for part in parts]
    rows = [(asked, type(result).__name__, result) for asked, result in results]
    return rows[0][1] if len(rows) == 1 else SEVERAL, msgspec.json.encode(rows).decode()


def revived_parts(stored: str) -> tuple[AnswerPart, ...]:
    rows: list[tuple[str, str, Any]] = msgspec.json.decode(stored, type=list[tuple[str, str, Any]])
    return tuple(AnswerPart(asked, _revived(kind, values)) for asked, kind, values in rows)


def _revived(kind: str, values: Any) -> Any:
    if RESULTS[kind] is RunShown:
        return _run_shown(values)
    return msgspec.convert(values, RESULTS[kind])


def _run_shown(values: dict[str, Any]) -> RunShown:
    """Which rows stand on the page follows from the list that is shown."""
    kinds: dict[str, Any] = {**typing.get_type_hints(RunShown), "page": _ROWS[RunList(values["shown"])]}
    return RunShown(**{each.name: msgspec.convert(values[each.name], kinds[each.name]) for each in fields(RunShown)})


def storable(result: object) -> object:
    """Reasons and file names may hold what is stored encrypted only."""
    if isinstance(result, ImportShown):
        return ImportTold(result.card.number)
    if isinstance(result, ImportSettled):
        return ImportTold(result.number)
    if isinstance(result, ReportShown):
        return ReportTold(result.card.number, result.is_repeat)
    if isinstance(result, ImportRowsListed):
        return ImportRowsTold(result.number, result.bucket, result.page, result.page_count)
    if isinstance(result, ImportsListed):
        return replace(result, imports=tuple(replace(card, file_name="") for card in result.imports))
    return _without_links(result)


def _without_links(result: object) -> object:
    if isinstance(result, SharedLinksListed):
        return replace(result, links=tuple(replace(link, url="") for link in result.links))
    if isinstance(result, RunShown) and result.shown is RunList.LINKS:
        rows = tuple(replace(row, url="") for row in result.page.rows if isinstance(row, SharedLinkShown))
        page = Page(rows, result.page.page, result.page.page_count, result.page.total)
        return replace(result, page=page)
    return result
