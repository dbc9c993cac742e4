"""What is done about a learner at risk: nudged after a look, at most once a week; snoozed; spoken to; taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from core import access
from core.context import Context
from core.errors import LearnerNotOnRun, MomentUnclear, NudgeRefused, NudgeWordsUnclear, RoleMissing, UndoOver
from core.letters import NudgeLetter
from core.model import (
    Course,
    CourseRun,
    Enrolment,
    FollowUp,
    Learner,
    Organisation,
    OutboundMessage,
    Progress,
    Suppression,
)
from core.requests import Request, mode_of, read_request, usecase_of
from core.requests.language import Mode
from core.usecases.digests.digests import ShowDigest, show_digest
from core.usecases.mailbox.stopping import StopByMail, stop_by_mail
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.progress.figures import ProgressShown, ShowProgress, show_progress
from core.usecases.progress.follow_ups import FollowUpNoted, UndoFollowUp, undo_follow_up
from core.usecases.progress.nudges import LearnerNudged, NudgeLearner, nudge_learner
from core.usecases.progress.run_statements import ProgressList
from core.words import MessageKind, MessageState, SuppressReason
from tests.core.conftest import Play
from tests.core.usecases.acting import MATHS, POETRY, change, clock_of, everything, only, rival_before
from tests.core.usecases.progressing import enrol, learner_of, line, send
from tests.factories import SYSTEM, School, counted_queries, plan_of

ADA, BO = "ada@example.org", "bo@example.org"


def _stalled(school: School) -> None:
    """Ada and Bo did nothing for twelve days, as today's report says."""
    enrol(school, ADA, BO)
    clock_of(school.app).advance(days=30)
    send(school, line(ADA, steps_completed="30%"), line(BO, steps_completed="8%"))
    clock_of(school.app).advance(days=12)
    scored = {"avg_test_score": "50%"}
    send(school, line(ADA, steps_completed="30%", **scored), line(BO, steps_completed="8%", **scored))


@pytest.fixture
def stalled(after: Play) -> School:
    return after(_stalled)


def say(school: School, words: str, by: Any = None) -> Any:
    request = read_request(words)
    assert isinstance(request, Request)
    do = school.app.read if mode_of(request) is Mode.READ else school.app.run
    return do(usecase_of(request), request.command, by or school.owner)


def nudge(school: School, who: str = BO, words: str = "", by: Any = None) -> LearnerNudged:
    return school.app.run(nudge_learner, NudgeLearner(MATHS, who, words=words), by or school.owner)


def undo(school: School, follow_up_id: int) -> Any:
    return school.app.run(undo_follow_up, UndoFollowUp(follow_up_id), school.owner)


def listed(school: School, shown: ProgressList = ProgressList.AT_RISK) -> ProgressShown:
    return school.app.read(show_progress, ShowProgress(MATHS, shown), school.owner)


def names(shown: ProgressShown) -> list[str]:
    return [row.address for row in shown.page.rows]


def letters(school: School) -> tuple[NudgeLetter, ...]:
    ids = tuple(each.id for each in everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.NUDGE))
    found = school.app.read(load_letters, LoadLetters(ids), SYSTEM).letters
    return tuple(each for each in found if isinstance(each, NudgeLetter))


def test_a_nudge_is_seen_first_and_goes_out_as_it_was_seen(stalled: School) -> None:
    seen = say(stalled, f"nudge {MATHS} {BO}")
    assert everything(stalled.app, FollowUp) == []

    sent = nudge(stalled)

    (letter,) = letters(stalled)
    assert sent.letter == seen
    assert (letter.words, letter.author, letter.head.recipient) == (seen.words, seen.author, BO)
    assert (letter.head.reply_to, letter.head.recipient_name) == (seen.reply_to, "Bo")
    assert "Maths for Everyone" in letter.words
    assert "8 %" not in letter.words
    assert (names(listed(stalled)), names(listed(stalled, ProgressList.SET_ASIDE))) == ([ADA], [BO])
    change(stalled.app, OutboundMessage, letter.head.message_id, state=MessageState.SENT)
    with pytest.raises(UndoOver):
        undo(stalled, sent.follow_up_id)


def test_one_a_week_whoever_sends_it_and_a_nudge_taken_back_does_not_count(stalled: School) -> None:
    first = nudge(stalled)
    with pytest.raises(NudgeRefused, match="less than a week"):
        nudge(stalled, by=stalled.manager)

    undo(stalled, first.follow_up_id)
    assert letters(stalled) == ()
    assert names(listed(stalled)) == [ADA, BO]
    nudge(stalled)
    clock_of(stalled.app).advance(days=7)

    assert nudge(stalled).next_from == clock_of(stalled.app)() + timedelta(days=7, seconds=60)


def test_a_nudge_that_is_dropped_when_it_is_due_does_not_use_up_the_week(stalled: School) -> None:
    nudge(stalled)
    clock_of(stalled.app).advance(minutes=5)
    send(stalled, line(BO, steps_completed="9%"))
    (waiting,) = everything(stalled.app, OutboundMessage, OutboundMessage.kind == MessageKind.NUDGE)

    unworthy = stalled.app.read(load_letters, LoadLetters((waiting.id,)), SYSTEM).unworthy_ids
    stalled.app.run(turn_over, TurnOver("worker", unworthy_ids=unworthy), SYSTEM)
    again = nudge(stalled)
    # A worker that looks at the old one once more takes nothing from the new one.
    stalled.app.run(turn_over, TurnOver("worker", unworthy_ids=unworthy), SYSTEM)

    assert unworthy == (waiting.id,)
    assert [each.words for each in letters(stalled)] == [again.letter.words]
    with pytest.raises(NudgeRefused, match="less than a week"):
        nudge(stalled)


def test_of_two_at_the_same_moment_one_goes_out(stalled: School) -> None:
    def one(by: Any) -> bool:
        try:
            nudge(stalled, by=by)
        except NudgeRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        went = list(pool.map(one, (stalled.owner, stalled.manager)))

    assert sorted(went) == [False, True]
    assert len(everything(stalled.app, OutboundMessage, OutboundMessage.kind == MessageKind.NUDGE)) == 1


@pytest.mark.parametrize("copies", ["postgresql"], indirect=True)
@pytest.mark.parametrize("words", ["snooze", "spoken"])
def test_of_two_snoozes_or_talks_at_the_same_moment_the_later_one_stands(stalled: School, words: str) -> None:
    rival = partial(say, stalled, f"{words} {MATHS} {BO}", by=stalled.manager)

    with rival_before(stalled.app.engine, "INSERT INTO follow_up", rival) as rivals:
        last = say(stalled, f"{words} {MATHS} {BO}")

    standing = everything(stalled.app, FollowUp, FollowUp.undone_at.is_(None))
    assert [each.id for each in standing] == [last.follow_up.follow_up_id]
    (first,) = rivals
    assert isinstance(first, FollowUpNoted)
    assert first.follow_up.follow_up_id != last.follow_up.follow_up_id


def _finished(school: School) -> None:
    change(school.app, Progress, _progress(school).id, step_percentage=9500)


def _left(school: School) -> None:
    enrolment = only(school.app, Enrolment, Enrolment.learner_id == learner_of(school, BO).id)
    change(school.app, Enrolment, enrolment.id, left_at=clock_of(school.app)())


def _moved(school: School) -> None:
    change(school.app, Progress, _progress(school).id, active_at=clock_of(school.app)())


def _removed(school: School) -> None:
    change(school.app, Learner, learner_of(school, BO).id, removed_at=clock_of(school.app)())


def _asked(school: School) -> None:
    message = only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.NUDGE)
    token = school.app.links.stop_token(message.id)
    school.app.run(stop_by_mail, StopByMail(_inbound(school), (token,)), SYSTEM)


def _inbound(school: School) -> int:
    from core.usecases.mailbox.inbound import ReceiveMail, receive_mail

    return school.app.run(receive_mail, ReceiveMail(b"Subject: stop\r\n\r\n", "<s@x>", "1" * 64), SYSTEM).inbound_id


def _progress(school: School) -> Progress:
    return only(school.app, Progress, Progress.learner_id == learner_of(school, BO).id)


@pytest.mark.parametrize("meanwhile", [_finished, _left, _moved, _removed, _asked])
def test_what_no_longer_makes_sense_is_not_sent(stalled: School, meanwhile: Any) -> None:
    nudge(stalled)
    assert len(letters(stalled)) == 1

    meanwhile(stalled)

    assert letters(stalled) == ()
    clock_of(stalled.app).advance(days=8)
    if meanwhile is not _moved and meanwhile is not _removed:
        with pytest.raises(NudgeRefused):
            nudge(stalled)


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)  # PostgreSQL plans by what is in the tables.
def test_who_can_be_nudged_is_looked_up_and_not_looked_for_among_all_learners(stalled: School) -> None:
    values: dict[str, Any] = {}

    with counted_queries(stalled.app.engine, values):
        say(stalled, f"nudge {MATHS} {BO}")

    (looking,) = (each for each in values if "has_asked" in each)
    plan = plan_of(stalled.app.engine, looking, values[looking])
    assert plan[0].startswith("SEARCH enrolment"), plan
    assert "SEARCH learner USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN" in plan


def _insert(ctx: Context, _: None, model: Any, row: dict[str, Any]) -> None:
    access.insert_all(ctx, model, [row])


def test_that_another_organisation_does_not_write_to_an_address_stops_no_nudge(stalled: School) -> None:
    now = clock_of(stalled.app)()
    theirs = {"id": 1, "first_name": "Cy", "last_name": "Young", "created_at": now}
    bounced = {"id": 1, "address_key": BO, "reason": SuppressReason.BOUNCED, "suppressed_at": now}
    for model, row in ((Learner, theirs), (Suppression, bounced)):
        stalled.app.run(partial(_insert, model=model, row=row), None, stalled.other_owner)

    assert say(stalled, f"nudge {MATHS} {BO}").address == BO
    nudge(stalled)
    assert len(letters(stalled)) == 1


def test_quiet_hours_words_and_roles_are_minded(stalled: School) -> None:
    for words, wrong in (("Look at example.org/a", "is a link"), ("x" * 1001, "1,000 fit")):
        with pytest.raises(NudgeWordsUnclear, match=wrong):
            nudge(stalled, words=words)
    with pytest.raises(RoleMissing):
        nudge(stalled, by=stalled.viewer)
    with pytest.raises(LearnerNotOnRun):
        say(stalled, f"spoken {POETRY} {BO}")
    now = clock_of(stalled.app)()
    change(stalled.app, Organisation, stalled.organisation_id, quiet_from=0, quiet_until=23 * 60 + 59)

    sent = nudge(stalled, words="Shall we talk on Monday?\n\nI am in room 7.")

    assert sent.letter.sends_at > now + timedelta(minutes=5)
    assert letters(stalled)[0].words == "Shall we talk on Monday?\n\nI am in room 7."


def test_a_course_that_is_called_like_a_link_can_be_named(stalled: School) -> None:
    change(stalled.app, Course, only(stalled.app, CourseRun, CourseRun.code == MATHS).course_id, title="ASP.NET")

    seen = say(stalled, f"nudge {MATHS} {BO}")

    assert "ASP.NET" in nudge(stalled, words=seen.words).letter.words
    with pytest.raises(NudgeWordsUnclear, match=r"bit\.ly"):
        nudge(stalled, ADA, words="ASP.NET is at bit.ly/1")


def test_a_snoozed_name_is_hidden_until_its_day_and_can_be_brought_back(stalled: School) -> None:
    noted = say(stalled, f"snooze {MATHS} {BO} 2 weeks")
    assert noted.follow_up.until_at == clock_of(stalled.app)() + timedelta(days=14)
    assert (listed(stalled).at_risk, listed(stalled).set_aside) == (1, 1)

    later = say(stalled, f"snooze {MATHS} {BO} until tomorrow")
    clock_of(stalled.app).advance(days=2)
    assert names(listed(stalled)) == [ADA, BO]
    with pytest.raises(UndoOver):
        undo(stalled, later.follow_up.follow_up_id)

    third = say(stalled, f"snooze {MATHS} {BO}")
    assert names(listed(stalled)) == [ADA]
    undo(stalled, third.follow_up.follow_up_id)
    assert names(listed(stalled)) == [ADA, BO]
    with pytest.raises(MomentUnclear):
        say(stalled, f"snooze {MATHS} {BO} 300 days")


def test_who_was_spoken_to_comes_back_with_a_new_reason_or_after_two_weeks(stalled: School) -> None:
    say(stalled, f"spoken {MATHS} {BO}")
    assert names(listed(stalled)) == [ADA]
    assert listed(stalled, ProgressList.SET_ASIDE).page.rows[0].follow_up is not None

    # Bo does a step, and falls silent again.
    bo = _progress(stalled)
    assert bo.active_at is not None
    change(stalled.app, Progress, bo.id, active_at=bo.active_at + timedelta(hours=1))
    assert names(listed(stalled)) == [ADA, BO]

    say(stalled, f"spoken {MATHS} {BO}")
    pressed_twice = say(stalled, f"spoken {MATHS} {BO}")
    assert names(listed(stalled)) == [ADA]
    undo(stalled, pressed_twice.follow_up.follow_up_id)
    assert names(listed(stalled)) == [ADA, BO]
    say(stalled, f"spoken {MATHS} {BO}")
    clock_of(stalled.app).advance(days=14)
    assert names(listed(stalled)) == [ADA, BO]


def test_the_digest_names_who_is_at_risk_and_why_but_nobody_twice(stalled: School) -> None:
    shown = stalled.app.read(show_digest, ShowDigest(), stalled.owner)

    assert (shown.at_risk, [each.address for each in shown.at_risk_names]) == (2, [ADA, BO])
    assert all(each.risks for each in shown.at_risk_names)
    assert not {each.address for each in shown.stalled_names} & {ADA, BO}

    with counted_queries(stalled.app.engine) as of_two:
        stalled.app.read(show_digest, ShowDigest(), stalled.owner)
    say(stalled, f"spoken {MATHS} {BO}")
    with counted_queries(stalled.app.engine) as of_one:
        assert stalled.app.read(show_digest, ShowDigest(), stalled.owner).at_risk == 1
    assert len(of_one) == len(of_two)


def test_a_message_that_was_dropped_hides_nobody_and_is_not_called_on_its_way(stalled: School) -> None:
    sent = nudge(stalled)
    message = only(stalled.app, OutboundMessage, OutboundMessage.kind == MessageKind.NUDGE)

    change(stalled.app, OutboundMessage, message.id, state=MessageState.DROPPED)

    assert names(listed(stalled)) == [ADA, BO]
    with pytest.raises(UndoOver, match="was not sent"):
        undo(stalled, sent.follow_up_id)
