"""The words or values cannot be understood."""

from typing import Final

from core.errors.families import InvalidRequest


class UnknownVerb(InvalidRequest):
    code = "unknown_verb"
    wording = "I do not know “{verb}”."
    advice = "{suggestion}Write “help” to see everything I can do."

    def __init__(self, *, verb: str, nearest: str | None) -> None:
        suggestion = f"Did you mean “{nearest}”? " if nearest else ""
        super().__init__(verb=verb, suggestion=suggestion, nearest=nearest)


class ReplyUnclear(InvalidRequest):
    code = "reply_unclear"
    wording = "“{word}” does not fit the message that you replied to."
    advice = "{next_step}"


class OnlyInSlack(InvalidRequest):
    code = "only_in_slack"
    wording = "“{verb}” works in Slack only: it connects Slack with Usher."
    advice = "Write “/usher {verb}” there."


class RunNotChosen(InvalidRequest):
    code = "run_not_chosen"
    wording = "I do not know yet which run you mean."
    advice = "Put the run's code first, for example “{verb} maths-2026-03 …”. “courses” lists the runs you can choose."
    field = "run"


class ReportRunMissing(InvalidRequest):
    code = "report_run_missing"
    wording = "I do not know yet of which run progress report {number} is, so nothing is stored."
    advice = "Write “progress {number} yes RUN”, with the run's code for RUN. “courses” lists the runs."
    field = "run"


class OrganisationNotChosen(InvalidRequest):
    code = "organisation_not_chosen"
    wording = "I cannot tell for which organisation this is, so nothing was done."
    advice = "Write to the address of yours: {addresses}."


class BatchNotChosen(InvalidRequest):
    code = "batch_not_chosen"
    wording = "I do not know yet which batch you mean."
    advice = "{suggestion}A batch has a number like B-0041; it stands in the message that I sent when it started."

    def __init__(self, *, nearest: tuple[str, ...] = ()) -> None:
        """``nearest``: what they did last and can be undone, the latest first, as in B-0041 and I-0007."""
        suggestion = f"Did you mean {' or '.join(f'“undo {each}”' for each in nearest)}? " if nearest else ""
        super().__init__(suggestion=suggestion, nearest=nearest)
        self.nearest = nearest


class HistoryNotChosen(InvalidRequest):
    code = "history_not_chosen"
    wording = "I do not know yet whose history you mean."
    advice = (
        "Name a learner, a batch like B-0041, an import like I-0007, a run's code, “link” and a code, or “staff” and "
        "an address."
    )


class ImportNotChosen(InvalidRequest):
    code = "import_not_chosen"
    wording = "I do not know yet which import you mean."
    advice = "An import has a number like I-0007; “imports” lists them."


class NoAddresses(InvalidRequest):
    code = "no_addresses"
    wording = "There is no e-mail address in there."
    advice = "Paste addresses with commas, semicolons or one a line, or give a workbook, .csv or .txt file."
    field = "addresses"


class NoUsableAddress(InvalidRequest):
    code = "no_usable_address"
    wording = "“{entry}” is no e-mail address that I can use, and I found no other."
    advice = "Write addresses like name@example.org, or give a workbook, .csv or .txt file with them."
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
    advice = "Send a workbook, a .csv or a .txt file, up to {limit_mb} MB."
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


class DigestUnclear(InvalidRequest):
    code = "digest_unclear"
    wording = "I cannot read when or how you want your digest: “{words}”."
    advice = (
        "Write a weekday and a time, “digest Mon 08:00”, and if you like “mail”, “slack” or “both”, “monthly”, "
        "“changes”, or a zone such as “Europe/Paris”. “digest off” ends it."
    )


class QuietHoursUnclear(InvalidRequest):
    code = "quiet_hours_unclear"
    wording = "I cannot read “{words}” as quiet hours."
    advice = "Nothing was changed. Write them like “20:00-07:00”, or “off”."


class ImportPolicyUnknown(InvalidRequest):
    code = "import_policy_unknown"
    wording = "I do not know an import policy “{words}”."
    advice = "Nothing was changed. Write “hold-if-errors”, “good-rows” or “all-or-nothing” after “import-policy”."


class PurposeMissing(InvalidRequest):
    code = "purpose_missing"
    wording = "Ethnicity is stored only for a purpose that you record, in words of at most {limit} characters."
    advice = "Nothing was changed. Write it like “ethnicity on Equality monitoring for the yearly report”."


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
    wording = "{what} cannot be used, so nothing was imported:\n{problems}"
    advice = "Correct this and import the file again."


class StaffDetailsInvalid(InvalidRequest):
    code = "staff_details_invalid"
    wording = "{problem}"
    advice = "Nothing was changed. Correct it and try again."


class MailboxInvalid(InvalidRequest):
    code = "mailbox_invalid"
    wording = "The mailbox cannot be used like that: {reason}."
    advice = "Nothing was changed. “usher mailbox add --help” says what belongs where."


class SettingInvalid(InvalidRequest):
    code = "setting_invalid"
    wording = "The setting {name} is wrong: {reason}."
    advice = "Correct it in the environment or in .env; docs/settings.md lists every setting."


class RiskRuleUnclear(InvalidRequest):
    code = "risk_rule_unclear"
    wording = "I cannot read “{words}” as a rule for who is at risk."
    advice = "Nothing was changed. Write it like “silent 14, behind 25, not-begun off”, or “default”, or “off”."


class NobodyChosen(InvalidRequest):
    code = "nobody_chosen"
    wording = "I do not know yet whom you mean."
    advice = "Write their name, e-mail address or username, as in “{verb} {run} a@example.org”."


class LearnerUnclear(InvalidRequest):
    code = "learner_unclear"
    wording = "{count} learners{where} are called “{who}”."
    advice = "Nothing was done. Did you mean {names}?{more}"
    most: Final = 5

    def __init__(self, *, who: str, run: str, choices: tuple[tuple[str, str], ...]) -> None:
        """``run``: where alone they were looked for. ``choices``: name, and the word that finds them; the first few."""
        offered, has_more = choices[: self.most], len(choices) > self.most
        super().__init__(
            who=who,
            where=f" on {run}" if run else "",
            count=f"More than {self.most}" if has_more else f"{len(offered)}",
            names=" or ".join(f"{name} ({word})" for name, word in offered),
            more=" Or write more of the name." if has_more else "",
        )
        self.who = who
        self.run = run
        self.choices = offered


class NudgeWordsUnclear(InvalidRequest):
    code = "nudge_words_unclear"
    wording = "These words cannot go out: {reason}."
    advice = "Nothing was sent. Change them and try again."
    field = "words"


class MonthUnclear(InvalidRequest):
    code = "month_unclear"
    wording = "I cannot tell which month “{words}” is."
    advice = "Write it like “{example}”, “November 2026” or “last month”."


class AmountUnclear(InvalidRequest):
    code = "amount_unclear"
    wording = "I cannot read “{words}” as an amount."
    advice = "Nothing was changed. Write pounds like “5000” or “4,999.50”, or “off” for no budget."


class AgreementUnclear(InvalidRequest):
    code = "agreement_unclear"
    wording = "There are several agreements with {owner}."
    advice = "Nothing was changed. Say which one: {choices}."

    def __init__(self, *, owner: str, choices: tuple[str, ...]) -> None:
        super().__init__(owner=owner, choices=" or ".join(f"“{choice}”" for choice in choices))


class LearnerInvalid(InvalidRequest):
    """``problems``: (name of the column, or ``username``; what is wrong with it)."""

    code = "learner_invalid"
    wording = "The learner cannot be saved like this. {sentences}"
    advice = "Nothing was saved. Correct it and try again."

    def __init__(self, *, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__(sentences=" ".join(f"{column}: {reason}." for column, reason in problems))
        self.problems = problems


class LearnerNotChosen(InvalidRequest):
    code = "learner_not_chosen"
    wording = "I do not know yet which learner you mean."
    advice = "Write their username, e-mail address, ULN, UPN or CCIS record ID behind “learners {word}”."


class LearnerFormOnly(InvalidRequest):
    code = "learner_form_only"
    wording = "One learner is created or edited in a form, and an e-mail has none."
    advice = (
        "Write “/usher learners create” in Slack, or e-mail me a sheet with one row under the headings of the template."
    )


class ErasureUnconfirmed(InvalidRequest):
    code = "erasure_unconfirmed"
    wording = "What was typed is not the learner's whole name, so nobody was erased."
    advice = "Nothing was changed. Type the name as it stands above."
