"""A destructive button that is too old does nothing; in its place stands what is true now, with fresh buttons."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from slack_bolt.context.async_context import AsyncBoltContext

from bot import answers, patience
from bot.blocks import Message, draw
from bot.blocks.controls import Action, expiring
from bot.blocks.parts import parts_of, section
from bot.deps import Deps
from bot.handlers.invitation_changes import list_shown
from bot.sealing import ButtonsTooOld
from core.context import Actor
from core.usecases.imports.imports import ShowImport, show_import
from core.usecases.imports.undoing import PreviewUndo, preview_undo
from core.usecases.invitations.lists import ListInvitations, list_invitations
from core.usecases.invitations.schedules import ListScheduled, list_scheduled
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.learners.cards import ShowLearner, show_learner
from core.usecases.links.shared_links import ShowSharedLink, show_shared_link
from core.usecases.staff.colleagues import ShowColleague, show_colleague

Afresh = Callable[[Deps, Actor, str], Awaitable[object]]


async def answer_outdated(deps: Deps, context: AsyncBoltContext, error: ButtonsTooOld) -> None:
    """Raises the error itself where there is nothing to show afresh."""
    staff = await deps.people.asker(context)
    entry = expiring(error.action_id)
    if entry not in AFRESH:
        raise error
    message = _said_before(error, draw(await AFRESH[entry](deps, staff, error.value)))
    if not context.response_url or context.respond is None:
        await patience.answer(deps, context, message)
    elif entry == Action.SCOREBOARD_UNDO:
        # The scoreboard itself stays; it is drawn anew by itself.
        await answers.add(context.respond, message)
    else:
        await answers.replace(context.respond, message)


def _said_before(error: ButtonsTooOld, shown: Message) -> Message:
    text = f"{error.message} Here is what is true now."
    return Message(text, (section(f"*{error.message}*\nHere is what is true now."), *shown.blocks))


async def _list_shown(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(list_invitations, list_shown(value), staff)


async def _list_of_run(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(list_invitations, ListInvitations(value.split(":", 2)[2]), staff)


async def _list_of_address(deps: Deps, staff: Actor, value: str) -> object:
    run, address = parts_of(value)
    return await deps.read(list_invitations, ListInvitations(run, search=address), staff)


async def _batch(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(show_batch, ShowBatch(confirmation_id=int(value)), staff)


async def _link(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(show_shared_link, ShowSharedLink(int(value)), staff)


async def _scheduled(deps: Deps, staff: Actor, _value: str) -> object:
    return await deps.read(list_scheduled, ListScheduled(), staff)


async def _colleague(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(show_colleague, ShowColleague(int(value)), staff)


async def _import(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(show_import, ShowImport(int(value)), staff)


async def _undo_of_import(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(preview_undo, PreviewUndo(int(value)), staff)


async def _learner(deps: Deps, staff: Actor, value: str) -> object:
    return await deps.read(show_learner, ShowLearner(int(value)), staff)


AFRESH: Final[Mapping[str | None, Afresh]] = MappingProxyType(
    {
        Action.UNDO: _batch,
        Action.SCOREBOARD_UNDO: _batch,
        Action.INVITATION_CHANGE: _list_of_run,
        Action.RESEND_ALL: _list_shown,
        Action.CANCEL_ALL: _list_shown,
        Action.REINVITE_ANYWAY: _list_of_address,
        Action.SCHEDULES_CANCEL: _scheduled,
        Action.SCHEDULES_SEND: _scheduled,
        f"{Action.LINK_CHANGE}:revoke": _link,
        Action.LEARNER_REMOVE: _learner,
        Action.STAFF_DISABLE: _colleague,
        Action.IMPORT_RELEASE: _import,
        Action.IMPORT_UNDO_CONFIRM: _undo_of_import,
    }
)
