"""Shared links: leafing through the list, one of them, what its buttons do, its settings, its QR code."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import aiohttp
from msgspec.structs import replace
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import answers, patience
from bot.blocks import Message, draw
from bot.blocks.controls import Action, Field, Form
from bot.blocks.parts import section
from bot.blocks.shared_links import saved_view, settings_view
from bot.deps import Deps
from bot.handlers.forms import entered, open_view
from bot.handlers.presses import Presses, by_id, by_parts
from bot.pacing import SlackTooBusy
from bot.pictures import qr_code
from core.context import Actor
from core.usecases.links.lists import ListSharedLinks, list_shared_links
from core.usecases.links.settings import ChangeSharedLink, change_shared_link
from core.usecases.links.shared_links import (
    ExtendSharedLink,
    PauseSharedLink,
    RestoreSharedLink,
    ResumeSharedLink,
    RevokeSharedLink,
    SharedLinkChanged,
    ShowSharedLink,
    extend_shared_link,
    pause_shared_link,
    restore_shared_link,
    resume_shared_link,
    revoke_shared_link,
    show_shared_link,
)
from core.usecases.links.showing import SharedLinkShown

_CHANGES: Final[dict[str, tuple[Callable[..., SharedLinkChanged], Callable[[int], object]]]] = {
    "pause": (pause_shared_link, PauseSharedLink),
    "resume": (resume_shared_link, ResumeSharedLink),
    "revoke": (revoke_shared_link, RevokeSharedLink),
    "restore": (restore_shared_link, RestoreSharedLink),
    "extend": (extend_shared_link, ExtendSharedLink),
}
_UPLOAD_SECONDS: Final = 30
_log = logging.getLogger("usher.bot")


def register(bolt: AsyncApp, deps: Deps) -> None:
    _register_list(bolt, deps)
    _register_changes(bolt, deps)
    _register_settings(bolt, deps)
    _register_picture(bolt, deps)


async def shown_after(deps: Deps, actor: Actor, changed: SharedLinkChanged) -> SharedLinkShown:
    """The link with its address, which no stored answer holds."""
    shown = await deps.read(show_shared_link, ShowSharedLink(changed.link_id), actor)
    return replace(shown, event=changed.event)


def _register_list(bolt: AsyncApp, deps: Deps) -> None:
    press = Presses(bolt, deps)
    press.reads(Action.LINKS_PAGE, list_shared_links, by_parts(ListSharedLinks), answers.replace)
    press.reads(Action.LINK_SHOW, show_shared_link, by_id(ShowSharedLink), answers.add)


def _register_changes(bolt: AsyncApp, deps: Deps) -> None:
    async def change_link(
        ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext, respond: AsyncRespond
    ) -> None:
        staff = await deps.people.asker(context)
        usecase, command = _CHANGES[action["action_id"].partition(":")[2]]
        changed = await deps.run(usecase, command(int(action["value"])), staff)
        await answers.add(respond, draw(await shown_after(deps, staff, changed)))
        await ack()

    bolt.action(Action.LINK_CHANGE.pattern)(change_link)


def _register_settings(bolt: AsyncApp, deps: Deps) -> None:
    async def open_link_settings(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        staff = await deps.people.asker(context)
        shown = await deps.read(show_shared_link, ShowSharedLink(int(action["value"])), staff)
        await open_view(context.client, body["trigger_id"], settings_view(shown))
        await ack()

    async def save_link_settings(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        changed = await deps.run(change_shared_link, _settings_in(view), staff)
        await ack(response_action="update", view=saved_view(await shown_after(deps, staff, changed)))

    bolt.action(Action.LINK_SETTINGS.pattern)(open_link_settings)
    bolt.view(Form.LINK_SETTINGS.value)(save_link_settings)


def _settings_in(view: dict[str, Any]) -> ChangeSharedLink:
    return ChangeSharedLink(
        int(view["private_metadata"]),
        cap=entered(view, Field.CAP).get("value") or "",
        domains=entered(view, Field.DOMAINS).get("value") or "",
        confirms_address=bool(entered(view, Field.CONFIRM).get("selected_options")),
    )


def _register_picture(bolt: AsyncApp, deps: Deps) -> None:
    async def send_link_picture(ack: AsyncAck, action: dict[str, Any], context: AsyncBoltContext) -> None:
        staff = await deps.people.asker(context)
        shown = await deps.read(show_shared_link, ShowSharedLink(int(action["value"])), staff)
        deps.background.start(_send_picture(deps, context.client, context.user_id or "", shown))
        await ack()

    bolt.action(Action.LINK_PICTURE.pattern)(send_link_picture)


async def _send_picture(deps: Deps, client: AsyncWebClient, user_id: str, shown: SharedLinkShown) -> None:
    try:
        await patience.patiently(deps, partial(_upload_picture, client, user_id, shown))
    except (SlackApiError, SlackTooBusy, aiohttp.ClientError, TimeoutError) as error:
        _log.warning("a picture did not reach Slack", extra={"reason": type(error).__name__})
        await patience.write(deps, client, user_id, _no_picture())


async def _upload_picture(client: AsyncWebClient, user_id: str, shown: SharedLinkShown) -> None:
    """As a file in the direct messages: the link in it is for the asker to give out."""
    async with asyncio.timeout(_UPLOAD_SECONDS):
        channel = (await client.conversations_open(users=user_id))["channel"]["id"]
        await client.files_upload_v2(
            channel=channel,
            content=qr_code(shown.url),
            filename=f"{shown.code}.png",
            title=f"QR code: {shown.title}",
            alt_txt="QR code of the shared link",
            initial_comment="Anybody who scans this can join.",
        )


def _no_picture() -> Message:
    text = "Slack did not take the picture of the QR code."
    more = "Perhaps apps may not upload files here. The link itself works; any program makes a QR code of it."
    return Message(text, (section(f"*{text}*\n{more}"),))
