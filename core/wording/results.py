"""What every door says alike about results: closed sets in words, and numbers with their nouns.

Plain text. Names in it are as they were typed: a door escapes for its own medium.
"""

from collections.abc import Sequence
from datetime import datetime

from core.cards import RunCard
from core.rules.addresses import AddressFault
from core.rules.costs import BudgetForecast, CostForecast
from core.rules.policy import REMINDERS
from core.rules.reminders import ReminderRule
from core.rules.zones import zone_named
from core.usecases.catalogue.courses import RunList
from core.usecases.costs.budgets import AgreementCosts
from core.usecases.costs.costs import CostSums
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.lists import ListedState
from core.usecases.invitations.reminder_rules import RemindersShown
from core.usecases.invitations.sorting import Bucket
from core.usecases.learners.ethnicity import EthnicityShown
from core.usecases.staff.cards import StaffCard, StaffState
from core.wording import phrases
from core.wording.phrases import day_words, last_day_words, pounds, zone_words
from core.words import Benefit, CourseKind, ImportPolicy, JoinedBy

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


def that_fit(total: int, search: str) -> str:
    """Behind what is counted; empty where nothing is searched for."""
    return f" that {'fits' if total == 1 else 'fit'} “{search}”" if search else ""


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
