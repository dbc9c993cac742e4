"""Where something of a learner is kept: the rows of each table, found as ``rules.personal_data`` says.

Export and erasure take the same rows, so what one shows the other erases. What is found by words (answers to staff,
notes) is looked for by address, username and whole name; a first name alone says nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, false, func, inspect, or_, select, tuple_

from core import access
from core.access import Permission
from core.context import Context
from core.errors import LearnerNotChosen, LearnerNotFound
from core.model import (
    AuditEntry,
    Base,
    Charge,
    DeliveryReport,
    Digest,
    Draft,
    Enrolment,
    FollowUp,
    IdempotencyRecord,
    Import,
    ImportRow,
    InboundMessage,
    InboundPiece,
    Invitation,
    InvitationBatch,
    JoinRequest,
    Learner,
    LearnerAddress,
    LearnerChange,
    LinkRequest,
    MailAnswer,
    OutboundMessage,
    Progress,
    ProgressChange,
    ProgressName,
    ProgressProblem,
    ProgressReport,
    StaffMember,
    Suppression,
)
from core.rules.text import folded
from core.rules.ucas.buckets import Bucket
from core.usecases.imports.values import keeper
from core.usecases.learners.lists import sight_of
from core.usecases.learners.naming import named_ids
from core.words import ReportState

ERASED_FIRST, ERASED_LAST = "", "Erased learner"
_CHUNK: Final = 500
_SHORT: Final = 6


class Trace(Struct, frozen=True):
    """``rows``: primary keys by class. ``keys``: addresses of nobody else."""

    learner_id: int
    keys: tuple[str, ...]
    shared: tuple[str, ...]
    """Addresses that another learner has as well: they stay with that one."""
    words: tuple[str, ...]
    rows: dict[type[Base], tuple[Any, ...]]

    def count(self, model: type[Base]) -> int:
        return len(self.rows.get(model, ()))


def meant_learner(ctx: Context, staff: StaffMember, learner_id: int, who: str, word: str) -> Any:
    """Who was removed as well: their data is kept until it is erased. Raises LearnerNotChosen, LearnerNotFound,
    LearnerUnclear.
    """
    if not learner_id and not who.strip():
        raise LearnerNotChosen(word=word)
    ids = (learner_id,) if learner_id else named_ids(ctx, staff, who)
    sight = sight_of(ctx, staff)
    query = select(Learner).where(Learner.id.in_(ids), Learner.last_name != ERASED_LAST)
    found = [each for each in ctx.session.scalars(query) if sight.may_see(each.provider_id)]
    there = [each for each in found if each.removed_at is None] or found
    if len(there) != 1:
        raise LearnerNotFound(who=who or "this learner")
    return there[0]


def whole_name(learner: Learner) -> str:
    return f"{learner.first_name} {learner.last_name}".strip()


def data_url(ctx: Context, learner_id: int) -> str:
    """No secret: the page asks who is there."""
    return f"{ctx.settings.base_url}/learners/{learner_id}/data"


def require_manager(ctx: Context) -> StaffMember:
    return access.require_staff(ctx, Permission.MANAGE_LEARNERS)


class _Rows(dict[type[Base], tuple[Any, ...]]):
    """Primary keys by class."""

    def __init__(self, ctx: Context, learner: Learner) -> None:
        super().__init__({Learner: (learner.id,)})
        self._ctx = ctx

    def note(self, model: type[Base], *where: ColumnElement[bool], key: Any = None) -> tuple[Any, ...]:
        column = key if key is not None else model.id  # type: ignore[attr-defined]  # All but one table have ids.
        self[model] = tuple(self._ctx.session.scalars(select(column).where(*where)))
        return self[model]


def trace_of(ctx: Context, staff: StaffMember, learner: Learner) -> Trace:
    keys, shared = _addresses(ctx, learner)
    words = _words(learner, keys)
    rows = _Rows(ctx, learner)
    _note_own(rows, staff, learner)
    _note_by_address(ctx, rows, staff, learner, keys)
    _note_by_words(ctx, rows, learner, words)
    rows[ImportRow] = _import_rows(ctx, learner, keys)
    rows[Import] = tuple({import_id for import_id, _ in rows[ImportRow]})
    return Trace(learner.id, keys, shared, words, rows)


def _note_own(rows: _Rows, staff: StaffMember, learner: Learner) -> None:
    rows.note(LearnerAddress, LearnerAddress.learner_id == learner.id)
    rows.note(LearnerChange, LearnerChange.learner_id == learner.id)
    enrolments = rows.note(Enrolment, Enrolment.learner_id == learner.id)
    rows.note(Charge, Charge.enrolment_id.in_(enrolments))
    is_about = AuditEntry.subject == _subject(learner.id)
    rows.note(AuditEntry, AuditEntry.organisation_id == staff.organisation_id, is_about)
    rows.note(Progress, Progress.learner_id == learner.id)
    rows.note(ProgressChange, ProgressChange.learner_id == learner.id)
    rows.note(FollowUp, FollowUp.learner_id == learner.id)
    rows.note(ProgressName, ProgressName.learner_id == learner.id)


def _note_by_address(ctx: Context, rows: _Rows, staff: StaffMember, learner: Learner, keys: Sequence[str]) -> None:
    """Invitations, and all that was written to them or came from them."""
    invitations = rows.note(Invitation, _is_invited(learner, keys))
    rows.note(LinkRequest, LinkRequest.invitation_id.in_(invitations))
    rows.note(JoinRequest, JoinRequest.address_key.in_(keys))
    rows.note(Suppression, Suppression.address_key.in_(keys))
    messages = rows.note(OutboundMessage, _is_written_to(ctx, keys, invitations))
    reports = rows.note(DeliveryReport, DeliveryReport.message_id.in_(messages))
    mails = rows.note(InboundMessage, _is_from(ctx, staff, keys, reports))
    rows.note(InboundPiece, InboundPiece.inbound_id.in_(mails))


def _note_by_words(ctx: Context, rows: _Rows, learner: Learner, words: Sequence[str]) -> None:
    """What names them."""
    rows.note(Digest, _has(words, Digest.content))
    rows.note(MailAnswer, _has(words, MailAnswer.result, MailAnswer.subject))
    rows.note(IdempotencyRecord, _has(words, IdempotencyRecord.result), key=IdempotencyRecord.key)
    # One that is read at this moment is needed still, and goes after 30 days.
    is_read = ProgressReport.state.in_((ReportState.WAITING, ReportState.MERGED, ReportState.REJECTED))
    is_kept = or_(ProgressReport.content.is_not(None), ProgressReport.reading.is_not(None))
    rows.note(ProgressReport, is_read, is_kept)
    rows[ProgressProblem] = _unmatched(ctx, learner, words)
    rows[InvitationBatch] = _notes(ctx, rows[Invitation], words)
    rows[Draft] = _drafts(ctx, words, rows[InvitationBatch])


def is_one_of(model: Any, ids: Sequence[Any]) -> ColumnElement[bool]:
    """By primary key, whatever it is made of."""
    keys = [getattr(model, column.name) for column in inspect(model).primary_key]
    return keys[0].in_(ids) if len(keys) == 1 else tuple_(*keys).in_(ids)


def in_chunks(ids: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def _subject(learner_id: int) -> str:
    return f"learner_id={learner_id}"


def _addresses(ctx: Context, learner: Learner) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(own, shared with another learner)"""
    own = set(ctx.session.scalars(select(LearnerAddress.address_key).where(LearnerAddress.learner_id == learner.id)))
    keys = {key for key in (*own, learner.email_key) if key}
    others = select(Learner.email_key).where(Learner.email_key.in_(keys), Learner.id != learner.id)
    known = select(LearnerAddress.address_key).where(
        LearnerAddress.address_key.in_(keys), LearnerAddress.learner_id != learner.id
    )
    shared = {*ctx.session.scalars(others), *ctx.session.scalars(known)}
    return tuple(sorted(keys - shared)), tuple(sorted(filter(None, shared)))


def _words(learner: Learner, keys: Sequence[str]) -> tuple[str, ...]:
    """As they may stand in a text or in JSON."""
    first, last = learner.first_name, learner.last_name
    named = (f"{first} {last}", f"{last}, {first}", f"{last} {first}", f'"first_name":"{first}","last_name":"{last}"')
    account = learner.username or ""
    return tuple(
        word for word in (*keys, *(named if first and last else ()), account if len(account) >= _SHORT else "") if word
    )


def _has(words: Sequence[str], *columns: Any) -> ColumnElement[bool]:
    """In whatever case: SQLite knows that of English letters only, so the word as it is stands beside it."""
    lowered = [func.lower(column).contains(word.lower(), autoescape=True) for column in columns for word in words]
    as_is = [column.contains(word, autoescape=True) for column in columns for word in words]
    return or_(false(), *lowered, *as_is)


def _is_invited(learner: Learner, keys: Sequence[str]) -> ColumnElement[bool]:
    addressed = select(Invitation.id).where(Invitation.address_key.in_(keys), Invitation.learner_id.is_(None))
    answered = select(Invitation.id).where(Invitation.learner_id == learner.id)
    return Invitation.id.in_(addressed.union(answered))


def _is_written_to(ctx: Context, keys: Sequence[str], invitations: Sequence[int]) -> ColumnElement[bool]:
    """A colleague who learns under their own address goes on getting their own mail."""
    staff = set(ctx.session.scalars(select(StaffMember.email_key).where(StaffMember.email_key.in_(keys))))
    newest = select(Invitation.message_id).where(Invitation.id.in_(invitations))
    addressed = select(OutboundMessage.id).where(OutboundMessage.recipient_key.in_(set(keys) - staff))
    return OutboundMessage.id.in_(newest.union(addressed))


def _is_from(ctx: Context, staff: StaffMember, keys: Sequence[str], reports: Sequence[int]) -> ColumnElement[bool]:
    """Mail is no organisation's own table: it is named."""
    reported = select(DeliveryReport.inbound_id).where(DeliveryReport.id.in_(reports))
    is_theirs = InboundMessage.sender.in_(keys) & InboundMessage.staff_id.is_(None)
    is_about = or_(InboundMessage.id.in_(reported), is_theirs)
    return (InboundMessage.organisation_id == staff.organisation_id) & is_about


def _drafts(ctx: Context, words: Sequence[str], batches: Sequence[int]) -> tuple[int, ...]:
    """Whoever waits with such a preview asks for a new one. A note is kept with its batch as well."""
    notes = set(ctx.session.scalars(select(InvitationBatch.note).where(InvitationBatch.id.in_(batches))))
    rows = ctx.session.execute(
        select(Draft.id, Draft.addresses, Draft.note).where(or_(Draft.addresses != "[]", Draft.note != ""))
    )
    named = [folded(word) for word in words]
    return tuple(
        row.id
        for row in rows
        if row.note in notes or any(word in folded(row.addresses) or word in folded(row.note) for word in named)
    )


def _notes(ctx: Context, invitations: Sequence[int], words: Sequence[str]) -> tuple[int, ...]:
    """Those written to this learner alone, and those that name them."""
    batches = select(Invitation.batch_id).where(Invitation.id.in_(invitations))
    rows = ctx.session.execute(
        select(InvitationBatch.id, InvitationBatch.note, InvitationBatch.size).where(
            InvitationBatch.id.in_(batches), InvitationBatch.note != ""
        )
    )
    return tuple(row.id for row in rows if row.size == 1 or any(folded(word) in folded(row.note) for word in words))


def _unmatched(ctx: Context, learner: Learner, words: Sequence[str]) -> tuple[int, ...]:
    """Cells of progress reports in which the learner stands."""
    vault = keeper(ctx).vault
    members = ctx.session.scalars(select(Progress.membership_id).where(Progress.learner_id == learner.id))
    named = [folded(word) for word in (*words, *filter(None, members), learner.last_name) if word]
    rows = ctx.session.execute(
        select(ProgressProblem.id, ProgressProblem.value).where(ProgressProblem.value.is_not(None))
    )
    found = []
    for row in rows:
        said = folded(vault.decrypt_bytes(row.value, "report.value").decode())
        if any(word in said for word in named):
            found.append(row.id)
    return tuple(found)


def _import_rows(ctx: Context, learner: Learner, keys: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """(import, number)"""
    ways = [ImportRow.learner_id == learner.id, ImportRow.email_key.in_(keys)]
    for name in ("uln_hash", "upn_hash", "ccis_hash", "person_hash"):
        if (value := getattr(learner, name)) is not None:
            ways.append(getattr(ImportRow, name) == value)
    rows = ctx.session.execute(select(ImportRow.import_id, ImportRow.number).where(or_(*ways)))
    found = {(row.import_id, row.number) for row in rows}
    return tuple(sorted(found | _namesakes(ctx, learner)))


def _namesakes(ctx: Context, learner: Learner) -> set[tuple[int, int]]:
    """Rows that were nobody's, for something is wrong in them: there is nothing but their name to know them by."""
    kept, name = keeper(ctx), (folded(learner.first_name), folded(learner.last_name))
    rows = ctx.session.execute(
        select(ImportRow.import_id, ImportRow.number, ImportRow.content).where(
            ImportRow.bucket == Bucket.PROBLEM, ImportRow.learner_id.is_(None)
        )
    )
    found = set()
    for row in rows:
        values = kept.row_values(row.content)
        if (folded(values.first_name or ""), folded(values.last_name or "")) == name:
            found.add((row.import_id, row.number))
    return found
