"""Opening a form, where it is worth filling: the one call to Slack that cannot wait until after the answer."""

import asyncio
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import Block
from bot.blocks.controls import Field
from bot.blocks.learner_forms import new_learner_view
from bot.blocks.staff import staff_invitation_view
from bot.blocks.views import compose_view
from bot.deps import Deps
from bot.errors import FormTooLate
from bot.refusals import word_of
from core.context import Actor
from core.requests import ComposeInvitation, ComposeLearner, ComposeStaffInvitation, Form
from core.usecases.learners.lists import ListManagedProviders, list_managed_providers
from core.usecases.staff.colleagues import ListProviders, list_providers

_SECONDS: Final = 2.0
_TOO_LATE: Final = frozenset({"expired_trigger_id", "exchanged_trigger_id"})


async def require_worth_filling(deps: Deps, staff: Actor, form: Form) -> None:
    """A form that would be refused in the end is not opened. Raises NotAllowed."""
    if isinstance(form, ComposeStaffInvitation):
        await deps.read(list_providers, ListProviders(rows=1), staff)
    if isinstance(form, ComposeLearner):
        await deps.read(list_managed_providers, ListManagedProviders(rows=1), staff)


async def open_form(client: AsyncWebClient, trigger_id: str, filled: Form) -> None:
    """Raises FormTooLate, SlackTooBusy."""
    if isinstance(filled, ComposeInvitation):
        await open_view(client, trigger_id, compose_view(filled.run, filled.addresses))
    elif isinstance(filled, ComposeLearner):
        await open_view(client, trigger_id, new_learner_view(filled))
    else:
        await open_view(client, trigger_id, staff_invitation_view(filled))


async def open_view(client: AsyncWebClient, trigger_id: str, view: Block) -> None:
    """Raises FormTooLate, SlackTooBusy."""
    try:
        async with asyncio.timeout(_SECONDS):
            await client.views_open(trigger_id=trigger_id, view=view)
    except SlackApiError as error:
        if word_of(error) in _TOO_LATE:
            raise FormTooLate from error
        raise
    except (TimeoutError, aiohttp.ClientError) as error:
        raise FormTooLate from error


def entered(view: dict[str, Any], field: Field) -> dict[str, Any]:
    """The state of one input, as Slack describes it."""
    state: dict[str, Any] = view["state"]["values"].get(field, {}).get(field, {})
    return state
