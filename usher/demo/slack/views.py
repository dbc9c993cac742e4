"""Modals on people's screens, at most three on top of one another, and everybody's App Home."""

from usher.demo.slack.errors import SlackError
from usher.demo.slack.ids import Ids, with_block_ids
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.limit_table import LIMITS
from usher.demo.slack.records import SlackApp, Team, View


class Views:
    def __init__(self, ids: Ids, app: SlackApp) -> None:
        self._ids = ids
        self._app = app
        self._stacks: dict[tuple[str, str], list[View]] = {}
        self._homes: dict[tuple[str, str], View] = {}

    def stack(self, team: Team, user_id: str) -> list[View]:
        """The person's open modals, the one on the screen last."""
        return self._stacks.setdefault((team.id, user_id), [])

    def home(self, team: Team, user_id: str) -> View | None:
        return self._homes.get((team.id, user_id))

    def on_screen(self, view: View) -> bool:
        """The top modal, or the App Home: only these can be touched."""
        stack = self.stack(view.team, view.user_id)
        return bool(stack and stack[-1] is view) or self.home(view.team, view.user_id) is view

    def open(self, team: Team, user_id: str, payload: JsonObject) -> View:
        """A new modal takes the place of whatever this app had open for the person."""
        self._refuse_known_external_id(team, payload)
        view = self._new(team, user_id, payload)
        self._stacks[team.id, user_id] = [view]
        return view

    def push(self, team: Team, user_id: str, payload: JsonObject) -> View:
        stack = self.stack(team, user_id)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= LIMITS["view.stack"]:
            raise SlackError("push_limit_reached")
        self._refuse_known_external_id(team, payload)
        view = self._new(team, user_id, payload)
        view.root_view_id, view.previous_view_id = stack[0].id, stack[-1].id
        stack.append(view)
        return view

    def update(self, view: View, payload: JsonObject) -> View:
        if payload.get("external_id", view.external_id) != view.external_id:
            self._refuse_known_external_id(view.team, payload)
        view.payload = self._named(payload)
        view.hash = self._ids.next("hash-")
        return view

    def publish(self, team: Team, user_id: str, payload: JsonObject) -> View:
        home = self.home(team, user_id)
        if home:
            return self.update(home, payload)
        home = self._new(team, user_id, payload)
        self._homes[team.id, user_id] = home
        return home

    def find(self, team: Team, view_id: str | None, external_id: str | None) -> View | None:
        """A closed view is not found: Slack forgets it."""
        for view in self._all(team):
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        return None

    def close(self, view: View) -> None:
        stack = self.stack(view.team, view.user_id)
        if view in stack:
            stack.remove(view)

    def close_all(self, team: Team, user_id: str) -> None:
        self._stacks.pop((team.id, user_id), None)

    def _all(self, team: Team) -> list[View]:
        stacks = [view for stack in self._stacks.values() for view in stack]
        return [view for view in (*stacks, *self._homes.values()) if view.team is team]

    def _refuse_known_external_id(self, team: Team, payload: JsonObject) -> None:
        external_id = payload.get("external_id")
        if external_id and self.find(team, None, external_id):
            raise SlackError("duplicate_external_id")

    def _new(self, team: Team, user_id: str, payload: JsonObject) -> View:
        view_id = self._ids.next("V")
        return View(
            view_id,
            team,
            self._app,
            user_id,
            self._named(payload),
            self._ids.next("hash-"),
            root_view_id=view_id,
        )

    def _named(self, payload: JsonObject) -> JsonObject:
        return {**payload, "blocks": with_block_ids(payload["blocks"], self._ids)}
