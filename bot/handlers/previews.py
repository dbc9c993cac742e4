"""A preview of a file's addresses: fetched after the answer, shown where the form stands, else in a direct message."""

import logging
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import patience
from bot.blocks import Block, Message, draw
from bot.blocks.errors import draw_error, draw_unexpected
from bot.blocks.views import message_view, preview_view
from bot.deps import Deps
from bot.files import read_file
from bot.refusals import word_of
from core.app import WORK_DEADLINE
from core.context import Actor
from core.errors import UsherError
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation

# Our update may overtake the answer that shows the form: then the form is not found yet.
_PAUSES: Final = (0.3, 0.7, 1.5)
_log = logging.getLogger("usher.bot")


class FileOrder(Struct, frozen=True):
    """What was filled in. ``external_id`` names the form that waits for the preview."""

    run: str
    note: str
    file: dict[str, Any]
    user_id: str
    external_id: str
    chosen: datetime | None = None
    """When the invitations are to go out; the person's own zone stands in the form's value already."""


async def show_preview_of_file(deps: Deps, client: AsyncWebClient, staff: Actor, order: FileOrder) -> None:
    view, message = await _preview(deps, client, staff, order)
    for pause in _PAUSES:
        try:
            await client.views_update(external_id=order.external_id, view=view)
        except SlackApiError as error:
            reason = word_of(error)
            if reason != "not_found":
                _log.warning("a preview did not reach its form", extra={"reason": reason})
                break
            await deps.pause(pause)
        else:
            return
    # Closed meanwhile, which is fine: nobody should have to wait before a form.
    await patience.write(deps, client, order.user_id, message)


async def _preview(deps: Deps, client: AsyncWebClient, staff: Actor, order: FileOrder) -> tuple[Block, Message]:
    """For the form and for a direct message. Whatever went wrong is said in the preview's place."""
    try:
        content = await read_file(client, order.file)
        command = PrepareInvitation(order.run, content.text, order.note, chosen=order.chosen)
        preview = await deps.run(prepare_invitation, command, staff, deadline=WORK_DEADLINE)
    except UsherError as error:
        message = draw_error(error)
    except Exception as error:
        reference = deps.app.tokens.reference()
        _log.error("no preview of a file", exc_info=error, extra={"reference": reference})
        message = draw_unexpected(reference)
    else:
        return preview_view(preview), draw(preview)
    return message_view(message), message
