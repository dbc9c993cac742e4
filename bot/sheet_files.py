"""Spreadsheets that we send into somebody's direct messages: marked copies of imports, the template, exports.

They are made here, when they are sent, and kept nowhere. Where a workspace takes no files its people are told so.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.blocks.parts import escaped, said, section
from bot.refusals import word_of
from core.app import App
from core.errors import Unavailable, UsherError
from core.exports.making import exported
from core.import_reports import marked_copies
from core.sheets.annotate import MarkedFile
from core.sheets.marks import Form
from core.usecases.exports import ExportCopy
from core.usecases.imports.answers import LoadMarks, load_marks
from core.usecases.imports.copies import ImportCopy, TemplateCopy
from core.wording.imports import TEMPLATE_FILES, import_name, someone

Given = tuple[str, Sequence[tuple[str, bytes]]]
"""What is said, and the files by name."""
_NOT_TAKEN: Final = {
    "file_uploads_disabled": "your workspace does not let me upload files",
    "file_type_not_allowed": "your workspace does not allow files of this type",
    "file_upload_size_restricted": "it is larger than your workspace allows",
    "storage_limit_reached": "your workspace has no room for more files",
}


def made(app: App, content: ExportCopy | ImportCopy | TemplateCopy) -> Given:
    """Raises Unavailable; then it is sent later."""
    if isinstance(content, ExportCopy):
        return _export(app, content)
    if isinstance(content, TemplateCopy):
        # It takes a tenth of a second to load, and few ask for it.
        from core.sheets.run_template import template_of

        row = someone(content.subject).removeprefix("a ")
        words = f"Here is the template: one {row} a row, columns with a star are needed. Send it back to me here."
        return words, ((TEMPLATE_FILES[content.subject], template_of(content.subject)),)
    try:
        loaded = app.read(load_marks, LoadMarks(content.number), content.receiver)
    except Unavailable:
        raise
    except UsherError as error:
        return escaped(f"{error.message} {error.hint}"), ()
    files = marked_copies(loaded, is_full=content.is_full)
    name = import_name(content.number)
    if not files:
        return f"I could not make the marked copy of {name}. What its message says is true all the same.", ()
    return _words(name, loaded.file_name, files), tuple((each.name, each.content) for each in files)


def _export(app: App, content: ExportCopy) -> Given:
    try:
        file = exported(app, content.export_id, content.receiver)
    except Unavailable:
        raise
    except UsherError as error:
        return escaped(f"{error.message} {error.hint}"), ()
    return f"Here is {file.name}, as you asked.", ((file.name, file.content),)


def _words(name: str, file_name: str, files: Sequence[MarkedFile]) -> str:
    if any(each.form is Form.FAULTY for each in files):
        return f"{name}: the rows to correct of “{said(file_name, 80)}”, with their numbers in your file."
    words = "Each row has its status; red cells are wrong, yellow ones worth a look."
    return f"{name}: “{said(file_name, 80)}”, marked. {words}"


def upload(client: WebClient, user_id: str, given: Given, before_words: Callable[[], None]) -> str:
    """The ``channel/ts`` of the message that carries them, as far as Slack tells. Raises what Slack's client raises.

    ``before_words``: called where words take the files' place.
    """
    words, files = given
    channel = str(client.conversations_open(users=user_id)["channel"]["id"])
    if not files:
        before_words()
        return _told(client, channel, words)
    uploads: list[dict[str, Any]] = [{"filename": name, "title": name, "file": content} for name, content in files]
    try:
        answer = client.files_upload_v2(channel=channel, file_uploads=uploads, initial_comment=words)
    except SlackApiError as error:
        reason = _NOT_TAKEN.get(word_of(error))
        if reason is None:
            raise
        before_words()
        return _told(client, channel, f"I cannot send you the file, for {reason}. {words}")
    return f"{channel}/{_ts(answer.get('files') or [], channel)}"


def _told(client: WebClient, channel: str, words: str) -> str:
    answer = client.chat_postMessage(
        channel=channel, text=words, blocks=[section(words)], unfurl_links=False, unfurl_media=False
    )
    return f"{channel}/{answer['ts']}"


def _ts(files: Sequence[dict[str, Any]], channel: str) -> str:
    """Slack shares a file a moment after it has answered, so it may not know yet."""
    shares = [share for file in files for by_channel in (file.get("shares") or {}).values() for share in
              by_channel.get(channel, ())]  # fmt: skip
    return str(shares[0].get("ts") or "") if shares else ""
