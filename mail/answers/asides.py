"""What is no result of a use case: help, refusals, questions, and what nobody understood."""

from collections.abc import Sequence

from core.requests import VERBS, Asker, Help, Verb
from core.results import (
    NotUnderstood,
    QuestionClosed,
    ReplyAwaited,
    RequestRefused,
    SheetRecognised,
    WentWrong,
    revived,
)
from core.usecases.progress.nudges import LearnerNudged
from core.verbs import EVERYTHING, FIRST, TOPICS, Topic
from core.wording.questions import consequences, question_words
from core.wording.results import counted
from mail.answers.document import Answer, Listing, Row, Teller, some
from mail.answers.follow_ups import nudge_consequences, the_letter

_HOW = (
    "Write it as the subject, or on a line of its own. Addresses may stand below “invite RUN”, or in an attached "
    "workbook, .csv or .txt file."
)
_REPLIES = "Reply to an answer of mine with a word that it names: yes, no, undo, good rows, full, resend, cancel, more."
_ONE_MORE = "“help invite” says more about one of them."
_REST = ("“help all” lists everything I can do.",)


def tell_help(asked: Help, teller: Teller) -> Answer:
    if asked.topic:
        shown = TOPICS.values() if asked.topic == EVERYTHING else (TOPICS[asked.topic],)
        return Answer("What I can do for you by e-mail", lists=tuple(map(_verbs, shown)), steps=(_ONE_MORE, *_REST))
    if not asked.verb:
        return Answer(
            "What I can do for you by e-mail", (_HOW, _REPLIES), lists=(_first(), _topics()), steps=(_ONE_MORE, *_REST)
        )
    verb = VERBS[asked.verb]
    return Answer(
        headline=verb.summary,
        facts=(("Write", _written(verb)),),
        lists=(Listing("For example", tuple(Row(example) for example in verb.examples)),),
    )


def _first() -> Listing:
    rows = (
        Row(each.write, (each.what,)) if each.write else Row("A spreadsheet, attached", (each.what,)) for each in FIRST
    )
    return Listing("To begin with", tuple(rows))


def _topics() -> Listing:
    rows = (Row(f"help {topic.name}", (", ".join(_said_by_mail(topic)),)) for topic in TOPICS.values())
    return Listing("More about", tuple(rows))


def _said_by_mail(topic: Topic) -> tuple[str, ...]:
    return tuple(name for name in topic.verbs if VERBS[name].asker is Asker.STAFF)


def _verbs(topic: Topic) -> Listing:
    known = (VERBS[name] for name in _said_by_mail(topic))
    return Listing(topic.title, tuple(Row(_written(verb), (verb.summary,)) for verb in known))


def _written(verb: Verb) -> str:
    return f"{verb.name} {verb.usage}".strip()


def tell_not_understood(result: NotUnderstood, teller: Teller) -> Answer:
    nearest = f"Did you mean “{result.nearest}”?" if result.nearest else ""
    return Answer(
        headline="I did not find a request in your e-mail, so I did nothing.",
        lines=some(
            _unread(result.files),
            f"What I saw: “{result.seen}”" if result.seen else "",
            nearest,
            _HOW,
        ),
        lists=(_first(),),
        steps=_REST,
    )


def _unread(files: Sequence[str]) -> str:
    names = " and ".join(f"“{name}”" for name in files)
    return f"I cannot read {names}: send a workbook, a .csv or a .txt file." if names else ""


def tell_refused(result: RequestRefused, teller: Teller) -> Answer:
    meant = (Listing("Reply with one of these", tuple(map(Row, result.instead))),) if result.instead else ()
    return Answer(result.message, lists=meant, steps=some(result.hint))


def tell_went_wrong(result: WentWrong, teller: Teller) -> Answer:
    return Answer(
        headline=f"Something went wrong on our side; it has the number {result.reference}.",
        lines=("It was not your fault. Your e-mail is kept, and can be taken up again when this is mended.",),
        steps=("Give this number to whoever runs Usher, or try it in Slack.",),
    )


def tell_sheet(result: SheetRecognised, teller: Teller) -> Answer:
    size = f"{counted(result.columns, 'column')}, {counted(result.rows, 'row')}"
    return Answer(
        headline=f"“{result.name}” looks like the learner import ({size}).",
        lines=("You wrote “invite”, so I took its e-mail addresses and imported nobody.",),
        steps=("To import its learners, send it without the line “invite”.",),
    )


def tell_closed(result: QuestionClosed, teller: Teller) -> Answer:
    return Answer("Nothing was done, as you said.")


def _of_nudge(rehearsed: object, teller: Teller) -> tuple[str, ...]:
    return nudge_consequences(rehearsed.letter, teller) if isinstance(rehearsed, LearnerNudged) else ()


def tell_question(result: ReplyAwaited, teller: Teller) -> Answer:
    rehearsed = revived(result.rehearsed_kind, result.rehearsed)
    return Answer(
        headline=question_words(rehearsed),
        lines=("Nothing has changed yet.", *consequences(rehearsed), *_of_nudge(rehearsed, teller)),
        lists=(the_letter(rehearsed.letter),) if isinstance(rehearsed, LearnerNudged) else (),
        replies=(
            "Reply “yes” to do it, or “no” to leave everything as it is.",
            f"The question is good until {teller.moment(result.valid_until)}.",
        ),
    )
