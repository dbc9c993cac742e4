"""By a signed link: it is looked for in every organisation, and opens its own one only. All raise LinkNotFound."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, select

from core.access.scope import enter_organisation
from core.access.who import require_link_holder
from core.context import Context
from core.errors import LinkNotFound
from core.model import DigestSetting, Enrolment, InboundMessage, Invitation, JoinRequest, SignIn, StaffMember
from core.queries import Query
from core.rules.links import LinkKind, LinkTarget

Owned = TypeVar("Owned", DigestSetting, Enrolment, InboundMessage, Invitation, JoinRequest, SignIn, StaffMember)


def invitation_by_link(ctx: Context, token: str) -> Invitation:
    """The link is the proof. The transaction enters the invitation's organisation."""
    target = _target(ctx, LinkKind.INVITATION, token)
    return _opened(ctx, Invitation, target, Invitation.generation == target.generation)


def staff_by_link(ctx: Context, token: str) -> StaffMember:
    target = _target(ctx, LinkKind.STAFF_INVITATION, token)
    is_current = StaffMember.generation == target.generation
    return _opened(ctx, StaffMember, target, is_current, StaffMember.disabled_at.is_(None))


def shared_link_by_link(ctx: Context, token: str) -> LinkTarget:
    """What the signature says, without a query; ``row_of_shared_link`` opens the organisation."""
    require_link_holder(ctx)
    return _target(ctx, LinkKind.SHARED, token)


def row_of_shared_link(ctx: Context, target: LinkTarget, query: Query[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]]:
    """All that a look needs in one query: ten thousand learners may press at once.

    ``query`` finds the link by ``id`` and ``generation``; its first column is the link's organisation, which the
    transaction enters.
    """
    row = query.run_everywhere(ctx, id=target.id, generation=target.generation, now=ctx.now).one_or_none()
    if row is None:
        raise LinkNotFound
    enter_organisation(ctx, row[0])
    return row


def join_request_by_link(ctx: Context, token: str) -> JoinRequest:
    """The mail came to the address that was typed."""
    return _opened(ctx, JoinRequest, _target(ctx, LinkKind.JOIN_CONFIRMATION, token))


def enrolment_by_link(ctx: Context, token: str) -> int:
    """The enrolment's id: the mail that welcomed the learner carried the link."""
    target = _target(ctx, LinkKind.PLACE, token)
    _enter_owner(ctx, Enrolment, target)
    return target.id


def held_mail_by_link(ctx: Context, token: str) -> int:
    """The message's id: who was asked about it got the link at the address on record."""
    target = _target(ctx, LinkKind.HELD_MAIL, token)
    _enter_owner(ctx, InboundMessage, target)
    return target.id


def digest_setting_by_link(ctx: Context, token: str) -> DigestSetting:
    """The e-mail with a digest carried the link."""
    return _opened(ctx, DigestSetting, _target(ctx, LinkKind.DIGEST, token))


def sign_in_by_link(ctx: Context, token: str) -> SignIn:
    return _opened(ctx, SignIn, _target(ctx, LinkKind.SIGN_IN, token))


def _target(ctx: Context, kind: LinkKind, token: str) -> LinkTarget:
    target = ctx.links.read(kind, token)
    if target is None:
        raise LinkNotFound
    return target


def _opened(ctx: Context, model: type[Owned], target: LinkTarget, *which: ColumnElement[bool]) -> Owned:
    """Looks in every organisation for the owner's id only; the row itself is read inside its organisation."""
    _enter_owner(ctx, model, target, *which)
    row = ctx.session.get(model, target.id)
    if row is None:
        raise LinkNotFound
    return row


def _enter_owner(ctx: Context, model: type[Owned], target: LinkTarget, *which: ColumnElement[bool]) -> None:
    require_link_holder(ctx)
    owner = select(model.organisation_id).where(model.id == target.id, *which)
    organisation_id = ctx.session.execute(owner, execution_options={"all_organisations": True}).scalar_one_or_none()
    if organisation_id is None:
        raise LinkNotFound
    enter_organisation(ctx, organisation_id)
