"""By a signed link: it is looked for in every organisation, and opens its own one only."""

from typing import Any, TypeVar

from sqlalchemy import Row, Select, select

from core.access.scope import enter_organisation
from core.access.who import require_link_holder
from core.context import Context
from core.errors import (
    LinkNotFound,
)
from core.model import (
    DigestSetting,
    Enrolment,
    InboundMessage,
    Invitation,
    JoinRequest,
    SignIn,
    StaffMember,
)
from core.queries import Query
from core.rules.links import LinkKind, LinkTarget

Owned = TypeVar("Owned", DigestSetting, Invitation, JoinRequest, SignIn, StaffMember)


def invitation_by_link(ctx: Context, token: str) -> Invitation:
    """The link is the proof. The transaction enters the invitation's organisation. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.INVITATION, token)
    if target is None:
        raise LinkNotFound
    owner = select(Invitation.organisation_id).where(
        Invitation.id == target.id, Invitation.generation == target.generation
    )
    return _entered(ctx, Invitation, owner, target.id)


def staff_by_link(ctx: Context, token: str) -> StaffMember:
    target = ctx.links.read(LinkKind.STAFF_INVITATION, token)
    if target is None:
        raise LinkNotFound
    owner = select(StaffMember.organisation_id).where(
        StaffMember.id == target.id,
        StaffMember.generation == target.generation,
        StaffMember.disabled_at.is_(None),
    )
    return _entered(ctx, StaffMember, owner, target.id)


def shared_link_by_link(ctx: Context, token: str) -> LinkTarget:
    """What the signature says, without a query; ``row_of_shared_link`` opens the organisation. Raises LinkNotFound."""
    require_link_holder(ctx)
    target = ctx.links.read(LinkKind.SHARED, token)
    if target is None:
        raise LinkNotFound
    return target


def row_of_shared_link(ctx: Context, target: LinkTarget, query: Query[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]]:
    """All that a look needs in one query: ten thousand learners may press at once. Raises LinkNotFound.

    ``query`` finds the link by ``id`` and ``generation``; its first column is the link's organisation, which the
    transaction enters.
    """
    row = query.run_everywhere(ctx, id=target.id, generation=target.generation, now=ctx.now).one_or_none()
    if row is None:
        raise LinkNotFound
    enter_organisation(ctx, row[0])
    return row


def join_request_by_link(ctx: Context, token: str) -> JoinRequest:
    """The mail came to the address that was typed. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.JOIN_CONFIRMATION, token)
    if target is None:
        raise LinkNotFound
    owner = select(JoinRequest.organisation_id).where(JoinRequest.id == target.id)
    return _entered(ctx, JoinRequest, owner, target.id)


def enrolment_by_link(ctx: Context, token: str) -> int:
    """The enrolment's id: the mail that welcomed the learner carried the link. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.PLACE, token)
    if target is None:
        raise LinkNotFound
    _enter_owner(ctx, select(Enrolment.organisation_id).where(Enrolment.id == target.id))
    return target.id


def held_mail_by_link(ctx: Context, token: str) -> int:
    """The message's id: who was asked about it got the link at the address on record. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.HELD_MAIL, token)
    if target is None:
        raise LinkNotFound
    _enter_owner(ctx, select(InboundMessage.organisation_id).where(InboundMessage.id == target.id))
    return target.id


def digest_setting_by_link(ctx: Context, token: str) -> DigestSetting:
    """The e-mail with a digest carried the link. Raises LinkNotFound."""
    target = ctx.links.read(LinkKind.DIGEST, token)
    if target is None:
        raise LinkNotFound
    owner = select(DigestSetting.organisation_id).where(DigestSetting.id == target.id)
    return _entered(ctx, DigestSetting, owner, target.id)


def sign_in_by_link(ctx: Context, token: str) -> SignIn:
    target = ctx.links.read(LinkKind.SIGN_IN, token)
    if target is None:
        raise LinkNotFound
    return _entered(ctx, SignIn, select(SignIn.organisation_id).where(SignIn.id == target.id), target.id)


def _entered(ctx: Context, model: type[Owned], owner: Select[int], row_id: int) -> Owned:
    """Looks in every organisation for the owner's id only; the row itself is read inside its organisation."""
    _enter_owner(ctx, owner)
    row = ctx.session.get(model, row_id)
    if row is None:
        raise LinkNotFound
    return row


def _enter_owner(ctx: Context, owner: Select[int] | Select[int | None]) -> None:
    require_link_holder(ctx)
    found = ctx.session.execute(owner, execution_options={"all_organisations": True})
    organisation_id = found.scalar_one_or_none()
    if organisation_id is None:
        raise LinkNotFound
    enter_organisation(ctx, organisation_id)
