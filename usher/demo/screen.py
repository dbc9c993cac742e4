"""What one person of the demo has before them, as JSON: conversations, messages, the open modal, the App Home."""

from usher.demo.sample import Sample
from usher.demo.slack.errors import NothingThere
from usher.demo.slack.forms import values_of
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import Channel, Message, User, View
from usher.demo.slack.workspace import Workspaces

_MOST_MESSAGES = 100


class Screens:
    def __init__(self, workspace: Workspaces, sample: Sample) -> None:
        self._workspace = workspace
        self._sample = sample

    def person(self, user_id: str) -> User:
        """Raises NothingThere."""
        for person in self._sample.people:
            if person.user.id == user_id:
                return person.user
        raise NothingThere("there is no such person in this demo")

    def channel(self, user: User, channel_id: str) -> Channel:
        """Raises NothingThere for a conversation that this person is not in."""
        for channel in self._conversations(user):
            if channel.id == channel_id:
                return channel
        raise NothingThere(f"{user.real_name} has no such conversation")

    def message(self, user: User, channel_id: str, ts: str) -> Message:
        """Raises NothingThere."""
        for message in self._workspace.seen_by(user.id, channel_id):
            if message.ts == ts:
                return message
        raise NothingThere("this message is gone")

    def view(self, user: User, view_id: str) -> View:
        """The top modal or the App Home. Raises NothingThere."""
        for view in (self._modal(user), self._home(user)):
            if view is not None and view.id == view_id:
                return view
        raise NothingThere("this window is closed")

    def people(self) -> list[JsonObject]:
        return [
            {
                "id": person.user.id,
                "name": person.user.real_name,
                "email": person.user.email,
                "about": person.about,
            }
            for person in self._sample.people
        ]

    def show(self, user: User, channel_id: str) -> JsonObject:
        """Everything that the page draws for this person, with the messages of one conversation."""
        modal, home = self._modal(user), self._home(user)
        return {
            "conversations": [self._conversation(user, channel) for channel in self._conversations(user)],
            "messages": self._messages(user, self.channel(user, channel_id)) if channel_id else [],
            "modal": self._view(modal) if modal else None,
            "home": self._view(home) if home else None,
            "names": {each.id: each.real_name for each in self._workspace.users.values()},
        }

    def _conversations(self, user: User) -> list[Channel]:
        return [channel for channel in self._workspace.channels.values() if user.id in channel.members]

    def _conversation(self, user: User, channel: Channel) -> JsonObject:
        """``newest`` is the ts of what somebody else wrote last."""
        seen = self._workspace.seen_by(user.id, channel.id)
        newest = next((message.ts for message in reversed(seen) if message.user_id != user.id), "")
        return {
            "id": channel.id,
            "name": channel.name,
            "is_direct": channel.im_user_id is not None,
            "is_shared": channel.is_ext_shared,
            "newest": newest,
        }

    def _messages(self, user: User, channel: Channel) -> list[JsonObject]:
        seen = self._workspace.seen_by(user.id, channel.id)
        return [self._message(message) for message in seen[-_MOST_MESSAGES:]]

    def _message(self, message: Message) -> JsonObject:
        author = self._workspace.users[message.user_id]
        return {
            "ts": message.ts,
            "channel": message.channel_id,
            "author": author.real_name,
            "is_app": author.is_bot,
            "is_private": message.only_for is not None,
            "is_edited": message.edited_ts is not None,
            "text": message.text,
            "blocks": message.blocks,
            "files": [{"id": file.id, "name": file.name} for file in message.files],
        }

    def _view(self, view: View) -> JsonObject:
        shown = {key: view.payload.get(key) for key in ("title", "submit", "close", "blocks")}
        return {"id": view.id, "hash": view.hash, **shown, "values": values_of(view)}

    def _modal(self, user: User) -> View | None:
        stack = self._workspace.views.stack(self._workspace.teams[user.team_id], user.id)
        return stack[-1] if stack else None

    def _home(self, user: User) -> View | None:
        return self._workspace.views.home(self._workspace.teams[user.team_id], user.id)
