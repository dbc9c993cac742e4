"""What a workspace is made of: teams, people, conversations, messages, views, files and one-use tickets."""

from typing import Any, Literal

from msgspec import Struct

from usher.demo.slack.inspection import JsonObject


class SlackApp(Struct, frozen=True):
    """The one app that is installed in the workspaces, with the secrets it shares with Slack."""

    app_id: str = "A00000001"
    client_id: str = "1000.1001"
    client_secret: str = "client-secret-of-the-look-alike"  # noqa: S105 - valid on this machine only
    signing_secret: str = "signing-secret-of-the-look-alike"  # noqa: S105 - as above
    app_token: str = "xapp-1-A00000001-1"  # noqa: S105 - as above
    verification_token: str = "verification-of-the-look-alike"  # noqa: S105 - as above


class Team(Struct):
    id: str
    name: str
    enterprise_id: str | None
    bot_token: str
    bot_user_id: str
    bot_id: str
    scopes: tuple[str, ...]
    is_enterprise_install: bool = False
    is_token_revoked: bool = False
    are_uploads_disabled: bool = False
    blocked_file_types: frozenset[str] = frozenset()

    @property
    def domain(self) -> str:
        return self.name.lower().replace(" ", "-")

    def enterprise(self) -> JsonObject | None:
        return {"id": self.enterprise_id, "name": f"{self.name} Grid"} if self.enterprise_id else None


class Consent(Struct, frozen=True):
    """What stands behind a code of the consent page; the code is exchanged under the same address only."""

    team_id: str
    user_id: str
    redirect_uri: str


class User(Struct):
    """`team_id` is the home workspace: for a stranger (Slack Connect) another one than the channel's."""

    id: str
    team_id: str
    name: str
    real_name: str
    email: str
    tz: str = "Europe/London"
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True

    def as_json(self, scopes: tuple[str, ...]) -> JsonObject:
        """The e-mail address is left out without its own scope, and of strangers always."""
        profile = {"real_name": self.real_name, "display_name": self.name}
        if "users:read.email" in scopes and not self.is_stranger and not self.is_bot:
            profile["email"] = self.email
        flags = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "tz": self.tz,
            "profile": profile,
            "is_app_user": False,
            "is_email_confirmed": self.is_email_confirmed,
            **{flag: getattr(self, flag) for flag in flags},
        }


class Channel(Struct):
    """A channel, or the direct messages between the bot and one person (`im_user_id`)."""

    id: str
    team_id: str
    name: str
    members: set[str] = set()
    im_user_id: str | None = None
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False

    def as_json(self) -> JsonObject:
        if self.im_user_id:
            return {"id": self.id, "is_im": True, "user": self.im_user_id, "context_team_id": self.team_id}
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_im": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_ext_shared": self.is_ext_shared,
            "context_team_id": self.team_id,
            "num_members": len(self.members),
        }


class Message(Struct):
    """`only_for` makes it ephemeral: one person sees it, and only a response_url can change it."""

    ts: str
    channel_id: str
    user_id: str
    text: str
    blocks: list[JsonObject] = []
    attachments: list[JsonObject] = []
    bot_id: str | None = None
    only_for: str | None = None
    thread_ts: str | None = None
    files: list["File"] = []
    edited_ts: str | None = None

    def as_json(self, team_id: str) -> JsonObject:
        optional: JsonObject = {
            "blocks": self.blocks,
            "attachments": self.attachments,
            "bot_id": self.bot_id,
            "thread_ts": self.thread_ts,
            "files": [file.as_json() for file in self.files],
            "edited": {"user": self.user_id, "ts": self.edited_ts} if self.edited_ts else None,
        }
        base = {"type": "message", "user": self.user_id, "text": self.text, "ts": self.ts, "team": team_id}
        return base | {key: value for key, value in optional.items() if value}


class File(Struct):
    id: str
    team_id: str
    user_id: str
    name: str
    title: str
    content: bytes
    created: int
    url_private: str
    file_access: Literal["visible", "check_file_info"] = "visible"
    mode: Literal["hosted", "snippet", "external", "tombstone", "hidden_by_limit"] = "hosted"
    channels: list[str] = []
    shared_at: dict[str, str] = {}
    """Channel -> ts of the message that carries it."""

    @property
    def filetype(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else "text"

    def as_json(self) -> JsonObject:
        """A file of a Slack Connect channel is announced without anything but its id."""
        if self.file_access == "check_file_info":
            return {"id": self.id, "mode": "file_access", "file_access": self.file_access}
        return self.full_json()

    def full_json(self) -> JsonObject:
        return {
            "id": self.id,
            "created": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": _MIMETYPES.get(self.filetype, "application/octet-stream"),
            "filetype": self.filetype,
            "user": self.user_id,
            "user_team": self.team_id,
            "size": len(self.content),
            "mode": self.mode,
            "is_external": False,
            "file_access": "visible",
            "url_private": self.url_private,
            "url_private_download": self.url_private,
            "channels": self.channels,
            "shares": {"private": {channel: [{"ts": ts}] for channel, ts in self.shared_at.items()}},
        }


_MIMETYPES = {
    "csv": "text/csv",
    "txt": "text/plain",
    "text": "text/plain",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class View(Struct):
    """A modal or an App Home as one person has it on the screen; `typed` is what they filled in so far.

    `typed` is keyed by (block_id, action_id) and holds Slack's state objects, so it survives an update that
    keeps both ids, as it does in Slack.
    """

    id: str
    team: Team
    app: SlackApp
    user_id: str
    payload: JsonObject
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    typed: dict[tuple[str, str], JsonObject] = {}

    @property
    def blocks(self) -> list[JsonObject]:
        blocks: list[JsonObject] = self.payload["blocks"]
        return blocks

    @property
    def external_id(self) -> str:
        return self.payload.get("external_id") or ""

    def as_json(self, values: JsonObject | None = None) -> JsonObject:
        defaults: JsonObject = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "title": None,
            "close": None,
            "submit": None,
            "clear_on_close": False,
            "notify_on_close": False,
        }
        frame: dict[str, Any] = {
            "id": self.id,
            "team_id": self.team.id,
            "app_id": self.app.app_id,
            "bot_id": self.team.bot_id,
            "app_installed_team_id": self.team.id,
            "state": {"values": values or {}},
            "hash": self.hash,
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id,
        }
        return defaults | self.payload | frame


class Trigger(Struct):
    """Lets the app open one view, once, within three seconds."""

    id: str
    team_id: str
    user_id: str
    issued_at: float
    is_exchanged: bool = False


class ResponseUrl(Struct):
    """Lets the app answer up to five times within half an hour; `original` is what it may replace."""

    key: str
    team_id: str
    user_id: str
    channel_id: str
    issued_at: float
    original: Message | None = None
    uses: int = 0


class Upload(Struct):
    """A file announced and not completed yet."""

    file: File
    length: int


class JournalEntry(Struct, frozen=True):
    """One call of the app: `at` in epoch seconds, `answer` as it was sent (before a fault cut it)."""

    method: str
    arguments: JsonObject
    at: float
    team_id: str | None
    status: int
    answer: JsonObject


class Notice(Struct, frozen=True):
    """What Slack itself tells a person when the app failed them, e.g. operation_timeout."""

    user_id: str
    code: str
    about: str
    at: float
