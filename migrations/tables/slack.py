"""Workspaces, their installation, and who is who in them."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, only


def create_slack_installation() -> None:
    op.create_table(
        "slack_installation",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("team_name", sa.String(length=200), nullable=False),
        sa.Column("bot_token", sa.Text(), nullable=False),
        sa.Column("bot_user_id", sa.String(length=32), nullable=False),
        sa.Column("app_id", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("installed_by", sa.String(length=32), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_installation")),
        sa.UniqueConstraint("enterprise_id", "team_id", name=op.f("uq_slack_installation_enterprise_id_team_id")),
    )


def create_slack_install_state() -> None:
    op.create_table(
        "slack_install_state",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_slack_install_state")),
    )
    with op.batch_alter_table("slack_install_state", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slack_install_state_used_at"), ["used_at"], unique=False)


def create_slack_workspace() -> None:
    op.create_table(
        "slack_workspace",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bound_by", sa.String(length=32), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_slack_workspace_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_workspace")),
    )
    with op.batch_alter_table("slack_workspace", schema=None) as batch_op:
        batch_op.create_index(
            "uq_slack_workspace_live", ["enterprise_id", "team_id"], unique=True, **only("removed_at IS NULL")
        )


def create_slack_user() -> None:
    op.create_table(
        "slack_user",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("workspace_id", ID, nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("code_valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_slack_user_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_slack_user_staff_id_staff_member")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["slack_workspace.id"], name=op.f("fk_slack_user_workspace_id_slack_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_user")),
        sa.UniqueConstraint("workspace_id", "user_id", name=op.f("uq_slack_user_workspace_id_user_id")),
    )
    with op.batch_alter_table("slack_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slack_user_staff_id"), ["staff_id"], unique=False)
