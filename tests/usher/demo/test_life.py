"""A newcomer finds something in every list, and nothing of it is mailed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.app import App
from core.context import SlackVisitor, StaffActor
from core.model import Invitation, OutboundMessage
from core.rules.progress.bands import Band
from core.usecases.invitations.schedules import ListScheduled, list_scheduled
from core.usecases.links.lists import ListSharedLinks, list_shared_links
from core.usecases.progress.figures import ShowProgress, show_progress
from core.usecases.progress.reports import ListReports, ReportCounts, list_reports
from core.usecases.staff.cards import StaffState
from core.usecases.staff.colleagues import ListStaff, list_staff
from core.usecases.staff.homes import ShowHome, show_home
from core.usecases.staff.slack_identity import WhoIs, who_is
from core.words import Channel, InvitationState, MessageKind, MessageState
from tests.core.usecases.acting import everything
from tests.factories import NOW, FixedClock, make_app, make_engine
from usher.demo.life import live_a_day
from usher.demo.sample import Sample, make_sample
from usher.demo.slack.server import SlackLookalike


def _lived(app: App, now: datetime = NOW) -> Sample:
    sample = make_sample(app, SlackLookalike(now.timestamp).workspace, now)
    live_a_day(app, sample, now)
    return sample


def _olive(app: App, sample: Sample) -> StaffActor:
    visitor = SlackVisitor("", sample.team.id, sample.owner.id, sample.owner.email)
    staff = app.read(who_is, WhoIs(), visitor).staff
    assert staff is not None
    return staff


def test_each_list_shows_something_and_there_are_invitations_with_every_answer(app: App) -> None:
    olive = _olive(app, _lived(app))

    states = {invitation.state for invitation in everything(app, Invitation)}
    bounced = everything(app, OutboundMessage, OutboundMessage.state == MessageState.BOUNCED)

    (link,) = app.read(list_shared_links, ListSharedLinks(), olive).links
    (scheduled,) = app.read(list_scheduled, ListScheduled(), olive).rows
    staff = app.read(list_staff, ListStaff(), olive).rows
    home = app.read(show_home, ShowHome(), olive)
    (report,) = app.read(list_reports, ListReports(), olive).reports
    progress = app.read(show_progress, ShowProgress(report.run_code), olive)

    assert states == {InvitationState.PENDING, InvitationState.ACCEPTED, InvitationState.DECLINED}
    assert [message.recipient for message in bounced] == ["finn@gmial.com"]
    assert link.joins == 4
    assert scheduled.invited == 3
    assert [card.first_name for card in staff if card.state is StaffState.INVITED] == ["Nora"]
    assert len(home.batches) == 3
    assert report.counts == ReportCounts(created=4, problem=1)
    assert (progress.enrolled, progress.stalled, dict(progress.bands)[Band.COMPLETED]) == (5, 1, 1)


# A leap day just after midnight is the hardest of them.
@pytest.mark.parametrize(
    "now",
    [
        pytest.param(NOW, marks=pytest.mark.slow),
        datetime(2028, 2, 29, 0, 5, tzinfo=UTC),
        pytest.param(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), marks=pytest.mark.slow),
    ],
)
def test_nothing_of_it_is_mailed_today(tmp_path: Path, now: datetime) -> None:
    app = make_app(make_engine(f"sqlite:///{tmp_path}/other.db"), clock=FixedClock(now))

    _lived(app, now)

    due = OutboundMessage.not_before <= now + timedelta(minutes=5)
    waiting = OutboundMessage.state.in_((MessageState.PENDING, MessageState.SENDING))
    messages = everything(app, OutboundMessage, due, waiting)
    assert [message.kind for message in messages if message.channel is Channel.EMAIL] == []
    assert MessageKind.SCOREBOARD in {message.kind for message in messages}
