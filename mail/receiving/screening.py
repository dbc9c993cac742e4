"""What becomes of a message: named rules, asked in order, of which the first that fits decides. Pure: no row, no clock.

    BY_ITSELF          what the message says of itself
    BY_ADDRESS         who has the address in From
    BY_PROOF           whether that is proven, and how much was asked for already

Names are ``MailRule``'s; ``RULE_WORDS`` says each in a sentence. An ignored message is answered by nothing, and nobody
is asked about it: whatever a robot hears it may answer (RFC 3834, 2).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from core.rules.policy import MAIL_COMMANDS_AN_HOUR, MAIL_COMMANDS_AN_HOUR_ORGANISATION
from core.words import MailRule
from mail.parsing.parsed import ParsedMail, ReportKind
from mail.receiving.senders import Proof, sender_of
from mail.reports.stop_words import asks_to_stop, has_stop_token


class Verdict(StrEnum):
    REQUEST = "request"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    STOP = "stop"
    HOLD = "hold"
    IGNORE = "ignore"


class Decision(Struct, frozen=True):
    """``detail``: what an operator should know besides the rule, without addresses."""

    rule: MailRule
    verdict: Verdict
    detail: str = ""


class House(Struct, frozen=True):
    """What is ours, in small letters: the address that we write from, the domain of our Message-IDs."""

    from_key: str
    domain: str


class Facts(Struct, frozen=True):
    """What stands outside the message. What has not been looked up yet is as if it were nothing."""

    house: House
    envelope_from: str | None = None
    has_bounce_token: bool = False
    """It was written to an envelope address that only one of our mails carried."""
    is_released: bool = False
    has_twin: bool = False
    is_staff: bool = False
    """Staff have the address in From; or one of the addresses, where there are several."""
    proof: Proof | None = None
    asked_by_sender: int = 0
    """This hour, before this one."""
    asked_by_organisation: int = 0


Rule = Callable[[ParsedMail, Facts], Decision | None]

_OUR_REF: Final = re.compile(r"<[0-9a-f]{1,16}@([^<>@]+)>")
_DAEMON: Final = "mailer-daemon"
_ROBOTS: Final = frozenset({
    _DAEMON, "postmaster", "no-reply", "noreply", "no.reply", "no_reply", "donotreply", "do-not-reply", "do.not.reply",
    "do_not_reply", "bounce", "bounces", "listserv", "majordomo", "autoreply", "auto-reply",
})  # fmt: skip


# --- What the message says of itself ----------------------------------------------------------------------


def own_mail(mail: ParsedMail, facts: Facts) -> Decision | None:
    """Our From or a Message-ID of the shape that only we give: a mailbox that gets its own mail would answer itself."""
    sender = sender_of(mail)
    ref = _OUR_REF.fullmatch(mail.message_ref.lower())
    is_ours = (sender is not None and sender.key == facts.house.from_key) or (ref and ref[1] == facts.house.domain)
    return Decision(MailRule.OWN_MAIL, Verdict.IGNORE) if is_ours else None


def loop(mail: ParsedMail, facts: Facts) -> Decision | None:
    """Our mark. Of that family no other header is read (bestpractical/rt, lib/RT/Interface/Email.pm)."""
    marks = {value.strip().lower() for value in mail.all_headers("x-usher-loop")}
    return Decision(MailRule.LOOP, Verdict.IGNORE) if facts.house.domain in marks else None


def complaint(mail: ParsedMail, _facts: Facts) -> Decision | None:
    """RFC 5965."""
    is_one = mail.report is not None and mail.report.kind is ReportKind.COMPLAINT
    return Decision(MailRule.COMPLAINT, Verdict.COMPLAINT) if is_one else None


def bounce(mail: ParsedMail, facts: Facts) -> Decision | None:
    """RFC 3464, or what mail hosts wrote before it. Holiday replies go to our envelope address as well."""
    is_report = mail.report is not None and mail.report.kind is ReportKind.DELIVERY
    is_told = is_report or bool(mail.header("x-failed-recipients")) or _DAEMON in _local_parts(mail)
    is_returned = (facts.envelope_from == "" or facts.has_bounce_token) and not _says_automatic(mail)
    return Decision(MailRule.BOUNCE, Verdict.BOUNCE) if is_told or is_returned else None


def auto_reply(mail: ParsedMail, facts: Facts) -> Decision | None:
    """RFC 3834; notes on e-mail, section 6."""
    robot = next((local for local in _local_parts(mail) if local in _ROBOTS), "")
    is_receipt = mail.report is not None and mail.report.kind is ReportKind.DISPOSITION
    reasons = (
        (_says_automatic(mail), "it says so itself"),
        (facts.envelope_from == "", "nobody's envelope address"),
        (is_receipt, "a receipt"),
        (robot != "", "a robot's address"),
    )
    detail = next((words for is_so, words in reasons if is_so), None)
    return None if detail is None else Decision(MailRule.AUTO_REPLY, Verdict.IGNORE, detail)


# --- Who has the address ----------------------------------------------------------------------------------


def no_single_sender(mail: ParsedMail, facts: Facts) -> Decision | None:
    """RFC 5322, 3.6.2 allows several; we do not choose. An operator sees what may be from staff."""
    if sender_of(mail) is not None:
        return None
    detail = f"{mail.from_headers} From headers, {len(mail.senders)} addresses"
    return Decision(MailRule.NO_SINGLE_SENDER, Verdict.HOLD if facts.is_staff else Verdict.IGNORE, detail)


def stop(mail: ParsedMail, facts: Facts) -> Decision | None:
    """Of staff it is a request like others, about the message that they reply to; unless they press it as learners."""
    is_one = has_stop_token(mail) or (not facts.is_staff and asks_to_stop(mail))
    return Decision(MailRule.STOP, Verdict.STOP) if is_one else None


def unknown_sender(_mail: ParsedMail, facts: Facts) -> Decision | None:
    """Any answer would go to whoever is pretended to have written."""
    return None if facts.is_staff else Decision(MailRule.UNKNOWN_SENDER, Verdict.IGNORE)


# --- Whether it is proven ---------------------------------------------------------------------------------


def same_id_other_content(_mail: ParsedMail, facts: Facts) -> Decision | None:
    """The id is the sender's choice: what bears that of a message already done may be forged, or a program's flaw."""
    is_so = facts.has_twin and not facts.is_released
    return Decision(MailRule.SAME_ID_OTHER_CONTENT, Verdict.HOLD) if is_so else None


def list_mail(mail: ParsedMail, facts: Facts) -> Decision | None:
    """RFC 2369, 2919. A colleague's sheet through a group address is from nobody's robot: it is held, not refused."""
    names = ("list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list")
    marks = [name for name in names if mail.header(name)]
    is_so = bool(marks) or _precedence(mail) == "list"
    if not is_so or facts.is_released:
        return None
    return Decision(MailRule.LIST, Verdict.HOLD, marks[0] if marks else "precedence")


def bulk(mail: ParsedMail, facts: Facts) -> Decision | None:
    """Many programs write these of their own; alone they prove no robot."""
    asks_silence = "all" in _words_of(mail.header("x-auto-response-suppress"))
    if facts.is_released or not (_precedence(mail) in ("bulk", "junk") or asks_silence):
        return None
    return Decision(MailRule.BULK, Verdict.HOLD, "x-auto-response-suppress" if asks_silence else "precedence")


def unauthenticated(_mail: ParsedMail, facts: Facts) -> Decision | None:
    """Design decision 5: it changes nothing until the claimed sender says in another channel that it was them."""
    if facts.is_released or (facts.proof is not None and facts.proof.is_given):
        return None
    return Decision(MailRule.UNAUTHENTICATED, Verdict.HOLD, facts.proof.words if facts.proof else "")


def too_many(_mail: ParsedMail, facts: Facts) -> Decision | None:
    if facts.asked_by_sender >= MAIL_COMMANDS_AN_HOUR:
        return Decision(MailRule.TOO_MANY, Verdict.HOLD, f"{MAIL_COMMANDS_AN_HOUR} of this sender in an hour")
    if facts.asked_by_organisation >= MAIL_COMMANDS_AN_HOUR_ORGANISATION:
        detail = f"{MAIL_COMMANDS_AN_HOUR_ORGANISATION} of this organisation in an hour"
        return Decision(MailRule.TOO_MANY, Verdict.HOLD, detail)
    return None


def request(_mail: ParsedMail, _facts: Facts) -> Decision:
    return Decision(MailRule.REQUEST, Verdict.REQUEST)


BY_ITSELF: Final[Sequence[Rule]] = (own_mail, loop, complaint, bounce, auto_reply)
BY_ADDRESS: Final[Sequence[Rule]] = (no_single_sender, stop, unknown_sender)
BY_PROOF: Final[Sequence[Rule]] = (same_id_other_content, list_mail, bulk, unauthenticated, too_many, request)

RULE_WORDS: Final[Mapping[MailRule, str]] = {
    MailRule.OLD: "It is older than the first connection to its mailbox; old mail is answered only if you say so.",
    MailRule.TOO_BIG: "It is larger than 35 MiB, so it was not read.",
    MailRule.UNREADABLE: "It could not be read within the limits of time, memory and parts.",
    MailRule.TRIED_TOO_OFTEN: "Reading it began three times and never came to an end.",
    MailRule.OUR_MISTAKE: "Usher made a mistake; the log has more under the reference.",
    MailRule.OWN_MAIL: "It is Usher's own mail.",
    MailRule.LOOP: "It bears this Usher's mark: somebody sent its own mail back.",
    MailRule.COMPLAINT: "A mail host says that its recipient called our mail spam.",
    MailRule.BOUNCE: "A mail host says what became of our mail.",
    MailRule.AUTO_REPLY: "A program wrote it, and programs are not answered.",
    MailRule.NO_SINGLE_SENDER: "It is not from exactly one address.",
    MailRule.STOP: "Somebody wants no more e-mails.",
    MailRule.UNKNOWN_SENDER: "No working staff member has the address that it is from.",
    MailRule.SAME_ID_OTHER_CONTENT: "It has the Message-ID of another message that was proven, and other content.",
    MailRule.LIST: "It came through a mailing list or a group address.",
    MailRule.BULK: "It is marked as mail to many, or as one that wants no answer.",
    MailRule.UNAUTHENTICATED: "It bears a staff member's address, and nothing proves that they wrote it.",
    MailRule.NOT_THEM: "The staff member whose address it bears said that they did not write it.",
    MailRule.TOO_MANY: "There were more requests in an hour than are allowed; it goes on by itself in another.",
    MailRule.NO_ROOM: "Nothing proves who wrote it, and too much of that is held already; its words were not kept.",
    MailRule.REQUEST: "It is a request of a staff member, and was answered.",
}
"""One sentence a rule, for operators: why it decided as it did."""


def screen(rules: Sequence[Rule], mail: ParsedMail, facts: Facts) -> Decision | None:
    return next((decision for rule in rules if (decision := rule(mail, facts)) is not None), None)


# --- Parts ------------------------------------------------------------------------------------------------


def _says_automatic(mail: ParsedMail) -> bool:
    submitted = _words_of(mail.header("auto-submitted"))
    is_rule = "all" in _words_of(mail.header("x-auto-response-suppress")) and bool(
        mail.header("x-ms-exchange-inbox-rules-loop")
    )
    marks = (mail.header(name).strip().lower() for name in ("x-autoreply", "x-autorespond", "x-fc-machinegenerated"))
    return (
        (bool(submitted) and submitted[0] != "no")
        or any(mark not in ("", "no", "false") for mark in marks)
        or _precedence(mail) == "auto_reply"
        or is_rule
    )


def _precedence(mail: ParsedMail) -> str:
    return mail.header("precedence").strip().lower()


def _words_of(value: str) -> list[str]:
    """Without comments and parameters: "auto-replied (vacation); owner-email=…"."""
    return [word for word in re.split(r"[\s,;(]+", value.lower()) if word]


def _local_parts(mail: ParsedMail) -> list[str]:
    return [address.rpartition("@")[0].strip('" ').lower() for address in mail.senders]
