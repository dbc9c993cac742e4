"""Progress: reports, figures and what changed; exports

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

from migrations.walls import lower_walls, raise_walls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "progress_mapping",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_progress_mapping_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_progress_mapping_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_mapping")),
        sa.UniqueConstraint(
            "organisation_id", "fingerprint", name=op.f("uq_progress_mapping_organisation_id_fingerprint")
        ),
    )
    op.create_table(
        "progress_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "door",
            sa.Enum(
                "slack",
                "mail",
                "web",
                "cli",
                "worker",
                name="door",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "source",
            sa.Enum(
                "platform_report",
                "mapped_sheet",
                "json_api",
                "xapi",
                "moodle",
                "partner_api",
                name="feedkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "reading",
                "waiting",
                "merging",
                "merged",
                "rejected",
                name="reportstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "columns",
                "run",
                "file",
                "sheet",
                "no_rows",
                "our_mistake",
                name="reportreason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("run_code", sa.String(length=64), nullable=False),
        sa.Column("reading", sa.LargeBinary(), nullable=True),
        sa.Column("inbound_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_to", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("outdated", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name=op.f("fk_progress_report_inbound_id_inbound_message")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_progress_report_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_progress_report_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_report")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_progress_report_organisation_id_number")),
    )
    with op.batch_alter_table("progress_report", schema=None) as batch_op:
        batch_op.create_index(
            "ix_progress_report_ends_at",
            ["ends_at"],
            unique=False,
            sqlite_where=sa.text("content IS NOT NULL"),
            postgresql_where=sa.text("content IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_progress_report_organisation_id_file_hash", ["organisation_id", "file_hash"], unique=False
        )
        batch_op.create_index(
            "ix_progress_report_unsettled",
            ["busy_until"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.create_table(
        "progress_problem",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "fault",
            sa.Enum(
                "learner_missing",
                "learner_unknown",
                "learner_ambiguous",
                "learner_not_granted",
                "run_missing",
                "run_unknown",
                "run_ambiguous",
                "run_not_granted",
                "not_enrolled",
                "row_contradicts",
                "figure_above",
                "figure_far_above",
                "figure_negative",
                "figure_unreadable",
                "date_unreadable",
                "date_impossible",
                "date_future",
                "cell_error",
                name="progressfault",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("column", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_progress_problem_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_report.id"], name=op.f("fk_progress_problem_report_id_progress_report")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_problem")),
    )
    with op.batch_alter_table("progress_problem", schema=None) as batch_op:
        batch_op.create_index("ix_progress_problem_report_id_fault", ["report_id", "fault"], unique=False)

    op.create_table(
        "progress",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("learner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps_completed", sa.Integer(), nullable=True),
        sa.Column("steps_total", sa.Integer(), nullable=True),
        sa.Column("step_percentage", sa.Integer(), nullable=True),
        sa.Column("last_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "steps_source",
            sa.Enum(
                "platform_report",
                "mapped_sheet",
                "json_api",
                "xapi",
                "moodle",
                "partner_api",
                name="steps_source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("steps_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("average_test_score", sa.Integer(), nullable=True),
        sa.Column(
            "score_source",
            sa.Enum(
                "platform_report",
                "mapped_sheet",
                "json_api",
                "xapi",
                "moodle",
                "partner_api",
                name="score_source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("score_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comments_posted", sa.Integer(), nullable=True),
        sa.Column("last_comment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "comments_source",
            sa.Enum(
                "platform_report",
                "mapped_sheet",
                "json_api",
                "xapi",
                "moodle",
                "partner_api",
                name="comments_source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("comments_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("membership_id", sa.String(length=64), nullable=True),
        sa.Column("profile_url", sa.String(length=500), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("partner_course_code", sa.String(length=64), nullable=True),
        sa.Column("partner_run_code", sa.String(length=64), nullable=True),
        sa.Column(
            "membership_source",
            sa.Enum(
                "platform_report",
                "mapped_sheet",
                "json_api",
                "xapi",
                "moodle",
                "partner_api",
                name="membership_source",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("membership_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("average_test_score BETWEEN 0 AND 10000", name=op.f("ck_progress_average_test_score")),
        sa.CheckConstraint("step_percentage BETWEEN 0 AND 10000", name=op.f("ck_progress_step_percentage")),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_progress_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_progress_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_progress_run_id_course_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress")),
        sa.UniqueConstraint("learner_id", "run_id", "attempt", name=op.f("uq_progress_learner_id_run_id_attempt")),
    )
    with op.batch_alter_table("progress", schema=None) as batch_op:
        batch_op.create_index(
            "ix_progress_organisation_id_membership_id",
            ["organisation_id", "membership_id"],
            unique=False,
            sqlite_where=sa.text("membership_id IS NOT NULL"),
            postgresql_where=sa.text("membership_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_progress_run",
            [
                "run_id",
                "organisation_id",
                "learner_id",
                "step_percentage",
                "average_test_score",
                "comments_posted",
                "active_at",
                "left_at",
                "steps_source",
                "steps_as_of",
                "is_latest",
            ],
            unique=False,
            sqlite_where=sa.text("is_latest = 1"),
            postgresql_where=sa.text("is_latest"),
        )

    op.create_table(
        "progress_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("learner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("step_percentage", sa.Integer(), nullable=True),
        sa.Column("was_step_percentage", sa.Integer(), nullable=True),
        sa.Column("average_test_score", sa.Integer(), nullable=True),
        sa.Column("was_average_test_score", sa.Integer(), nullable=True),
        sa.Column("comments_posted", sa.Integer(), nullable=True),
        sa.Column("was_comments_posted", sa.Integer(), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_progress_change_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_progress_change_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_progress_change_run_id_course_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_change")),
    )
    with op.batch_alter_table("progress_change", schema=None) as batch_op:
        batch_op.create_index("ix_progress_change_learner_id_at", ["learner_id", "at"], unique=False)
        batch_op.create_index("ix_progress_change_organisation_id_at", ["organisation_id", "at"], unique=False)
        batch_op.create_index("ix_progress_change_run_id_at", ["run_id", "organisation_id", "at"], unique=False)

    op.create_table(
        "progress_name",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("learner", "run", name="namedkind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("name_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("learner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_progress_name_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_progress_name_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_progress_name_run_id_course_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_progress_name_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_name")),
        sa.UniqueConstraint(
            "organisation_id", "kind", "name_hash", name=op.f("uq_progress_name_organisation_id_kind_name_hash")
        ),
    )
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("report_count", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(
            "ix_invitation_organisation_id_address_key", ["organisation_id", "address_key"], unique=False
        )

    op.create_table(
        "export",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "progress", "costs", "history", name="exportkind", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column(
            "form",
            sa.Enum("csv", "xlsx", name="exportform", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column(
            "about",
            sa.Enum(
                "batch",
                "import",
                "invitation",
                "learner",
                "link",
                "run",
                "staff",
                name="subject",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("about_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_export_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_export_run_id_course_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_export_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.create_index("ix_export_ends_at", ["ends_at"], unique=False)

    raise_walls(revision)


def downgrade() -> None:
    lower_walls(revision)
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.drop_index("ix_export_ends_at")

    op.drop_table("export")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_invitation_organisation_id_address_key")

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("report_count")

    op.drop_table("progress_name")
    with op.batch_alter_table("progress_change", schema=None) as batch_op:
        batch_op.drop_index("ix_progress_change_run_id_at")
        batch_op.drop_index("ix_progress_change_organisation_id_at")
        batch_op.drop_index("ix_progress_change_learner_id_at")

    op.drop_table("progress_change")
    with op.batch_alter_table("progress", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_progress_run", sqlite_where=sa.text("is_latest = 1"), postgresql_where=sa.text("is_latest")
        )
        batch_op.drop_index(
            "ix_progress_organisation_id_membership_id",
            sqlite_where=sa.text("membership_id IS NOT NULL"),
            postgresql_where=sa.text("membership_id IS NOT NULL"),
        )

    op.drop_table("progress")
    with op.batch_alter_table("progress_problem", schema=None) as batch_op:
        batch_op.drop_index("ix_progress_problem_report_id_fault")

    op.drop_table("progress_problem")
    with op.batch_alter_table("progress_report", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_progress_report_unsettled",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )
        batch_op.drop_index("ix_progress_report_organisation_id_file_hash")
        batch_op.drop_index(
            "ix_progress_report_ends_at",
            sqlite_where=sa.text("content IS NOT NULL"),
            postgresql_where=sa.text("content IS NOT NULL"),
        )

    op.drop_table("progress_report")
    op.drop_table("progress_mapping")
