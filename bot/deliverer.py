"""What the worker has to say in Slack: one message a note, posted the first time and edited ever after.

    no ref ---------------- post ------------> accepted, ref "channel/ts#generation"
    ref ------------------- update ----------> accepted
      +-- the message is gone: post a new one, when its lanes are free as well
    a home ---------------- publish ---------> accepted, ref "digest#generation"
    a file ---------------- upload ----------> accepted; made when it is sent

Posting twice shows two messages, updating twice shows one. So a post whose answer was lost is UNSURE, an update whose
answer was lost is simply done again LATER. Slack's client must not repeat a call by itself.

How fast is told by lanes (``bot.pace``), which are entered with the claim: who is here may call. Of what is seen only
when it is drawn or refused (a home, a post in place of an edit, words in place of a file) they are entered then.
"""

import http.client
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, cast
from urllib.error import URLError

from msgspec import Struct
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.authorize import Place
from bot.blocks import Block, Message, draw
from bot.blocks.views import digest_of, home_view
from bot.pace import Method, held_lane, lanes_of, method_of, seconds_asked, upload_lanes
from bot.refusals import word_of
from bot.sealing import Seals
from bot.sheet_files import made, upload
from core.app import App
from core.context import System
from core.errors import Unavailable
from core.letters import Loaded, Outcome, Verdict
from core.rules.lanes import Lane
from core.settings import Settings
from core.usecases.exports import ExportCopy
from core.usecases.imports.copies import ImportCopy, TemplateCopy
from core.usecases.messages.lanes import EnterLanes, enter_lanes
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


class Note(Struct, frozen=True):
    """Drawn when it is sent, after the worker's claim: what happens later makes the worker come again."""

    app: App
    message_id: int


class _Drawn(Struct, frozen=True):
    app: App
    note: SlackNote
    message: Message
    blocks: list[Block]
    """Those of the message, with sealed values; files go without."""


def plain_client(settings: Settings) -> ClientFactory:
    def make(token: str) -> WebClient:
        return WebClient(token=token, base_url=settings.slack_api_url, timeout=_TIMEOUT_SECONDS, retry_handlers=[])

    return make


class SlackDeliverer:
    """Shared by the worker's threads. Nothing here waits."""

    width: Final = 1
    """One message on its way at a time: a kill leaves no more than one in doubt."""

    def __init__(self, settings: Settings, client_factory: ClientFactory | None = None) -> None:
        self._settings = settings
        self._make_client = client_factory or plain_client(settings)

    def load(self, app: App, ids: Sequence[int]) -> Loaded[Note]:
        loaded = app.read(load_slack_notes, LoadSlackNotes(tuple(ids)), System())
        notes = {note.message_id: Note(app, note.message_id) for note in loaded.notes}
        # Whose staff member cannot be reached in Slack (any more) is not worth saying.
        lanes = {note.message_id: _lanes(note) for note in loaded.notes}
        return Loaded(notes, loaded.unreachable_ids, lanes=lanes)

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
        return _deliver(self._make_client(token), item)


def _deliver(client: WebClient, item: _Drawn) -> Outcome:
    method = _method(item.note)
    outcome = _called(item, partial(_CALLS[method], client, item), method)
    if outcome is None and method is Method.UPDATE:
        outcome = _called(item, partial(_post_anew, client, item), Method.POST)
    nowhere = "the home tab is gone" if method is Method.PUBLISH else "channel_not_found"
    return outcome or Outcome(item.note.message_id, Verdict.REFUSED, nowhere)


def _place(note: SlackNote) -> Place:
    return Place(note.enterprise_id, note.team_id)


def _method(note: SlackNote) -> Method:
    if note.kind is MessageKind.HOME:
        return Method.PUBLISH
    if isinstance(note.content, ExportCopy | ImportCopy | TemplateCopy):
        return Method.UPLOAD
    return Method.UPDATE if note.ref else Method.POST


def _lanes(note: SlackNote) -> tuple[Lane, ...]:
    """Entered with the claim. Whether a home is published at all is seen when it is drawn."""
    method = _method(note)
    if method is Method.UPLOAD:
        return upload_lanes(_place(note), note.user_id)
    return () if method is Method.PUBLISH else lanes_of(_place(note), method, note.user_id)


def _drawn(item: Note) -> _Drawn | None:
    loaded = item.app.read(load_slack_notes, LoadSlackNotes((item.message_id,)), System())
    for note in loaded.notes:
        if isinstance(note.content, ExportCopy | ImportCopy | TemplateCopy):
            return _Drawn(item.app, note, Message("", ()), [])
        message = draw(note.content)
        seals = Seals(item.app.links, item.app.clock)
        return _Drawn(item.app, note, message, seals.sealed(note.team_id or note.enterprise_id, message.blocks))
    return None


class _TooSoon(Exception):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def _called(item: _Drawn, call: Callable[[], str], method: Method) -> Outcome | None:
    """None when what should be changed is gone."""
    message_id = item.note.message_id
    try:
        return Outcome(message_id, Verdict.ACCEPTED, ref=f"{call()}#{item.note.generation}")
    except _TooSoon as early:
        return Outcome(message_id, Verdict.LATER, "Slack wants calls one by one", early.seconds)
    except SlackApiError as error:
        return _refused(item.note, error, method)
    except SlackRequestError:
        # The bytes did not arrive whole; nothing was shown yet.
        return Outcome(message_id, Verdict.LATER, "the file did not reach Slack")
    except (OSError, http.client.HTTPException) as error:
        # urllib wraps what went wrong before the whole request was out, and nothing else.
        is_out = not isinstance(error, URLError)
        verdict = Verdict.UNSURE if method is Method.POST and is_out else Verdict.LATER
        return Outcome(message_id, verdict, _kind_of(error))


def _refused(note: SlackNote, error: SlackApiError, method: Method) -> Outcome | None:
    message_id = note.message_id
    seconds = seconds_asked(error)
    if seconds:
        lane = held_lane(_place(note), method_of(error, method))
        return Outcome(message_id, Verdict.LATER, "Slack asked us to wait", seconds, lane)
    response: Any = error.response
    code = word_of(error)[:100]
    if response.status_code >= 500:
        return Outcome(message_id, Verdict.LATER, f"Slack answered {response.status_code}")
    if method is not Method.POST and code in _GONE:
        return None
    return Outcome(message_id, _verdict_of(code), code)


def _verdict_of(code: str) -> Verdict:
    """What we do not know is tried again, and given up after the usual number of tries."""
    if code in _OUR_FAULTS:
        return Verdict.OUR_FAULT
    return Verdict.REFUSED if code in _REFUSALS else Verdict.LATER


def _kind_of(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return f"no answer from Slack ({type(reason).__name__})"


def _enter(item: _Drawn, method: Method) -> None:
    """Raises _TooSoon."""
    lanes = lanes_of(_place(item.note), method, item.note.user_id)
    wait = item.app.run(enter_lanes, EnterLanes(lanes), System()).wait
    if wait:
        raise _TooSoon(wait)


def _post_anew(client: WebClient, item: _Drawn) -> str:
    _enter(item, Method.POST)
    return _post(client, item)


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
        _enter(item, Method.PUBLISH)
        client.views_publish(user_id=item.note.user_id, view=home_view(tuple(item.blocks), digest=digest))
    return digest


def _update(client: WebClient, item: _Drawn) -> str:
    channel, _, ts = item.note.ref.partition("/")
    client.chat_update(channel=channel, ts=ts, text=item.message.text, blocks=item.blocks)
    return item.note.ref


def _upload(client: WebClient, item: _Drawn) -> str:
    content = cast(ExportCopy | ImportCopy | TemplateCopy, item.note.content)
    return upload(client, item.note.user_id, made(item.app, content), partial(_enter, item, Method.POST))


_CALLS: Final[dict[Method, Callable[[WebClient, _Drawn], str]]] = {
    Method.POST: _post,
    Method.UPDATE: _update,
    Method.PUBLISH: _publish,
    Method.UPLOAD: _upload,
}
