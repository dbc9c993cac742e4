"""A run's invitations, and what was done to one or to many of them."""

from core.usecases.invitations.changes import InvitationsCancelled, InvitationsResent, InvitationsRestored
from core.usecases.invitations.corrections import AddressCorrected
from core.usecases.invitations.lists import InvitationRow, InvitationsListed, ListedState
from core.usecases.invitations.single import InvitationCancelled, InvitationResent
from core.usecases.invitations.undelivered import UndeliveredListed, UndeliveredRow
from core.usecases.mailbox.addresses import RunsOffered
from core.wording.results import INVITATION_STATES, batch_name, counted, that_fit, until_words
from mail.answers.batches import named
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some

_OPEN = (ListedState.PENDING, ListedState.BOUNCED)


def tell_list(listed: InvitationsListed, teller: Teller) -> Answer:
    state = f" {INVITATION_STATES[listed.state]}" if listed.state else ""
    search = that_fit(listed.total, listed.search)
    rows = tuple(row_of(row, listed.run.time_zone, teller) for row in listed.rows)
    is_open = any(row.state in _OPEN for row in listed.rows)
    return Answer(
        headline=f"{counted(listed.total, 'invitation')}{state} to {named(listed.run)}{search}.",
        facts=tuple((INVITATION_STATES[each].capitalize(), f"{number:,}") for each, number in listed.counts),
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            "Reply “resend” or “cancel” to do it to all that are open here; I ask once more." if is_open else "",
            f"“resend {listed.run.code} ADDRESS” or “cancel {listed.run.code} ADDRESS” does it to one."
            if is_open
            else "",
            f"“invites {listed.run.code} bounced” lists those with one state.",
        ),
    )


def tell_runs_offered(offered: RunsOffered, teller: Teller) -> Answer:
    rest = (
        counted(offered.duplicates, "duplicate") if offered.duplicates else "",
        f"{counted(offered.invalid, 'entry', 'entries')} that I cannot use" if offered.invalid else "",
    )
    more = f"“courses” lists all {offered.total:,}." if offered.total > len(offered.runs) else ""
    again = "with the file attached" if offered.is_file else "with the addresses below"
    rows = tuple(Row(f"invite {code}", (title,)) for code, title in offered.runs)
    return Answer(
        headline=f"I found {counted(offered.found, 'address', 'addresses')}. To which run shall I invite them?",
        lines=some(
            f"Also {' and '.join(some(*rest))}." if any(rest) else "",
            "Nobody has been invited yet."
            if rows
            else "There is no run that you can invite to now; “courses” says why.",
        ),
        lists=(Listing(f"Write one of these, {again}", rows, more),) if rows else (),
    )


def tell_undelivered(listed: UndeliveredListed, teller: Teller) -> Answer:
    if not listed.total:
        return Answer("Every invitation that waits for an answer arrived.")
    rows = tuple(_undelivered(row, may_act=listed.may_act) for row in listed.rows)
    return Answer(
        headline=f"{counted(listed.total, 'e-mail')} did not arrive.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),),
        steps=()
        if not listed.may_act
        else (
            "“correct RUN WRONG RIGHT” sends an invitation to the right address.",
            "“resend RUN ADDRESS” sends it again, once the mailbox takes mail; “cancel RUN ADDRESS” ends it.",
        ),
    )


def _undelivered(row: UndeliveredRow, *, may_act: bool) -> Row:
    invitation = row.invitation
    name = f" · {invitation.name}" if invitation.name else ""
    guess = f"Did you mean {invitation.guess}? Reply “correct {row.run_code} {invitation.address} {invitation.guess}”."
    return Row(
        f"{invitation.address}{name}",
        some(
            f"{row.course_title} ({row.run_code}), open until {until_words(invitation.expires_at, row.time_zone)}",
            invitation.problem or "No reason was given.",
            guess if invitation.guess and may_act else "",
        ),
    )


def row_of(row: InvitationRow, time_zone: str, teller: Teller) -> Row:
    name = f" · {row.name}" if row.name else ""
    problem = row.problem if row.state is ListedState.BOUNCED else ""
    guess = f"Did you mean {row.guess}?" if row.guess and row.state is ListedState.BOUNCED else ""
    words = f"{_state_words(row, time_zone, teller)} · {batch_name((row.batch_number,))}"
    return Row(f"{row.address}{name}", some(words, _reminder_words(row, teller), problem, guess))


def _state_words(row: InvitationRow, time_zone: str, teller: Teller) -> str:
    words = INVITATION_STATES[row.state].capitalize()
    if row.answered_at is not None:
        return f"{words} {teller.moment(row.answered_at)}"
    if row.state in _OPEN:
        return f"{words}, open until {until_words(row.expires_at, time_zone)}"
    return f"{words}; invited {teller.moment(row.created_at)}"


def _reminder_words(row: InvitationRow, teller: Teller) -> str:
    if row.state not in _OPEN:
        return ""
    reminded = f"Reminded {counted(row.reminder_count, 'time')}" if row.reminder_count else ""
    coming = f"Next reminder {teller.moment(row.next_reminder_at)}" if row.next_reminder_at else ""
    return " · ".join(some(reminded, coming))


def tell_resent(result: InvitationResent, teller: Teller) -> Answer:
    until = until_words(result.expires_at, result.run.time_zone)
    return Answer(
        headline=f"The invitation goes to {result.address} once more.",
        lines=(f"Same link to {named(result.run)}, still good until {until}.",),
    )


def tell_cancelled(result: InvitationCancelled, teller: Teller) -> Answer:
    after = (
        f"The link to {named(result.run)} now says so."
        if result.was_sent
        else f"Nothing had been sent about {named(result.run)}, and nothing will be."
    )
    until = teller.moment(result.undo_until)
    return Answer(
        headline=f"The invitation of {result.address} is cancelled.",
        lines=(after,),
        replies=(f"Reply “undo” to open it again, until {until}.",),
    )


def tell_resent_several(result: InvitationsResent, teller: Teller) -> Answer:
    verb = "goes" if result.resent == 1 else "go"
    return Answer(
        headline=f"{counted(result.resent, 'invitation')} to {named(result.run)} {verb} out once more.",
        lines=some(
            "Same links, same expiry." if result.resent else "",
            _counted(result.waiting, "still in the queue: one mail is enough."),
            _counted(result.recent, "got it within the last hour: left alone."),
            _counted(result.suppressed, "not to be written to, because mail came back or they asked for no more."),
            _counted(result.left, "more than one request takes: ask again for the next."),
        ),
    )


def tell_cancelled_several(result: InvitationsCancelled, teller: Teller) -> Answer:
    return Answer(
        headline=f"{counted(result.cancelled, 'invitation')} to {named(result.run)} cancelled.",
        lines=some(
            _counted(result.unsent, "had not been sent, and will not be."),
            _counted(result.cancelled - result.unsent, "had been sent: their links now say so."),
        ),
        replies=(f"Reply “undo” to open them again, until {teller.moment(result.undo_until)}.",),
    )


def tell_restored(result: InvitationsRestored, teller: Teller) -> Answer:
    return Answer(
        headline=f"{counted(result.restored, 'invitation')} to {named(result.run)} open again.",
        lines=some(
            "The same links work again." if result.restored else "",
            _counted(result.kept, "stay cancelled: invited again or enrolled since."),
        ),
    )


def tell_corrected(result: AddressCorrected, teller: Teller) -> Answer:
    return Answer(
        headline=f"The invitation goes to {result.address} now.",
        lines=(f"The link sent to {result.former} no longer works.",),
        facts=(("Batch", batch_name(result.invited.numbers)), ("Run", named(result.invited.run))),
        replies=("Reply “undo” to take it back.",),
    )


def _counted(number: int, words: str) -> str:
    return f"{number:,} {words}" if number else ""
