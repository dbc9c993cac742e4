"""Courses, their runs, and agreements about them."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of


def create_course() -> None:
    op.create_table(
        "course",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("partner", sa.String(length=200), nullable=False),
        sa.Column("kind", one_of("coursekind", "open", "invite_only"), nullable=False),
        sa.Column("model", one_of("accessmodel", "upgraded", "paid_for", "sponsored", "no_purchase"), nullable=False),
        sa.Column("price_pence", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_course_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_course_provider_id_provider")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("organisation_id", "code", name=op.f("uq_course_organisation_id_code")),
    )


def create_course_run() -> None:
    op.create_table(
        "course_run",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("course_id", ID, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=200), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolment_opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolment_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step_count", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("join_url", sa.String(length=500), nullable=False),
        sa.CheckConstraint("ends_at IS NULL OR starts_at <= ends_at", name=op.f("ck_course_run_starts_before_end")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_run_course_id_course")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_course_run_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_run")),
        sa.UniqueConstraint("organisation_id", "code", name=op.f("uq_course_run_organisation_id_code")),
    )
    with op.batch_alter_table("course_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_course_run_code"), ["code"], unique=False)
        batch_op.create_index("ix_course_run_course_id_starts_at", ["course_id", "starts_at"], unique=False)


def create_agreement() -> None:
    op.create_table(
        "agreement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("course_id", ID, nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("price_pence", sa.Integer(), nullable=False),
        sa.Column("prepaid_count", sa.Integer(), nullable=False),
        sa.Column("prepaid_used", sa.Integer(), nullable=False),
        sa.Column("budget_pence", sa.Integer(), nullable=True),
        sa.Column("spent_pence", sa.Integer(), nullable=False),
        sa.CheckConstraint("prepaid_count >= 0", name=op.f("ck_agreement_prepaid_not_negative")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_agreement_course_id_course")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_agreement_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["organisation.id"], name=op.f("fk_agreement_owner_id_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
    )
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_organisation_id"), ["organisation_id"], unique=False)
