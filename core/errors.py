"""Everything that can be expected to go wrong, worded once.

    UsherError
    ├── InvalidRequest      the words or values cannot be understood; nothing was changed
    │   ├── UnknownVerb, RunNotChosen, BatchNotChosen, NoAddresses, NoteTooLong, NoteHasLink, NotReadable,
    │   │   MomentUnclear, MomentNotUsable, QuietHoursUnclear, RemindersUnclear,
    │   │   NameMissing, AddressUnchanged, AddressInvalid, DomainNotAllowed, DomainsInvalid, CapInvalid, CodeWrong,
    │   │   CatalogueInvalid, SettingInvalid, StaffDetailsInvalid
    ├── NotAllowed          this person may not do this
    │   ├── NotStaff, RoleMissing, ProviderNotGranted, TermsNotAccepted, NotYourPreview, OperatorOnly
    ├── NotFound            absent, or another organisation's: one answer for both
    │   ├── RunNotFound, LinkNotFound, SharedLinkNotFound, BatchNotFound, InvitationNotFound, OrganisationNotFound,
    │   │   StaffNotFound, MessageNotFound, RequestNotFound, ChangeNotFound
    ├── Conflict            the world moved on
    │   ├── RunNotChoosable, CoursePaidFor, PreviewExpired, InvitationClosed, SharedLinkClosed,
    │   │   NothingToSend, NothingScheduled, NothingOpen, UndoOver, AlreadyAnswered, NeedsConfirmation,
    │   │   WorkspaceTaken, AlreadyThere, LastOwner, TermsChanged, SignInClosed, InstallationExpired,
    │   │   InstallationRepeated
    ├── LimitExceeded       too much or too often
    │   ├── TooManyAddresses, TooManyCodes
    └── Unavailable         ours to mend; trying again helps
        ├── Busy
        └── OutcomeUnknown

A class carries ``code`` (stable), ``wording``, ``hint`` (what to do next) and ``field`` (the input it belongs to).
``str(error)`` is the wording with its values put in. The values may come from a stranger: each door escapes them
for its own medium. Doors map the family; core knows no status codes.
"""

from typing import ClassVar


class UsherError(Exception):
    """An expected failure. Whenever one is raised, the transaction is rolled back: nothing has changed."""

    code: ClassVar[str] = "usher_error"
    wording: ClassVar[str] = "That did not work."
    advice: ClassVar[str] = ""
    field: ClassVar[str | None] = None

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return self.wording.format(**self.values)

    @property
    def hint(self) -> str:
        return self.advice.format(**self.values)


class InvalidRequest(UsherError):
    code = "invalid_request"


class NotAllowed(UsherError):
    code = "not_allowed"


class NotFound(UsherError):
    code = "not_found"


class Conflict(UsherError):
    code = "conflict"


class LimitExceeded(UsherError):
    code = "limit_exceeded"


class Unavailable(UsherError):
    code = "unavailable"


# --- InvalidRequest ---------------------------------------------------------------------------------------


class UnknownVerb(InvalidRequest):
    code = "unknown_verb"
    wording = "I do not know “{verb}”."
    advice = "{suggestion}Write “help” to see everything I can do."

    def __init__(self, *, verb: str, nearest: str | None) -> None:
        suggestion = f"Did you mean “{nearest}”? " if nearest else ""
        super().__init__(verb=verb, suggestion=suggestion, nearest=nearest)


class RunNotChosen(InvalidRequest):
    code = "run_not_chosen"
    wording = "I do not know yet which run you mean."
    advice = "Put the run's code first, for example “{verb} maths-2026-03 …”. “courses” lists the runs you can choose."
    field = "run"


class BatchNotChosen(InvalidRequest):
    code = "batch_not_chosen"
    wording = "I do not know yet which batch you mean."
    advice = "A batch has a number like B-0041; it stands in the message that I sent when it started."


class NoAddresses(InvalidRequest):
    code = "no_addresses"
    wording = "There is no e-mail address in there."
    advice = "Paste addresses with commas, semicolons or one a line, or give a .csv or .txt file."
    field = "addresses"


class NoteTooLong(InvalidRequest):
    code = "note_too_long"
    wording = "The note has {length} characters; {limit} fit."
    advice = "Shorten it by {excess}."
    field = "note"


class NoteHasLink(InvalidRequest):
    code = "note_has_link"
    wording = "The note contains a link (“{link}”)."
    advice = "Learners are told to trust one link only, the invitation's. Please say it in words."
    field = "note"


class NotReadable(InvalidRequest):
    code = "not_readable"
    wording = "I could not read “{name}”: {reason}."
    advice = "Send a .csv or .txt file with e-mail addresses, up to {limit_mb} MB."
    field = "file"


class MomentUnclear(InvalidRequest):
    code = "moment_unclear"
    wording = "I cannot tell when “{words}” is."
    advice = (
        "Nothing was prepared. After “at” write a day and a time, like “Mon 09:00”, “tomorrow 9am” or “1 Dec 09:00”."
    )
    field = "when"


class MomentNotUsable(InvalidRequest):
    code = "moment_not_usable"
    wording = "Nothing can be sent then: {reason}."
    advice = "Nothing was prepared. Choose another day or time, or leave it out to send now."
    field = "when"


class QuietHoursUnclear(InvalidRequest):
    code = "quiet_hours_unclear"
    wording = "I cannot read “{words}” as quiet hours."
    advice = "Nothing was changed. Write them like “20:00-07:00”, or “off”."


class RemindersUnclear(InvalidRequest):
    code = "reminders_unclear"
    wording = "I cannot read “{words}” as days for reminders."
    advice = (
        "Nothing was changed. Write at most {limit}, like “3,10,close-7”: 3 and 10 days after sending and 7 days "
        "before it ends. Or write “default” or “off”."
    )


class NameMissing(InvalidRequest):
    code = "name_missing"
    wording = "Please tell us your {part}."
    advice = "It is how the people who invited you will see you."
    field = "name"


class AddressUnchanged(InvalidRequest):
    code = "address_unchanged"
    wording = "{address} is the address that the invitation went to already."
    advice = "Write the right one, or send the same invitation again."
    field = "address"


class AddressInvalid(InvalidRequest):
    code = "address_invalid"
    wording = "Please tell us your e-mail address, as in name@example.org."
    advice = "{suggestion}"
    field = "address"

    def __init__(self, *, nearest: str | None = None) -> None:
        super().__init__(suggestion=f"Did you mean {nearest}?" if nearest else "", nearest=nearest)


class DomainNotAllowed(InvalidRequest):
    code = "domain_not_allowed"
    wording = "This link is only for e-mail addresses that end in {domains}."
    advice = "Use the address that you have from your school or college, or ask the people who gave you the link."
    field = "address"


class DomainsInvalid(InvalidRequest):
    code = "domains_invalid"
    wording = "“{domain}” cannot be the end of an e-mail address."
    advice = "Write what stands after the @, for example “school.example.org”; at most {limit}, separated by spaces."
    field = "domains"


class CapInvalid(InvalidRequest):
    code = "cap_invalid"
    wording = "“{typed}” is no number of learners."
    advice = "Write a whole number from 1 to {limit}, or leave it empty for no limit."
    field = "cap"


class CodeWrong(InvalidRequest):
    code = "code_wrong"
    wording = "That code does not fit, or it is no longer valid."
    advice = "{next_step}"
    field = "code"


class CatalogueInvalid(InvalidRequest):
    code = "catalogue_invalid"
    wording = "{count} of the catalogue's rows cannot be used, so nothing was imported:\n{problems}"
    advice = "Correct these rows and import the file again."


class StaffDetailsInvalid(InvalidRequest):
    code = "staff_details_invalid"
    wording = "{problem}"
    advice = "Nobody was invited. Correct it and try again."


class SettingInvalid(InvalidRequest):
    code = "setting_invalid"
    wording = "The setting {name} is wrong: {reason}."
    advice = "Correct it in the environment or in .env; docs/settings.md lists every setting."


# --- NotAllowed -------------------------------------------------------------------------------------------


class NotStaff(NotAllowed):
    # One wording for strangers, guests, bots and people who left: it tells nobody which one they are.
    code = "not_staff"
    wording = "I cannot tell who you are, so I did nothing."
    advice = "If you look after learners here, write “/usher link” to connect your account."


class RoleMissing(NotAllowed):
    code = "role_missing"
    wording = "Your role ({role}) does not include this."
    advice = "An owner of your organisation can change it."


class ProviderNotGranted(NotAllowed):
    code = "provider_not_granted"
    wording = "The run {run} belongs to a provider that you do not look after."
    advice = "An owner of your organisation can grant it to you. “courses” lists the runs you can choose."
    field = "run"


class TermsNotAccepted(NotAllowed):
    code = "terms_not_accepted"
    wording = "Your organisation has not accepted the terms yet."
    advice = "{who} at {page}"


class NotYourPreview(NotAllowed):
    code = "not_your_preview"
    wording = "Somebody else prepared this preview, so only they can confirm it."
    advice = "Start your own with “invite”."


class OperatorOnly(NotAllowed):
    code = "operator_only"
    wording = "Only an operator on the command line can do this."


# --- NotFound ---------------------------------------------------------------------------------------------


class RunNotFound(NotFound):
    code = "run_not_found"
    wording = "I found no run called “{run}” that you can choose."
    advice = "{suggestion}“courses” lists the runs you can choose."
    field = "run"

    def __init__(self, *, run: str, nearest: tuple[str, ...] = ()) -> None:
        suggestion = f"Did you mean {' or '.join(nearest)}? " if nearest else ""
        super().__init__(run=run, suggestion=suggestion, nearest=nearest)


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
    advice = "Make it with: usher org create."


class StaffNotFound(NotFound):
    code = "staff_not_found"
    wording = "I found no staff member “{who}”."
    advice = "“staff” lists everybody."


class MessageNotFound(NotFound):
    code = "message_not_found"
    wording = "There is no held message {number}."
    advice = "“usher held list” shows the held messages."


class RequestNotFound(NotFound):
    code = "request_not_found"
    wording = "This request is no longer there."
    advice = "It may belong to an invitation that was removed."


class ChangeNotFound(NotFound):
    code = "change_not_found"
    wording = "I do not find what you want to take back."
    advice = "“invites” and the run's code show what is true now."


# --- Conflict ---------------------------------------------------------------------------------------------


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
    wording = "This preview is older than {minutes} minutes, so nothing was sent."
    advice = "Write the same command again; you will see today's numbers."


class InvitationClosed(Conflict):
    code = "invitation_closed"
    wording = "This invitation is {state}."
    advice = "{next_step}"


class SharedLinkClosed(Conflict):
    code = "shared_link_closed"
    wording = "This link {state}."
    advice = "{next_step}"


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


# --- LimitExceeded ----------------------------------------------------------------------------------------


class TooManyAddresses(LimitExceeded):
    code = "too_many_addresses"
    wording = "There are {count} addresses; one confirmation takes at most {limit}."
    advice = "Split the list into several files."
    field = "addresses"


class TooManyCodes(LimitExceeded):
    code = "too_many_codes"
    wording = "I have sent {count} codes within the last hour."
    advice = "Use the newest one, or try again in an hour."


# --- Unavailable ------------------------------------------------------------------------------------------


class Busy(Unavailable):
    code = "busy"
    wording = "I am very busy just now and could not save this. Nothing was changed."
    advice = "Please try again in a moment."


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    wording = "The database went away at the very moment of saving, so I do not know whether this was done."
    advice = "Please look before you try again."
