"""Absent, or another organisation's: one answer for both."""

from core.errors.families import NotFound


class RunNotFound(NotFound):
    code = "run_not_found"
    wording = "I found no run called “{run}” that you can choose."
    advice = "{suggestion}“courses” lists the runs you can choose."
    field = "run"

    def __init__(self, *, run: str, nearest: tuple[str, ...] = ()) -> None:
        suggestion = f"Did you mean {' or '.join(nearest)}? " if nearest else ""
        super().__init__(run=run, suggestion=suggestion, nearest=nearest)
        self.run = run
        self.nearest = nearest


class LinkNotFound(NotFound):
    code = "link_not_found"
    wording = "We do not know this link."
    advice = "Open the newest e-mail again and press its button, or ask the person who invited you."


class SharedLinkNotFound(NotFound):
    code = "shared_link_not_found"
    wording = "I found no such shared link."
    advice = "“links” lists yours."


class BatchNotFound(NotFound):
    code = "batch_not_found"
    wording = "I found no batch called “{number}”."
    advice = "A batch has a number like B-0041; it stands in the message that I sent when it started."


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    wording = "I found no invitation of “{address}” to this run."
    advice = "“invites {run}” lists the invitations of the run."


class OrganisationNotFound(NotFound):
    code = "organisation_not_found"
    wording = "There is no organisation “{slug}”."
    advice = "“usher org list” shows those there are; “usher org create” makes one."


class StaffNotFound(NotFound):
    code = "staff_not_found"
    wording = "I found no staff member “{who}”."
    advice = "“staff” lists everybody."


class MessageNotFound(NotFound):
    code = "message_not_found"
    wording = "There is no held message {number}."
    advice = "“usher held list” shows the held messages."


class MailNotFound(NotFound):
    code = "mail_not_found"
    wording = "There is no received message {number}."
    advice = "“usher held list” shows the messages that wait for a person."


class ThreadNotFound(NotFound):
    code = "thread_not_found"
    wording = "I cannot tell which message of mine “{word}” belongs to."
    advice = "Reply to that message itself, at most a month later; or write the whole request. “help” lists them."


class HeldMailNotFound(NotFound):
    code = "held_mail_not_found"
    wording = "I found no such message with your address."
    advice = "Nothing was changed. Only the person whose address a held message bears can answer for it."


class MailboxNotFound(NotFound):
    code = "mailbox_not_found"
    wording = "There is no mailbox called “{name}”."
    advice = "“usher mailbox list” shows them all."


class RequestNotFound(NotFound):
    code = "request_not_found"
    wording = "This request is no longer there."
    advice = "It may belong to an invitation that was removed."


class ChangeNotFound(NotFound):
    code = "change_not_found"
    wording = "I do not find what you want to take back."
    advice = "“invites” and the run's code show what is true now."


class ImportNotFound(NotFound):
    code = "import_not_found"
    wording = "I found no import called “{number}”."
    advice = "An import has a number like I-0007; “imports” lists them."


class AgreementNotFound(NotFound):
    code = "agreement_not_found"
    wording = "There is no current agreement with “{owner}”."
    advice = "{known}“costs” lists the agreements and their budgets."

    def __init__(self, *, owner: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(owner=owner, known=f"Yours: {', '.join(known)}. " if known else "")


class ChargeNotFound(NotFound):
    code = "charge_not_found"
    wording = "{address} has no charge in “{run}”."
    advice = "Nothing was changed. Check the address, the run's code and the organisation's short name."


class LearnerNotFound(NotFound):
    code = "learner_not_found"
    wording = "I found no learner “{who}”{where} among those whom you may see."
    advice = (
        "{suggestion}Write a name, an e-mail address or a username. “learners” and a part of the name shows them; "
        "who was removed is not shown."
    )

    def __init__(self, *, who: str, run: str = "", nearest: tuple[tuple[str, str], ...] = ()) -> None:
        """``run``: where alone they were looked for. ``nearest``: name, and the word that finds them."""
        names = " or ".join(f"{name} ({word})" for name, word in nearest)
        super().__init__(
            who=who, where=f" on {run}" if run else "", suggestion=f"Did you mean {names}? " if names else ""
        )
        self.who = who
        self.run = run
        self.choices = nearest


class RunOrLearnerNotFound(NotFound):
    code = "run_or_learner_not_found"
    wording = "I found no run and no learner called “{who}”."
    advice = "{suggestion}“courses” lists the runs you can choose, “learners” and a part of a name the learners."

    def __init__(self, *, who: str, runs: tuple[str, ...], choices: tuple[tuple[str, str], ...]) -> None:
        names = " or ".join((*runs, *(f"{name} ({word})" for name, word in choices)))
        super().__init__(who=who, suggestion=f"Did you mean {names}? " if names else "")
        self.who = who
        self.runs = runs
        self.choices = choices


class LearnerNotOnRun(NotFound):
    code = "learner_not_on_run"
    wording = "{name} is not on {run}."
    advice = "Nothing was changed. “progress {run}” lists who is."


class FollowUpNotFound(NotFound):
    code = "follow_up_not_found"
    wording = "I cannot find what was noted about that learner."
    advice = "Nothing was changed. “at-risk” and the run's code shows what is true now."


class LearnerChangeNotFound(NotFound):
    code = "learner_change_not_found"
    wording = "This preview of a learner is no longer there."
    advice = "Nothing was changed. It counts for 15 minutes, and for whoever asked for it; open the learner again."


class ReportNotFound(NotFound):
    code = "report_not_found"
    wording = "I found no progress report called “{number}”."
    advice = "A progress report has a number like P-0007; “progress” lists them."


class ExportNotFound(NotFound):
    code = "export_not_found"
    wording = "There is no such download for you."
    advice = "Only whoever asked for an export can fetch it. Ask for your own with “export”."


class NothingToExport(NotFound):
    code = "nothing_to_export"
    wording = "There is nothing to export: {what}."
    advice = "No file was made."
