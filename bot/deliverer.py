"""What the worker has to say in Slack: one message a note, posted the first time and edited ever after.

    no ref ---------------- post ------------> accepted, ref "channel/ts#generation"
    ref ------------------- update ----------> accepted
    a home ---------------- publish ---------> accepted, ref "digest#generation"
    a file ---------------- upload ----------> accepted; made when it is sent
      +-- the message is gone: post a new one

Posting twice shows two messages, updating twice shows one. So a post whose answer was lost is UNSURE, an update whose
answer was lost is simply done again LATER. Slack's client must not repeat a call by itself.
"""

import http.client
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.blocks import Block, Message, draw
from bot.blocks.views import digest_of, home_view
from bot.pace import Closed, Pace
from bot.sealing import Seals
from bot.sheet_files import Given, made, upload
from core.app import App
from core.context import Clock, System, system_clock
from core.errors import Unavailable
from core.letters import Loaded, Outcome, Verdict
from core.settings import Settings
from core.usecases.exports import ExportCopy
from core.usecases.imports.copies import ImportCopy, TemplateCopy
from core.usecases.messages.slack_notes import LoadSlackNotes, SlackNote, load_slack_notes
from core.words import MessageKind

ClientFactory = Callable[[str], WebClient]
"""Makes a client for a token. It must not retry (``retry_handlers=[]``)."""

_TIMEOUT_SECONDS: Final = 10
_OUR_FAULTS: Final = frozenset((
    "access_denied", "account_inactive", "ekm_access_denied", "invalid_auth", "missing_scope", "no_permission",
    "not_authed", "org_login_required", "team_access_not_granted", "token_expired", "token_revoked",
))  # fmt: skip
_GONE: Final = frozenset(("cant_update_message", "channel_not_found", "edit_window_closed", "message_not_found"))
_REFUSALS: Final = frozenset((
    "cannot_dm_bot", "channel_not_found", "invalid_arguments", "invalid_blocks", "invalid_blocks_format", "is_archived",
    "messages_tab_disabled", "msg_blocks_too_long", "msg_too_long", "no_text", "restricted_action", "user_disabled",
    "user_not_found", "users_not_found",
))  # fmt: skip
_log = logging.getLogger("usher.bot")


class _Method(StrEnum):
    """Slack's own names. Each is slowed down by itself."""

    POST = "chat.postMessage"
    UPDATE = "chat.update"
    PUBLISH = "views.publish"
    UPLOAD = "files.completeUploadExternal"


@dataclass(frozen=True, slots=True)
class Note:
    """Drawn when it is sent, after the worker's claim: what happens later makes the worker come again."""

    app: App
    message_id: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    note: SlackNote
    message: Message
    blocks: list[Block]
    """Those of the message, with sealed values."""
    make_files: Callable[[], Given] | None = None
    """Files go without blocks, and are made when nothing else stands in their way."""


def plain_client(settings: Settings) -> ClientFactory:
    def make(token: str) -> WebClient:
        return WebClient(token=token, base_url=settings.slack_api_url, timeout=_TIMEOUT_SECONDS, retry_handlers=[])

    return make


class SlackDeliverer:
    """Shared by the worker's threads. Nothing here waits: who comes too early is told when to come again."""

    width: Final = 1
    """One message on its way at a time: a kill leaves no more than one in doubt."""

    def __init__(
        self, settings: Settings, client_factory: ClientFactory | None = None, *, clock: Clock = system_clock
    ) -> None:
        self._settings = settings
        self._make_client = client_factory or plain_client(settings)
        self._lock = threading.Lock()
        # Slack: one message a second and channel with short bursts; 50 edits a minute and workspace.
        self._channel_pace = Pace(clock, per_second=1, burst=3)
        self._edit_pace = Pace(clock, per_second=45 / 60, burst=10)
        self._closed = Closed(clock)

    def load(self, app: App, ids: Sequence[int]) -> Loaded[Note]:
        loaded = app.read(load_slack_notes, LoadSlackNotes(tuple(ids)), System())
        notes = {note.message_id: Note(app, note.message_id) for note in loaded.notes}
        # Whose staff member cannot be reached in Slack (any more) is not worth saying.
        return Loaded(notes, loaded.unreachable_ids)

    def send(self, items: Sequence[Note]) -> list[Outcome]:
        """One outcome a note; never raises."""
        return [self._send_one(item) for item in items]

    def _send_one(self, item: Note) -> Outcome:
        try:
            drawn = _drawn(item)
            if drawn is None:
                return Outcome(item.message_id, Verdict.REFUSED, "no confirmed Slack account")
            return self._send_drawn(drawn)
        except Unavailable as error:
            return Outcome(item.message_id, Verdict.LATER, error.code)
        except Exception:
            _log.exception("a note was not delivered", extra={"message_id": item.message_id})
            return Outcome(item.message_id, Verdict.LATER, "unexpected error, see the log")

    def _send_drawn(self, item: _Drawn) -> Outcome:
        token = item.note.token or self._settings.slack_bot_token
        if not token:
            return Outcome(item.note.message_id, Verdict.OUR_FAULT, "no bot token for this workspace")
        wait = self._seconds_to_wait(item.note)
        if wait:
            return Outcome(item.note.message_id, Verdict.LATER, "Slack wants messages one by one", retry_after=wait)
        return self._deliver(self._make_client(token), item)

    def _seconds_to_wait(self, note: SlackNote) -> int:
        with self._lock:
            wait = self._channel_pace.wait_for((*_workspace(note), note.user_id))
            is_edit = bool(note.ref) and note.kind is not MessageKind.HOME
            return wait if wait or not is_edit else self._edit_pace.wait_for(_workspace(note))

    def _deliver(self, client: WebClient, item: _Drawn) -> Outcome:
        if item.note.kind is MessageKind.HOME:
            gone = Outcome(item.note.message_id, Verdict.REFUSED, "the home tab is gone")
            return self._attempt(item, lambda: _publish(client, item), _Method.PUBLISH) or gone
        if item.make_files is not None:
            gone = Outcome(item.note.message_id, Verdict.REFUSED, "channel_not_found")
            files = item.make_files()
            return self._attempt(item, lambda: upload(client, item.note.user_id, files), _Method.UPLOAD) or gone
        if item.note.ref:
            outcome = self._attempt(item, lambda: _update(client, item), _Method.UPDATE)
            if outcome is not None:
                return outcome
        outcome = self._attempt(item, lambda: _post(client, item), _Method.POST)
        return outcome or Outcome(item.note.message_id, Verdict.REFUSED, "channel_not_found")

    def _attempt(self, item: _Drawn, call: Callable[[], str], method: _Method) -> Outcome | None:
        """None when what should be edited is gone. Slack's “wait” is about one method in one workspace."""
        door = (*_workspace(item.note), method)
        with self._lock:
            wait = self._closed.wait_for(door)
        if wait:
            return _asked_to_wait(item.note.message_id, wait)
        outcome = _called(item, call, method)
        if outcome is not None and outcome.retry_after is not None:
            with self._lock:
                self._closed.close(door, outcome.retry_after)
        return outcome


def _workspace(note: SlackNote) -> tuple[str, str]:
    return note.enterprise_id, note.team_id


def _drawn(item: Note) -> _Drawn | None:
    loaded = item.app.read(load_slack_notes, LoadSlackNotes((item.message_id,)), System())
    for note in loaded.notes:
        if isinstance(note.content, ExportCopy | ImportCopy | TemplateCopy):
            return _Drawn(note, Message("", ()), [], partial(made, item.app, note.content))
        message = draw(note.content)
        seals = Seals(item.app.links, item.app.clock)
        return _Drawn(note, message, seals.sealed(note.team_id or note.enterprise_id, message.blocks))
    return None


def _called(item: _Drawn, call: Callable[[], str], method: _Method) -> Outcome | None:
    message_id = item.note.message_id
    try:
        return Outcome(message_id, Verdict.ACCEPTED, ref=f"{call()}#{item.note.generation}")
    except SlackApiError as error:
        return _refused(message_id, error, method)
    except SlackRequestError:
        # The bytes did not arrive whole; nothing was shown yet.
        return Outcome(message_id, Verdict.LATER, "the file did not reach Slack")
    except (OSError, http.client.HTTPException) as error:
        # urllib wraps what went wrong before the whole request was out, and nothing else.
        is_out = not isinstance(error, URLError)
        verdict = Verdict.UNSURE if method is _Method.POST and is_out else Verdict.LATER
        return Outcome(message_id, verdict, _kind_of(error))


def _refused(message_id: int, error: SlackApiError, method: _Method) -> Outcome | None:
    response: Any = error.response
    code = str(response.get("error", ""))[:100]
    if response.status_code == 429 or code == "ratelimited":
        return _asked_to_wait(message_id, float(response.headers.get("Retry-After", 30)))
    if response.status_code >= 500:
        return Outcome(message_id, Verdict.LATER, f"Slack answered {response.status_code}")
    if method is not _Method.POST and code in _GONE:
        return None
    return Outcome(message_id, _verdict_of(code), code)


def _asked_to_wait(message_id: int, seconds: float) -> Outcome:
    return Outcome(message_id, Verdict.LATER, "Slack asked us to wait", retry_after=seconds)


def _verdict_of(code: str) -> Verdict:
    """What we do not know is tried again, and given up after the usual number of tries."""
    if code in _OUR_FAULTS:
        return Verdict.OUR_FAULT
    return Verdict.REFUSED if code in _REFUSALS else Verdict.LATER


def _kind_of(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return f"no answer from Slack ({type(reason).__name__})"


def _post(client: WebClient, item: _Drawn) -> str:
    """A person's id stands for our direct messages with them."""
    answer = client.chat_postMessage(
        channel=item.note.user_id,
        text=item.message.text,
        blocks=item.blocks,
        unfurl_links=False,
        unfurl_media=False,
    )
    return f"{answer['channel']}/{answer['ts']}"


def _publish(client: WebClient, item: _Drawn) -> str:
    """What is shown already is not published again. The digest stands for what is shown."""
    digest = digest_of(item.message.blocks)
    if digest != item.note.ref:
        client.views_publish(user_id=item.note.user_id, view=home_view(tuple(item.blocks), digest=digest))
    return digest


def _update(client: WebClient, item: _Drawn) -> str:
    channel, _, ts = item.note.ref.partition("/")
    client.chat_update(channel=channel, ts=ts, text=item.message.text, blocks=item.blocks)
    return item.note.ref
