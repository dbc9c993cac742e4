"""Learners at risk: by which rule, and what was done about each

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

from migrations.columns import ID, one_of, only
from migrations.walls import lower_walls, raise_walls

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_follow_up()
    _create_run_risk()
    _extend_learner()
    raise_walls(revision)


def downgrade() -> None:
    lower_walls(revision)
    with op.batch_alter_table("learner", schema=None) as batch_op:
        batch_op.drop_column("nudged_at")
    op.drop_table("run_risk")
    op.drop_table("follow_up")


def _create_follow_up() -> None:
    op.create_table(
        "follow_up",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("learner_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("door", one_of("door", "slack", "mail", "web", "cli", "worker"), nullable=False),
        sa.Column("deed", one_of("followupdeed", "nudged", "snoozed", "spoken"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.Integer(), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("message_id", ID, nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", ID, nullable=True),
        sa.Column("organisation_id", ID, nullable=False),
        sa.CheckConstraint("(deed = 'nudged') = (message_id IS NOT NULL)", name=op.f("ck_follow_up_message_id")),
        sa.CheckConstraint("until_at > at", name=op.f("ck_follow_up_until_at")),
        sa.ForeignKeyConstraint(["learner_id"], ["learner.id"], name=op.f("fk_follow_up_learner_id_learner")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_follow_up_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_follow_up_run_id_course_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name=op.f("fk_follow_up_staff_id_staff_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.create_index("ix_follow_up_at", ["at"], unique=False)
        batch_op.create_index("ix_follow_up_learner_id_run_id", ["learner_id", "run_id", "until_at"], unique=False)
        batch_op.create_index(
            "uq_follow_up_standing",
            ["learner_id", "run_id", "deed"],
            unique=True,
            **only("deed <> 'nudged' AND undone_at IS NULL"),
        )


def _create_run_risk() -> None:
    op.create_table(
        "run_risk",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("silent_days", sa.Integer(), nullable=False),
        sa.Column("behind_points", sa.Integer(), nullable=False),
        sa.Column("not_begun_days", sa.Integer(), nullable=False),
        sa.Column("organisation_id", ID, nullable=False),
        sa.CheckConstraint("behind_points BETWEEN 0 AND 100", name=op.f("ck_run_risk_behind_points")),
        sa.CheckConstraint("not_begun_days BETWEEN 0 AND 365", name=op.f("ck_run_risk_not_begun_days")),
        sa.CheckConstraint("silent_days BETWEEN 0 AND 365", name=op.f("ck_run_risk_silent_days")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_run_risk_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["course_run.id"], name=op.f("fk_run_risk_run_id_course_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_risk")),
        sa.UniqueConstraint("organisation_id", "run_id", name=op.f("uq_run_risk_organisation_id_run_id")),
    )


def _extend_learner() -> None:
    with op.batch_alter_table("learner", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True))
