"""Organisations begin here: owner, terms, set-up code, providers, agreements (LM, Accessing Learning Manager)."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from sqlalchemy import ColumnElement, Subquery, func, select, update

from core import access
from core.context import Context
from core.errors import AlreadyThere, OrganisationNotFound, StaffDetailsInvalid
from core.model import Agreement, Course, Learner, Organisation, Provider, StaffMember
from core.rules.policy import SETUP_CODE_LIFE
from core.rules.text import clean_name, folded
from core.usecases.staff.staff import InviteStaffMember, StaffMemberInvited, add_staff_member
from core.words import Role

_MOST_PENCE = 100_000_000
_MOST_PLACES = 1_000_000
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class CreateOrganisation(Struct, frozen=True):
    slug: str
    name: str
    time_zone: str
    owner_first_name: str
    owner_last_name: str
    owner_email: str


class OrganisationCreated(Struct, frozen=True):
    organisation_id: int
    slug: str
    name: str
    owner: StaffMemberInvited
    setup_code: str
    setup_valid_until: datetime


class ListOrganisations(Struct, frozen=True):
    pass


class OrganisationRow(Struct, frozen=True):
    slug: str
    name: str
    time_zone: str
    created_at: datetime
    has_terms: bool
    """They are accepted; else it does not work yet."""
    staff: int
    """Without those whose access was taken away; with those who are invited."""
    courses: int
    """Its own."""
    learners: int


class OrganisationsListed(Struct, frozen=True):
    rows: tuple[OrganisationRow, ...]


class NewSetupCode(Struct, frozen=True):
    slug: str


class SetupCodeMade(Struct, frozen=True):
    organisation: str
    setup_code: str
    valid_until: datetime


class AddProvider(Struct, frozen=True):
    organisation: str
    ukprn: str
    name: str


class ProviderAdded(Struct, frozen=True):
    provider_id: int
    ukprn: str
    name: str


class AddAgreement(Struct, frozen=True):
    """``organisation`` may invite to the courses of ``owner``, or to one ``course`` of it. Money in pence."""

    organisation: str
    owner: str
    course: str
    price_pence: int
    prepaid_count: int
    starts_at: datetime
    ends_at: datetime | None


class AgreementAdded(Struct, frozen=True):
    agreement_id: int


def create_organisation(ctx: Context, command: CreateOrganisation) -> OrganisationCreated:
    """Raises AlreadyThere for a slug that is taken, StaffDetailsInvalid for what cannot be used."""
    access.require_operator(ctx)
    organisation = _new_organisation(ctx, command)
    owner = add_staff_member(
        ctx,
        organisation,
        InviteStaffMember(
            organisation=organisation.slug,
            first_name=command.owner_first_name,
            last_name=command.owner_last_name,
            email=command.owner_email,
            role=Role.OWNER,
        ),
    )
    code = _renew_setup_code(ctx, organisation)
    return OrganisationCreated(
        organisation.id, organisation.slug, organisation.name, owner, code.setup_code, code.valid_until
    )


def list_organisations(ctx: Context, command: ListOrganisations) -> OrganisationsListed:
    """By short name; one statement, however many there are."""
    access.require_operator(ctx)
    staff = _counted(StaffMember, StaffMember.disabled_at.is_(None))
    courses, learners = _counted(Course), _counted(Learner, Learner.removed_at.is_(None))
    query = (
        select(
            *(Organisation.slug, Organisation.name, Organisation.time_zone, Organisation.created_at),
            Organisation.terms_accepted_at.is_not(None),
            *(func.coalesce(counted.c.number, 0) for counted in (staff, courses, learners)),
        )
        .outerjoin(staff, staff.c.organisation_id == Organisation.id)
        .outerjoin(courses, courses.c.organisation_id == Organisation.id)
        .outerjoin(learners, learners.c.organisation_id == Organisation.id)
        .order_by(Organisation.slug)
    )
    return OrganisationsListed(tuple(OrganisationRow(*row) for row in ctx.session.execute(query)))


def _counted(model: type[StaffMember | Course | Learner], *conditions: ColumnElement[bool]) -> Subquery:
    """By organisation: each table is gone through once."""
    number = func.count().label("number")
    return select(model.organisation_id, number).where(*conditions).group_by(model.organisation_id).subquery()


def new_setup_code(ctx: Context, command: NewSetupCode) -> SetupCodeMade:
    """The former code stops working."""
    access.require_operator(ctx)
    return _renew_setup_code(ctx, access.organisation_by_slug(ctx, command.slug))


def add_provider(ctx: Context, command: AddProvider) -> ProviderAdded:
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    if not re.fullmatch(r"1\d{7}", command.ukprn):
        raise StaffDetailsInvalid(problem=f"“{command.ukprn}” is no UKPRN: eight digits, the first one a 1.")
    taken = select(Provider.id).where(Provider.organisation_id == organisation.id, Provider.ukprn == command.ukprn)
    if ctx.session.scalar(taken) is not None:
        raise AlreadyThere(what=f"The provider {command.ukprn}", next_step="Nothing needs to be done.")
    provider = Provider(
        id=ctx.tokens.new_id(),
        organisation_id=organisation.id,
        ukprn=command.ukprn,
        name=_checked_name(command.name),
    )
    ctx.session.add(provider)
    return ProviderAdded(provider.id, provider.ukprn, provider.name)


def add_agreement(ctx: Context, command: AddAgreement) -> AgreementAdded:
    access.require_operator(ctx)
    organisation = access.organisation_by_slug(ctx, command.organisation)
    owner = access.organisation_by_slug(ctx, command.owner)
    _require_sound_agreement(organisation, owner, command)
    agreement = Agreement(
        id=ctx.tokens.new_id(),
        organisation_id=organisation.id,
        owner_id=owner.id,
        course_id=_course_id(ctx, owner, command.course) if command.course else None,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        price_pence=command.price_pence,
        prepaid_count=command.prepaid_count,
        prepaid_used=0,
    )
    ctx.session.add(agreement)
    return AgreementAdded(agreement.id)


def _course_id(ctx: Context, owner: Organisation, code: str) -> int:
    query = select(Course.id).where(Course.organisation_id == owner.id, Course.code == folded(code))
    course_id = ctx.session.scalar(query)
    if course_id is None:
        raise OrganisationNotFound(slug=f"{owner.slug} with a course {code}")
    return course_id


def _new_organisation(ctx: Context, command: CreateOrganisation) -> Organisation:
    slug = folded(command.slug)
    if not _SLUG.fullmatch(slug):
        raise StaffDetailsInvalid(problem=f"“{command.slug}” is no short name: letters, digits and hyphens, up to 64.")
    if ctx.session.scalar(select(Organisation.id).where(Organisation.slug == slug)) is not None:
        raise AlreadyThere(what=f"The organisation {slug}", next_step="Choose another short name.")
    organisation = Organisation(
        id=ctx.tokens.new_id(),
        slug=slug,
        name=_checked_name(command.name),
        time_zone=_known_zone(command.time_zone),
        created_at=ctx.now,
        setup_generation=0,
    )
    ctx.session.add(organisation)
    ctx.session.flush()
    return organisation


def _checked_name(typed: str) -> str:
    name = clean_name(typed, 200)
    if not name:
        raise StaffDetailsInvalid(problem="The name is missing.")
    return name


def _require_sound_agreement(organisation: Organisation, owner: Organisation, command: AddAgreement) -> None:
    if organisation.id == owner.id:
        raise StaffDetailsInvalid(problem=f"{owner.name} needs no agreement for its own courses.")
    if not 0 <= command.price_pence <= _MOST_PENCE:
        raise StaffDetailsInvalid(problem="A price is from 0 to 1,000,000 pounds.")
    if not 0 <= command.prepaid_count <= _MOST_PLACES:
        raise StaffDetailsInvalid(problem="The number of prepaid places is from 0 to 1,000,000.")
    if command.ends_at is not None and command.ends_at <= command.starts_at:
        raise StaffDetailsInvalid(problem="The agreement ends before it starts.")


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: “Europe” is a folder.
        raise StaffDetailsInvalid(problem=f"“{name}” is no time zone: write one like Europe/London.") from None


def _renew_setup_code(ctx: Context, organisation: Organisation) -> SetupCodeMade:
    """In one statement: of two made at once, each is another code, and the second ends the first."""
    valid_until = ctx.now + SETUP_CODE_LIFE
    generation = ctx.session.execute(
        update(Organisation)
        .where(Organisation.id == organisation.id)
        .values(setup_generation=Organisation.setup_generation + 1, setup_valid_until=valid_until)
        .returning(Organisation.setup_generation)
    ).scalar_one()
    code = ctx.links.setup_code(organisation.id, generation)
    return SetupCodeMade(organisation.name, f"{organisation.slug}-{code}", valid_until)
