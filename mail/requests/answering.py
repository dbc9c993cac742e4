"""Answering what a proven staff member writes: the words read, each request run, one answer stored.

    one request       its use case, the settling and the answer are one transaction (``core.usecases.mailbox.requests``)
    several           each in a transaction of its own under the key ``inbound:<id>:<n>``, then the one answer
    reading           on a snapshot; then the answer
    refused           nothing is changed, and the refusal is the answer

What is Unavailable is raised: the message stays received, and is done again. Our own mistake is answered with its
reference, and the message has failed: what was done before it stands under its key and is told when it is run again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from core.app import App
from core.context import StaffActor, System
from core.errors import (
    AlreadySettled,
    NeedsConfirmation,
    NotStaff,
    OnlyInSlack,
    ReplyNeeded,
    SenderUnproven,
    Unavailable,
    UsherError,
)
from core.letters import AnswerPart
from core.progressing import ProgressFile
from core.requests import Asker, Mode, Request, instead_of, mode_of, usecase_of
from core.results import ReplyAwaited, RequestRefused, WentWrong, kept, refused
from core.rules.policy import MAIL_QUESTION_LIFE
from core.rules.text import clean_name
from core.usecases.imports.invitations import PrepareImportInvitation
from core.usecases.imports.mails import OrderByMail
from core.usecases.imports.undoing import PreviewUndo, UndoImport, preview_undo
from core.usecases.invitations.batches import PrepareInvitation
from core.usecases.invitations.changes import (
    CancelInvitations,
    Chosen,
    ResendInvitations,
    cancel_invitations,
    resend_invitations,
)
from core.usecases.invitations.lists import ListedState, ListInvitations
from core.usecases.invitations.single import ReinviteLearner
from core.usecases.learners.removal import PreviewRemoval, RemoveLearner, remove_learner
from core.usecases.mailbox.addresses import OfferRuns, offer_runs
from core.usecases.mailbox.inbound import SettleMail, settle_mail
from core.usecases.mailbox.invitations import invite_by_mail, invite_import_by_mail
from core.usecases.mailbox.requests import (
    ASKED_BACK,
    AnswerMail,
    Asking,
    FindThread,
    ThreadFound,
    answer_mail,
    answering,
    find_thread,
    rehearsed,
)
from core.usecases.progress.nudges import LearnerNudged, NudgeLearner, PrepareNudge, nudge_learner
from core.words import MailRule, MailState
from mail.receiving.asked import MailRequest
from mail.requests.orders import for_worker
from mail.requests.progress import task_of_report
from mail.requests.reading import Asked, body_lines, read_mail
from mail.requests.reply_words import Word, meant, read_reply
from mail.requests.run_words import named_run
from mail.requests.sheets import SheetAttached, task_of_sheet
from mail.requests.tasks import Task, numbers_told

_SUBJECT_CHARACTERS: Final = 200
_LINE_CHARACTERS: Final = 120
_NOT_TO_BE_ANSWERED: Final = {NotStaff: MailRule.UNKNOWN_SENDER, SenderUnproven: MailRule.UNAUTHENTICATED}
_log = logging.getLogger("usher.mail")
_Wanted = tuple[str, Task | object]
"""What was written, and a task, a refusal or a result that is ready."""


def answer(app: App, request: MailRequest) -> MailState:
    """The state that the message is in afterwards. Raises Unavailable."""
    asking = _asking(request)
    try:
        wanted = _wanted(app, request)
        if len(wanted) == 1:
            _answer_one(app, request.staff, asking, *wanted[0])
        else:
            _answer_several(app, request.staff, asking, wanted)
    except AlreadySettled:
        return _settled(app, request.inbound_id, MailState.PROCESSED, MailRule.REQUEST)
    except (NotStaff, SenderUnproven) as error:
        # Disabled since the message was screened: such a person gets no answer.
        return _settled(app, request.inbound_id, MailState.HELD, _NOT_TO_BE_ANSWERED[type(error)])
    except Unavailable:
        raise
    except Exception:
        return _went_wrong(app, request.staff, asking)
    return MailState.PROCESSED


def _went_wrong(app: App, staff: StaffActor, asking: Asking) -> MailState:
    """Raises what keeps even this from being stored."""
    reference = app.tokens.reference()
    _log.exception("a request went wrong", extra={"inbound_id": asking.inbound_id, "reference": reference})
    parts = (AnswerPart(asking.subject, WentWrong(reference)),)
    if app.run(answer_mail, AnswerMail(asking, parts, reference), staff).was_open:
        return MailState.FAILED
    return _settled(app, asking.inbound_id, MailState.FAILED, MailRule.OUR_MISTAKE)


def _asking(request: MailRequest) -> Asking:
    parsed = request.parsed
    thread = dict.fromkeys((*parsed.references, parsed.in_reply_to, parsed.message_ref))
    return Asking(
        inbound_id=request.inbound_id,
        subject=clean_name(parsed.subject, _SUBJECT_CHARACTERS),
        message_ref=parsed.message_ref,
        references=tuple(ref for ref in thread if ref),
    )


def _settled(app: App, inbound_id: int, state: MailState, rule: MailRule) -> MailState:
    return app.run(settle_mail, SettleMail(inbound_id, state, rule), System()).state


# --- What is wanted ---------------------------------------------------------------------------------------


def _wanted(app: App, request: MailRequest) -> tuple[_Wanted, ...]:
    parsed = request.parsed
    if request.refusal is not None:
        return ((clean_name(parsed.subject, _LINE_CHARACTERS), request.refusal),)
    refs = tuple(dict.fromkeys(ref for ref in (parsed.in_reply_to, *reversed(parsed.references)) if ref))
    lines = list(body_lines(parsed.text))
    thread = _thread(app, request.staff, refs)
    asked = read_mail(parsed, is_ours=thread.kind is not None)
    wanted = tuple(_as_wanted(each, request, thread) for each in asked)
    has_sheet = any(isinstance(each.wanted, SheetAttached | ProgressFile) for each in asked)
    replied = _replied(lines, thread, request.inbound_id, has_sheet=has_sheet)
    if replied is None:
        return wanted
    return (replied, *wanted) if has_sheet else (replied,)


def _replied(lines: Sequence[str], thread: ThreadFound, inbound_id: int, *, has_sheet: bool) -> _Wanted | None:
    """Whoever sends a file with "yes" means the file, which is looked at; but what they take back they take back."""
    reply = read_reply(lines)
    if has_sheet and (reply is None or reply.word is not Word.UNDO):
        return None
    line = clean_name(next(iter(lines), ""), _LINE_CHARACTERS)
    try:
        task = named_run(lines, thread) or (meant(reply, thread) if reply is not None else None)
    except UsherError as refusal:
        return line, refusal
    if task is None:
        return None
    return line, for_worker(task, inbound_id) if isinstance(task, Task) else task


def _thread(app: App, staff: StaffActor, refs: tuple[str, ...]) -> ThreadFound:
    """Whoever may do nothing at all is told so by the request itself."""
    if not refs:
        return ThreadFound()
    try:
        return app.read(find_thread, FindThread(refs), staff)
    except Unavailable:
        raise
    except UsherError:
        return ThreadFound()


def _as_wanted(asked: Asked, request: MailRequest, thread: ThreadFound) -> _Wanted:
    if isinstance(asked.wanted, SheetAttached):
        # A file in reply to an answer about one import corrects that one; about several, nobody knows which.
        told = numbers_told(part.result for part in thread.parts)
        # Its name is not kept with the answer; it is said when that is sent.
        return "", task_of_sheet(asked.wanted, request.inbound_id, told[0] if len(told) == 1 else None)
    if isinstance(asked.wanted, ProgressFile):
        return "", task_of_report(asked.wanted, request.inbound_id)
    if isinstance(asked.wanted, OfferRuns):
        return asked.line, Task(offer_runs, asked.wanted, Mode.READ)
    if not isinstance(asked.wanted, Request):
        return asked.line, asked.wanted
    try:
        return asked.line, for_worker(task_of(asked.wanted), request.inbound_id)
    except UsherError as refusal:
        return asked.line, refusal


def task_of(request: Request) -> Task:
    """By mail ``invite`` is one step and "all" is asked back; the rest is the same as in Slack. Raises OnlyInSlack."""
    if request.verb.asker is Asker.VISITOR:
        raise OnlyInSlack(verb=request.verb.name)
    command = request.command
    if isinstance(command, PrepareInvitation):
        return Task(invite_by_mail, command)
    if isinstance(command, PrepareImportInvitation):
        return Task(invite_import_by_mail, command)
    if isinstance(command, ListInvitations) and request.verb.name in ("cancel", "resend"):
        chosen = Chosen(command.run, state=ListedState.PENDING)
        if request.verb.name == "cancel":
            return Task(cancel_invitations, CancelInvitations(chosen))
        return Task(resend_invitations, ResendInvitations(chosen))
    if isinstance(command, PrepareNudge):
        return Task(nudge_learner, NudgeLearner(command.run, command.who, words=command.words))
    if isinstance(command, PreviewRemoval):
        return Task(remove_learner, RemoveLearner(who=command.who))
    return Task(usecase_of(request), command, mode_of(request))


# --- Doing it ---------------------------------------------------------------------------------------------


def _answer_one(app: App, staff: StaffActor, asking: Asking, line: str, wanted: Task | object) -> None:
    if isinstance(wanted, Task) and wanted.mode is Mode.RUN:
        usecase = answering(
            wanted.usecase, asking, line, is_rehearsal=_is_asked_back(wanted), question_id=wanted.question_id
        )
        try:
            app.run(usecase, wanted.command, staff)
            return
        except UsherError as error:
            result = _instead(app, staff, wanted, error, line)
    else:
        result = result_of(app, staff, wanted, key=f"inbound:{asking.inbound_id}:0", line=line)
    _leave(app, staff, asking, (AnswerPart(line, result),))


def _answer_several(app: App, staff: StaffActor, asking: Asking, wanted: tuple[_Wanted, ...]) -> None:
    parts = tuple(
        AnswerPart(line, result_of(app, staff, each, key=f"inbound:{asking.inbound_id}:{number}", line=line))
        for number, (line, each) in enumerate(wanted)
    )
    _leave(app, staff, asking, parts)


def _leave(app: App, staff: StaffActor, asking: Asking, parts: tuple[AnswerPart, ...]) -> None:
    if not app.run(answer_mail, AnswerMail(asking, parts), staff).was_open:
        raise AlreadySettled


def result_of(app: App, staff: StaffActor, wanted: Task | object, *, key: str, line: str = "") -> object:
    """Under a key it takes effect once, and gives the same again. ``line`` is what was written."""
    if isinstance(wanted, UsherError):
        return _refused(wanted, line)
    if not isinstance(wanted, Task):
        return wanted
    try:
        if wanted.mode is Mode.READ:
            return app.read(wanted.usecase, wanted.command, staff)
        usecase = rehearsed(wanted.usecase) if _is_asked_back(wanted) else wanted.usecase
        return app.run(usecase, wanted.command, staff, key=key)
    except UsherError as error:
        return _instead(app, staff, wanted, error, line)


def _instead(app: App, staff: StaffActor, task: Task, error: UsherError, line: str) -> object:
    """The question or the refusal that is the answer. Raises again what is none."""
    if isinstance(error, Unavailable | AlreadySettled | NotStaff | SenderUnproven):
        raise error
    until = app.clock() + MAIL_QUESTION_LIFE
    if isinstance(error, ReplyNeeded):
        try:
            would = _would_do(app, staff, task.command, error)
        except UsherError as changed:
            return _instead(app, staff, task, changed, line)
        return _question(_as_seen(task.command, would), would, until)
    if isinstance(error, NeedsConfirmation) and isinstance(task.command, ReinviteLearner):
        confirmed = ReinviteLearner(task.command.run, task.command.address, is_confirmed=True)
        return _question(confirmed, refused(error), until)
    return _refused(error, line)


def _would_do(app: App, staff: StaffActor, command: object, asked: ReplyNeeded) -> object:
    """Raises what ``preview_undo`` raises: something may have happened since."""
    if isinstance(command, OrderByMail):
        return app.read(preview_undo, PreviewUndo(command.number), staff)
    return asked.rehearsed


def _refused(error: UsherError, line: str) -> RequestRefused:
    # What was longer than a line of an answer is not offered anew, for its end is not there; nor are the addresses
    # below an "invite".
    whole = line if len(line) < _LINE_CHARACTERS else ""
    meant = (each.text for each in instead_of(whole, error))
    return refused(error, tuple(text for text in meant if not text.startswith("invite ")))


def _as_seen(command: object, rehearsed: object) -> object:
    """The very letter that they say yes to, whatever would be proposed then."""
    if isinstance(command, OrderByMail):
        return UndoImport(command.number)
    if isinstance(command, NudgeLearner) and isinstance(rehearsed, LearnerNudged):
        return replace(command, learner_id=rehearsed.letter.learner_id, words=rehearsed.letter.words)
    return command


def _question(command: object, result: object, until: datetime) -> ReplyAwaited:
    return ReplyAwaited(
        command_kind=type(command).__name__,
        command=msgspec.json.encode(command).decode(),
        rehearsed_kind=type(result).__name__,
        rehearsed=kept(result),
        valid_until=until,
    )


def _is_asked_back(task: Task) -> bool:
    return not task.is_confirmed and type(task.command) in ASKED_BACK
