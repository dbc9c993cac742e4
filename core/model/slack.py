"""Installations of the Slack app, workspaces bound to organisations, and Slack users bound to staff members."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned


class SlackInstallation(Base):
    """installed -> removed (token erased) -> installed again. No organisation's: it comes before the binding."""

    __tablename__ = "slack_installation"
    __table_args__ = (UniqueConstraint("enterprise_id", "team_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    enterprise_id: Mapped[str] = mapped_column(String(32))
    team_id: Mapped[str] = mapped_column(String(32))
    """Empty: installed for a whole enterprise."""
    team_name: Mapped[str] = mapped_column(String(200))
    bot_token: Mapped[str] = mapped_column(Text)
    """Encrypted; empty once the app was removed."""
    bot_user_id: Mapped[str] = mapped_column(String(32))
    app_id: Mapped[str] = mapped_column(String(32))
    scopes: Mapped[str] = mapped_column(Text)
    installed_at: Mapped[datetime]
    installed_by: Mapped[str] = mapped_column(String(32))
    removed_at: Mapped[datetime | None]


class SlackInstallState(Base):
    """A state that came back from Slack: it counts once. Only its digest is kept."""

    __tablename__ = "slack_install_state"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(index=True)


class SlackWorkspace(OrganisationOwned, Base):
    """bound -> removed, for good: who installs the app again binds anew, maybe to another organisation.

    Keyed by (enterprise, team) as long as it is bound: an organisation-wide installation has no team.
    """

    __tablename__ = "slack_workspace"
    __table_args__ = (
        Index(
            "uq_slack_workspace_live",
            "enterprise_id",
            "team_id",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    enterprise_id: Mapped[str] = mapped_column(String(32), default="")
    team_id: Mapped[str] = mapped_column(String(32), default="")
    bound_at: Mapped[datetime]
    bound_by: Mapped[str] = mapped_column(String(32))
    removed_at: Mapped[datetime | None]


class SlackUser(OrganisationOwned, Base):
    """asked (code mailed, confirmed_at empty) -> confirmed -> unlinked (confirmed_at empty again).

    A wrong code counts; five end it.
    """

    __tablename__ = "slack_user"
    __table_args__ = (UniqueConstraint("workspace_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    workspace_id: Mapped[int] = mapped_column(Id, ForeignKey("slack_workspace.id"))
    user_id: Mapped[str] = mapped_column(String(32))
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    code_valid_until: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime | None]
