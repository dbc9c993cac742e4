"""The demo's one page: a Slack-like client beside the mailbox. Its endpoints let the driver act as the visitor does.

1. What a visitor types reaches Usher as Slack would send it, signed, through its own door; nothing is short-cut.
2. Other sites cannot make the visitor's browser act here: POST wants our own origin, and every request our own host.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from aiohttp import web

from bot.manifest import shortcuts
from core.requests import VERBS
from usher.demo import sample_sheet
from usher.demo.inbox import Inbox
from usher.demo.mail_pane import MailPane, json_answer
from usher.demo.mailbox import Mailbox
from usher.demo.sample import SIXTH_FORM, Sample
from usher.demo.screen import Screens
from usher.demo.slack.acks import Ack
from usher.demo.slack.errors import AppNotReachable, CannotSubmit, NothingThere
from usher.demo.slack.forms import Value
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import Message, User, View
from usher.demo.slack.server import SlackLookalike

_STATIC = Path(__file__).parent / "static"
_TYPES = MappingProxyType({".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"})
_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)
_MOST_FILE_BYTES = 10 * 1024 * 1024
_SHEETS = ("csv", "xlsx")
# Slack's client makes a file of a longer text.
_LONGEST_MESSAGE = 4000
_Handler = Callable[[web.Request], Awaitable[web.Response]]


class DemoPage:
    def __init__(self, slack: SlackLookalike, mailbox: Mailbox, inbox: Inbox, sample: Sample) -> None:
        self._slack = slack
        self._driver = slack.driver
        self._mailbox = mailbox
        self._sample = sample
        self._screens = Screens(slack.workspace, sample)
        self._mail_pane = MailPane(mailbox, inbox, self._screens, to=sample.mail_address)

    def routes(self) -> list[web.RouteDef]:
        gets: Mapping[str, _Handler] = {
            "/": self._serve_page,
            "/demo/static/{name}": self._serve_static,
            "/demo/scene": self._scene,
            "/demo/screen": self._screen,
            "/demo/files/{file_id}": self._file,
            **self._mail_pane.gets(),
        }
        posts: Mapping[str, _Handler] = {
            "/demo/say": self._say,
            "/demo/press": self._press,
            "/demo/suggest": self._suggest,
            "/demo/choose": self._choose,
            "/demo/submit": self._submit,
            "/demo/close": self._close,
            "/demo/home": self._open_home,
            "/demo/files": self._add_file,
            "/demo/shortcut": self._shortcut,
            "/demo/sample-sheet": self._drop_sample,
            **self._mail_pane.posts(),
        }
        return [
            *(web.get(path, self._guarded(handler)) for path, handler in gets.items()),
            *(web.post(path, self._guarded(handler)) for path, handler in posts.items()),
        ]

    def _guarded(self, handler: _Handler) -> _Handler:
        """Answers refusals of the look-alike in words, and strangers not at all."""

        async def guarded(request: web.Request) -> web.Response:
            if not self._is_ours(request):
                return web.Response(status=403, text="This page talks to your own browser only.")
            try:
                answer = await handler(request)
            except CannotSubmit as refusal:
                answer = json_answer({"errors": refusal.fields})
            except NothingThere as refusal:
                answer = json_answer({"problem": str(refusal)}, 409)
            except AppNotReachable:
                answer = json_answer({"problem": "Usher is not listening yet"}, 503)
            except (KeyError, TypeError, ValueError, AttributeError):
                answer = json_answer({"problem": "the page sent something that cannot be read"}, 400)
            for name, value in _HEADERS.items():
                answer.headers.setdefault(name, value)
            return answer

        return guarded

    def _is_ours(self, request: web.Request) -> bool:
        port = self._slack.base_url.rpartition(":")[2]
        if request.host not in {f"127.0.0.1:{port}", f"localhost:{port}"}:
            return False
        return request.method == "GET" or request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"

    # --- The page -----------------------------------------------------------------------------------------

    async def _serve_page(self, request: web.Request) -> web.Response:
        return _file("demo.html")

    async def _serve_static(self, request: web.Request) -> web.Response:
        return _file(request.match_info["name"])

    async def _scene(self, request: web.Request) -> web.Response:
        """What does not change while the demo runs."""
        verbs = [{"usage": f"/{verb.name} {verb.usage}".strip(), "summary": verb.summary} for verb in VERBS.values()]
        shown = {
            "people": self._screens.people(),
            "team": self._sample.team.name,
            "run": self._sample.run,
            "told_run": self._sample.told_run,
            "mail_address": self._sample.mail_address,
        }
        offered = [
            {"name": each["name"], "id": each["callback_id"]} for each in shortcuts() if each["type"] == "message"
        ]
        return json_answer(shown | {"verbs": verbs, "message_shortcuts": offered})

    async def _screen(self, request: web.Request) -> web.Response:
        user = self._screens.person(request.query["user"])
        shown = self._screens.show(user, request.query.get("conversation", ""))
        return json_answer(shown | {"mail_count": self._mailbox.received})

    # --- What the visitor does in Slack -------------------------------------------------------------------

    async def _say(self, request: web.Request) -> web.Response:
        """A slash command; else words, which reach Usher in its direct messages only."""
        asked, user = await self._asked(request)
        channel = self._screens.channel(user, asked["conversation"])
        text = str(asked["text"]).strip()
        if text.startswith("/"):
            command, _, rest = text.partition(" ") if "\n" not in text.split(" ")[0] else text.partition("\n")
            return _answer(await self._driver.command(user, channel, command, rest), about=command)
        files = [self._slack.workspace.files[file_id] for file_id in asked.get("files", ())]
        if channel.im_user_id:
            is_paste = not files and len(text) > _LONGEST_MESSAGE
            say = self._driver.paste_dm(user, text) if is_paste else self._driver.say_dm(user, text, files)
            return _answer(await say)
        if text:
            self._slack.workspace.post(channel, user, text)
        return json_answer({})

    async def _shortcut(self, request: web.Request) -> web.Response:
        """From the menu of a message."""
        asked, user = await self._asked(request)
        message = self._screens.message(user, asked["conversation"], asked["message"])
        return _answer(await self._driver.message_shortcut(user, message, str(asked["shortcut"])))

    async def _press(self, request: web.Request) -> web.Response:
        asked, user = await self._asked(request)
        holder = self._holder(user, asked)
        return _answer(await self._driver.press(user, holder, asked["action"], asked.get("value")))

    async def _suggest(self, request: web.Request) -> web.Response:
        asked, user = await self._asked(request)
        ack = await self._driver.suggest(user, self._holder(user, asked), asked["action"], str(asked["typed"]))
        return json_answer({"options": list(ack.options), "problem": ack.problem})

    async def _choose(self, request: web.Request) -> web.Response:
        """Keeps what was entered so far, so that a window that Usher redraws has it still."""
        asked, user = await self._asked(request)
        self._driver.fill(user, self._screens.view(user, asked["view"]), self._values(asked["values"]))
        return json_answer({})

    async def _submit(self, request: web.Request) -> web.Response:
        asked, user = await self._asked(request)
        view = self._screens.view(user, asked["view"])
        return _answer(await self._driver.submit(user, view, self._values(asked["values"])))

    async def _close(self, request: web.Request) -> web.Response:
        asked, user = await self._asked(request)
        ack = await self._driver.close(user, self._screens.view(user, asked["view"]))
        return _answer(ack) if ack else json_answer({})

    async def _open_home(self, request: web.Request) -> web.Response:
        _, user = await self._asked(request)
        return _answer(await self._driver.open_home(user))

    async def _add_file(self, request: web.Request) -> web.Response:
        """The file is the body; it is on its way into a form or a message."""
        user = self._screens.person(request.query["user"])
        content = await request.read()
        if len(content) > _MOST_FILE_BYTES:
            return json_answer({"problem": "a file may have 10 MB"}, 413)
        file = self._driver.add_file(user, Path(request.query["name"]).name, content)
        return json_answer({"id": file.id, "name": file.name})

    async def _drop_sample(self, request: web.Request) -> web.Response:
        """The sample spreadsheet, dropped on Usher; the answer names the conversation."""
        _, user = await self._asked(request)
        today = datetime.fromtimestamp(self._slack.workspace.now(), UTC).date()
        ack = await self._driver.upload_dm(user, sample_sheet.NAME, sample_sheet.sample_sheet(SIXTH_FORM, today))
        channel = self._slack.workspace.direct_messages(self._sample.team, user.id)
        return json_answer({"problem": ack.problem, "conversation": channel.id})

    async def _file(self, request: web.Request) -> web.Response:
        """A picture that stands in a message, or a spreadsheet for saving."""
        file = self._slack.workspace.files[request.match_info["file_id"]]
        if file.filetype == "png":
            return web.Response(body=file.content, content_type="image/png")
        if file.filetype not in _SHEETS:
            raise NothingThere("this is no picture and no spreadsheet")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
        return web.Response(body=file.content, content_type="application/octet-stream", headers=headers)

    async def _asked(self, request: web.Request) -> tuple[JsonObject, User]:
        asked = json.loads(await request.text())
        return asked, self._screens.person(asked["user"])

    def _holder(self, user: User, asked: JsonObject) -> Message | View:
        if "view" in asked:
            return self._screens.view(user, asked["view"])
        return self._screens.message(user, asked["conversation"], asked["message"])

    def _values(self, given: JsonObject) -> dict[str, Value]:
        """By block_id. Files are named by their ids."""
        return {name: self._files(value) if isinstance(value, dict) else value for name, value in given.items()}

    def _files(self, value: JsonObject) -> Value:
        return [self._slack.workspace.files[file_id] for file_id in value["files"]]


def _answer(ack: Ack, about: str = "") -> web.Response:
    """Slack's own words for an app that failed; `errors` stand under the fields of a form."""
    problem = f"{about} failed with the error “{ack.problem}”.".strip() if ack.problem else None
    return json_answer({"problem": problem, "errors": dict(ack.errors)})


def _file(name: str) -> web.Response:
    path = _STATIC / name
    if path.parent != _STATIC or path.suffix not in _TYPES or not path.is_file():
        return web.Response(status=404, text="There is no such file.")
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8")
