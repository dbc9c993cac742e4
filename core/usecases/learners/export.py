"""Everything that is kept about one learner, for whoever asks to see it (UK GDPR, article 15).

Made for a signed-in staff member and kept nowhere; the audit notes it. What is about others as well (files of imports,
answers to staff) is counted and not shown, and so are hashes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import inspect, select

from core.context import Context
from core.model import (
    AuditEntry,
    Base,
    Charge,
    CourseRun,
    DeliveryReport,
    Digest,
    Draft,
    Enrolment,
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
    Organisation,
    OutboundMessage,
    Progress,
    ProgressChange,
    ProgressName,
    Provider,
    Suppression,
)
from core.rules.personal_data import columns_of
from core.rules.ucas.columns import LEARNER_COLUMNS
from core.rules.ucas.values import FIRST_SECRET, LearnerValues
from core.usecases.imports.values import Before, Keeper, keeper
from core.usecases.learners.traces import (
    data_url,
    in_chunks,
    is_one_of,
    meant_learner,
    require_manager,
    trace_of,
    whole_name,
)
from core.usecases.mailbox.raw_mail import PIECE_PLACE, RAW_PLACE
from core.words import Subject

TITLES: Final[dict[type[Base], str]] = {
    Learner: "The learner",
    LearnerAddress: "Addresses",
    Invitation: "Invitations",
    InvitationBatch: "Notes that went with invitations",
    LinkRequest: "Wishes for a new link",
    JoinRequest: "Wishes to join by a shared link",
    Enrolment: "Runs joined",
    Charge: "What it cost",
    OutboundMessage: "E-mails sent",
    DeliveryReport: "What mail servers reported",
    InboundMessage: "E-mails received",
    InboundPiece: "E-mails received: what follows in long ones",
    Progress: "Progress",
    ProgressChange: "How it changed",
    ProgressName: "Names by which a feed knows them",
    Suppression: "Addresses that are not written to",
    ImportRow: "Rows of imported spreadsheets",
    LearnerChange: "Changes by hand",
    AuditEntry: "Who looked and changed",
    Import: "Imported spreadsheets with a row of theirs",
    Draft: "Previews with an address of theirs",
    Digest: "Digests of staff in which they are named",
    MailAnswer: "Answers to staff by e-mail in which they are named",
    IdempotencyRecord: "Answers to staff in which they are named",
}
"""In the order of the export."""

_COUNTED: Final = frozenset({Digest, Draft, MailAnswer, IdempotencyRecord})
_HIDDEN: Final = (
    "_id", "_by", "_hash", "_key", "_ref", "_until", "is_latest", "generation", "lease", "attempts", "count",
)  # fmt: skip


class ExportLearner(Struct, frozen=True):
    """By id, or by whatever names one learner."""

    learner_id: int = 0
    who: str = ""


class ExportSection(Struct, frozen=True):
    """``table``: for machines. ``rows``: (label, value) of each; ``count`` is more than there are rows where others are
    named as well."""

    table: str
    title: str
    count: int
    rows: tuple[tuple[tuple[str, str], ...], ...]


class LearnerExported(Struct, frozen=True):
    learner_id: int
    name: str
    organisation: str
    time_zone: str
    made_at: datetime
    sections: tuple[ExportSection, ...]


class ShowDataPage(Struct, frozen=True):
    """``learners export WHO``: where the export is to be had. Nothing of it is said here."""

    learner_id: int = 0
    who: str = ""


class DataPageShown(Struct, frozen=True):
    learner_id: int
    name: str
    organisation: str
    url: str


def show_data_page(ctx: Context, command: ShowDataPage) -> DataPageShown:
    """Raises LearnerNotFound, LearnerNotChosen."""
    staff = require_manager(ctx)
    learner = meant_learner(ctx, staff, command.learner_id, command.who, "export")
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return DataPageShown(learner.id, whole_name(learner), organisation.name, data_url(ctx, learner.id))


def export_learner(ctx: Context, command: ExportLearner) -> LearnerExported:
    """Run, not read: the audit notes who took it. Raises LearnerNotFound, LearnerNotChosen."""
    staff = require_manager(ctx)
    learner = meant_learner(ctx, staff, command.learner_id, command.who, "export")
    ctx.about(Subject.LEARNER, learner.id)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    trace = trace_of(ctx, staff, learner)
    telling = _Telling(keeper(ctx), _names(ctx, CourseRun.id, CourseRun.code), _names(ctx, Provider.id, Provider.name))
    return LearnerExported(
        learner_id=learner.id,
        name=whole_name(learner),
        organisation=organisation.name,
        time_zone=organisation.time_zone,
        made_at=ctx.now,
        sections=tuple(
            _section(ctx, telling, model, title, trace.rows.get(model, ())) for model, title in TITLES.items()
        ),
    )


def _names(ctx: Context, key: Any, name: Any) -> dict[int, str]:
    return {row[0]: row[1] for row in ctx.session.execute(select(key, name))}


def _section(ctx: Context, telling: "_Telling", model: Any, title: str, ids: Sequence[Any]) -> ExportSection:
    rows = (
        ()
        if model in _COUNTED
        else tuple(telling.row(each) for some in in_chunks(ids) for each in _load(ctx, model, some))
    )
    return ExportSection(model.__tablename__, title, len(ids), rows)


def _load(ctx: Context, model: Any, ids: Sequence[Any]) -> Sequence[Any]:
    return ctx.session.scalars(select(model).where(is_one_of(model, ids))).all()


# --- Telling ----------------------------------------------------------------------------------------------


class _Telling(Struct, frozen=True):
    """Rows in words."""

    kept: Keeper
    runs: Mapping[int, str]
    providers: Mapping[int, str]

    def row(self, row: Any) -> tuple[tuple[str, str], ...]:
        known = columns_of(row.__tablename__)
        told: list[tuple[str, str]] = []
        for attribute in inspect(type(row)).column_attrs:
            name, value = attribute.key, getattr(row, attribute.key)
            if value is None or value == "":
                continue
            if name == "run_id":
                told.append(("Run", self.runs.get(value, "")))
            elif name == "provider_id":
                told.append(("Provider", self.providers.get(value, "")))
            elif name in known:
                if known[name].is_told:
                    told += self._personal(f"{row.__tablename__}.{name}", known[name].what, value)
            elif not name.endswith(_HIDDEN) and name != "id":
                told.append(_measured(name, value))
        return tuple((label, value) for label, value in told if value)

    def _personal(self, place: str, what: str, value: Any) -> list[tuple[str, str]]:
        opened = _SEALED.get(place)
        return opened(self.kept, value) if opened else [(what, plain(value))]


def _measured(name: str, value: object) -> tuple[str, str]:
    """Label and value, in the units that people use."""
    label = name.replace("_", " ").capitalize()
    if isinstance(value, int) and name.endswith(("step_percentage", "average_test_score")):
        return label, f"{value / 100:g} %"
    if isinstance(value, int) and name.endswith("_pence"):
        return label.removesuffix(" pence"), f"£{value / 100:,.2f}"
    return label, plain(value)


def plain(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if isinstance(value, StrEnum):
        return value.value.replace("_", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _details(kept: Keeper, stored: bytes) -> list[tuple[str, str]]:
    values = kept.unpack(stored, "learner.details", list[str | None])
    return _columns([None] * FIRST_SECRET + values)


def _row(kept: Keeper, stored: bytes) -> list[tuple[str, str]]:
    return _columns(kept.row_values(stored))


def _before(kept: Keeper, stored: bytes) -> list[tuple[str, str]]:
    before = kept.unpack(stored, "import_row.before", Before)
    return [(f"Before: {label}", value) for label, value in _columns(before.values)]


def _columns(values: Sequence[str | None] | LearnerValues) -> list[tuple[str, str]]:
    # The columns end before how the year group was spelt.
    return [(column.value, value) for column, value in zip(LEARNER_COLUMNS, values, strict=False) if value]


def _problems(kept: Keeper, stored: bytes) -> list[tuple[str, str]]:
    return [(f"Problem: {each.column}", f"{each.value}: {each.reason}") for each in kept.found(stored)]


def _raw(kept: Keeper, stored: bytes) -> list[tuple[str, str]]:
    return [("Words of the e-mail", kept.vault.decrypt_bytes(stored, RAW_PLACE).decode("utf-8", "replace"))]


def _piece(kept: Keeper, stored: bytes) -> list[tuple[str, str]]:
    return [("Further words of the e-mail", kept.vault.decrypt_bytes(stored, PIECE_PLACE).decode("utf-8", "replace"))]


def _subject(kept: Keeper, stored: str) -> list[tuple[str, str]]:
    return [("Subject", kept.vault.decrypt(stored, "inbound_message.subject"))]


def _code(kept: Keeper, stored: str) -> list[tuple[str, str]]:
    return [("One-time access code", kept.vault.decrypt(stored, "learner.access_code"))]


_SEALED: Final[dict[str, Callable[[Keeper, Any], list[tuple[str, str]]]]] = {
    "learner.details": _details,
    "learner.access_code": _code,
    "import_row.content": _row,
    "import_row.before": _before,
    "import_row.problems": _problems,
    "import_row.match_problem": _problems,
    "inbound_message.raw": _raw,
    "inbound_piece.content": _piece,
    "inbound_message.subject": _subject,
}


def as_json(exported: LearnerExported) -> bytes:
    """By table; each row with its labels."""
    tables = {
        each.table: {"title": each.title, "count": each.count, "rows": [dict(row) for row in each.rows]}
        for each in exported.sections
    }
    head = {"organisation": exported.organisation, "learner": exported.name, "made_at": exported.made_at}
    return msgspec.json.format(msgspec.json.encode({**head, "tables": tables}), indent=2)
