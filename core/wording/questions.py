"""What is asked back before it is done, and what would follow: for whoever asked by e-mail, wherever they answer."""

from core.cards import RunCard
from core.results import RequestRefused
from core.usecases.costs.budgets import AgreementCosts, BudgetsShown
from core.usecases.imports.rules import ImportPolicyShown
from core.usecases.imports.undoing import UndoPreviewed
from core.usecases.invitations.changes import InvitationsCancelled, InvitationsResent
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.usecases.learners.ethnicity import EthnicityShown
from core.usecases.learners.removal import LearnerRemoved
from core.usecases.progress.nudges import LearnerNudged
from core.usecases.staff.colleagues import ColleagueInvited
from core.wording.imports import import_name, undo_words
from core.wording.learners import removal_lines
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
)


def question_words(rehearsed: object) -> str:
    match rehearsed:
        case InvitationsCancelled():
            return f"Cancel {counted(rehearsed.cancelled, 'invitation')} to {_named(rehearsed.run)}?"
        case InvitationsResent():
            return f"Send {counted(rehearsed.resent, 'invitation')} to {_named(rehearsed.run)} again?"
        case ColleagueInvited():
            return f"Invite {rehearsed.staff.name} ({rehearsed.staff.email}) as {rehearsed.staff.role}?"
        case QuietHoursShown(quiet=None):
            return f"End the quiet hours of {rehearsed.organisation}?"
        case QuietHoursShown() if rehearsed.quiet is not None:
            hours = f"{clock_words(rehearsed.quiet.from_minute)} to {clock_words(rehearsed.quiet.until_minute)}"
            return f"Set the quiet hours of {rehearsed.organisation} to {hours}?"
        case BudgetsShown(changed=AgreementCosts() as changed):
            return f"Set this budget? {agreement_words(changed)}"
        case LearnerNudged():
            return f"Send this nudge to {rehearsed.letter.name}?"
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


def consequences(rehearsed: object) -> tuple[str, ...]:
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
            return _some(ETHNICITY_ON if rehearsed.purpose else ETHNICITY_OFF, ethnicity_left(rehearsed))
        case QuietHoursShown():
            return ("It counts for every run of your organisation.",)
        case LearnerRemoved():
            return (*removal_lines(rehearsed), "You can take this back for 10 minutes.")
    return ()


def _named(run: RunCard) -> str:
    return f"{run.course_title} ({run.code})"


def _some(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
