"""files.*: what they are, and the three steps by which the app uploads one (files_upload_v2)."""

from collections.abc import Mapping
from types import MappingProxyType

from usher.demo.slack.calls import Call, Method
from usher.demo.slack.errors import SlackError
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.rates import Tier
from usher.demo.slack.records import File, Upload
from usher.demo.slack.workspace import Workspaces


def _info(call: Call) -> JsonObject:
    return {"file": _file(call).full_json()}


def _delete(call: Call) -> JsonObject:
    file = _file(call)
    if file.user_id != call.team.bot_user_id:
        raise SlackError("cant_delete_file")
    del call.workspace.files[file.id]
    return {}


def _get_upload_url(call: Call) -> JsonObject:
    name, length = call.text("filename"), call.number("length")
    if call.team.are_uploads_disabled:
        raise SlackError("file_uploads_disabled")
    file = call.workspace.new_file(call.team, call.team.bot_user_id, name, b"")
    if file.filetype in call.team.blocked_file_types:
        raise SlackError("file_type_not_allowed")
    call.workspace.uploads[file.id] = Upload(file, length)
    return {"upload_url": f"{call.workspace.base_url}/upload/v1/{file.id}", "file_id": file.id}


def receive_upload(workspace: Workspaces, file_id: str, content: bytes) -> str:
    """The middle step, outside the Web API. Raises upload_not_found or bad_length."""
    upload = workspace.uploads.get(file_id)
    if upload is None:
        raise SlackError("upload_not_found")
    if len(content) != upload.length:
        raise SlackError("bad_length")
    upload.file.content = content
    return f"OK - {len(content)}"


def _complete_upload(call: Call) -> JsonObject:
    """Files without a channel stay the bot's own; with one, a message carries them."""
    wanted = call.arguments.get("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    files = [_completed(call, item) for item in wanted]
    channels = str(call.arguments.get("channel_id") or call.arguments.get("channels") or "")
    for channel_id in filter(None, channels.split(",")):
        _share(call, channel_id, files)
    return {"files": [file.full_json() for file in files]}


def _completed(call: Call, item: JsonObject) -> File:
    upload = call.workspace.uploads.get(str(item.get("id")))
    if upload is None or len(upload.file.content) != upload.length:
        raise SlackError("file_not_found")
    upload.file.title = item.get("title") or upload.file.name
    del call.workspace.uploads[upload.file.id]
    return call.workspace.keep_file(upload.file)


def _share(call: Call, channel_id: str, files: list[File]) -> None:
    channel = call.workspace.channel_in(call.team, channel_id)
    if channel is None:
        raise SlackError("channel_not_found")
    if call.team.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    message = call.workspace.post(channel, call.bot, call.arguments.get("initial_comment") or "")
    message.files, message.thread_ts = files, call.arguments.get("thread_ts")
    for file in files:
        file.channels.append(channel.id)
        file.shared_at[channel.id] = message.ts


def _file(call: Call) -> File:
    file = call.workspace.files.get(str(call.arguments.get("file") or ""))
    if file is None or file.team_id != call.team.id:
        raise SlackError("file_not_found")
    return file


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "files.info": Method(_info, Tier.FOUR, "files:read"),
        "files.delete": Method(_delete, Tier.THREE, "files:write"),
        "files.getUploadURLExternal": Method(_get_upload_url, Tier.FOUR, "files:write"),
        "files.completeUploadExternal": Method(_complete_upload, Tier.FOUR, "files:write"),
    }
)
