"""Sample data, made as people make it: an operator sets up two organisations, staff accept and connect Slack.

Dates are counted from the moment that is passed in, so there are always past, current and future runs.
"""

import csv
import io
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import select

from core.app import App
from core.context import LinkHolder, Operator, SlackVisitor, System
from core.letters import SlackCodeLetter
from core.model import OutboundMessage
from core.usecases.catalogue.catalogue import ImportCatalogue, import_catalogue
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.staff.organisations import (
    AddAgreement,
    AddProvider,
    CreateOrganisation,
    OrganisationCreated,
    add_agreement,
    add_provider,
    create_organisation,
)
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    ask_for_code,
    bind_workspace,
    confirm_code,
)
from core.usecases.staff.staff import (
    AcceptStaffInvitation,
    InviteStaffMember,
    accept_staff_invitation,
    invite_staff_member,
)
from core.words import AccessModel, Channel, CourseKind, MessageState, Role
from usher.demo.slack import records
from usher.demo.slack.workspace import Workspaces

_OPERATOR, _SYSTEM, _LINK_HOLDER = Operator(), System(), LinkHolder()
SIXTH_FORM, _ADULTS = "10000001", "10000002"


class _Course(Struct, frozen=True):
    """``run_starts`` in days from now; each run lasts ``days`` and takes learners for its first ``open_days``."""

    code: str
    title: str
    kind: CourseKind
    model: AccessModel
    price: str
    provider: str
    run_starts: tuple[int, ...]
    days: int
    open_days: int
    steps: int


_OPEN, _CLOSED = CourseKind.OPEN, CourseKind.INVITE_ONLY
_UPGRADED, _SPONSORED = AccessModel.UPGRADED, AccessModel.SPONSORED
_NORTHFIELD = (
    _Course("maths", "Maths for Everyone", _OPEN, _UPGRADED, "24.50", "", (-120, -7, 91), 56, 35, 40),
    _Course("spanish", "Spanish for Beginners", _OPEN, _UPGRADED, "18.00", "", (-140, 14, 133), 70, 42, 50),
    _Course("coding", "Coding Club", _OPEN, AccessModel.PAID_FOR, "49.00", "", (-100, -3, 84), 77, 30, 30),
    _Course("skills", "Study Skills", _OPEN, _SPONSORED, "0", _ADULTS, (-90, -14, 98), 60, 45, 16),
    _Course("mentoring", "Peer Mentoring", _CLOSED, _SPONSORED, "0", SIXTH_FORM, (-200, -20, 28), 90, 80, 12),
    _Course("safety", "Lab Safety", _CLOSED, AccessModel.NO_PURCHASE, "0", SIXTH_FORM, (-160, -10, 42), 100, 90, 8),
)
_SOUTHGATE = (_Course("poetry", "Reading Poetry", _OPEN, _SPONSORED, "35.00", "", (-110, -5, 77), 70, 40, 24),)
_COLUMNS = (
    "course_code", "course_title", "kind", "model", "provider_ukprn", "price", "run_code", "run_title",
    "starts", "ends", "enrolment_closes", "steps", "time_zone",
)  # fmt: skip


class Person(Struct, frozen=True):
    """Somebody whom a visitor of the demo can be; ``about`` says in a few words what to expect."""

    user: records.User
    about: str


class Sample(Struct, frozen=True):
    """``run`` is the code of one that can be chosen today, ``runs_now`` those of each course's current run."""

    team: records.Team
    channel: records.Channel
    people: tuple[Person, ...]
    run: str
    runs_now: tuple[str, ...]
    mail_address: str = "usher+northfield@usher.example.org"

    @property
    def told_run(self) -> str:
        """Of which a report has told; somebody on it is at risk."""
        return next(run for run in self.runs_now if run.startswith("skills-"))

    @property
    def owner(self) -> records.User:
        return self.people[0].user

    def run_of(self, course: str) -> str:
        """The current one."""
        return next(run for run in self.runs_now if run.startswith(f"{course}-"))


def make_sample(app: App, workspace: Workspaces, now: datetime) -> Sample:
    """Everything is accepted and connected by itself, so none of the mails about it is worth sending."""
    today = now.date()
    created = _make_northfield(app, today)
    _make_southgate(app, now)
    team, people, channel = make_workspace(workspace)
    _bind(app, team, people[0].user, created.setup_code)
    for person in people[:3]:
        _link(app, team, person.user)
    _drop_waiting_mail(app)
    runs_now = tuple(_run_code(course, today, course.run_starts[1]) for course in _NORTHFIELD)
    return Sample(team, channel, people, runs_now[0], runs_now)


def catalogue(courses: tuple[_Course, ...], today: date) -> str:
    """As an operator would write it, one run a row."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(_COLUMNS)
    table.writerows(_row(course, today, start) for course in courses for start in course.run_starts)
    return file.getvalue()


def _row(course: _Course, today: date, start: int) -> tuple[object, ...]:
    starts = today + timedelta(days=start)
    ends, closes = starts + timedelta(days=course.days), starts + timedelta(days=course.open_days)
    return (
        course.code, course.title, course.kind, course.model, course.provider, course.price,
        _run_code(course, today, start), f"{course.title}, {starts:%B %Y}", starts, ends, closes, course.steps,
        "Europe/London",
    )  # fmt: skip


def _run_code(course: _Course, today: date, start: int) -> str:
    return f"{course.code}-{today + timedelta(days=start):%Y-%m}"


# --- Organisations ----------------------------------------------------------------------------------------


def _make_northfield(app: App, today: date) -> OrganisationCreated:
    created = app.run(
        create_organisation,
        CreateOrganisation(
            "northfield", "Northfield College", "Europe/London", "Olive", "Owner", "olive@northfield.example.org"
        ),
        _OPERATOR,
    )
    for ukprn, name in ((SIXTH_FORM, "Northfield Sixth Form"), (_ADULTS, "Northfield Adult Learning")):
        app.run(add_provider, AddProvider("northfield", ukprn, name), _OPERATOR)
    app.run(import_catalogue, ImportCatalogue("northfield", catalogue(_NORTHFIELD, today)), _OPERATOR)
    app.run(accept_staff_invitation, AcceptStaffInvitation(created.owner.token), _LINK_HOLDER)
    _add_staff(app, "Max", "Manager", Role.MANAGER, (_ADULTS,))
    _add_staff(app, "Vera", "Viewer", Role.VIEWER, ())
    return created


def _add_staff(app: App, first_name: str, last_name: str, role: Role, providers: tuple[str, ...]) -> None:
    email = f"{first_name.lower()}@northfield.example.org"
    command = InviteStaffMember("northfield", first_name, last_name, email, role, providers=providers)
    invited = app.run(invite_staff_member, command, _OPERATOR)
    app.run(accept_staff_invitation, AcceptStaffInvitation(invited.token), _LINK_HOLDER)


def _make_southgate(app: App, now: datetime) -> None:
    """It lends Northfield its course: £20.00 a place, five of them paid already."""
    created = app.run(
        create_organisation,
        CreateOrganisation(
            "southgate", "Southgate University", "Europe/London", "Sue", "South", "sue@southgate.example.org"
        ),
        _OPERATOR,
    )
    app.run(accept_staff_invitation, AcceptStaffInvitation(created.owner.token), _LINK_HOLDER)
    app.run(import_catalogue, ImportCatalogue("southgate", catalogue(_SOUTHGATE, now.date())), _OPERATOR)
    starts, ends = now - timedelta(days=30), now + timedelta(days=335)
    app.run(add_agreement, AddAgreement("northfield", "southgate", "poetry", 2000, 5, starts, ends), _OPERATOR)


# --- Slack ------------------------------------------------------------------------------------------------


def make_workspace(workspace: Workspaces) -> tuple[records.Team, tuple[Person, ...], records.Channel]:
    """The same ids in every empty workspace."""
    team = workspace.add_team("Northfield")
    olive = workspace.add_user(team, "Olive Owner", "olive@northfield.example.org")
    max_ = workspace.add_user(team, "Max Manager", "max@northfield.example.org")
    vera = workspace.add_user(team, "Vera Viewer", "vera@northfield.example.org")
    guest = workspace.add_user(team, "Gus Guest", "gus@visitors.example.org")
    guest.is_restricted = True
    stranger = workspace.add_user(workspace.add_team("Southgate"), "Sten Stranger", "sten@southgate.example.org")
    stranger.is_stranger = True
    channel = workspace.add_channel(team, "learning-support", [olive, max_, vera, guest])
    workspace.add_channel(team, "partners", [olive, stranger]).is_ext_shared = True
    for person in (olive, max_, vera, guest):
        workspace.direct_messages(team, person.id)
    people = (
        Person(olive, "owner: may do everything"),
        Person(max_, "manager of Adult Learning"),
        Person(vera, "viewer: may look, not invite"),
        Person(guest, "a guest: Usher refuses"),
        Person(stranger, "from another company: Usher refuses"),
    )
    return team, people, channel


def _bind(app: App, team: records.Team, user: records.User, setup_code: str) -> None:
    app.run(bind_workspace, BindWorkspace(setup_code), _visitor(team, user))


def _link(app: App, team: records.Team, user: records.User) -> None:
    """Asks for a code, reads it in the mail that waits to be sent, and types it."""
    visitor = _visitor(team, user)
    app.run(ask_for_code, AskForCode(), visitor)
    letters = app.read(load_letters, LoadLetters(_waiting_mail(app)), _SYSTEM).letters
    codes = [letter.code for letter in letters if isinstance(letter, SlackCodeLetter) and _is_to(letter, user)]
    app.run(confirm_code, ConfirmCode(codes[0]), visitor)


def _is_to(letter: SlackCodeLetter, user: records.User) -> bool:
    return letter.head.recipient == user.email


def _visitor(team: records.Team, user: records.User) -> SlackVisitor:
    return SlackVisitor(team.enterprise_id or "", team.id, user.id, user.email)


# --- Mail about the sample --------------------------------------------------------------------------------


def _waiting_mail(app: App) -> tuple[int, ...]:
    query = select(OutboundMessage.id).where(
        OutboundMessage.state == MessageState.PENDING, OutboundMessage.channel == Channel.EMAIL
    )
    return app.read(lambda ctx, _command: tuple(ctx.session.scalars(query)), None, _SYSTEM)


def _drop_waiting_mail(app: App) -> None:
    app.run(turn_over, TurnOver("demo", unworthy_ids=_waiting_mail(app)), _SYSTEM)
