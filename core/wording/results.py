"""What every door says alike about results: closed sets in words, and numbers with their nouns.

Plain text. Names in it are as they were typed: a door escapes for its own medium.
"""

from collections.abc import Sequence
from datetime import datetime

from core.cards import RunCard
from core.rules.addresses import AddressFault
from core.rules.costs import BudgetForecast, CostForecast
from core.rules.learner_words import academic_year_words
from core.rules.policy import REMINDERS
from core.rules.reminders import ReminderRule
from core.usecases.catalogue.courses import RunList
from core.usecases.costs.budgets import AgreementCosts
from core.usecases.costs.costs import CostSums
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.lists import ListedState
from core.usecases.invitations.reminder_rules import RemindersShown
from core.usecases.invitations.sorting import Bucket
from core.usecases.learners.cards import HistoryEntry
from core.usecases.learners.erasing import ErasurePreviewed
from core.usecases.learners.ethnicity import EthnicityShown
from core.usecases.learners.lists import LearnerCard, LearnersListed
from core.usecases.learners.removal import LearnerRemoved, RemovalPreviewed
from core.usecases.links.shared_links import LinkEvent
from core.usecases.staff.cards import StaffCard, StaffState
from core.wording import phrases
from core.wording.phrases import day_words, last_day_words, pounds, zone_named, zone_words
from core.words import AccountState, Benefit, CourseKind, ImportPolicy, JoinedBy, LearnerDeed, LinkRule, SharedLinkState

_PROVIDERS_NAMED = 3

BENEFITS: dict[Benefit, str] = {
    Benefit.ONGOING_ACCESS: "ongoing access after the course has ended",
    Benefit.TESTS: "tests",
    Benefit.DIGITAL_CERTIFICATE: "a digital certificate (PDF)",
    Benefit.COURSE_ACCESS: "access to the course while it runs",
}

FAULTS: dict[AddressFault, str] = {
    AddressFault.NO_AT: "it has no @",
    AddressFault.NO_DOMAIN: "nothing stands after the @",
    AddressFault.NO_LOCAL: "nothing stands before the @",
    AddressFault.TWO_AT: "it has more than one @",
    AddressFault.BAD_DOMAIN: "what stands after the @ is no mail domain",
    AddressFault.BAD_LOCAL: "what stands before the @ is not allowed",
    AddressFault.TOO_LONG: "it is too long for an address",
    AddressFault.NOT_ASCII_LOCAL: "mail hosts do not take these letters before the @",
}

LINK_STATES: dict[LinkState, str] = {
    LinkState.OPEN: "is still open",
    LinkState.ACCEPTED: "was accepted",
    LinkState.DECLINED: "was declined",
    LinkState.CANCELLED: "was cancelled",
    LinkState.EXPIRED: "has expired",
    LinkState.CLOSED: "can no longer be used: enrolment has closed",
}

FATES: dict[Bucket, str] = {
    Bucket.NEW: "new: they get an invitation",
    Bucket.ENROLLED: "already on the run: nothing is sent",
    Bucket.INVITED: "invited before and still open: nothing is sent (“resend” mails the same link again)",
    Bucket.DECLINED: "declined before: skipped (“reinvite” asks one of them again)",
    Bucket.SUPPRESSED: "not to be written to, because mail came back or they asked for no more: skipped",
    Bucket.REMOVED: "removed from your organisation: skipped (“reinvite” asks one of them again)",
    Bucket.DUPLICATE: "more than once in your list: each counts once",
    Bucket.INVALID: "no e-mail address: skipped, see below",
    Bucket.NO_ADDRESS: "without an e-mail address: nothing can be sent",
    Bucket.NOT_GRANTED: "of providers whose learners you may not manage: skipped",
}

INVITATION_STATES: dict[ListedState, str] = {
    ListedState.PENDING: "waiting for an answer",
    ListedState.BOUNCED: "not delivered",
    ListedState.EXPIRED: "expired",
    ListedState.ACCEPTED: "accepted",
    ListedState.DECLINED: "declined",
    ListedState.CANCELLED: "cancelled",
}

LINK_HEADS: dict[LinkEvent, str] = {
    LinkEvent.CREATED: "Here is a link to {name}.",
    LinkEvent.FOUND: "There is a link to {name} already: here it is.",
    LinkEvent.EXPIRED: "The link to {name} has expired. Extend it, and the same link works again.",
    LinkEvent.PAUSED: "The link to {name} is paused.",
    LinkEvent.RESUMED: "The link to {name} works again.",
    LinkEvent.REVOKED: "The link to {name} is revoked: it lets nobody in any more.",
    LinkEvent.RESTORED: "The link to {name} is back.",
    LinkEvent.EXTENDED: "The time of the link to {name} is counted anew.",
    LinkEvent.CHANGED: "The settings of the link to {name} are saved.",
}

LINK_RULES: dict[LinkRule, str] = {
    LinkRule.THIRTEEN_WEEKS: "13 weeks after it was made or last extended",
    LinkRule.SIX_MONTHS: "six months after it was made or last extended",
    LinkRule.ENROLMENT_CLOSE: "when the run's enrolment closes",
    LinkRule.RUN_END: "when the run ends",
}

SHARED_LINK_STATES: dict[SharedLinkState, str] = {
    SharedLinkState.OPEN: "open",
    SharedLinkState.PAUSED: "paused",
    SharedLinkState.FULL: "full",
    SharedLinkState.WAITING: "waiting for the next run",
    SharedLinkState.EXPIRED: "expired",
    SharedLinkState.REVOKED: "revoked",
}

COURSE_KINDS: dict[CourseKind, str] = {CourseKind.OPEN: "open course", CourseKind.INVITE_ONLY: "by invitation only"}

RUN_LISTS: dict[RunList, str] = {
    RunList.ENROLLED: "Enrolled",
    RunList.PENDING: "Not answered yet",
    RunList.DECLINED: "Declined",
    RunList.LINKS: "Shared links",
}

WAYS_TO_JOIN: dict[JoinedBy, str] = {
    JoinedBy.INVITATION: "by an invitation",
    JoinedBy.SHARED_LINK: "by a shared link",
    JoinedBy.SAML: "by single sign-on",
}

STAFF_STATES: dict[StaffState, str] = {
    StaffState.INVITED: "invited, no answer yet",
    StaffState.TOO_OLD: "invited, but the invitation is too old now",
    StaffState.WORKING: "working",
    StaffState.DISABLED: "disabled",
}

IMPORT_POLICIES: dict[ImportPolicy, str] = {
    ImportPolicy.HOLD_IF_ERRORS: "If any row has a problem, nothing is imported until whoever sent the file says "
    "“import the good rows”.",
    ImportPolicy.GOOD_ROWS: "Rows with problems are left out, and all others are imported at once.",
    ImportPolicy.ALL_OR_NOTHING: "If any row has a problem, nothing of the file is imported.",
}
IMPORT_POLICY_AFTER = "It counts for every file that comes from now on. Warnings never hold a row."

ETHNICITY_ON = "It is read from now on, stored encrypted like other identifying columns, and shown in no list."
ETHNICITY_OFF = "Imports do not read the column, and say so where it is filled in."
ETHNICITY_ERASING = (
    "It goes from the learners and from the rows of their imports, for good. "
    "The files that were sent are erased 30 days after they came."
)

QUIET_AFTER = (
    "Reminders wait for their end, and so does what is scheduled into them. "
    "Invitations that somebody confirms go out at once, whatever the hour."
)


def counted(number: int, noun: str, plural: str = "") -> str:
    """As in "1 learner", "1,001 learners"."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def batch_name(numbers: Sequence[int]) -> str:
    """As in "B-0041" or "B-0041 to B-0050"."""
    first, last = f"B-{numbers[0]:04d}", f"B-{numbers[-1]:04d}"
    return first if len(numbers) == 1 else f"{first} to {last}"


def percent(part: int, whole: int) -> int:
    """Rounded down, so that 100 means all of them."""
    return part * 100 // whole if whole else 100


def until_words(end: datetime, zone_name: str) -> str:
    """As in "the end of Friday 6 March 2026 (London time)": staff may sit in another zone than the run."""
    zone = zone_named(zone_name)
    words = phrases.until_words(end, zone)
    return words if words.endswith(")") else f"{words} ({zone_words(zone)})"


def run_dates(run: RunCard) -> str:
    """As in "Monday 16 March 2026 to Friday 8 May 2026"."""
    zone = zone_named(run.time_zone)
    starts = day_words(run.starts_at, zone)
    return f"{starts} to {last_day_words(run.ends_at, zone)}" if run.ends_at else f"from {starts}"


def cost_words(cost: CostForecast) -> str:
    if not cost.price_pence:
        return "Cost: nothing."
    invoiced = cost.places - cost.prepaid_used
    prepaid = f"{counted(cost.prepaid_used, 'place')} already paid" if cost.prepaid_used else ""
    due = f"{pounds(cost.to_invoice_pence)} to invoice ({invoiced:,} × {pounds(cost.price_pence)})" if invoiced else ""
    words = f"Cost if all of them accept: {' and '.join(filter(None, (due, prepaid)))}."
    return f"{words} {_budget_words(cost.budget)}" if cost.budget else words


def _budget_words(budget: BudgetForecast) -> str:
    total, limit = pounds(budget.total_pence), pounds(budget.budget_pence)
    if budget.is_over:
        return (
            f"That is more than the budget allows: with all that is open it would come to {total} of {limit}. "
            f"There is room for {budget.places_left:,}."
        )
    return f"With all that is open it would come to {total} of the budget of {limit}."


def sums_words(sums: CostSums, price_pence: int | None = None) -> str:
    """As in "212 enrolments (£20.00 each), 40 of them prepaid, 1 waived: £3,420.00 to invoice"."""
    each = f" ({pounds(price_pence)} each)" if price_pence is not None else ""
    prepaid = f", {sums.prepaid:,} prepaid" if sums.prepaid else ""
    waived = f", {sums.waived:,} waived" if sums.waived else ""
    return f"{counted(sums.enrolments, 'enrolment')}{each}{prepaid}{waived}: {pounds(sums.to_invoice_pence)} to invoice"


def agreement_words(costs: AgreementCosts) -> str:
    """One agreement with what it has cost, in a sentence or three."""
    about = f"{costs.course_title} ({costs.course_code})" if costs.course_code else "all courses"
    head = f"{costs.owner} ({costs.owner_slug}), {about}: {pounds(costs.price_pence)} a place"
    left = max(costs.prepaid_count - costs.prepaid_used, 0)
    prepaid = f"; {left:,} of {costs.prepaid_count:,} prepaid places left" if costs.prepaid_count else ""
    spent = f"{pounds(costs.spent_pence)} to invoice so far"
    planned = f", {pounds(costs.planned_pence)} more if all who are invited accept" if costs.planned_pence else ""
    budget = "" if costs.budget_pence is None else f", of a budget of {pounds(costs.budget_pence)}"
    return f"{head}{prepaid}. {spent}{planned}{budget}."


def days_words(rule: ReminderRule) -> str:
    """As in "3 and 10 days after sending and 7 days before the last day"."""
    after = f"{_listed(rule.after_days)} after sending" if rule.after_days else ""
    before = f"{_listed(rule.before_close_days)} before the last day" if rule.before_close_days else ""
    return " and ".join(filter(None, (after, before)))


def reminders_words(shown: RemindersShown) -> str:
    now = " now" if shown.is_changed else ""
    if shown.rule.is_off:
        return f"Nobody is reminded{now}: reminders are off for this run."
    whose = "the default" if shown.is_default else "set for this run"
    return f"Reminders{now} go out {days_words(shown.rule)}, at most {REMINDERS} to each ({whose})."


def _listed(days: tuple[int, ...]) -> str:
    *first, last = map(str, days)
    return f"{', '.join(first)} and {last} days" if first else counted(int(last), "day")


def ethnicity_left(shown: EthnicityShown) -> str:
    """What is stored still, though it is off."""
    if not shown.stored or shown.purpose:
        return ""
    return f"Of {counted(shown.stored, 'learner')} it is stored still: the next import of each drops it."


def clock_words(minute: int) -> str:
    """As in "07:00"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def duties(staff: StaffCard) -> str:
    """As in "Manager of Northfield Sixth Form and 2 more"."""
    names = ", ".join(provider.name[:60] for provider in staff.providers[:_PROVIDERS_NAMED])
    more = len(staff.providers) - _PROVIDERS_NAMED
    named = f"{names} and {more:,} more" if more > 0 else names
    return f"{staff.role.capitalize()} of {named or 'all providers'}"


_JOINING: dict[SharedLinkState, str] = {
    SharedLinkState.PAUSED: " once you resume it",
    SharedLinkState.FULL: " once you raise the limit",
    SharedLinkState.WAITING: " once a run takes learners",
}


def anybody_words(state: SharedLinkState, bold: str = "") -> str:
    """What is always said of a link that can let somebody in, now or later. ``bold``: the door's mark for it."""
    return f"{bold}Anybody with this link can join{bold}{_JOINING.get(state, '')}, so give it only to those who should."


def shared_link_words(state: SharedLinkState, *, leads_to: str, opens: str) -> str:
    """``leads_to`` and ``opens``, the moment of the next run or nothing, as the door spells them."""
    match state:
        case SharedLinkState.OPEN:
            return f"Whoever joins now comes to the run {leads_to}."
        case SharedLinkState.PAUSED:
            return "Paused: nobody can join until you resume it."
        case SharedLinkState.FULL:
            return "Full: nobody else can join until you raise the limit."
        case SharedLinkState.WAITING:
            return f"Waiting: no run takes learners just now{f'; the next one opens {opens}' if opens else ''}."
        case SharedLinkState.EXPIRED:
            return "Expired: nobody can join."
        case SharedLinkState.REVOKED:
            return "Revoked: nobody can join. You can undo this for ten minutes."


# --- Learners ---------------------------------------------------------------------------------------------

ACCOUNTS: dict[AccountState, str] = {
    AccountState.NONE: "no username yet: came by an invitation or a link",
    AccountState.NEVER: "never signed in, access code ready",
    AccountState.ERASED: "never signed in, access code erased",
    AccountState.USED: "has signed in",
}

DEEDS_UNDONE: dict[LearnerDeed, str] = {
    LearnerDeed.CREATED: "{name} is as before you created them.",
    LearnerDeed.EDITED: "{name} is as before the change.",
    LearnerDeed.REMOVED: "{name} is back, with what was taken from them.",
}

_HISTORY: dict[str, str] = {
    "created": "Created",
    "edited": "Changed",
    "removed": "Removed",
    "undone": "Taken back",
    "import_created": "Created by an import",
    "import_updated": "Changed by an import",
    "see_learner_details": "Details looked at",
}
_DOORS: dict[str, str] = {"slack": "in Slack", "mail": "by e-mail", "web": "on the web", "cli": "on the command line"}


def account_words(state: AccountState) -> str:
    return ACCOUNTS[state].capitalize()


def learner_head(listed: LearnersListed) -> str:
    """“1 learner who fits …”, as a sentence."""
    if listed.is_never and not listed.total and not listed.search:
        return "Nobody with a username is left who has not signed in."
    whom = " who never signed in" if listed.is_never else ""
    fits = f" that {'fits' if listed.total == 1 else 'fit'} “{listed.search}”" if listed.search else ""
    return f"{counted(listed.total, 'learner')}{whom}{fits}."


def learner_place(card: LearnerCard) -> str:
    year = academic_year_words(card.academic_year) if card.academic_year else ""
    return " · ".join(part for part in (card.provider, card.year_group, year) if part)


def history_words(entry: HistoryEntry) -> str:
    """Who, through which door, what; not when."""
    about = f" ({entry.about})" if entry.about else ""
    who = f" by {entry.who}" if entry.who else ""
    door = f" {_DOORS[entry.door]}" if entry.door in _DOORS else ""
    return f"{_HISTORY.get(entry.what, entry.what)}{about}{who}{door}"


def erasure_lines(shown: ErasurePreviewed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what goes, what stays), with the numbers of this learner."""
    goes = (
        "Their name, username, access code, and every detail that an import or a colleague gave.",
        f"{counted(shown.addresses, 'e-mail address', 'e-mail addresses')}." if shown.addresses else "",
        f"Address and name in {counted(shown.invitations, 'invitation')}; open ones are cancelled."
        if shown.invitations
        else "",
        f"The recipient of {counted(shown.messages, 'e-mail')}." if shown.messages else "",
        f"{counted(shown.import_rows, 'row')} of imports." if shown.import_rows else "",
        f"{counted(shown.files, 'imported file')} with such a row; what the import did stays." if shown.files else "",
        f"{counted(shown.reports, 'file')} with progress, where they may be named; the figures of others stay."
        if shown.reports
        else "",
        f"The words of {counted(shown.mails, 'e-mail')} that staff sent, for a name may stand in them."
        if shown.mails
        else "",
        f"{counted(shown.suppressions, 'note')} that an address must not be written to." if shown.suppressions else "",
    )
    stays = (
        f"{counted(shown.enrolments, 'enrolment')}, without a name." if shown.enrolments else "",
        f"{counted(shown.charges, 'charge')}, under a pseudonym." if shown.charges else "",
        f"{counted(shown.shared, 'address', 'addresses')} that another learner has as well." if shown.shared else "",
        f"{counted(shown.waiting_mails, 'e-mail')} waiting for somebody's decision, for 30 days at most."
        if shown.waiting_mails
        else "",
        "The audit: who did what and when, by number and without names.",
    )
    return tuple(filter(None, goes)), tuple(filter(None, stays))


def removal_lines(result: LearnerRemoved | RemovalPreviewed) -> tuple[str, ...]:
    """What removing does (LM), with the numbers of this learner; the same before and after."""
    kept, left = ", ".join(result.kept), ", ".join(result.left)
    return tuple(
        line
        for line in (
            "Nobody in your organisation sees their data any more; an import that has them brings them back.",
            f"They keep access to {kept}." if kept else "",
            f"They leave the private runs: {left}." if left else "",
            f"{counted(result.invitations, 'open invitation')} cancelled." if result.invitations else "",
            f"{counted(result.charges, 'enrolment')} still cost." if result.charges > 1 else "",
            "1 enrolment still costs." if result.charges == 1 else "",
        )
        if line
    )
