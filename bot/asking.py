"""From the words that somebody wrote to a result: parse, establish who asks, one use case."""

from msgspec.structs import replace
from slack_bolt.context.async_context import AsyncBoltContext

from bot.authorize import place_of
from bot.blocks import Message, draw
from bot.blocks.invitations import draw_reinvite_question
from bot.deps import Deps
from bot.handlers.forms import require_worth_filling
from bot.handlers.progress import shown_confirmed
from bot.handlers.shared_links import shown_after
from bot.identity import WorkspaceNotBound
from core.context import SlackVisitor
from core.errors import CodeWrong, NeedsConfirmation, NotStaff
from core.requests import (
    Asker,
    Form,
    Help,
    Mode,
    Request,
    mode_of,
    read_request,
    usecase_of,
)
from core.usecases.imports.applying import ReleaseImport
from core.usecases.imports.invitations import PrepareImportInvitation
from core.usecases.imports.orders import OrderWork, order_work
from core.usecases.imports.undoing import PreviewUndo, UndoImport, preview_undo
from core.usecases.invitations.batches import PrepareInvitation
from core.usecases.invitations.single import ReinviteLearner
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.progress.confirming import ReportConfirmed
from core.usecases.staff.slack_identity import ConfirmCode, CountWrongCode, count_wrong_code
from core.words import ImportWork


async def ask(deps: Deps, context: AsyncBoltContext, text: str, *, key: str | None = None) -> Message | Form:
    """``key`` makes a write take effect once. Raises UsherError."""
    await deps.people.asker(context, Asker.VISITOR)
    wanted = read_request(text)
    if isinstance(wanted, Help):
        return draw(wanted)
    if isinstance(wanted, Form):
        await require_worth_filling(deps, await deps.people.asker(context), wanted)
        return wanted
    return await _answer(deps, context, wanted, key)


async def _answer(deps: Deps, context: AsyncBoltContext, request: Request, key: str | None) -> Message:
    try:
        return draw(await _perform(deps, context, request, key))
    except NeedsConfirmation as error:
        if isinstance(request.command, ReinviteLearner):
            return draw_reinvite_question(error, request.command)
        raise


async def _perform(deps: Deps, context: AsyncBoltContext, request: Request, key: str | None) -> object:
    actor = await deps.people.asker(context, request.verb.asker)
    if isinstance(actor, SlackVisitor):
        return await _introduce(deps, context, request, actor, key)
    if isinstance(request.command, UndoImport):
        # Shown before it is done: what it would take back stands nowhere else.
        return await deps.read(preview_undo, PreviewUndo(request.command.number), actor)
    if isinstance(request.command, ReleaseImport):
        release = OrderWork(request.command.number, ImportWork.RELEASE)
        return await deps.run(order_work, release, actor, key=key)
    command = await _in_own_time(deps, context, request.command)
    if mode_of(request) is Mode.READ:
        return await deps.read(usecase_of(request), command, actor)
    result = await deps.run(usecase_of(request), command, actor, key=key)
    if isinstance(result, ReportConfirmed):
        return await shown_confirmed(deps, actor, result)
    return await shown_after(deps, actor, result) if isinstance(result, SharedLinkChanged) else result


async def _in_own_time(deps: Deps, context: AsyncBoltContext, command: object) -> object:
    """“At 09:00” is meant by the asker's own clock."""
    if isinstance(command, PrepareInvitation | PrepareImportInvitation) and command.when:
        return replace(command, time_zone=await deps.people.time_zone(context))
    return command


async def _introduce(
    deps: Deps, context: AsyncBoltContext, request: Request, visitor: SlackVisitor, key: str | None
) -> object:
    """Afterwards the asker may be somebody else than the cache believes."""
    try:
        return await deps.run(usecase_of(request), request.command, visitor, key=key)
    except CodeWrong:
        await _count_wrong_code(deps, request, visitor)
        raise
    except NotStaff as error:
        # The person is in order, as asker() found; what is missing is the organisation of the workspace.
        raise WorkspaceNotBound from error
    finally:
        place = place_of(context)
        deps.people.forget(place, visitor.user_id)
        deps.authorizer.forget(place)


async def _count_wrong_code(deps: Deps, request: Request, visitor: SlackVisitor) -> None:
    """A refusal leaves nothing behind, so the try is counted by itself."""
    if isinstance(request.command, ConfirmCode):
        await deps.run(count_wrong_code, CountWrongCode(), visitor)
