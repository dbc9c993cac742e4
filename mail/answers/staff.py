"""The people who look after learners."""

from core.usecases.staff.cards import StaffCard, StaffState
from core.usecases.staff.colleagues import ColleagueInvited, ColleagueShown, StaffListed
from core.wording.results import STAFF_STATES, counted, duties, that_fit
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some


def tell_staff(listed: StaffListed, teller: Teller) -> Answer:
    fits = that_fit(listed.total, listed.search)
    rows = tuple(map(_row, listed.rows))
    return Answer(
        headline=f"{counted(listed.total, 'person', 'people')}{fits} in the staff of {listed.organisation}.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            "" if rows else "Other words may find more: “staff” alone lists everybody.",
            "“staff invite max@example.org manager Max Example” invites a colleague.",
        ),
    )


def tell_colleague(shown: ColleagueShown, teller: Teller) -> Answer:
    row = _row(shown.staff)
    return Answer(
        headline=row.title,
        lines=row.details,
        steps=("Changing a role and disabling somebody are in Slack: “/usher staff”.",),
    )


def tell_invited(result: ColleagueInvited, teller: Teller) -> Answer:
    staff = result.staff
    return Answer(
        headline=f"{staff.name} is invited.",
        lines=(
            f"{duties(staff)}.",
            f"An e-mail to {staff.email} is on its way; its link works until {teller.moment(result.until)}.",
        ),
    )


def _row(staff: StaffCard) -> Row:
    you = " (you)" if staff.is_asker else ""
    slack = "connected to Slack" if staff.is_in_slack else "not connected to Slack"
    state = STAFF_STATES[staff.state] + (f", {slack}" if staff.state is StaffState.WORKING else "")
    return Row(f"{staff.name}{you} · {staff.email}", (f"{duties(staff)} · {state}",))
