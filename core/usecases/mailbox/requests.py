"""What a proven staff member asks for by e-mail: done, settled and answered in one transaction.

    answering(use case)  --done--> message processed, answer stored, e-mail due: all of it, or nothing
            |
            +--refused, or asked back--> nothing is changed; answer_mail stores the refusal or the question
    use case under the key inbound:<id>:<n>, for each of several requests --> answer_mail with all the parts

1. Whoever settles the message answers it: of two processes one, so there is at most one answer a message.
2. Several requests in one message are a transaction each, under a key of their own, and then one answer: where one
   fails the others stand. A kill in between changes nothing: done again, each key gives what it gave.
3. The audit names the request's own use case, by whomever it is wrapped.
4. The answer goes to the address on record, whatever the message wanted. Who had as many answers this hour as there may
   be gets none: what was asked is done in silence, and the last answer has said so.
5. A message is settled for the one who is proven to have written it, and for nobody else.
6. The answer to a message that brought files waits until the last of them is imported (``mail_answers``).
7. Our own mistake is answered, too, with its reference: nobody waits in vain. Run again, the message is answered anew.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from msgspec import Struct
from sqlalchemy import bindparam, select, update

from core import access
from core.access import Permission
from core.context import Context, StaffActor
from core.errors import AlreadySettled, MailNotFound, QuestionAnswered, QuestionExpired, ReplyNeeded, ThreadNotFound
from core.letters import AnswerPart
from core.model import Draft, InboundMessage, MailAnswer, OutboundMessage, StaffMember
from core.outbox import AT_ONCE, leave, question_key, say, slack_row, touch
from core.queries import Query
from core.results import SEVERAL, QuestionClosed, ReplyAwaited, kept_parts, revived_parts
from core.rules.policy import MAIL_ANSWERS_AN_HOUR, MAIL_QUESTION_LIFE, MAIL_THREAD_REFS
from core.usecases.costs.budgets import SetBudget
from core.usecases.imports.rules import SetImportPolicy
from core.usecases.invitations.changes import CancelInvitations, ResendInvitations
from core.usecases.invitations.quiet_hours import SetQuietHours
from core.usecases.learners.ethnicity import StopEthnicity, StoreEthnicity
from core.usecases.learners.removal import RemoveLearner
from core.usecases.mailbox.answers import answer_row, is_awaited
from core.usecases.mailbox.invitations import PreviewNumbered
from core.usecases.mailbox.settling import settle_own
from core.usecases.progress.mails import ReportTold
from core.usecases.progress.nudges import NudgeLearner
from core.usecases.progress.reports import ReportInThread, reports_in_thread
from core.usecases.staff.colleagues import InviteColleague
from core.usecases.staff.slack_identity import linked_staff
from core.words import ABOUT_INVITATIONS, Channel, MailRule, MailState, MessageKind

ASKED_BACK: frozenset[type] = frozenset({
    CancelInvitations, ResendInvitations, InviteColleague, SetBudget, SetQuietHours, SetImportPolicy,
    StoreEthnicity, StopEthnicity, RemoveLearner, NudgeLearner,
})  # fmt: skip
"""What by e-mail is done only after a reply "yes": it concerns many, or what somebody may do here (decision 5).

Inviting many asks back by itself, see ``mailbox.invitations``; so does erasing, by its number, and undoing a large
import, see ``imports.mails``. Other things that were done are taken back at once.
"""
_LIFE_WORDS = "a day"
# In Slack a worker does it, from the import's own message.
_TOO_LONG_FOR_A_PRESS = frozenset({"UndoImport"})
_HOUR: Final = timedelta(hours=1)
_LOCK_RECIPIENT = Query(
    select(StaffMember.id).where(StaffMember.id == bindparam("staff_id")).with_for_update(key_share=True)
)
_ANSWERED = Query(
    select(MailAnswer.created_at)
    .where(MailAnswer.staff_id == bindparam("staff_id"), MailAnswer.created_at > bindparam("hour_ago"))
    .order_by(MailAnswer.created_at)
    .limit(MAIL_ANSWERS_AN_HOUR)
)
UseCase = Callable[[Context, Any], Any]


class Asking(Struct, frozen=True):
    """The message that asks. ``message_ref`` empty: it has none that a mail program would know."""

    inbound_id: int
    subject: str
    message_ref: str
    references: tuple[str, ...]


class AnswerMail(Struct, frozen=True):
    """For what has changed nothing, or is done already. The same answer again is none: ``was_open`` False.

    ``reference``: of our mistake, with which the message has failed.
    """

    is_routine: ClassVar = True

    asking: Asking
    parts: tuple[AnswerPart, ...]
    reference: str = ""


class MailAnswered(Struct, frozen=True):
    was_open: bool


class CloseQuestion(Struct, frozen=True):
    """Somebody said no."""

    answer_id: int


class FindThread(Struct, frozen=True):
    """``refs``: Message-IDs with their angle brackets, the nearest first."""

    refs: tuple[str, ...]


class ThreadFound(Struct, frozen=True):
    """The nearest message of ours that the asker may know. ``kind`` None: there is none.

    ``about_id`` is the answer's id, or the invitation's.
    """

    kind: MessageKind | None = None
    about_id: int = 0
    parts: tuple[AnswerPart, ...] = ()
    reports: tuple[ReportInThread, ...] = ()
    """Of progress, told of anywhere in the thread: what was asked of one may be asked once more."""


_OWNER = Query(
    select(InboundMessage.organisation_id, InboundMessage.staff_id).where(InboundMessage.id == bindparam("inbound_id"))
)


def answering(
    usecase: UseCase, asking: Asking, asked: str, *, is_rehearsal: bool = False, question_id: int | None = None
) -> UseCase:
    """The use case, with the message settled and answered. Raises AlreadySettled besides, and then nothing is done.

    ``is_rehearsal``: to its end and back again, with ReplyNeeded. ``question_id``: the answer whose question this
    settles; raises QuestionAnswered and QuestionExpired. MailNotFound: of somebody else's message.
    """

    @functools.wraps(usecase)
    def answered(ctx: Context, command: Any) -> Any:
        if not _settle_own(ctx, asking.inbound_id, MailState.PROCESSED, MailRule.REQUEST):
            raise AlreadySettled
        if question_id is not None:
            close(ctx, question_id)
        result = usecase(ctx, command)
        if is_rehearsal:
            raise _asked_back(result)
        _leave_answer(ctx, access.require_member(ctx), asking, (AnswerPart(asked, result),))
        return result

    return answered


def rehearsed(usecase: UseCase) -> UseCase:
    """To its end, and back again with ReplyNeeded."""

    @functools.wraps(usecase)
    def rehearsal(ctx: Context, command: Any) -> Any:
        raise _asked_back(usecase(ctx, command))

    return rehearsal


def _asked_back(result: object) -> ReplyNeeded:
    error = ReplyNeeded()
    error.rehearsed = result
    return error


def answer_mail(ctx: Context, command: AnswerMail) -> MailAnswered:
    """Raises MailNotFound for somebody else's message."""
    staff = access.require_member(ctx)
    state, rule = (
        (MailState.FAILED, MailRule.OUR_MISTAKE) if command.reference else (MailState.PROCESSED, MailRule.REQUEST)
    )
    was_open = _settle_own(ctx, command.asking.inbound_id, state, rule, command.reference)
    if was_open:
        _leave_answer(ctx, staff, command.asking, command.parts, is_final=not command.reference)
    return MailAnswered(was_open)


def _settle_own(ctx: Context, inbound_id: int, state: MailState, rule: MailRule, reference: str = "") -> bool:
    """These rows are no organisation's: nothing else keeps one sender's request from settling another's message.

    Raises MailNotFound.
    """
    asker = ctx.actor
    if not isinstance(asker, StaffActor):
        raise MailNotFound(number=inbound_id)
    if settle_own(ctx, inbound_id, state, rule, asker=asker, reference=reference):
        return True
    owner = _OWNER.run(ctx, inbound_id=inbound_id).one_or_none()
    if owner is None or tuple(owner) != (asker.organisation_id, asker.staff_id):
        raise MailNotFound(number=inbound_id)
    return False


def _leave_answer(
    ctx: Context, staff: StaffMember, asking: Asking, parts: tuple[AnswerPart, ...], *, is_final: bool = True
) -> None:
    former = _answered_this_hour(ctx, staff)
    if len(former) >= MAIL_ANSWERS_AN_HOUR:
        return
    is_last = len(former) == MAIL_ANSWERS_AN_HOUR - 1
    kind, result = kept_parts(parts)
    answer_id = ctx.tokens.new_id()
    answer = {
        "id": answer_id,
        "inbound_id": asking.inbound_id if is_final else None,
        "staff_id": staff.id,
        "subject": asking.subject,
        "in_reply_to": asking.message_ref,
        "references": " ".join(asking.references[-MAIL_THREAD_REFS:]),
        "result_kind": kind,
        "result": result,
        "created_at": ctx.now,
        "silent_until": former[0] + _HOUR if is_last else None,
    }
    access.insert_all(ctx, MailAnswer, [answer])
    _ask_in_slack(ctx, staff, answer_id, parts)
    if is_final and is_awaited(ctx, asking.inbound_id):
        return
    # Whoever processes mail gives the worker the answers of a moment together: a job for each costs more than it.
    leave(ctx, [answer_row(ctx, staff, answer_id)])


def _answered_this_hour(ctx: Context, staff: StaffMember) -> Sequence[datetime]:
    """When, the oldest first; asked here, so that of requests that end at the same moment each counts."""
    if not ctx.settings.is_sqlite:
        # A writer on SQLite has no rival; here the second waits for the first, and then counts its answer.
        _LOCK_RECIPIENT.run(ctx, staff_id=staff.id)
    return _ANSWERED.run(ctx, staff_id=staff.id, hour_ago=ctx.now - _HOUR).scalars().all()


def pressable(parts: tuple[AnswerPart, ...]) -> tuple[AnswerPart, ...]:
    """Of several questions that are no previews, a plain yes would not say which: they are asked by e-mail only."""
    questions = [part.result for part in parts if isinstance(part.result, ReplyAwaited)]
    has_one = len(questions) == 1 and questions[0].command_kind not in _TOO_LONG_FOR_A_PRESS
    return tuple(
        part
        for part in parts
        if isinstance(part.result, PreviewNumbered) or (has_one and isinstance(part.result, ReplyAwaited))
    )


def _ask_in_slack(ctx: Context, staff: StaffMember, answer_id: int, parts: tuple[AnswerPart, ...]) -> None:
    """What waits for a yes can be pressed there, see ``questions``."""
    asked = pressable(parts)
    if not asked or not linked_staff(ctx, [staff.id]):
        return
    previews = [part.result.preview.draft_id for part in asked if isinstance(part.result, PreviewNumbered)]
    if previews:
        of_answer = update(Draft).where(Draft.id.in_(previews)).values(answer_id=answer_id)
        ctx.session.execute(of_answer)
    row = slack_row(ctx, MessageKind.MAIL_QUESTION, staff_id=staff.id, about_id=answer_id, key=question_key(answer_id))
    say(ctx, [row])


# --- Replies ----------------------------------------------------------------------------------------------


def close_question(ctx: Context, command: CloseQuestion) -> QuestionClosed:
    """Raises ThreadNotFound, QuestionAnswered, QuestionExpired."""
    access.require_staff(ctx, Permission.INVITE)
    close(ctx, command.answer_id)
    return QuestionClosed()


def close(ctx: Context, answer_id: int) -> None:
    """Of two answers at the same moment one counts. Raises ThreadNotFound, QuestionAnswered, QuestionExpired."""
    staff = access.require_member(ctx)
    answer = ctx.session.get(MailAnswer, answer_id)
    if answer is None or answer.staff_id != staff.id:
        raise ThreadNotFound(word="no")
    closed = ctx.session.execute(
        update(MailAnswer)
        .where(MailAnswer.id == answer_id, MailAnswer.staff_id == staff.id, MailAnswer.closed_at.is_(None))
        .values(closed_at=ctx.now)
        .returning(MailAnswer.created_at)
    ).one_or_none()
    if closed is None:
        raise QuestionAnswered
    if closed.created_at + MAIL_QUESTION_LIFE <= ctx.now:
        raise QuestionExpired(life=_LIFE_WORDS)
    touch(ctx, [question_key(answer_id)], after=AT_ONCE)


def find_thread(ctx: Context, command: FindThread) -> ThreadFound:
    """Nothing is found of other people's answers, nor of another organisation's messages."""
    staff = access.require_staff(ctx, Permission.VIEW)
    ids = {number: ref for ref in command.refs[:MAIL_THREAD_REFS] if (number := _message_id(ref)) is not None}
    query = select(OutboundMessage).where(
        OutboundMessage.id.in_(ids),
        OutboundMessage.channel == Channel.EMAIL,
        OutboundMessage.kind.in_((MessageKind.ANSWER, *ABOUT_INVITATIONS)),
    )
    messages = {row.message_ref: row for row in ctx.session.scalars(query)}
    answered = [each.about_id for each in messages.values() if each.kind is MessageKind.ANSWER]
    own = select(MailAnswer).where(MailAnswer.id.in_(answered), MailAnswer.staff_id == staff.id)
    answers = {row.id: row for row in ctx.session.scalars(own)} if answered else {}
    for ref in command.refs:
        if (message := messages.get(ref)) is None:
            continue
        if message.kind in ABOUT_INVITATIONS:
            return ThreadFound(message.kind, message.about_id)
        if (answer := answers.get(message.about_id)) is not None:
            parts = revived_parts(answer.result)
            return ThreadFound(message.kind, answer.id, parts, _reports(ctx, answers.values()))
    return ThreadFound()


def _reports(ctx: Context, answers: Iterable[MailAnswer]) -> tuple[ReportInThread, ...]:
    of_reports = [each for each in answers if each.result_kind in (ReportTold.__name__, SEVERAL)]
    results = [part.result for each in of_reports for part in revived_parts(each.result)]
    told = [each.number for each in results if isinstance(each, ReportTold)]
    return reports_in_thread(ctx, told) if told else ()


def _message_id(ref: str) -> int | None:
    """Of a Message-ID that ``core.outbox`` could have made."""
    digits = ref.removeprefix("<").partition("@")[0]
    if not 0 < len(digits) <= 16 or not set(digits) <= set("0123456789abcdef"):
        return None
    number = int(digits, 16)
    return number if number < 2**63 else None
