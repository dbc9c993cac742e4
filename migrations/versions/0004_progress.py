"""Progress: reports, figures and what changed; exports

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only
from migrations.walls import lower_walls, raise_walls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_progress_mapping()
    _create_progress_report()
    _create_progress_problem()
    _create_progress()
    _create_progress_change()
    _create_progress_name()
    _extend_organisation()
    _extend_invitation()
    _create_export()
    raise_walls(revision)


def downgrade() -> None:
    lower_walls(revision)
    op.drop_table("export")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index("ix_invitation_address_key_organisation_id")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("report_count")
    for table in (
        "progress_name",
        "progress_change",
        "progress",
        "progress_problem",
        "progress_report",
        "progress_mapping",
    ):
        op.drop_table(table)


def _create_progress_mapping() -> None:
    op.create_table(
        "progress_mapping",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
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


def _create_progress_report() -> None:
    op.create_table(
        "progress_report",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("door", one_of("door", "slack", "mail", "web", "cli", "worker"), nullable=False),
        sa.Column(
            "source",
            one_of("feedkind", "platform_report", "mapped_sheet", "json_api", "xapi", "moodle", "partner_api"),
            nullable=False,
        ),
        sa.Column(
            "state",
            one_of("reportstate", "received", "reading", "waiting", "merging", "merged", "rejected"),
            nullable=False,
        ),
        sa.Column(
            "reason", one_of("reportreason", "columns", "run", "file", "sheet", "no_rows", "our_mistake"), nullable=True
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("run_code", sa.String(length=64), nullable=False),
        sa.Column("reading", sa.LargeBinary(), nullable=True),
        sa.Column("inbound_id", ID, nullable=True),
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
        sa.Column("organisation_id", ID, nullable=False),
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
        batch_op.create_index("ix_progress_report_ends_at", ["ends_at"], unique=False, **only("content IS NOT NULL"))
        batch_op.create_index(
            "ix_progress_report_organisation_id_file_hash", ["organisation_id", "file_hash"], unique=False
        )
        batch_op.create_index(
            "ix_progress_report_unsettled", ["busy_until"], unique=False, **only("settled_at IS NULL")
        )


def _create_progress_problem() -> None:
    op.create_table(
        "progress_problem",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "fault",
            one_of(
                "progressfault",
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
            ),
            nullable=False,
        ),
        sa.Column("column", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
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


def _create_progress() -> None:
    op.create_table(
        "progress",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("report_id", ID, nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps_completed", sa.Integer(), nullable=True),
        sa.Column("steps_total", sa.Integer(), nullable=True),
        sa.Column("step_percentage", sa.Integer(), nullable=True),
        sa.Column("last_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "steps_source",
            one_of("steps_source", "platform_report", "mapped_sheet", "json_api", "xapi", "moodle", "partner_api"),
            nullable=True,
        ),
        sa.Column("steps_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("average_test_score", sa.Integer(), nullable=True),
        sa.Column(
            "score_source",
            one_of("score_source", "platform_report", "mapped_sheet", "json_api", "xapi", "moodle", "partner_api"),
            nullable=True,
        ),
        sa.Column("score_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comments_posted", sa.Integer(), nullable=True),
        sa.Column("last_comment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "comments_source",
            one_of("comments_source", "platform_report", "mapped_sheet", "json_api", "xapi", "moodle", "partner_api"),
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
            one_of("membership_source", "platform_report", "mapped_sheet", "json_api", "xapi", "moodle", "partner_api"),
            nullable=True,
        ),
        sa.Column("membership_as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
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
            **only("membership_id IS NOT NULL"),
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


def _create_progress_change() -> None:
    op.create_table(
        "progress_change",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("report_id", ID, nullable=True),
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
        sa.Column("organisation_id", ID, nullable=False),
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


def _create_progress_name() -> None:
    op.create_table(
        "progress_name",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", one_of("namedkind", "learner", "run"), nullable=False),
        sa.Column("name_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("learner_id", ID, nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
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


def _extend_organisation() -> None:
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("report_count", sa.Integer(), server_default="0", nullable=False))


def _extend_invitation() -> None:
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(
            "ix_invitation_address_key_organisation_id", ["address_key", "organisation_id"], unique=False
        )


def _create_export() -> None:
    op.create_table(
        "export",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("kind", one_of("exportkind", "progress", "costs", "history"), nullable=False),
        sa.Column("form", one_of("exportform", "csv", "xlsx"), nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column(
            "about",
            one_of("subject", "batch", "import", "invitation", "learner", "link", "run", "staff"),
            nullable=True,
        ),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_export_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_export_run_id_course_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_export_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    with op.batch_alter_table("export", schema=None) as batch_op:
        batch_op.create_index("ix_export_ends_at", ["ends_at"], unique=False)
