"""Slack workspaces bound to organisations, and Slack users bound to staff members."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned


class SlackWorkspace(OrganisationOwned, Base):
    """Keyed by (enterprise, team): an organisation-wide installation has no team."""

    __tablename__ = "slack_workspace"
    __table_args__ = (UniqueConstraint("enterprise_id", "team_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    enterprise_id: Mapped[str] = mapped_column(String(32), default="")
    team_id: Mapped[str] = mapped_column(String(32), default="")
    bot_token: Mapped[str] = mapped_column(Text, default="")
    """Encrypted; empty: the token of the settings serves this workspace."""
    bound_at: Mapped[datetime]
    bound_by: Mapped[str] = mapped_column(String(32))
    removed_at: Mapped[datetime | None]


class SlackUser(OrganisationOwned, Base):
    """asked (code mailed, confirmed_at empty) -> confirmed. A wrong code counts; five end it."""

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
