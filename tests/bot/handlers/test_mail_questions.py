"""What was asked for by e-mail and waits for a yes: pressed in Slack, or replied to, and done once."""

import asyncio

import pytest

from bot.deliverer import SlackDeliverer
from core.model import AuditEntry, Invitation, InvitationBatch, MailAnswer, OutboundMessage
from core.usecases.invitations.batches import LearnersInvited
from core.usecases.invitations.changes import InvitationsCancelled
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.words import InvitationState, MessageKind, MessageState
from tests.bot.conftest import RUN, World, words
from tests.core.usecases.acting import everything, invite, only
from tests.factories import SYSTEM
from tests.mail.asking import Answered, Writer
from usher.demo.slack.records import Message

MANY = "\n".join(f"learner{number}@example.org" for number in range(60))


@pytest.fixture
def olive(world: World) -> Writer:
    return Writer(world.school, world.school.owner)


async def test_many_are_invited_by_a_press_and_the_thread_hears_of_it_once(world: World, olive: Writer) -> None:
    asked = olive.write(f"invite {RUN}", MANY)
    question = await _drawn(world)
    before, buttons = words(question), list(question.blocks)

    await world.driver.press(world.olive, question, "mail_question_yes")
    await world.driver.press(world.olive, _with(question, buttons), "mail_question_yes")
    question = await _drawn(world)

    assert "Invite 60 learners" in str(buttons)
    assert "60 learners" in before
    assert len(everything(world.app, Invitation)) == 60
    assert "You said yes: B-0001" in words(question)
    assert "mail_question_yes" not in str(question.blocks)
    told = _told(olive, asked)
    assert isinstance(told.result, LearnersInvited)
    assert told.parts[0].asked == "yes, in Slack"
    assert told.mail["In-Reply-To"] == asked.ref
    assert asked.mail["In-Reply-To"] in told.mail["References"]
    assert "60 learners invited" in told.text


async def test_a_reply_to_what_was_pressed_takes_it_back(world: World, olive: Writer) -> None:
    asked = olive.write(f"invite {RUN}", MANY)
    await world.driver.press(world.olive, await _drawn(world), "mail_question_yes")

    undone = olive.reply(_told(olive, asked), "undo")

    assert isinstance(undone.result, BatchRecalled)
    assert undone.result.unsent == 60


async def test_what_was_confirmed_by_e_mail_is_shown_as_answered(world: World, olive: Writer) -> None:
    asked = olive.write(f"invite {RUN}", MANY)
    question = await _drawn(world)
    buttons = list(question.blocks)

    olive.reply(asked, "yes B-0001")
    redrawn = await _drawn(world)
    after = words(redrawn)
    await world.driver.press(world.olive, _with(redrawn, buttons), "mail_question_yes")

    assert redrawn is question
    assert "You said yes: B-0001" in after
    assert len(everything(world.app, InvitationBatch)) == 1
    # The preview, and the answer to the reply; the press after it is told in Slack only.
    assert len(everything(world.app, MailAnswer)) == 2


async def test_thrown_away_by_a_press_it_cannot_be_confirmed_by_a_reply(world: World, olive: Writer) -> None:
    asked = olive.write(f"invite {RUN}", MANY)

    await world.driver.press(world.olive, await _drawn(world), "mail_question_no")
    late = olive.reply(asked, "yes")

    assert "nothing was sent" in late.text
    assert everything(world.app, Invitation) == []
    assert "B-0001 was not sent" in words(await _drawn(world))
    assert any("thrown away" in row.text for row in _private(world))


@pytest.mark.parametrize("is_pressed", [True, False])
async def test_what_is_asked_back_is_done_once_wherever_the_yes_comes_from(
    world: World, olive: Writer, is_pressed: bool
) -> None:
    invite(world.school, "ada@example.org", "bo@example.org")
    asked = olive.write(f"cancel {RUN} all")
    question = await _drawn(world)
    buttons = list(question.blocks)

    if is_pressed:
        await world.driver.press(world.olive, question, "mail_question_yes")
        late = olive.reply(asked, "yes").text
    else:
        olive.reply(asked, "yes")
        await world.driver.press(world.olive, _with(question, buttons), "mail_question_yes")
        late = _private(world)[-1].text

    assert "Cancel 2 invitations" in str(buttons)
    assert {row.state for row in everything(world.app, Invitation)} == {InvitationState.CANCELLED}
    assert "answered" in late
    assert "That is answered" in words(await _drawn(world))
    done = [row.action for row in everything(world.app, AuditEntry) if row.outcome == "done"]
    assert done.count("confirm_question" if is_pressed else "cancel_invitations") == 1
    if is_pressed:
        assert isinstance(_told(olive, asked).result, InvitationsCancelled)


async def test_who_is_not_in_slack_is_not_asked_there(world: World) -> None:
    answered = Writer(world.school, world.school.manager).write(f"invite {RUN}", MANY)

    assert "Reply “yes B-0001”" in answered.text
    assert everything(world.app, OutboundMessage, OutboundMessage.kind == MessageKind.MAIL_QUESTION) == []


async def _drawn(world: World) -> Message:
    """What the worker makes of it."""
    row = only(world.app, OutboundMessage, OutboundMessage.kind == MessageKind.MAIL_QUESTION)
    if row.state is MessageState.PENDING:
        deliverer = SlackDeliverer(world.app.settings)
        loaded = deliverer.load(world.app, (row.id,))
        claimed = world.app.run(turn_over, TurnOver("test", claim_ids=(row.id,)), SYSTEM).claimed_ids
        outcomes = await asyncio.to_thread(deliverer.send, [loaded.items[each] for each in claimed])
        world.app.run(turn_over, TurnOver("test", tuple(outcomes)), SYSTEM)
    return next(each for each in world.direct_messages(world.olive) if "y e-mail" in words(each))


def _with(question: Message, buttons: list[dict[str, object]]) -> Message:
    """As a window shows it that was not drawn anew."""
    question.blocks = buttons
    return question


def _private(world: World) -> list[Message]:
    return [message for message in world.slack.workspace.messages if message.only_for == world.olive.id]


def _told(writer: Writer, asked: Answered) -> Answered:
    """The e-mail about the press."""
    last = max(everything(writer.app, MailAnswer), key=lambda row: (row.inbound_id is None, row.id))
    assert last.inbound_id is None
    return writer.shown(last)
