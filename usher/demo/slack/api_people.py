"""auth.*, users.*, team.* and conversations.*: who and where."""

from collections.abc import Mapping
from types import MappingProxyType

from usher.demo.slack.calls import Call, Method, is_true
from usher.demo.slack.errors import SlackError
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.rates import Tier
from usher.demo.slack.records import Channel


def _auth_test(call: Call) -> JsonObject:
    team = call.team
    return {
        "url": f"https://{team.domain}.slack.example.org/",
        "team": team.name,
        "team_id": team.id,
        "user": call.bot.name,
        "user_id": team.bot_user_id,
        "bot_id": team.bot_id,
        "enterprise_id": team.enterprise_id,
        "is_enterprise_install": team.is_enterprise_install,
    }


def _auth_revoke(call: Call) -> JsonObject:
    """With `test` nothing is revoked."""
    is_test = is_true(call.arguments.get("test"))
    call.team.is_token_revoked = call.team.is_token_revoked or not is_test
    return {"revoked": not is_test}


def _users_info(call: Call) -> JsonObject:
    return {"user": call.user().as_json(call.team.scopes)}


def _lookup_by_email(call: Call) -> JsonObject:
    """Bots, strangers and deactivated people are not found by their address."""
    wanted = call.text("email").lower()
    for user in call.workspace.users.values():
        hidden = user.deleted or user.is_bot or user.is_stranger or user.team_id != call.team.id
        if not hidden and user.email.lower() == wanted:
            return {"user": user.as_json(call.team.scopes)}
    raise SlackError("users_not_found")


def _users_list(call: Call) -> JsonObject:
    """Paged: the cursor is the position of the next one."""
    members = [user for user in call.workspace.users.values() if user.team_id == call.team.id]
    limit = call.number("limit") if call.arguments.get("limit") else len(members)
    cursor = str(call.arguments.get("cursor") or "0")
    if not cursor.isdecimal():
        raise SlackError("invalid_cursor")
    start = int(cursor)
    following = start + limit
    shown = [user.as_json(call.team.scopes) for user in members[start:following]]
    next_cursor = str(following) if following < len(members) else ""
    return {"members": shown, "response_metadata": {"next_cursor": next_cursor}}


def _team_info(call: Call) -> JsonObject:
    team = call.team
    enterprise = {"enterprise_id": team.enterprise_id} if team.enterprise_id else {}
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, **enterprise}}


def _conversations_open(call: Call) -> JsonObject:
    """The bot's direct messages with one person; groups are not for this app."""
    user_ids = [user_id for user_id in str(call.arguments.get("users") or "").split(",") if user_id]
    if len(user_ids) != 1 or call.workspace.user_in(call.team, user_ids[0]) is None:
        raise SlackError("user_not_found" if user_ids else "users_list_not_supplied")
    channel = call.workspace.direct_messages(call.team, user_ids[0])
    return {"channel": channel.as_json() if is_true(call.arguments.get("return_im")) else {"id": channel.id}}


def _conversations_info(call: Call) -> JsonObject:
    channel = call.channel()
    needed = _scope_to_read(channel)
    if needed not in call.team.scopes:
        raise SlackError("missing_scope", needed=needed, provided=",".join(call.team.scopes))
    if channel.is_private and call.team.bot_user_id not in channel.members:
        raise SlackError("channel_not_found")
    return {"channel": channel.as_json()}


def _scope_to_read(channel: Channel) -> str:
    if channel.im_user_id:
        return "im:read"
    return "groups:read" if channel.is_private else "channels:read"


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "auth.test": Method(_auth_test, Tier.SPECIAL),
        "auth.revoke": Method(_auth_revoke, Tier.THREE),
        "users.info": Method(_users_info, Tier.FOUR, "users:read"),
        "users.lookupByEmail": Method(_lookup_by_email, Tier.THREE, "users:read.email"),
        "users.list": Method(_users_list, Tier.TWO, "users:read"),
        "team.info": Method(_team_info, Tier.THREE, "team:read"),
        "conversations.open": Method(_conversations_open, Tier.THREE, "im:write"),
        "conversations.info": Method(_conversations_info, Tier.THREE),
    }
)
