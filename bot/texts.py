"""Slack's own spelling of what somebody wrote, turned back into what they wrote."""

import re

# No class may run past the next bracket: that would be quadratic.
_MAILTO = re.compile(r"<mailto:([^|<>]+)(?:\|[^<>]*)?>", re.IGNORECASE)
_LINK = re.compile(r"<((?:https?|tel):[^|<>]+)(?:\|([^<>]*))?>", re.IGNORECASE)


def written(markup: str) -> str:
    """``<mailto:a@b|a@b>`` and ``&amp;`` as they were typed. Commands come plain, messages do not."""
    plain = _MAILTO.sub(r"\1", markup)
    plain = _LINK.sub(lambda match: match.group(2) or match.group(1), plain)
    # The ampersand last, or "&amp;lt;" would become "<".
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def request_text(command: str, text: str, prefix: str) -> str:
    """``/usher invite …``, ``/usher-invite …`` and ``/invite …`` all ask for ``invite …``."""
    name = command.removeprefix("/")
    return text if name == "usher" else f"{name.removeprefix(prefix)} {text}"
