"""What was asked by e-mail and waits for a yes: asked in Slack as well, and done once, whichever way the answer comes.

    answered with a question --> asked in Slack of whoever is linked --pressed--> done, and the thread hears of it once
                |                          |
                +--replied to by e-mail----+--> drawn anew: it is answered

1. A press and a reply at once count once: both close the same question, or confirm the same preview.
2. The e-mail about a press stands in the thread of its question, and goes to the address on record.
3. A stored question is made into a command of ``CONFIRMABLE`` only.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ThreadNotFound
from core.letters import AnswerPart
from core.model import Draft, MailAnswer, OutboundMessage, StaffMember
from core.outbox import say
from core.results import QuestionClosed, ReplyAwaited, kept_parts, revived_parts
from core.usecases.costs.budgets import BudgetsShown, SetBudget, set_budget
from core.usecases.imports.rules import ImportPolicyShown, SetImportPolicy, set_import_policy
from core.usecases.imports.undoing import ImportUndone, UndoImport, undo_import
from core.usecases.invitations.batches import InviteLearners, LearnersInvited, invite_learners
from core.usecases.invitations.changes import (
    CancelInvitations,
    InvitationsCancelled,
    InvitationsResent,
    ResendInvitations,
    cancel_invitations,
    resend_invitations,
)
from core.usecases.invitations.drafts import own_draft
from core.usecases.invitations.quiet_hours import QuietHoursShown, SetQuietHours, set_quiet_hours
from core.usecases.invitations.single import ReinviteLearner, reinvite_learner
from core.usecases.learners.ethnicity import (
    EthnicityShown,
    StopEthnicity,
    StoreEthnicity,
    stop_ethnicity,
    store_ethnicity,
)
from core.usecases.learners.removal import LearnerRemoved, RemoveLearner, remove_learner
from core.usecases.mailbox.answers import answer_key, answer_row
from core.usecases.mailbox.invitations import DiscardPreview, PreviewDiscarded, PreviewNumbered, discard_preview
from core.usecases.mailbox.requests import close, pressable
from core.usecases.progress.nudges import LearnerNudged, NudgeLearner, nudge_learner
from core.usecases.staff.colleagues import ColleagueInvited, InviteColleague, invite_colleague

UseCase = Callable[[Context, Any], Any]

CONFIRMABLE: Final[Mapping[str, tuple[type, UseCase]]] = MappingProxyType({
    "CancelInvitations": (CancelInvitations, cancel_invitations),
    "ResendInvitations": (ResendInvitations, resend_invitations),
    "InviteColleague": (InviteColleague, invite_colleague),
    "SetBudget": (SetBudget, set_budget),
    "SetImportPolicy": (SetImportPolicy, set_import_policy),
    "SetQuietHours": (SetQuietHours, set_quiet_hours),
    "RemoveLearner": (RemoveLearner, remove_learner),
    "NudgeLearner": (NudgeLearner, nudge_learner),
    "StopEthnicity": (StopEthnicity, stop_ethnicity),
    "StoreEthnicity": (StoreEthnicity, store_ethnicity),
    "ReinviteLearner": (ReinviteLearner, reinvite_learner),
    "UndoImport": (UndoImport, undo_import),
})  # fmt: skip
"""What a question may wait with; nothing else is made from a stored one."""

Done = (
    LearnersInvited
    | InvitationsCancelled
    | InvitationsResent
    | ColleagueInvited
    | BudgetsShown
    | ImportPolicyShown
    | ImportUndone
    | QuietHoursShown
    | LearnerRemoved
    | EthnicityShown
    | LearnerNudged
)
"""What comes of them."""
_YES: Final = "yes, in Slack"
_NO: Final = "no, in Slack"


class QuestionState(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    CLOSED = "closed"
    """By a no, or by time; of what is no preview, by either answer."""


class MailQuestion(Struct, frozen=True):
    """``draft_id`` 0: it is no preview, and the only such question of its e-mail."""

    draft_id: int
    asked: str
    """As they wrote it."""
    wanted: PreviewNumbered | ReplyAwaited
    state: QuestionState


class MailQuestionsShown(Struct, frozen=True):
    """Those of one e-mail. None: they are older than the words of any e-mail are kept."""

    answer_id: int
    questions: tuple[MailQuestion, ...]


class ConfirmQuestion(Struct, frozen=True):
    answer_id: int
    draft_id: int


class DeclineQuestion(Struct, frozen=True):
    answer_id: int
    draft_id: int


def questions_shown(ctx: Context, answer_id: int) -> MailQuestionsShown:
    """The caller has authorised."""
    answer = ctx.session.get(MailAnswer, answer_id)
    if answer is None:
        return MailQuestionsShown(answer_id, ())
    asked = _asked(answer)
    ids = {part.draft_id for part in asked if part.draft_id}
    drafts = {draft.id: draft for draft in ctx.session.scalars(select(Draft).where(Draft.id.in_(ids)))} if ids else {}
    return MailQuestionsShown(
        answer_id,
        tuple(
            MailQuestion(each.draft_id, each.asked, each.wanted, _state(ctx, answer, each, drafts)) for each in asked
        ),
    )


def confirm_question(ctx: Context, command: ConfirmQuestion) -> Done:
    """The result of what was asked. Raises ThreadNotFound, and what a yes by e-mail raises."""
    staff = access.require_staff(ctx, Permission.INVITE)
    answer, part = _own_part(ctx, staff, command.answer_id, command.draft_id)
    if isinstance(part.wanted, ReplyAwaited):
        close(ctx, answer.id)
        kind, usecase = CONFIRMABLE[part.wanted.command_kind]
        result: Done = usecase(ctx, msgspec.json.decode(part.wanted.command, type=kind))
        _tell_thread(ctx, staff, answer, AnswerPart(_YES, result))
        return result
    draft = own_draft(ctx, staff, part.draft_id)
    was_open = draft.confirmed_at is None
    invited = invite_learners(ctx, InviteLearners(draft.id))
    ctx.session.refresh(draft)
    # A reply may have been first meanwhile, and has its answer.
    if was_open and draft.confirmed_at == ctx.now:
        _tell_thread(ctx, staff, answer, AnswerPart(_YES, invited))
    return invited


def decline_question(ctx: Context, command: DeclineQuestion) -> QuestionClosed | PreviewDiscarded:
    """As ``confirm_question``."""
    staff = access.require_staff(ctx, Permission.INVITE)
    answer, part = _own_part(ctx, staff, command.answer_id, command.draft_id)
    result: QuestionClosed | PreviewDiscarded = QuestionClosed()
    if isinstance(part.wanted, ReplyAwaited):
        close(ctx, answer.id)
    else:
        result = discard_preview(ctx, DiscardPreview(part.draft_id))
    _tell_thread(ctx, staff, answer, AnswerPart(_NO, result))
    return result


# --- Parts ------------------------------------------------------------------------------------------------


class _Part(Struct, frozen=True):
    draft_id: int
    asked: str
    wanted: PreviewNumbered | ReplyAwaited


def _asked(answer: MailAnswer) -> tuple[_Part, ...]:
    return tuple(
        _Part(part.result.preview.draft_id if isinstance(part.result, PreviewNumbered) else 0, part.asked, part.result)
        for part in pressable(revived_parts(answer.result))
        if isinstance(part.result, PreviewNumbered | ReplyAwaited)
    )


def _state(ctx: Context, answer: MailAnswer, part: _Part, drafts: Mapping[int, Draft]) -> QuestionState:
    if isinstance(part.wanted, ReplyAwaited):
        is_open = answer.closed_at is None and part.wanted.valid_until > ctx.now
        return QuestionState.OPEN if is_open else QuestionState.CLOSED
    draft = drafts.get(part.draft_id)
    if draft is not None and draft.confirmed_at is not None:
        return QuestionState.CONFIRMED
    return QuestionState.OPEN if draft is not None and draft.ends_at > ctx.now else QuestionState.CLOSED


def _own_part(ctx: Context, staff: StaffMember, answer_id: int, draft_id: int) -> tuple[MailAnswer, _Part]:
    answer = ctx.session.get(MailAnswer, answer_id)
    if answer is None or answer.staff_id != staff.id:
        raise ThreadNotFound(word="yes")
    for part in _asked(answer):
        if part.draft_id == draft_id:
            return answer, part
    raise ThreadNotFound(word="yes")


def _tell_thread(ctx: Context, staff: StaffMember, question: MailAnswer, part: AnswerPart) -> None:
    sent = ctx.session.scalars(
        select(OutboundMessage.message_ref).where(OutboundMessage.idempotency_key == answer_key(question.id))
    ).first()
    kind, result = kept_parts((part,))
    answer = MailAnswer(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        inbound_id=None,
        staff_id=staff.id,
        subject=question.subject,
        in_reply_to=sent or question.in_reply_to,
        references=" ".join(filter(None, (question.references, sent))),
        result_kind=kind,
        result=result,
        created_at=ctx.now,
    )
    ctx.session.add(answer)
    ctx.session.flush()
    say(ctx, [answer_row(ctx, staff, answer.id)])
