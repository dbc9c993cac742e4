"""Staff members: invited by mail, working once they accepted the terms (LM, Accessing; UM 3)."""

import re
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select, update

from core import access
from core.context import Context
from core.errors import AlreadyThere, InvitationClosed, StaffDetailsInvalid
from core.model import Organisation, Provider, ProviderGrant, StaffMember
from core.outbox import email_row, say
from core.rules.addresses import Address, InvalidAddress, parse_address
from core.rules.links import LinkKind
from core.rules.policy import NAME_CHARACTERS, STAFF_INVITATION_LIFE, TERMS_VERSION
from core.rules.text import clean_name
from core.words import MessageKind, Role, Subject

# UM 3.3.
_USERNAME = re.compile(r"[A-Za-z0-9@.\-_]{6,256}")


class InviteStaffMember(Struct, frozen=True):
    """``providers`` are UKPRNs; empty means all of the organisation."""

    organisation: str
    first_name: str
    last_name: str
    email: str
    role: Role
    telephone: str = ""
    providers: tuple[str, ...] = ()


class StaffMemberInvited(Struct, frozen=True):
    staff_id: int
    name: str
    email: str
    role: Role
    token: str
    """For the operator's eyes: the same link is in the e-mail."""
    is_again: bool
    """The person is known and had not answered: the former link has ended."""


class ShowStaffInvitation(Struct, frozen=True):
    token: str


class StaffInvitationShown(Struct, frozen=True):
    organisation: str
    name: str
    role: Role
    terms_version: str
    needs_terms: bool
    """An owner of an organisation that has not accepted the terms is asked to."""
    is_accepted: bool
    is_open: bool
    """False: it is too old, and only a new one helps."""


class AcceptStaffInvitation(Struct, frozen=True):
    token: str


class StaffInvitationAccepted(Struct, frozen=True):
    organisation: str
    name: str
    role: Role


def invite_staff_member(ctx: Context, command: InviteStaffMember) -> StaffMemberInvited:
    access.require_operator(ctx)
    return add_staff_member(ctx, access.organisation_by_slug(ctx, command.organisation), command)


def add_staff_member(ctx: Context, organisation: Organisation, command: InviteStaffMember) -> StaffMemberInvited:
    """The caller has authorised. Whoever has not answered yet is invited again, as they are on record.

    Raises StaffDetailsInvalid, AlreadyThere.
    """
    address = _checked_address(command.email)
    known = _known(ctx, organisation, address)
    if known is None:
        staff = _new_staff_member(ctx, organisation, address, command)
    else:
        staff = known
        _renew(ctx, organisation, staff, command.role)
    _send_invitation(ctx, staff)
    ctx.about(Subject.STAFF, staff.id, organisation_id=organisation.id)
    token = ctx.links.token(LinkKind.STAFF_INVITATION, staff.id, staff.generation)
    return StaffMemberInvited(staff.id, staff.name, staff.email, staff.role, token, is_again=known is not None)


def _new_staff_member(
    ctx: Context, organisation: Organisation, address: Address, command: InviteStaffMember
) -> StaffMember:
    staff = StaffMember(
        id=ctx.tokens.new_id(),
        organisation_id=organisation.id,
        first_name=_checked_name(command.first_name, "first name"),
        last_name=_checked_name(command.last_name, "last name"),
        email=address.address,
        email_key=address.key,
        telephone=clean_name(command.telephone, 32),
        username=_free_username(ctx, organisation, address.address),
        role=command.role,
        all_providers=not command.providers,
        generation=0,
        created_at=ctx.now,
        invited_at=ctx.now,
    )
    ctx.session.add(staff)
    ctx.session.flush()
    grant_providers(ctx, organisation, staff, command.providers)
    return staff


def _renew(ctx: Context, organisation: Organisation, staff: StaffMember, role: Role) -> None:
    """A new link, and two weeks from now; the former link ends. Not for who has answered, or left."""
    is_waiting = staff.accepted_at is None and staff.disabled_at is None
    if is_waiting and staff.role is not role:
        # Repeating the command without --role must not make a manager of an owner.
        raise StaffDetailsInvalid(problem=f"{staff.email} is invited to {organisation.name} as {staff.role} already.")
    _renew_link(ctx, staff)


def _renew_link(ctx: Context, staff: StaffMember) -> None:
    """In one statement: of two made at once, each is another link, and the second ends the first."""
    renewed = ctx.session.execute(
        update(StaffMember)
        .where(StaffMember.id == staff.id, StaffMember.accepted_at.is_(None), StaffMember.disabled_at.is_(None))
        .values(generation=StaffMember.generation + 1, invited_at=ctx.now)
        .returning(StaffMember.id)
    ).one_or_none()
    if renewed is None:
        next_step = f"Nobody was invited again. “staff {staff.email}” shows them, also if they are disabled."
        raise AlreadyThere(what=staff.email, next_step=next_step)
    ctx.session.refresh(staff)


def show_staff_invitation(ctx: Context, command: ShowStaffInvitation) -> StaffInvitationShown:
    staff = access.staff_by_link(ctx, command.token)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return StaffInvitationShown(
        organisation=organisation.name,
        name=staff.name,
        role=staff.role,
        terms_version=TERMS_VERSION,
        needs_terms=staff.role is Role.OWNER and organisation.terms_accepted_at is None,
        is_accepted=staff.accepted_at is not None,
        is_open=is_invitation_open(staff, ctx.now),
    )


def accept_staff_invitation(ctx: Context, command: AcceptStaffInvitation) -> StaffInvitationAccepted:
    """An owner's acceptance is the organisation's acceptance of the terms; version and time are kept."""
    staff = access.staff_by_link(ctx, command.token)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    if not is_invitation_open(staff, ctx.now):
        raise InvitationClosed(state="too old", next_step="Ask for a new one.")
    staff.accepted_at = staff.accepted_at or ctx.now
    ctx.about(Subject.STAFF, staff.id)
    if staff.role is Role.OWNER and organisation.terms_accepted_at is None:
        organisation.terms_version = TERMS_VERSION
        organisation.terms_accepted_at = ctx.now
    return StaffInvitationAccepted(organisation.name, staff.name, staff.role)


def renew_invitation(ctx: Context, staff: StaffMember) -> None:
    """A new e-mail with a new link, which lives anew. The caller has authorised. Raises AlreadyThere."""
    _renew_link(ctx, staff)
    _send_invitation(ctx, staff)


def invitation_ends(staff: StaffMember) -> datetime:
    return staff.invited_at + STAFF_INVITATION_LIFE


def is_invitation_open(staff: StaffMember, now: datetime) -> bool:
    """Who has answered it once may open it for ever: an owner finds the terms there."""
    return staff.accepted_at is not None or invitation_ends(staff) > now


def _checked_address(typed: str) -> Address:
    found = parse_address(typed)
    if isinstance(found, InvalidAddress):
        raise StaffDetailsInvalid(problem=f"“{found.text}” is no e-mail address.")
    return found


def _checked_name(typed: str, part: str) -> str:
    name = clean_name(typed, NAME_CHARACTERS)
    if not name:
        raise StaffDetailsInvalid(problem=f"The {part} is missing.")
    return name


def _checked_username(email: str) -> str:
    """The address in the first instance (UM 1.4), where its characters are allowed in a username."""
    username = re.sub(r"[^A-Za-z0-9@.\-_]", "_", email)
    if not _USERNAME.fullmatch(username):
        raise StaffDetailsInvalid(problem=f"“{email}” is too short or too long to be a username.")
    return username


def _free_username(ctx: Context, organisation: Organisation, email: str) -> str:
    """Two addresses may be spelled alike once their other characters are gone: a number tells them apart."""
    wanted = _checked_username(email)
    query = select(StaffMember.username).where(
        StaffMember.organisation_id == organisation.id, StaffMember.username.startswith(wanted, autoescape=True)
    )
    taken = set(ctx.session.scalars(query))
    candidates = (f"{wanted}-{number}" if number > 1 else wanted for number in range(1, len(taken) + 2))
    return next(each for each in candidates if each not in taken)


def _known(ctx: Context, organisation: Organisation, address: Address) -> StaffMember | None:
    query = select(StaffMember).where(
        StaffMember.organisation_id == organisation.id, StaffMember.email_key == address.key
    )
    return ctx.session.scalars(query).one_or_none()


def grant_providers(ctx: Context, organisation: Organisation, staff: StaffMember, ukprns: tuple[str, ...]) -> None:
    """Raises StaffDetailsInvalid for a UKPRN that is none of the organisation's."""
    if not ukprns:
        return
    query = select(Provider.ukprn, Provider.id).where(
        Provider.organisation_id == organisation.id, Provider.ukprn.in_(ukprns)
    )
    known = {row.ukprn: row.id for row in ctx.session.execute(query)}
    missing = [ukprn for ukprn in ukprns if ukprn not in known]
    if missing:
        raise StaffDetailsInvalid(problem=f"{organisation.name} has no provider {', '.join(missing)}.")
    grants = [
        {
            "id": ctx.tokens.new_id(),
            "organisation_id": organisation.id,
            "staff_id": staff.id,
            "provider_id": provider_id,
        }
        for provider_id in known.values()
    ]
    access.insert_all(ctx, ProviderGrant, grants)


def _send_invitation(ctx: Context, staff: StaffMember) -> None:
    row = email_row(
        ctx,
        MessageKind.STAFF_INVITATION,
        to=staff.email,
        to_key=staff.email_key,
        about_id=staff.id,
        key=f"staff_invitation:{staff.id}:{staff.generation}",
        not_before=ctx.now,
    )
    say(ctx, [{**row, "organisation_id": staff.organisation_id}])
