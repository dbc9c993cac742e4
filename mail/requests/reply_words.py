"""A reply with a word: what "yes", "undo" or "more" means follows from the message that it replies to.

    preview with a number     yes: invite     no: throw it away
    question                  yes: do it      no: leave it
    learners invited, batch   undo: take it back
    cancelled                 undo: open again
    list                      more: next page         of invitations besides: resend, cancel (asked back)
    an invitation's e-mail    resend, cancel
    an import                 good rows, yes, no, undo, full, template
    a progress report         yes: its columns are right; with its run, or its run alone, see ``run_words``

What is meant is run like any other request: whether it is still the asker's to do is decided there once more.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.context import Context
from core.errors import ReplyUnclear, ThreadNotFound
from core.requests import Help, Mode
from core.results import ReplyAwaited
from core.usecases.catalogue.courses import CoursesListed, ListCourses, RunShown, ShowRun, list_courses, show_run
from core.usecases.costs.costs import CostsShown, ShowCosts, show_costs
from core.usecases.history.history import HistoryShown, ShowHistory, show_history
from core.usecases.imports.applying import ReleaseImport, release_import
from core.usecases.imports.copies import OfferTemplate, offer_template
from core.usecases.imports.imports import ImportsListed, ListImports, list_imports
from core.usecases.imports.mails import (
    CopyImport,
    ImportLeft,
    ImportRowsTold,
    ImportTold,
    LeaveImport,
    OrderTold,
    copy_by_mail,
    leave_import,
)
from core.usecases.imports.rows import ListImportRows, list_import_rows
from core.usecases.imports.undoing import UndoImport, undo_import
from core.usecases.invitations.batches import InviteLearners, LearnersInvited, invite_learners
from core.usecases.invitations.changes import (
    CancelInvitations,
    Chosen,
    InvitationsCancelled,
    ResendInvitations,
    RestoreInvitations,
    cancel_invitations,
    resend_invitations,
    restore_invitations,
)
from core.usecases.invitations.corrections import AddressCorrected
from core.usecases.invitations.lists import InvitationsListed, ListInvitations, list_invitations
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.schedules import ListScheduled, ScheduledListed, list_scheduled
from core.usecases.invitations.scoreboards import BatchProgress
from core.usecases.invitations.single import (
    CancelInvitation,
    InvitationCancelled,
    ResendInvitation,
    cancel_invitation,
    resend_invitation,
)
from core.usecases.invitations.undelivered import ListUndelivered, UndeliveredListed, list_undelivered
from core.usecases.learners.lists import LearnersListed, ListLearners, list_learners
from core.usecases.learners.removal import LearnerRemoved, UndoLearnerChange, undo_learner_change
from core.usecases.links.lists import ListSharedLinks, SharedLinksListed, list_shared_links
from core.usecases.mailbox.invitations import DiscardPreview, InvitedAtOnce, PreviewNumbered, discard_preview
from core.usecases.mailbox.questions import CONFIRMABLE
from core.usecases.mailbox.requests import CloseQuestion, ThreadFound, close_question
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.figures import ProgressShown, ShowProgress, show_progress
from core.usecases.progress.follow_ups import FollowUpNoted, UndoFollowUp, undo_follow_up
from core.usecases.progress.mails import ReportTold
from core.usecases.progress.nudges import LearnerNudged
from core.usecases.progress.reports import ListReports, ReportsListed, list_reports
from core.usecases.staff.colleagues import ListStaff, StaffListed, list_staff
from core.words import MessageKind
from mail.requests.tasks import Task, is_about_rows, numbers_told


class Word(StrEnum):
    YES = "yes"
    NO = "no"
    UNDO = "undo"
    RESEND = "resend"
    CANCEL = "cancel"
    MORE = "more"
    HELP = "help"
    GOOD_ROWS = "good rows"
    FULL = "full"
    TEMPLATE = "template"


class Reply(Struct, frozen=True):
    """``number``: of the batch that was named besides, or 0; ``import_number`` of the import."""

    word: Word
    number: int = 0
    import_number: int = 0


_WORDS: Final[dict[str, Word]] = {
    **dict.fromkeys(("yes", "y", "yep", "yeah", "ok", "okay", "confirm", "confirmed", "go", "ja", "oui"), Word.YES),
    **dict.fromkeys(("no", "n", "nope", "don't", "dont", "not", "stop", "nein", "non"), Word.NO),
    **dict.fromkeys(("undo", "revert", "recall"), Word.UNDO),
    **dict.fromkeys(("resend", "remind"), Word.RESEND),
    "cancel": Word.CANCEL,
    **dict.fromkeys(("more", "next", "continue"), Word.MORE),
    "help": Word.HELP,
    "good-rows": Word.GOOD_ROWS,
    "full": Word.FULL,
    "template": Word.TEMPLATE,
}
FILLING: Final = frozenset((
    "please", "thanks", "thank", "you", "many", "it", "that", "this", "them", "all", "ahead", "page", "do", "batch",
    "the", "hi", "hello", "usher", "import", "copy", "send", "me",
))  # fmt: skip
"""Words that change nothing."""
_TOKEN: Final = re.compile(r"[^\W_][\w’'-]*")
_GOOD_ROWS: Final = re.compile(r"\bgood[ -]?rows?\b")
_NUMBERED: Final = re.compile(r"([bi])-?0*(\d{1,9})")
_ONLY_IN_THREADS: Final = (Word.YES, Word.NO, Word.MORE, Word.GOOD_ROWS, Word.FULL)


def read_reply(lines: Sequence[str]) -> Reply | None:
    """The first line, where it is a word and no more than a number and manners besides."""
    if not lines or len(lines[0]) > 80:
        return None
    line = _GOOD_ROWS.sub("good-rows", lines[0].lower())
    tokens = [token.replace("’", "'") for token in _TOKEN.findall(line)]
    kept = [token for token in tokens if token not in FILLING]
    if not kept or len(kept) > 2 or kept[0] not in _WORDS:
        return None
    number = _NUMBERED.fullmatch(kept[1]) if len(kept) == 2 else None
    if len(kept) == 2 and number is None:
        return None
    word = _WORDS[kept[0]]
    if number is None:
        return Reply(word)
    return Reply(word, import_number=int(number[2])) if number[1] == "i" else Reply(word, int(number[2]))


def meant(reply: Reply, thread: ThreadFound) -> Task | Help | None:
    """None: it is a request that needs no thread. Raises ThreadNotFound and ReplyUnclear."""
    if reply.word is Word.HELP:
        return Help()
    if reply.word is Word.TEMPLATE:
        return Task(offer_template, OfferTemplate())
    if reply.number and reply.word is Word.UNDO:
        return Task(recall_batch, RecallBatch(number=reply.number))
    if reply.import_number and reply.word is Word.UNDO:
        return Task(undo_import, UndoImport(reply.import_number))
    if reply.import_number and reply.word is Word.GOOD_ROWS and thread.kind is None:
        return None
    if thread.kind is None:
        if reply.word in _ONLY_IN_THREADS:
            raise ThreadNotFound(word=reply.word)
        return None
    if thread.kind is not MessageKind.ANSWER:
        offers = [_of_invitation(thread.about_id)]
    else:
        offers = [
            offer
            for part in thread.parts
            if (offer := _offers(part.result, thread.about_id)) and _is_of(part.result, reply)
        ]
    return _chosen(reply, offers)


_Offers = dict[Word, Task | str]


_NUMBERED_ONES: Final = (
    (ReleaseImport, "the import, as in “{word} I-0007”"),
    (ConfirmReport, "the report, as in “{word} P-0007”"),
    (InviteLearners | RecallBatch, "the batch, as in “{word} B-0041”"),
)


def _which(word: Word, offers: Sequence[_Offers]) -> str:
    """How one of several is named; questions and most deeds have no number."""
    commands = [each.command for offer in offers for each in offer.values() if isinstance(each, Task)]
    for kind, example in _NUMBERED_ONES:
        if any(isinstance(each, kind) for each in commands):
            return f"Name {example.format(word=word)}, or write each request."
    return "Write each request in an e-mail of its own, and reply to its answer."


def _chosen(reply: Reply, offers: Sequence[_Offers]) -> Task:
    """Words in place of a task say why there is none."""
    fitting = [offer[reply.word] for offer in offers if reply.word in offer]
    if len(fitting) == 1 and isinstance(fitting[0], Task):
        return fitting[0]
    if len(fitting) == 1:
        raise ReplyUnclear(word=reply.word, next_step=fitting[0])
    if fitting:
        raise ReplyUnclear(word=reply.word, next_step=f"It was about more than one thing. {_which(reply.word, offers)}")
    words = sorted({word for offer in offers for word in offer})
    said = " or ".join(f"“{word}”" for word in words) or "“help”"
    raise ReplyUnclear(word=reply.word, next_step=f"You can reply {said}, or write a whole request.")


def _is_of(result: object, reply: Reply) -> bool:
    """Whether the part is about the batch that was named, if one was."""
    if reply.import_number:
        return reply.import_number in numbers_told((result,))
    return not reply.number or reply.number in _numbers(result)


def _numbers(result: object) -> tuple[int, ...]:
    match result:
        case PreviewNumbered() | LearnersInvited() | BatchProgress():
            return result.numbers
        case InvitedAtOnce() | AddressCorrected():
            return result.invited.numbers
    return ()


def _of_invitation(invitation_id: int) -> _Offers:
    return {
        Word.RESEND: Task(resend_invitation, ResendInvitation(invitation_id)),
        Word.CANCEL: Task(cancel_invitation, CancelInvitation(invitation_id)),
    }


def _offers(result: object, answer_id: int) -> _Offers:
    match result:
        case PreviewNumbered():
            return _of_preview(result.preview.draft_id)
        case ReplyAwaited():
            return _of_question(result, answer_id)
        case LearnersInvited() | BatchProgress():
            return _undone(Task(recall_batch, RecallBatch(result.confirmation_id)))
        case InvitedAtOnce() | AddressCorrected():
            return _undone(Task(recall_batch, RecallBatch(result.invited.confirmation_id)))
        case ImportTold() | ImportLeft() | OrderTold() if is_about_rows(result):
            return _of_import(result.number)
        case InvitationCancelled() | InvitationsCancelled():
            return {Word.UNDO: Task(restore_invitations, RestoreInvitations(result.change_id))}
        case LearnerNudged():
            return {Word.UNDO: Task(undo_follow_up, UndoFollowUp(result.follow_up_id))}
        case FollowUpNoted():
            return {Word.UNDO: Task(undo_follow_up, UndoFollowUp(result.follow_up.follow_up_id))}
        case LearnerRemoved():
            return {Word.UNDO: Task(undo_learner_change, UndoLearnerChange(result.change_id))}
    return _of_list(result)


def _of_import(number: int) -> _Offers:
    """Whether it waits, or is applied, its use case says."""
    released = Task(release_import, ReleaseImport(number))
    left = Task(leave_import, LeaveImport(number), Mode.READ)
    return {
        Word.GOOD_ROWS: released,
        Word.YES: released,
        Word.NO: left,
        Word.CANCEL: left,
        Word.UNDO: Task(undo_import, UndoImport(number)),
        Word.FULL: Task(copy_by_mail, CopyImport(number), Mode.READ),
    }


def _undone(task: Task) -> _Offers:
    return dict.fromkeys((Word.UNDO, Word.CANCEL, Word.NO), task)


def _of_preview(draft_id: int) -> _Offers:
    discard = Task(discard_preview, DiscardPreview(draft_id))
    return {Word.YES: Task(invite_learners, InviteLearners(draft_id)), Word.NO: discard, Word.CANCEL: discard}


def _of_question(question: ReplyAwaited, answer_id: int) -> _Offers:
    kind, usecase = CONFIRMABLE[question.command_kind]
    command: object = msgspec.json.decode(question.command, type=kind)
    closing = Task(close_question, CloseQuestion(answer_id))
    return {
        Word.YES: Task(usecase, command, is_confirmed=True, question_id=answer_id),
        Word.NO: closing,
        Word.CANCEL: closing,
    }


def _of_list(result: object) -> _Offers:
    match result:
        case CoursesListed():
            return _paged(result.page, result.page_count, list_courses, ListCourses(result.search))
        case ProgressShown():
            told = ShowProgress(result.run.code, result.shown, result.search)
            return _paged(result.page.page, result.page.page_count, show_progress, told)
        case ReportsListed():
            return _paged(result.page, result.page_count, list_reports, ListReports())
        case ReportTold():
            return {Word.YES: Task(confirm_report, ConfirmReport(result.number))}
        case HistoryShown():
            whose = ShowHistory(result.kind, subject_id=result.subject_id)
            return _paged(result.page, result.page_count, show_history, whose)
        case CostsShown():
            return _paged(result.page, result.page_count, show_costs, ShowCosts(str(result.month)))
        case UndeliveredListed():
            return _paged(result.page, result.page_count, list_undelivered, ListUndelivered())
        case InvitationsListed():
            return _of_invitations(result)
        case RunShown():
            shown = ShowRun(result.run.code, result.shown, result.search)
            return _paged(result.page.page, result.page.page_count, show_run, shown)
        case SharedLinksListed():
            return _paged(result.page, result.page_count, list_shared_links, ListSharedLinks(result.search))
        case ImportsListed():
            return _paged(result.page, result.page_count, list_imports, ListImports(state=result.state))
        case ImportRowsTold():
            shown_rows = ListImportRows(result.number, result.bucket)
            return _paged(result.page, result.page_count, list_import_rows, shown_rows)
        case StaffListed():
            return _paged(result.page, result.page_count, list_staff, ListStaff(result.search))
        case LearnersListed():
            shown_learners = ListLearners(result.search, is_never=result.is_never)
            return _paged(result.page, result.page_count, list_learners, shown_learners)
        case ScheduledListed():
            return _paged(result.page, result.page_count, list_scheduled, ListScheduled())
    return {}


def _of_invitations(listed: InvitationsListed) -> _Offers:
    shown = ListInvitations(listed.run.code, listed.state, listed.search)
    chosen = Chosen(listed.run.code, state=listed.state, search=listed.search)
    return {
        **_paged(listed.page, listed.page_count, list_invitations, shown),
        Word.RESEND: Task(resend_invitations, ResendInvitations(chosen)),
        Word.CANCEL: Task(cancel_invitations, CancelInvitations(chosen)),
    }


def _paged(page: int, page_count: int, usecase: Callable[[Context, Any], Any], command: Any) -> _Offers:
    if page >= page_count:
        return {Word.MORE: "That was the last page."}
    return {Word.MORE: Task(usecase, replace(command, page=page + 1), Mode.READ)}
