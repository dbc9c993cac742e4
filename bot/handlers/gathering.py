"""Addresses that come without a run: files and text in a direct message, somebody's message in a channel.

What follows is the run and the usual preview. Of a message in a channel nothing is said there: a form opens, or the
answer is a direct message.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond

from bot import answers, patience
from bot.blocks import Message, draw
from bot.blocks.controls import Action
from bot.blocks.gathering import draft_of, too_many_view
from bot.blocks.views import BOX_CHARACTERS
from bot.deps import Deps
from bot.files import Fetched, list_in
from bot.handlers.forms import open_form, open_view
from bot.handlers.invitations import run_options
from bot.manifest import Shortcut
from bot.texts import written
from core.app import WORK_DEADLINE
from core.errors import InvalidRequest, NoAddresses
from core.requests import ComposeInvitation, read_request
from core.rules.addresses import mentioned_addresses
from core.rules.moments import split_moment
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.invitations.gathering import ChooseRun, GatherAddresses, choose_run, gather_addresses


def register(bolt: AsyncApp, deps: Deps) -> None:
    async def suggest_run_for_gathered(ack: AsyncAck, payload: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        await ack(options=await run_options(deps, staff, payload.get("value") or ""))

    async def choose_run_for_gathered(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        command = ChooseRun(draft_of(action["block_id"]), action["selected_option"]["value"])
        await answers.replace(respond, draw(await deps.run(choose_run, command, staff)))
        await ack()

    async def invite_from_message(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        addresses = mentioned_addresses(_words_of(body["message"]))
        if not addresses:
            raise NoAddresses
        if len(addresses) <= BOX_CHARACTERS:
            await open_form(context.client, body["trigger_id"], ComposeInvitation("", addresses))
        else:
            gathered = await deps.run(gather_addresses, GatherAddresses(addresses), staff)
            await open_view(context.client, body["trigger_id"], too_many_view(gathered))
            await patience.answer(deps, context, draw(gathered))
        await ack()

    bolt.message_shortcut(Shortcut.INVITE_THESE.value)(invite_from_message)
    bolt.options(Action.CHOOSE_RUN.value)(suggest_run_for_gathered)
    bolt.action(Action.CHOOSE_RUN.value)(choose_run_for_gathered)


def _words_of(message: dict[str, Any]) -> str:
    """Everything in it that somebody wrote, or that another app shows."""
    attached = [each.get(key) or "" for each in message.get("attachments") or () for key in ("text", "fallback")]
    return written("\n".join([message.get("text") or "", *attached]))


async def answer_text(deps: Deps, context: AsyncBoltContext, text: str, key: str) -> Message | None:
    """None when there is no address in it."""
    addresses = mentioned_addresses(text)
    return await _answer(deps, context, PrepareInvitation("", addresses), key) if addresses else None


def names_run(comment: str) -> bool:
    """“invite RUN” in it: then every file is a list of addresses."""
    return bool(_wanted(comment).run)


async def answer_addresses(
    deps: Deps, context: AsyncBoltContext, text: str, files: Sequence[Fetched], key: str
) -> Message:
    """``text`` is the comment; "invite RUN" in it chooses the run. Raises NotReadable for the first such file."""
    contents = [await list_in(file) for file in files]
    wanted = _wanted(text)
    addresses = "\n".join(filter(str.strip, (wanted.addresses, *(each.text for each in contents))))
    wanted = replace(wanted, addresses=addresses, time_zone=await deps.people.time_zone(context))
    return await _answer(deps, context, wanted, key)


def _wanted(comment: str) -> PrepareInvitation:
    try:
        request = read_request(comment)
    except InvalidRequest:
        return PrepareInvitation("", mentioned_addresses(comment))
    if isinstance(request, ComposeInvitation):
        addresses, when = split_moment(request.addresses)
        return PrepareInvitation(request.run, addresses, when=when)
    command = getattr(request, "command", None)
    return command if isinstance(command, PrepareInvitation) else PrepareInvitation("", "")


async def _answer(deps: Deps, context: AsyncBoltContext, wanted: PrepareInvitation, key: str) -> Message:
    staff = await deps.people.asker(context)
    if wanted.run:
        return draw(await deps.run(prepare_invitation, wanted, staff, key=key, deadline=WORK_DEADLINE))
    command = GatherAddresses(wanted.addresses)
    return draw(await deps.run(gather_addresses, command, staff, key=key, deadline=WORK_DEADLINE))
