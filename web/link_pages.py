"""What is drawn of a shared link, whichever way its page was reached."""

from typing import Final

from starlette.responses import Response

from core.rules.zones import zone_named
from core.usecases.links.joining import JoinedByLink
from core.usecases.links.looking import LinkLookedAt
from core.wording.phrases import day_words, until_words
from core.words import SharedLinkState
from web.door import WebDoor
from web.fields import Field
from web.pages import run_words

_GONE: Final = frozenset({SharedLinkState.EXPIRED, SharedLinkState.REVOKED})
_TEMPLATES: Final = {
    SharedLinkState.OPEN: "link_open.html",
    SharedLinkState.PAUSED: "link_paused.html",
    SharedLinkState.WAITING: "link_waiting.html",
    SharedLinkState.FULL: "link_full.html",
    SharedLinkState.EXPIRED: "link_expired.html",
    SharedLinkState.REVOKED: "link_revoked.html",
}


def link_page(
    door: WebDoor, token: str, shown: LinkLookedAt, fields: tuple[Field, ...], *, status: int = 200, notice: str = ""
) -> Response:
    """``status`` where the link still lives: one that is gone for good says so."""
    zone = zone_named(shown.time_zone)
    return door.pages.page(
        _TEMPLATES[shown.state],
        410 if shown.state in _GONE else status,
        token=token,
        shown=shown,
        run=run_words(shown.run, door.app.clock()) if shown.run is not None else None,
        until=until_words(shown.ends_at, zone),
        opens=day_words(shown.opens_at, zone) if shown.opens_at else "",
        fields=fields,
        notice=notice,
    )


def joined_page(door: WebDoor, answer: JoinedByLink) -> Response:
    run = run_words(answer.run, door.app.clock())
    # A whole school may get this page within a minute.
    return door.pages.page_for(answer.address, "link_joined.html", run=run, organisation=answer.organisation)
