"""The Slack door as a Bolt app: no module global, nothing started. ``usher`` mounts it."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import errors
from bot.authorize import Authorizer
from bot.background import Background
from bot.deps import Deps
from bot.handlers import (
    batches,
    commands,
    costs,
    dropped_files,
    follow_ups,
    gathering,
    held_mail,
    history,
    home,
    import_invitations,
    imports,
    invitation_changes,
    invitations,
    learner_forms,
    learners,
    lifecycle,
    link_requests,
    mail_questions,
    messages,
    progress,
    runs,
    schedules,
    sealing,
    shared_links,
    staff,
)
from bot.identity import Identities
from bot.matching import remember
from bot.once import Once
from bot.shared_channels import SharedChannels
from bot.verification import Verification
from core.app import App
from core.settings import Settings

_HANDLERS = (
    commands,
    batches,
    invitations,
    invitation_changes,
    gathering,
    dropped_files,
    imports,
    import_invitations,
    schedules,
    runs,
    costs,
    progress,
    shared_links,
    link_requests,
    held_mail,
    mail_questions,
    learners,
    follow_ups,
    learner_forms,
    staff,
    messages,
    history,
    home,
    lifecycle,
)


def build_app(
    settings: Settings,
    app: App,
    client: AsyncWebClient,
    authorizer: Authorizer,
    *,
    background: Background | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncApp:
    """``client`` has Slack's address and the session; no token, for each workspace has its own."""

    # Over Socket Mode nothing is signed; should anything come by HTTP all the same, it is refused.
    signing_secret = settings.slack_signing_secret or os.urandom(32).hex()

    # A plain function, because Bolt would give a bound method its self twice.
    async def authorize(context: AsyncBoltContext) -> AuthorizeResult | None:
        return await authorizer.authorize(context)

    bolt = AsyncApp(
        # Else Bolt reads through the source of every loaded module for the name of its caller: 80 ms.
        name="usher",
        signing_secret=signing_secret,
        client=client,
        authorize=authorize,  # type: ignore[arg-type] # None is allowed, as Bolt's own middleware shows.
        # The answer leaves when the listener is done: what it says is committed, and an exception is a 500,
        # upon which Slack tells an event again.
        process_before_response=True,
        # Ours stands in its place, before anything is looked up.
        request_verification_enabled=False,
        before_authorize=Verification(signing_secret, app.clock),
        user_facing_authorize_error_message="Usher is not set up in this workspace.",
    )
    deps = Deps(app, Identities(app), authorizer, background or Background(), Once(), SharedChannels(app.clock), pause)
    sealing.register(bolt, deps)
    for handler in _HANDLERS:
        handler.register(bolt, deps)
    remember(bolt)
    errors.register(bolt, deps)
    return bolt
