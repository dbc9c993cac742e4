"""Learners: the list, one of them, and what was done about one. Nothing here is stored encrypted."""

from typing import Final

from bot.blocks.controls import Action
from bot.blocks.parts import (
    SECTION_CHARACTERS,
    Block,
    Message,
    actions,
    button,
    context,
    fitting,
    paged,
    question,
    said,
    section,
    shortened,
    value_of,
)
from bot.blocks.words import moment
from core.requests import ComposeLearner
from core.usecases.learners.cards import EnrolmentOf, InvitationOf, LearnerShown
from core.usecases.learners.changes import LearnerSaved
from core.usecases.learners.erasing import ErasurePreviewed
from core.usecases.learners.export import DataPageShown
from core.usecases.learners.lists import LearnerCard, LearnersListed
from core.usecases.learners.removal import LearnerChangeUndone, LearnerRemoved, RemovalPreviewed
from core.wording.learners import (
    DEEDS_UNDONE,
    account_words,
    erasure_lines,
    history_words,
    learner_head,
    learner_place,
    removal_lines,
)
from core.wording.results import WAYS_TO_JOIN
from core.words import AccountState, LearnerDeed

_SEARCH_CHARACTERS: Final = 100
_NOTHING_FILLED: Final = value_of("", "")


def draw_learners(listed: LearnersListed) -> Message:
    search = listed.search[:_SEARCH_CHARACTERS]
    head = said(learner_head(listed), 250)
    hint = context("Other words may find more: “learners” alone lists everybody whom you may see.")
    nothing = (hint,) if search else ()
    rows = tuple(_row(card, is_never=listed.is_never) for card in listed.rows) or nothing
    pages = paged(Action.LEARNERS_PAGE, listed.page, listed.page_count, (search, listed.is_never))
    return Message(head, (section(f"*{head}*"), *_codes(listed), *rows, *pages, *_below(listed)))


def _codes(listed: LearnersListed) -> tuple[Block, ...]:
    if not (listed.is_never and listed.codes_url and listed.total):
        return ()
    where = f"<{listed.codes_url}|Get their access codes>: an Excel workbook, or slips to print."
    return (section(where), context("You sign in there first. Codes are never said in Slack."))


def _below(listed: LearnersListed) -> tuple[Block, ...]:
    create = button("Create a learner…", Action.LEARNER_CREATE, _NOTHING_FILLED)
    never = button("Never signed in", Action.LEARNERS_NEVER, value_of("", True, 1))
    # Who may not print codes may not create either.
    shown = [*([create] if listed.codes_url else []), *([] if listed.is_never else [never])]
    return (actions(*shown),) if shown else ()


def _row(card: LearnerCard, *, is_never: bool) -> Block:
    created = f" · created {moment(card.created_at)}" if is_never else ""
    state = f"{account_words(card.account)}{created}"
    return section(f"{_named(card)}\n{_place(card)}{state}", _show(card.learner_id))


def _show(learner_id: int) -> Block:
    return button("Show", Action.LEARNER_SHOW, str(learner_id))


def _named(card: LearnerCard) -> str:
    username = f" · `{said(card.username, 127)}`" if card.username else ""
    email = f" · {said(card.email, 120)}" if card.email else ""
    return f"*{said(card.name, 120)}*{username}{email}"


def _place(card: LearnerCard) -> str:
    place = said(learner_place(card), 200)
    return f"{place} · " if place else ""


def draw_learner(shown: LearnerShown) -> Message:
    card = shown.card
    lines = [f"{_named(card)}", f"{_place(card)}{account_words(card.account)}", f"Here since {moment(card.created_at)}"]
    if shown.addresses:
        lines.append(said(f"Also known by {', '.join(shown.addresses)}", 600))
    return Message(
        f"{said(card.name, 120)}: {account_words(card.account)}.",
        (
            section("\n".join(lines)),
            *_buttons(shown),
            *_listed("Runs", [_enrolment(each) for each in shown.enrolments], shown.enrolment_count),
            *_listed("Invitations", [_invitation(each) for each in shown.invitations], shown.invitation_count),
            *_listed(
                "What was done",
                [f"{moment(each.at)}: {said(history_words(each), 300)}" for each in shown.history],
                len(shown.history),
            ),
        ),
    )


def _buttons(shown: LearnerShown) -> tuple[Block, ...]:
    if not shown.may_manage:
        return ()
    value = str(shown.card.learner_id)
    return (
        actions(
            button("Show details…", Action.LEARNER_DETAILS, value),
            button("Edit…", Action.LEARNER_EDIT, value),
            button("Remove…", Action.LEARNER_ASK_REMOVE, value),
        ),
    )


def _listed(title: str, lines: list[str], total: int) -> tuple[Block, ...]:
    if not lines:
        return ()
    return (section(f"*{title}*\n{fitting(lines, SECTION_CHARACTERS - 100, total=total)}"),)


def _enrolment(each: EnrolmentOf) -> str:
    left = f", left {moment(each.left_at)}" if each.left_at else ""
    joined = f"joined {moment(each.enrolled_at)} {WAYS_TO_JOIN[each.joined_by]}"
    return f"{said(each.title, 100)} (`{said(each.run, 64)}`): {joined}{left}"


def _invitation(each: InvitationOf) -> str:
    state = "expired" if each.is_over else each.state.value
    return f"`{said(each.run, 64)}` · {said(each.address, 120)}: {state}, invited {moment(each.created_at)}"


# --- What is done about one -------------------------------------------------------------------------------


def draw_learner_saved(result: LearnerSaved) -> Message:
    card = result.card
    deed = "is created" if result.deed is LearnerDeed.CREATED else "is changed"
    head = f"{said(card.name, 120)} {deed}."
    lines = [f"*{head}*", f"Username `{said(card.username, 127)}`"]
    if result.deed is LearnerDeed.CREATED and card.account is AccountState.NEVER:
        lines.append("The one-time access code is on the page for those who never signed in: “learners never”.")
    if result.deed is LearnerDeed.EDITED:
        lines.append(said(f"Changed: {', '.join(result.columns)}", 400))
    return Message(head, (section("\n".join(lines), _show(card.learner_id)), *_undo(result)))


def _undo(result: LearnerSaved | LearnerRemoved) -> tuple[Block, ...]:
    undo = button("Undo", Action.LEARNER_UNDO, str(result.change_id))
    return actions(undo), context(f"Undo works until {moment(result.undo_until)}.")


def draw_removal(preview: RemovalPreviewed) -> Message:
    name = shortened(preview.card.name, 60)
    head = f"Remove {said(preview.card.name, 120)} from your organisation?"
    remove = button(
        "Remove",
        Action.LEARNER_REMOVE,
        str(preview.card.learner_id),
        style="danger",
        confirm=question(f"Remove {name}?", "You can take this back for 10 minutes.", "Remove", "Keep"),
    )
    lines = said_all(removal_lines(preview))
    return Message(head, (section(f"*{head}*\n{_named(preview.card)}\n{lines}"), actions(remove)))


def said_all(lines: tuple[str, ...]) -> str:
    return "\n".join(said(line, 600) for line in lines)


def draw_learner_removed(result: LearnerRemoved) -> Message:
    head = f"{said(result.card.name, 120)} is removed from your organisation."
    return Message(head, (section(f"*{head}*\n{said_all(removal_lines(result))}"), *_undo(result)))


def draw_data_page(shown: DataPageShown) -> Message:
    head = f"Everything that is kept about {said(shown.name, 120)} is on a page for you."
    where = f"*{head}*\n<{shown.url}|Open the page>: it asks you to sign in, and has the export as a file."
    return Message(head, (section(where), context("The export is never sent in Slack.")))


def draw_erasure(shown: ErasurePreviewed) -> Message:
    goes, stays = erasure_lines(shown)
    head = f"Erasing {said(shown.name, 120)} cannot be taken back. Nothing is erased yet."
    where = f"<{shown.url}|Open the page to erase>: it asks you to sign in, and for the learner's whole name."
    return Message(
        head,
        (
            section(f"*{head}*"),
            section(f"*What goes*\n{said_all(goes)}"),
            section(f"*What stays*\n{said_all(stays)}"),
            section(where),
            context("Slack cannot confirm this: it takes a second channel."),
        ),
    )


def draw_learner_change_undone(result: LearnerChangeUndone) -> Message:
    text = said(DEEDS_UNDONE[result.deed].format(name=result.name), 300)
    return Message(text, (section(text, _show(result.learner_id) if result.learner_id else None),))


def draw_compose_learner(compose: ComposeLearner) -> Message:
    """Where no form can be opened at once: a button that opens it."""
    text = "One learner is filled in a form."
    value = value_of(compose.first_name, compose.last_name)
    return Message(text, (section(text), actions(button("Create a learner…", Action.LEARNER_CREATE, value))))
