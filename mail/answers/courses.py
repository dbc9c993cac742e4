"""The table of courses, and a run's page with its lists."""

from core.usecases.catalogue.courses import CourseRow, CoursesListed, EnrolledRow, RunList, RunShown
from core.usecases.invitations.lists import InvitationRow
from core.usecases.links.showing import SharedLinkShown
from core.wording.results import COURSE_KINDS, RUN_LISTS, WAYS_TO_JOIN, counted, run_dates, that_fit, until_words
from mail.answers.batches import named
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some
from mail.answers.shared_links import link_row


def tell_courses(listed: CoursesListed, teller: Teller) -> Answer:
    fits = that_fit(listed.total, listed.search)
    rows = tuple(_course(row) for row in listed.rows)
    code = listed.rows[0].run.code if listed.rows else ""
    return Answer(
        headline=f"{counted(listed.total, 'run')} to choose from{fits}.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            f"“invite {code}” and addresses below it invites learners." if code and listed.may_invite else "",
            f"“run {code}” shows who is on it." if code else "",
            "" if rows else "Other words may find more: “courses” alone lists all.",
        ),
    )


def _course(row: CourseRow) -> Row:
    run = row.run
    partner = f" · {run.partner}" if run.partner else ""
    return Row(
        named(run),
        some(
            f"{row.enrolled:,} enrolled · {row.waiting:,} invited, no answer yet",
            f"{run_dates(run)} · {COURSE_KINDS[run.kind]}{partner}",
            f"Enrolment closes at {until_words(run.closes_at, run.time_zone)}" if run.closes_at else "",
        ),
    )


def tell_run(shown: RunShown, teller: Teller) -> Answer:
    numbers, run = dict(shown.counts), shown.run
    rows = tuple(_row(row, teller) for row in shown.page.rows)
    return Answer(
        headline=f"{numbers[RunList.ENROLLED]:,} enrolled in {named(run)}, "
        f"{numbers[RunList.PENDING]:,} not answered yet.",
        facts=(
            ("Run", run_dates(run)),
            *((RUN_LISTS[each], f"{number:,}") for each, number in shown.counts),
            *((("Not delivered", f"{shown.bounced:,}"),) if shown.bounced else ()),
        ),
        lines=() if rows else (_nobody(shown),),
        lists=(Listing(_title(shown), rows, page_line(shown.page.page, shown.page.page_count)),) if rows else (),
        steps=some(
            f"“run {run.code} pending” lists who has not answered; so do “declined” and “links”.",
            f"“invites {run.code} bounced” lists what was not delivered." if shown.bounced else "",
        ),
    )


def _title(shown: RunShown) -> str:
    return RUN_LISTS[shown.shown] + (f", fitting “{shown.search}”" if shown.search else "")


def _row(row: EnrolledRow | InvitationRow | SharedLinkShown, teller: Teller) -> Row:
    if isinstance(row, SharedLinkShown):
        return link_row(row)
    if isinstance(row, EnrolledRow):
        joined = f"Joined {teller.moment(row.enrolled_at)} {WAYS_TO_JOIN[row.joined_by]}"
        return Row(" · ".join(some(row.name, row.address)), (joined,))
    declined = f"Declined {teller.moment(row.answered_at)}" if row.answered_at else ""
    when = declined or f"Invited {teller.moment(row.created_at)}"
    return Row(" · ".join(some(row.address, row.name)), (when,))


def _nobody(shown: RunShown) -> str:
    if shown.search:
        return f"Nobody here fits “{shown.search}”."
    if shown.shown is RunList.LINKS:
        return f"There is no shared link yet: “links {shown.run.code}” makes one."
    return "Nobody is in this list."
