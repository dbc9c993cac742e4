"""The Slack app in a workspace: installed over OAuth with a token of its own, removed, installed again.

    Slack's consent page --state of this browser, once--> installed --uninstalled, tokens revoked--> removed
    removed --installed again--> installed, and to be bound anew by a set-up code

1. A state is signed, ten minutes old at most, and counts once. Looking at the page stores nothing.
2. Tokens are stored here and nowhere else, encrypted; a removed installation has none.
3. An event that tells of an older removal leaves a newer installation alone.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from core import access
from core.confidential import Confidential
from core.context import Context
from core.errors import InstallationExpired, InstallationRepeated, LinkNotFound
from core.model import SlackInstallation, SlackInstallState, SlackUser, SlackWorkspace
from core.rules.links import LinkKind
from core.rules.policy import INSTALL_STATE_LIFE
from core.rules.text import clean_name

_PLACE = "slack_installation.bot_token"
_RANDOM_BITS = 30


class BeginInstallation(Struct, frozen=True):
    pass


class InstallationBegun(Struct, frozen=True):
    """``state`` goes to Slack and into a cookie of this browser; both must come back."""

    state: str


class CheckInstallation(Struct, frozen=True):
    state: str


class InstallationChecked(Struct, frozen=True):
    pass


class InstallApp(Confidential, frozen=True):
    """What Slack grants for a code. ``team_id`` is empty for an installation in a whole enterprise."""

    state: str
    enterprise_id: str
    team_id: str
    team_name: str
    bot_token: str
    bot_user_id: str
    app_id: str
    scopes: str
    installed_by: str


class AppInstalled(Struct, frozen=True):
    team_name: str
    is_again: bool


class RemoveInstallation(Struct, frozen=True):
    """``happened_at``: to the second, as Slack tells it."""

    enterprise_id: str
    team_id: str
    happened_at: datetime


class InstallationRemoved(Struct, frozen=True):
    """How many people were connected there."""

    unlinked: int


class ShowWorkspaceToken(Struct, frozen=True):
    enterprise_id: str
    team_id: str


class WorkspaceToken(Confidential, frozen=True):
    """``token`` empty: nothing is installed here that we know of, and the settings' token may serve."""

    token: str
    is_removed: bool
    """The app was removed here: no other token serves."""


def begin_installation(ctx: Context, command: BeginInstallation) -> InstallationBegun:
    """Stores nothing: the state itself says when it was made."""
    access.require_link_holder(ctx)
    stamp = int(ctx.now.timestamp()) << _RANDOM_BITS | ctx.tokens.new_id() % (1 << _RANDOM_BITS)
    return InstallationBegun(ctx.links.token(LinkKind.SLACK_INSTALL, stamp))


def check_installation(ctx: Context, command: CheckInstallation) -> InstallationChecked:
    """Before Slack's code is spent. Raises what ``install_app`` raises."""
    access.require_link_holder(ctx)
    _require_fresh(ctx, command.state)
    return InstallationChecked()


def install_app(ctx: Context, command: InstallApp) -> AppInstalled:
    """Raises InstallationExpired, InstallationRepeated, LinkNotFound: then nothing is stored."""
    access.require_link_holder(ctx)
    _require_fresh(ctx, command.state)
    ctx.session.add(SlackInstallState(digest=_digest(command.state), used_at=ctx.now))
    installation = _installation(ctx, command.enterprise_id, command.team_id)
    is_again = installation is not None
    if installation is None:
        installation = SlackInstallation(
            id=ctx.tokens.new_id(), enterprise_id=command.enterprise_id, team_id=command.team_id
        )
        ctx.session.add(installation)
    installation.team_name = clean_name(command.team_name, 200)
    installation.bot_token = ctx.vault.encrypt(command.bot_token, _PLACE)
    installation.bot_user_id = command.bot_user_id
    installation.app_id = command.app_id
    installation.scopes = command.scopes
    installation.installed_at = ctx.now
    installation.installed_by = command.installed_by
    installation.removed_at = None
    return AppInstalled(installation.team_name, is_again)


def remove_installation(ctx: Context, command: RemoveInstallation) -> InstallationRemoved:
    """The token is erased, the workspace is bound to nobody, and nobody there is known any more."""
    access.require_system(ctx)
    ctx.session.execute(
        update(SlackInstallation)
        .where(*_is_at(SlackInstallation, command), SlackInstallation.removed_at.is_(None))
        .where(_is_older(SlackInstallation.installed_at, command))
        .values(removed_at=ctx.now, bot_token="")
    )
    removed = ctx.session.scalars(
        update(SlackWorkspace)
        .where(*_is_at(SlackWorkspace, command), SlackWorkspace.removed_at.is_(None))
        .where(_is_older(SlackWorkspace.bound_at, command))
        .values(removed_at=ctx.now)
        .returning(SlackWorkspace.id)
    ).all()
    unlinked = ctx.session.scalars(
        update(SlackUser)
        .where(SlackUser.workspace_id.in_(removed))
        .values(confirmed_at=None, code_valid_until=None)
        .returning(SlackUser.id)
    ).all()
    return InstallationRemoved(len(unlinked))


def show_workspace_token(ctx: Context, command: ShowWorkspaceToken) -> WorkspaceToken:
    """For the bot itself: which token answers in this workspace."""
    access.require_system(ctx)
    installation = _installation(ctx, command.enterprise_id, command.team_id)
    if installation is None:
        return WorkspaceToken("", is_removed=False)
    return WorkspaceToken(clear_token(ctx, installation.bot_token), is_removed=installation.removed_at is not None)


def clear_token(ctx: Context, stored: str) -> str:
    return ctx.vault.decrypt(stored, _PLACE) if stored else ""


def _installation(ctx: Context, enterprise_id: str, team_id: str) -> SlackInstallation | None:
    return ctx.session.scalars(
        select(SlackInstallation).where(
            SlackInstallation.enterprise_id == enterprise_id, SlackInstallation.team_id == team_id
        )
    ).one_or_none()


def _is_at(table: type[SlackInstallation] | type[SlackWorkspace], command: RemoveInstallation) -> tuple[Any, ...]:
    return table.enterprise_id == command.enterprise_id, table.team_id == command.team_id


def _is_older(moment: InstrumentedAttribute[datetime], command: RemoveInstallation) -> Any:
    # Slack's moment has no fractions: what was done in the same second was there before it was removed.
    return moment < datetime.fromtimestamp(command.happened_at.timestamp() + 1, UTC)


def _require_fresh(ctx: Context, state: str) -> None:
    target = ctx.links.read(LinkKind.SLACK_INSTALL, state)
    if target is None:
        raise LinkNotFound
    if ctx.session.get(SlackInstallState, _digest(state)) is not None:
        raise InstallationRepeated
    begun_at = datetime.fromtimestamp(target.id >> _RANDOM_BITS, UTC)
    if begun_at + INSTALL_STATE_LIFE <= ctx.now:
        raise InstallationExpired(minutes=int(INSTALL_STATE_LIFE.total_seconds() // 60))


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
