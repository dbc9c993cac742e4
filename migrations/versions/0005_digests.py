"""Digests: who wants them and when, and the ones that were made

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only
from migrations.walls import lower_walls, raise_walls

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_digest_setting()
    _create_digest()
    _extend_progress()
    raise_walls(revision)


def downgrade() -> None:
    lower_walls(revision)
    with op.batch_alter_table("progress", schema=None) as batch_op:
        batch_op.drop_index("ix_progress_active_at", **only("is_latest"))
    op.drop_table("digest")
    op.drop_table("digest_setting")


def _create_digest_setting() -> None:
    op.create_table(
        "digest_setting",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("rhythm", one_of("digestrhythm", "weekly", "monthly"), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("in_slack", sa.Boolean(), nullable=False),
        sa.Column("only_changes", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_period", sa.String(length=10), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_digest_setting_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_digest_setting_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_setting")),
        sa.UniqueConstraint("staff_id", name=op.f("uq_digest_setting_staff_id")),
    )
    with op.batch_alter_table("digest_setting", schema=None) as batch_op:
        batch_op.create_index("ix_digest_setting_next_at_organisation_id", ["next_at", "organisation_id"], unique=False)


def _create_digest() -> None:
    op.create_table(
        "digest",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("setting_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_digest_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["setting_id"], ["digest_setting.id"], name=op.f("fk_digest_setting_id_digest_setting")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_digest_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest")),
        sa.UniqueConstraint("staff_id", "period", name=op.f("uq_digest_staff_id_period")),
    )
    with op.batch_alter_table("digest", schema=None) as batch_op:
        batch_op.create_index("ix_digest_until_at", ["until_at"], unique=False)


def _extend_progress() -> None:
    with op.batch_alter_table("progress", schema=None) as batch_op:
        batch_op.create_index(
            "ix_progress_active_at", ["organisation_id", "active_at"], unique=False, **only("is_latest")
        )
