"""Modals: opened by a trigger, filled in by a person, answered by a real Bolt app."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.usher.demo.slack.bolt_app import BoltApp
from tests.usher.demo.slack.clock import SteppedClock
from tests.usher.demo.slack.conftest import Office
from usher.demo.slack.errors import CannotSubmit, NothingThere
from usher.demo.slack.server import SlackLookalike

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def field(block_id: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element, **more}


def options(*values: str) -> list[Json]:
    return [{"text": plain(value.title()), "value": value} for value in values]


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "invite",
        "title": plain("Invite learners"),
        "submit": plain("Next"),
        "blocks": list(blocks) or [field("addresses", {"type": "plain_text_input", "action_id": "text"})],
        **more,
    }


EVERYTHING = modal(
    field("addresses", {"type": "plain_text_input", "action_id": "text", "multiline": True}),
    field("run", {"type": "external_select", "action_id": "run", "min_query_length": 1}),
    field("sheet", {"type": "file_input", "action_id": "sheet", "filetypes": ["csv"], "max_files": 1}),
    field("policy", {"type": "radio_buttons", "action_id": "policy", "options": options("hold", "good")}),
    field("tell", {"type": "checkboxes", "action_id": "tell", "options": options("me", "them")}, optional=True),
    field("kind", {"type": "static_select", "action_id": "kind", "options": options("all", "new")}),
    field("day", {"type": "datepicker", "action_id": "day", "initial_date": "2026-03-02"}),
    field("who", {"type": "users_select", "action_id": "who"}, optional=True),
)


def error_of(refused: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(refused.value.response["error"])


async def test_a_trigger_opens_one_view_only(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    trigger = slack.workspace.issue_trigger(office.team, office.ada.id)

    opened = await client.views_open(trigger_id=trigger.id, view=modal())
    with pytest.raises(SlackApiError) as refused:
        await client.views_open(trigger_id=trigger.id, view=modal())

    assert error_of(refused) == "exchanged_trigger_id"
    assert slack.driver.modal(office.ada).id == opened["view"]["id"]


@pytest.mark.parametrize(("seconds", "works"), [(3, True), (3.1, False)])
async def test_a_trigger_expires_after_three_seconds(
    slack: SlackLookalike,
    office: Office,
    client: AsyncWebClient,
    clock: SteppedClock,
    seconds: float,
    works: bool,
) -> None:
    trigger = slack.workspace.issue_trigger(office.team, office.ada.id)
    clock.advance(seconds)

    if works:
        assert (await client.views_open(trigger_id=trigger.id, view=modal()))["ok"]
    else:
        with pytest.raises(SlackApiError) as refused:
            await client.views_open(trigger_id=trigger.id, view=modal())
        assert error_of(refused) == "expired_trigger_id"


async def test_a_view_that_slack_would_not_show_keeps_the_trigger(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    trigger = slack.workspace.issue_trigger(office.team, office.ada.id)
    too_long = modal(title=plain("A title of more than 24 characters"))
    too_large = modal(*[{"type": "section", "text": plain("x" * 2900)} for _ in range(90)])

    with pytest.raises(SlackApiError) as invalid:
        await client.views_open(trigger_id=trigger.id, view=too_long)
    with pytest.raises(SlackApiError) as large:
        await client.views_open(trigger_id=trigger.id, view=too_large)
    opened = await client.views_open(trigger_id=trigger.id, view=modal())

    assert error_of(invalid) == "invalid_arguments"
    assert "24 characters" in invalid.value.response["response_metadata"]["messages"][0]
    assert error_of(large) == "view_too_large"
    assert opened["ok"]


async def test_at_most_three_views_are_stacked(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    def trigger() -> str:
        return slack.workspace.issue_trigger(office.team, office.ada.id).id

    first = await client.views_open(trigger_id=trigger(), view=modal())
    await client.views_push(trigger_id=trigger(), view=modal())
    third = await client.views_push(trigger_id=trigger(), view=modal())
    with pytest.raises(SlackApiError) as refused:
        await client.views_push(trigger_id=trigger(), view=modal())

    assert error_of(refused) == "push_limit_reached"
    assert third["view"]["root_view_id"] == first["view"]["id"]


async def test_a_closed_view_cannot_be_updated(slack: SlackLookalike, office: Office, client: AsyncWebClient) -> None:
    trigger = slack.workspace.issue_trigger(office.team, office.ada.id)
    await client.views_open(trigger_id=trigger.id, view=modal(external_id="import-1"))

    updated = await client.views_update(external_id="import-1", view=modal(external_id="import-1"))
    assert await slack.driver.close(office.ada, slack.driver.modal(office.ada)) is None
    with pytest.raises(SlackApiError) as refused:
        await client.views_update(external_id="import-1", view=modal())

    assert updated["ok"]
    assert error_of(refused) == "not_found"


async def test_an_old_hash_and_a_known_external_id_are_refused(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    trigger = slack.workspace.issue_trigger(office.team, office.ada.id)
    opened = (await client.views_open(trigger_id=trigger.id, view=modal(external_id="one")))["view"]
    await client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal(external_id="one"))

    with pytest.raises(SlackApiError) as stale:
        await client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal())
    again = slack.workspace.issue_trigger(office.team, office.ada.id)
    with pytest.raises(SlackApiError) as known:
        await client.views_open(trigger_id=again.id, view=modal(external_id="one"))

    assert error_of(stale) == "hash_conflict"
    assert error_of(known) == "duplicate_external_id"


async def test_a_submitted_form_carries_every_kind_of_value(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    got: list[Json] = []

    @bolt.app.command("/invite")
    async def invite(ack: Any, client: Any, body: Json) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=EVERYTHING)
        await ack()

    @bolt.app.options("run")
    async def runs(ack: Any, payload: Json) -> None:
        await ack(options=options("maths-2026-03", "maths-2026-06") if payload["value"] == "ma" else [])

    @bolt.app.view("invite")
    async def submitted(ack: Any, view: Json) -> None:
        got.append(view["state"]["values"])
        await ack()

    await slack.driver.command(office.ada, office.general, "/invite")
    view = slack.driver.modal(office.ada)
    offered = await slack.driver.suggest(office.ada, view, "run", "ma")
    sheet = slack.driver.add_file(office.ada, "learners.csv", b"a@example.org\n")
    ack = await slack.driver.submit(
        office.ada,
        view,
        {
            "text": "b@example.org",
            "run": "maths-2026-06",
            "sheet": [sheet],
            "policy": "hold",
            "tell": ["me", "them"],
            "kind": "new",
        },
    )

    values = got[0]
    assert [option["value"] for option in offered.options] == ["maths-2026-03", "maths-2026-06"]
    assert values["addresses"]["text"] == {"type": "plain_text_input", "value": "b@example.org"}
    assert values["run"]["run"]["selected_option"]["value"] == "maths-2026-06"
    assert values["sheet"]["sheet"]["files"][0]["id"] == sheet.id
    assert values["policy"]["policy"]["selected_option"]["value"] == "hold"
    assert [one["value"] for one in values["tell"]["tell"]["selected_options"]] == ["me", "them"]
    assert values["day"]["day"] == {"type": "datepicker", "selected_date": "2026-03-02"}
    assert values["who"]["who"] == {"type": "users_select", "selected_user": None}
    assert ack.ok
    with pytest.raises(NothingThere):
        slack.driver.modal(office.ada)


async def test_what_slacks_client_refuses_never_reaches_the_app(slack: SlackLookalike, office: Office) -> None:
    view = slack.workspace.views.open(office.team, office.ada.id, EVERYTHING)
    wrong_type = slack.driver.add_file(office.ada, "photo.png", b"")

    with pytest.raises(CannotSubmit) as incomplete:
        await slack.driver.submit(office.ada, view, {"text": "b@example.org"})
    with pytest.raises(NothingThere):
        await slack.driver.submit(office.ada, view, {"policy": "unheard of"})
    with pytest.raises(NothingThere):
        await slack.driver.submit(office.ada, view, {"sheet": [wrong_type]})
    with pytest.raises(NothingThere):
        await slack.driver.submit(office.ada, view, {"no such field": "x"})
    with pytest.raises(CannotSubmit):
        await slack.driver.submit(office.ada, view, {"text": "x" * 3001})

    assert set(incomplete.value.fields) == {"run", "sheet", "policy", "kind"}


async def test_the_app_may_answer_with_errors_then_another_view_then_the_end(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    answers: list[Json] = [
        {"response_action": "errors", "errors": {"addresses": "1 address has no @."}},
        {"response_action": "update", "view": modal(title=plain("2 learners"))},
        {"response_action": "push", "view": modal(title=plain("Sure?"))},
        {"response_action": "clear"},
    ]

    @bolt.app.view("invite")
    async def submitted(ack: Any) -> None:
        await ack(**answers.pop(0))

    first = slack.workspace.views.open(office.team, office.ada.id, modal())
    refused = await slack.driver.submit(office.ada, first, {"text": "a"})
    updated = await slack.driver.submit(office.ada, refused, {"text": "a@example.org"})
    pushed = await slack.driver.submit(office.ada, updated, {})
    cleared = await slack.driver.submit(office.ada, pushed, {"text": "yes"})

    assert refused.errors == {"addresses": "1 address has no @."}
    assert updated.view is not None
    assert updated.view.id == first.id
    assert pushed.view is not None
    assert pushed.view.previous_view_id == first.id
    assert cleared.view is None
    assert slack.workspace.views.stack(office.team, office.ada.id) == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"response_action": "errors", "errors": {"nowhere": "x"}}, "invalid_errors"),
        ({"response_action": "update", "view": {"type": "modal"}}, "invalid_arguments"),
        ({"response_action": "vanish"}, "invalid_response_action"),
    ],
)
async def test_an_answer_that_slack_would_not_take_leaves_the_modal_open(
    slack: SlackLookalike, office: Office, bolt: BoltApp, answer: Json, problem: str
) -> None:
    @bolt.app.view("invite")
    async def submitted(ack: Any) -> None:
        await ack(**answer)

    view = slack.workspace.views.open(office.team, office.ada.id, modal())
    ack = await slack.driver.submit(office.ada, view, {"text": "a@example.org"})

    assert ack.problem == problem
    assert slack.driver.modal(office.ada) is view
    assert slack.workspace.notices[-1].code == problem


async def test_closing_is_told_to_those_who_asked(slack: SlackLookalike, office: Office, bolt: BoltApp) -> None:
    closed: list[str] = []

    @bolt.app.view_closed("invite")
    async def on_close(ack: Any, view: Json) -> None:
        closed.append(view["id"])
        await ack()

    view = slack.workspace.views.open(office.team, office.ada.id, modal(notify_on_close=True))
    ack = await slack.driver.close(office.ada, view)

    assert ack is not None
    assert ack.ok
    assert closed == [view.id]


async def test_a_choice_in_a_modal_carries_what_was_filled_in(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    got: list[Json] = []
    menu = {"type": "static_select", "action_id": "kind", "options": options("all", "new")}
    view = slack.workspace.views.open(
        office.team,
        office.ada.id,
        modal(*modal()["blocks"], {"type": "actions", "block_id": "row", "elements": [menu]}),
    )

    @bolt.app.action("kind")
    async def chosen(ack: Any, body: Json) -> None:
        got.append(body)
        await ack()

    slack.driver.fill(office.ada, view, {"text": "a@example.org"})
    await slack.driver.press(office.ada, view, "kind", "new")

    assert got[0]["actions"][0]["selected_option"]["value"] == "new"
    assert got[0]["container"] == {"type": "view", "view_id": view.id}
    assert got[0]["view"]["state"]["values"]["addresses"]["text"]["value"] == "a@example.org"


async def test_too_many_suggestions_are_shown_as_a_failure(
    slack: SlackLookalike, office: Office, bolt: BoltApp
) -> None:
    @bolt.app.options("run")
    async def runs(ack: Any) -> None:
        await ack(options=options(*[f"run-{number}" for number in range(101)]))

    view = slack.workspace.views.open(office.team, office.ada.id, EVERYTHING)
    ack = await slack.driver.suggest(office.ada, view, "run", "r")

    assert ack.problem == "invalid_options"
    with pytest.raises(NothingThere):
        await slack.driver.suggest(office.ada, view, "run", "")
    with pytest.raises(NothingThere):
        await slack.driver.suggest(office.ada, view, "kind", "a")


async def test_only_the_topmost_modal_can_be_touched(slack: SlackLookalike, office: Office) -> None:
    below = slack.workspace.views.open(office.team, office.ada.id, modal())
    slack.workspace.views.push(office.team, office.ada.id, modal())

    with pytest.raises(NothingThere):
        await slack.driver.submit(office.ada, below, {"text": "a@example.org"})


async def test_a_view_without_submit_cannot_be_submitted(slack: SlackLookalike, office: Office) -> None:
    section = {"type": "section", "text": plain("Checking 1000 rows")}
    waiting = {"type": "modal", "title": plain("Import"), "blocks": [section]}
    view = slack.workspace.views.open(office.team, office.ada.id, waiting)

    with pytest.raises(NothingThere):
        await slack.driver.submit(office.ada, view, {})


async def test_what_was_typed_survives_an_update_that_keeps_the_ids(
    slack: SlackLookalike, office: Office, bolt: BoltApp, client: AsyncWebClient
) -> None:
    got: list[Json] = []

    @bolt.app.view("invite")
    async def submitted(ack: Any, view: Json) -> None:
        got.append(view["state"]["values"])
        await ack()

    view = slack.workspace.views.open(office.team, office.ada.id, modal())
    slack.driver.fill(office.ada, view, {"addresses": "a@example.org"})
    await client.views_update(view_id=view.id, view=modal(title=plain("Invite 1 learner")))
    await slack.driver.submit(office.ada, view, {})

    assert got == [{"addresses": {"text": {"type": "plain_text_input", "value": "a@example.org"}}}]


async def test_pushing_wants_an_open_modal_and_a_real_trigger(
    slack: SlackLookalike, office: Office, client: AsyncWebClient
) -> None:
    trigger = slack.workspace.issue_trigger(office.team, office.ada.id)

    with pytest.raises(SlackApiError) as nothing_open:
        await client.views_push(trigger_id=trigger.id, view=modal())
    with pytest.raises(SlackApiError) as made_up:
        await client.views_open(trigger_id="1.2.a", view=modal())

    assert error_of(nothing_open) == "not_found"
    assert error_of(made_up) == "invalid_trigger_id"
