"""An import is decided and written: one transaction, all of it or nothing.

1. Its rows are matched in the same transaction that writes, so that nothing can come between.
2. Rows with problems: held, left out, or all rejected, as the import's policy says.
3. An import that would change very many last names or addresses is held whatever the policy: columns may have slipped.
   So is every one of courses and runs (``run_importing``): somebody looks at it first.
4. Blank never erases; who is absent is never touched.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sqlalchemy import bindparam, func, select, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow, Learner, LearnerAddress, Organisation, StaffMember
from core.rules.access_codes import access_code_from
from core.rules.policy import IMPORT_CHUNK
from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.values import LearnerValues, merged
from core.rules.usernames import username_from
from core.usecases.import_checking import own_import
from core.usecases.import_matching import Matching, count_buckets, match_rows
from core.usecases.import_telling import tell_changed, tell_settled
from core.usecases.import_values import LEARNER_COLUMNS, Before, as_stored, import_ref, key_of, learner_row
from core.usecases.imports import buckets_of, find_import, lock_organisation
from core.usecases.run_importing import match_runs, write_matched
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject

_CREATED: Final = (
    update(ImportRow)
    .where(ImportRow.id == bindparam("row_id"))
    .values(learner_id=bindparam("whose"), applied_hash=bindparam("now_hash"))
)
_UPDATED: Final = (
    update(ImportRow)
    .where(ImportRow.id == bindparam("row_id"))
    .values(before=bindparam("was"), applied_hash=bindparam("now_hash"))
)
_WRITTEN: Final = (
    "provider_id", "first_name", "last_name", "email", "year_group", "academic_year", "details", "detail_hash",
    "uln_hash", "upn_hash", "ccis_hash", "email_key", "person_hash", "username", "access_code", "removed_at",
)  # fmt: skip
CHANGE_LEARNER: Final = (
    update(Learner)
    .where(Learner.id == bindparam("learner"))
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
)


@dataclass(frozen=True, slots=True)
class ApplyImport:
    """What its policy allows."""

    is_routine: ClassVar = False

    import_id: int


@dataclass(frozen=True, slots=True)
class ReleaseImport:
    """“Import the good rows”: of a held import, by number."""

    number: int


@dataclass(frozen=True, slots=True)
class ImportSettled:
    import_id: int
    number: int
    state: ImportState
    reason: ImportReason | None
    buckets: Buckets
    subject: ImportSubject = ImportSubject.LEARNERS


def apply_import(ctx: Context, command: ApplyImport) -> ImportSettled:
    """Done once: asked again, it answers what it did. Raises ImportClosed before the rows are checked."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = lock_organisation(ctx, staff.organisation_id)
    found = own_import(ctx, staff, command.import_id)
    if found.state in (ImportState.RECEIVED, ImportState.READING):
        raise ImportClosed(number=import_ref(found.number), reason="its rows are not checked yet")
    if found.state is ImportState.CHECKED:
        _settle(ctx, staff, found, organisation, is_released=False)
    return _settled(found)


def release_import(ctx: Context, command: ReleaseImport) -> ImportSettled:
    """Matched anew: what it says of learners may have changed since it was held. Raises ImportClosed."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = lock_organisation(ctx, staff.organisation_id)
    found = find_import(ctx, command.number)
    _require_held(ctx, staff, found)
    _settle(ctx, staff, found, organisation, is_released=True)
    return _settled(found)


def _require_held(ctx: Context, staff: StaffMember, found: Import) -> None:
    if found.state is not ImportState.HELD:
        raise ImportClosed(number=import_ref(found.number), reason=f"it is {found.state.value} and does not wait")
    if found.content is None or found.ends_at <= ctx.now:
        raise ImportClosed(number=import_ref(found.number), reason="its rows have been erased")
    # The rows are written with the caller's grants, not the sender's.
    own_import(ctx, staff, found.id)


def _settled(found: Import) -> ImportSettled:
    return ImportSettled(found.id, found.number, found.state, found.reason, buckets_of(found), found.subject)


def _settle(ctx: Context, staff: StaffMember, found: Import, organisation: Organisation, *, is_released: bool) -> None:
    if found.subject is ImportSubject.CATALOGUE:
        runs = match_runs(ctx, found, organisation)
        if _decide(ctx, found, ImportReason.CATALOGUE if runs.has_changes else None, is_released=is_released):
            write_matched(ctx, found, runs)
        return
    matching = match_rows(ctx, found, staff, organisation)
    if _decide(ctx, found, ImportReason.NAMES if matching.looks_slipped else None, is_released=is_released):
        _create(ctx, found, matching)
        _update(ctx, found, matching)


def _decide(ctx: Context, found: Import, caution: ImportReason | None, *, is_released: bool) -> bool:
    """Whether it is to be written now. ``caution``: why somebody should look at it first, whatever the policy."""
    buckets = count_buckets(ctx, found)
    found.state, found.reason = _decision(found.policy, buckets, caution, is_released=is_released)
    for bucket in Bucket:
        setattr(found, bucket.value, getattr(buckets, bucket.value))
    is_first, found.settled_at = found.settled_at is None, ctx.now
    (tell_settled if is_first else tell_changed)(ctx, found)
    return found.state is ImportState.APPLIED


def _decision(
    policy: ImportPolicy, buckets: Buckets, caution: ImportReason | None, *, is_released: bool
) -> tuple[ImportState, ImportReason | None]:
    if buckets.problem and (policy is ImportPolicy.ALL_OR_NOTHING or buckets.problem == buckets.rows):
        return ImportState.REJECTED, ImportReason.ROWS
    if buckets.problem and policy is ImportPolicy.HOLD_IF_ERRORS and not is_released:
        return ImportState.HELD, ImportReason.ROWS
    if caution is not None and not is_released:
        return ImportState.HELD, caution
    return ImportState.APPLIED, None


# --- Writing ----------------------------------------------------------------------------------------------


def _create(ctx: Context, found: Import, matching: Matching) -> None:
    taken: set[str] | None = None
    shared = _shared_addresses(ctx, found)
    last = 0
    while rows := _rows_of(ctx, found, Bucket.CREATED, last):
        if taken is None:
            taken = set(filter(None, ctx.session.scalars(select(Learner.username))))
        learners, marks, addresses = [], [], []
        for row in rows:
            values = as_stored(matching.organisation, matching.kept.row_values(row.content))
            learner = _new_learner(ctx, matching, values, taken)
            learners.append(learner)
            marks.append({"row_id": row.id, "whose": learner["id"], "now_hash": learner["detail_hash"]})
            addresses.append((learner["id"], values))
        access.insert_all(ctx, Learner, learners)
        access.update_each(ctx, _CREATED, marks)
        _add_addresses(ctx, addresses, shared)
        last = rows[-1].number


def _new_learner(ctx: Context, matching: Matching, values: LearnerValues, taken: set[str]) -> dict[str, Any]:
    """With a username and a one-time code: encrypted, not hashed, for slips are printed from it."""
    username = username_from(values.first_name or "", values.last_name or "", taken=taken, new_number=ctx.tokens.new_id)
    taken.add(username)
    code = access_code_from(base64.urlsafe_b64decode(ctx.tokens.secret() + "="))
    provider_id = matching.reach.ids.get(values.ukprn or "")
    return {
        "id": ctx.tokens.new_id(),
        "created_at": ctx.now,
        "removed_at": None,
        "username": username,
        "access_code": matching.kept.vault.encrypt(code, "learner.access_code"),
        **learner_row(matching.kept, matching.hashes, values, provider_id, matching.year),
    }


def _update(ctx: Context, found: Import, matching: Matching) -> None:
    shared = _shared_addresses(ctx, found)
    taken: set[str] | None = None
    last = 0
    while rows := _rows_of(ctx, found, Bucket.UPDATED, last):
        if taken is None:
            taken = set(filter(None, ctx.session.scalars(select(Learner.username))))
        query = select(*LEARNER_COLUMNS, Learner.access_code).where(Learner.id.in_([row.learner_id for row in rows]))
        learners = {learner.id: learner for learner in ctx.session.execute(query)}
        changes, marks, addresses = [], [], []
        for row in rows:
            learner = learners[row.learner_id]
            known = matching.kept.learner_values(learner, matching.reach.ukprns.get(learner.provider_id))
            after = as_stored(matching.organisation, merged(known, matching.kept.row_values(row.content)))
            provider_id = matching.reach.ids.get(after.ukprn or "", learner.provider_id)
            written = learner_row(matching.kept, matching.hashes, after, provider_id, matching.year)
            written |= _account(ctx, matching, learner, after, taken)
            changes.append({"learner": learner.id, **as_new({**written, "removed_at": None})})
            was = matching.kept.pack(_before(learner, known), "import_row.before")
            marks.append({"row_id": row.id, "was": was, "now_hash": written["detail_hash"]})
            addresses.append((learner.id, after))
        access.update_each(ctx, CHANGE_LEARNER, changes)
        access.update_each(ctx, _UPDATED, marks)
        _add_addresses(ctx, addresses, shared)
        last = rows[-1].number


def _account(
    ctx: Context, matching: Matching, learner: Any, values: LearnerValues, taken: set[str]
) -> dict[str, str | None]:
    """Whoever came by an invitation has none until an import names them."""
    if learner.username is not None:
        return {"username": learner.username, "access_code": learner.access_code}
    made = _new_learner(ctx, matching, values, taken)
    return {"username": made["username"], "access_code": made["access_code"]}


def _before(learner: Any, known: LearnerValues) -> Before:
    has_details = learner.details is not None
    return Before(list(known), learner.provider_id, learner.academic_year, learner.removed_at, has_details)


def as_new(written: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": written[name] for name in _WRITTEN}


def _rows_of(ctx: Context, found: Import, bucket: Bucket, after: int) -> Sequence[Any]:
    return ctx.session.execute(
        select(ImportRow.id, ImportRow.number, ImportRow.learner_id, ImportRow.content)
        .where(ImportRow.import_id == found.id, ImportRow.number > after, ImportRow.bucket == bucket)
        .order_by(ImportRow.number)
        .limit(IMPORT_CHUNK)
    ).all()


def _shared_addresses(ctx: Context, found: Import) -> frozenset[str]:
    """Of siblings, say: whoever joins with it later could be either, so it is nobody's."""
    query = (
        select(ImportRow.email_key)
        .where(ImportRow.import_id == found.id, ImportRow.email_key.is_not(None), ImportRow.same_as.is_(None))
        .group_by(ImportRow.email_key)
        .having(func.count() > 1)
    )
    return frozenset(filter(None, ctx.session.scalars(query)))


def _add_addresses(ctx: Context, learners: Iterable[tuple[int, LearnerValues]], shared: frozenset[str]) -> None:
    """So that whoever joins a run with it is known to be this learner."""
    wanted = {
        key: (learner_id, values.email)
        for learner_id, values in learners
        if (key := key_of(values)) and key not in shared
    }
    query = select(LearnerAddress.address_key).where(LearnerAddress.address_key.in_(list(wanted)))
    known = set(ctx.session.scalars(query))
    rows = [
        {"id": ctx.tokens.new_id(), "learner_id": learner_id, "address": address, "address_key": key}
        for key, (learner_id, address) in wanted.items()
        if key not in known
    ]
    access.insert_all(ctx, LearnerAddress, rows)
