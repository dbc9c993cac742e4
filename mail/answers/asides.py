"""What is no result of a use case: help, refusals, questions, and what nobody understood."""

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
from core.usecases.costs.budgets import AgreementCosts, BudgetsShown
from core.usecases.imports.rules import ImportPolicyShown
from core.usecases.imports.undoing import UndoPreviewed
from core.usecases.invitations.changes import InvitationsCancelled, InvitationsResent
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.usecases.learners.ethnicity import EthnicityShown
from core.usecases.learners.removal import LearnerRemoved
from core.usecases.staff.colleagues import ColleagueInvited
from core.wording.imports import import_name
from core.wording.results import (
    ETHNICITY_OFF,
    ETHNICITY_ON,
    IMPORT_POLICIES,
    IMPORT_POLICY_AFTER,
    agreement_words,
    clock_words,
    counted,
    duties,
    ethnicity_left,
    removal_lines,
)
from mail.answers.batches import named
from mail.answers.document import Answer, Listing, Row, Teller, some
from mail.answers.imports import undo_words

_HOW = (
    "Write it as the subject, or on a line of its own. Addresses may stand below “invite RUN”, or in an attached .csv "
    "or .txt file."
)
_FILES = "Attach a spreadsheet to import its learners; every row is answered. “template” sends the workbook to fill in."
_REPLIES = "Reply to any answer of mine with a word: yes, no, undo, resend, cancel, more."


def tell_help(asked: Help, teller: Teller) -> Answer:
    if not asked.verb:
        return Answer("What I can do for you by e-mail", (_HOW, _FILES, _REPLIES), lists=(_verbs(),))
    verb = VERBS[asked.verb]
    return Answer(
        headline=verb.summary,
        facts=(("Write", _written(verb)),),
        lists=(Listing("For example", tuple(Row(example) for example in verb.examples)),),
    )


def _verbs() -> Listing:
    known = (verb for verb in VERBS.values() if verb.asker is Asker.STAFF)
    return Listing("", tuple(Row(_written(verb), (verb.summary,)) for verb in known), "“help invite” says more.")


def _written(verb: Verb) -> str:
    return verb.name if verb.usage.startswith("(") else f"{verb.name} {verb.usage}".strip()


def tell_not_understood(result: NotUnderstood, teller: Teller) -> Answer:
    nearest = f"Did you mean “{result.nearest}”?" if result.nearest else ""
    return Answer(
        headline="I did not find a request in your e-mail, so I did nothing.",
        lines=some(f"What I saw: “{result.seen}”" if result.seen else "", nearest, _HOW),
        lists=(_verbs(),),
    )


def tell_refused(result: RequestRefused, teller: Teller) -> Answer:
    return Answer(result.message, steps=some(result.hint))


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


def tell_question(result: ReplyAwaited, teller: Teller) -> Answer:
    rehearsed = revived(result.rehearsed_kind, result.rehearsed)
    return Answer(
        headline=_question_of(rehearsed),
        lines=("Nothing has changed yet.", *_consequences(rehearsed)),
        replies=(
            "Reply “yes” to do it, or “no” to leave everything as it is.",
            f"The question is good until {teller.moment(result.valid_until)}.",
        ),
    )


def _question_of(rehearsed: object) -> str:
    match rehearsed:
        case InvitationsCancelled():
            return f"Cancel {counted(rehearsed.cancelled, 'invitation')} to {named(rehearsed.run)}?"
        case InvitationsResent():
            return f"Send {counted(rehearsed.resent, 'invitation')} to {named(rehearsed.run)} again?"
        case ColleagueInvited():
            return f"Invite {rehearsed.staff.name} ({rehearsed.staff.email}) as {rehearsed.staff.role}?"
        case QuietHoursShown(quiet=None):
            return f"End the quiet hours of {rehearsed.organisation}?"
        case QuietHoursShown() if rehearsed.quiet is not None:
            hours = f"{clock_words(rehearsed.quiet.from_minute)} to {clock_words(rehearsed.quiet.until_minute)}"
            return f"Set the quiet hours of {rehearsed.organisation} to {hours}?"
        case BudgetsShown(changed=AgreementCosts() as changed):
            return f"Set this budget? {agreement_words(changed)}"
        case LearnerRemoved():
            return f"Remove {rehearsed.card.name} from your organisation?"
        case ImportPolicyShown():
            return f"Set the import policy of {rehearsed.organisation} to “{rehearsed.policy}”?"
        case EthnicityShown(purpose=""):
            return f"Stop storing the ethnicity of learners of {rehearsed.organisation}?"
        case EthnicityShown():
            return f"Store the ethnicity of learners of {rehearsed.organisation} for “{rehearsed.purpose}”?"
        case UndoPreviewed():
            return f"Undo {import_name(rehearsed.number)}? It would {undo_words(rehearsed)}."
        case RequestRefused():
            return f"{rehearsed.message} Invite them all the same?"
    raise TypeError(f"nobody asks about a {type(rehearsed).__name__}")


def _consequences(rehearsed: object) -> tuple[str, ...]:
    match rehearsed:
        case InvitationsCancelled():
            links = counted(rehearsed.cancelled, "link")
            return (f"{links} will stop working. You can take this back for 10 minutes.",)
        case InvitationsResent():
            return ("The same links by mail once more. Whoever got it within the last hour is left alone.",)
        case ColleagueInvited():
            return (f"{duties(rehearsed.staff)}: whoever reads that address will see your learners.",)
        case ImportPolicyShown():
            return (IMPORT_POLICIES[rehearsed.policy], IMPORT_POLICY_AFTER)
        case EthnicityShown():
            return some(ETHNICITY_ON if rehearsed.purpose else ETHNICITY_OFF, ethnicity_left(rehearsed))
        case QuietHoursShown():
            return ("It counts for every run of your organisation.",)
        case LearnerRemoved():
            return (*removal_lines(rehearsed), "You can take this back for 10 minutes.")
    return ()
