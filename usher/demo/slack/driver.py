"""Acts as people in Slack do, and as Slack does for them: types commands, presses buttons, fills in forms."""

from collections.abc import Mapping

from usher.demo.slack import forms
from usher.demo.slack.acks import Ack, AckReader
from usher.demo.slack.courier import Courier, Kind
from usher.demo.slack.errors import NothingThere
from usher.demo.slack.events import Events
from usher.demo.slack.forms import Value
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import Channel, Message, User, View
from usher.demo.slack.workspace import Workspaces


class Driver(Events):
    """People are given as users; what they touch as the message or view, or as the ack that showed it."""

    def __init__(self, workspace: Workspaces, courier: Courier) -> None:
        super().__init__(workspace, courier)
        self._acks = AckReader(workspace)
        self._offered: dict[tuple[str, str], list[JsonObject]] = {}

    async def command(self, user: User, channel: Channel, command: str, text: str = "") -> Ack:
        """Raises NothingThere for somebody who is not in the channel."""
        self._check_member(user, channel)
        team = self.workspace.teams[channel.team_id]
        response_url = self.workspace.issue_response_url(team, user.id, channel.id, None)
        payload = self._payloads.slash_command(
            user=user,
            channel=channel,
            command=command,
            text=text.strip(),
            trigger=self.workspace.issue_trigger(team, user.id),
            response_url=response_url,
        )
        reply = await self.courier.carry(Kind.COMMAND, payload)
        return self._acks.command(reply, response_url, command)

    async def press(self, user: User, shown: Message | View | Ack, action_id: str, value: Value | None = None) -> Ack:
        """Presses a button, or chooses `value` in a menu outside a form.

        For a button `value` says which one, should several share the action_id. Raises NothingThere when it is
        not on the screen of this person.
        """
        holder = self._on_screen(user, shown)
        block, element = forms.find(holder.blocks, action_id, value if isinstance(value, str) else None)
        action = self._action(holder, block, element, value)
        payload = self._action_payload(user, holder, action)
        reply = await self.courier.carry(Kind.INTERACTION, payload)
        return self._acks.plain(reply, user.id, action_id, element.get("confirm"))

    def fill(self, user: User, shown: View | Ack, values: Mapping[str, Value]) -> View:
        """Enters values by action_id or block_id, without submitting; they stay over an update."""
        view = self._view_on_screen(user, shown)
        for name, value in values.items():
            block, element = _field(view, name)
            offered = self._offered.get((view.id, element["action_id"]), [])
            state = forms.state_of(element, value, offered)
            view.typed[block["block_id"], element["action_id"]] = state
        return view

    async def submit(self, user: User, shown: View | Ack, values: Mapping[str, Value]) -> Ack:
        """Raises CannotSubmit where Slack's own client would not let the form go, e.g. a required field."""
        view = self.fill(user, shown, values)
        if view.payload["type"] != "modal" or "submit" not in view.payload:
            raise NothingThere("this view has no submit button")
        forms.check_complete(view)
        trigger = self.workspace.issue_trigger(view.team, user.id)
        payload = self._payloads.view_submission(user, view, trigger, forms.values_of(view))
        reply = await self.courier.carry(Kind.INTERACTION, payload)
        return self._acks.submission(reply, view)

    async def close(self, user: User, shown: View | Ack) -> Ack | None:
        """Closes a modal by its close button; the app hears of it only if the view asked for that."""
        view = self._view_on_screen(user, shown)
        self.workspace.views.close(view)
        if not view.payload.get("notify_on_close"):
            return None
        payload = self._payloads.view_closed(user, view, forms.values_of(view), is_cleared=False)
        reply = await self.courier.carry(Kind.INTERACTION, payload)
        return self._acks.plain(reply, user.id, view.id)

    async def suggest(self, user: User, shown: Message | View | Ack, action_id: str, typed: str) -> Ack:
        """Types into an external menu; what it offers can then be chosen by its value.

        Raises NothingThere when fewer characters were typed than the menu waits for.
        """
        holder = self._on_screen(user, shown)
        block, element = forms.find(holder.blocks, action_id)
        if "external_select" not in element["type"] or len(typed) < element.get("min_query_length", 3):
            raise NothingThere(f"{action_id!r} does not ask for options after {len(typed)} characters")
        payload = self._payloads.suggestion(user, holder, block["block_id"], action_id, typed)
        reply = await self.courier.carry(Kind.INTERACTION, payload)
        ack = self._acks.suggestion(reply, user.id, action_id)
        self._offered[_key(holder), action_id] = list(ack.options)
        return ack

    async def shortcut(self, user: User, callback_id: str) -> Ack:
        team = self.workspace.teams[user.team_id]
        trigger = self.workspace.issue_trigger(team, user.id)
        payload = self._payloads.shortcut(team, user, callback_id, trigger)
        reply = await self.courier.carry(Kind.INTERACTION, payload)
        return self._acks.plain(reply, user.id, callback_id)

    async def message_shortcut(self, user: User, message: Message, callback_id: str) -> Ack:
        """From the menu of a message; ephemeral messages have none."""
        if self._on_screen(user, message) is not message or message.only_for:
            raise NothingThere("this message has no shortcuts")
        channel = self.workspace.channels[message.channel_id]
        team = self.workspace.teams[channel.team_id]
        trigger = self.workspace.issue_trigger(team, user.id)
        ticket = self.workspace.issue_response_url(team, user.id, channel.id, message)
        payload = self._payloads.message_shortcut(user, message, callback_id, trigger, ticket)
        reply = await self.courier.carry(Kind.INTERACTION, payload)
        return self._acks.plain(reply, user.id, callback_id)

    # What the person has before them

    def modal(self, user: User) -> View:
        """Raises NothingThere when no modal is open."""
        stack = self.workspace.views.stack(self.workspace.teams[user.team_id], user.id)
        if not stack:
            raise NothingThere(f"{user.real_name} has no modal open")
        return stack[-1]

    def _on_screen(self, user: User, shown: Message | View | Ack) -> Message | View:
        holder = (shown.message or shown.view) if isinstance(shown, Ack) else shown
        if isinstance(holder, View) and holder.user_id == user.id and self.workspace.views.on_screen(holder):
            return holder
        if isinstance(holder, Message) and holder in self.workspace.seen_by(user.id, holder.channel_id):
            self._check_member(user, self.workspace.channels[holder.channel_id])
            return holder
        raise NothingThere(f"{user.real_name} does not see this")

    def _view_on_screen(self, user: User, shown: View | Ack) -> View:
        holder = self._on_screen(user, shown)
        if not isinstance(holder, View):
            raise NothingThere("this is a message, not a form")
        return holder

    def _check_member(self, user: User, channel: Channel) -> None:
        if user.id not in channel.members:
            raise NothingThere(f"{user.real_name} is not in {channel.name or channel.id}")

    def _action(
        self, holder: Message | View, block: JsonObject, element: JsonObject, value: Value | None
    ) -> JsonObject:
        names = {"action_id": element["action_id"], "block_id": block["block_id"]}
        moment = {"action_ts": self.workspace.next_ts()}
        if element["type"] == "button":
            shown = {key: element[key] for key in ("type", "text", "value", "style", "url") if key in element}
            return names | shown | moment
        if value is None:
            raise NothingThere(f"{element['action_id']!r} wants a value to be chosen")
        offered = self._offered.get((_key(holder), element["action_id"]), [])
        state = forms.state_of(element, value, offered)
        if isinstance(holder, View):
            holder.typed[block["block_id"], element["action_id"]] = state
        return names | state | moment

    def _action_payload(self, user: User, holder: Message | View, action: JsonObject) -> JsonObject:
        if isinstance(holder, View):
            trigger = self.workspace.issue_trigger(holder.team, user.id)
            return self._payloads.view_action(user, holder, action, trigger, forms.values_of(holder))
        team = self.workspace.teams[self.workspace.channels[holder.channel_id].team_id]
        trigger = self.workspace.issue_trigger(team, user.id)
        ticket = self.workspace.issue_response_url(team, user.id, holder.channel_id, holder)
        return self._payloads.message_action(user, holder, action, trigger, ticket)


def _key(holder: Message | View) -> str:
    return holder.id if isinstance(holder, View) else holder.ts


def _field(view: View, name: str) -> forms.Place:
    """By action_id, else by block_id."""
    for block, element in forms.places(view.blocks):
        if name in {element["action_id"], block["block_id"]}:
            return block, element
    raise NothingThere(f"the form has no field {name!r}")
