"""An import is decided and written: one transaction, all of it or nothing.

1. Its rows are matched in the same transaction that writes, so that nothing can come between.
2. Rows with problems: held, left out, or all rejected, as the import's policy says.
3. An import that would change very many last names or addresses is held whatever the policy: columns may have slipped.
   So is every one of courses and runs (``run_importing``): somebody looks at it first.
4. Blank never erases; who is absent is never touched.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import bindparam, delete, exists, func, select, tuple_, update

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportClosed
from core.model import Import, ImportRow, Invitation, Learner, LearnerAddress, Organisation, StaffMember
from core.queries import Query, look_up
from core.rules.access_codes import access_codes
from core.rules.policy import IMPORT_CHUNK
from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.matching import Keys
from core.rules.ucas.values import FIRST_SECRET, LearnerValues, merged
from core.rules.usernames import username_from
from core.usecases.imports.checking import own_import
from core.usecases.imports.corrections import close_corrected
from core.usecases.imports.imports import buckets_of, find_import
from core.usecases.imports.matching import Matching, count_buckets, match_rows
from core.usecases.imports.runs import match_runs, write_matched
from core.usecases.imports.telling import tell_changed, tell_settled
from core.usecases.imports.values import (
    LEARNER_COLUMNS,
    LEARNER_WRITTEN,
    Before,
    Keeper,
    as_stored,
    import_ref,
    learner_plain,
    learner_row,
    standing,
)
from core.usecases.one_at_a_time import lock_organisation
from core.words import ImportPolicy, ImportReason, ImportState, ImportSubject, Subject

_CREATED: Final = ("learner_id", "applied_hash")
_UPDATED: Final = ("before", "applied_hash")
_KEYS: Final = tuple(getattr(ImportRow, name) for name in Keys._fields)
_WRITTEN: Final = (*LEARNER_WRITTEN, "username", "access_code", "removed_at")
CHANGE_LEARNER: Final = (
    update(Learner)
    .where(Learner.id == bindparam("learner"))
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
)


class ApplyImport(Struct, frozen=True):
    """What its policy allows."""

    is_routine: ClassVar = False

    import_id: int


class ReleaseImport(Struct, frozen=True):
    """“Import the good rows”: of a held import, by number."""

    number: int


class ImportSettled(Struct, frozen=True):
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
        ctx.about(Subject.IMPORT, found.id)
        _settle(ctx, staff, found, organisation, is_released=False)
    return _settled(found)


def release_import(ctx: Context, command: ReleaseImport) -> ImportSettled:
    """Matched anew: what it says of learners may have changed since it was held. Raises ImportClosed."""
    staff = access.require_staff(ctx, Permission.IMPORT)
    organisation = lock_organisation(ctx, staff.organisation_id)
    found = find_import(ctx, command.number)
    require_held(ctx, staff, found)
    ctx.about(Subject.IMPORT, found.id)
    _settle(ctx, staff, found, organisation, is_released=True)
    return _settled(found)


def require_held(ctx: Context, staff: StaffMember, found: Import) -> None:
    """Raises ImportClosed."""
    if found.state is not ImportState.HELD:
        raise ImportClosed(number=import_ref(found.number), reason=standing(found))
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
        _write(ctx, found, matching)


def _decide(ctx: Context, found: Import, caution: ImportReason | None, *, is_released: bool) -> bool:
    """Whether it is to be written now. ``caution``: why somebody should look at it first, whatever the policy."""
    buckets = count_buckets(ctx, found)
    found.state, found.reason = _decision(found.policy, buckets, caution, is_released=is_released)
    for bucket in Bucket:
        setattr(found, bucket.value, getattr(buckets, bucket.value))
    is_first, found.settled_at = found.settled_at is None, ctx.now
    if found.state is ImportState.APPLIED:
        ctx.amount = buckets.created + buckets.updated
        close_corrected(ctx, found)
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


def _write(ctx: Context, found: Import, matching: Matching) -> None:
    writer = _Writer(ctx, found, matching)
    for bucket, write in ((Bucket.CREATED, writer.create), (Bucket.UPDATED, writer.update)):
        last = 0
        while rows := _ROWS.run(ctx, import_id=found.id, bucket=bucket, after=last).all():
            write(rows)
            last = rows[-1].number


_ROWS: Final = Query(
    select(ImportRow.number, ImportRow.learner_id, ImportRow.content, ImportRow.row_hash, *_KEYS)
    .where(
        ImportRow.import_id == bindparam("import_id"),
        ImportRow.number > bindparam("after"),
        ImportRow.bucket == bindparam("bucket"),
    )
    .order_by(ImportRow.number)
    .limit(IMPORT_CHUNK)
)


class Account(NamedTuple):
    """What a learner signs in with for the first time."""

    username: str
    access_code: str | None
    """Encrypted; None: used already."""


class _Writer:
    """A chunk at a time. What was hashed when the rows were checked is not hashed again."""

    def __init__(self, ctx: Context, found: Import, matching: Matching) -> None:
        self._ctx, self._found, self._matching = ctx, found, matching
        self._shared = _shared_addresses(ctx, found)
        self._taken = set(filter(None, ctx.session.scalars(select(Learner.username))))

    def create(self, rows: Sequence[Any]) -> None:
        ctx, kept, provider_ids = self._ctx, self._matching.kept, self._matching.reach.ids
        values_of_rows = kept.values_of_rows([row.content for row in rows])
        read = [self._as_stored(values, row.row_hash) for values, row in zip(values_of_rows, rows, strict=True)]
        details = kept.pack_all([values[FIRST_SECRET:] for values, _ in read], "learner.details")
        accounts = self._accounts([values for values, _ in read])
        ids = ctx.tokens.new_ids(len(rows))
        learners, marks, addresses = [], [], []
        for new_id, row, (values, content), secret, account in zip(ids, rows, read, details, accounts, strict=True):
            number, known_id, _, row_hash, *keys = row
            # Whoever was found when the import was held, and is gone since, becomes somebody new.
            learner_id = known_id or new_id
            provider_id = provider_ids.get(values.ukprn or "")
            plain = learner_plain(values, provider_id, self._matching.year, secret, content, keys)
            learners.append((learner_id, *plain, *account))
            if known_id is None or content is not row_hash:
                marks.append((learner_id, content, number))
            addresses.append((learner_id, values.email, row.email_key))
        access.insert_plain(ctx, Learner, ("id", *_WRITTEN[:-1]), learners, created_at=ctx.now)
        access.update_plain(ctx, ImportRow, _CREATED, "number", marks, import_id=self._found.id)
        add_addresses(ctx, addresses, self._shared)

    def _as_stored(self, read: LearnerValues, row_hash: bytes) -> tuple[LearnerValues, bytes]:
        """Both as they are, but where something is stored no more since the row was checked."""
        matching = self._matching
        values = as_stored(matching.organisation, read)
        return values, row_hash if values is read else matching.hashes.content(values, matching.year)

    def update(self, rows: Sequence[Any]) -> None:
        ctx, kept = self._ctx, self._matching.kept
        learners = self._learners([row.learner_id for row in rows])
        changes, replaced, addresses = [], [], []
        for row in rows:
            learner = learners[row.learner_id]
            known = kept.learner_values(learner, self._matching.reach.ukprns.get(learner.provider_id))
            after = as_stored(self._matching.organisation, merged(known, kept.row_values(row.content)))
            provider_id = self._matching.reach.ids.get(after.ukprn or "", learner.provider_id)
            written = learner_row(kept, self._matching.hashes, after, provider_id, self._matching.year)
            # Whoever came by an invitation has no account until an import names them.
            account = (learner.username, learner.access_code) if learner.username else self._accounts([after])[0]
            changes.append((*written.values(), *account, None, learner.id))
            replaced.append((learner, known, written["detail_hash"], row.number))
            addresses.append((learner.id, after.email, written["email_key"]))
        access.update_plain(ctx, Learner, _WRITTEN, "id", changes)
        gained = add_addresses(ctx, addresses, self._shared)
        marks = [
            (kept.pack(before_of(learner, known, gained.get(learner.id)), "import_row.before"), applied, number)
            for learner, known, applied, number in replaced
        ]
        access.update_plain(ctx, ImportRow, _UPDATED, "number", marks, import_id=self._found.id)

    def _learners(self, ids: Sequence[int]) -> dict[int, Any]:
        query = select(*LEARNER_COLUMNS, Learner.access_code).where(Learner.id.in_(ids))
        return {learner.id: learner for learner in self._ctx.session.execute(query)}

    def _accounts(self, people: Sequence[LearnerValues]) -> list[Account]:
        return new_accounts(self._ctx, self._matching.kept, people, self._taken)


def new_accounts(ctx: Context, kept: Keeper, people: Sequence[LearnerValues], taken: set[str]) -> list[Account]:
    """The codes are encrypted, not hashed, for slips are printed from them. ``taken`` grows by the usernames."""
    codes = access_codes(len(people), ctx.tokens.entropy)
    sealed = kept.seal_all([code.encode() for code in codes], "learner.access_code")
    return [
        Account(_username(ctx, values, taken), base64.b64encode(code).decode())
        for values, code in zip(people, sealed, strict=True)
    ]


def _username(ctx: Context, values: LearnerValues, taken: set[str]) -> str:
    first_name, last_name = values.first_name or "", values.last_name or ""
    found = username_from(first_name, last_name, taken=taken, new_number=ctx.tokens.new_id)
    taken.add(found)
    return found


def new_learner(ctx: Context, matching: Matching, values: LearnerValues) -> dict[str, Any]:
    """One alone, with an account. The caller sees to it that the username is free."""
    (account,) = new_accounts(ctx, matching.kept, [values], set())
    provider_id = matching.reach.ids.get(values.ukprn or "")
    return {
        "id": ctx.tokens.new_id(),
        "created_at": ctx.now,
        "removed_at": None,
        **account._asdict(),
        **learner_row(matching.kept, matching.hashes, values, provider_id, matching.year),
    }


def account_of(ctx: Context, kept: Keeper, learner: Any, values: LearnerValues) -> Account:
    """Whoever came by an invitation has none until somebody names them."""
    if learner.username is not None:
        return Account(learner.username, learner.access_code)
    return new_accounts(ctx, kept, [values], set())[0]


def before_of(learner: Any, known: LearnerValues, gained: str | None = None) -> Before:
    has_details = learner.details is not None
    return Before(list(known), learner.provider_id, learner.academic_year, learner.removed_at, has_details, gained)


def as_new(written: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": written[name] for name in _WRITTEN}


def _shared_addresses(ctx: Context, found: Import) -> frozenset[str]:
    """Of siblings, say: whoever joins with it later could be either, so it is nobody's."""
    query = (
        select(ImportRow.email_key)
        .where(ImportRow.import_id == found.id, ImportRow.email_key.is_not(None), ImportRow.same_as.is_(None))
        .group_by(ImportRow.email_key)
        .having(func.count() > 1)
    )
    return frozenset(filter(None, ctx.session.scalars(query)))


def add_addresses(
    ctx: Context, learners: Iterable[tuple[int, str | None, str | None]], shared: frozenset[str]
) -> dict[int, str]:
    """Of each its address and the key of that, so that whoever joins a run with it is known to be this learner.

    By learner, the keys that are new: what nobody had before.
    """
    wanted = {key: (learner_id, address, key) for learner_id, address, key in learners if key and key not in shared}
    for known in ctx.session.scalars(look_up(ctx, LearnerAddress.address_key, wanted)):
        del wanted[known]
    rows = [(new_id, *each) for new_id, each in zip(ctx.tokens.new_ids(len(wanted)), wanted.values(), strict=True)]
    access.insert_plain(ctx, LearnerAddress, ("id", "learner_id", "address", "address_key"), rows)
    return {learner_id: key for learner_id, _, key in wanted.values()}


def forget_addresses(ctx: Context, gained: Iterable[tuple[int, str | None]]) -> None:
    """What ``add_addresses`` added: else whoever it belongs to would join as this learner, for the slip of a column.

    Who has accepted an invitation with it by now is known by it, and stays so.
    """
    pairs = [(learner_id, key) for learner_id, key in gained if key]
    accepted = exists().where(
        Invitation.learner_id == LearnerAddress.learner_id, Invitation.address_key == LearnerAddress.address_key
    )
    ctx.session.execute(
        delete(LearnerAddress).where(
            tuple_(LearnerAddress.learner_id, LearnerAddress.address_key).in_(pairs), ~accepted
        ),
    )
