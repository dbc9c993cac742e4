"""Learners, where they are enrolled, and what that costs."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of


def create_learner() -> None:
    op.create_table(
        "learner",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("provider_id", ID, nullable=True),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_learner_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_learner_provider_id_provider")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learner")),
    )


def create_learner_address() -> None:
    op.create_table(
        "learner_address",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", sa.String(length=254), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_learner_address_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_learner_address_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learner_address")),
        sa.UniqueConstraint(
            "organisation_id", "address_key", name=op.f("uq_learner_address_organisation_id_address_key")
        ),
    )
    with op.batch_alter_table("learner_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learner_address_learner_id"), ["learner_id"], unique=False)


def create_enrolment() -> None:
    op.create_table(
        "enrolment",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("joined_by", one_of("joinedby", "invitation", "shared_link", "saml"), nullable=False),
        sa.Column("shared_link_id", ID, nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_enrolment_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_enrolment_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_enrolment_run_id_course_run")),
        sa.ForeignKeyConstraint(
            ["shared_link_id"], ["shared_link.id"], name=op.f("fk_enrolment_shared_link_id_shared_link")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("learner_id", "run_id", name=op.f("uq_enrolment_learner_id_run_id")),
    )
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.create_index("ix_enrolment_run", ["run_id", "organisation_id", "left_at", "learner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_enrolment_shared_link_id"), ["shared_link_id"], unique=False)


def create_charge() -> None:
    op.create_table(
        "charge",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("enrolment_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("agreement_id", ID, nullable=True),
        sa.Column("price_pence", sa.Integer(), nullable=False),
        sa.Column("is_prepaid", sa.Boolean(), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_reason", sa.String(length=300), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.CheckConstraint("price_pence >= 0", name=op.f("ck_charge_price_not_negative")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_charge_agreement_id_agreement")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_charge_enrolment_id_enrolment")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_charge_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_charge_run_id_course_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge")),
        sa.UniqueConstraint("enrolment_id", name=op.f("uq_charge_enrolment_id")),
    )
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.create_index(
            "ix_charge_organisation_id_charged_at",
            ["organisation_id", "charged_at", "run_id", "price_pence", "is_prepaid", "waived_at"],
            unique=False,
        )
