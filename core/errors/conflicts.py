"""What the request was about has changed meanwhile, or is over."""

from core.errors.families import Conflict


class RunNotChoosable(Conflict):
    code = "run_not_choosable"
    wording = "The run {run} is not open for invitations: {reason}."
    advice = "“courses” lists the runs you can choose."
    field = "run"


class CoursePaidFor(Conflict):
    code = "course_paid_for"
    wording = "{course} is a paid-for course, and nobody can be invited to a paid-for course."
    advice = "Learners buy a place themselves. “courses” lists the runs you can choose."
    field = "run"


class PreviewExpired(Conflict):
    code = "preview_expired"
    wording = "This preview no longer counts, so nothing was sent."
    advice = "It does for 15 minutes, by e-mail for a day. Write the same again; you will see today's numbers."


class InvitationClosed(Conflict):
    code = "invitation_closed"
    wording = "This invitation is {state}."
    advice = "{next_step}"


class SharedLinkClosed(Conflict):
    code = "shared_link_closed"
    wording = "This link {state}."
    advice = "{next_step}"


class AlreadySettled(Conflict):
    """Of two processes that found the same e-mail the other one was first."""

    code = "already_settled"
    wording = "This e-mail was dealt with before."
    advice = "Nothing was changed now."


class ReplyNeeded(Conflict):
    """By e-mail some things are asked about first. ``rehearsed`` is what the result would have been."""

    code = "reply_needed"
    wording = "This needs your word first, so nothing was changed."
    advice = "Reply “yes” to do it."
    rehearsed: object = None


class QuestionAnswered(Conflict):
    code = "question_answered"
    wording = "You have answered this before, so nothing more was done."
    advice = "If you still want it, write the request again."


class QuestionExpired(Conflict):
    code = "question_expired"
    wording = "This question is older than {life}, so nothing was done."
    advice = "Write the request again; you will see what is true today."


class HeldMailClosed(Conflict):
    code = "held_mail_closed"
    wording = "This message was dealt with already."
    advice = "Nothing was changed now."


class NothingToSend(Conflict):
    code = "nothing_to_send"
    wording = "Nobody in this list can be invited now, so nothing was sent."
    advice = "The preview says why for each address."


class NothingOpen(Conflict):
    code = "nothing_open"
    wording = "None of these invitations is still open, so nothing was changed."
    advice = "“invites {run}” shows what became of them."


class UndoOver(Conflict):
    code = "undo_over"
    wording = "{reason}"
    advice = "{next_step}"


class NothingScheduled(Conflict):
    code = "nothing_scheduled"
    wording = "This batch no longer waits for its time: it has been sent or taken back."
    advice = "“scheduled” lists the ones that wait."


class AlreadyAnswered(Conflict):
    code = "already_answered"
    wording = "{who} has already answered this request."


class NeedsConfirmation(Conflict):
    code = "needs_confirmation"
    wording = "{address} {reason}."
    advice = "Confirm if you want to invite them all the same."


class WorkspaceTaken(Conflict):
    code = "workspace_taken"
    wording = "This Slack workspace already belongs to another organisation."
    advice = "Ask the operator of Usher."


class AlreadyThere(Conflict):
    code = "already_there"
    wording = "{what} is already there."
    advice = "{next_step}"


class LastOwner(Conflict):
    code = "last_owner"
    wording = "{name} is the only owner, so nothing was changed."
    advice = "Make somebody else an owner first; they must have accepted their invitation."
    field = "role"


class TermsChanged(Conflict):
    code = "terms_changed"
    wording = "The terms have changed since you opened the page, so nothing was accepted."
    advice = "Please read them again."


class SignInClosed(Conflict):
    code = "sign_in_closed"
    wording = "This link to sign in counts no more."
    advice = "It counts once, and for ten minutes. Ask for a new one."


class InstallationExpired(Conflict):
    code = "installation_expired"
    wording = "That took longer than {minutes} minutes, so nothing was installed."
    advice = "Please start again; nothing is lost."


class InstallationRepeated(Conflict):
    code = "installation_repeated"
    wording = "This installation was finished before."
    advice = "If Usher is in your workspace, all is well. Else start again."


class ImportClosed(Conflict):
    code = "import_closed"
    wording = "I cannot do that with import {number}: {reason}."
    advice = "Nothing was changed. “import {number}” shows what became of it; a file sent again is looked at anew."


class BudgetSpent(Conflict):
    code = "budget_spent"
    wording = "All places of this course are taken at the moment."
    advice = "You were not signed up, and nothing was lost. Tell the people who gave you the link: they can make room."


class LearnerKnown(Conflict):
    code = "learner_known"
    wording = "{name} is in your organisation already, known by {key}."
    advice = "Nobody was created. “learners {who}” shows them."


class LearnerUnchanged(Conflict):
    code = "learner_unchanged"
    wording = "That is what is stored about {name} already."
    advice = "Nothing was changed."


class LearnerChanged(Conflict):
    code = "learner_changed"
    wording = "Somebody has changed {name} since you saw the preview, so nothing was saved."
    advice = "Open the learner again to see what is true now."


class EthnicityStored(Conflict):
    code = "ethnicity_stored"
    wording = "Ethnicity is being stored, for “{purpose}”, so nothing was erased."
    advice = "Switch it off first, with “ethnicity off”; else the next import would bring it back."


class ReportClosed(Conflict):
    code = "report_closed"
    wording = "I cannot do that with progress report {number}: {reason}."
    advice = "Nothing was changed. “progress {number}” shows what became of it; a file sent again is read anew."


class ErasureWaits(Conflict):
    code = "erasure_waits"
    wording = "An import that has this learner is being read at this moment, so nobody was erased yet."
    advice = "Nothing was changed. Try again in a minute."


class NudgeRefused(Conflict):
    code = "nudge_refused"
    wording = "{name} gets no nudge: {reason}."
    advice = "Nothing was sent. You can snooze the name, or note that you have spoken to them."


class ExportEnded(Conflict):
    code = "export_ended"
    wording = "This download ended {hours} hours after it was asked for."
    advice = "Ask again with “export”; the figures are newer then, too."
