"""What is said, to whom it is not, and who says it."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only


def create_outbound_message() -> None:
    op.create_table(
        "outbound_message",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("channel", one_of("channel", "email", "slack"), nullable=False),
        sa.Column(
            "kind",
            one_of(
                "messagekind",
                "invitation",
                "reminder",
                "welcome",
                "joined",
                "join_confirmation",
                "staff_invitation",
                "slack_code",
                "sign_in",
                "scoreboard",
                "link_request",
                "outside_join",
                "home",
                "answer",
                "held_mail",
                "mail_question",
                "stopped",
                "unreached",
                "report",
                "import",
                "import_order",
                "import_copy",
                "import_full_copy",
                "import_template",
                "run_template",
                "digest",
                "nudge",
                "export",
            ),
            nullable=False,
        ),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("recipient_key", sa.String(length=254), nullable=False),
        sa.Column("about_id", ID, nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("message_ref", sa.String(length=200), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state", one_of("messagestate", "pending", "sending", "sent", "bounced", "held", "dropped"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_by", sa.String(length=100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_outbound_message_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_message")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_outbound_message_idempotency_key")),
    )
    with op.batch_alter_table("outbound_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbound_message_due", ["not_before"], unique=False, **only("state IN ('pending', 'sending')")
        )
        batch_op.create_index("ix_outbound_message_home", ["organisation_id"], unique=False, **only("kind = 'home'"))
        batch_op.create_index("ix_outbound_message_held", ["state"], unique=False, **only("state = 'held'"))
        batch_op.create_index(batch_op.f("ix_outbound_message_recipient_key"), ["recipient_key"], unique=False)


def create_suppression() -> None:
    op.create_table(
        "suppression",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("address_key", sa.String(length=254), nullable=False),
        sa.Column("reason", one_of("suppressreason", "bounced", "complained", "asked"), nullable=False),
        sa.Column("suppressed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_suppression_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint("organisation_id", "address_key", name=op.f("uq_suppression_organisation_id_address_key")),
    )


def create_speech_lane() -> None:
    op.create_table(
        "speech_lane",
        sa.Column("key", ID, autoincrement=False, nullable=False),
        sa.Column("free_from", sa.BigInteger(), nullable=False),
        sa.Column("next_turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_speech_lane")),
    )


def create_worker_beat() -> None:
    op.create_table(
        "worker_beat",
        sa.Column("executor_id", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reaped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_worker_beat")),
    )
