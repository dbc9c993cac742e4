"""How learners and rows of imports are stored: what is encrypted, what is hashed, and back again."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.crypto import NONCE_BYTES, Vault
from core.model import Import, Learner, Organisation, Provider, StaffMember
from core.rules.addresses import address_key
from core.rules.learner_words import search_words
from core.rules.ucas.columns import Column
from core.rules.ucas.identifiers import Providers
from core.rules.ucas.matching import Hasher, Keys
from core.rules.ucas.problems import Fault, Problem, Problems
from core.rules.ucas.values import FIRST_SECRET, LearnerValues, academic_year
from core.sheets.cells import FileKind
from core.words import ImportReason, ImportState

MATCH_KEY_PLACE: Final = "organisation.match_key"
_Values = list[str | None]
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_values: Final = msgspec.msgpack.Decoder(_Values).decode


class StoredProblem(msgspec.Struct, array_like=True):
    fault: str
    column: str
    value: str
    reason: str
    suggestion: str
    choices: tuple[str, ...]


class Reading(msgspec.Struct):
    """What an import's file turned out to be."""

    kind: FileKind | None = None
    sheet: str = ""
    header_row: int = 0
    places: dict[str, int] = {}
    """Column -> place, counted from 0."""
    hidden: tuple[str, ...] = ()
    other_sheets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Stable codes: ``FileNote``."""
    headings: tuple[str, ...] = ()
    """Where it could not be used for what they are: the first ones that stand in it."""
    problems: list[StoredProblem] = []
    """Of the whole sheet."""
    corrects: int = 0
    """The number of the import that the document names as its own: our copy of a file says whose it is."""
    fault: str = ""
    """Why it could not be read: a ``FileFault``, and its detail."""
    detail: str = ""


class Before(msgspec.Struct, array_like=True):
    """A learner as they were before an import."""

    values: _Values
    provider_id: int | None
    academic_year: int | None
    removed_at: datetime | None
    had_details: bool
    gained: str | None = None
    """The key of the address by which they are known since; what is taken back takes it as well."""


class Keeper(Struct, frozen=True):
    """Encrypts and decrypts for one transaction."""

    vault: Vault
    entropy: Callable[[int], bytes]

    def pack_all(self, values: Sequence[object], place: str) -> list[bytes]:
        return self.seal_all(list(map(_encode, values)), place)

    def seal_all(self, clears: Sequence[bytes], place: str) -> list[bytes]:
        return self.vault.encrypt_all(clears, place, self.entropy(NONCE_BYTES * len(clears)))

    def problems(self, problems: Problems) -> bytes | None:
        return self.pack(stored_problems(problems), "import_row.problems") if problems else None

    def found(self, stored: bytes | None) -> Problems:
        if stored is None:
            return ()
        return problems_of(self.unpack(stored, "import_row.problems", list[StoredProblem]))

    def contents(self, rows: Sequence[LearnerValues]) -> list[bytes]:
        return self.pack_all(rows, "import_row.content")

    def row_values(self, stored: bytes) -> LearnerValues:
        return LearnerValues._make(_decode_values(self.vault.decrypt_bytes(stored, "import_row.content")))

    def values_of_rows(self, stored: Sequence[bytes]) -> list[LearnerValues]:
        clears = self.vault.decrypt_all(stored, "import_row.content")
        return [LearnerValues._make(_decode_values(clear)) for clear in clears]

    def learner_values(self, row: Any, ukprn: str | None) -> LearnerValues:
        """``row`` has the columns of ``LEARNER_COLUMNS``."""
        open_ones = (ukprn, row.year_group, row.first_name, row.last_name, row.email)
        if row.details is None:
            return LearnerValues(*open_ones)
        return LearnerValues._make([*open_ones, *self.unpack(row.details, "learner.details", _Values)])

    def pack(self, value: object, place: str) -> bytes:
        return self.vault.encrypt_bytes(msgspec.msgpack.encode(value), place)

    def unpack(self, stored: bytes, place: str, kind: Any) -> Any:
        return msgspec.msgpack.decode(self.vault.decrypt_bytes(stored, place), type=kind)


LEARNER_COLUMNS = (
    Learner.id, Learner.provider_id, Learner.first_name, Learner.last_name, Learner.email, Learner.year_group,
    Learner.academic_year, Learner.details, Learner.detail_hash, Learner.removed_at, Learner.username,
)  # fmt: skip


def keeper(ctx: Context) -> Keeper:
    return Keeper(ctx.vault, ctx.tokens.entropy)


def stored_problems(problems: Problems) -> list[StoredProblem]:
    return [
        StoredProblem(each.fault.name, each.column, each.value, each.reason, each.suggestion, each.choices)
        for each in problems
    ]


def problems_of(stored: Sequence[StoredProblem]) -> Problems:
    return tuple(
        Problem(Fault[each.fault], each.column, each.value, each.reason, each.suggestion, each.choices)
        for each in stored
    )


def hasher(ctx: Context, organisation: Organisation) -> Hasher:
    """Made when it is first needed. The organisation's row is locked then, so that there is only one."""
    vault = keeper(ctx).vault
    if organisation.match_key is None:
        made = vault.encrypt(ctx.tokens.secret(), MATCH_KEY_PLACE)
        ctx.session.execute(
            update(Organisation)
            .where(Organisation.id == organisation.id, Organisation.match_key.is_(None))
            .values(match_key=made),
        )
        ctx.session.refresh(organisation)
    assert organisation.match_key is not None  # noqa: S101 - It was written above.
    return Hasher(base64.urlsafe_b64decode(vault.decrypt(organisation.match_key, MATCH_KEY_PLACE) + "="))


class Reach(Struct, frozen=True):
    """The organisation's providers, and those whose learners the sender may manage, at this moment."""

    ids: Mapping[str, int]
    """By UKPRN."""
    ukprns: Mapping[int, str]
    granted_ids: frozenset[int]

    @property
    def providers(self) -> Providers:
        granted = frozenset(self.ukprns[each] for each in self.granted_ids)
        return Providers(frozenset(self.ids), granted)

    @property
    def digest(self) -> str:
        """Another one when a provider came or went, or a grant."""
        return hashlib.sha256(repr((sorted(self.ids.items()), sorted(self.granted_ids))).encode()).hexdigest()


def reach_of(ctx: Context, staff: StaffMember) -> Reach:
    rows = ctx.session.execute(select(Provider.ukprn, Provider.id)).all()
    ids = {row.ukprn: row.id for row in rows}
    granted = access.granted_provider_ids(ctx, staff)
    everywhere = frozenset(ids.values())
    return Reach(ids, {row.id: row.ukprn for row in rows}, everywhere if granted is None else granted & everywhere)


def today(ctx: Context, organisation: Organisation) -> date:
    return ctx.now.astimezone(ZoneInfo(organisation.time_zone)).date()


def year_of(found: Import, organisation: Organisation) -> int:
    """The academic year in which it came: so what is hashed when rows are checked stays true until they are applied."""
    return academic_year(found.received_at.astimezone(ZoneInfo(organisation.time_zone)).date())


LEARNER_WRITTEN: Final = (
    "provider_id", "first_name", "last_name", "email", "year_group", "academic_year", "details", "detail_hash",
    "search_words", *Keys._fields,
)  # fmt: skip
"""What an import writes of a learner, account and removal apart."""


def learner_row(
    kept: Keeper, hashes: Hasher, values: LearnerValues, provider_id: int | None, year: int | None
) -> dict[str, Any]:
    """The columns of ``LEARNER_WRITTEN``, by name and in their order."""
    details = kept.pack(values[FIRST_SECRET:], "learner.details")
    plain = learner_plain(values, provider_id, year, details, hashes.content(values, year), hashes.keys(values))
    return dict(zip(LEARNER_WRITTEN, plain, strict=True))


def learner_plain(
    values: LearnerValues,
    provider_id: int | None,
    year: int | None,
    details: bytes,
    content: bytes,
    keys: Sequence[bytes | str | None],
) -> tuple[Any, ...]:
    """As ``learner_row``, of what has been hashed and encrypted before."""
    _, year_group, first_name, last_name, email = values[:FIRST_SECRET]
    words = search_words(first_name or "", last_name or "", email or "")
    return provider_id, first_name, last_name, email, year_group, year, details, content, words, *keys


def key_of(values: LearnerValues) -> str | None:
    return address_key(values.email) if values.email else None


def not_stored(organisation: Organisation) -> frozenset[Column]:
    """Ethnicity, until a purpose is recorded for it."""
    return frozenset() if organisation.ethnicity_purpose else frozenset({Column.ETHNICITY})


def as_stored(organisation: Organisation, values: LearnerValues) -> LearnerValues:
    """Without what the organisation does not store, or stores no more."""
    return values if organisation.ethnicity_purpose or not values.ethnicity else values._replace(ethnicity=None)


def import_ref(number: int) -> str:
    return f"I-{number:04}"


def standing(found: Import) -> str:
    """Where it is instead, for whoever asked for what cannot be done with it any more, or not yet."""
    match found.state:
        case ImportState.APPLIED:
            return "it is imported already"
        case ImportState.UNDONE:
            return "it has been undone"
        case ImportState.HELD:
            return "nothing of it is imported yet"
        case ImportState.REJECTED if found.reason is ImportReason.CORRECTED:
            return "a corrected file was imported in its place"
        case ImportState.REJECTED:
            return "nothing of it was imported"
    return "its rows are not checked yet"


def import_named(ref: str) -> int:
    """The number in "I-0007"; 0 for anything else."""
    digits = ref.removeprefix("I-")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 and ref != digits else 0


def reading_of(kept: Keeper, found: Import) -> Reading:
    if found.reading is None:
        return Reading()
    reading: Reading = kept.unpack(found.reading, "import.reading", Reading)
    return reading
