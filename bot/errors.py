"""One answer for everything that goes wrong, where the person is looking.

command             the answer itself, ephemeral
form                under the field it belongs to, else in place of the form
button, menu        ephemeral beside the message; from the home tab a direct message
suggestions         no options
home tab            in the tab: nobody gets a message for having looked
event               a direct message. What the database or we are to blame for stays an error, so that Slack
                    tells the event again; with the last repeat the person hears of it
"""

import logging
from typing import Any, ClassVar, Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot import answers, homes, patience
from bot.blocks import Message
from bot.blocks.errors import draw_error, draw_unexpected, error_line
from bot.blocks.views import message_view
from bot.deps import Deps
from core.errors import InvalidRequest, Unavailable, UsherError

_LAST_RETRY: Final = 3
_log = logging.getLogger("usher.bot")


class AddressesMissing(InvalidRequest):
    code: ClassVar[str] = "addresses_missing"
    wording: ClassVar[str] = "Please give the addresses, in the box or as a file."
    field: ClassVar[str | None] = "file"


class AddressesTwice(InvalidRequest):
    code: ClassVar[str] = "addresses_twice"
    wording: ClassVar[str] = "There are addresses in the box and a file as well."
    advice: ClassVar[str] = "Please keep one of the two."
    field: ClassVar[str | None] = "file"


class NothingChosen(InvalidRequest):
    code: ClassVar[str] = "nothing_chosen"
    wording: ClassVar[str] = "Please tick at least one, and say what to do."
    advice: ClassVar[str] = "Or close the form: nothing has changed."
    field: ClassVar[str | None] = "chosen"


class FormTooLate(Unavailable):
    code: ClassVar[str] = "form_too_late"
    wording: ClassVar[str] = "Slack did not let me open the form in time."
    advice: ClassVar[str] = "Please try again."


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def answer_error(
        error: Exception, request: AsyncBoltRequest, body: dict[str, Any], context: AsyncBoltContext
    ) -> BoltResponse | None:
        message = draw_error(error) if isinstance(error, UsherError) else _unexpected(deps, error, body)
        if "event" in body:
            return await _answer_event(deps, error, message, request, context)
        return await _answer(deps, error, message, body, context)

    bolt.error(answer_error)


def _unexpected(deps: Deps, error: Exception, body: dict[str, Any]) -> Message:
    """The log has the number, the kind of request and where it broke; not what was in the request."""
    reference = deps.app.tokens.reference()
    kind = "command" if "command" in body else str(body.get("event", body).get("type"))
    _log.error("unexpected error", exc_info=error, extra={"reference": reference, "kind": kind})
    return draw_unexpected(reference)


async def _answer(
    deps: Deps, error: Exception, message: Message, body: dict[str, Any], context: AsyncBoltContext
) -> BoltResponse:
    kind = body.get("type")
    if "command" in body:
        return BoltResponse(status=200, body=_sealed(context, answers.ephemeral(message)))
    if kind == "view_submission":
        return BoltResponse(status=200, body=_sealed(context, _in_form(error, message, body["view"])))
    if kind == "block_suggestion":
        return BoltResponse(status=200, body={"options": []})
    if context.response_url and context.respond is not None:
        await answers.add(context.respond, message)
    else:
        await patience.answer(deps, context, message)
    return BoltResponse(status=200, body="")


def _sealed(context: AsyncBoltContext, body: dict[str, Any]) -> dict[str, Any]:
    """Whatever went wrong before the values could be sealed has no buttons."""
    seal = context.get("seal")
    sealed: dict[str, Any] = seal(body) if seal else body
    return sealed


def _in_form(error: Exception, message: Message, view: dict[str, Any]) -> dict[str, Any]:
    inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    if isinstance(error, UsherError) and inputs:
        field = error.field if error.field in inputs else inputs[0]
        return {"response_action": "errors", "errors": {field: error_line(error)}}
    return {"response_action": "update", "view": message_view(message)}


async def _answer_event(
    deps: Deps, error: Exception, message: Message, request: AsyncBoltRequest, context: AsyncBoltContext
) -> BoltResponse | None:
    is_ours = not isinstance(error, UsherError) or isinstance(error, Unavailable)
    told = int(request.headers.get("x-slack-retry-num", ["0"])[0] or 0)
    if is_ours and told < _LAST_RETRY:
        return None
    event = request.body["event"]
    if event.get("type") == "app_home_opened":
        await homes.put_up(deps, context, event, message)
    elif context.user_id:
        await patience.answer(deps, context, message)
    return BoltResponse(status=200, body="")
