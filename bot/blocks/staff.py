"""The people who look after learners: the list, one of them, and what was done about them."""

from typing import Final

from bot.blocks.controls import Action, Field, Form
from bot.blocks.parts import (
    BUTTON_VALUE_CHARACTERS,
    Block,
    Message,
    actions,
    button,
    context,
    paged,
    plain,
    question,
    said,
    section,
    shortened,
    value_of,
)
from bot.blocks.words import counted, moment
from core.requests import ComposeStaffInvitation
from core.usecases.staff.cards import ProviderCard, StaffCard, StaffState
from core.usecases.staff.colleagues import (
    ColleagueChanged,
    ColleagueDisabled,
    ColleagueEnabled,
    ColleagueInvited,
    ColleagueShown,
    StaffListed,
)
from core.wording.results import STAFF_STATES, duties, that_fit
from core.words import Role

_SEARCH_CHARACTERS: Final = 100
CHOSEN_PROVIDERS: Final = 100
"""Slack's menus hold no more; who looks after more keeps them, and the form leaves them out."""
# As one says it to whoever chooses; `core.wording.phrases` says it to the one who is meant.
_ROLE_HINT: Final = (
    "Owners invite learners, follow their progress, and look after staff and costs. "
    "Managers invite learners and follow their progress. Viewers follow the progress."
)
_NOTHING_FILLED: Final = value_of("", "", "", "")
# --- Messages ---------------------------------------------------------------------------------------------


def draw_staff(listed: StaffListed) -> Message:
    search = listed.search[:_SEARCH_CHARACTERS]
    fits = that_fit(listed.total, said(search))
    people = counted(listed.total, "person", "people")
    head = f"{people}{fits} in the staff of {said(listed.organisation, 100)}"
    rows = tuple(map(_row, listed.rows)) or (context("Other words may find more: “staff” alone lists everybody."),)
    pages = paged(Action.STAFF_PAGE, listed.page, listed.page_count, (search,))
    return Message(f"{head}.", (section(f"*{head}*"), *rows, *pages, actions(_compose_button())))


def _row(staff: StaffCard) -> Block:
    return section(_described(staff), button("Manage", Action.STAFF_SHOW, str(staff.staff_id)))


def _described(staff: StaffCard) -> str:
    you = " (you)" if staff.is_asker else ""
    slack = "connected to Slack" if staff.is_in_slack else "not connected to Slack"
    state = STAFF_STATES[staff.state] + (f", {slack}" if staff.state is StaffState.WORKING else "")
    return f"*{said(staff.name)}*{you} · {said(staff.email, 120)}\n{_said_duties(staff)} · {state}"


def _said_duties(staff: StaffCard) -> str:
    return said(duties(staff), 400)


def draw_colleague(shown: ColleagueShown) -> Message:
    staff = shown.staff
    return Message(f"{said(staff.name)}, {staff.role}.", (section(_described(staff)), actions(*_buttons(staff))))


def _buttons(staff: StaffCard) -> list[Block]:
    change = button("Change role or providers…", Action.STAFF_CHANGE, str(staff.staff_id))
    if staff.state is StaffState.DISABLED:
        return [change, button("Enable", Action.STAFF_ENABLE, str(staff.staff_id), style="primary")]
    disable = button(
        "Disable",
        Action.STAFF_DISABLE,
        str(staff.staff_id),
        style="danger",
        confirm=question(f"Disable {shortened(staff.name, 60)}?", _consequences(staff), "Disable", "Keep"),
    )
    if staff.state is StaffState.WORKING:
        return [change, disable]
    return [change, button("Invite again", Action.STAFF_REINVITE, str(staff.staff_id)), disable]


def _consequences(staff: StaffCard) -> str:
    if staff.is_asker:
        return "This is YOU. You lose access at once, and only another owner can give it back to you."
    return "They lose access at once: Slack is disconnected, and they are signed out everywhere. You can undo it."


def draw_colleague_invited(result: ColleagueInvited) -> Message:
    staff = result.staff
    head = f"{said(staff.name)} is invited."
    after = f"An e-mail to {said(staff.email, 254)} is on its way; its link works until {moment(result.until)}."
    return Message(head, (section(f"*{head}*\n{_said_duties(staff)}\n{after}"),))


def draw_colleague_changed(result: ColleagueChanged) -> Message:
    head = f"{said(result.staff.name)} is changed."
    return Message(head, (section(f"*{head}*\n{_said_duties(result.staff)}. It counts from their next step."),))


def draw_colleague_disabled(result: ColleagueDisabled) -> Message:
    staff = result.staff
    head = f"{said(staff.name)} is disabled."
    after = "They are signed out and disconnected from Slack. What they invited goes on."
    undo = button("Undo", Action.STAFF_ENABLE, str(staff.staff_id))
    return Message(head, (section(f"*{head}*\n{after}"), actions(undo)))


def draw_colleague_enabled(result: ColleagueEnabled) -> Message:
    head = f"{said(result.staff.name)} is enabled again."
    after = "They connect Slack again with “/usher link”."
    return Message(head, (section(f"*{head}*\n{_said_duties(result.staff)}. {after}"),))


def draw_compose_staff(compose: ComposeStaffInvitation) -> Message:
    """Where no form can be opened at once: a button that opens it."""
    text = "Tell me the address, the role, and the first and last name."
    example = "For example: `/usher staff invite max@example.org manager Max Example`\nOr fill in the form."
    return Message(text, (section(f"*{text}*\n{example}"), actions(_compose_button(compose))))


def _compose_button(compose: ComposeStaffInvitation | None = None) -> Block:
    value = _NOTHING_FILLED if compose is None else _filled(compose)
    # What does not fit into a button is typed anew.
    value = value if len(value) <= BUTTON_VALUE_CHARACTERS else _NOTHING_FILLED
    return button("Invite somebody…", Action.STAFF_COMPOSE, value)


def _filled(compose: ComposeStaffInvitation) -> str:
    names = (compose.first_name[:100], compose.last_name[:100])
    return value_of(compose.email[:254], compose.role or "", *names, *compose.providers[:CHOSEN_PROVIDERS])


# --- Forms ------------------------------------------------------------------------------------------------


def staff_invitation_view(compose: ComposeStaffInvitation) -> Block:
    blocks = [
        _text_input(Field.EMAIL, "E-mail address", compose.email, 254),
        _text_input(Field.FIRST_NAME, "First name", compose.first_name, 100),
        _text_input(Field.LAST_NAME, "Last name", compose.last_name, 100),
        _role_input(compose.role),
        _providers_input(tuple(ProviderCard(ukprn, ukprn) for ukprn in compose.providers[:CHOSEN_PROVIDERS])),
    ]
    return _modal(Form.STAFF_INVITE, "Invite a colleague", blocks, submit="Invite")


def staff_change_view(staff: StaffCard) -> Block:
    """Only the id is kept in the form."""
    blocks = [section(f"*{said(staff.name)}* · {said(staff.email, 120)}"), _role_input(staff.role)]
    if len(staff.providers) <= CHOSEN_PROVIDERS:
        blocks.append(_providers_input(staff.providers))
    else:
        blocks.append(context(f"They keep their {len(staff.providers):,} providers."))
    view = _modal(Form.STAFF_CHANGE, "Change a colleague", blocks, submit="Save")
    return {**view, "private_metadata": str(staff.staff_id)}


def staff_done_view(message: Message) -> Block:
    return _modal(Form.NOTHING, "Staff", list(message.blocks))


def provider_option(provider: ProviderCard) -> Block:
    label = provider.name if provider.name == provider.ukprn else f"{shortened(provider.name, 60)} ({provider.ukprn})"
    return {"text": plain(label), "value": provider.ukprn}


def _text_input(field: Field, label: str, value: str, limit: int) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": field, "max_length": limit}
    if initial := shortened(value, limit):
        element["initial_value"] = initial
    return {"type": "input", "block_id": field, "label": plain(label), "element": element}


def _role_input(chosen: Role | None) -> Block:
    options = {role: {"text": plain(role.capitalize()), "value": role.value} for role in Role}
    element: Block = {"type": "static_select", "action_id": Field.ROLE, "options": list(options.values())}
    if chosen is not None:
        element["initial_option"] = options[chosen]
    return {
        "type": "input",
        "block_id": Field.ROLE,
        "label": plain("Role"),
        "element": element,
        "hint": plain(_ROLE_HINT, 500),
    }


def _providers_input(chosen: tuple[ProviderCard, ...]) -> Block:
    element: Block = {
        "type": "multi_external_select",
        "action_id": Field.PROVIDERS,
        "min_query_length": 0,
        "placeholder": plain("All providers", 150),
    }
    if chosen:
        element["initial_options"] = [provider_option(provider) for provider in chosen]
    return {
        "type": "input",
        "block_id": Field.PROVIDERS,
        "label": plain("Providers"),
        "element": element,
        "optional": True,
        "hint": plain("None chosen means all of them. An owner always looks after all.", 200),
    }


def _modal(form: Form, title: str, blocks: list[Block], *, submit: str = "") -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": form,
        "title": plain(title, 24),
        "close": plain("Cancel" if submit else "Close", 24),
        "blocks": blocks,
    }
    return {**view, "submit": plain(submit, 24)} if submit else view
