"""Reports that no program was meant to read: what qmail, Exim, old Exchange and web mailers write in words.

Only the words before the copy of the original count, and only so many of them: nothing here takes more than linear
time. Holiday replies and “prove that you are no robot” go to the envelope sender, too, and are no bounces.
"""

import re
from typing import Final

from core.words import ReportedAs
from mail.parsing.parsed import ParsedMail, Report
from mail.reports.failures import Failure, failure_of

_CHARACTERS: Final = 10_000
_COPY_BEGINS: Final = re.compile(
    r"^\W{0,80}(?:below this line is a copy|this is a copy of|(?:the )?original message\b|message headers follow"
    r"|included is a copy|unsent message|undelivered message\b|return-path:|received: )",
    re.IGNORECASE | re.MULTILINE,
)
_AWAY: Final = re.compile(
    r"\bout of (?:the )?office\b|\bauto(?:matic|mated)?[ -]?(?:reply|response)\b|\bvacation\b|\bon (?:annual )?leave\b"
    r"|\babwesen|\bautomatische antwort|\babsence\b|\br.ponse automatique|\brespuesta autom.tica|\bfuera de la oficina"
    r"|\brisposta automatica|\bafwezig|\bautomatisch antwoord|\bnieobecn",
    re.IGNORECASE,
)
_CHALLENGE: Final = re.compile(
    r"\b(?:confirm|verify|validate) (?:your|that you|you)\b|\bverification required\b|\bchallenge\b"
    r"|\b(?:approved|whitelist|guest|safe) ?list\b|\bprove (?:that )?you\b|\bspamarrest\b|\bboxbe\b",
    re.IGNORECASE,
)
_STILL_TRYING: Final = re.compile(
    r"\bwill (?:be )?(?:keep|continue|retr)|\bstill (?:trying|being retried)|\bdelivery attempts will continue"
    r"|\b(?:delayed|not yet been delivered|temporary problem)\b|\bwarning message only\b"
    r"|\bno (?:further )?action is required|\bwill be retried\b|\bnoch nicht zugestellt|\bretard[ée]",
    re.IGNORECASE,
)
_GIVEN_UP: Final = re.compile(
    r"\bpermanent|\bgiving up\b|\bgiven up\b|\bcould not be delivered\b|\bwill not be retried\b|\bfatal error"
    r"|\bfailed permanently\b|\bretry time(?:out)? exceeded\b",
    re.IGNORECASE,
)
_FAILED: Final = re.compile(
    r"\bundeliver|\bnot (?:be )?delivered\b|\bdelivery (?:status notification|has failed|failed|failure|error)"
    r"|\breturned (?:mail|to sender)\b|\bfailure notice\b|\bmail(?: delivery)? (?:failed|failure|error)|\bdelivery to "
    r"|\b(?:could(?:n.t| not)|unable to|was(?:n.t| not) able to|cannot) (?:be )?deliver|\bmail system error"
    r"|\bunzustellbar|\bnicht zugestellt|\bnon (?:remis|distribu|recapitat)|\bno se (?:pudo|ha podido) entregar"
    r"|\bno entregado|\bmancata consegna|\bonbestelbaar|\bniet (?:worden )?(?:bezorgd|afgeleverd)",
    re.IGNORECASE,
)
_SMTP_ANSWER: Final = re.compile(
    r"(?<![\d.])[45]\.\d{1,2}\.\d{1,2}(?![\d.])|\b(?:smtp|error|said|response)\b.{0,80}\b5[05]\d\b", re.IGNORECASE
)
_ANSWER_LINE: Final = re.compile(
    r"(?<![\d.])(?:[45]\.\d{1,2}\.\d{1,2}(?![\d.])|[45][0-5]\d[ -])"
    r"|\bno such\b|\bunknown\b|\bdoes(?: not|n.t) (?:exist|have)|\bunrouteable\b|\bnot found\b"
    r"|\bfull\b|\bquota\b|\binvalid\b",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"(?<![\w.+%'-])[\w.+%'=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def read_text(mail: ParsedMail) -> Failure | None:
    """None: no bounce, or none that can be told from something else."""
    told = _ADDRESS.findall(mail.header("x-failed-recipients")[:2000])
    text = _before_copy(f"{mail.text}\n{mail.quoted}"[:_CHARACTERS])
    if not told and _is_something_else(mail.subject[:500], text):
        return None
    if told or _FAILED.search(mail.subject[:500]) or _FAILED.search(text) or _STILL_TRYING.search(mail.subject[:500]):
        return _from_words(mail.subject[:500], text, tuple(told) or tuple(_ADDRESS.findall(text)[:5]))
    return _guessed(mail.report) if mail.report is not None else None


def _before_copy(text: str) -> str:
    begins = _COPY_BEGINS.search(text)
    return text[: begins.start()] if begins else text


def _is_something_else(subject: str, text: str) -> bool:
    if _AWAY.search(subject) or _CHALLENGE.search(subject):
        return True
    return not _SMTP_ANSWER.search(text) and bool(_AWAY.search(text) or _CHALLENGE.search(text))


def _from_words(subject: str, text: str, addresses: tuple[str, ...]) -> Failure:
    is_late = bool(_STILL_TRYING.search(subject) or _STILL_TRYING.search(text)) and not _GIVEN_UP.search(text)
    return failure_of("", _answer(text), addresses=addresses, is_late=is_late)


def _answer(text: str) -> str:
    """The line that says why, with the one after it: answers are often broken in two."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    at = next((number for number, line in enumerate(lines) if _ANSWER_LINE.search(line)), None)
    return "" if at is None else " ".join(lines[at : at + 2])[:500]


def _guessed(report: Report) -> Failure | None:
    """What flufl.bounce made of it, in the child: its detectors raise, and their time is not bounded."""
    if not report.recipients:
        return None
    is_late = all(each.action == "delayed" for each in report.recipients)
    addresses = tuple(each.address for each in report.recipients)[:5]
    return Failure(ReportedAs.LATE if is_late else ReportedAs.HARD, "It did not arrive.", addresses=addresses)
