"""One shared link with everything about it, and the list of them."""

from typing import Final

from core.usecases.links.lists import SharedLinksListed
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.links.showing import SharedLinkShown
from core.wording.results import counted, that_fit, until_words
from core.wording.shared_links import LINK_HEADS, LINK_RULES, SHARED_LINK_STATES, anybody_words, shared_link_words
from core.words import SharedLinkState
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some

_DOMAINS: Final = 5
_OVER: Final = (SharedLinkState.EXPIRED, SharedLinkState.REVOKED)


def tell_link(shown: SharedLinkShown, teller: Teller) -> Answer:
    head = LINK_HEADS[shown.event] if shown.event else "The link to {name}."
    is_over = shown.state in _OVER
    of_cap = f" of at most {shown.use_cap:,}" if shown.use_cap is not None else ""
    verb = "Ended" if shown.state is SharedLinkState.EXPIRED else "Ends"
    ends = (verb, f"{until_words(shown.ends_at, shown.time_zone)}: {LINK_RULES[shown.ends_by]}")
    return Answer(
        headline=_with_name(head, f"{shown.title} ({shown.code})"),
        lines=some(
            "" if is_over else anybody_words(shown.state),
            _state_words(shown, teller),
        ),
        facts=(
            ("Joined", f"{counted(shown.joins, 'learner')}{of_cap}, {shown.joins_of_week:,} in the last 7 days"),
            *(() if shown.state is SharedLinkState.REVOKED else (ends,)),
            *_demands(shown),
            ("Made by", shown.made_by),
        ),
        steps=("Its settings, its QR code and revoking it are in Slack: “/usher links”.",),
        url="" if is_over else shown.url,
    )


def _with_name(words: str, name: str) -> str:
    """Not ``format``: the name may have braces."""
    return words.replace("{name}", name)


def _state_words(shown: SharedLinkShown, teller: Teller) -> str:
    opens = teller.moment(shown.opens_at) if shown.opens_at else ""
    return shared_link_words(shown.state, leads_to=shown.leads_to, opens=opens)


def _demands(shown: SharedLinkShown) -> tuple[tuple[str, str], ...]:
    named = ", ".join(f"@{domain}" for domain in shown.allowed_domains[:_DOMAINS])
    more = len(shown.allowed_domains) - _DOMAINS
    only = (("Only for", f"{named}{f' and {more:,} more' if more > 0 else ''}"),) if named else ()
    return (*only, ("Addresses", "are confirmed by an e-mail")) if shown.confirms_address else only


def tell_changed(result: SharedLinkChanged, teller: Teller) -> Answer:
    """Where the link is gone meanwhile."""
    return Answer(_with_name(LINK_HEADS[result.event], result.title))


def tell_links(listed: SharedLinksListed, teller: Teller) -> Answer:
    fits = that_fit(listed.total, listed.search)
    rows = tuple(map(link_row, listed.links))
    code = listed.links[0].code if listed.links else "CODE"
    return Answer(
        headline=f"{counted(listed.total, 'shared link')}{fits}.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            f"“links {code}” shows the link itself."
            if rows
            else "“links” and the code of a run or course makes one. “courses” lists the codes.",
            "Anybody with a shared link can join. Those that expired more than six months ago are not listed.",
        ),
    )


def link_row(shown: SharedLinkShown) -> Row:
    verb = "ended" if shown.state is SharedLinkState.EXPIRED else "until"
    cap = f" of {shown.use_cap:,}" if shown.use_cap is not None else ""
    until = until_words(shown.ends_at, shown.time_zone)
    details = f"{shown.joins:,}{cap} joined · {SHARED_LINK_STATES[shown.state]} · {verb} {until}"
    return Row(f"{shown.title} ({shown.code})", (details,))
