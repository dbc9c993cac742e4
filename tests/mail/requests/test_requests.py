"""What staff write by e-mail, and what is done and answered."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from core.context import Assurance
from core.errors import MailNotFound
from core.model import AuditEntry, InboundMessage, Invitation, MailAnswer, OutboundMessage
from core.requests import Help, Request, read_request
from core.results import NotUnderstood, QuestionClosed, ReplyAwaited, RequestRefused, WentWrong, revived_parts
from core.rules.links import LinkKind
from core.rules.policy import MAIL_ANSWERS_AN_HOUR
from core.usecases.invitations.answers import DeclineInvitation, decline_invitation
from core.usecases.invitations.batches import (
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.changes import InvitationsCancelled, InvitationsRestored
from core.usecases.invitations.lists import InvitationsListed
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.invitations.single import InvitationResent
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.mailbox.invitations import InvitedAtOnce, PreviewDiscarded, PreviewNumbered
from core.usecases.mailbox.received import RunReceived, run_received
from core.usecases.retention import ForgetOld, forget_old
from core.usecases.staff.colleagues import ColleagueInvited, DisableStaffMember, disable_staff_member
from core.words import MailRule, MailState, MessageKind
from mail.parsing.parsed import Attachment
from mail.receiving.asked import MailRequest
from mail.requests import answering
from mail.requests.answering import answer
from tests.bot.importing import workbook
from tests.core.usecases.acting import change, clock_of
from tests.factories import LEARNER, OPERATOR, SYSTEM, School, sent
from tests.mail.asking import Writer, by_mail, looking, parsed_mail, rows, state_of

MATHS = "maths-2026-03"


@pytest.fixture
def olive(school: School) -> Writer:
    return Writer(school, school.owner)


def many(count: int, start: int = 0) -> str:
    return "\n".join(f"learner{number}@example.org" for number in range(start, start + count))


def invite(school: School, *addresses: str, run: str = MATHS) -> LearnersInvited:
    preview = school.app.run(prepare_invitation, PrepareInvitation(run, " ".join(addresses)), school.owner)
    return school.app.run(invite_learners, InviteLearners(preview.draft_id), school.owner)


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


def test_many_in_small_portions_are_many(olive: Writer) -> None:
    """Ten requests of fifty each in one e-mail would be five hundred that nobody confirmed."""
    first = olive.write("", "\n".join(f"invite {MATHS}\n{many(30, start=30 * part)}" for part in range(3)))
    second = olive.write(f"invite {MATHS}", many(21, start=200))

    assert [type(part.result) for part in first.parts] == [InvitedAtOnce, PreviewNumbered, PreviewNumbered]
    assert isinstance(second.result, PreviewNumbered)
    assert isinstance(olive.write(f"invite {MATHS}", many(20, start=300)).result, InvitedAtOnce)


def test_an_hour_later_as_many_are_invited_at_once_again(olive: Writer) -> None:
    olive.write(f"invite {MATHS}", many(50))

    clock_of(olive.app).now += timedelta(hours=1)

    assert isinstance(olive.write(f"invite {MATHS}", many(50, start=50)).result, InvitedAtOnce)


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
    assert answered.mail["Subject"] == "Your requests"
    assert "1. courses maths" in answered.text
    assert "1 run to choose from that fits “maths”." in answered.text
    assert "https://usher.example.org/j/" in answered.text


def test_a_workbook_of_addresses_without_a_run_is_counted_and_offered_runs(olive: Writer) -> None:
    lines = ({"E-mail": address} for address in ("ada@example.org", "bo@example.org", "ada@example.org"))
    book = Attachment("list.xlsx", "xlsx", workbook(*lines))

    offered = olive.write("For maths", "", book)
    invited = olive.reply(offered, f"invite {MATHS}", book)

    assert "I found 2 addresses. To which run shall I invite them?" in offered.text
    assert "Also 1 duplicate." in offered.text
    assert f"invite {MATHS}" in offered.text
    assert "with the file attached" in offered.text
    assert isinstance(invited.result, InvitedAtOnce)
    assert len(list(rows(olive.app, Invitation))) == 2


def test_a_question_that_is_no_verb_is_answered_with_help(olive: Writer) -> None:
    answered = olive.write("Question", "Could you tell me about my learners?")

    assert isinstance(answered.result, NotUnderstood)
    assert "tell me about my learners" in answered.text
    assert "invite maths-2026-03 a@example.org" in answered.text
    assert "“help all” lists everything" in answered.text
    assert "correct RUN WRONG RIGHT" in olive.write("help all").text


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


# --- Replies --------------------------------------------------------------------------------------------------


def test_a_reply_of_somebody_else_finds_no_thread(olive: Writer) -> None:
    asked = olive.write(f"invite {MATHS}", many(51))
    max_ = Writer(olive.school, olive.school.manager, first=100)

    answered = max_.reply(asked, "yes B-0001")

    assert isinstance(answered.result, RequestRefused)
    assert answered.result.error == "ThreadNotFound"


def test_yes_without_the_thread_confirms_nothing(olive: Writer) -> None:
    olive.write(f"invite {MATHS}", many(51))

    answered = olive.write("yes B-0001", "yes B-0001")

    assert isinstance(answered.result, RequestRefused)
    assert answered.result.error == "ThreadNotFound"


def test_yes_with_another_number_confirms_nothing(olive: Writer) -> None:
    asked = olive.write(f"invite {MATHS}", many(51))

    answered = olive.reply(asked, "yes B-0002")

    assert isinstance(answered.result, RequestRefused)
    assert answered.result.error == "ReplyUnclear"


def test_a_day_later_the_preview_and_the_question_are_too_old(olive: Writer) -> None:
    olive.write(f"invite {MATHS} ada@example.org")
    preview, question = olive.write(f"invite {MATHS}", many(51)), olive.write(f"cancel {MATHS} all")
    clock_of(olive.app).advance(days=1)

    late = [olive.reply(preview, "yes"), olive.reply(question, "yes")]

    assert [each.result.error for each in late if isinstance(each.result, RequestRefused)] == [
        "PreviewExpired",
        "QuestionExpired",
    ]


def test_a_yes_to_several_questions_does_none_and_is_told_how_to_ask_for_each(olive: Writer) -> None:
    asked = olive.write("", "quiet off\nimport-policy good-rows")

    answered = olive.reply(asked, "yes")

    assert "It was about more than one thing." in answered.text
    assert "Write each request in an e-mail of its own, and reply to its answer." in answered.text
    assert "B-0041" not in answered.text


def test_no_to_a_question_leaves_everything_and_counts(olive: Writer) -> None:
    olive.write(f"invite {MATHS} ada@example.org")
    asked = olive.write("quiet off")

    no, yes = olive.reply(asked, "no"), olive.reply(asked, "yes")

    assert isinstance(asked.result, ReplyAwaited)
    assert isinstance(no.result, QuestionClosed)
    assert isinstance(yes.result, RequestRefused)
    assert yes.result.error == "QuestionAnswered"


def test_a_colleague_is_invited_after_a_yes_only(olive: Writer) -> None:
    asked = olive.write("staff invite eve@example.org owner Eve Example")
    before = olive.write("staff eve@example.org")

    done = olive.reply(asked, "Yes, please.")

    assert "Invite Eve Example (eve@example.org) as owner?" in asked.text
    assert isinstance(before.result, RequestRefused)
    assert isinstance(done.result, ColleagueInvited)


def test_more_turns_the_page_until_the_last(olive: Writer) -> None:
    olive.write(f"invite {MATHS}", many(12))
    first = olive.write(f"invites {MATHS}")

    second = olive.reply(first, "more")
    third = olive.reply(second, "next page please")

    assert isinstance(second.result, InvitationsListed)
    assert (second.result.page, len(second.result.rows)) == (2, 2)
    assert "That was the last page." in third.text


def test_undo_opens_again_what_a_mail_cancelled(olive: Writer) -> None:
    olive.write(f"invite {MATHS} ada@example.org")
    cancelled = olive.write(f"cancel {MATHS} ada@example.org")

    undone = olive.reply(cancelled, "undo")

    assert isinstance(undone.result, InvitationsRestored)
    assert undone.result.restored == 1


def test_declined_learners_are_asked_about_once_more(olive: Writer) -> None:
    invited = olive.write(f"invite {MATHS} ada@example.org").result
    assert isinstance(invited, InvitedAtOnce)
    with looking(olive.app) as session:
        row = session.scalars(select(Invitation)).one()
    olive.app.run(
        decline_invitation,
        DeclineInvitation(olive.app.links.token(LinkKind.INVITATION, row.id, row.generation)),
        LEARNER,
    )

    asked = olive.write(f"reinvite {MATHS} ada@example.org")
    done = olive.reply(asked, "yes")

    assert isinstance(asked.result, ReplyAwaited)
    assert "Invite them all the same?" in asked.text
    assert isinstance(done.result, LearnersInvited)


def test_resend_in_a_copy_of_an_invitation_sends_it_again(olive: Writer) -> None:
    olive.write(f"invite {MATHS} ada@example.org")
    sent(olive.app)
    with looking(olive.app) as session:
        row = session.scalars(select(OutboundMessage).where(OutboundMessage.kind == MessageKind.INVITATION)).one()

    answered = olive.send(parsed_mail("Fwd: You are invited", "resend", ref="<f@x>", in_reply_to=row.message_ref))

    assert isinstance(answered.result, InvitationResent)
    assert answered.result.address == "ada@example.org"


@pytest.mark.parametrize("verb", ["link", "unlink", "setup x-12345678"])
def test_what_connects_slack_is_done_in_slack_only(olive: Writer, verb: str) -> None:
    answered = olive.write(verb)

    assert isinstance(answered.result, RequestRefused)
    assert answered.result.error == "OnlyInSlack"


# --- At most one answer ---------------------------------------------------------------------------------------


def test_the_same_message_worked_on_twice_is_done_and_answered_once(olive: Writer) -> None:
    request = olive.received(parsed_mail(f"invite {MATHS} ada@example.org"))
    several = olive.received(parsed_mail("", f"invite {MATHS} bo@example.org\ncourses", ref="<s@example.org>"))

    states = [answer(olive.app, each) for each in (request, request, several, several)]

    assert set(states) == {MailState.PROCESSED}
    assert len(list(rows(olive.app, MailAnswer))) == 2
    assert len(list(rows(olive.app, Invitation))) == 2


def test_a_kill_between_several_requests_and_their_answer_does_nothing_twice(olive: Writer) -> None:
    text = f"links {MATHS}\nundo B-0001\ncourses"
    invite(olive.school, "ada@example.org")
    first = olive.received(parsed_mail("", text))
    answering.result_of(olive.app, first.staff, answering.task_of(_request("undo B-0001")), key=_key(first, 1))

    answered = olive.answered(first, answer(olive.app, first))

    assert answered.parts[1].result == BatchRecalled((1,), unsent=1, withdrawn=0, answered=0)


def _request(words: str) -> Request:
    found = read_request(words)
    assert isinstance(found, Request)
    return found


def _key(request: MailRequest, number: int) -> str:
    return f"inbound:{request.inbound_id}:{number}"


def test_who_has_left_meanwhile_is_not_answered(olive: Writer) -> None:
    request = olive.received(parsed_mail("courses"))
    olive.app.run(disable_staff_member, DisableStaffMember("northfield", "max@northfield.example.org"), OPERATOR)

    state = answer(olive.app, replace(request, staff=by_mail(olive.school.manager)))

    assert state is MailState.HELD
    assert list(rows(olive.app, MailAnswer)) == []


def test_unproven_mail_does_and_tells_nothing(olive: Writer) -> None:
    request = olive.received(parsed_mail(f"invite {MATHS} ada@example.org"))
    unproven = replace(request.staff, assurance=Assurance.UNVERIFIED)

    state = answer(olive.app, replace(request, staff=unproven))

    assert state is MailState.HELD
    assert list(rows(olive.app, MailAnswer)) == []
    assert list(rows(olive.app, Invitation)) == []


def test_two_bots_that_look_like_people_end_at_the_limit_of_answers(olive: Writer) -> None:
    """Proven, and nothing tells them from a colleague: so many answers an hour, and no more."""
    answered = [olive.write("help") for _ in range(MAIL_ANSWERS_AN_HOUR)]

    request = olive.received(parsed_mail(f"invite {MATHS} ada@example.org", ref="<bot@example.org>"))
    state = answer(olive.app, request)
    clock_of(olive.app).now += timedelta(hours=1)
    olive.write("help")

    assert state is MailState.PROCESSED
    assert len(list(rows(olive.app, Invitation))) == 1
    assert len(list(rows(olive.app, MailAnswer))) == MAIL_ANSWERS_AN_HOUR + 1
    assert ["the last one for now" in each.text for each in answered] == [False] * (MAIL_ANSWERS_AN_HOUR - 1) + [True]
    assert "I still do, without an answer" in answered[-1].html


def test_a_viewer_s_request_is_refused_and_changes_nothing(olive: Writer) -> None:
    answered = Writer(olive.school, olive.school.viewer).write(f"invite {MATHS} ada@example.org")

    assert isinstance(answered.result, RequestRefused)
    assert answered.result.error == "RoleMissing"
    assert list(rows(olive.app, Invitation)) == []


def test_the_audit_names_what_was_asked_for(olive: Writer) -> None:
    olive.write(f"cancel {MATHS} ada@example.org")
    olive.write(f"links {MATHS}")
    olive.write("quiet off")

    told = {(row.action, row.outcome) for row in rows(olive.app, AuditEntry) if row.door == "mail"}

    assert told == {
        ("cancel_invitation", "invitation_not_found"),
        ("create_shared_link", "done"),
        ("set_quiet_hours", "reply_needed"),
    }


def test_previews_wait_a_day_and_answers_a_month(olive: Writer) -> None:
    olive.write(f"invite {MATHS}", many(51))

    told = []
    for days in (0.5, 0.6, 29):
        clock_of(olive.app).advance(days=days)
        forgotten = olive.app.run(forget_old, ForgetOld(), SYSTEM)
        told.append((forgotten.drafts, forgotten.mail_drafts, forgotten.mail_answers))

    assert told == [(0, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_our_own_mistake_is_answered_once_with_its_reference_and_can_be_run_again(
    olive: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    asked = olive.write("courses")
    (stored,) = rows(olive.app, MailAnswer)
    request = olive.received(parsed_mail(text="help", in_reply_to=asked.ref, ref="<q2@mail.example.org>"))
    change(olive.app, MailAnswer, stored.id, result="not what we keep")

    assert answer(olive.app, request) is MailState.FAILED
    assert answer(olive.app, request) is MailState.FAILED
    (told,) = [row for row in rows(olive.app, MailAnswer) if row.id != stored.id]
    (failed,) = [row for row in rows(olive.app, InboundMessage) if row.id == request.inbound_id]

    change(olive.app, MailAnswer, stored.id, result=stored.result)
    olive.app.run(run_received, RunReceived(request.inbound_id), OPERATOR)
    state = answer(olive.app, request)

    assert failed.rule is MailRule.OUR_MISTAKE
    assert failed.reference == vars(caplog.records[0])["reference"]
    assert revived_parts(told.result)[0].result == WentWrong(failed.reference)
    assert isinstance(olive.answered(request, state).result, Help)


def test_nobody_s_request_settles_somebody_else_s_message(olive: Writer) -> None:
    request = olive.received(parsed_mail(f"invite {MATHS} eve@example.org"))
    manager = replace(request, staff=by_mail(olive.school.manager))

    with pytest.raises(MailNotFound):
        answer(olive.app, manager)

    assert state_of(olive.app, request.inbound_id) is MailState.RECEIVED
    assert [*rows(olive.app, MailAnswer), *rows(olive.app, Invitation)] == []
