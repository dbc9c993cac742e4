"""The sample has one of everything, whatever the day."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.app import App
from core.context import SlackVisitor, StaffActor
from core.model import Agreement, Course, CourseRun, Organisation, OutboundMessage, Provider, StaffMember
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.staff.slack_identity import WhoIs, who_is
from core.words import AccessModel, CourseKind, MessageState, Role
from tests.factories import NOW, FixedClock, make_app, make_engine
from usher.demo.sample import Sample, make_sample
from usher.demo.slack.records import User
from usher.demo.slack.server import SlackLookalike


def _sample(app: App, now: datetime = NOW) -> Sample:
    return make_sample(app, SlackLookalike(now.timestamp).workspace, now)


def _all(app: App) -> Session:
    return Session(app.engine, info={"scope": "every organisation"})


def _staff(app: App, sample: Sample, user: User) -> StaffActor | None:
    visitor = SlackVisitor("", sample.team.id, user.id, user.email)
    return app.read(who_is, WhoIs(), visitor).staff


def _choosable(app: App, staff: StaffActor) -> set[str]:
    listed = app.read(list_choosable_runs, ListChoosableRuns(page_rows=100), staff)
    return {run.code.partition("-")[0] for run in listed.runs}


def test_six_courses_cover_every_kind_and_access_model(app: App) -> None:
    _sample(app)

    with _all(app) as session:
        courses = session.scalars(select(Course).join(Organisation, Organisation.id == Course.organisation_id)).all()
        own = sorted((course.kind, course.model) for course in courses if course.code != "poetry")
        providers = session.scalars(select(Provider.ukprn)).all()
    assert own == sorted(
        [
            (CourseKind.OPEN, AccessModel.UPGRADED),
            (CourseKind.OPEN, AccessModel.UPGRADED),
            (CourseKind.OPEN, AccessModel.PAID_FOR),
            (CourseKind.OPEN, AccessModel.SPONSORED),
            (CourseKind.INVITE_ONLY, AccessModel.SPONSORED),
            (CourseKind.INVITE_ONLY, AccessModel.NO_PURCHASE),
        ]
    )
    assert len(providers) == 2


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(NOW, marks=pytest.mark.slow),
        datetime(2028, 2, 29, 12, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
        pytest.param(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), marks=pytest.mark.slow),
    ],
)
def test_on_any_day_there_are_past_current_and_future_runs_of_each_course(tmp_path: Path, now: datetime) -> None:
    app = make_app(make_engine(f"sqlite:///{tmp_path}/other.db"), clock=FixedClock(now))

    sample = _sample(app, now)

    with _all(app) as session:
        runs = session.scalars(select(CourseRun).order_by(CourseRun.starts_at)).all()
        by_course: dict[int, list[CourseRun]] = {}
        for run in runs:
            by_course.setdefault(run.course_id, []).append(run)
        assert len(by_course) == 7
        for past, _, future in by_course.values():
            assert past.ends_at is not None
            assert past.ends_at < now < future.starts_at
        assert sum(current.starts_at <= now for _, current, _ in by_course.values()) == 6
    olive = _staff(app, sample, sample.owner)
    assert olive is not None
    assert _choosable(app, olive) == {"maths", "spanish", "skills", "mentoring", "safety", "poetry"}
    listed = app.read(list_choosable_runs, ListChoosableRuns(search=sample.run), olive)
    assert [run.code for run in listed.runs] == [sample.run]


def test_another_organisation_lends_its_course_under_an_agreement(app: App) -> None:
    _sample(app)

    with _all(app) as session:
        agreement = session.scalars(select(Agreement)).one()
        names = {row.id: row.name for row in session.scalars(select(Organisation))}
    assert names[agreement.organisation_id] == "Northfield College"
    assert names[agreement.owner_id] == "Southgate University"
    assert agreement.starts_at < NOW < agreement.ends_at  # type: ignore[operator] # It ends.


def test_three_staff_have_accepted_and_are_known_in_slack(app: App) -> None:
    sample = _sample(app)

    actors = [_staff(app, sample, person.user) for person in sample.people[:3]]
    with _all(app) as session:
        staff = {row.id: row for row in session.scalars(select(StaffMember))}
    members = [staff[actor.staff_id] for actor in actors if actor is not None]
    assert [(row.first_name, row.role) for row in members] == [
        ("Olive", Role.OWNER),
        ("Max", Role.MANAGER),
        ("Vera", Role.VIEWER),
    ]
    assert all(row.accepted_at is not None for row in members)
    assert all(person.user.email.endswith("@northfield.example.org") for person in sample.people[:3])


def test_the_manager_looks_after_one_provider(app: App) -> None:
    sample = _sample(app)

    max_ = _staff(app, sample, sample.people[1].user)

    assert max_ is not None
    assert _choosable(app, max_) == {"maths", "spanish", "skills", "poetry"}


def test_a_guest_and_a_stranger_are_in_slack_and_no_staff(app: App) -> None:
    sample = _sample(app)

    guest, stranger = (person.user for person in sample.people[3:])

    assert guest.is_restricted
    assert stranger.is_stranger
    assert stranger.team_id != sample.team.id
    assert _staff(app, sample, guest) is None
    assert _staff(app, sample, stranger) is None


def test_everybody_finds_a_conversation(app: App) -> None:
    slack = SlackLookalike(NOW.timestamp)

    sample = make_sample(app, slack.workspace, NOW)

    for person in sample.people:
        assert any(person.user.id in channel.members for channel in slack.workspace.channels.values())
    assert sample.channel.name == "learning-support"
    assert sample.people[4].user.id not in sample.channel.members


def test_no_mail_about_the_sample_waits_to_be_sent(app: App) -> None:
    _sample(app)

    with _all(app) as session:
        states = set(session.scalars(select(OutboundMessage.state)))
    assert states == {MessageState.DROPPED}
