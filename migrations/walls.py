"""PostgreSQL's row-level security: what a statement reaches although somebody forgot to scope it.

``core.app`` says at the begin of each transaction whose rows it is about (``usher.scope``: an organisation's id, or
``*``). Without it no row is seen. The owner of the tables is bound as well (FORCE); superusers and roles with
BYPASSRLS are not, and ``usher doctor`` tells.

A table of an organisation's rows that no revision here names fails a test.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from alembic import op


class Wall(StrEnum):
    OWN = "own"
    """The organisation's rows. One without an organisation (mail of a stranger, an operator's audit) is nobody's."""
    ITSELF = "itself"
    """The organisation's own row. Those whose courses it may invite to are read, for their names."""
    LENT = "lent"
    """Courses and their runs: read by all, for agreements come and go and what was once invited to stays visible;
    written by their owner."""
    AGREED = "agreed"
    """Read by both sides, written for the side that it lets in: enrolling draws its prepaid places."""
    OURS = "ours"
    """Of no organisation, and with secrets in it: for the worker, the operator, and whoever is not known yet."""
    OF_MAIL = "of_mail"
    """What follows in a long message: for whoever reaches the message."""


WALLS: Final[dict[str, dict[str, Wall]]] = {
    "0001": {
        "agreement": Wall.AGREED,
        "audit_entry": Wall.OWN,
        "audit_subject": Wall.OWN,
        "charge": Wall.OWN,
        "course": Wall.LENT,
        "course_run": Wall.LENT,
        "draft": Wall.OWN,
        "enrolment": Wall.OWN,
        "invitation": Wall.OWN,
        "invitation_batch": Wall.OWN,
        "invitation_change": Wall.OWN,
        "join_request": Wall.OWN,
        "learner": Wall.OWN,
        "learner_address": Wall.OWN,
        "link_request": Wall.OWN,
        "organisation": Wall.ITSELF,
        "outbound_message": Wall.OWN,
        "provider": Wall.OWN,
        "provider_grant": Wall.OWN,
        "run_reminders": Wall.OWN,
        "shared_link": Wall.OWN,
        "sign_in": Wall.OWN,
        "slack_installation": Wall.OURS,
        "slack_user": Wall.OWN,
        "slack_workspace": Wall.OWN,
        "staff_member": Wall.OWN,
        "staff_session": Wall.OWN,
        "suppression": Wall.OWN,
    },
    "0002": {
        "delivery_report": Wall.OWN,
        "inbound_message": Wall.OWN,
        "inbound_piece": Wall.OF_MAIL,
        "mail_answer": Wall.OWN,
        "mailbox": Wall.OURS,
    },
    "0003": {
        "import": Wall.OWN,
        "import_order": Wall.OWN,
        "import_row": Wall.OWN,
        "learner_change": Wall.OWN,
    },
    "0004": {
        "export": Wall.OWN,
        "progress": Wall.OWN,
        "progress_change": Wall.OWN,
        "progress_mapping": Wall.OWN,
        "progress_name": Wall.OWN,
        "progress_problem": Wall.OWN,
        "progress_report": Wall.OWN,
    },
    "0005": {
        "digest": Wall.OWN,
        "digest_setting": Wall.OWN,
    },
    "0006": {
        "follow_up": Wall.OWN,
        "run_risk": Wall.OWN,
    },
}
"""By revision."""

# As a subquery it is looked up once a statement: asked at every row it doubled what a list of 2,000 costs the server.
_SCOPE: Final = "(SELECT nullif(replace(current_setting('usher.scope', true), '*', '-1'), '')::bigint)"


def raise_walls(revision: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, wall in WALLS[revision].items():
        for statement in statements(table, wall):
            op.execute(statement)


def lower_walls(revision: str) -> None:
    """Before their tables go: a policy may look at another table."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, wall in WALLS[revision].items():
        if wall in _READ_BY:
            op.execute(f'DROP POLICY seen ON "{table}"')


def statements(table: str, wall: Wall) -> Iterator[str]:
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    if wall is Wall.OF_MAIL:
        # The message's own wall holds in here.
        yield f'CREATE POLICY scope ON "{table}" USING ({_OF_REACHED_MAIL})'
        return
    reached = ", ".join(("-1", *_OWNERS[wall]))
    yield f'CREATE POLICY scope ON "{table}" USING ({_SCOPE} IN ({reached}))'
    if wall in _READ_BY:
        yield f'CREATE POLICY seen ON "{table}" FOR SELECT USING ({_READ_BY[wall]})'


_OF_REACHED_MAIL: Final = "inbound_id IN (SELECT id FROM inbound_message)"
_OWNERS: Final = {
    Wall.OWN: ("organisation_id",),
    Wall.ITSELF: ("id",),
    Wall.LENT: ("organisation_id",),
    Wall.AGREED: ("organisation_id",),
    Wall.OURS: (),
}
_READ_BY: Final = {
    # Of the agreements only its own are seen here, too.
    Wall.ITSELF: "id IN (SELECT owner_id FROM agreement)",
    Wall.LENT: f"{_SCOPE} IS NOT NULL",
    Wall.AGREED: f"{_SCOPE} = owner_id",
}
