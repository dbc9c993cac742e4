"""Who somebody created or edited by hand could be: the import's own search, for one learner."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from core.context import Context
from core.errors import LearnerInvalid, LearnerKnown
from core.model import Learner, LearnerAddress
from core.rules.ucas.columns import Column
from core.rules.ucas.matching import Hasher, Key, Known, find_match, named
from core.rules.ucas.problems import Problem
from core.rules.ucas.values import LearnerValues
from core.usecases.imports.matching import Matching
from core.usecases.imports.values import LEARNER_COLUMNS, key_of

_KEY_WORDS = {
    Key.ULN: "the ULN", Key.UPN: "the UPN", Key.CCIS: "the CCIS record ID", Key.EMAIL: "the e-mail address",
    Key.PERSON: "the name and date of birth",
}  # fmt: skip


def learner_row_of(ctx: Context, learner_id: int) -> Any:
    """None where there is none."""
    columns = (*LEARNER_COLUMNS, Learner.access_code, Learner.access_code_used_at)
    return ctx.session.execute(select(*columns).where(Learner.id == learner_id)).one_or_none()


def who_is_back(ctx: Context, work: Matching, values: LearnerValues) -> Any:
    """Of a new one: a removed learner who fits, or None. Raises LearnerKnown and LearnerInvalid as an import would."""
    match = find_match(values, _candidates(ctx, work, values))
    if match is None:
        return None
    if isinstance(match, Problem):
        raise LearnerInvalid(problems=((match.column, match.reason),))
    found, key = match
    learner = learner_row_of(ctx, found.learner_id)
    if learner.removed_at is None:
        name = whole_name(found.values)
        raise LearnerKnown(name=name, key=_KEY_WORDS[key], who=learner.username or found.values.email or name)
    return learner


def clashes_of(ctx: Context, work: Matching, values: LearnerValues, learner_id: int) -> tuple[tuple[str, str], ...]:
    """Identifiers that would belong to two."""
    columns = {Key.ULN: Column.ULN, Key.UPN: Column.UPN, Key.CCIS: Column.CCIS}
    candidates = _candidates(ctx, work, values)
    found: list[tuple[str, str]] = []
    for key, column in columns.items():
        for other in candidates.get(key, ()):
            if other.learner_id != learner_id:
                found.append((column, f"it belongs to {named(other)} already"))
                break
    return tuple(found)


def _candidates(ctx: Context, work: Matching, values: LearnerValues) -> Mapping[Key, list[Known]]:
    """Whom an import's row with these values could be about; removed ones, too."""
    wanted = _wanted_keys(work.hashes, values)
    owners = select(LearnerAddress.learner_id).where(LearnerAddress.address_key == (key_of(values) or ""))
    ways = [*(column == value for column, value in wanted.values()), Learner.id.in_(owners)]
    columns = (*LEARNER_COLUMNS, *(column.label(f"same_{key}") for key, (column, _) in wanted.items()))
    result: dict[Key, list[Known]] = {}
    for row in ctx.session.execute(select(*columns).where(or_(*ways)).order_by(Learner.id)):
        is_foreign = row.provider_id is not None and row.provider_id not in work.reach.granted_ids
        stored = work.kept.learner_values(row, work.reach.ukprns.get(row.provider_id))
        known = Known(row.id, stored, is_foreign, row.removed_at is not None)
        keys = [key for key, (_, value) in wanted.items() if getattr(row, f"same_{key}") == value]
        for key in keys or [Key.EMAIL]:
            result.setdefault(key, []).append(known)
    return result


def _wanted_keys(hashes: Hasher, values: LearnerValues) -> dict[Key, tuple[Any, Any]]:
    keys = hashes.keys(values)
    by_key = {
        Key.ULN: (Learner.uln_hash, keys.uln_hash),
        Key.UPN: (Learner.upn_hash, keys.upn_hash),
        Key.CCIS: (Learner.ccis_hash, keys.ccis_hash),
        Key.EMAIL: (Learner.email_key, keys.email_key),
        Key.PERSON: (Learner.person_hash, keys.person_hash),
    }
    return {key: pair for key, pair in by_key.items() if pair[1] is not None}


def whole_name(values: LearnerValues) -> str:
    return f"{values.first_name} {values.last_name}"
