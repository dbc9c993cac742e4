"""A run's invitations, and what was done to one of them."""

from bot.blocks.controls import Action, Change
from bot.blocks.invitation_changes import OPEN_STATES, change_buttons, undo_blocks
from bot.blocks.parts import Block, Message, actions, button, paged, plain, question, said, section, shortened, value_of
from bot.blocks.words import batch_name, counted, moment, run_name, until_words
from core.errors import NeedsConfirmation
from core.usecases.invitations.lists import InvitationRow, InvitationsListed, ListedState
from core.usecases.invitations.single import InvitationCancelled, InvitationResent, ReinviteLearner
from core.usecases.invitations.undelivered import UndeliveredListed, UndeliveredRow
from core.wording.results import INVITATION_STATES, that_fit

_SEARCH_CHARACTERS = 100


# What is late may arrive yet: it says why.
_WITH_PROBLEM = (ListedState.BOUNCED, ListedState.PENDING)


def draw_list(listed: InvitationsListed) -> Message:
    head = _headline(listed)
    rows = [_row(listed, row) for row in listed.rows] or [section("No invitation fits.")]
    state = (listed.run.code, listed.state, listed.search[:_SEARCH_CHARACTERS])
    blocks = (
        section(head),
        _filters(listed),
        *rows,
        *change_buttons(listed, listed.search[:_SEARCH_CHARACTERS]),
        *paged(Action.INVITATIONS_PAGE, listed.page, listed.page_count, state),
    )
    return Message(f"{counted(listed.total, 'invitation')} to {said(listed.run.course_title)}.", blocks)


def draw_undelivered(listed: UndeliveredListed) -> Message:
    head = f"{counted(listed.total, 'e-mail')} did not arrive"
    if not listed.total:
        text = "Every invitation that waits for an answer arrived."
        return Message(text, (section(f"*{text}*"),))
    what = "The menu beside each corrects the address, or sends it again." if listed.may_act else ""
    rows = [_undelivered(row, may_act=listed.may_act) for row in listed.rows]
    pages = paged(Action.UNDELIVERED_PAGE, listed.page, listed.page_count, ())
    return Message(f"{head}.", (section(f"*{head}*\n{what}"), *rows, *pages))


def _undelivered(row: UndeliveredRow, *, may_act: bool) -> Block:
    invitation = row.invitation
    name = f" · {said(invitation.name, 60)}" if invitation.name else ""
    where = f"{said(row.course_title, 120)} (`{said(row.run_code, 64)}`)"
    until = f"open until {until_words(invitation.expires_at, row.time_zone)}"
    problem = _problem_words(invitation) or "No reason was given."
    text = f"*{said(invitation.address, 80)}*{name}\n{where}, {until}\n{problem}"
    return section(text, _menu(row.run_code, invitation) if may_act else None)


def _headline(listed: InvitationsListed) -> str:
    state = f" {INVITATION_STATES[listed.state]}" if listed.state else ""
    search = that_fit(listed.total, said(listed.search, _SEARCH_CHARACTERS))
    return f"*{counted(listed.total, 'invitation')}*{state} to {run_name(listed.run)}{search}"


def _filters(listed: InvitationsListed) -> Block:
    """Every state with its number; the one that is shown stands out."""
    search = listed.search[:_SEARCH_CHARACTERS]
    every = sum(number for _, number in listed.counts)
    states = ((state, INVITATION_STATES[state].capitalize(), number) for state, number in listed.counts)
    shown = [(None, "All", every), *states]
    return actions(
        *(
            button(
                f"{label} {number:,}",
                f"{Action.INVITATIONS_PAGE}:{state or 'all'}",
                value_of(listed.run.code, state, search, 1),
                style="primary" if state is listed.state else None,
            )
            for state, label, number in shown
        )
    )


def _row(listed: InvitationsListed, row: InvitationRow) -> Block:
    name = f" · {said(row.name, 60)}" if row.name else ""
    problem = f"\n{_problem_words(row)}" if row.state in _WITH_PROBLEM and row.problem + row.guess else ""
    text = f"*{said(row.address, 80)}*{name}\n{_state_words(listed, row)} · {batch_name((row.batch_number,))}{problem}"
    return section(text, _choices(listed, row))


def _problem_words(row: InvitationRow) -> str:
    meant = f"Did you mean {said(row.guess, 80)}?" if row.guess else ""
    return "\n".join(filter(None, (said(row.problem, 100), meant)))


def _state_words(listed: InvitationsListed, row: InvitationRow) -> str:
    words = INVITATION_STATES[row.state].capitalize()
    if row.answered_at is not None:
        return f"{words} {moment(row.answered_at)}"
    if row.state in OPEN_STATES:
        return f"{words}, open until {until_words(row.expires_at, listed.run.time_zone)}{_reminder_words(row)}"
    return f"{words}; invited {moment(row.created_at)}"


def _reminder_words(row: InvitationRow) -> str:
    reminded = f"reminded {counted(row.reminder_count, 'time')}" if row.reminder_count else ""
    coming = f"next reminder {moment(row.next_reminder_at)}" if row.next_reminder_at else ""
    return "".join(f" · {words}" for words in (reminded, coming) if words)


def _choices(listed: InvitationsListed, row: InvitationRow) -> Block | None:
    """A menu while the invitation is open; afterwards one button, for a menu's value is too short for an address."""
    if row.state is ListedState.ACCEPTED:
        return None
    if row.state in OPEN_STATES:
        return _menu(listed.run.code, row)
    return button("Invite again", Action.REINVITE, value_of(listed.run.code, row.address))


def _menu(run: str, row: InvitationRow) -> Block:
    """The run's code is for the list that is shown afresh when the menu is too old."""
    labels = {Change.RESEND: "Send again", Change.CORRECT: "Correct the address", Change.CANCEL: "Cancel"}
    return {
        "type": "overflow",
        "action_id": Action.INVITATION_CHANGE,
        "options": [
            {"text": plain(label), "value": f"{change}:{row.invitation_id}:{run}"} for change, label in labels.items()
        ],
        "confirm": question(
            "Are you sure?",
            f"{shortened(row.address, 80)}: sending again mails the same link; correcting asks for the right address; "
            "cancelling makes the link useless.",
            "Yes",
            "No",
        ),
    }


def draw_resent(result: InvitationResent) -> Message:
    head = f"The invitation goes to {said(result.address)} once more."
    until = until_words(result.expires_at, result.run.time_zone)
    text = f"{head}\nSame link to {run_name(result.run)}, still good until {until}."
    return Message(head, (section(text),))


def draw_cancelled(result: InvitationCancelled) -> Message:
    head = f"The invitation of {said(result.address)} is cancelled."
    after = (
        f"The link to {run_name(result.run)} now says so."
        if result.was_sent
        else f"Nothing had been sent about {run_name(result.run)}, and nothing will be."
    )
    return Message(head, (section(f"{head}\n{after}"), *undo_blocks(result.change_id, result.undo_until)))


def draw_reinvite_question(error: NeedsConfirmation, command: ReinviteLearner) -> Message:
    """The button runs the same command, confirmed."""
    text = said(error.message, 200)
    value = value_of(command.run[:64], command.address[:254])
    again = button("Invite all the same", Action.REINVITE_ANYWAY, value, style="danger")
    return Message(text, (section(f"*{text}*\n{said(error.hint, 200)}"), actions(again)))
