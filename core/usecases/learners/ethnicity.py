"""Whether an organisation stores its learners' ethnicity: off until its owner records what for.

    off --on "PURPOSE"--> stored, encrypted, from the next import on --off--> not read; dropped at the next import
                                                                          +--erased: at once, everywhere but the files

A special category (UK GDPR, article 9): without a purpose it is not even read, but for whether anything stands there
(``Terms.not_stored``).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import bindparam, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import EthnicityStored, PurposeMissing
from core.model import Import, ImportRow, Learner, Organisation, Provider
from core.rules.policy import ETHNICITY_PURPOSE_CHARACTERS, IMPORT_CHUNK
from core.rules.text import clean_name
from core.rules.ucas.columns import LEARNER_COLUMNS as COLUMNS
from core.rules.ucas.columns import Column
from core.rules.ucas.matching import Hasher
from core.rules.ucas.values import FIRST_SECRET, LearnerValues
from core.usecases.imports.values import LEARNER_COLUMNS, Before, Keeper, hasher, keeper
from core.words import ImportSubject

_PLACE: Final = COLUMNS.index(Column.ETHNICITY)
_LEARNER: Final = (
    update(Learner)
    .where(Learner.id == bindparam("learner"))
    .values(details=bindparam("new_details"), detail_hash=bindparam("new_hash"))
)
# Else an import that is undone would take them for changed since.
_APPLIED: Final = (
    update(ImportRow)
    .where(ImportRow.learner_id == bindparam("learner"), ImportRow.applied_hash == bindparam("old_hash"))
    .values(applied_hash=bindparam("new_hash"))
)
_ROW: Final = (
    update(ImportRow)
    .where(ImportRow.import_id == bindparam("of_import"), ImportRow.number == bindparam("row_number"))
    .values(content=bindparam("new_content"), before=bindparam("new_before"), problems=bindparam("new_problems"))
)


class ShowEthnicity(Struct, frozen=True):
    pass


class StoreEthnicity(Struct, frozen=True):
    purpose: str


class StopEthnicity(Struct, frozen=True):
    pass


class EraseEthnicity(Struct, frozen=True):
    """``count``: of how many learners, as the preview said. None, or another number: the preview."""

    count: int | None = None


class EraseEthnicityIn(Struct, frozen=True):
    """By an operator: the organisation's short name, else as ``EraseEthnicity``."""

    organisation: str
    count: int | None = None


class EthnicityShown(Struct, frozen=True):
    """``purpose`` empty: it is not stored. ``stored``: of how many learners it still is."""

    organisation: str
    purpose: str
    since: datetime | None
    stored: int
    is_changed: bool = False


class EthnicityErased(Struct, frozen=True):
    """``erased`` None: nothing has changed yet; the preview."""

    organisation: str
    stored: int
    erased: int | None


def show_ethnicity(ctx: Context, command: ShowEthnicity) -> EthnicityShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    return _shown(ctx, ctx.session.get_one(Organisation, staff.organisation_id), is_changed=False)


def store_ethnicity(ctx: Context, command: StoreEthnicity) -> EthnicityShown:
    """Of what is imported from now on. Raises PurposeMissing."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    purpose = clean_name(command.purpose.strip(" \"'“”‘’«»"), ETHNICITY_PURPOSE_CHARACTERS + 1)
    if not any(map(str.isalpha, purpose)) or len(purpose) > ETHNICITY_PURPOSE_CHARACTERS:
        raise PurposeMissing(limit=ETHNICITY_PURPOSE_CHARACTERS)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    organisation.ethnicity_purpose, organisation.ethnicity_since = purpose, ctx.now
    return _shown(ctx, organisation, is_changed=True)


def stop_ethnicity(ctx: Context, command: StopEthnicity) -> EthnicityShown:
    """What is stored stays until the next import of each learner, or until it is erased."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    organisation.ethnicity_purpose = organisation.ethnicity_since = None
    return _shown(ctx, organisation, is_changed=True)


def erase_ethnicity(ctx: Context, command: EraseEthnicity) -> EthnicityErased:
    """Raises EthnicityStored while it is on: the next import would bring it back."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    return _erased(ctx, ctx.session.get_one(Organisation, staff.organisation_id), command.count)


def erase_ethnicity_in(ctx: Context, command: EraseEthnicityIn) -> EthnicityErased:
    """As ``erase_ethnicity``, by an operator."""
    access.require_operator(ctx)
    return _erased(ctx, access.organisation_by_slug(ctx, command.organisation), command.count)


def _shown(ctx: Context, organisation: Organisation, *, is_changed: bool) -> EthnicityShown:
    stored = _each_learner(ctx, organisation, lambda _: None)
    purpose, since = organisation.ethnicity_purpose or "", organisation.ethnicity_since
    return EthnicityShown(organisation.name, purpose, since, stored, is_changed)


def _erased(ctx: Context, organisation: Organisation, count: int | None) -> EthnicityErased:
    if organisation.ethnicity_purpose:
        raise EthnicityStored(purpose=organisation.ethnicity_purpose)
    stored = _each_learner(ctx, organisation, lambda _: None)
    if count is None or count != stored:
        return EthnicityErased(organisation.name, stored, None)
    _each_learner(ctx, organisation, _Eraser(ctx, organisation))
    _erase_rows(ctx, organisation)
    return EthnicityErased(organisation.name, 0, stored)


_Found = Sequence[tuple[Any, LearnerValues]]


def _each_learner(ctx: Context, organisation: Organisation, take: Callable[[_Found], None]) -> int:
    """How many have one. ``take`` is given them chunk by chunk."""
    kept, ukprns, last, count = keeper(ctx), _ukprns(ctx, organisation), 0, 0
    of_organisation = (Learner.organisation_id == organisation.id, Learner.details.is_not(None))
    while True:
        query = select(*LEARNER_COLUMNS).where(*of_organisation, Learner.id > last).order_by(Learner.id)
        rows = ctx.session.execute(query.limit(IMPORT_CHUNK)).all()
        if not rows:
            return count
        values = ((row, kept.learner_values(row, ukprns.get(row.provider_id or 0))) for row in rows)
        found = [(row, each) for row, each in values if each.ethnicity]
        take(found)
        count += len(found)
        last = rows[-1].id


def _ukprns(ctx: Context, organisation: Organisation) -> dict[int, str]:
    query = select(Provider.id, Provider.ukprn).where(Provider.organisation_id == organisation.id)
    return {row.id: row.ukprn for row in ctx.session.execute(query)}


class _Eraser:
    def __init__(self, ctx: Context, organisation: Organisation) -> None:
        self._ctx, self._keeper = ctx, keeper(ctx)
        self._hashes: Hasher = hasher(ctx, organisation)

    def __call__(self, found: _Found) -> None:
        changes, marks = [], []
        for row, values in found:
            after = values._replace(ethnicity=None)
            now_hash = self._hashes.content(after, row.academic_year)
            details = self._keeper.pack(list(after[FIRST_SECRET:]), "learner.details")
            changes.append({"learner": row.id, "new_details": details, "new_hash": now_hash})
            marks.append({"learner": row.id, "old_hash": row.detail_hash, "new_hash": now_hash})
        access.update_each(self._ctx, _LEARNER, changes)
        access.update_each(self._ctx, _APPLIED, marks)


def _erase_rows(ctx: Context, organisation: Organisation) -> None:
    """Of imports: as it was read, as it was before, and as it was complained of."""
    query = select(Import.id).where(Import.organisation_id == organisation.id, Import.subject == ImportSubject.LEARNERS)
    for import_id in ctx.session.scalars(query.order_by(Import.id)).all():
        _erase_rows_of(ctx, import_id)


def _erase_rows_of(ctx: Context, import_id: int) -> None:
    kept, last = keeper(ctx), 0
    while True:
        rows = ctx.session.execute(
            select(ImportRow.number, ImportRow.content, ImportRow.before, ImportRow.problems)
            .where(ImportRow.import_id == import_id, ImportRow.number > last)
            .order_by(ImportRow.number)
            .limit(IMPORT_CHUNK)
        ).all()
        if not rows:
            return
        changes = [{"of_import": import_id, **change} for row in rows if (change := _without(kept, row)) is not None]
        access.update_each(ctx, _ROW, changes)
        last = rows[-1].number


def _without(kept: Keeper, row: Any) -> dict[str, Any] | None:
    values, found = kept.row_values(row.content), kept.found(row.problems)
    before: Before | None = kept.unpack(row.before, "import_row.before", Before) if row.before is not None else None
    told = [each for each in found if each.column == Column.ETHNICITY]
    if not (values.ethnicity or told or (before and before.values[_PLACE])):
        return None
    if before is not None:
        before.values[_PLACE] = None
    return {
        "row_number": row.number,
        "new_content": kept.contents([values._replace(ethnicity=None)])[0],
        "new_before": kept.pack(before, "import_row.before") if before is not None else None,
        "new_problems": kept.problems(tuple(each for each in found if each not in told)),
    }
