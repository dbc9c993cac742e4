"""The import: files of learners, their rows, and what an import knows of a learner

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only
from migrations.walls import raise_walls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_import()
    _create_import_order()
    _create_import_row()
    _extend_learner()
    _create_learner_change()
    _extend_organisation()
    raise_walls(revision)


def downgrade() -> None:
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_organisation_importpolicy"), type_="check")
        batch_op.drop_column("ethnicity_since")
        batch_op.drop_column("ethnicity_purpose")
        batch_op.drop_column("match_key")
        batch_op.drop_column("import_policy")
        batch_op.drop_column("import_count")
    op.drop_table("learner_change")
    with op.batch_alter_table("learner", schema=None) as batch_op:
        batch_op.drop_index("ix_learner_search")
        batch_op.drop_column("search_words")
        batch_op.drop_index("ix_learner_organisation_id_username")
        batch_op.drop_index("ix_learner_organisation_id_upn_hash")
        batch_op.drop_index("ix_learner_organisation_id_uln_hash")
        batch_op.drop_index("ix_learner_organisation_id_person_hash")
        batch_op.drop_index("ix_learner_organisation_id_email_key_removed_at")
        batch_op.drop_index("ix_learner_organisation_id_ccis_hash")
        batch_op.drop_column("access_code_used_at")
        batch_op.drop_column("access_code")
        batch_op.drop_column("username")
        batch_op.drop_column("person_hash")
        batch_op.drop_column("ccis_hash")
        batch_op.drop_column("upn_hash")
        batch_op.drop_column("uln_hash")
        batch_op.drop_column("detail_hash")
        batch_op.drop_column("details")
        batch_op.drop_column("academic_year")
        batch_op.drop_column("year_group")
        batch_op.drop_column("email_key")
        batch_op.drop_column("email")
    for table in ("import_row", "import_order", "import"):
        op.drop_table(table)


def _create_import() -> None:
    op.create_table(
        "import",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("door", one_of("door", "slack", "mail", "web", "cli", "worker"), nullable=False),
        sa.Column("policy", one_of("importpolicy", "hold-if-errors", "good-rows", "all-or-nothing"), nullable=False),
        sa.Column("subject", one_of("importsubject", "learners", "catalogue"), nullable=False),
        sa.Column(
            "state",
            one_of("importstate", "received", "reading", "checked", "held", "applied", "rejected", "undone"),
            nullable=False,
        ),
        sa.Column(
            "reason",
            one_of(
                "importreason",
                "file",
                "sheet",
                "no_rows",
                "repeated",
                "rows",
                "our_mistake",
                "expired",
                "names",
                "corrected",
                "catalogue",
            ),
            nullable=True,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("repeats_id", ID, nullable=True),
        sa.Column("corrects_id", ID, nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("reading", sa.LargeBinary(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Integer(), nullable=False),
        sa.Column("reach_hash", sa.String(length=64), nullable=True),
        sa.Column("inbound_id", ID, nullable=True),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_import_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name=op.f("fk_import_inbound_id_inbound_message")
        ),
        sa.ForeignKeyConstraint(["corrects_id"], ["import.id"], name=op.f("fk_import_corrects_id_import")),
        sa.ForeignKeyConstraint(["repeats_id"], ["import.id"], name=op.f("fk_import_repeats_id_import")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_import_staff_id_staff_member")),
        sa.ForeignKeyConstraint(["undone_by"], ["staff_member.id"], name=op.f("fk_import_undone_by_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_import_organisation_id_number")),
    )
    with op.batch_alter_table("import", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_organisation_id_content_hash", ["organisation_id", "content_hash"], unique=False
        )
        batch_op.create_index("ix_import_organisation_id_file_hash", ["organisation_id", "file_hash"], unique=False)
        batch_op.create_index("ix_import_kept", ["ends_at"], unique=False, **only("content IS NOT NULL"))
        batch_op.create_index("ix_import_unsettled", ["busy_until"], unique=False, **only("settled_at IS NULL"))


def _create_import_order() -> None:
    op.create_table(
        "import_order",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("import_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("door", one_of("door", "slack", "mail", "web", "cli", "worker"), nullable=False),
        sa.Column("work", one_of("importwork", "release", "undo"), nullable=False),
        sa.Column("inbound_id", ID, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("refusal", sa.String(length=400), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_import_order_import_id_import")),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound_message.id"], name=op.f("fk_import_order_inbound_id_inbound_message")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_import_order_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_import_order_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_order")),
    )
    with op.batch_alter_table("import_order", schema=None) as batch_op:
        batch_op.create_index("uq_import_order_open", ["import_id"], unique=True, **only("settled_at IS NULL"))


def _create_import_row() -> None:
    op.create_table(
        "import_row",
        sa.Column("import_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("problems", sa.LargeBinary(), nullable=True),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.Column("same_as", sa.Integer(), nullable=True),
        sa.Column(
            "bucket", one_of("bucket", "created", "updated", "unchanged", "duplicate", "problem"), nullable=False
        ),
        sa.Column("learner_id", ID, nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("match_problem", sa.LargeBinary(), nullable=True),
        sa.Column("changes", sa.String(length=300), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("applied_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("ukprn", sa.String(length=8), nullable=True),
        sa.Column("row_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("uln_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("upn_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("ccis_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("person_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_import_row_import_id_import")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_import_row_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_row")),
    )
    with op.batch_alter_table("import_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_row_learner_id", ["learner_id"], unique=False, **only("learner_id IS NOT NULL")
        )


def _extend_learner() -> None:
    with op.batch_alter_table("learner", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email", sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column("email_key", sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column("year_group", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("academic_year", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("details", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("detail_hash", sa.LargeBinary(length=16), nullable=True))
        batch_op.add_column(sa.Column("uln_hash", sa.LargeBinary(length=16), nullable=True))
        batch_op.add_column(sa.Column("upn_hash", sa.LargeBinary(length=16), nullable=True))
        batch_op.add_column(sa.Column("ccis_hash", sa.LargeBinary(length=16), nullable=True))
        batch_op.add_column(sa.Column("person_hash", sa.LargeBinary(length=16), nullable=True))
        batch_op.add_column(sa.Column("username", sa.String(length=127), nullable=True))
        batch_op.add_column(sa.Column("access_code", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("access_code_used_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_learner_organisation_id_ccis_hash", ["organisation_id", "ccis_hash"], unique=False)
        batch_op.create_index(
            "ix_learner_organisation_id_email_key_removed_at",
            ["organisation_id", "email_key", "removed_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_learner_organisation_id_person_hash", ["organisation_id", "person_hash"], unique=False
        )
        batch_op.create_index("ix_learner_organisation_id_uln_hash", ["organisation_id", "uln_hash"], unique=False)
        batch_op.create_index("ix_learner_organisation_id_upn_hash", ["organisation_id", "upn_hash"], unique=False)
        batch_op.create_index("ix_learner_organisation_id_username", ["organisation_id", "username"], unique=True)
        batch_op.add_column(sa.Column("search_words", sa.String(length=480), server_default="", nullable=False))
        batch_op.create_index(
            "ix_learner_search",
            [
                "organisation_id",
                "removed_at",
                "search_words",
                "id",
                "provider_id",
                "academic_year",
                "username",
                "access_code_used_at",
            ],
            unique=False,
        )


def _create_learner_change() -> None:
    op.create_table(
        "learner_change",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("door", one_of("door", "slack", "mail", "web", "cli", "worker"), nullable=False),
        sa.Column("deed", one_of("learnerdeed", "created", "edited", "removed"), nullable=False),
        sa.Column("columns", sa.String(length=300), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("applied_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_learner_change_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_learner_change_staff_id_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["staff_member.id"], name=op.f("fk_learner_change_undone_by_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learner_change")),
    )
    with op.batch_alter_table("learner_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_learner_change_learner_id"), ["learner_id"], unique=False)


def _extend_organisation() -> None:
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("import_count", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column(
                "import_policy",
                one_of("importpolicy", "hold-if-errors", "good-rows", "all-or-nothing"),
                server_default="hold-if-errors",
                nullable=False,
            )
        )
        batch_op.add_column(sa.Column("match_key", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("ethnicity_purpose", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("ethnicity_since", sa.DateTime(timezone=True), nullable=True))
