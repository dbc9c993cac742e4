"""What was looked for among all rows is found by an index: who signs in, who has left, whose name a feed knows

Revision: 0007, after 0006
"""

from alembic import op

from migrations.columns import only

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_HAS_LEFT = "left_at IS NOT NULL"


def upgrade() -> None:
    op.create_index("ix_staff_member_email_key", "staff_member", ["email_key"])
    op.create_index("ix_enrolment_left", "enrolment", ["organisation_id", "learner_id", "run_id"], **only(_HAS_LEFT))
    op.create_index("ix_progress_name_learner_id", "progress_name", ["learner_id"])


def downgrade() -> None:
    op.drop_index("ix_progress_name_learner_id", "progress_name")
    op.drop_index("ix_enrolment_left", "enrolment", **only(_HAS_LEFT))
    op.drop_index("ix_staff_member_email_key", "staff_member")
