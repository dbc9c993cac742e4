"""What staff write by e-mail, and what is done and answered."""

import pytest

from core.requests import Help
from core.results import NotUnderstood, ReplyAwaited, RequestRefused
from core.usecases.batches import (
    LearnersInvited,
)
from core.usecases.invitation_changes import InvitationsCancelled
from core.usecases.mail_invitations import InvitedAtOnce, PreviewDiscarded, PreviewNumbered
from core.usecases.recall import BatchRecalled
from core.usecases.shared_links import SharedLinkChanged
from core.words import MailState
from tests.factories import School
from tests.mail.asking import Writer

MATHS = "maths-2026-03"


@pytest.fixture
def olive(school: School) -> Writer:
    return Writer(school, school.owner)


def many(count: int, start: int = 0) -> str:
    return "\n".join(f"learner{number}@example.org" for number in range(start, start + count))


def test_an_invitation_of_a_few_is_done_at_once_and_answered(olive: Writer) -> None:
    answered = olive.write(f"invite {MATHS}", "Hi Usher,\n\nada@example.org\nbo@example.org\n\nThanks\nOlive")

    assert answered.state is MailState.PROCESSED
    assert isinstance(answered.result, InvitedAtOnce)
    assert answered.result.invited.invited == 2
    assert "2 learners invited to Maths for Everyone" in answered.text
    assert "B-0001" in answered.text
    assert "Reply “undo”" in answered.text
    assert answered.mail["To"] == "Olive Owner <olive@north.example.org>"
    assert answered.mail["Subject"] == f"Re: invite {MATHS}"
    assert answered.mail["In-Reply-To"] == "<q1@mail.example.org>"
    assert answered.mail["Auto-Submitted"] == "auto-replied"


def test_many_are_previewed_with_their_number_and_invited_by_yes(olive: Writer) -> None:
    asked = olive.write(f"invite {MATHS}", many(51))
    other = olive.write(f"invite {MATHS}", "zoe@example.org")

    invited = olive.reply(asked, "yes B-0001")

    assert isinstance(asked.result, PreviewNumbered)
    assert asked.result.numbers == (1,)
    assert "“yes B-0001”" in asked.text
    assert isinstance(other.result, InvitedAtOnce)
    assert other.result.invited.numbers == (2,)
    assert isinstance(invited.result, LearnersInvited)
    assert (invited.result.invited, invited.result.numbers) == (51, (1,))


def test_no_throws_the_preview_away_and_a_later_yes_finds_nothing(olive: Writer) -> None:
    asked = olive.write(f"invite {MATHS}", many(51))

    no = olive.reply(asked, "No, thanks!")
    yes = olive.reply(asked, "yes")

    assert isinstance(no.result, PreviewDiscarded)
    assert isinstance(yes.result, RequestRefused)
    assert yes.result.error == "PreviewExpired"


def test_undo_in_reply_takes_the_batch_back(olive: Writer) -> None:
    invited = olive.write(f"invite {MATHS}", "ada@example.org")

    undone = olive.reply(invited, "Undo please\n\nOlive")

    assert undone.result == BatchRecalled((1,), unsent=1, withdrawn=0, answered=0)


def test_cancelling_all_is_asked_back_and_done_by_yes_once(olive: Writer) -> None:
    olive.write(f"invite {MATHS}", "ada@example.org, bo@example.org")

    asked = olive.write(f"cancel {MATHS} all")
    done = olive.reply(asked, "yes")
    again = olive.reply(asked, "yes")

    assert isinstance(asked.result, ReplyAwaited)
    assert "Cancel 2 invitations to Maths for Everyone" in asked.text
    assert isinstance(done.result, InvitationsCancelled)
    assert done.result.cancelled == 2
    assert isinstance(again.result, RequestRefused)
    assert again.result.error == "QuestionAnswered"


def test_several_requests_are_answered_in_one_mail_and_one_refusal_stops_none(olive: Writer) -> None:
    answered = olive.write("", f"courses maths\ninvites mathz\nlinks {MATHS}")

    kinds = [type(part.result).__name__ for part in answered.parts]
    assert kinds == ["CoursesListed", "RequestRefused", "SharedLinkChanged"]
    assert "1. courses maths" in answered.text
    assert "https://usher.example.org/j/" in answered.text


def test_a_question_that_is_no_verb_is_answered_with_help(olive: Writer) -> None:
    answered = olive.write("Question", "Could you tell me about my learners?")

    assert isinstance(answered.result, NotUnderstood)
    assert "tell me about my learners" in answered.text
    assert "invite RUN ADDRESSES" in answered.text


def test_an_empty_mail_is_answered_with_help(olive: Writer) -> None:
    assert olive.write("", "\n \n-- \nOlive").result == Help()


def test_the_link_is_made_anew_and_stored_nowhere(olive: Writer) -> None:
    answered = olive.write(f"links {MATHS}")

    assert isinstance(answered.result, SharedLinkChanged)
    assert "https://usher.example.org/j/" in answered.text


def test_a_refusal_is_answered_in_its_own_words(olive: Writer) -> None:
    answered = olive.write("invite mathz-2026-03 ada@example.org")

    assert isinstance(answered.result, RequestRefused)
    assert answered.result.message in answered.text
    assert "Did you mean maths-2026-03" in answered.text
