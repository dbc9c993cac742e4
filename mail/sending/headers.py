"""The headers of a letter's mail: whom it is from and for, what it answers, and how to stop the next."""

from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote

from core.letters import (
    AnswerLetter,
    DigestLetter,
    InvitationLetter,
    JoinedLetter,
    Letter,
    LetterHead,
    NudgeLetter,
    ReminderLetter,
    StoppedLetter,
)
from core.rules.links import LinkSigner
from core.settings import Settings
from core.words import MessageKind
from mail.sending.wire import ascii_address, mailbox_header, plain_header, refs_header, text_header


def headers_of(
    letter: Letter, subject: str, stop_url: str | None, settings: Settings, links: LinkSigner, now: datetime
) -> tuple[bytes, ...]:
    """``stop_url``: where its reader stops such mails; None: there is nothing to stop."""
    head = letter.head
    return (
        plain_header("Date", _date(now)),
        _from_header(head.organisation, settings.mail_from_name, settings.mail_from),
        mailbox_header("To", head.recipient_name, head.recipient),
        _reply_header(reply_to_of(letter, settings)),
        text_header("Subject", subject),
        plain_header("Message-ID", head.message_ref),
        _fixed_headers(letter.kind, mail_domain(settings.message_domain)),
        *_kind_headers(letter, stop_url, settings, links),
        *_thread_headers(letter),
    )


def _kind_headers(letter: Letter, stop_url: str | None, settings: Settings, links: LinkSigner) -> tuple[bytes, ...]:
    about = (
        f"{letter.run.run_id}:"
        if isinstance(letter, InvitationLetter | ReminderLetter | JoinedLetter | NudgeLetter)
        else ""
    )
    feedback = plain_header("Feedback-ID", f"{about}{letter.kind}:usher")
    if stop_url is None:
        return (feedback,)
    return (
        feedback,
        f"List-Unsubscribe:\r\n <{stop_url}>{_stop_mail(letter.head, settings, links)}\r\n".encode(),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    )


def _stop_mail(head: LetterHead, settings: Settings, links: LinkSigner) -> str:
    """For mail programs that press nothing. The token is in the subject, for not every host knows ``+``."""
    if not settings.mail_inbox:
        return ""
    inbox = quote(ascii_address(settings.mail_inbox), safe="@+")
    return f",\r\n <mailto:{inbox}?subject=stop%20{links.stop_token(head.message_id)}>"


def _thread_headers(letter: Letter) -> tuple[bytes, ...]:
    """A reminder stands beside the e-mail that it reminds of, an answer below the one that asked."""
    if isinstance(letter, AnswerLetter):
        return refs_header("In-Reply-To", (letter.in_reply_to,)), refs_header("References", letter.references)
    if not isinstance(letter, ReminderLetter | StoppedLetter) or not letter.answers_ref:
        return ()
    return plain_header("In-Reply-To", letter.answers_ref), plain_header("References", letter.answers_ref)


@lru_cache(maxsize=16)
def _fixed_headers(kind: MessageKind, domain: str) -> bytes:
    """Robots must not answer, and our own inbox must know its own mail again. No Precedence: it is not bulk mail."""
    origin = "auto-replied" if kind in (MessageKind.ANSWER, MessageKind.STOPPED) else "auto-generated"
    return b"".join((
        f"MIME-Version: 1.0\r\nAuto-Submitted: {origin}\r\nX-Auto-Response-Suppress: All\r\n".encode(),
        plain_header("X-Usher-Loop", domain),
    ))  # fmt: skip


@lru_cache(maxsize=256)
def _from_header(organisation: str, service: str, address: str) -> bytes:
    return mailbox_header("From", " via ".join(filter(None, (organisation, service))), address)


@lru_cache(maxsize=256)
def _reply_header(address: str) -> bytes:
    return plain_header("Reply-To", ascii_address(address)) if address else b""


def reply_to_of(letter: Letter, settings: Settings) -> str:
    """An answer's reply goes on with the conversation, and a nudge's to its author; nowhere else."""
    if isinstance(letter, AnswerLetter | DigestLetter | NudgeLetter):
        return letter.head.reply_to
    return settings.mail_reply_to or letter.head.reply_to


@lru_cache(maxsize=16)
def _date(now: datetime) -> str:
    return format_datetime(now)


@lru_cache(maxsize=16)
def mail_domain(name: str) -> str:
    return ascii_address(f"x@{name}").rpartition("@")[2]
