"""Shared links: one with everything about it, the list of them, and who came from outside."""

from typing import Final

from bot.blocks.controls import Action, Field, Form
from bot.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    input_of,
    modal,
    paged,
    plain,
    question,
    said,
    section,
)
from bot.blocks.words import counted, moment, until_words
from core.usecases.links.lists import SharedLinksListed
from core.usecases.links.outside_joins import OutsideJoin
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.links.showing import SharedLinkShown
from core.wording.results import that_fit
from core.wording.shared_links import LINK_HEADS, LINK_RULES, SHARED_LINK_STATES, anybody_words, shared_link_words
from core.words import SharedLinkState

_SEARCH_CHARACTERS: Final = 100
_DOMAINS_SHOWN: Final = 5
_OVER = (SharedLinkState.EXPIRED, SharedLinkState.REVOKED)


def draw_link(shown: SharedLinkShown) -> Message:
    head = (LINK_HEADS[shown.event] if shown.event else "The link to {name}.").format(name=_plain_name(shown))
    return Message(head, (*link_blocks(shown), *_buttons(shown)))


def link_blocks(shown: SharedLinkShown) -> tuple[Block, ...]:
    """Without buttons: for a form, too."""
    head = (LINK_HEADS[shown.event] if shown.event else "The link to {name}").format(name=_name(shown))
    ends = () if shown.state is SharedLinkState.REVOKED else (_end(shown),)
    lines = "\n".join((_joins(shown), _state(shown), *ends, *_demands(shown)))
    foot = context(f"Made by {said(shown.made_by)}.")
    if shown.state in _OVER:
        return section(head), section(lines), foot
    warning = anybody_words(shown.state, bold="*")
    return section(head), section(f"```{shown.url}```\n{warning}"), section(lines), foot


def draw_changed(result: SharedLinkChanged) -> Message:
    """Where the link itself is not at hand, because what was done is kept and told again."""
    text = LINK_HEADS[result.event].format(name=said(result.title))
    return Message(text, (section(text), actions(_show_button(result.link_id))))


def _plain_name(shown: SharedLinkShown) -> str:
    return f"{said(shown.title)} ({said(shown.code, 64)})"


def _name(shown: SharedLinkShown) -> str:
    return f"*{said(shown.title)}* (`{said(shown.code, 64)}`)"


def _joins(shown: SharedLinkShown) -> str:
    of_cap = f" of at most {shown.use_cap:,}" if shown.use_cap is not None else ""
    return f"*{counted(shown.joins, 'learner')}*{of_cap} joined by it, {shown.joins_of_week:,} in the last 7 days."


def _state(shown: SharedLinkShown) -> str:
    opens = moment(shown.opens_at) if shown.opens_at else ""
    return shared_link_words(shown.state, leads_to=f"`{said(shown.leads_to, 64)}`", opens=opens)


def _end(shown: SharedLinkShown) -> str:
    verb = "Ended" if shown.state is SharedLinkState.EXPIRED else "Ends"
    return f"{verb} at {until_words(shown.ends_at, shown.time_zone)}: {LINK_RULES[shown.ends_by]}."


def _demands(shown: SharedLinkShown) -> list[str]:
    named = ", ".join(f"@{said(domain, 80)}" for domain in shown.allowed_domains[:_DOMAINS_SHOWN])
    more = len(shown.allowed_domains) - _DOMAINS_SHOWN
    others = f" and {more:,} more" if more > 0 else ""
    lines = [f"Only addresses that end in {named}{others}."] if named else []
    return [*lines, "Addresses are confirmed by an e-mail."] if shown.confirms_address else lines


def _buttons(shown: SharedLinkShown) -> tuple[Block, ...]:
    value = str(shown.link_id)
    if shown.state is SharedLinkState.REVOKED:
        return (actions(button("Undo", f"{Action.LINK_CHANGE}:restore", value)),)
    extend = button("Extend", f"{Action.LINK_CHANGE}:extend", value)
    if shown.state is SharedLinkState.EXPIRED:
        return (actions(extend),) if shown.can_extend else ()
    return (
        actions(
            button("QR code", Action.LINK_PICTURE, value),
            button("Settings…", Action.LINK_SETTINGS, value),
            _pause_button(shown.state, value),
            *([extend] if shown.can_extend else []),
            _revoke_button(shown, value),
        ),
    )


def _pause_button(state: SharedLinkState, value: str) -> Block:
    if state is SharedLinkState.PAUSED:
        return button("Resume", f"{Action.LINK_CHANGE}:resume", value)
    return button("Pause", f"{Action.LINK_CHANGE}:pause", value)


def _revoke_button(shown: SharedLinkShown, value: str) -> Block:
    sure = question(
        "Revoke this link?",
        "Wherever it was given out, it lets nobody in any more. Those who have joined stay. You can undo this for ten "
        "minutes; later you would have to give out another link.",
        "Revoke it",
        "Keep it",
    )
    return button("Revoke", f"{Action.LINK_CHANGE}:revoke", value, style="danger", confirm=sure)


def _show_button(link_id: int) -> Block:
    return button("Show", Action.LINK_SHOW, str(link_id))


# --- The list ---------------------------------------------------------------------------------------------


def draw_links(listed: SharedLinksListed) -> Message:
    search = listed.search[:_SEARCH_CHARACTERS]
    fits = that_fit(listed.total, said(search))
    head = f"{counted(listed.total, 'shared link')}{fits}"
    rows = [link_row(shown) for shown in listed.links]
    if not rows:
        rows = [section("“/usher links” and the code of a run or course makes one. “courses” lists the codes.")]
    pages = paged(Action.LINKS_PAGE, listed.page, listed.page_count, (search,))
    foot = context("Anybody with a shared link can join. Those that expired more than six months ago are not listed.")
    return Message(f"{head}.", (section(f"*{head}*"), *rows, *pages, foot))


def link_row(shown: SharedLinkShown) -> Block:
    verb = "ended" if shown.state is SharedLinkState.EXPIRED else "until"
    cap = f" of {shown.use_cap:,}" if shown.use_cap is not None else ""
    text = (
        f"{_name(shown)}\n*{shown.joins:,}*{cap} joined · {SHARED_LINK_STATES[shown.state]} · "
        f"{verb} {until_words(shown.ends_at, shown.time_zone)}"
    )
    return section(text, _show_button(shown.link_id))


# --- Settings ---------------------------------------------------------------------------------------------


def settings_view(shown: SharedLinkShown) -> Block:
    cap: Block = {"type": "plain_text_input", "action_id": Field.CAP, "max_length": 12}
    if shown.use_cap is not None:
        cap["initial_value"] = str(shown.use_cap)
    domains: Block = {"type": "plain_text_input", "action_id": Field.DOMAINS, "max_length": 3000}
    if named := " ".join(shown.allowed_domains):
        domains["initial_value"] = named
    blocks = [
        section(f"The link to {_name(shown)}. {_joins(shown)}"),
        input_of(Field.CAP, "At most so many learners", cap, hint="Empty: no limit.", optional=True),
        input_of(
            Field.DOMAINS,
            "Only addresses that end in",
            domains,
            hint="What stands after the @, separated by spaces. Empty: every address. Addresses are confirmed then.",
            optional=True,
        ),
        input_of(Field.CONFIRM, "Confirming addresses", _confirm_box(shown), optional=True),
    ]
    view = modal(Form.LINK_SETTINGS, "Shared link", blocks, submit="Save")
    return {**view, "private_metadata": str(shown.link_id)}


def _confirm_box(shown: SharedLinkShown) -> Block:
    option = {"text": plain("Mail a button that each learner must press"), "value": "yes"}
    box: Block = {"type": "checkboxes", "action_id": Field.CONFIRM, "options": [option]}
    return {**box, "initial_options": [option]} if shown.confirms_address else box


def saved_view(shown: SharedLinkShown) -> Block:
    return modal(Form.NOTHING, "Shared link", list(link_blocks(shown)))


# --- From outside -----------------------------------------------------------------------------------------


def draw_outside_join(told: OutsideJoin) -> Message:
    name = f"*{said(told.title)}* (`{said(told.code, 64)}`)"
    head = f"Somebody with an address at @{said(told.domain, 120)} has joined {said(told.title)} by your shared link."
    text = (
        f"Somebody with an address at *@{said(told.domain, 120)}* has joined {name} by your shared link.\n"
        "Nobody of your staff has such an address, so I tell you this once. If it should not be so, pause the link, or "
        "allow certain addresses only."
    )
    if told.state in _OVER:
        return Message(head, (section(text),))
    value = str(told.link_id)
    return Message(
        head,
        (
            section(text),
            actions(
                _pause_button(told.state, value),
                button("Settings…", Action.LINK_SETTINGS, value),
                _show_button(told.link_id),
            ),
        ),
    )
