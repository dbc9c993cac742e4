"""Shared links, and who asks to join by one."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, only


def create_shared_link() -> None:
    op.create_table(
        "shared_link",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("course_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_cap", sa.Integer(), nullable=True),
        sa.Column("use_count", sa.Integer(), nullable=False),
        sa.Column("allowed_domains", sa.Text(), nullable=False),
        sa.Column("confirms_address", sa.Boolean(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outside_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outside_domain", sa.String(length=254), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.CheckConstraint("use_cap IS NULL OR use_cap > 0", name=op.f("ck_shared_link_cap_positive")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_shared_link_course_id_course")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_shared_link_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_shared_link_provider_id_provider")),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_shared_link_run_id_course_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_shared_link_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_link")),
    )
    with op.batch_alter_table("shared_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shared_link_course_id"), ["course_id"], unique=False)
        batch_op.create_index(
            "ix_shared_link_organisation_id_counted_from", ["organisation_id", "counted_from"], unique=False
        )
        batch_op.create_index(
            "uq_shared_link_course",
            ["organisation_id", "course_id"],
            unique=True,
            **only("run_id IS NULL AND revoked_at IS NULL AND replaced_at IS NULL"),
        )
        batch_op.create_index(
            "uq_shared_link_run",
            ["organisation_id", "run_id"],
            unique=True,
            **only("run_id IS NOT NULL AND revoked_at IS NULL AND replaced_at IS NULL"),
        )


def create_join_request() -> None:
    op.create_table(
        "join_request",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("shared_link_id", ID, nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", sa.String(length=254), nullable=False),
        sa.Column("mailbox_key", sa.String(length=254), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mail_count", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_join_request_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["shared_link_id"], ["shared_link.id"], name=op.f("fk_join_request_shared_link_id_shared_link")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_request")),
        sa.UniqueConstraint("shared_link_id", "address_key", name=op.f("uq_join_request_shared_link_id_address_key")),
    )
    with op.batch_alter_table("join_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_join_request_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(
            "ix_join_request_organisation_id_mailbox_key", ["organisation_id", "mailbox_key"], unique=False
        )
