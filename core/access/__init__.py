"""Who may do what, and the only way to rows.

1. Every statement on an organisation's rows is scoped to the actor's organisation, whoever writes it: a session
   without a scope refuses to run. Another organisation's row and an absent one give the same answer.
2. A use case's first line is one of the ``require_*`` functions. Roles and grants are read in that transaction:
   what a door or a cache believed a minute ago decides nothing.
3. What crosses organisations on purpose (agreements, links, Slack identities, the worker) is a named function here,
   the only package that may use the execution option ``all_organisations`` or ``Query.run_everywhere``.
4. Bulk inserts and updates bypass the scope (they skip the flush): ``insert_all`` and ``insert_plain`` stamp the
   organisation, ``update_each``, ``update_plain`` and ``update_rows`` ask for it.
5. On PostgreSQL the database keeps to the scope as well (``migrations.walls``): what is written past all this reaches
   no other organisation's row.
"""

from core.access.links import digest_setting_by_link as digest_setting_by_link
from core.access.links import enrolment_by_link as enrolment_by_link
from core.access.links import held_mail_by_link as held_mail_by_link
from core.access.links import invitation_by_link as invitation_by_link
from core.access.links import join_request_by_link as join_request_by_link
from core.access.links import row_of_shared_link as row_of_shared_link
from core.access.links import shared_link_by_link as shared_link_by_link
from core.access.links import sign_in_by_link as sign_in_by_link
from core.access.links import staff_by_link as staff_by_link
from core.access.many import change_unowned as change_unowned
from core.access.many import insert_into as insert_into
from core.access.many import insert_plain as insert_plain
from core.access.many import insert_rows as insert_rows
from core.access.many import update_plain as update_plain
from core.access.many import update_rows as update_rows
from core.access.people import organisation_by_slug as organisation_by_slug
from core.access.people import session_staff as session_staff
from core.access.people import slack_staff as slack_staff
from core.access.people import staff_by_address as staff_by_address
from core.access.people import try_sign_ins as try_sign_ins
from core.access.people import workspace_of as workspace_of
from core.access.runs import REACHABLE_RUNS as REACHABLE_RUNS
from core.access.runs import KnownAgreement as KnownAgreement
from core.access.runs import agreement_for as agreement_for
from core.access.runs import agreements_for as agreements_for
from core.access.runs import agreements_of as agreements_of
from core.access.runs import course_by_code as course_by_code
from core.access.runs import fed_runs as fed_runs
from core.access.runs import invited_run_by_code as invited_run_by_code
from core.access.runs import joined_run as joined_run
from core.access.runs import run_by_code as run_by_code
from core.access.runs import run_by_id as run_by_id
from core.access.runs import run_of_invitation as run_of_invitation
from core.access.runs import used_courses as used_courses
from core.access.runs import used_runs as used_runs
from core.access.runs import with_course as with_course
from core.access.scope import NO_ORGANISATION as NO_ORGANISATION
from core.access.scope import enter_organisation as enter_organisation
from core.access.scope import insert_all as insert_all
from core.access.scope import insert_shared as insert_shared
from core.access.scope import open_session as open_session
from core.access.scope import row_scope as row_scope
from core.access.scope import update_each as update_each
from core.access.who import ROLE_PERMISSIONS as ROLE_PERMISSIONS
from core.access.who import Permission as Permission
from core.access.who import granted_provider_ids as granted_provider_ids
from core.access.who import require_link_holder as require_link_holder
from core.access.who import require_member as require_member
from core.access.who import require_operator as require_operator
from core.access.who import require_provider as require_provider
from core.access.who import require_provider_of as require_provider_of
from core.access.who import require_staff as require_staff
from core.access.who import require_system as require_system
from core.access.who import require_visitor as require_visitor
