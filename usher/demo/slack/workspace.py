"""The state of the look-alike: one or more workspaces with the same app installed, all in memory.

Time comes from the clock that is passed in (epoch seconds), ids from a counter: two runs with the same calls
and the same clock are equal.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from usher.demo.slack.errors import SlackError
from usher.demo.slack.ids import Ids, with_block_ids
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import (
    Channel,
    Consent,
    File,
    JournalEntry,
    Message,
    Notice,
    ResponseUrl,
    SlackApp,
    Team,
    Trigger,
    Upload,
    User,
)
from usher.demo.slack.views import Views

Clock: TypeAlias = Callable[[], float]

# What the app's manifest asks for; a team may be given fewer.
MANIFEST_SCOPES = (
    "channels:read",
    "groups:read",
    "commands",
    "chat:write",
    "im:history",
    "im:write",
    "files:read",
    "files:write",
    "users:read",
    "users:read.email",
)
TRIGGER_SECONDS = 3
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class Workspaces:
    def __init__(self, now: Clock, app: SlackApp | None = None) -> None:
        self.now = now
        self.app = app or SlackApp()
        self.ids = Ids()
        self.base_url = ""  # Known once the server listens.
        self.teams: dict[str, Team] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: list[Message] = []
        self.files: dict[str, File] = {}
        self.uploads: dict[str, Upload] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.oauth_codes: dict[str, Consent] = {}
        self.journal: list[JournalEntry] = []
        self.notices: list[Notice] = []
        self.views = Views(self.ids, self.app)
        self._last_ts = 0

    # People and places

    def add_team(self, name: str, *, enterprise_id: str | None = None) -> Team:
        """The app is installed in it, and its bot is one of its users."""
        team_id, bot_user_id = self.ids.next("T"), self.ids.next("U")
        token, bot_id = self.ids.next(f"xoxb-{team_id}-"), self.ids.next("B")
        team = Team(team_id, name, enterprise_id, token, bot_user_id, bot_id, MANIFEST_SCOPES)
        self.teams[team_id] = team
        self.users[bot_user_id] = User(bot_user_id, team_id, "usher", "Usher", "", is_bot=True)
        return team

    def add_user(self, team: Team, real_name: str, email: str) -> User:
        """The flags of a guest, a stranger or somebody deactivated are set on the returned user."""
        name = email.partition("@")[0]
        user = User(self.ids.next("U"), team.id, name, real_name, email)
        self.users[user.id] = user
        return user

    def add_channel(self, team: Team, name: str, members: Iterable[User]) -> Channel:
        """The bot is a member too, until it is taken out of `members`."""
        channel = Channel(self.ids.next("C"), team.id, name, {user.id for user in members} | {team.bot_user_id})
        self.channels[channel.id] = channel
        return channel

    def direct_messages(self, team: Team, user_id: str) -> Channel:
        """The one conversation between the bot and a person, made when first wanted."""
        for channel in self.channels.values():
            if channel.im_user_id == user_id and channel.team_id == team.id:
                return channel
        channel = Channel(self.ids.next("D"), team.id, "", {user_id, team.bot_user_id}, im_user_id=user_id)
        self.channels[channel.id] = channel
        return channel

    def team_of_token(self, token: str) -> Team | None:
        return next((team for team in self.teams.values() if team.bot_token == token), None)

    def user_in(self, team: Team, user_id: str) -> User | None:
        """Strangers of shared channels are known to the team as well."""
        user = self.users.get(user_id)
        return user if user and (user.team_id == team.id or user.is_stranger) else None

    def channel_in(self, team: Team, channel_id: str) -> Channel | None:
        channel = self.channels.get(channel_id)
        return channel if channel and channel.team_id == team.id else None

    # Messages

    def next_ts(self) -> str:
        """Unique and increasing, also when the clock stands still."""
        self._last_ts = max(int(self.now() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(
        self,
        channel: Channel,
        author: User,
        text: str,
        *,
        blocks: list[JsonObject] | None = None,
        only_for: str | None = None,
    ) -> Message:
        message = Message(self.next_ts(), channel.id, author.id, text, only_for=only_for)
        message.blocks = with_block_ids(blocks or [], self.ids)
        if author.is_bot:
            message.bot_id = self.teams[author.team_id].bot_id
        self.messages.append(message)
        return message

    def edit(self, message: Message, text: str, blocks: list[JsonObject] | None) -> None:
        message.text = text
        message.blocks = with_block_ids(blocks or [], self.ids)
        message.edited_ts = self.next_ts()

    def message(self, channel_id: str, ts: str) -> Message | None:
        """Of those that everybody sees: the Web API cannot reach an ephemeral one."""
        found = (message for message in self.messages if message.channel_id == channel_id and message.ts == ts)
        return next((message for message in found if not message.only_for), None)

    def seen_by(self, user_id: str, channel_id: str) -> list[Message]:
        """Everything that a person finds in a conversation, oldest first."""
        here = (message for message in self.messages if message.channel_id == channel_id)
        return [message for message in here if message.only_for in {None, user_id}]

    def notify(self, user_id: str, code: str, about: str) -> None:
        self.notices.append(Notice(user_id, code, about, self.now()))

    # Tickets

    def issue_trigger(self, team: Team, user_id: str) -> Trigger:
        trigger_id = f"{self.ids.next('1')}.{self.ids.next('2')}.{self.ids.next('a')}"
        trigger = Trigger(trigger_id, team.id, user_id, self.now())
        self.triggers[trigger_id] = trigger
        return trigger

    def exchange_trigger(self, team: Team, trigger_id: str) -> Trigger:
        trigger = self.triggers.get(trigger_id)
        if trigger is None or trigger.team_id != team.id:
            raise SlackError("invalid_trigger_id")
        if self.now() - trigger.issued_at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        if trigger.is_exchanged:
            raise SlackError("exchanged_trigger_id")
        trigger.is_exchanged = True
        return trigger

    def issue_response_url(self, team: Team, user_id: str, channel_id: str, original: Message | None) -> ResponseUrl:
        key = self.ids.next("R")
        ticket = ResponseUrl(key, team.id, user_id, channel_id, self.now(), original)
        self.response_urls[key] = ticket
        return ticket

    def use_response_url(self, key: str) -> ResponseUrl:
        """A refused answer (bad blocks, say) counts as a use as well, so the count is raised here."""
        ticket = self.response_urls.get(key)
        if ticket is None:
            raise SlackError("no_service")
        if self.now() - ticket.issued_at > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if ticket.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        ticket.uses += 1
        return ticket

    def url_of(self, ticket: ResponseUrl) -> str:
        return f"{self.base_url}/response/{ticket.team_id}/{ticket.key}"

    # Files

    def new_file(self, team: Team, user_id: str, name: str, content: bytes) -> File:
        """Not stored yet: see `keep_file`."""
        file_id = self.ids.next("F")
        url = f"{self.base_url}/files-pri/{team.id}-{file_id}/download/{name}"
        return File(file_id, team.id, user_id, name, name, content, int(self.now()), url)

    def keep_file(self, file: File) -> File:
        self.files[file.id] = file
        return file

    def calls(self, method: str) -> list[JournalEntry]:
        return [entry for entry in self.journal if entry.method == method]
