"""Whom and which run the rows of a report are about. A few statements a chunk, however many rows it has.

A learner: what somebody said (``ProgressName``), then the membership of earlier reports, the address, the username,
the ULN; last the imported address, if it is one learner's. Identifiers that lead to different learners are a problem
and not a guess. A run: what somebody said, then its uuid, slug or code, its course with the start, its title, and last
the run that the sender named.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.context import Context
from core.model import Learner, LearnerAddress, Organisation, Progress, ProgressName, StaffMember
from core.queries import Among, listed
from core.rules.addresses import address_key
from core.rules.progress.faults import ProgressFault
from core.rules.progress.records import CellProblem, LearnerKey, ReadRow, RunKey
from core.rules.text import folded
from core.rules.ucas.matching import Hasher
from core.usecases.imports.values import hasher
from core.words import NamedKind

_ULN_DIGITS: Final = 10


class Matched(Struct, frozen=True):
    learner_id: int
    run_id: int
    named: str
    """As the feed names the learner."""
    run_steps: int | None = None
    """How many the run has, by the catalogue."""
    problem: CellProblem | None = None


def match_rows(
    ctx: Context, staff: StaffMember, organisation: Organisation, rows: Sequence[ReadRow], run_code: str
) -> dict[int, Matched]:
    """By row number."""
    hashes = hasher(ctx, organisation)
    learner_keys = {row.record.learner for row in rows}
    run_keys = {row.record.run for row in rows}
    named = _named(ctx, hashes, learner_keys, run_keys)
    runs = _Runs(ctx, staff, named, hashes, run_keys, run_code)
    learners = _learners(ctx, staff, named, hashes, learner_keys)
    result: dict[int, Matched] = {}
    for row in rows:
        learner, run = learners[row.record.learner], runs.of(row.record.run)
        name = shown_name(row.record.learner)
        problem = next((each for each in (learner, run) if isinstance(each, CellProblem)), None)
        ids = [each if isinstance(each, int) else 0 for each in (learner, run)]
        result[row.number] = Matched(ids[0], ids[1], name, runs.steps.get(ids[1]), problem)
    return result


def shown_name(key: LearnerKey) -> str:
    return key.email or key.identifier or key.membership


_Names = dict[tuple[NamedKind, bytes], int]


def _named(ctx: Context, hashes: Hasher, learners: Iterable[LearnerKey], runs: Iterable[RunKey]) -> _Names:
    rows = ctx.session.execute(
        select(ProgressName.kind, ProgressName.name_hash, ProgressName.learner_id, ProgressName.run_id)
    ).all()
    if not rows:
        # As in most organisations, and then nothing needs to be hashed.
        return {}
    wanted = {hash_of_name(hashes, NamedKind.LEARNER, part) for key in learners for part in key if part}
    wanted |= {hash_of_name(hashes, NamedKind.RUN, part) for key in runs for part in _run_names(key)}
    return {(row.kind, row.name_hash): row.learner_id or row.run_id for row in rows if row.name_hash in wanted}


def hash_of_name(hashes: Hasher, kind: NamedKind, name: str) -> bytes:
    return hashes(f"feed {kind.value}", folded(name))


# --- Learners ---------------------------------------------------------------------------------------------


def _learners(
    ctx: Context, staff: StaffMember, named: _Names, hashes: Hasher, keys: Iterable[LearnerKey]
) -> dict[LearnerKey, int | CellProblem]:
    wanted = list(keys)
    addresses = {address for key in wanted for address in _addresses(key)}
    others = {folded(key.identifier) for key in wanted if key.identifier and "@" not in key.identifier}
    memberships = {each for key in wanted for each in (key.membership, key.identifier) if each}
    by_uln = {hashes("uln", each): each for each in others if len(each) == _ULN_DIGITS and each.isdigit()}
    sure: dict[tuple[str, str], set[int]] = defaultdict(set)
    for kind, query in (
        ("address", select(LearnerAddress.address_key, LearnerAddress.learner_id)
            .where(Among(LearnerAddress.address_key, listed(addresses)))),
        ("username", select(Learner.username, Learner.id).where(Among(Learner.username, listed(others)))),
        ("membership", select(Progress.membership_id, Progress.learner_id).distinct()
            .where(Among(Progress.membership_id, listed(memberships)))),
        ("imported", select(Learner.email_key, Learner.id).where(Among(Learner.email_key, listed(addresses)))),
        ("uln", select(Learner.uln_hash, Learner.id).where(Learner.uln_hash.in_(by_uln))),
    ):  # fmt: skip
        for name, learner_id in ctx.session.execute(query):
            sure[kind, by_uln[name] if kind == "uln" else name].add(learner_id)
    found = {key: _fitting(named, hashes, key, sure) for key in wanted}
    return _visible(ctx, staff, found)


def _addresses(key: LearnerKey) -> list[str]:
    return [address_key(each) for each in (key.email, key.identifier) if "@" in each]


def _fitting(
    named: _Names, hashes: Hasher, key: LearnerKey, sure: dict[tuple[str, str], set[int]]
) -> int | CellProblem:
    if not key:
        return CellProblem(ProgressFault.LEARNER_MISSING, "", "")
    if named:
        told = {named.get((NamedKind.LEARNER, hash_of_name(hashes, NamedKind.LEARNER, part))) for part in key if part}
        if len(named_ids := {each for each in told if each is not None}) == 1:
            return named_ids.pop()
    identifier = folded(key.identifier)
    ids = set().union(
        *(sure.get(("address", each), set()) for each in _addresses(key)),
        *(sure.get(("membership", each), set()) for each in (key.membership, key.identifier) if each),
        sure.get(("username", identifier), set()),
        sure.get(("uln", identifier), set()),
    )
    if not ids:
        ids = set().union(*(sure.get(("imported", each), set()) for each in _addresses(key)))
    if len(ids) == 1:
        return ids.pop()
    fault = ProgressFault.LEARNER_AMBIGUOUS if ids else ProgressFault.LEARNER_UNKNOWN
    return CellProblem(fault, "", shown_name(key))


def _visible(
    ctx: Context, staff: StaffMember, found: dict[LearnerKey, int | CellProblem]
) -> dict[LearnerKey, int | CellProblem]:
    """Whoever was removed is unknown; nobody names them."""
    ids = {each for each in found.values() if isinstance(each, int)}
    rows = ctx.session.execute(
        select(Learner.id, Learner.provider_id).where(Among(Learner.id, listed(ids)), Learner.removed_at.is_(None))
    )
    providers = {row.id: row.provider_id for row in rows}
    granted = access.granted_provider_ids(ctx, staff)

    def seen(key: LearnerKey, learner: int | CellProblem) -> int | CellProblem:
        if isinstance(learner, CellProblem):
            return learner
        if learner not in providers:
            return CellProblem(ProgressFault.LEARNER_UNKNOWN, "", shown_name(key))
        provider_id = providers[learner]
        if granted is not None and provider_id is not None and provider_id not in granted:
            return CellProblem(ProgressFault.LEARNER_NOT_GRANTED, "", shown_name(key))
        return learner

    return {key: seen(key, learner) for key, learner in found.items()}


# --- Runs -------------------------------------------------------------------------------------------------


class _Runs:
    def __init__(
        self, ctx: Context, staff: StaffMember, named: _Names, hashes: Hasher, keys: set[RunKey], run_code: str
    ) -> None:
        self._named = named
        self._hashes = hashes
        self._run_code = run_code
        self._granted = access.granted_provider_ids(ctx, staff)
        self._organisation_id = staff.organisation_id
        codes = {variant for key in keys for variant in (folded(key.code), folded(key.title)) if variant}
        self._runs = access.fed_runs(
            ctx,
            staff.organisation_id,
            ids=[each for (kind, _), each in named.items() if kind is NamedKind.RUN],
            codes=list({*codes, *([run_code] if run_code else [])}),
            slugs=list({key.slug for key in keys if key.slug}),
            uuids=list({variant for key in keys if key.uuid for variant in (key.uuid, key.uuid.lower())}),
            titles=list({key.title for key in keys if key.title}),
            course_uuids=list(
                {variant for key in keys if key.course_uuid for variant in (key.course_uuid, key.course_uuid.lower())}
            ),
            course_codes=list({folded(key.course_code) for key in keys if key.course_code}),
        )
        self.steps: dict[int, int | None] = {run.id: run.step_count for run in self._runs}
        self._known: dict[RunKey, int | CellProblem] = {}

    def of(self, key: RunKey) -> int | CellProblem:
        if key not in self._known:
            self._known[key] = self._found(key)
        return self._known[key]

    def _found(self, key: RunKey) -> int | CellProblem:
        shown = _shown_run(key)
        runs = self._fitting(key)
        if not runs:
            fault = ProgressFault.RUN_UNKNOWN if _run_names(key) else ProgressFault.RUN_MISSING
            return CellProblem(fault, "", shown)
        own = [run for run in runs if run.organisation_id == self._organisation_id] or runs
        if len({run.id for run in own}) > 1:
            return CellProblem(ProgressFault.RUN_AMBIGUOUS, "", shown)
        run = own[0]
        is_own = run.organisation_id == self._organisation_id
        if (
            is_own
            and self._granted is not None
            and run.provider_id is not None
            and run.provider_id not in self._granted
        ):
            return CellProblem(ProgressFault.RUN_NOT_GRANTED, "", shown)
        run_id: int = run.id
        return run_id

    def _fitting(self, key: RunKey) -> Sequence[Any]:
        named = {
            self._named.get((NamedKind.RUN, hash_of_name(self._hashes, NamedKind.RUN, part)))
            for part in _run_names(key)
        }
        if runs := [run for run in self._runs if run.id in named]:
            return runs
        runs = next((runs for fits in _FITS if (runs := [run for run in self._runs if fits(run, key)])), [])
        if self._run_code and (chosen := [run for run in self._runs if run.code == self._run_code]):
            # What the sender said decides between several, and where no column says anything known.
            return [run for run in runs if run.code == self._run_code] or (chosen if len(runs) != 1 else runs)
        return runs


def _is_course(run: Any, key: RunKey) -> bool:
    return (bool(key.course_uuid) and run.course_uuid.lower() == key.course_uuid.lower()) or (
        bool(key.course_code) and run.course_code == folded(key.course_code)
    )


def _starts(run: Any, key: RunKey) -> bool:
    """Where the feed says when: on that day, in the run's zone or in UTC."""
    if key.starts_on is None:
        return True
    return key.starts_on in (run.starts_at.astimezone(ZoneInfo(run.time_zone)).date(), run.starts_at.date())


def _is_titled(run: Any, key: RunKey) -> bool:
    return bool(key.title) and (key.title in (run.title, run.course_title) or run.code == folded(key.title))


_FITS: Final[tuple[Callable[[Any, RunKey], bool], ...]] = (
    lambda run, key: bool(key.uuid) and run.uuid.lower() == key.uuid.lower(),
    lambda run, key: bool(key.slug) and run.slug == key.slug and _starts(run, key),
    lambda run, key: bool(key.code) and run.code == folded(key.code),
    lambda run, key: _is_course(run, key) and key.starts_on is not None and _starts(run, key),
    lambda run, key: _is_titled(run, key) and _starts(run, key),
)
"""Surest first."""


def _run_names(key: RunKey) -> list[str]:
    """What stands for the run itself; of a course with its start both together."""
    names = [each for each in (key.uuid, key.slug, key.code, key.title) if each]
    course = key.course_uuid or key.course_code
    if course:
        names.append(f"{course} {key.starts_on or ''}".strip())
    return names


def _shown_run(key: RunKey) -> str:
    return next(iter(_run_names(key)), "") or (f"starting {key.starts_on}" if key.starts_on else "")
