"""The house: organisations, courses, learners, invitations, messages

Revision: 0001, after
"""

from alembic import op

from migrations.tables import audit, catalogue, invitations, learners, links, messages, organisations, slack
from migrations.walls import lower_walls, raise_walls

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    audit.create_idempotency_record()
    organisations.create_organisation()
    slack.create_slack_installation()
    slack.create_slack_install_state()
    messages.create_speech_lane()
    messages.create_worker_beat()
    audit.create_audit_entry()
    audit.create_audit_subject()
    messages.create_outbound_message()
    organisations.create_provider()
    slack.create_slack_workspace()
    organisations.create_staff_member()
    messages.create_suppression()
    catalogue.create_course()
    learners.create_learner()
    organisations.create_provider_grant()
    organisations.create_sign_in()
    organisations.create_staff_session()
    slack.create_slack_user()
    catalogue.create_agreement()
    catalogue.create_course_run()
    learners.create_learner_address()
    invitations.create_draft()
    links.create_shared_link()
    links.create_join_request()
    learners.create_enrolment()
    invitations.create_invitation_batch()
    invitations.create_run_reminders()
    learners.create_charge()
    invitations.create_invitation_change()
    invitations.create_invitation()
    invitations.create_link_request()
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
