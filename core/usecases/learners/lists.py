"""Learners listed and searched for: those of the providers that the asker may manage.

Each word that was typed must fit: the beginning of a word of their name, their e-mail address, their username, or a
word of their provider's name; a UKPRN is a provider, and 2025/26 an academic year. One word alone may be a whole
username, address, ULN, UPN or CCIS record ID besides: identifiers are found by their hash, and only whole.

However many learners there are, a search reads ``ix_learner_search`` from one end of the organisation to the other and
nothing besides, then the ten rows of the page. It is the same plan on SQLite and PostgreSQL, with no extension.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, false, func, or_, select, union

from core import access
from core.access import Permission
from core.context import Context
from core.model import Learner, LearnerAddress, Organisation, Provider, StaffMember
from core.pages import page_within
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.learner_words import is_ukprn, plain_words, typed_words, typed_year
from core.rules.policy import PAGE_ROWS
from core.rules.ucas.identifiers import ccis, uln, upn
from core.rules.ucas.values import LearnerValues
from core.usecases.imports.values import hasher
from core.usecases.learners.addresses import OWN_OR_FIRST_ADDRESS
from core.words import AccountState

_EXACT_ROWS: Final = 50


class LearnerCard(Struct, frozen=True):
    """What a list says of a learner: nothing that is stored encrypted."""

    learner_id: int
    first_name: str
    last_name: str
    username: str
    """Empty: no account yet."""
    email: str
    """Their own, or else the first they joined with or were invited at; empty: none is known."""
    year_group: str
    academic_year: int | None
    provider: str
    ukprn: str
    account: AccountState
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class ListLearners(Struct, frozen=True):
    """``is_never``: only those who have an account and never signed in."""

    search: str = ""
    page: int = 1
    is_never: bool = False


class LearnersListed(Struct, frozen=True):
    """By last name."""

    rows: tuple[LearnerCard, ...]
    page: int
    page_count: int
    total: int
    search: str
    is_never: bool
    codes_url: str
    """Where a signed-in staff member gets the access codes; empty where the asker may not."""


class ListManagedProviders(Struct, frozen=True):
    search: str = ""
    rows: int = 100


class ManagedProviders(Struct, frozen=True):
    """(UKPRN, name), by name."""

    providers: tuple[tuple[str, str], ...]


def list_managed_providers(ctx: Context, command: ListManagedProviders) -> ManagedProviders:
    """Those whose learners the asker may manage."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    parts = plain_words(command.search)
    fits = [
        (each.ukprn, each.name)
        for each in sight_of(ctx, staff).providers
        if not parts or _is_named(each, parts) or each.ukprn.startswith(command.search.strip())
    ]
    return ManagedProviders(tuple(fits[: command.rows]))


def list_learners(ctx: Context, command: ListLearners) -> LearnersListed:
    staff = access.require_staff(ctx, Permission.VIEW)
    sight = sight_of(ctx, staff)
    fits = [*sight.visible, *_words_fit(sight, typed_words(command.search), exact_ids(ctx, staff, command.search))]
    if command.is_never:
        fits += NEVER_SIGNED_IN
    rows, page, page_count, total = _page(ctx, fits, command.page)
    may_print = Permission.MANAGE_LEARNERS in access.ROLE_PERMISSIONS[staff.role]
    return LearnersListed(
        rows=tuple(card_of(sight, row) for row in rows),
        page=page,
        page_count=page_count,
        total=total,
        search=command.search,
        is_never=command.is_never,
        codes_url=codes_url(ctx) if may_print else "",
    )


def _page(ctx: Context, fits: Sequence[ColumnElement[bool]], wanted: int) -> tuple[Sequence[Any], int, int, int]:
    """(rows, page, number of pages, rows of all pages). What fits on one page is counted by looking at it."""
    rows = _rows(ctx, fits, 1) if wanted <= 1 else ()
    if wanted <= 1 and len(rows) < PAGE_ROWS:
        return rows, 1, 1, len(rows)
    total = ctx.session.scalar(select(func.count()).select_from(Learner).where(*fits)) or 0
    page, page_count = page_within(wanted, total)
    return rows or _rows(ctx, fits, page), page, page_count, total


def _rows(ctx: Context, fits: Sequence[ColumnElement[bool]], page: int) -> Sequence[Any]:
    ids = select(Learner.id).where(*fits).order_by(Learner.search_words, Learner.id)
    return ctx.session.execute(
        select(*CARD_COLUMNS)
        .where(Learner.id.in_(ids.limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)))
        .order_by(Learner.search_words, Learner.id)
    ).all()


def codes_url(ctx: Context) -> str:
    """No secret: the page asks who is there."""
    return f"{ctx.settings.base_url}/learners/codes"


# --- Who may see whom -------------------------------------------------------------------------------------


class ProviderSeen(Struct, frozen=True):
    provider_id: int
    ukprn: str
    name: str


class Sight(Struct, frozen=True):
    """The learners whom a staff member may see, at this moment."""

    providers: tuple[ProviderSeen, ...]
    is_whole: bool
    """All providers: then those learners, too, of whom no provider is known."""

    @property
    def visible(self) -> list[ColumnElement[bool]]:
        """Nobody sees somebody who was removed (LM)."""
        is_there: list[ColumnElement[bool]] = [Learner.removed_at.is_(None)]
        if self.is_whole:
            return is_there
        return [*is_there, Learner.provider_id.in_([each.provider_id for each in self.providers])]

    def provider(self, provider_id: int | None) -> ProviderSeen | None:
        return next((each for each in self.providers if each.provider_id == provider_id), None)

    def may_see(self, provider_id: int | None) -> bool:
        return self.is_whole or self.provider(provider_id) is not None


def sight_of(ctx: Context, staff: StaffMember) -> Sight:
    granted = access.granted_provider_ids(ctx, staff)
    rows = ctx.session.execute(select(Provider.id, Provider.ukprn, Provider.name).order_by(Provider.name, Provider.id))
    providers = tuple(ProviderSeen(*row) for row in rows if granted is None or row.id in granted)
    return Sight(providers, is_whole=granted is None)


# --- Words ------------------------------------------------------------------------------------------------


def _words_fit(sight: Sight, words: Sequence[str], exact: Sequence[int]) -> list[ColumnElement[bool]]:
    if not words:
        return []
    fits = and_(*(_word_fits(sight, word) for word in words))
    return [or_(fits, Learner.id.in_(exact)) if exact else fits]


def a_word_begins(part: str) -> ColumnElement[bool]:
    """``part`` as ``plain_words`` gives it."""
    return Learner.search_words.contains(f" {part}", autoescape=True)


def _word_fits(sight: Sight, word: str) -> ColumnElement[bool]:
    if (year := typed_year(word)) is not None:
        return Learner.academic_year == year
    if is_ukprn(word):
        return Learner.provider_id.in_([each.provider_id for each in sight.providers if each.ukprn == word])
    parts = [word] if "@" in word else plain_words(word)
    # Of marks alone nothing is left.
    named = and_(*map(a_word_begins, parts)) if parts else false()
    ways = [named, Learner.username.startswith(word, autoescape=True)]
    if providers := [each.provider_id for each in sight.providers if _is_named(each, parts)]:
        ways.append(Learner.provider_id.in_(providers))
    return or_(*ways)


def _is_named(provider: ProviderSeen, parts: Sequence[str]) -> bool:
    words = plain_words(provider.name)
    return bool(parts) and all(any(word.startswith(part) for word in words) for part in parts)


def exact_ids(ctx: Context, staff: StaffMember, search: str) -> tuple[int, ...]:
    """Whom one word alone names: by username, address or identifier, whole. In one statement, by its indexes."""
    words = typed_words(search)
    if len(words) != 1:
        return ()
    word = words[0]
    ways = [select(Learner.id).where(Learner.username == word)]
    if "@" in word:
        address = parse_address(word)
        if not isinstance(address, InvalidAddress):
            ways.append(select(Learner.id).where(Learner.email_key == address.key))
            ways.append(select(LearnerAddress.learner_id).where(LearnerAddress.address_key == address.key))
    elif any(map(str.isdigit, word)):
        ways += [select(Learner.id).where(fits) for fits in _hashes_fit(ctx, staff, word.upper())]
    # Each by its own index, which a planner does not find behind an "or".
    return tuple(ctx.session.scalars(union(*ways).limit(_EXACT_ROWS)))


def _hashes_fit(ctx: Context, staff: StaffMember, number: str) -> list[ColumnElement[bool]]:
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    if organisation.match_key is None:
        # Nobody was imported or created yet.
        return []
    # What is no such number is nobody's; nor is a temporary UPN.
    values = LearnerValues(uln=uln(number)[0], upn=upn(number)[0], ccis=ccis(number)[0])
    keys = hasher(ctx, organisation).keys(values)
    pairs = ((Learner.uln_hash, keys.uln_hash), (Learner.upn_hash, keys.upn_hash), (Learner.ccis_hash, keys.ccis_hash))
    return [column == value for column, value in pairs if value is not None]


# --- Cards ------------------------------------------------------------------------------------------------

CARD_COLUMNS: Final = (
    Learner.id, Learner.first_name, Learner.last_name, Learner.username, OWN_OR_FIRST_ADDRESS, Learner.year_group,
    Learner.academic_year, Learner.provider_id, Learner.access_code_used_at, Learner.access_code.is_not(None),
    Learner.created_at,
)  # fmt: skip
NEVER_SIGNED_IN: Final = (Learner.username.is_not(None), Learner.access_code_used_at.is_(None))


def card_of(sight: Sight, row: Any) -> LearnerCard:
    """``row`` has the CARD_COLUMNS."""
    learner_id, first, last, username, email, year_group, year, provider_id, used_at, has_code, created_at = row
    provider = sight.provider(provider_id)
    return LearnerCard(
        learner_id=learner_id,
        first_name=first,
        last_name=last,
        username=username or "",
        email=email or "",
        year_group=year_group or "",
        academic_year=year,
        provider=provider.name if provider else "",
        ukprn=provider.ukprn if provider else "",
        account=account_state(username, used_at, has_code=has_code),
        created_at=created_at,
    )


def account_state(username: str | None, used_at: datetime | None, *, has_code: bool) -> AccountState:
    if username is None:
        return AccountState.NONE
    if used_at is not None:
        return AccountState.USED
    return AccountState.NEVER if has_code else AccountState.ERASED
