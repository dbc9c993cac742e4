"""The page's endpoints: what a visitor does reaches the app as Slack would send it, and is shown as Slack keeps it."""

import json
import smtplib
from asyncio import to_thread
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from core.requests import VERBS
from core.sheets.cells import SheetFile
from core.sheets.reader import read_sheets
from tests.usher.demo.conftest import Stage
from tests.usher.demo.test_inbox import contents
from usher.demo.slack.inspection import JsonObject

_FORM: JsonObject = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Invite"},
    "submit": {"type": "plain_text", "text": "Preview"},
    "blocks": [
        {
            "type": "input",
            "block_id": "run",
            "label": {"type": "plain_text", "text": "Run"},
            "element": {"type": "external_select", "action_id": "run", "min_query_length": 1},
        },
        {
            "type": "input",
            "block_id": "note",
            "optional": True,
            "label": {"type": "plain_text", "text": "Note"},
            "element": {"type": "plain_text_input", "action_id": "note", "max_length": 10},
        },
        {
            "type": "input",
            "block_id": "file",
            "optional": True,
            "label": {"type": "plain_text", "text": "File"},
            "element": {"type": "file_input", "action_id": "file", "filetypes": ["csv"]},
        },
    ],
}
_OPTION = {"text": {"type": "plain_text", "text": "Maths"}, "value": "maths-2026-03"}


async def _post(stage: Stage, path: str, *, status: int = 200, **asked: Any) -> JsonObject:
    async with stage.browser.post(path, json={"user": stage.olive.id, **asked}) as answer:
        assert answer.status == status, await answer.text()
        found: JsonObject = await answer.json()
        return found


async def _get(stage: Stage, path: str, **parameters: str) -> JsonObject:
    async with stage.browser.get(path, params=parameters) as answer:
        assert answer.status == 200, await answer.text()
        found: JsonObject = await answer.json()
        return found


async def _screen(stage: Stage) -> JsonObject:
    return await _get(stage, "/demo/screen", user=stage.olive.id, conversation=stage.talk.id)


async def _say(stage: Stage, text: str, *, status: int = 200) -> JsonObject:
    return await _post(stage, "/demo/say", status=status, conversation=stage.talk.id, text=text)


def _listen_for_form(stage: Stage) -> list[JsonObject]:
    """What was submitted is collected."""
    submitted: list[JsonObject] = []

    async def form(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=_FORM)
        await ack()

    async def options(ack: AsyncAck, payload: dict[str, Any]) -> None:
        await ack(options=[_OPTION] if payload["value"] in "maths" else [])

    async def submit(ack: AsyncAck, view: dict[str, Any]) -> None:
        submitted.append(view["state"]["values"])
        is_bad = view["state"]["values"]["note"]["note"]["value"] == "bad"
        await (ack(response_action="errors", errors={"note": "Not this one."}) if is_bad else ack())

    stage.bolt.app.command("/invite")(form)
    stage.bolt.app.options("run")(options)
    stage.bolt.app.view("form")(submit)
    return submitted


async def test_a_message_has_a_menu_and_a_talk_takes_files_and_long_pastes(stage: Stage) -> None:
    pointed: list[str] = []
    told: list[JsonObject] = []

    async def note(ack: AsyncAck, body: dict[str, Any]) -> None:
        pointed.append(body["message"]["text"])
        await ack()

    async def hear(event: dict[str, Any]) -> None:
        told.append(event)

    stage.bolt.app.message_shortcut("invite_addresses")(note)
    stage.bolt.app.event("message")(hear)
    posted = stage.slack.workspace.post(stage.sample.channel, stage.sample.people[1].user, "a@example.org")
    shortcut = (await _get(stage, "/demo/scene"))["message_shortcuts"][0]
    async with stage.browser.post(f"/demo/files?user={stage.olive.id}&name=list.csv", data=b"a@example.org") as answer:
        file = await answer.json()

    await _post(
        stage, "/demo/shortcut", conversation=stage.sample.channel.id, message=posted.ts, shortcut=shortcut["id"]
    )
    await _post(stage, "/demo/say", conversation=stage.talk.id, text="", files=[file["id"]])
    await _say(stage, "a@example.org " * 400)

    assert shortcut["name"] == "Invite these addresses"
    assert pointed == ["a@example.org"]
    assert [(event["files"][0]["name"], event["files"][0]["mode"]) for event in told] == [
        ("list.csv", "hosted"),
        ("Untitled", "snippet"),
    ]


# --- The page ---------------------------------------------------------------------------------------------


async def test_the_page_and_its_parts_are_served_with_strict_headers_and_nothing_else_is(stage: Stage) -> None:
    for path, kind in (
        ("/", "text/html"),
        ("/demo/static/demo.js", "text/javascript"),
        ("/demo/static/demo.css", "text/css"),
        ("/demo/static/icon.svg", "image/svg+xml"),
    ):
        async with stage.browser.get(path) as answer:
            assert answer.status == 200, path
            assert answer.content_type == kind
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if path == "/":
                assert "//" not in (await answer.text()).replace("<!DOCTYPE html>", "")
    for name in ("..%2Fpage.py", "%2Fetc%2Fpasswd", "nothing.js", "demo.txt"):
        async with stage.browser.get(f"/demo/static/{name}") as answer:
            assert answer.status == 404, name


async def test_the_scene_names_people_commands_and_a_run(stage: Stage) -> None:
    scene = await _get(stage, "/demo/scene")

    assert [person["name"] for person in scene["people"]][:3] == ["Olive Owner", "Max Manager", "Vera Viewer"]
    assert {verb["usage"].split()[0] for verb in scene["verbs"]} == {f"/{name}" for name in VERBS}
    assert scene["run"] == stage.sample.run


async def test_another_site_cannot_act_here(stage: Stage) -> None:
    asked = {"user": stage.olive.id, "conversation": stage.talk.id, "text": "/invite"}

    async with stage.browser.post("/demo/say", json=asked, headers={"Sec-Fetch-Site": "cross-site"}) as foreign:
        assert foreign.status == 403
    async with stage.browser.get("/demo/scene", headers={"Host": "rebound.example.org"}) as rebound:
        assert rebound.status == 403
    async with stage.browser.post("/demo/say", json=asked, headers={"Sec-Fetch-Site": "same-origin"}) as own:
        assert own.status == 200


async def test_what_cannot_be_read_is_refused_in_words(stage: Stage) -> None:
    for body in ("", "[]", "{}", "not json", '{"user": 1}'):
        async with stage.browser.post("/demo/say", data=body) as answer:
            assert answer.status in {400, 409}, body
            assert (await answer.json())["problem"]


# --- Writing and pressing ---------------------------------------------------------------------------------


async def test_a_command_reaches_the_app_and_its_answer_only_the_one_who_asked(stage: Stage) -> None:
    heard: list[tuple[str, str]] = []

    async def invite(ack: AsyncAck, command: dict[str, Any]) -> None:
        heard.append((command["command"], command["text"]))
        await ack("Here is the *preview*.")

    stage.bolt.app.command("/invite")(invite)

    await _say(stage, "/invite maths-2026-03\na@example.org")

    assert heard == [("/invite", "maths-2026-03\na@example.org")]
    message = (await _screen(stage))["messages"][-1]
    assert message["text"] == "Here is the *preview*."
    assert message["is_private"]
    assert message["is_app"]


async def test_words_in_a_direct_message_reach_the_app_as_an_event(stage: Stage) -> None:
    heard: list[str] = []

    async def note(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    stage.bolt.app.event("message")(note)

    await _say(stage, "help <me>")

    assert heard == ["help &lt;me&gt;"]
    assert (await _screen(stage))["messages"][-1]["author"] == "Olive Owner"


async def test_words_in_a_channel_are_for_colleagues_only(stage: Stage) -> None:
    await _post(stage, "/demo/say", conversation=stage.sample.channel.id, text="Good morning")

    shown = await _get(stage, "/demo/screen", user=stage.olive.id, conversation=stage.sample.channel.id)
    assert [message["text"] for message in shown["messages"]] == ["Good morning"]
    assert stage.slack.driver.sent_events == {}


async def test_a_button_is_pressed_with_its_value(stage: Stage) -> None:
    pressed: list[str] = []

    async def press(ack: AsyncAck, action: dict[str, Any]) -> None:
        pressed.append(action["value"])
        await ack()

    stage.bolt.app.action("confirm")(press)
    button = {
        "type": "button",
        "action_id": "confirm",
        "value": "41",
        "text": {"type": "plain_text", "text": "Invite"},
    }
    bot = stage.slack.workspace.users[stage.sample.team.bot_user_id]
    blocks = [{"type": "actions", "elements": [button]}]
    message = stage.slack.workspace.post(stage.talk, bot, "A preview", blocks=blocks)

    await _post(stage, "/demo/press", conversation=stage.talk.id, message=message.ts, action="confirm", value="41")

    assert pressed == ["41"]


async def test_an_app_that_fails_is_named_with_slacks_word(stage: Stage) -> None:
    answer = await _say(stage, "/nobody-listens")

    assert answer["problem"] == "/nobody-listens failed with the error “dispatch_failed”."


async def test_what_is_not_on_the_screen_cannot_be_touched(stage: Stage) -> None:
    stranger = stage.sample.people[4].user

    gone = await _post(
        stage, "/demo/press", status=409, conversation=stage.talk.id, message="1.000000", action="confirm"
    )
    closed = await _post(stage, "/demo/submit", status=409, view="V1", values={})
    foreign = await _post(stage, "/demo/say", status=409, user=stranger.id, conversation=stage.talk.id, text="/invite")

    assert gone["problem"] == "this message is gone"
    assert closed["problem"] == "this window is closed"
    assert foreign["problem"] == "Sten Stranger has no such conversation"


async def test_until_the_house_listens_the_page_says_so(stage: Stage) -> None:
    stage.slack.courier.request_url = None

    answer = await _say(stage, "/invite", status=503)

    assert answer["problem"] == "Usher is not listening yet"


# --- Forms ------------------------------------------------------------------------------------------------


async def test_a_form_is_opened_searched_filled_with_a_file_and_sent(stage: Stage) -> None:
    submitted = _listen_for_form(stage)
    await _say(stage, "/invite")
    modal = (await _screen(stage))["modal"]

    found = await _post(stage, "/demo/suggest", view=modal["id"], action="run", typed="mat")
    await _post(stage, "/demo/choose", view=modal["id"], values={"run": found["options"][0]["value"]})
    # A later search must not take the choice away.
    await _post(stage, "/demo/suggest", view=modal["id"], action="run", typed="x")
    names = {"user": stage.olive.id, "name": "../learners.csv"}
    async with stage.browser.post("/demo/files", params=names, data=b"a@example.org") as uploaded:
        file = await uploaded.json()
    values = {"note": "Welcome", "file": {"files": [file["id"]]}}
    await _post(stage, "/demo/submit", view=modal["id"], values=values)

    assert [state["run"]["run"]["selected_option"] for state in submitted] == [_OPTION]
    assert submitted[0]["note"]["note"]["value"] == "Welcome"
    assert [each["name"] for each in submitted[0]["file"]["file"]["files"]] == ["learners.csv"]
    assert (await _screen(stage))["modal"] is None


async def test_errors_come_back_by_field_from_slack_and_from_the_app(stage: Stage) -> None:
    submitted = _listen_for_form(stage)
    await _say(stage, "/invite")
    modal = (await _screen(stage))["modal"]["id"]

    empty = await _post(stage, "/demo/submit", view=modal, values={})
    too_long = await _post(stage, "/demo/submit", view=modal, values={"note": "far too long"})
    await _post(stage, "/demo/suggest", view=modal, action="run", typed="maths")
    refused = await _post(stage, "/demo/submit", view=modal, values={"run": "maths-2026-03", "note": "bad"})

    assert empty["errors"] == {"run": "Please complete this required field."}
    assert too_long["errors"] == {"note": "2 characters too many"}
    assert refused["errors"] == {"note": "Not this one."}
    assert len(submitted) == 1
    assert (await _screen(stage))["modal"]["values"]["note"]["note"]["value"] == "bad"


async def test_a_form_is_closed_without_sending_it(stage: Stage) -> None:
    submitted = _listen_for_form(stage)
    await _say(stage, "/invite")
    modal = (await _screen(stage))["modal"]["id"]

    await _post(stage, "/demo/close", view=modal)

    assert (await _screen(stage))["modal"] is None
    assert submitted == []


async def test_a_file_that_is_too_large_is_refused(stage: Stage) -> None:
    names = {"user": stage.olive.id, "name": "learners.csv"}

    async with stage.browser.post("/demo/files", params=names, data=BytesIO(bytes(10 * 1024 * 1024 + 1))) as answer:
        assert answer.status == 413
        assert (await answer.json())["problem"] == "a file may have 10 MB"


async def test_of_files_pictures_are_shown_and_spreadsheets_are_for_saving(stage: Stage) -> None:
    workspace = stage.slack.workspace
    team = workspace.teams[stage.olive.team_id]
    picture, sheet, text = (
        workspace.keep_file(workspace.new_file(team, stage.olive.id, name, b"some bytes"))
        for name in ("a.png", "a (checked).xlsx", "a.html")
    )

    async with stage.browser.get(f"/demo/files/{picture.id}") as shown:
        assert (shown.status, shown.content_type, await shown.read()) == (200, "image/png", b"some bytes")
    async with stage.browser.get(f"/demo/files/{sheet.id}") as saved:
        assert (saved.status, saved.content_type) == (200, "application/octet-stream")
        assert saved.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20%28checked%29.xlsx"
    async with stage.browser.get(f"/demo/files/{text.id}") as refused:
        assert refused.status == 409


async def test_the_sample_spreadsheet_is_dropped_on_usher(stage: Stage) -> None:
    told: list[dict[str, Any]] = []

    async def listen(event: dict[str, Any]) -> None:
        told.append(event)

    stage.bolt.app.event("message")(listen)
    answer = await _post(stage, "/demo/sample-sheet")

    assert answer["conversation"] == stage.talk.id
    assert [file["name"] for event in told for file in event["files"]] == ["Year 12 learners.xlsx"]
    (file,) = stage.slack.workspace.files.values()
    read = read_sheets(file.content)
    assert isinstance(read, SheetFile)
    assert len(read.sheets[0].rows) == 13


async def test_the_home_tab_is_opened_and_shown(stage: Stage) -> None:
    view = {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Welcome"}}]}

    async def publish(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view=view)

    stage.bolt.app.event("app_home_opened")(publish)

    await _post(stage, "/demo/home")

    assert (await _screen(stage))["home"]["blocks"][0]["text"]["text"] == "Welcome"


# --- The mailbox ------------------------------------------------------------------------------------------


async def _receive(stage: Stage) -> None:
    mail = EmailMessage()
    mail["From"] = "college@example.org"
    mail["To"] = "ana@example.org"
    mail["Subject"] = "You are <b>invited</b>"
    mail.set_content("See https://usher.example.org/i/abc")
    mail.add_alternative("<html><head></head><body><script>alert(1)</script>Hello</body></html>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="cours é.ics")
    await to_thread(_deliver, stage, mail)


def _deliver(stage: Stage, mail: EmailMessage) -> None:
    with smtplib.SMTP(stage.mailbox.host, stage.mailbox.port) as client:
        client.send_message(mail)


async def test_mails_are_listed_searched_and_opened(stage: Stage) -> None:
    await _receive(stage)

    listed = await _get(stage, "/demo/mails", page="1", search="ana")
    nobody = await _get(stage, "/demo/mails", page="1", search="bo@")
    opened = await _get(stage, "/demo/mails/1")

    assert [(mail["number"], mail["to"], mail["subject"]) for mail in listed["mails"]] == [
        (1, "ana@example.org", "You are <b>invited</b>")
    ]
    assert (nobody["mails"], nobody["received"]) == ([], 1)
    assert opened["text"] == "See https://usher.example.org/i/abc\n"
    assert opened["has_html"]
    assert opened["attachments"] == [{"name": "cours é.ics", "type": "text/calendar", "size": 15}]
    assert (await _screen(stage))["mail_count"] == 1


async def test_the_html_of_a_mail_is_kept_in_a_sandbox(stage: Stage) -> None:
    await _receive(stage)

    async with stage.browser.get("/demo/mails/1/html?scheme=dark") as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = await answer.text()

    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "color-scheme: dark" in page


async def test_an_attachment_is_given_as_a_download_only(stage: Stage) -> None:
    await _receive(stage)

    async with stage.browser.get("/demo/mails/1/attachments/0") as answer:
        assert await answer.read() == b"BEGIN:VCALENDAR"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''cours%20%C3%A9.ics"
        assert answer.content_type == "application/octet-stream"


@pytest.mark.parametrize("path", ["/demo/mails/7", "/demo/mails/7/html", "/demo/mails/1/attachments/9"])
async def test_a_mail_that_is_gone_is_said_to_be_gone(stage: Stage, path: str) -> None:
    await _receive(stage)

    async with stage.browser.get(path) as answer:
        assert answer.status == 409
        assert json.loads(await answer.text())["problem"].startswith("this mail ")


# --- Writing to Usher -------------------------------------------------------------------------------------


def _form(stage: Stage, **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData({"user": stage.olive.id, "subject": "help", "text": "", "answers": "", **fields})
    form.add_field("file", b"email\na@example.org\n", filename="learners.csv", content_type="text/csv")
    return form


async def _in_inbox(stage: Stage) -> list[EmailMessage]:
    return [message_from_bytes(raw, policy=default) for raw in await to_thread(contents, stage.inbox)]


async def test_a_mail_that_a_visitor_writes_lies_in_the_inbox_that_usher_reads(stage: Stage) -> None:
    async with stage.browser.post(
        "/demo/mails", data=_form(stage, subject="invite maths", text="b@example.org")
    ) as done:
        assert done.status == 200

    (mail,) = await _in_inbox(stage)
    assert mail["From"] == "Olive Owner <olive@northfield.example.org>"
    assert (mail["To"], mail["Subject"]) == (stage.sample.mail_address, "invite maths")
    assert [part.get_filename() for part in mail.iter_attachments()] == ["learners.csv"]


async def test_a_reply_names_the_mail_that_it_answers(stage: Stage) -> None:
    letter = EmailMessage()
    letter["Message-ID"] = "<answer@example.org>"
    letter["From"], letter["To"] = stage.sample.mail_address, stage.olive.email
    await to_thread(_deliver, stage, letter)

    async with stage.browser.post("/demo/mails", data=_form(stage, answers="1", text="undo")) as done:
        assert done.status == 200

    (mail,) = await _in_inbox(stage)
    assert mail["In-Reply-To"] == "<answer@example.org>"


async def test_nobody_writes_in_the_name_of_a_stranger(stage: Stage) -> None:
    async with stage.browser.post("/demo/mails", data=_form(stage, user="U404")) as refused:
        assert refused.status == 409

    assert await _in_inbox(stage) == []
