"""What every door says alike of shared links: their states, their rules, and whom they let in."""

from core.usecases.links.showing import LinkEvent
from core.words import LinkRule, SharedLinkState

LINK_HEADS: dict[LinkEvent, str] = {
    LinkEvent.CREATED: "Here is a link to {name}.",
    LinkEvent.FOUND: "There is a link to {name} already: here it is.",
    LinkEvent.EXPIRED: "The link to {name} has expired. Extend it, and the same link works again.",
    LinkEvent.PAUSED: "The link to {name} is paused.",
    LinkEvent.RESUMED: "The link to {name} works again.",
    LinkEvent.REVOKED: "The link to {name} is revoked: it lets nobody in any more.",
    LinkEvent.RESTORED: "The link to {name} is back.",
    LinkEvent.EXTENDED: "The time of the link to {name} is counted anew.",
    LinkEvent.CHANGED: "The settings of the link to {name} are saved.",
}

LINK_RULES: dict[LinkRule, str] = {
    LinkRule.THIRTEEN_WEEKS: "13 weeks after it was made or last extended",
    LinkRule.SIX_MONTHS: "six months after it was made or last extended",
    LinkRule.ENROLMENT_CLOSE: "when the run's enrolment closes",
    LinkRule.RUN_END: "when the run ends",
}

SHARED_LINK_STATES: dict[SharedLinkState, str] = {
    SharedLinkState.OPEN: "open",
    SharedLinkState.PAUSED: "paused",
    SharedLinkState.FULL: "full",
    SharedLinkState.WAITING: "waiting for the next run",
    SharedLinkState.EXPIRED: "expired",
    SharedLinkState.REVOKED: "revoked",
}

_JOINING: dict[SharedLinkState, str] = {
    SharedLinkState.PAUSED: " once you resume it",
    SharedLinkState.FULL: " once you raise the limit",
    SharedLinkState.WAITING: " once a run takes learners",
}


def anybody_words(state: SharedLinkState, bold: str = "") -> str:
    """What is always said of a link that can let somebody in, now or later. ``bold``: the door's mark for it."""
    return f"{bold}Anybody with this link can join{bold}{_JOINING.get(state, '')}, so give it only to those who should."


def shared_link_words(state: SharedLinkState, *, leads_to: str, opens: str) -> str:
    """``leads_to`` and ``opens``, the moment of the next run or nothing, as the door spells them."""
    match state:
        case SharedLinkState.OPEN:
            return f"Whoever joins now comes to the run {leads_to}."
        case SharedLinkState.PAUSED:
            return "Paused: nobody can join until you resume it."
        case SharedLinkState.FULL:
            return "Full: nobody else can join until you raise the limit."
        case SharedLinkState.WAITING:
            return f"Waiting: no run takes learners just now{f'; the next one opens {opens}' if opens else ''}."
        case SharedLinkState.EXPIRED:
            return "Expired: nobody can join."
        case SharedLinkState.REVOKED:
            return "Revoked: nobody can join. You can undo this for ten minutes."
