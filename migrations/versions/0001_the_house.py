"""The house: organisations, courses, learners, invitations, messages

Revision: 0001, after
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only
from migrations.walls import lower_walls, raise_walls

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_idempotency_record()
    _create_organisation()
    _create_slack_installation()
    _create_slack_install_state()
    _create_speech_lane()
    _create_worker_beat()
    _create_audit_entry()
    _create_audit_subject()
    _create_outbound_message()
    _create_provider()
    _create_slack_workspace()
    _create_staff_member()
    _create_suppression()
    _create_course()
    _create_learner()
    _create_provider_grant()
    _create_sign_in()
    _create_staff_session()
    _create_slack_user()
    _create_agreement()
    _create_course_run()
    _create_learner_address()
    _create_draft()
    _create_shared_link()
    _create_join_request()
    _create_enrolment()
    _create_invitation_batch()
    _create_run_reminders()
    _create_charge()
    _create_invitation_change()
    _create_invitation()
    _create_link_request()
    raise_walls(revision)


def downgrade() -> None:
    lower_walls(revision)
    for table in (
        "link_request",
        "invitation",
        "invitation_change",
        "charge",
        "run_reminders",
        "invitation_batch",
        "enrolment",
        "join_request",
        "shared_link",
        "draft",
        "learner_address",
        "course_run",
        "agreement",
        "slack_user",
        "staff_session",
        "sign_in",
        "provider_grant",
        "learner",
        "course",
        "suppression",
        "staff_member",
        "slack_workspace",
        "provider",
        "outbound_message",
        "audit_subject",
        "audit_entry",
        "worker_beat",
        "speech_lane",
        "slack_install_state",
        "slack_installation",
        "organisation",
        "idempotency_record",
    ):
        op.drop_table(table)


def _create_idempotency_record() -> None:
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


def _create_organisation() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terms_version", sa.String(length=32), nullable=True),
        sa.Column("terms_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("setup_generation", sa.Integer(), nullable=False),
        sa.Column("setup_valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_count", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisation_slug")),
    )


def _create_slack_installation() -> None:
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


def _create_slack_install_state() -> None:
    op.create_table(
        "slack_install_state",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_slack_install_state")),
    )
    with op.batch_alter_table("slack_install_state", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slack_install_state_used_at"), ["used_at"], unique=False)


def _create_speech_lane() -> None:
    op.create_table(
        "speech_lane",
        sa.Column("key", ID, autoincrement=False, nullable=False),
        sa.Column("free_from", sa.BigInteger(), nullable=False),
        sa.Column("next_turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_speech_lane")),
    )


def _create_worker_beat() -> None:
    op.create_table(
        "worker_beat",
        sa.Column("executor_id", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reaped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_worker_beat")),
    )


def _create_audit_entry() -> None:
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


def _create_audit_subject() -> None:
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


def _create_outbound_message() -> None:
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


def _create_provider() -> None:
    op.create_table(
        "provider",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("ukprn", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_provider_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
        sa.UniqueConstraint("organisation_id", "ukprn", name=op.f("uq_provider_organisation_id_ukprn")),
    )


def _create_slack_workspace() -> None:
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


def _create_staff_member() -> None:
    op.create_table(
        "staff_member",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("telephone", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=256), nullable=False),
        sa.Column("role", one_of("role", "owner", "manager", "viewer"), nullable=False),
        sa.Column("all_providers", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_staff_member_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("organisation_id", "email_key", name=op.f("uq_staff_member_organisation_id_email_key")),
        sa.UniqueConstraint("organisation_id", "username", name=op.f("uq_staff_member_organisation_id_username")),
    )


def _create_suppression() -> None:
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


def _create_course() -> None:
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


def _create_learner() -> None:
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


def _create_provider_grant() -> None:
    op.create_table(
        "provider_grant",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("provider_id", ID, nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_provider_grant_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["provider_id"], ["provider.id"], name=op.f("fk_provider_grant_provider_id_provider")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_provider_grant_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_grant")),
        sa.UniqueConstraint("staff_id", "provider_id", name=op.f("uq_provider_grant_staff_id_provider_id")),
    )


def _create_sign_in() -> None:
    op.create_table(
        "sign_in",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("is_mailed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_sign_in_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_sign_in_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    with op.batch_alter_table("sign_in", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_browser_digest"), ["browser_digest"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_staff_id"), ["staff_id"], unique=False)


def _create_staff_session() -> None:
    op.create_table(
        "staff_session",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=256), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_staff_session_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_staff_session_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_staff_session_digest")),
    )
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_session_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_session_staff_id"), ["staff_id"], unique=False)


def _create_slack_user() -> None:
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


def _create_agreement() -> None:
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


def _create_course_run() -> None:
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


def _create_learner_address() -> None:
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


def _create_draft() -> None:
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


def _create_shared_link() -> None:
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


def _create_join_request() -> None:
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


def _create_enrolment() -> None:
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


def _create_invitation_batch() -> None:
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


def _create_run_reminders() -> None:
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


def _create_charge() -> None:
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


def _create_invitation_change() -> None:
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


def _create_invitation() -> None:
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


def _create_link_request() -> None:
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
