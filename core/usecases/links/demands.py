"""What a shared link demands of a press: that it is open, and that what was typed will do."""

from typing import Final

from core.errors import AddressInvalid, DomainNotAllowed, NameMissing, SharedLinkClosed
from core.model import SharedLink
from core.rules.addresses import Address, InvalidAddress, parse_address
from core.rules.policy import NAME_CHARACTERS
from core.rules.text import clean_name
from core.usecases.links.states import LinkNow
from core.words import SharedLinkState

_STATE_WORDS: Final = {
    SharedLinkState.REVOKED: "is no longer valid: the people who gave it out took it back",
    SharedLinkState.EXPIRED: "is no longer valid: its time is over",
    SharedLinkState.PAUSED: "is paused for the moment",
    SharedLinkState.FULL: "has let in as many people as it may",
    SharedLinkState.WAITING: "leads to a course that takes nobody just now",
}


def require_open(now: LinkNow, *or_else: SharedLinkState) -> None:
    if now.state not in (SharedLinkState.OPEN, *or_else):
        raise closed(now.state)


def closed(state: SharedLinkState) -> SharedLinkClosed:
    return SharedLinkClosed(state=_STATE_WORDS[state], next_step="Open the link again to see what you can do.")


def typed_names(first_name: str, last_name: str) -> tuple[str, str]:
    first, last = clean_name(first_name, NAME_CHARACTERS), clean_name(last_name, NAME_CHARACTERS)
    for name, part in ((first, "first name"), (last, "last name")):
        if not name:
            raise NameMissing(part=part)
    return first, last


def typed_address(typed: str) -> Address:
    found = parse_address(typed)
    if isinstance(found, InvalidAddress):
        raise AddressInvalid(nearest=found.suggestion)
    return found


def require_domain(link: SharedLink, address: Address) -> None:
    # Exactly: whoever allows a school's domain has not thought of every host below it.
    if link.domains and domain_of(address.key) not in link.domains:
        raise DomainNotAllowed(domains=" or ".join(f"@{domain}" for domain in link.domains))


def may_join_at_once(link: SharedLink, address: Address) -> bool:
    """One mailbox has as many tags as its owner likes, and each would be another learner and another welcome."""
    return not link.must_confirm and "+" not in address.key


def domain_of(key: str) -> str:
    return key.rpartition("@")[2]
