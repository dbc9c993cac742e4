"""One-time access codes to hand out: of learners who never signed in, for a workbook or for slips of paper (UM 7.3).

Codes are decrypted here only, for a staff member who is signed in on the web; the audit notes every time. Neither a
chat nor an e-mail ever has one.
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select

from core import access
from core.access import Permission
from core.confidential import Confidential
from core.context import Context
from core.errors import TooManyLearners
from core.model import Learner, Organisation
from core.rules.policy import ACCESS_CODES
from core.rules.ucas.columns import Column
from core.usecases.imports.values import LEARNER_COLUMNS, keeper
from core.usecases.learners.lists import NEVER_SIGNED_IN, Sight, sight_of


class ShowCodesPage(Struct, frozen=True):
    pass


class ProviderCount(Struct, frozen=True):
    ukprn: str
    name: str
    learners: int


class CodesPage(Struct, frozen=True):
    """Who never signed in, by provider; no names and no codes."""

    organisation: str
    providers: tuple[ProviderCount, ...]
    total: int
    sign_in_url: str
    """Of the learners' site; empty: the operator has not said."""


class LoadAccessCodes(Struct, frozen=True):
    """``ukprn`` empty: of all providers whom the asker may manage."""

    ukprn: str = ""
    most: int = ACCESS_CODES


class AccessCode(Confidential, frozen=True):
    username: str
    code: str
    """Empty: erased."""
    first_name: str
    last_name: str
    year_group: str
    dob: str
    email: str
    provider: str
    ukprn: str
    created_at: datetime

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class CodesLoaded(Struct, frozen=True):
    organisation: str
    time_zone: str
    sign_in_url: str
    codes: tuple[AccessCode, ...]
    """By provider and last name."""
    made_at: datetime


def show_codes_page(ctx: Context, command: ShowCodesPage) -> CodesPage:
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    sight = sight_of(ctx, staff)
    query = (
        select(Learner.provider_id, func.count().label("learners"))
        .where(*sight.visible, *NEVER_SIGNED_IN)
        .group_by(Learner.provider_id)
    )
    counts = {row.provider_id: row.learners for row in ctx.session.execute(query)}
    return CodesPage(
        organisation=ctx.session.get_one(Organisation, staff.organisation_id).name,
        providers=tuple(
            ProviderCount(each.ukprn, each.name, counts[each.provider_id])
            for each in sight.providers
            if each.provider_id in counts
        ),
        total=sum(counts.values()),
        sign_in_url=ctx.settings.learner_sign_in_url,
    )


def load_access_codes(ctx: Context, command: LoadAccessCodes) -> CodesLoaded:
    """Run, not read: the audit notes who took them. Raises TooManyLearners."""
    staff = access.require_staff(ctx, Permission.MANAGE_LEARNERS)
    sight = sight_of(ctx, staff)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return CodesLoaded(
        organisation=organisation.name,
        time_zone=organisation.time_zone,
        sign_in_url=ctx.settings.learner_sign_in_url,
        codes=_codes(ctx, sight, command),
        made_at=ctx.now,
    )


def _codes(ctx: Context, sight: Sight, command: LoadAccessCodes) -> tuple[AccessCode, ...]:
    fits = [*sight.visible, *NEVER_SIGNED_IN]
    if command.ukprn:
        chosen = [each.provider_id for each in sight.providers if each.ukprn == command.ukprn]
        fits.append(Learner.provider_id.in_(chosen))
    query = select(*LEARNER_COLUMNS, Learner.access_code, Learner.created_at).where(*fits)
    rows = ctx.session.execute(query.order_by(Learner.search_words, Learner.id).limit(command.most + 1)).all()
    if len(rows) > command.most:
        total = ctx.session.scalar(select(func.count()).select_from(Learner).where(*fits)) or 0
        raise TooManyLearners(count=f"{total:,}", limit=f"{command.most:,}")
    kept = keeper(ctx)
    codes: list[AccessCode] = []
    for row in rows:
        provider = sight.provider(row.provider_id)
        values = kept.learner_values(row, provider.ukprn if provider else None)
        codes.append(
            AccessCode(
                username=row.username,
                code=kept.vault.decrypt(row.access_code, "learner.access_code") if row.access_code else "",
                first_name=row.first_name,
                last_name=row.last_name,
                year_group=row.year_group or "",
                dob=values.dob or "",
                email=row.email or "",
                provider=provider.name if provider else "",
                ukprn=provider.ukprn if provider else "",
                created_at=row.created_at,
            )
        )
    return tuple(sorted(codes, key=lambda code: code.provider))


HEADINGS = (
    ("Username", 26), ("One-time access code", 22), ("First name", 18), ("Last name", 18),
    (Column.YEAR_GROUP.value, 20), (Column.DOB.value, 12), (Column.EMAIL.value, 40), ("Provider", 30),
    (Column.UKPRN.value, 12), ("Date created", 14),
)  # fmt: skip
"""Of the workbook, with the widths of the columns."""
