"""Invitations, from the draft to the answer."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only


def create_draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("note", sa.String(length=600), nullable=False),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_id", ID, nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_draft_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_draft_run_id_course_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_draft_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_created_at"), ["created_at"], unique=False)


def create_invitation_batch() -> None:
    op.create_table(
        "invitation_batch",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("confirmation_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=True),
        sa.Column("agreement_id", ID, nullable=True),
        sa.Column("note", sa.String(length=600), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_invitation_batch_agreement_id_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_batch_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_invitation_batch_provider_id_provider")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_invitation_batch_run_id_course_run")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_invitation_batch_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_batch")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_invitation_batch_organisation_id_number")),
    )
    with op.batch_alter_table("invitation_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_batch_confirmation_id"), ["confirmation_id"], unique=False)
        batch_op.create_index(
            "ix_invitation_batch_organisation_id_sends_at", ["organisation_id", "sends_at"], unique=False
        )


def create_invitation_change() -> None:
    op.create_table(
        "invitation_change",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_change_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_invitation_change_run_id_course_run")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_invitation_change_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_change")),
    )


def create_invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", one_of("invitationstate", "pending", "accepted", "declined", "cancelled"), nullable=False),
        sa.Column(
            "cancel_reason", one_of("cancelreason", "cancelled", "recalled", "removed", "corrected"), nullable=True
        ),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_reminder_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminder_count", sa.Integer(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("learner_id", ID, nullable=True),
        sa.Column("change_id", ID, nullable=True),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["invitation_batch.id"], name=op.f("fk_invitation_batch_id_invitation_batch")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["invitation_change.id"], name=op.f("fk_invitation_change_id_invitation_change")
        ),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_invitation_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["outbound_message.id"], name=op.f("fk_invitation_message_id_outbound_message")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_invitation_run_id_course_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index("ix_invitation_change_id", ["change_id"], unique=False, **only("change_id IS NOT NULL"))
        batch_op.create_index(
            "ix_invitation_batch_id_organisation_id_state", ["batch_id", "organisation_id", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_invitation_learner_id"), ["learner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitation_message_id"), ["message_id"], unique=False)
        batch_op.create_index(
            "ix_invitation_run_id_organisation_id_state_created_at",
            ["run_id", "organisation_id", "state", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_invitation_reminder_due",
            ["next_reminder_at", "organisation_id"],
            unique=False,
            **only("state = 'pending' AND replaced_at IS NULL AND next_reminder_at IS NOT NULL"),
        )
        batch_op.create_index("ix_invitation_run_id_address_key", ["run_id", "address_key"], unique=False)
        batch_op.create_index(
            "uq_invitation_live",
            ["organisation_id", "run_id", "address_key"],
            unique=True,
            **only("state = 'pending' AND replaced_at IS NULL"),
        )


def create_run_reminders() -> None:
    op.create_table(
        "run_reminders",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_run_reminders_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_run_reminders_run_id_course_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_reminders")),
        sa.UniqueConstraint("organisation_id", "run_id", name=op.f("uq_run_reminders_organisation_id_run_id")),
    )


def create_link_request() -> None:
    op.create_table(
        "link_request",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("invitation_id", ID, nullable=False),
        sa.Column("state", one_of("requeststate", "waiting", "approved", "declined"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["staff_member.id"], name=op.f("fk_link_request_answered_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["invitation.id"], name=op.f("fk_link_request_invitation_id_invitation")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_link_request_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_request")),
    )
    with op.batch_alter_table("link_request", schema=None) as batch_op:
        batch_op.create_index("uq_link_request_waiting", ["invitation_id"], unique=True, **only("state = 'waiting'"))
