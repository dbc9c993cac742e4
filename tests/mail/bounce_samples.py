"""Reports as mail servers write them, in our own words and about nobody. Their bytes are in ``bounces/``.

There {sender} stands for our envelope sender, {ref} for our Message-ID, {learner} for the address that we wrote to.
"""

from pathlib import Path
from typing import Final

from msgspec import Struct

from core.words import ReportedAs

FOLDER: Final = Path(__file__).parent / "bounces"
HARD, SOFT, LATE, COMPLAINT = ReportedAs.HARD, ReportedAs.SOFT, ReportedAs.LATE, ReportedAs.COMPLAINT
NOTHING = None


class Sample(Struct, frozen=True):
    name: str
    says: ReportedAs | None
    words: str
    """What its reason begins with."""
    is_no_mailbox: bool = False

    def raw(self, *, sender: str, ref: str, learner: str) -> bytes:
        text = (FOLDER / f"{self.name}.eml").read_text()
        filled = text.replace("{sender}", sender).replace("{ref}", ref).replace("{learner}", learner)
        return filled.replace("\n", "\r\n").encode()


DSNS: Final = (
    Sample(
        "postfix-unknown-user",
        HARD,
        "No such mailbox: 550 5.1.1 (address): Recipient address rejected",
        is_no_mailbox=True,
    ),
    Sample("postfix-domain-gone", HARD, "Their mail server cannot be reached: Host or domain name not found"),
    Sample("postfix-gave-up", SOFT, "Their mail server cannot be reached: connect to"),
    Sample("postfix-delayed", LATE, "Still on its way: connect to"),
    Sample("postfix-success", NOTHING, ""),
    Sample("exim-unrouteable", HARD, "No such mailbox: Unrouteable address", is_no_mailbox=True),
    Sample("exim-remote-full", HARD, "The mailbox is full: 552 5.2.2 (address): mailbox over quota"),
    Sample(
        "gmail-no-account",
        HARD,
        "No such mailbox: 550-5.1.1 The email account that you tried to reach does not exist",
        is_no_mailbox=True,
    ),
    Sample("gmail-inbox-full", SOFT, "The mailbox is full: 452-4.2.2"),
    Sample("gmail-delay", LATE, "Still on its way: 452-4.2.2"),
    Sample(
        "exchange-not-found", HARD, "No such mailbox: 550 5.1.10 RESOLVER.ADR.RecipientNotFound", is_no_mailbox=True
    ),
    Sample("exchange-blocked-by-rules", HARD, "Their mail server refuses it: 550 5.7.133"),
    Sample("exchange-expired", SOFT, "Their mail server took nothing for days: 550 4.4.7 QUEUE.Expired"),
    Sample("sendmail-disabled", HARD, "The mailbox is switched off: 550 5.2.1", is_no_mailbox=True),
    Sample("our-own-dmarc", SOFT, "Their mail server refuses it: 550 5.7.26"),
    Sample("our-own-relay", SOFT, "Their mail server refuses it: 554 5.7.1"),
    Sample("spam-refused", HARD, "Their mail server refuses it: 550 5.7.1"),
    Sample("null-mx", HARD, "No such mailbox: Domain does not accept mail", is_no_mailbox=True),
    Sample("no-diagnostic", HARD, "It did not arrive."),
    Sample("no-action", HARD, "No such mailbox", is_no_mailbox=True),
    Sample("two-of-a-group", HARD, "No such mailbox", is_no_mailbox=True),
    Sample("headers-only", HARD, "No such mail domain", is_no_mailbox=True),
    Sample("utf8-recipient", HARD, "No such mailbox", is_no_mailbox=True),
)
"""With a part that programs read (RFC 3464)."""

TEXTS: Final = (
    Sample("qmail", HARD, "No such mailbox: Sorry, no mailbox here by that name. (#5.1.1)", is_no_mailbox=True),
    Sample("qmail-remote", HARD, "No such mailbox", is_no_mailbox=True),
    Sample("exim", HARD, "No such mailbox: 550 Unknown recipient", is_no_mailbox=True),
    Sample("exim-full", HARD, "It did not arrive: mailbox is full: retry timeout exceeded"),
    Sample("exim-warning", LATE, "Still on its way"),
    Sample("sendmail-old", HARD, "No such mailbox", is_no_mailbox=True),
    Sample("exchange-in-words", HARD, "No such mailbox: The e-mail account does not exist", is_no_mailbox=True),
    Sample("notes", HARD, "No such mailbox: User not found in directory", is_no_mailbox=True),
    Sample("german", HARD, "No such mailbox: 550 5.1.1", is_no_mailbox=True),
    Sample("french", HARD, "The mailbox is full: 552 5.2.2"),
    Sample("web-mailer", HARD, "No such mailbox", is_no_mailbox=True),
    Sample("without-a-word-of-why", HARD, "It did not arrive."),
    Sample("soft-in-words", SOFT, "Their mail server has a problem"),
)
"""In words only."""

NO_BOUNCES: Final = (
    Sample("away", NOTHING, ""),
    Sample("away-in-german", NOTHING, ""),
    Sample("away-says-it-in-the-text", NOTHING, ""),
    Sample("challenge", NOTHING, ""),
    Sample("a-person", NOTHING, ""),
    Sample("nothing", NOTHING, ""),
    Sample("read-receipt", NOTHING, ""),
)
"""They come to the same address."""

COMPLAINTS: Final = (
    Sample("arf-abuse", COMPLAINT, "The recipient marked it as spam"),
    Sample("arf-fraud", COMPLAINT, "The recipient marked it as spam"),
    Sample("arf-not-spam", NOTHING, ""),
    Sample("arf-about-our-dmarc", NOTHING, ""),
)
"""RFC 5965."""

SAMPLES: Final = (*DSNS, *TEXTS, *NO_BOUNCES, *COMPLAINTS)
