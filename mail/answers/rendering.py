"""An answer's subject and body. It is nobody else's, so nothing of it is shared between mails."""

import re
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.letters import AnswerLetter, DigestLetter
from core.rules.policy import MAIL_ANSWERS_AN_HOUR
from core.rules.zones import zone_named
from core.settings import Settings
from mail.answers import Answer, Teller, tell
from mail.sending.templates import filled, tight
from mail.sending.wire import alternatives, one_line, quoted_printable

_SUBJECT_CHARACTERS: Final = 120
_IS_REPLY: Final = re.compile(r"re\s?:", re.IGNORECASE)


class ToldPart(Struct, frozen=True):
    asked: str
    answer: Answer


def rendered_answer(letter: AnswerLetter, settings: Settings) -> tuple[str, bytes]:
    """The subject, and a multipart/alternative with its own headers."""
    teller = Teller(zone_named(letter.time_zone), settings.base_url)
    parts = [ToldPart(one_line(part.asked), tell(part.result, teller)) for part in letter.parts]
    subject = _subject(letter.subject, parts[0].answer.headline if len(parts) == 1 else "Your requests")
    if letter.silent_until is not None:
        parts[-1] = replace(parts[-1], answer=_as_last(parts[-1].answer, teller.moment(letter.silent_until)))
    return _rendered(letter, subject, parts, settings)


def _as_last(answer: Answer, until: str) -> Answer:
    note = (
        f"You have had {MAIL_ANSWERS_AN_HOUR} answers within an hour, so this is the last one for now. What you write"
        f" until {until} I still do, without an answer. After that I answer again. In Slack there is no such limit."
    )
    return replace(answer, steps=(*answer.steps, note))


def rendered_digest(letter: DigestLetter, settings: Settings, stop_url: str) -> tuple[str, bytes]:
    """As ``rendered_answer``, and with a link that ends it."""
    answer = tell(letter.digest, Teller(zone_named(letter.digest.time_zone), settings.base_url))
    subject = f"{one_line(letter.head.organisation)}: {answer.headline.rstrip('.')}"[:_SUBJECT_CHARACTERS]
    return _rendered(letter, subject, [ToldPart("", answer)], settings, stop_url)


def _rendered(
    letter: AnswerLetter | DigestLetter, subject: str, parts: list[ToldPart], settings: Settings, stop_url: str = ""
) -> tuple[str, bytes]:
    values = {
        "subject": subject,
        "parts": parts,
        "organisation": one_line(letter.head.organisation),
        "service": one_line(settings.mail_from_name),
        "can_reply": bool(letter.head.reply_to),
        "is_answer": True,
        "stop_url": stop_url,
    }
    subject, text, html = (filled(f"answer/{name}", values) for name in ("subject.txt", "body.txt", "body.html"))
    return subject, alternatives(quoted_printable(text.splitlines()), quoted_printable(tight(html).splitlines()))


def _subject(asked: str, headline: str) -> str:
    """Theirs, so that mail programs show both together."""
    subject = one_line(asked)
    if not subject:
        return headline[:_SUBJECT_CHARACTERS]
    subject = subject if _IS_REPLY.match(subject) else f"Re: {subject}"
    return subject[:_SUBJECT_CHARACTERS]
