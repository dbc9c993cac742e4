"""What Slack sends to the app, in Slack's shapes."""

from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import Channel, Message, ResponseUrl, Team, Trigger, User, View
from usher.demo.slack.workspace import Workspaces


class Payloads:
    def __init__(self, workspace: Workspaces) -> None:
        self._workspace = workspace

    def slash_command(
        self,
        *,
        user: User,
        channel: Channel,
        command: str,
        text: str,
        trigger: Trigger,
        response_url: ResponseUrl,
    ) -> JsonObject:
        team = self._workspace.teams[channel.team_id]
        app = self._workspace.app
        enterprise = {"enterprise_id": team.enterprise_id, "enterprise_name": team.name}
        return {
            "token": app.verification_token,
            "team_id": team.id,
            "team_domain": team.domain,
            **(enterprise if team.enterprise_id else {}),
            "channel_id": channel.id,
            "channel_name": _spoken_name(channel),
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": app.app_id,
            "is_enterprise_install": str(team.is_enterprise_install).lower(),
            "response_url": self._workspace.url_of(response_url),
            "trigger_id": trigger.id,
        }

    def view_submission(self, user: User, view: View, trigger: Trigger, values: JsonObject) -> JsonObject:
        return self._interaction("view_submission", view.team, user) | {
            "trigger_id": trigger.id,
            "view": view.as_json(values),
            "response_urls": [],
        }

    def view_closed(self, user: User, view: View, values: JsonObject, *, is_cleared: bool) -> JsonObject:
        return self._interaction("view_closed", view.team, user) | {
            "view": view.as_json(values),
            "is_cleared": is_cleared,
        }

    def view_action(
        self, user: User, view: View, action: JsonObject, trigger: Trigger, values: JsonObject
    ) -> JsonObject:
        return self._interaction("block_actions", view.team, user) | {
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": trigger.id,
            "view": view.as_json(values),
            "actions": [action],
        }

    def message_action(
        self, user: User, message: Message, action: JsonObject, trigger: Trigger, response_url: ResponseUrl
    ) -> JsonObject:
        """A press on a message. Slack does not repeat an ephemeral message, it only says where it stood."""
        channel = self._workspace.channels[message.channel_id]
        shown = {} if message.only_for else {"message": message.as_json(channel.team_id)}
        return self._interaction("block_actions", self._workspace.teams[channel.team_id], user) | {
            "container": self._container(message),
            "channel": {"id": channel.id, "name": _spoken_name(channel)},
            "trigger_id": trigger.id,
            "response_url": self._workspace.url_of(response_url),
            **shown,
            "state": {"values": {}},
            "actions": [action],
        }

    def suggestion(self, user: User, holder: View | Message, block_id: str, action_id: str, typed: str) -> JsonObject:
        question = {"action_id": action_id, "block_id": block_id, "value": typed}
        if isinstance(holder, View):
            place: JsonObject = {
                "container": {"type": "view", "view_id": holder.id},
                "view": holder.as_json(),
            }
            return self._interaction("block_suggestion", holder.team, user) | question | place
        channel = self._workspace.channels[holder.channel_id]
        place = {
            "container": self._container(holder),
            "channel": {"id": channel.id, "name": _spoken_name(channel)},
        }
        team = self._workspace.teams[channel.team_id]
        return self._interaction("block_suggestion", team, user) | question | place

    def shortcut(self, team: Team, user: User, callback_id: str, trigger: Trigger) -> JsonObject:
        return self._interaction("shortcut", team, user) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.next_ts(),
            "trigger_id": trigger.id,
        }

    def message_shortcut(
        self, user: User, message: Message, callback_id: str, trigger: Trigger, response_url: ResponseUrl
    ) -> JsonObject:
        channel = self._workspace.channels[message.channel_id]
        team = self._workspace.teams[channel.team_id]
        return self._interaction("message_action", team, user) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.next_ts(),
            "message_ts": message.ts,
            "trigger_id": trigger.id,
            "response_url": self._workspace.url_of(response_url),
            "channel": {"id": channel.id, "name": _spoken_name(channel)},
            "message": message.as_json(team.id),
        }

    def event(self, team: Team, event: JsonObject, event_id: str, *, is_ext_shared: bool) -> JsonObject:
        app = self._workspace.app
        authorization = {
            "enterprise_id": team.enterprise_id,
            "team_id": team.id,
            "user_id": team.bot_user_id,
            "is_bot": True,
            "is_enterprise_install": team.is_enterprise_install,
        }
        return {
            "token": app.verification_token,
            "type": "event_callback",
            "team_id": team.id,
            "enterprise_id": team.enterprise_id,
            "context_team_id": team.id,
            "api_app_id": app.app_id,
            "event": event,
            "event_id": event_id,
            "event_time": int(self._workspace.now()),
            "authorizations": [authorization],
            "is_ext_shared_channel": is_ext_shared,
        }

    def _interaction(self, kind: str, team: Team, user: User) -> JsonObject:
        enterprise = {"enterprise_id": team.enterprise_id} if team.enterprise_id else {}
        return {
            "type": kind,
            "token": self._workspace.app.verification_token,
            "api_app_id": self._workspace.app.app_id,
            "team": {"id": team.id, "domain": team.domain, **enterprise},
            "enterprise": team.enterprise(),
            "is_enterprise_install": team.is_enterprise_install,
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": user.team_id,
            },
        }

    def _container(self, message: Message) -> JsonObject:
        return {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel_id,
            "is_ephemeral": message.only_for is not None,
        }


def _spoken_name(channel: Channel) -> str:
    if channel.im_user_id:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name
