"""response_url: the only way to change an ephemeral message, five times within half an hour."""

from usher.demo.slack.api_chat import check_content
from usher.demo.slack.calls import is_true
from usher.demo.slack.errors import SlackError
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.records import Message, ResponseUrl
from usher.demo.slack.workspace import Workspaces


def respond(workspace: Workspaces, key: str, body: JsonObject) -> None:
    """Raises SlackError when the address is used up or expired, or the message is one that Slack refuses."""
    ticket = workspace.use_response_url(key)
    if is_true(body.get("delete_original")):
        _delete_original(workspace, ticket)
        return
    check_content(body)
    original = ticket.original
    if is_true(body.get("replace_original")) and original in workspace.messages and original is not None:
        workspace.edit(original, body.get("text") or "", body.get("blocks"))
    else:
        say(workspace, ticket, body)


def say(workspace: Workspaces, ticket: ResponseUrl, body: JsonObject) -> Message:
    """Says it to the person alone, unless response_type is in_channel; replaceable through the same ticket."""
    team, channel = workspace.teams[ticket.team_id], workspace.channels[ticket.channel_id]
    only_for = None if body.get("response_type") == "in_channel" else ticket.user_id
    message = workspace.post(
        channel,
        workspace.users[team.bot_user_id],
        body.get("text") or "",
        blocks=body.get("blocks"),
        only_for=only_for,
    )
    message.thread_ts = body.get("thread_ts")
    ticket.original = ticket.original or message
    return message


def _delete_original(workspace: Workspaces, ticket: ResponseUrl) -> None:
    if ticket.original is None or ticket.original not in workspace.messages:
        raise SlackError("message_not_found")
    workspace.messages.remove(ticket.original)
