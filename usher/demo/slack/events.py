"""The Events API: things that happen in a workspace, told to the app until it answers 2xx."""

import re
from collections.abc import Sequence

from msgspec import Struct

from usher.demo.slack.acks import Ack
from usher.demo.slack.courier import Courier, Kind, Reply, Retry
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.payloads import Payloads
from usher.demo.slack.records import Channel, File, Message, Team, User
from usher.demo.slack.workspace import Workspaces

# Seconds after the failed attempt before: at once, a minute, five minutes; then Slack gives up.
RETRY_SECONDS = (0, 60, 300)
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_REASONS = {"operation_timeout": "http_timeout", "dispatch_failed": "http_error"}


class FailedEvent(Struct, frozen=True):
    """An event that the app did not take, and when it will be told again (epoch seconds)."""

    payload: JsonObject
    attempts: int
    due_at: float
    reason: str


class Events:
    def __init__(self, workspace: Workspaces, courier: Courier) -> None:
        self.workspace = workspace
        self.courier = courier
        self._payloads = Payloads(workspace)
        self.failed_events: list[FailedEvent] = []
        self.sent_events: dict[str, JsonObject] = {}

    async def event(self, team: Team, event: JsonObject, *, event_id: str | None = None) -> Ack:
        """A failed one is kept in `failed_events` for `redeliver_due`."""
        channel = self.workspace.channels.get(str(event.get("channel")))
        payload = self._payloads.event(
            team,
            {"event_ts": self.workspace.next_ts(), **event},
            event_id or self.workspace.ids.next("Ev"),
            is_ext_shared=channel.is_ext_shared if channel else False,
        )
        self.sent_events[payload["event_id"]] = payload
        return await self._tell(payload, attempts=0, retry=None)

    async def redeliver_due(self) -> list[Ack]:
        """Tells again what failed, as far as its moment has come by the workspace's clock."""
        due = [failed for failed in self.failed_events if failed.due_at <= self.workspace.now()]
        acks = []
        for failed in due:
            self.failed_events.remove(failed)
            retry = Retry(failed.attempts, failed.reason)
            acks.append(await self._tell(failed.payload, failed.attempts, retry))
        return acks

    async def repeat_event(self, event_id: str) -> Ack:
        """The same event once more, though the app had taken it: Slack promises at least once, not once."""
        return await self._tell(self.sent_events[event_id], attempts=1, retry=Retry(1, "http_timeout"))

    async def verify_url(self) -> Ack:
        """What Slack does when a request URL is entered; a wrong echo is the problem url_not_verified."""
        challenge = self.workspace.ids.next("challenge-")
        token = self.workspace.app.verification_token
        payload = {"type": "url_verification", "token": token, "challenge": challenge}
        reply = await self.courier.carry(Kind.EVENT, payload)
        echo = reply.body.get("challenge") if isinstance(reply.body, dict) else reply.body
        problem = reply.problem or (None if echo == challenge else "url_not_verified")
        return Ack(reply.status, reply.body, reply.elapsed, problem)

    # Things that people do

    async def say_dm(self, user: User, text: str, files: Sequence[File] = ()) -> Ack:
        """A direct message to the bot. The app gets it with Slack's markup: `<mailto:a@b|a@b>`, `&amp;`."""
        return await self._message_event(user, text, list(files))

    async def paste_dm(self, user: User, text: str) -> Ack:
        """A long paste: Slack's client makes a snippet of it, without an ending in its name."""
        snippet = self.add_file(user, "Untitled", text.encode())
        snippet.mode = "snippet"
        return await self._message_event(user, "", [snippet])

    async def upload_dm(self, user: User, filename: str, content: bytes, text: str = "") -> Ack:
        """A file dropped on the bot; the message that carries it is in the answer."""
        file = self.add_file(user, filename, content)
        return await self._message_event(user, text, [file])

    def add_file(self, user: User, filename: str, content: bytes) -> File:
        """A file on its way into a form or a message."""
        team = self.workspace.teams[user.team_id]
        return self.workspace.keep_file(self.workspace.new_file(team, user.id, filename, content))

    async def open_home(self, user: User) -> Ack:
        team = self.workspace.teams[user.team_id]
        home = self.workspace.views.home(team, user.id)
        shown = {"view": home.as_json()} if home else {}
        channel = self.workspace.direct_messages(team, user.id)
        event = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": "home", **shown}
        return await self.event(team, event)

    async def change_user(self, user: User) -> Ack:
        """Told after a flag or the address of a person changed."""
        team = self.workspace.teams[user.team_id]
        return await self.event(team, {"type": "user_change", "user": user.as_json(team.scopes)})

    async def uninstall(self, team: Team) -> list[Ack]:
        """Two events in no promised order; the token is dead before the first of them."""
        team.is_token_revoked = True
        tokens = {"oauth": [], "bot": [team.bot_user_id]}
        return [
            await self.event(team, {"type": "tokens_revoked", "tokens": tokens}),
            await self.event(team, {"type": "app_uninstalled"}),
        ]

    async def _message_event(self, user: User, text: str, files: list[File]) -> Ack:
        team = self.workspace.teams[user.team_id]
        channel = self.workspace.direct_messages(team, user.id)
        message = self.workspace.post(channel, user, _marked_up(text))
        message.files = files
        for file in files:
            file.channels.append(channel.id)
        ack = await self.event(team, _told(message, channel, team))
        return Ack(ack.status, ack.body, ack.elapsed, ack.problem, message=message)

    async def _tell(self, payload: JsonObject, attempts: int, retry: Retry | None) -> Ack:
        reply = await self.courier.carry(Kind.EVENT, payload, retry)
        if reply.problem and not reply.wants_no_retry and attempts < len(RETRY_SECONDS):
            self.failed_events.append(self._failed(payload, attempts, reply))
        return Ack(reply.status, reply.body, reply.elapsed, reply.problem)

    def _failed(self, payload: JsonObject, attempts: int, reply: Reply) -> FailedEvent:
        due_at = self.workspace.now() + RETRY_SECONDS[attempts]
        return FailedEvent(payload, attempts + 1, due_at, _REASONS.get(str(reply.problem), "unknown_error"))


def _marked_up(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ADDRESS.sub(r"<mailto:\g<0>|\g<0>>", escaped)


def _told(message: Message, channel: Channel, team: Team) -> JsonObject:
    subtype = {"subtype": "file_share", "upload": False} if message.files else {}
    return {
        **message.as_json(team.id),
        **subtype,
        "channel": channel.id,
        "channel_type": "im",
        "event_ts": message.ts,
    }
