"""Sorting addresses into the buckets of a preview: each is in exactly one; a fixed number of queries per 5,000."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import BindParameter, bindparam, select

from core.context import Context
from core.model import CourseRun, Invitation, Suppression
from core.queries import Query
from core.rules.addresses import Address
from core.usecases.learners.standing import standings
from core.words import InvitationState

EXAMPLES = 5
_SLICE = 5000
"""SQLite takes 32,766 parameters in a statement."""


class Bucket(StrEnum):
    """In the order of precedence: an address that fits several is counted in the first."""

    REMOVED = "removed"
    ENROLLED = "enrolled"
    SUPPRESSED = "suppressed"
    INVITED = "invited"
    DECLINED = "declined"
    NEW = "new"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    NO_ADDRESS = "no_address"
    """Learners of an import whose e-mail address nobody knows."""
    NOT_GRANTED = "not_granted"
    """Learners of an import, of a provider whose learners the asker may not manage."""


class Sorted(Struct, frozen=True):
    by_bucket: dict[Bucket, list[Address]]
    replaced_ids: tuple[int, ...]
    """Expired invitations of addresses in NEW: a new one takes their place."""


def sort_addresses(ctx: Context, run: CourseRun, addresses: Sequence[Address]) -> Sorted:
    by_bucket: dict[Bucket, list[Address]] = {bucket: [] for bucket in Bucket}
    replaced: list[int] = []
    for part in _slices(addresses):
        found = _known(ctx, run, [address.key for address in part])
        for address in part:
            by_bucket[found.bucket_of(address.key)].append(address)
            if found.bucket_of(address.key) is Bucket.NEW:
                replaced.extend(found.expired.get(address.key, ()))
    return Sorted(by_bucket, tuple(replaced))


class _Known(Struct, frozen=True):
    keys: dict[Bucket, set[str]]
    expired: dict[str, list[int]]

    def bucket_of(self, key: str) -> Bucket:
        return next((bucket for bucket, keys in self.keys.items() if key in keys), Bucket.NEW)


def _known(ctx: Context, run: CourseRun, keys: list[str]) -> _Known:
    invited, declined, expired = _invitations(ctx, run, keys)
    learners = standings(ctx, run.id, keys)
    return _Known(
        {
            Bucket.REMOVED: {key for key, learner in learners.items() if learner.is_removed},
            Bucket.ENROLLED: {key for key, learner in learners.items() if learner.is_enrolled},
            Bucket.SUPPRESSED: set(_SUPPRESSED.run(ctx, keys=keys).scalars()),
            Bucket.INVITED: invited,
            Bucket.DECLINED: declined - invited,
        },
        expired,
    )


_KEYS: BindParameter[list[str]] = bindparam("keys", expanding=True)
_SUPPRESSED = Query(select(Suppression.address_key).where(Suppression.address_key.in_(_KEYS)))
_INVITATIONS = Query(
    select(Invitation.id, Invitation.address_key, Invitation.state, Invitation.expires_at)
    .where(
        Invitation.run_id == bindparam("run_id"), Invitation.address_key.in_(_KEYS), Invitation.replaced_at.is_(None)
    )
    .order_by(Invitation.created_at)
)


def _invitations(ctx: Context, run: CourseRun, keys: list[str]) -> tuple[set[str], set[str], dict[str, list[int]]]:
    """(live ones, declined ones, expired ones with their ids). A later invitation outdoes an earlier refusal."""
    invited: set[str] = set()
    declined: set[str] = set()
    expired: dict[str, list[int]] = {}
    for row in _INVITATIONS.run(ctx, keys=keys, run_id=run.id):
        declined.discard(row.address_key)
        if row.state is InvitationState.DECLINED:
            declined.add(row.address_key)
        elif row.state is InvitationState.PENDING and row.expires_at > ctx.now and not run.is_closed(ctx.now):
            invited.add(row.address_key)
        elif row.state is InvitationState.PENDING:
            expired.setdefault(row.address_key, []).append(row.id)
    return invited, declined, expired


def _slices(addresses: Sequence[Address]) -> Iterator[Sequence[Address]]:
    return (addresses[start : start + _SLICE] for start in range(0, len(addresses), _SLICE))


def examples(addresses: Iterable[Address], limit: int = EXAMPLES) -> tuple[str, ...]:
    return tuple(address.address for address, _ in zip(addresses, range(limit), strict=False))
