"""Who did what, and what was done already."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of


def create_audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_audit_entry_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_audit_entry_organisation_id_at", ["organisation_id", "at"], unique=False)
        batch_op.create_index(
            "ix_audit_entry_organisation_id_subject_at", ["organisation_id", "subject", "at"], unique=False
        )


def create_audit_subject() -> None:
    op.create_table(
        "audit_subject",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            one_of("subject", "batch", "import", "invitation", "learner", "link", "run", "staff"),
            nullable=False,
        ),
        sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.Column("is_part", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_subject_entry_id_audit_entry")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_audit_subject_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("entry_id", "kind", "subject_id", name=op.f("pk_audit_subject")),
    )
    with op.batch_alter_table("audit_subject", schema=None) as batch_op:
        batch_op.create_index(
            "ix_audit_subject_history", ["organisation_id", "subject_id", "at", "entry_id", "is_part"], unique=False
        )


def create_idempotency_record() -> None:
    op.create_table(
        "idempotency_record",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_record")),
    )
    with op.batch_alter_table("idempotency_record", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_record_created_at"), ["created_at"], unique=False)
