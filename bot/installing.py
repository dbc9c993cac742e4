"""Installing the app over OAuth v2: Slack's consent page, and its code changed for a token. The pages are the web's."""

import asyncio
import logging
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urljoin

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize import Authorizer, Place
from bot.manifest import OAUTH_REDIRECT, SCOPES
from bot.refusals import word_of
from core.app import App
from core.context import LinkHolder
from core.errors import Busy, Unavailable
from core.usecases.staff.installations import (
    BeginInstallation,
    CheckInstallation,
    InstallApp,
    begin_installation,
    check_installation,
    install_app,
)

_SLACK_SECONDS: Final = 10.0
_HOLDER: Final = LinkHolder()
_log = logging.getLogger("usher.bot")


class InstallationRefused(Unavailable):
    code: ClassVar[str] = "installation_refused"
    wording: ClassVar[str] = "Slack did not confirm the installation, so nothing was installed."
    advice: ClassVar[str] = "Please start again. If it stays so, tell the people who run Usher: “usher doctor” helps."


class Installer:
    """``client`` has Slack's address and the session."""

    def __init__(self, app: App, client: AsyncWebClient, authorizer: Authorizer) -> None:
        self._app = app
        self._client = client
        self._authorizer = authorizer
        self._redirect_uri = f"{app.settings.base_url}{OAUTH_REDIRECT}"

    async def set_out(self) -> tuple[str, str]:
        """A state, to be kept by this browser, and the address of Slack's consent page."""
        begun = await asyncio.to_thread(self._app.read, begin_installation, BeginInstallation(), _HOLDER)
        asked = {
            "client_id": self._app.settings.slack_client_id,
            "scope": ",".join(SCOPES),
            "redirect_uri": self._redirect_uri,
            "state": begun.state,
        }
        page = urljoin(self._app.settings.slack_api_url, "/oauth/v2/authorize")
        return begun.state, f"{page}?{urlencode(asked)}"

    async def finish(self, code: str, state: str) -> str:
        """The workspace's name. Raises InstallationExpired, InstallationRepeated, InstallationRefused, Busy."""
        # First, for Slack's code counts once: it is not spent on a state that is refused afterwards.
        await asyncio.to_thread(self._app.read, check_installation, CheckInstallation(state), _HOLDER)
        command = _granted(state, await self._exchange(code))
        installed = await asyncio.to_thread(self._app.run, install_app, command, _HOLDER)
        self._authorizer.forget(Place(command.enterprise_id, command.team_id))
        return installed.team_name

    async def _exchange(self, code: str) -> dict[str, Any]:
        settings = self._app.settings
        try:
            async with asyncio.timeout(_SLACK_SECONDS):
                # Not the client's own method: it signs in with a class that aiohttp is about to drop.
                answer = await self._client.api_call(
                    "oauth.v2.access",
                    data={
                        "client_id": settings.slack_client_id,
                        "client_secret": settings.slack_client_secret,
                        "code": code,
                        "redirect_uri": self._redirect_uri,
                    },
                )
        except SlackApiError as error:
            _log.warning("Slack refused a code", extra={"reason": word_of(error)[:100]})
            raise InstallationRefused from error
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Busy from error
        granted: dict[str, Any] = dict(answer.data) if isinstance(answer.data, dict) else {}
        return granted


def _granted(state: str, answer: dict[str, Any]) -> InstallApp:
    """Raises InstallationRefused for an answer that names no workspace or has no token for a bot."""
    enterprise, team = answer.get("enterprise") or {}, answer.get("team") or {}
    is_for_all = bool(answer.get("is_enterprise_install"))
    place = (enterprise.get("id") or "", "" if is_for_all else team.get("id") or "")
    if place == ("", "") or not answer.get("access_token"):
        raise InstallationRefused
    return InstallApp(
        state=state,
        enterprise_id=place[0],
        team_id=place[1],
        team_name=str((enterprise if is_for_all else team).get("name") or ""),
        bot_token=str(answer["access_token"]),
        bot_user_id=str(answer.get("bot_user_id") or ""),
        app_id=str(answer.get("app_id") or ""),
        scopes=str(answer.get("scope") or ""),
        installed_by=str((answer.get("authed_user") or {}).get("id") or ""),
    )
