"""How much a sender may ask, and how many answers they get."""

from concurrent.futures import ThreadPoolExecutor

from msgspec.structs import replace

from core.context import Assurance, Door
from core.letters import AnswerPart
from core.model import MailAnswer
from core.results import RequestRefused
from core.rules.policy import MAIL_ANSWERS_AN_HOUR
from core.usecases.mailbox.requests import AnswerMail, Asking, answer_mail
from core.usecases.mailbox.senders import NoteSender, NoteSenders, note_sender, note_senders
from tests.core.usecases.acting import everything
from tests.core.usecases.holding import arrive
from tests.factories import SYSTEM, School

_AT_ONCE = 6


def test_of_answers_at_one_moment_none_is_over_the_hour_s_limit(school: School) -> None:
    messages = [_received(school, number) for number in range(MAIL_ANSWERS_AN_HOUR - 1 + _AT_ONCE)]
    for inbound_id in messages[_AT_ONCE:]:
        _answer(school, inbound_id)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        settled = list(threads.map(lambda inbound_id: _answer(school, inbound_id), messages[:_AT_ONCE]))

    assert settled == [True] * _AT_ONCE
    assert len(everything(school.app, MailAnswer)) == MAIL_ANSWERS_AN_HOUR


def test_of_requests_that_are_counted_at_one_moment_each_counts_those_before_it(school: School) -> None:
    """Else of two processes each would take the hour's last place."""
    who = (school.owner.organisation_id, school.owner.staff_id)
    notes = [
        NoteSenders((NoteSender(arrive(school.app, number), "olive@north.example.org", *who, Assurance.VERIFIED),))
        for number in range(_AT_ONCE)
    ]

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        noted = list(threads.map(lambda note: school.app.run(note_senders, note, SYSTEM).notes[0], notes))

    assert sorted(each.asked_by_sender for each in noted) == list(range(_AT_ONCE))


def _received(school: School, number: int) -> int:
    inbound_id = arrive(school.app, number)
    who = (school.owner.organisation_id, school.owner.staff_id)
    sender = NoteSender(inbound_id, "olive@north.example.org", *who, Assurance.VERIFIED)
    school.app.run(note_sender, sender, SYSTEM)
    return inbound_id


def _answer(school: School, inbound_id: int) -> bool:
    asking = Asking(inbound_id, "help", f"<{inbound_id}@example.org>", ())
    part = AnswerPart("help", RequestRefused("RunNotFound", "x", "Not found", ""))
    by_mail = replace(school.owner, door=Door.MAIL)
    return school.app.run(answer_mail, AnswerMail(asking, (part,)), by_mail).was_open
