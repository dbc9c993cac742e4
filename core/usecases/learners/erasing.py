"""A learner is erased: names and identifiers go everywhere, what they cost stays under a pseudonym (DOMAIN.md).

    preview_erasure (Slack, e-mail: what goes, what stays) --> the page, signed in, the name typed --> erase_learner

1. It cannot be taken back, so it takes a second channel: nothing but the signed-in page does it.
2. What goes, and how, stands in ``rules.personal_data``; which rows, in ``personal_traces``.
3. Mail of staff that is settled loses its words, whosever they are: nobody can search a workbook in an attachment for a
   name, and nothing needs these words any more.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import String, cast, delete, func, inspect, literal, or_, select, update

from core import access
from core.context import Context
from core.errors import ErasureUnconfirmed, ErasureWaits
from core.model import (
    Charge,
    DeliveryReport,
    Enrolment,
    Import,
    ImportRow,
    InboundMessage,
    Invitation,
    Learner,
    LearnerAddress,
    Organisation,
    OutboundMessage,
    ProgressReport,
    StaffMember,
    Suppression,
)
from core.rules.personal_data import Erasure, Personal, columns_of
from core.rules.text import folded
from core.usecases.imports.values import keeper
from core.usecases.learners.traces import (
    ERASED_FIRST,
    ERASED_LAST,
    Trace,
    data_url,
    in_chunks,
    is_one_of,
    meant_learner,
    require_manager,
    trace_of,
    whole_name,
)
from core.usecases.mailbox.raw_mail import drop_pieces
from core.usecases.one_at_a_time import lock_organisation
from core.words import CancelReason, ImportState, InvitationState, MailState, MessageState, Subject

_UNDER_WAY: Final = (ImportState.RECEIVED, ImportState.READING, ImportState.CHECKED)
_SETTLED: Final = (MailState.PROCESSED, MailState.IGNORED)
ERASED: Final = "(erased)"


class PreviewErasure(Struct, frozen=True):
    """By id, or by whatever names one learner."""

    learner_id: int = 0
    who: str = ""


class ErasurePreviewed(Struct, frozen=True):
    """Nothing is changed yet. ``shared``: how many of their addresses another learner has as well."""

    learner_id: int
    name: str
    organisation: str
    addresses: int
    invitations: int
    messages: int
    import_rows: int
    files: int
    """Imported ones, with their row in them: the file goes, what it did stays."""
    suppressions: int
    shared: int
    enrolments: int
    charges: int
    reports: int
    """Of progress, whosever: the files go, what they told of other learners stays."""
    mails: int
    """Of staff, settled: their words go."""
    waiting_mails: int
    """Held or failed: they are looked at by a person first, and go after 30 days at the latest."""
    url: str

    def is_confirmed_by(self, typed: str) -> bool:
        return folded(typed) == folded(self.name)


class EraseLearner(Struct, frozen=True):
    """``typed``: the learner's whole name, as a sign that this one is meant."""

    learner_id: int
    typed: str


class LearnerErased(Struct, frozen=True):
    """Without a name: this may be kept."""

    learner_id: int
    rows: int
    charges: int


class ForgetStrangersMail(Struct, frozen=True):
    """Mail of the learner, and reports about mail to them, that is no organisation's."""

    learner_id: int


class StrangersMailForgotten(Struct, frozen=True):
    mails: int


def preview_erasure(ctx: Context, command: PreviewErasure) -> ErasurePreviewed:
    """Raises LearnerNotFound, LearnerNotChosen."""
    staff = require_manager(ctx)
    learner = meant_learner(ctx, staff, command.learner_id, command.who, "erase")
    trace = trace_of(ctx, staff, learner)
    return ErasurePreviewed(
        learner_id=learner.id,
        name=whole_name(learner),
        organisation=ctx.session.get_one(Organisation, staff.organisation_id).name,
        addresses=len(trace.keys),
        invitations=trace.count(Invitation),
        messages=trace.count(OutboundMessage),
        import_rows=trace.count(ImportRow),
        files=_kept_files(ctx, trace),
        suppressions=trace.count(Suppression),
        shared=len(trace.shared),
        enrolments=trace.count(Enrolment),
        charges=trace.count(Charge),
        reports=trace.count(ProgressReport),
        mails=_mails(ctx, staff, *_SETTLED),
        waiting_mails=_mails(ctx, staff, MailState.HELD, MailState.FAILED, MailState.RECEIVED),
        url=data_url(ctx, learner.id),
    )


def erase_learner(ctx: Context, command: EraseLearner) -> LearnerErased:
    """Raises LearnerNotFound, ErasureUnconfirmed, ErasureWaits."""
    staff = require_manager(ctx)
    # Under the organisation's lock: no import and no change by hand writes them anew meanwhile.
    lock_organisation(ctx, staff.organisation_id)
    learner = meant_learner(ctx, staff, command.learner_id, "", "erase")
    if folded(command.typed) != folded(whole_name(learner)):
        raise ErasureUnconfirmed
    ctx.about(Subject.LEARNER, learner.id)
    trace = trace_of(ctx, staff, learner)
    _require_rest(ctx, trace)
    _close(ctx, trace)
    for model, ids in trace.rows.items():
        _erase_rows(ctx, model, ids)
    _pseudonym(ctx, learner.id)
    _forget_words(ctx, staff)
    return LearnerErased(learner.id, sum(map(len, trace.rows.values())), trace.count(Charge))


def forget_strangers_mail(ctx: Context, command: ForgetStrangersMail) -> StrangersMailForgotten:
    """Before the erasure, by the door that asked ``preview_erasure``: an organisation reaches its own mail only."""
    access.require_system(ctx)
    learner = ctx.session.get(Learner, command.learner_id)
    if learner is None:
        return StrangersMailForgotten(0)
    keys = list(ctx.session.scalars(select(LearnerAddress.address_key).where(LearnerAddress.learner_id == learner.id)))
    reported = (
        select(DeliveryReport.inbound_id)
        .join(OutboundMessage, OutboundMessage.id == DeliveryReport.message_id)
        .where(
            OutboundMessage.organisation_id == learner.organisation_id,
            or_(
                OutboundMessage.recipient_key.in_(keys),
                OutboundMessage.id.in_(select(Invitation.message_id).where(Invitation.learner_id == learner.id)),
            ),
        )
    )
    found = ctx.session.scalars(
        select(InboundMessage.id).where(
            InboundMessage.organisation_id.is_(None),
            InboundMessage.state != MailState.RECEIVED,
            or_(
                InboundMessage.sender.in_([*keys, learner.email_key or ""]) & (InboundMessage.sender != ""),
                InboundMessage.id.in_(reported),
            ),
        )
    ).all()
    _erase_rows(ctx, InboundMessage, found)
    drop_pieces(ctx, InboundMessage.id.in_(found))
    return StrangersMailForgotten(len(found))


# --- What stands against it, and what must happen besides ---------------------------------------------------


def _require_rest(ctx: Context, trace: Trace) -> None:
    busy = select(func.count()).where(Import.id.in_(trace.rows[Import]), Import.state.in_(_UNDER_WAY))
    if ctx.session.scalar(busy):
        raise ErasureWaits


def _close(ctx: Context, trace: Trace) -> None:
    """Nothing is said to them any more, and nothing they hold works."""
    _change(
        ctx, Invitation, trace, Invitation.state == InvitationState.PENDING,
        state=InvitationState.CANCELLED, cancel_reason=CancelReason.REMOVED, answered_at=ctx.now,
    )  # fmt: skip
    _change(ctx, Invitation, trace, next_reminder_at=None)
    waits = OutboundMessage.state.in_((MessageState.PENDING, MessageState.HELD))
    _change(ctx, OutboundMessage, trace, waits, state=MessageState.DROPPED)


def _change(ctx: Context, model: Any, trace: Trace, *where: Any, **values: Any) -> None:
    for ids in in_chunks(trace.rows[model]):
        ctx.session.execute(update(model).where(model.id.in_(ids), *where).values(**values))


def _pseudonym(ctx: Context, learner_id: int) -> None:
    """The row stays, for what it cost; its id is random and says nothing."""
    ctx.session.execute(
        update(Learner).where(Learner.id == learner_id).values(removed_at=func.coalesce(Learner.removed_at, ctx.now))
    )


def _forget_words(ctx: Context, staff: StaffMember) -> None:
    """Mail is no organisation's own table: it is named."""
    ctx.session.execute(update(InboundMessage).where(*_is_mail(staff, *_SETTLED)).values(raw=None, subject=""))
    drop_pieces(ctx, InboundMessage.organisation_id == staff.organisation_id)


def _is_mail(staff: StaffMember, *states: MailState) -> tuple[Any, ...]:
    own = InboundMessage.organisation_id == staff.organisation_id
    return own, InboundMessage.raw.is_not(None), InboundMessage.state.in_(states)


def _mails(ctx: Context, staff: StaffMember, *states: MailState) -> int:
    return ctx.session.scalar(select(func.count()).select_from(InboundMessage).where(*_is_mail(staff, *states))) or 0


def _kept_files(ctx: Context, trace: Trace) -> int:
    query = select(func.count()).where(Import.id.in_(trace.rows[Import]), Import.content.is_not(None))
    return ctx.session.scalar(query) or 0


# --- Rows -------------------------------------------------------------------------------------------------


def _erase_rows(ctx: Context, model: Any, ids: Sequence[Any]) -> None:
    """As the registry says of each column. What it does not know of stays."""
    columns = columns_of(model.__tablename__)
    if not columns or not ids:
        return
    is_gone = any(each.erasure is Erasure.ROW for each in columns.values())
    values = {} if is_gone else {name: _left(ctx, model, name, each) for name, each in columns.items()}
    for some in in_chunks(ids):
        found = is_one_of(model, some)
        statement = delete(model).where(found) if is_gone else update(model).where(found).values(**values)
        ctx.session.execute(statement)


_NAMES: Final = {"learner.first_name": ERASED_FIRST, "learner.last_name": ERASED_LAST}


def _left(ctx: Context, model: Any, name: str, personal: Personal) -> Any:
    """What stands in the column afterwards."""
    column, place = inspect(model).columns[name], f"{model.__tablename__}.{name}"
    if personal.erasure is Erasure.REPLACED:
        if place in _NAMES:
            return _NAMES[place]
        # Keys are unique, or compared.
        is_key = name.endswith(("_key", "_ref", "_digest"))
        return literal("erased:") + cast(model.id, String) if is_key else ERASED
    if column.nullable:
        return None
    return keeper(ctx).vault.encrypt("", place) if place in _ENCRYPTED else ""


_ENCRYPTED: Final = frozenset({"import.file_name"})
"""Those that are never empty."""
