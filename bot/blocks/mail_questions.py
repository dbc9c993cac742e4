"""What somebody asked for by e-mail and must say yes to: they may do so here."""

from bot.blocks.batches import preview_blocks
from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, context, fitting, said, section, value_of
from bot.blocks.words import batch_name, counted, moment
from core.results import QuestionClosed, ReplyAwaited, revived
from core.usecases.invitations.sorting import Bucket
from core.usecases.mailbox.invitations import PreviewDiscarded, PreviewNumbered
from core.usecases.mailbox.questions import MailQuestion, MailQuestionsShown, QuestionState
from core.wording.questions import consequences, question_words

_EITHER_WAY = "Press here, or reply to my e-mail: it is done once."


def draw_mail_questions(shown: MailQuestionsShown) -> Message:
    """One open question at a time, for a preview is long; the next comes when that is answered."""
    waiting = [each for each in shown.questions if each.state is QuestionState.OPEN]
    answered = [each for each in shown.questions if each.state is not QuestionState.OPEN]
    blocks = [block for each in (*answered, *waiting[:1]) for block in _question_blocks(shown.answer_id, each)]
    if len(waiting) > 1:
        blocks.append(context(f"{len(waiting) - 1} more after this."))
    if not blocks:
        return Message("This is over.", (section("What you asked for by e-mail is over."),))
    if not waiting:
        return Message("What you asked for by e-mail is answered.", tuple(blocks))
    return Message("You asked for something by e-mail that waits for your yes.", tuple(blocks))


def draw_discarded(result: PreviewDiscarded) -> Message:
    text = "The preview is thrown away. Nobody is invited."
    return Message(text, (section(text),))


def draw_question_closed(result: QuestionClosed) -> Message:
    text = "Nothing was done, as you said."
    return Message(text, (section(text),))


def _question_blocks(answer_id: int, asked: MailQuestion) -> list[Block]:
    value = value_of(answer_id, asked.draft_id)
    if isinstance(asked.wanted, PreviewNumbered):
        return _preview(value, asked.wanted, asked.state)
    return _question(value, asked.asked, asked.wanted, asked.state)


def _preview(value: str, wanted: PreviewNumbered, state: QuestionState) -> list[Block]:
    name, title = batch_name(wanted.numbers), said(wanted.preview.run.course_title)
    if state is QuestionState.CONFIRMED:
        return [section(f"By e-mail you asked to invite learners to {title}. *You said yes: {name}.*")]
    if state is QuestionState.CLOSED:
        return [section(f"By e-mail you asked to invite learners to {title}. *{name} was not sent.*")]
    yes = button(
        f"Invite {counted(wanted.preview.count(Bucket.NEW), 'learner')}",
        Action.MAIL_QUESTION_YES,
        value,
        style="primary",
    )
    until = f"Nothing is sent before you say yes. It is good until {moment(wanted.preview.valid_until)}."
    return [
        section(f"*You asked for this by e-mail: {name}*"),
        *preview_blocks(wanted.preview),
        actions(yes, button("Throw it away", Action.MAIL_QUESTION_NO, value)),
        context(f"{until} {_EITHER_WAY}"),
    ]


def _question(value: str, asked: str, wanted: ReplyAwaited, state: QuestionState) -> list[Block]:
    rehearsed = revived(wanted.rehearsed_kind, wanted.rehearsed)
    said_so = f" (“{said(asked, 200)}”)" if asked else ""
    words = said(question_words(rehearsed), 600)
    if state is not QuestionState.OPEN:
        return [section(f"By e-mail you asked{said_so}: {words} *That is answered.*")]
    after = fitting([said(line, 900) for line in ("Nothing has changed yet.", *consequences(rehearsed))], 2000)
    return [
        section(f"*{words}*\nYou asked for it by e-mail{said_so}.\n{after}"),
        actions(
            button("Yes, do it", Action.MAIL_QUESTION_YES, value, style="primary"),
            button("No", Action.MAIL_QUESTION_NO, value),
        ),
        context(f"The question is good until {moment(wanted.valid_until)}. {_EITHER_WAY}"),
    ]
