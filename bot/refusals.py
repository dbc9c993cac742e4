"""Why Slack refused a call."""

from slack_sdk.errors import SlackApiError


def word_of(error: SlackApiError) -> str:
    """Slack's own word for it, as ``channel_not_found``. Empty: what answered was not Slack, but a proxy before it."""
    answered = getattr(error.response, "data", None)
    return str(answered.get("error") or "") if isinstance(answered, dict) else ""
