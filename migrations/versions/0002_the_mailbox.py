"""The mailbox: mailboxes that are read, every message that came in, and what it was answered with

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only
from migrations.walls import raise_walls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_mailbox()
    _create_inbound_message()
    _create_inbound_piece()
    _create_mail_answer()
    _extend_draft()
    _create_delivery_report()
    raise_walls(revision)


def downgrade() -> None:
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_column("last_number")
        batch_op.drop_column("first_number")
    for table in ("delivery_report", "mail_answer", "inbound_piece", "inbound_message", "mailbox"):
        op.drop_table(table)


def _create_mailbox() -> None:
    op.create_table(
        "mailbox",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", one_of("mailboxsecurity", "tls", "none"), nullable=False),
        sa.Column("auth", one_of("mailboxauth", "password", "xoauth2"), nullable=False),
        sa.Column("user", sa.String(length=254), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_mail", one_of("oldmail", "waits", "answered", "ignored"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uid_validity", ID, nullable=True),
        sa.Column("first_uid", ID, nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("waiting_old", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("name", name=op.f("uq_mailbox_name")),
    )


def _create_inbound_message() -> None:
    op.create_table(
        "inbound_message",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("mailbox_id", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=True),
        sa.Column("staff_id", ID, nullable=True),
        sa.Column("message_ref", sa.String(length=255), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("envelope_from", sa.String(length=320), nullable=True),
        sa.Column("envelope_to", sa.String(length=320), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", one_of("mailstate", "received", "processed", "ignored", "held", "failed"), nullable=False),
        sa.Column(
            "rule",
            one_of(
                "mailrule",
                "old",
                "too_big",
                "unreadable",
                "tried_too_often",
                "our_mistake",
                "own_mail",
                "loop",
                "complaint",
                "bounce",
                "auto_reply",
                "no_single_sender",
                "stop",
                "unknown_sender",
                "same_id_other_content",
                "list",
                "bulk",
                "unauthenticated",
                "not_them",
                "too_many",
                "no_room",
                "request",
            ),
            nullable=True,
        ),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("server", sa.String(length=255), nullable=False),
        sa.Column("assurance", one_of("assurance", "verified", "unverified"), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailbox.id"], name=op.f("fk_inbound_message_mailbox_id_mailbox")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_inbound_message_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_inbound_message_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_message")),
        sa.UniqueConstraint(
            "message_ref", "content_digest", name=op.f("uq_inbound_message_message_ref_content_digest")
        ),
    )
    with op.batch_alter_table("inbound_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbound_message_kept", ["state", "received_at"], unique=False, **only("state IN ('held', 'failed')")
        )
        batch_op.create_index("ix_inbound_message_open", ["received_at"], unique=False, **only("state = 'received'"))
        batch_op.create_index(
            "ix_inbound_message_organisation_id_received_at", ["organisation_id", "received_at"], unique=False
        )
        batch_op.create_index("ix_inbound_message_raw", ["received_at"], unique=False, **only("raw IS NOT NULL"))
        batch_op.create_index("ix_inbound_message_sender_received_at", ["sender", "received_at"], unique=False)


def _create_inbound_piece() -> None:
    op.create_table(
        "inbound_piece",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("inbound_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name=op.f("fk_inbound_piece_inbound_id_inbound_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_piece")),
        sa.UniqueConstraint("inbound_id", "number", name=op.f("uq_inbound_piece_inbound_id_number")),
    )


def _create_mail_answer() -> None:
    op.create_table(
        "mail_answer",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("inbound_id", ID, nullable=True),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("in_reply_to", sa.String(length=255), nullable=False),
        sa.Column("references", sa.Text(), nullable=False),
        sa.Column("result_kind", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name=op.f("fk_mail_answer_inbound_id_inbound_message")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_mail_answer_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_mail_answer_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_answer")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_mail_answer_inbound_id")),
    )
    with op.batch_alter_table("mail_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mail_answer_created_at"), ["created_at"], unique=False)


def _extend_draft() -> None:
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_number", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("last_number", sa.Integer(), nullable=True))


def _create_delivery_report() -> None:
    op.create_table(
        "delivery_report",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("inbound_id", ID, nullable=False),
        sa.Column("reported_as", one_of("reportedas", "hard", "soft", "late", "complaint"), nullable=False),
        sa.Column("is_proven", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name=op.f("fk_delivery_report_inbound_id_inbound_message")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["outbound_message.id"], name=op.f("fk_delivery_report_message_id_outbound_message")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_delivery_report_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_report")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_delivery_report_inbound_id")),
    )
    with op.batch_alter_table("delivery_report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_report_message_id"), ["message_id"], unique=False)
        batch_op.create_index(
            "ix_delivery_report_organisation_id_reported_at", ["organisation_id", "reported_at"], unique=False
        )
