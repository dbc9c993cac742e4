"""Who somebody is while their organisation is not known yet (a browser, a Slack user); and organisations by name."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from core.access.scope import enter_organisation
from core.context import Context, Door, SlackVisitor, StaffActor
from core.errors import OrganisationNotFound
from core.model import Organisation, SignIn, SlackUser, SlackWorkspace, StaffMember, StaffSession
from core.queries import Query
from core.rules.policy import SIGN_IN_TRIES
from core.rules.text import folded


def try_sign_ins(ctx: Context, browser_digest: str) -> Sequence[Row[int, int, int, int]]:
    """Counts one more code against each sign-in that this browser waits for, and says which ones may still be tried."""
    tried = (
        update(SignIn)
        .where(SignIn.browser_digest == browser_digest, SignIn.used_at.is_(None), SignIn.expires_at > ctx.now)
        # What was not mailed has no code that anybody could know.
        .where(SignIn.is_mailed, SignIn.code_tries < SIGN_IN_TRIES)
        # In one statement: of many guesses at once each counts.
        .values(code_tries=SignIn.code_tries + 1)
        .returning(SignIn.id, SignIn.organisation_id, SignIn.staff_id, SignIn.code_tries)
    )
    return ctx.session.execute(tried, execution_options={"all_organisations": True}).all()


def session_staff(ctx: Context, digest: str) -> StaffActor | None:
    """Whose browser this is, as long as the session lasts and nothing ended it."""
    query = (
        select(StaffSession.organisation_id, StaffSession.staff_id)
        .join(StaffMember, StaffMember.id == StaffSession.staff_id)
        .where(
            StaffSession.digest == digest,
            StaffSession.expires_at > ctx.now,
            StaffSession.username == StaffMember.username,
            StaffMember.disabled_at.is_(None),
        )
    )
    found = ctx.session.execute(query, execution_options={"all_organisations": True}).one_or_none()
    return StaffActor(found.organisation_id, found.staff_id, Door.WEB) if found else None


# --- Slack ------------------------------------------------------------------------------------------------


def slack_staff(ctx: Context, visitor: SlackVisitor) -> StaffActor | None:
    """The staff member whom this Slack user confirmed to be, in the organisation the workspace is bound to."""
    query = (
        select(SlackUser.organisation_id, SlackUser.staff_id)
        .join(SlackWorkspace, SlackWorkspace.id == SlackUser.workspace_id)
        .join(StaffMember, StaffMember.id == SlackUser.staff_id)
        .where(
            *_is_workspace(visitor),
            SlackUser.user_id == visitor.user_id,
            SlackUser.confirmed_at.is_not(None),
            StaffMember.disabled_at.is_(None),
        )
    )
    found = ctx.session.execute(query, execution_options={"all_organisations": True}).one_or_none()
    return StaffActor(found.organisation_id, found.staff_id, visitor.door) if found else None


def workspace_of(ctx: Context, visitor: SlackVisitor) -> SlackWorkspace | None:
    """The bound workspace; the transaction enters its organisation."""
    query = select(SlackWorkspace.organisation_id, SlackWorkspace.id).where(*_is_workspace(visitor))
    found = ctx.session.execute(query, execution_options={"all_organisations": True}).one_or_none()
    if found is None:
        return None
    enter_organisation(ctx, found.organisation_id)
    return ctx.session.get(SlackWorkspace, found.id)


def _is_workspace(visitor: SlackVisitor) -> tuple[Any, ...]:
    return (
        SlackWorkspace.enterprise_id == visitor.enterprise_id,
        SlackWorkspace.team_id == visitor.team_id,
        SlackWorkspace.removed_at.is_(None),
    )


# --- E-mail -----------------------------------------------------------------------------------------------


def staff_by_address(ctx: Context, keys: Sequence[str]) -> Sequence[Row[int, int, str]]:
    """(organisation_id, staff_id, slug) of whoever works under one of these addresses. For mail that comes in."""
    return _BY_ADDRESS.run_everywhere(ctx, keys=list(keys)).all()


_BY_ADDRESS = Query(
    select(StaffMember.organisation_id, StaffMember.id.label("staff_id"), Organisation.slug)
    .join(Organisation, Organisation.id == StaffMember.organisation_id)
    .where(
        StaffMember.email_key.in_(bindparam("keys", expanding=True)),
        StaffMember.accepted_at.is_not(None),
        StaffMember.disabled_at.is_(None),
    )
    .order_by(Organisation.slug, StaffMember.id)
)


# --- Organisations ----------------------------------------------------------------------------------------


def organisation_by_slug(ctx: Context, slug: str) -> Organisation:
    """For operators and for set-up codes. Raises OrganisationNotFound."""
    found = ctx.session.scalars(select(Organisation).where(Organisation.slug == folded(slug))).one_or_none()
    if found is None:
        raise OrganisationNotFound(slug=slug)
    return found
