"""Life in the sample: what a college did with Usher since yesterday, so that a newcomer finds something in every list.

The stories of ``usher demo --once`` count what they send themselves, so they have only those who joined long ago.
Nothing of this is mailed: a worker of its own says what became of each mail before the real one starts.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import select

from core.app import App
from core.context import LinkHolder, SlackVisitor, StaffActor, System
from core.letters import Outcome, Verdict
from core.model import Invitation, OutboundMessage
from core.progressing import ProgressFile, take_progress
from core.rules.links import LinkKind
from core.usecases.invitations.answers import AcceptInvitation, DeclineInvitation, accept_invitation, decline_invitation
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.links.joining import JoinByLink, join_by_link
from core.usecases.links.shared_links import CreateSharedLink, create_shared_link
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.staff.colleagues import InviteColleague, invite_colleague
from core.usecases.staff.slack_identity import WhoIs, who_is
from core.words import Channel, MessageState, Role
from usher.demo.sample import Sample
from usher.demo.slack.records import User

_SYSTEM, _LINK_HOLDER = System(), LinkHolder()
_EXECUTOR = "sample"
_NO_MAILBOX = "550 5.1.1 No such mailbox"
# The domain is mistyped, so that a guess is offered; nothing is sent there.
_BOUNCED = "finn@gmial.com"
_INVITED = (
    "Ada Marsh <ada.marsh@example.org>, Ben Okafor <ben.okafor@example.org>, Cleo Lind <cleo.lind@example.org>, "
    f"dan@example.org, Eve Ray <eve.ray@example.org>, {_BOUNCED}"
)
_BY_MAX = "Gil Ashe <gil.ashe@example.org>, hana@example.org, Ivo Brand <ivo.brand@example.org>"
_LATER = "Jo Hill <jo.hill@example.org>, kit@example.org, Lea Moss <lea.moss@example.org>"
REPORT_NAME = "study-skills.csv"
_JOINERS = (("Mia", "Stone"), ("Noah", "Field"), ("Ola", "Wren"), ("Pia", "North"))


class _Moment(Struct, frozen=True):
    """The same house as it was some time ago."""

    app: App
    sample: Sample

    def staff(self, place: int) -> StaffActor:
        user: User = self.sample.people[place].user
        visitor = SlackVisitor("", self.sample.team.id, user.id, user.email)
        found = self.app.read(who_is, WhoIs(), visitor).staff
        if found is None:
            raise LookupError(user.email)
        return found


def live_a_day(app: App, sample: Sample, now: datetime) -> None:
    """Young enough that no reminder is due."""
    yesterday, later, this_morning = (_then(app, sample, now - timedelta(hours=hours)) for hours in (26, 25, 3))
    _invite(yesterday, 0, sample.run, _INVITED)
    _invite(yesterday, 1, sample.run_of("skills"), _BY_MAX)
    _deliver(later)
    _answer(later)
    _share(app, sample, now)
    _invite(this_morning, 0, sample.run_of("mentoring"), _LATER, when="tomorrow 09:00")
    colleague = InviteColleague("nora@northfield.example.org", Role.MANAGER, "Nora", "Newman")
    this_morning.app.run(invite_colleague, colleague, this_morning.staff(0))
    _deliver(_then(app, sample, now - timedelta(hours=2)))
    _report(this_morning, now)


def join_long_ago(app: App, sample: Sample, now: datetime) -> None:
    """Four learners of Study Skills, whom ``progress_report`` tells of."""
    _share(app, sample, now)
    _deliver(_then(app, sample, now))


def _then(app: App, sample: Sample, at: datetime) -> _Moment:
    return _Moment(App(app.engine, app.settings, jobs=app.jobs, clock=lambda: at), sample)


def _invite(moment: _Moment, place: int, run: str, addresses: str, when: str = "") -> None:
    staff = moment.staff(place)
    preview = moment.app.run(prepare_invitation, PrepareInvitation(run, addresses, when=when), staff)
    moment.app.run(invite_learners, InviteLearners(preview.draft_id), staff)


def _deliver(moment: _Moment) -> None:
    """Says of every mail that was due that it arrived, but for the mistyped one."""
    due = OutboundMessage.not_before <= moment.app.clock()
    waiting = select(OutboundMessage.id, OutboundMessage.recipient_key).where(
        due, OutboundMessage.state == MessageState.PENDING, OutboundMessage.channel == Channel.EMAIL
    )
    rows = moment.app.read(
        lambda ctx, _command: [(row.id, row[1]) for row in ctx.session.execute(waiting)], None, _SYSTEM
    )
    outcomes = tuple(_outcome(message_id, recipient) for message_id, recipient in rows)
    moment.app.run(turn_over, TurnOver(_EXECUTOR, claim_ids=tuple(message_id for message_id, _ in rows)), _SYSTEM)
    moment.app.run(turn_over, TurnOver(_EXECUTOR, outcomes), _SYSTEM)


def _outcome(message_id: int, recipient: str) -> Outcome:
    if recipient == _BOUNCED:
        return Outcome(message_id, Verdict.REFUSED, _NO_MAILBOX, is_no_mailbox=True)
    return Outcome(message_id, Verdict.ACCEPTED)


def _answer(moment: _Moment) -> None:
    app = moment.app
    app.run(accept_invitation, AcceptInvitation(_token(app, "ada.marsh@example.org"), "Ada", "Marsh"), _LINK_HOLDER)
    app.run(accept_invitation, AcceptInvitation(_token(app, "gil.ashe@example.org"), "Gil", "Ashe"), _LINK_HOLDER)
    app.run(decline_invitation, DeclineInvitation(_token(app, "ben.okafor@example.org")), _LINK_HOLDER)


def _token(app: App, address: str) -> str:
    query = select(Invitation.id, Invitation.generation).where(Invitation.address == address)
    found = app.read(lambda ctx, _command: ctx.session.execute(query).one(), None, _SYSTEM)
    return app.links.token(LinkKind.INVITATION, found.id, found.generation)


def _share(app: App, sample: Sample, now: datetime) -> None:
    made, used = (_then(app, sample, now - timedelta(days=days)) for days in (17, 16))
    link = made.app.run(create_shared_link, CreateSharedLink("skills"), made.staff(0))
    token = app.links.token(LinkKind.SHARED, link.link_id)
    for first_name, last_name in _JOINERS:
        address = f"{first_name}.{last_name}@example.org".lower()
        used.app.run(join_by_link, JoinByLink(token, first_name, last_name, address), _LINK_HOLDER)


def _report(moment: _Moment, now: datetime) -> None:
    """The platform told of the run this morning: one is done, one stalled, and one it calls by a name of its own."""
    file = ProgressFile(REPORT_NAME, progress_report(now), moment.sample.run_of("skills"))
    take_progress(moment.app, moment.staff(0), file)


def progress_report(now: datetime) -> bytes:
    """As the platform writes it."""
    long_ago, lately = now - timedelta(days=14, minutes=30), now - timedelta(days=1)
    rows = (
        ("mia.stone@example.org", "94%", "4", "88%", lately),
        ("noah.field@example.org", "56%", "1", "70%", lately),
        ("ola.wren@example.org", "25%", "0", "", long_ago),
        ("pia.north@example.org", "0%", "", "", None),
        ("ext-4711", "31%", "2", "65%", lately),
    )
    heading = "learner_identifier,steps_completed,comments_posted,avg_test_score,last_step_at"
    lines = [",".join((*row[:4], f"{row[4]:%Y-%m-%d %H:%M:%S} UTC" if row[4] else "")) for row in rows]
    return "\n".join((heading, *lines, "")).encode()
