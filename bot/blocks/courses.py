"""The table of courses, and a run's page with its lists."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, context, paged, plain, said, section, value_of
from bot.blocks.shared_links import link_row
from bot.blocks.words import counted, moment, run_dates, run_name, until_words
from core.cards import RunCard
from core.rules.zones import zone_named
from core.usecases.catalogue.courses import CourseRow, CoursesListed, EnrolledRow, RunList, RunShown
from core.usecases.invitations.lists import InvitationRow
from core.usecases.links.showing import SharedLinkShown
from core.wording.phrases import day_words
from core.wording.results import COURSE_KINDS, RUN_LISTS, WAYS_TO_JOIN, that_fit

_SEARCH_CHARACTERS = 100


def draw_courses(listed: CoursesListed) -> Message:
    search = listed.search[:_SEARCH_CHARACTERS]
    fits = that_fit(listed.total, said(search))
    head = f"{counted(listed.total, 'run')} to choose from{fits}"
    rows = tuple(block for row in listed.rows for block in _course(row, may_invite=listed.may_invite))
    nothing = (context("Other words may find more: “courses” alone lists all."),)
    pages = paged(Action.RUNS_PAGE, listed.page, listed.page_count, (search,))
    return Message(f"{head}.", (section(f"*{head}*"), *(rows or nothing), *pages))


def _course(row: CourseRow, *, may_invite: bool) -> tuple[Block, Block]:
    run = row.run
    partner = f" · {said(run.partner, 60)}" if run.partner else ""
    closes = f"\nEnrolment closes at {until_words(run.closes_at, run.time_zone)}" if run.closes_at else ""
    counts = f"*{row.enrolled:,}* enrolled · *{row.waiting:,}* invited, no answer yet"
    text = f"{run_name(run)}\n{counts}\n{run_dates(run)} · {COURSE_KINDS[run.kind]}{partner}{closes}"
    invite = (_invite_button(run),) if may_invite else ()
    return section(text), actions(*invite, button("Learners", Action.RUN_PAGE, _place(run, RunList.ENROLLED)))


def _place(run: RunCard, shown: RunList, search: str = "") -> str:
    return value_of(run.code, shown, search, 1)


def draw_run(page: RunShown) -> Message:
    run, search = page.run, page.search[:_SEARCH_CHARACTERS]
    numbers = dict(page.counts)
    head = f"{numbers[RunList.ENROLLED]:,} enrolled, {numbers[RunList.PENDING]:,} not answered yet"
    rows = tuple(map(_row, page.page.rows)) or (section(_nobody(page)),)
    state = (run.code, page.shown, search)
    return Message(
        f"{said(run.course_title)}: {head}.",
        (
            section(f"{run_name(run)}\n*{head}*\n{run_dates(run)}", _invite_button(run) if page.may_invite else None),
            _tabs(page, search),
            *rows,
            *_bounced_hint(page),
            *paged(Action.RUN_PAGE, page.page.page, page.page.page_count, state),
        ),
    )


def _invite_button(run: RunCard) -> Block:
    return button("Invite", Action.COMPOSE, value_of(run.code))


def _tabs(page: RunShown, search: str) -> Block:
    return actions(
        *(
            button(
                f"{RUN_LISTS[each]} {number:,}",
                f"{Action.RUN_PAGE}:{each}",
                _place(page.run, each, search),
                style="primary" if each is page.shown else None,
            )
            for each, number in page.counts
        )
    )


def _row(row: EnrolledRow | InvitationRow | SharedLinkShown) -> Block:
    if isinstance(row, SharedLinkShown):
        return link_row(row)
    if isinstance(row, EnrolledRow):
        joined = f"Joined {moment(row.enrolled_at)} {WAYS_TO_JOIN[row.joined_by]}"
        return section(f"*{said(row.name, 80)}* · {said(row.address, 80)}\n{joined}")
    name = f" · {said(row.name, 60)}" if row.name else ""
    when = f"Declined {moment(row.answered_at)}" if row.answered_at else f"Invited {moment(row.created_at)}"
    return section(f"*{said(row.address, 80)}*{name}\n{when}")


def _nobody(page: RunShown) -> str:
    if page.search:
        return f"Nobody here fits “{said(page.search, _SEARCH_CHARACTERS)}”."
    if page.shown is RunList.LINKS:
        return f"There is no shared link yet: “links {said(page.run.code, 64)}” makes one."
    return "Nobody is in this list."


def _bounced_hint(page: RunShown) -> tuple[Block, ...]:
    if not page.bounced:
        return ()
    label = f"{counted(page.bounced, 'invitation')} not delivered"
    value = value_of(page.run.code, "bounced", "", 1)
    return (actions(button(label, f"{Action.INVITATIONS_PAGE}:bounced", value, style="danger")),)


def run_option(run: RunCard) -> Block:
    """For the menu of a form."""
    starts = day_words(run.starts_at, zone_named(run.time_zone))
    label = f"{run.code} · {run.course_title}"
    return {"text": plain(label), "value": run.code, "description": plain(f"starts {starts}")}
