"""Who is asking: Slack's word on the account, then our own table on the staff member.

``asker`` is the one function that every listener calls. There is no middleware for it on purpose: what runs for some
listeners only is what gets forgotten.

1. Guests, strangers, bots, deactivated people and people of other workspaces get one answer, NotStaff.
2. The cache says who somebody is, never what they may do: the core reads roles and grants anew each time.
"""

import asyncio
from datetime import timedelta
from typing import Any, ClassVar, Final

import aiohttp
from msgspec import Struct
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize import Place, place_of
from bot.caches import TimedCache
from bot.refusals import word_of
from core.app import App
from core.context import SlackVisitor, StaffActor
from core.errors import Busy, NotAllowed, NotStaff
from core.requests import Asker
from core.usecases.staff.slack_identity import WhoIs, who_is

_ACCOUNT_LIFE: Final = timedelta(minutes=10)
_STAFF_LIFE: Final = timedelta(seconds=60)
_MOST: Final = 10_000
_SLACK_SECONDS: Final = 1.5
_BARRED: Final = ("is_bot", "deleted", "is_restricted", "is_ultra_restricted", "is_stranger")
_UNKNOWN_PERSON: Final = frozenset({"user_not_found", "user_not_visible", "users_not_found"})

_Person = tuple[Place, str]


class _Account(Struct, frozen=True):
    """``time_zone`` as Slack names it; empty where it names none."""

    email: str
    time_zone: str


class WorkspaceNotBound(NotAllowed):
    code: ClassVar[str] = "workspace_not_bound"
    wording: ClassVar[str] = "This workspace is not connected to an organisation yet, so I did nothing."
    advice: ClassVar[str] = "Your operator has a set-up code for it: write “/usher setup” and the code."


class Identities:
    def __init__(self, app: App) -> None:
        self._app = app
        self._accounts: TimedCache[_Person, _Account] = TimedCache(app.clock, _ACCOUNT_LIFE, _MOST)
        self._staff: TimedCache[_Person, StaffActor] = TimedCache(app.clock, _STAFF_LIFE, _MOST)

    async def asker(self, context: AsyncBoltContext, asker: Asker = Asker.STAFF) -> StaffActor | SlackVisitor:
        """Raises NotStaff, WorkspaceNotBound, or Busy when Slack does not say who it is."""
        place, user_id = place_of(context), context.user_id or ""
        account = await self._colleague(context.client, place, user_id)
        visitor = SlackVisitor(place.enterprise_id, place.team_id, user_id, account.email)
        return visitor if asker is Asker.VISITOR else await self._staff_member(visitor)

    async def time_zone(self, context: AsyncBoltContext) -> str:
        """The one in the asker's own profile, in which “09:00” is meant; kept as long as the rest of the account."""
        return (await self._colleague(context.client, place_of(context), context.user_id or "")).time_zone

    def forget(self, place: Place, user_id: str | None = None) -> None:
        """One person, or everybody of a workspace."""

        def is_stale(person: _Person) -> bool:
            return person[0] == place and user_id in (None, person[1])

        self._accounts.drop(is_stale)
        self._staff.drop(is_stale)

    async def _colleague(self, client: AsyncWebClient, place: Place, user_id: str) -> _Account:
        known = self._accounts.get((place, user_id))
        if known is None:
            account = await _account(client, user_id)
            email = account.get("profile", {}).get("email") or ""
            if not email or not is_colleague(account, place):
                raise NotStaff
            known = _Account(email, str(account.get("tz") or ""))
            self._accounts.put((place, user_id), known)
        return known

    async def _staff_member(self, visitor: SlackVisitor) -> StaffActor:
        person = (Place(visitor.enterprise_id, visitor.team_id), visitor.user_id)
        staff = self._staff.get(person)
        if staff is None:
            recognised = await asyncio.to_thread(self._app.read, who_is, WhoIs(), visitor)
            if not recognised.workspace_is_bound:
                raise WorkspaceNotBound
            if recognised.staff is None:
                raise NotStaff
            staff = recognised.staff
            self._staff.put(person, staff)
        return staff


async def _account(client: AsyncWebClient, user_id: str) -> dict[str, Any]:
    try:
        async with asyncio.timeout(_SLACK_SECONDS):
            answer = await client.users_info(user=user_id)
    except SlackApiError as error:
        if word_of(error) in _UNKNOWN_PERSON:
            raise NotStaff from error
        raise Busy from error
    except (TimeoutError, aiohttp.ClientError) as error:
        raise Busy from error
    account: dict[str, Any] = answer["user"]
    return account


def has_left(account: dict[str, Any]) -> bool:
    """Deactivated, or made a guest: whoever confirmed this account is not its colleague any more."""
    return any(account.get(flag) for flag in _BARRED)


def is_colleague(account: dict[str, Any], place: Place) -> bool:
    """``account`` as Slack's users.info describes it."""
    # Not every workspace tells is_email_confirmed; only a plain no counts.
    is_refused = has_left(account) or account.get("is_email_confirmed") is False
    return not is_refused and _is_at_home(account, place)


def _is_at_home(account: dict[str, Any], place: Place) -> bool:
    """A member of this very workspace, or of the enterprise that installed the app for all of its workspaces."""
    if place.team_id and account.get("team_id") == place.team_id:
        return True
    grid = account.get("enterprise_user") or {}
    is_same_grid = bool(place.enterprise_id) and grid.get("enterprise_id") == place.enterprise_id
    return is_same_grid and (not place.team_id or place.team_id in grid.get("teams", ()))
