"""Results of every kind in every size, with the names that people really have and some that nobody should."""

from datetime import timedelta
from functools import lru_cache

from msgspec.structs import replace

from core.cards import RunCard
from core.context import Door
from core.errors import NoAddresses, NoUsableAddress
from core.pages import Page
from core.requests import VERBS, ComposeInvitation, ComposeLearner, ComposeStaffInvitation, Help
from core.results import QuestionClosed, ReplyAwaited, kept, refused
from core.rules.addresses import AddressFault, InvalidAddress
from core.rules.costs import CostForecast, budgeted, forecast
from core.rules.costs import Terms as CostTerms
from core.rules.months import Month
from core.rules.policy import SHARED_LINK_DOMAINS
from core.rules.quiet import QuietHours
from core.rules.reminders import DEFAULT_RULE, ReminderRule
from core.rules.ucas.columns import LEARNER_COLUMNS, Column
from core.usecases.catalogue.courses import CourseRow, CoursesListed, EnrolledRow, RunList, RunShown
from core.usecases.costs.budgets import AgreementCosts, BudgetsShown
from core.usecases.costs.costs import CostsShown, CostSums, MonthCosts, RunCosts
from core.usecases.digests.news import DigestBudget, DigestLink, DigestName, DigestRun, DigestShown
from core.usecases.digests.settings import DigestPlanShown
from core.usecases.exports import ExportOrdered
from core.usecases.history.history import Deed, HistoryShown
from core.usecases.history.naming import Named
from core.usecases.imports.rules import ImportPolicyShown
from core.usecases.invitations.answers import LinkState
from core.usecases.invitations.batches import BucketCount, InvitationPreviewed, LearnersInvited
from core.usecases.invitations.changes import InvitationsCancelled, InvitationsResent, InvitationsRestored
from core.usecases.invitations.corrections import AddressCorrected
from core.usecases.invitations.gathering import AddressesGathered
from core.usecases.invitations.link_requests import LinkRequestApproved, LinkRequestDeclined, LinkRequestShown
from core.usecases.invitations.lists import InvitationRow, InvitationsListed, ListedState
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.usecases.invitations.recall import BatchRecalled
from core.usecases.invitations.reminder_rules import RemindersShown
from core.usecases.invitations.schedules import ScheduledListed, ScheduledRow
from core.usecases.invitations.scoreboards import BatchCounts, BatchProgress
from core.usecases.invitations.sending_times import SendingTime
from core.usecases.invitations.single import InvitationCancelled, InvitationResent
from core.usecases.invitations.sorting import Bucket
from core.usecases.invitations.undelivered import UndeliveredListed, UndeliveredRow
from core.usecases.invitations.unreached import UnreachedLearner, UnreachedShown
from core.usecases.learners.cards import DetailsSeen, EnrolmentOf, HistoryEntry, InvitationOf, LearnerShown
from core.usecases.learners.changes import ColumnChange, LearnerPrepared, LearnerSaved
from core.usecases.learners.erasing import ErasurePreviewed
from core.usecases.learners.ethnicity import EthnicityErased, EthnicityShown
from core.usecases.learners.export import DataPageShown
from core.usecases.learners.lists import LearnerCard, LearnersListed
from core.usecases.learners.removal import LearnerChangeUndone, LearnerRemoved, RemovalPreviewed
from core.usecases.links.lists import SharedLinksListed
from core.usecases.links.outside_joins import OutsideJoin
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.links.showing import LinkEvent, SharedLinkShown
from core.usecases.mailbox.held_mail import HeldMailRefused, HeldMailReleased, HeldMailShown
from core.usecases.mailbox.invitations import PreviewDiscarded, PreviewNumbered
from core.usecases.mailbox.questions import MailQuestion, MailQuestionsShown, QuestionState
from core.usecases.staff.cards import ProviderCard, StaffCard, StaffState
from core.usecases.staff.colleagues import (
    ColleagueChanged,
    ColleagueDisabled,
    ColleagueEnabled,
    ColleagueInvited,
    ColleagueShown,
    StaffListed,
)
from core.usecases.staff.homes import HomeBatch, HomeShown
from core.usecases.staff.rules import RulesShown
from core.usecases.staff.slack_identity import AccountUnlinked, CodeMailed, StaffLinked, WorkspaceBound
from core.verbs import EVERYTHING, TOPICS
from core.wording.history import DEEDS
from core.words import (
    AccessModel,
    AccountState,
    Benefit,
    CourseKind,
    DigestRhythm,
    ExportForm,
    ExportKind,
    ImportPolicy,
    ImportSubject,
    InvitationState,
    JoinedBy,
    LearnerDeed,
    LinkRule,
    MailRule,
    MailState,
    RequestState,
    Role,
    SharedLinkState,
    Subject,
    SuppressReason,
)
from tests.bot.blocks.import_samples import every_import
from tests.bot.blocks.progress_samples import RISKS, progress_results
from tests.factories import NOW

HOSTILE = ("<!channel> ", "&<>", "名前", "\u202eevil", "👩‍👩‍👧 ", "*bold* `x` ")
PLAIN = "Maths for Everyone"


def long(piece: str) -> str:
    return (piece * 200)[:200]


def run_called(name: str) -> RunCard:
    return RunCard(
        run_id=5,
        code=name[:64].strip() or "run",
        course_title=name,
        run_title=name,
        partner=name,
        kind=CourseKind.OPEN,
        model=AccessModel.UPGRADED,
        benefits=tuple(Benefit),
        starts_at=NOW,
        ends_at=NOW + timedelta(days=60),
        closes_at=NOW + timedelta(days=30),
        time_zone="Europe/London",
        step_count=40,
        join_url="",
        uuid="",
    )


def preview(count: int, name: str, *, new: int | None = None) -> InvitationPreviewed:
    some = tuple(f"{name[:40]}{number}@example.org" for number in range(min(count, 5)))
    buckets = tuple(
        BucketCount(bucket, new if bucket is Bucket.NEW and new is not None else count, some) for bucket in Bucket
    )
    return InvitationPreviewed(
        draft_id=2**62,
        run=run_called(name),
        organisation=name,
        buckets=buckets,
        invalid=(InvalidAddress(name[:254], AddressFault.NO_AT, f"{name}@gmail.com"),) * count,
        typos=((f"{name}@gmial.com", f"{name}@gmail.com"),) * count,
        batch_count=-(-count // 1000),
        expires_at=NOW + timedelta(days=30),
        cost=forecast(count, 2450, 3),
        note=(name * 3)[:500],
        valid_until=NOW + timedelta(minutes=15),
    )


def invited(count: int, name: str) -> LearnersInvited:
    numbers = tuple(range(41, 41 + max(1, -(-count // 1000))))
    return LearnersInvited(2**62, numbers, run_called(name), count, NOW)


def progress(count: int, name: str, *, queued: int = 0, is_recalled: bool = False) -> BatchProgress:
    bounced = min(5, count)
    return BatchProgress(
        confirmation_id=2**62,
        numbers=tuple(range(41, 41 + max(1, -(-count // 1000)))),
        run=run_called(name),
        staff=name,
        counts=BatchCounts(count, 0, 0, 0, bounced, queued, max(0, count - queued - bounced)),
        bounces=tuple((f"{name}@example.org", name) for _ in range(bounced)),
        sends_at=NOW,
        as_of=NOW,
        is_recalled=is_recalled,
    )


def listed(count: int, name: str, state: ListedState | None = None) -> InvitationsListed:
    states = list(ListedState)
    rows = tuple(
        InvitationRow(
            invitation_id=2**62 + number,
            address=f"{name[:60]}{number}@{'a' * 180}.example.org",
            name=name[:100],
            state=states[number % len(states)],
            created_at=NOW,
            answered_at=NOW if number % 2 else None,
            expires_at=NOW + timedelta(days=30),
            problem=name,
            batch_number=41,
            guess=f"{name}@example.org" if number % 2 else "",
            reminder_count=number,
            next_reminder_at=NOW if number % 2 == 0 else None,
        )
        for number in range(min(10, count))
    )
    counts = tuple((each, count) for each in states)
    return InvitationsListed(run_called(name), state, name, counts, rows, 1, max(1, -(-count // 10)), count)


def undelivered(count: int, name: str) -> UndeliveredListed:
    rows = tuple(UndeliveredRow(name[:64], name, "Europe/London", row) for row in listed(count, name).rows)
    return UndeliveredListed(rows, 1, max(1, -(-count // 10)), count, may_act=True)


def run_page(count: int, name: str, shown: RunList) -> RunShown:
    enrolled = tuple(
        EnrolledRow(number, f"{name} {name}"[:201], f"{name[:60]}@{'a' * 180}.example.org", NOW, way)
        for number, way in enumerate([*JoinedBy] * 4)
    )[: min(10, count)]
    rows: Page[EnrolledRow] | Page[InvitationRow] | Page[SharedLinkShown] = Page(
        enrolled, 1, max(1, -(-count // 10)), count
    )
    if shown is RunList.LINKS:
        rows = Page(tuple(shared_links(count, name)[: min(2, count)]), 1, 1, min(2, count))
    elif shown is not RunList.ENROLLED:
        rows = Page(listed(count, name).rows, 1, max(1, -(-count // 10)), count)
    return RunShown(
        run_called(name), tuple((each, count) for each in RunList), count, shown, name, rows, may_invite=True
    )


def home(count: int, name: str, role: Role = Role.OWNER) -> HomeShown:
    batch = HomeBatch(2**62, (41,), name, NOW, count, count, 0, 0, 0)
    return HomeShown(name, role, name, count, count, count, count, count, count, count, (batch,) * min(3, count), NOW)


def scheduled(count: int, name: str) -> ScheduledListed:
    rows = tuple(
        ScheduledRow(2**62 + number, (41, 50) if number % 2 else (41,), run_called(name), count, name, NOW)
        for number in range(min(10, count))
    )
    return ScheduledListed(rows, 1, max(1, -(-count // 10)), count)


def reminders(count: int, name: str, rule: ReminderRule = DEFAULT_RULE) -> RemindersShown:
    coming = tuple((NOW + timedelta(days=day), count) for day in range(min(5, count)))
    return RemindersShown(run_called(name), rule, rule == DEFAULT_RULE, count, coming, is_changed=bool(count))


def request(name: str, state: RequestState) -> LinkRequestShown:
    return LinkRequestShown(7, f"{name}@example.org", name, run_called(name), LinkState.EXPIRED, NOW, state, name)


def held_mail(count: int, name: str) -> list[object]:
    """Open and dealt with, with nothing and with everything known."""
    full = HeldMailShown(
        inbound_id=2**62,
        token="x" * 36,
        organisation=name,
        time_zone="Europe/London",
        received_at=NOW,
        size=count,
        server=name,
        subject=name[:80],
        rule=MailRule.UNAUTHENTICATED,
        state=MailState.HELD,
        waiting=count,
        erased_at=NOW + timedelta(days=30),
    )
    bare = replace(full, server="", subject="", waiting=0)
    given = (full, bare, replace(full, state=MailState.IGNORED))
    answered = (HeldMailReleased, HeldMailRefused)
    return [*given, *(kind(next_one) for kind in answered for next_one in (None, full))]


def mail_questions(count: int, name: str) -> list[object]:
    """In every state, one and more than are shown; a question of each kind."""
    numbered = PreviewNumbered(preview(count, name), tuple(range(41, 42 + count // 1000)))
    run = run_called(name)
    rehearsed: list[object] = [
        InvitationsCancelled(run, max(1, count), 0, 2**62, NOW),
        InvitationsResent(run, count, count, count, count, count),
        QuietHoursShown(name, None, "UTC"),
        ImportPolicyShown(name, ImportPolicy.GOOD_ROWS),
        EthnicityShown(name, name + name[:100], NOW, count, is_changed=True),
        refused(NoAddresses()),
        refused(NoUsableAddress(entry="ana@college")),
    ]
    questions = [ReplyAwaited("", "", type(each).__name__, kept(each), NOW) for each in rehearsed]
    return [
        MailQuestionsShown(2**62, ()),
        *(
            MailQuestionsShown(2**62, (MailQuestion(2**62, name, numbered, state),) * places)
            for state in QuestionState
            for places in (1, 10)
        ),
        *(
            MailQuestionsShown(2**62, (MailQuestion(0, name * 10, each, state),))
            for each in questions
            for state in QuestionState
        ),
        PreviewDiscarded((41,)),
        QuestionClosed(),
    ]


def shared_links(count: int, name: str) -> list[SharedLinkShown]:
    """In every state, after every event, with nothing and with everything demanded."""
    plain = SharedLinkShown(
        link_id=2**62,
        url="https://usher.example.org/j/" + "x" * 36,
        code=name[:64],
        title=name,
        kind=CourseKind.OPEN,
        state=SharedLinkState.OPEN,
        ends_at=NOW,
        ends_by=LinkRule.SIX_MONTHS,
        time_zone="Europe/London",
        leads_to=name[:64],
        opens_at=None,
        joins=count,
        joins_of_week=count,
        use_cap=None,
        allowed_domains=(),
        confirms_address=False,
        made_by=name,
        can_extend=True,
    )
    domains = tuple(f"{number}{'d' * 60}.{'d' * 60}.example.org" for number in range(SHARED_LINK_DOMAINS))
    strict = replace(plain, use_cap=max(1, count), allowed_domains=domains, confirms_address=True, opens_at=NOW)
    return [
        *(replace(plain, state=state, ends_by=rule) for state in SharedLinkState for rule in LinkRule),
        *(replace(strict, event=event) for event in LinkEvent),
        *(replace(strict, state=state, can_extend=False) for state in SharedLinkState),
    ]


@lru_cache(maxsize=4)
def provider_cards(name: str, count: int) -> tuple[ProviderCard, ...]:
    return tuple(ProviderCard(f"1{number:07}", name) for number in range(count))


def staff_card(name: str, state: StaffState = StaffState.WORKING, providers: int = 2, **more: bool) -> StaffCard:
    cards = provider_cards(name, providers)
    return StaffCard(
        staff_id=2**62,
        name=name,
        first_name=name[:100],
        last_name=name[:100],
        email=f"{name[:60]}@{'a' * 180}.example.org",
        role=Role.MANAGER,
        providers=cards,
        state=state,
        is_in_slack=more.get("is_in_slack", False),
        is_asker=more.get("is_asker", False),
    )


def composed(name: str, providers: int = 2) -> ComposeStaffInvitation:
    ukprns = tuple(f"1{number:07}" for number in range(providers))
    return ComposeStaffInvitation(f"{name}@example.org", Role.VIEWER, name, name, ukprns)


def staff_results(count: int, name: str) -> list[object]:
    rows = tuple(staff_card(name, state, count, is_asker=True) for state in StaffState)[: min(10, count)]
    return [
        StaffListed(name, rows, 1, max(1, -(-count // 10)), count, name),
        *(ColleagueShown(staff_card(name, state, count)) for state in StaffState),
        ColleagueShown(staff_card(name, is_asker=True, is_in_slack=True)),
        ColleagueInvited(staff_card(name, StaffState.INVITED, count), NOW),
        ColleagueChanged(staff_card(name, StaffState.WORKING, count)),
        ColleagueDisabled(staff_card(name, StaffState.DISABLED, count)),
        ColleagueEnabled(staff_card(name, StaffState.WORKING, count)),
        composed(name, count),
    ]


def unreached(count: int, name: str) -> tuple[UnreachedShown, ...]:
    learners = tuple(
        UnreachedLearner(f"{name}@example.org", why, long(name), f"{name}@example.com") for why in SuppressReason
    )
    some = UnreachedShown(7, (41, 42), run_called(name), count, count, count, learners, NOW)
    return some, replace(some, bounced=0), replace(some, bounced=0, complained=0, asked=0, learners=())


def histories(count: int, name: str) -> list[object]:
    told = Named(name, name, name, name[:64], name, (1, 2, 10), 7, ImportSubject.CATALOGUE)
    deeds = tuple(Deed(NOW, "staff", name, door, action, count, told) for door in Door for action in sorted(DEEDS))
    pages = [deeds[start : start + 10] for start in range(0, len(deeds), 10)]
    every = [HistoryShown(Subject.LEARNER, 2**62, name, name, page, 2, 100, 1000, "UTC") for page in pages]
    return [*every, *(HistoryShown(kind, 1, name, name, (), 1, 1, 0, "UTC") for kind in Subject)]


def costs(count: int, name: str) -> list[object]:
    sums = CostSums(count, count // 2, count // 10, count * 2000)
    month = Month(2026, 3)
    agreements = tuple(
        AgreementCosts(name, name, name[:64] if number % 2 else "", name, 2000, count, count // 2, count, budget, count)
        for number, budget in enumerate([None, 0, 10**9] * min(20, max(1, count)))
    )
    rows = tuple(RunCosts(name[:64], name, 2000, sums) for _ in range(min(count, 10)))
    months = tuple(MonthCosts(month.moved(-back), sums) for back in range(12))
    return [
        CostsShown(name, month, sums, rows, 1, max(1, count // 10), False, months, agreements),
        CostsShown(name, month, CostSums(), (), 1, 1, True, (), ()),
        BudgetsShown(name, agreements),
        BudgetsShown(name, (), None),
        BudgetsShown(name, agreements, agreements[0], 500_000),
        replace(preview(count, name), cost=over_budget(max(1, count))),
        *(
            ExportOrdered(
                7, kind, form, name, max(1, count), is_file, "https://usher.example.org/exports/7", NOW, "UTC"
            )
            for kind in ExportKind
            for form in ExportForm
            for is_file in (True, False)
        ),
    ]


def digest_shown(count: int, name: str) -> DigestShown:
    few = min(5, count)
    run = DigestRun(name[:64], name, count, count, count, count, count // 2, count, count)
    who = DigestName(2**62, name, f"{name}@example.org", name[:64], 10_000, NOW)
    return DigestShown(
        *(name, name, "Europe/London", NOW, NOW, count, count, count, 8_123, count, count, count, count, count),
        *(
            count,
            count,
            count,
            count * 2000,
            (run,) * min(6, count),
            count,
            count,
            True,
            (replace(who, risks=RISKS),) * (few - 1),
            (who,) * min(few, 1),
            (replace(who, address=""),) * few,
        ),
        (DigestLink(name[:64], name, NOW),) * few,
        (DigestBudget(name, count * 3000, count * 2000 + 1),) * min(6, count),
    )


def digests(count: int, name: str) -> list[object]:
    plan = DigestPlanShown(True, DigestRhythm.WEEKLY, 0, 480, "Europe/London", True, True, True, NOW, False)
    shown = digest_shown(count, name)
    off = replace(plan, is_on=False, next_at=None, rhythm=DigestRhythm.MONTHLY)
    return [plan, off, shown, *rules(plan, count, name), *rules(off, 0, name)]


def rules(plan: DigestPlanShown, count: int, name: str) -> list[object]:
    quiet = QuietHoursShown(name, QuietHours(1200, 420) if count else None, "Europe/London")
    stored = EthnicityShown(name, long(name) if count else "", NOW if count else None, count)
    return [RulesShown(quiet, ImportPolicyShown(name, policy), stored, plan) for policy in ImportPolicy]


def over_budget(places: int) -> CostForecast:
    return budgeted(places, CostTerms(2000, 0, 1999, 0, 0))


def learner_card(name: str, account: AccountState = AccountState.NEVER) -> LearnerCard:
    username = "" if account is AccountState.NONE else "a" * 127
    short = name[:100]
    email = f"{short}@example.org"
    return LearnerCard(2**62, short, short, username, email, "Year 11", 2025, short, "10000001", account, NOW)


def details(name: str) -> DetailsSeen:
    values = {Column.YEAR_GROUP: "Year 11", Column.GENDER: "Not specified", Column.UKPRN: "10000001"}
    return DetailsSeen(
        learner_card(name),
        tuple((column, values.get(column, name[:100] or "x")) for column in LEARNER_COLUMNS),
    )


def prepared(count: int, name: str, learner_id: int = 0, *, is_back: bool = False) -> LearnerPrepared:
    changes = tuple(ColumnChange(column, name, name) for column in LEARNER_COLUMNS[: count or 1])
    warnings = tuple(f"{column}: {name}" for column in LEARNER_COLUMNS[:count])
    return LearnerPrepared(2**62, learner_id, name, "a" * 127, is_back, changes, warnings)


def learner_results(count: int, name: str) -> list[object]:
    cards = tuple(learner_card(name, each) for each in AccountState) * 2
    few = min(5, count)
    runs = tuple(f"run-{number}" for number in range(few))
    entry = HistoryEntry(NOW, "import_updated", name, "slack", name)
    shown = LearnerShown(
        learner_card(name),
        True,
        (f"{name}@example.org",) * few,
        (EnrolmentOf("maths", name, JoinedBy.INVITATION, NOW, NOW),) * few,
        count,
        (InvitationOf("maths", name, InvitationState.PENDING, True, NOW),) * few,
        count,
        (entry, replace(entry, what="undone", door="", who="")) * few,
    )
    pages = max(1, count // 10)
    url = "https://usher.example.org/learners/codes"
    return [
        LearnersListed(cards[: min(10, count)], 1, pages, count, name, False, url),
        LearnersListed(cards[: min(10, count)], 1, pages, count, name, True, url),
        LearnersListed(cards[: min(10, count)], pages, pages, count, "", True, ""),
        shown,
        replace(shown, may_manage=False, card=learner_card(name, AccountState.NONE)),
        *(LearnerSaved(learner_card(name), deed, LEARNER_COLUMNS, 7, NOW) for deed in LearnerDeed),
        RemovalPreviewed(learner_card(name), runs, runs, count, count),
        LearnerRemoved(learner_card(name), runs, (), count, count, 7, NOW),
        DataPageShown(2**62, name, name, url),
        ErasurePreviewed(2**62, name, name, *(count,) * 12, url),
        *(LearnerChangeUndone(name, deed, 0 if deed is LearnerDeed.CREATED else 2**62) for deed in LearnerDeed),
        ComposeLearner(name[:100], name[:100]),
    ]


def every_result(count: int, name: str) -> list[object]:
    run = run_called(name)
    runs = tuple(run_called(name) for _ in range(min(10, count)))
    return [
        preview(count, name),
        preview(count, name, new=0),
        AddressesGathered(2**62, count, count, count, NOW),
        AddressesGathered(2**62, count, 0, 0, NOW),
        invited(max(1, count), name),
        progress(count, name, queued=count // 2),
        progress(count, name, is_recalled=True),
        *(home(count, name, role) for role in Role),
        BatchRecalled(tuple(range(1, 2 + count // 1000)), count, count, count),
        BatchRecalled((41,), 0, 0, 0),
        listed(count, name),
        undelivered(count, name),
        listed(count, name, ListedState.BOUNCED),
        CoursesListed(
            tuple(CourseRow(run, count, count) for run in runs), 1, max(1, count // 10), count, name, may_invite=True
        ),
        *(run_page(count, name, shown) for shown in RunList),
        InvitationsResent(run, count, count, count, count, count),
        InvitationsResent(run, 0, 0, 0, 0, 0),
        InvitationsCancelled(run, max(1, count), 0, 2**62, NOW),
        InvitationsRestored(run, count, count),
        AddressCorrected(f"{name}@example.org", f"{name}@example.org", invited(1, name)),
        replace(preview(count, name), sending=SendingTime(NOW, "Europe/London", is_moved=True)),
        replace(invited(max(1, count), name), is_scheduled=True),
        replace(progress(count, name, queued=count), is_scheduled=True),
        scheduled(count, name),
        reminders(count, name),
        reminders(count, name, ReminderRule()),
        reminders(count, name, ReminderRule((5,), (1, 2))),
        QuietHoursShown(name, QuietHours(1200, 420), "Europe/London", is_changed=True),
        QuietHoursShown(name, None, "UTC"),
        *costs(count, name),
        *histories(count, name),
        *digests(count, name),
        *(ImportPolicyShown(name, policy, is_changed=True) for policy in ImportPolicy),
        EthnicityShown(name, name + name[:100], NOW, count, is_changed=True),
        EthnicityShown(name, "", None, count),
        EthnicityErased(name, count, None),
        EthnicityErased(name, 0, count),
        InvitationResent(name, run, NOW),
        InvitationCancelled(name, run, was_sent=True, change_id=7, undo_until=NOW),
        InvitationCancelled(name, run, was_sent=False, change_id=7, undo_until=NOW),
        *(request(name, state) for state in RequestState),
        LinkRequestApproved(name, run),
        LinkRequestDeclined(name, run),
        *learner_results(count, name),
        *held_mail(count, name),
        *mail_questions(count, name),
        *shared_links(count, name),
        SharedLinksListed(tuple(shared_links(count, name)[:10]), 1, max(1, count // 10), count, name),
        SharedLinksListed((), 1, 1, 0, name),
        SharedLinkChanged(7, LinkEvent.CREATED, name),
        *(OutsideJoin(7, name[:64], name, long(name), state) for state in SharedLinkState),
        *unreached(count, name),
        WorkspaceBound(name),
        CodeMailed(f"{name}@example.org", 10),
        StaffLinked(name, name),
        AccountUnlinked(was_linked=True),
        AccountUnlinked(was_linked=False),
        *staff_results(count, name),
        *every_import(count, name),
        *progress_results(run, count, name),
        Help(),
        *(Help(verb) for verb in VERBS),
        *(Help(topic=topic) for topic in (*TOPICS, EVERYTHING)),
        ComposeInvitation(name, f"{name}\n" * min(count, 1_000)),
    ]
