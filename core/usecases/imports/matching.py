"""Finds the learners whom the rows of an import are about, and puts each row into its bucket. Chunk by chunk.

It changes no learner, and may be done again: what was found before is forgotten first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import and_, bindparam, exists, func, select, update

from core import access
from core.context import Context
from core.model import Import, ImportRow, Learner, LearnerAddress, Organisation, StaffMember
from core.queries import Query
from core.rules.policy import (
    IMPORT_CHANGED_LEAST,
    IMPORT_CHANGED_SHARE,
    IMPORT_CHUNK,
    IMPORT_ROWS_NAMED,
)
from core.rules.ucas.buckets import Bucket, Buckets
from core.rules.ucas.columns import Column
from core.rules.ucas.matching import Hasher, Key, Known, find_match
from core.rules.ucas.problems import Fault, Problem, problem
from core.rules.ucas.values import LearnerValues, differences, merged
from core.usecases.imports.corrections import leave_out_applied
from core.usecases.imports.values import (
    LEARNER_COLUMNS,
    Keeper,
    Reach,
    as_stored,
    hasher,
    keeper,
    reach_of,
    year_of,
)

_BY_HASH: Final = {
    Key.ULN: (Learner.uln_hash, ImportRow.uln_hash),
    Key.UPN: (Learner.upn_hash, ImportRow.upn_hash),
    Key.CCIS: (Learner.ccis_hash, ImportRow.ccis_hash),
    Key.EMAIL: (Learner.email_key, ImportRow.email_key),
    Key.PERSON: (Learner.person_hash, ImportRow.person_hash),
}
_ADDRESS: Final = "address"
_FOUND: Final = ("bucket", "learner_id", "changes")
_REFUSED: Final = ("bucket", "match_problem", "learner_id")
_Placed = tuple[str, int, str]


class Matching(Struct):
    """What one transaction needs to match and to write."""

    organisation: Organisation
    kept: Keeper
    hashes: Hasher
    reach: Reach
    year: int
    matched: int = 0
    renamed: int = 0
    """Matched ones whose last name or address would change."""
    by_id: dict[int, Known] = {}

    @property
    def looks_slipped(self) -> bool:
        return self.renamed >= IMPORT_CHANGED_LEAST and self.renamed > IMPORT_CHANGED_SHARE * self.matched


def match_rows(ctx: Context, found: Import, staff: StaffMember, organisation: Organisation) -> Matching:
    matching = Matching(
        organisation, keeper(ctx), hasher(ctx, organisation), reach_of(ctx, staff), year_of(found, organisation)
    )
    _forget(ctx, found)
    leave_out_applied(ctx, found)
    _refuse_ungranted(ctx, found, matching)
    in_use, last = _in_use(ctx), 0
    while in_use and (rows := _ROWS.run(ctx, import_id=found.id, after=last).all()):
        _match_chunk(ctx, found, matching, in_use, rows)
        last = rows[-1].number
    _refuse_same_learner(ctx, found, matching)
    return matching


def count_buckets(ctx: Context, found: Import) -> Buckets:
    rows = ctx.session.execute(
        select(ImportRow.bucket, func.count().label("rows"))
        .where(ImportRow.import_id == found.id)
        .group_by(ImportRow.bucket)
    )
    return Buckets(**{row.bucket.value: row.rows for row in rows})


def _forget(ctx: Context, found: Import) -> None:
    ctx.session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.is_refused.is_(False), ImportRow.same_as.is_(None))
        # Most often nothing was found before, and then nothing is written.
        .where(ImportRow.bucket != Bucket.CREATED)
        .values(bucket=Bucket.CREATED, learner_id=None, match_problem=None, changes=""),
    )


def _refuse_ungranted(ctx: Context, found: Import, matching: Matching) -> None:
    """What somebody may manage can have changed since the rows were checked."""
    granted = matching.reach.providers.granted
    present = ctx.session.scalars(
        select(ImportRow.ukprn).where(ImportRow.import_id == found.id, ImportRow.ukprn.is_not(None)).distinct()
    )
    for ukprn in sorted(set(filter(None, present)) - granted):
        why = matching.kept.problems((problem(Fault.UKPRN_NOT_GRANTED, Column.UKPRN, ukprn),))
        ctx.session.execute(
            update(ImportRow)
            .where(ImportRow.import_id == found.id, ImportRow.ukprn == ukprn, ImportRow.bucket == Bucket.CREATED)
            .values(bucket=Bucket.PROBLEM, match_problem=why, learner_id=None),
        )


_ROWS: Final = Query(
    select(ImportRow.number, ImportRow.row_hash)
    .where(
        ImportRow.import_id == bindparam("import_id"),
        ImportRow.number > bindparam("after"),
        ImportRow.bucket == Bucket.CREATED,
    )
    .order_by(ImportRow.number)
    .limit(IMPORT_CHUNK)
)


def _in_use(ctx: Context) -> frozenset[Key]:
    """Keys by which anybody is known: the others need not be looked for, row by row."""
    asked = [exists().where(theirs.is_not(None)).label(key) for key, (theirs, _) in _BY_HASH.items()]
    asked.append(exists().where(LearnerAddress.id.is_not(None)).label(_ADDRESS))
    found = ctx.session.execute(select(*asked)).one()._mapping
    in_use = {key for key in _BY_HASH if found[key]}
    return frozenset(in_use | ({Key.EMAIL} if found[_ADDRESS] else set()))


def _match_chunk(ctx: Context, found: Import, matching: Matching, in_use: frozenset[Key], rows: Sequence[Any]) -> None:
    candidates = _candidates(ctx, found, in_use, rows[0].number, rows[-1].number)
    learners = _learners(ctx, {each for by_key in candidates.values() for ids in by_key.values() for each in ids})
    matching.by_id.clear()
    placed: list[tuple[Any, ...]] = []
    refused: list[tuple[Any, ...]] = []
    unsure: list[int] = []
    for number, row_hash in rows:
        if not (by_key := candidates.get(number)):
            continue
        same = _unchanged(matching, row_hash, by_key, learners)
        if same is None:
            unsure.append(number)
        else:
            placed.append((*same, number))
    for number, content in _contents(ctx, found, unsure):
        decided = _decide(matching, matching.kept.row_values(content), candidates[number], learners)
        if isinstance(decided, Problem):
            refused.append((Bucket.PROBLEM.value, matching.kept.problems((decided,)), None, number))
        elif decided is not None:
            placed.append((*decided, number))
    access.update_plain(ctx, ImportRow, _FOUND, "number", placed, import_id=found.id)
    access.update_plain(ctx, ImportRow, _REFUSED, "number", refused, import_id=found.id)


def _contents(ctx: Context, found: Import, numbers: Sequence[int]) -> Iterable[Any]:
    if not numbers:
        return ()
    query = select(ImportRow.number, ImportRow.content).where(
        ImportRow.import_id == found.id, ImportRow.number.in_(numbers)
    )
    return ctx.session.execute(query)


def _candidates(
    ctx: Context, found: Import, in_use: frozenset[Key], first: int, last: int
) -> dict[int, dict[Key, list[int]]]:
    """Row -> key -> learners. One statement a key."""
    result: defaultdict[int, dict[Key, list[int]]] = defaultdict(dict)
    of_rows = (
        ImportRow.import_id == found.id,
        ImportRow.number.between(first, last),
        ImportRow.bucket == Bucket.CREATED,
    )
    for key, (theirs, ours) in _BY_HASH.items():
        if key not in in_use:
            continue
        same = and_(Learner.organisation_id == ImportRow.organisation_id, theirs == ours)
        query = select(ImportRow.number, Learner.id).join(Learner, same).where(*of_rows).order_by(Learner.id)
        for number, learner_id in ctx.session.execute(query):
            result[number].setdefault(key, []).append(learner_id)
    if Key.EMAIL not in in_use:
        return result
    same = and_(
        LearnerAddress.organisation_id == ImportRow.organisation_id,
        LearnerAddress.address_key == ImportRow.email_key,
    )
    query = select(ImportRow.number, LearnerAddress.learner_id).join(LearnerAddress, same).where(*of_rows)
    for number, learner_id in ctx.session.execute(query):
        known = result[number].setdefault(Key.EMAIL, [])
        if learner_id not in known:
            known.append(learner_id)
    return result


def _learners(ctx: Context, ids: set[int]) -> Mapping[int, Any]:
    found: dict[int, Any] = {}
    listed = sorted(ids)
    for begin in range(0, len(listed), IMPORT_CHUNK):
        query = select(*LEARNER_COLUMNS).where(Learner.id.in_(listed[begin : begin + IMPORT_CHUNK]))
        found |= {row.id: row for row in ctx.session.execute(query)}
    return found


def _unchanged(
    matching: Matching, row_hash: bytes, by_key: Mapping[Key, Sequence[int]], learners: Mapping[int, Any]
) -> _Placed | None:
    """Of the one learner who is alike in every column: nothing needs to be decrypted to know it."""
    ids = {each for ids in by_key.values() for each in ids}
    learner = learners[ids.pop()]
    if ids or learner.detail_hash != row_hash or learner.removed_at is not None or not _is_granted(matching, learner):
        return None
    matching.matched += 1
    return Bucket.UNCHANGED.value, learner.id, ""


def _decide(
    matching: Matching, values: LearnerValues, by_key: Mapping[Key, Sequence[int]], learners: Mapping[int, Any]
) -> _Placed | Problem | None:
    """The values of ``_FOUND``; None where nobody is known."""
    match = find_match(values, {key: [_known(matching, learners[each]) for each in ids] for key, ids in by_key.items()})
    if match is None or isinstance(match, Problem):
        return match
    return _difference(matching, values, match[0], learners[match[0].learner_id])


def _difference(matching: Matching, values: LearnerValues, known: Known, learner: Any) -> _Placed:
    after = as_stored(matching.organisation, merged(known.values, values))
    changed = differences(known.values, after)
    is_same = matching.hashes.content(after, matching.year) == learner.detail_hash and learner.removed_at is None
    matching.matched += 1
    # Somebody who came by an invitation and had no address of the import before gains one.
    if Column.LAST_NAME in changed or (Column.EMAIL in changed and known.values.email):
        matching.renamed += 1
    bucket = Bucket.UNCHANGED if is_same else Bucket.UPDATED
    return bucket.value, learner.id, ",".join(changed)


def _is_granted(matching: Matching, learner: Any) -> bool:
    return learner.provider_id is None or learner.provider_id in matching.reach.granted_ids


def _known(matching: Matching, learner: Any) -> Known:
    if learner.id not in matching.by_id:
        values = matching.kept.learner_values(learner, matching.reach.ukprns.get(learner.provider_id))
        matching.by_id[learner.id] = Known(
            learner.id, values, not _is_granted(matching, learner), learner.removed_at is not None
        )
    return matching.by_id[learner.id]


def _refuse_same_learner(ctx: Context, found: Import, matching: Matching) -> None:
    """Different rows that turn out to be one learner: nobody knows which is right."""
    several = (
        select(ImportRow.learner_id)
        .where(ImportRow.import_id == found.id, ImportRow.learner_id.is_not(None))
        .group_by(ImportRow.learner_id)
        .having(func.count() > 1)
    )
    rows = ctx.session.execute(
        select(ImportRow.number, ImportRow.learner_id)
        .where(ImportRow.import_id == found.id, ImportRow.learner_id.in_(several))
        .order_by(ImportRow.learner_id, ImportRow.number)
    ).all()
    refused: list[tuple[Any, ...]] = []
    for _, group in groupby(rows, key=lambda row: row.learner_id):
        same = list(group)
        for row in same:
            others = [str(each.number) for each in same if each.number != row.number][:IMPORT_ROWS_NAMED]
            words = f"row {others[0]} is" if len(others) == 1 else f"rows {', '.join(others)} are"
            why = problem(Fault.MATCH_SAME_LEARNER, Column.LAST_NAME, None, rows=words)
            refused.append((Bucket.PROBLEM.value, matching.kept.problems((why,)), None, row.number))
    access.update_plain(ctx, ImportRow, _REFUSED, "number", refused, import_id=found.id)
