"""From the words of an e-mail to the requests in it: the request language, as people write it to each other.

1. The subject counts where its first word is a verb, and not where it is only that of an older message ("Re: …").
2. Of the body each line that begins with a verb is a request. The lines below an ``invite`` are its addresses, and so
   are attached lists; without an ``invite`` an attached spreadsheet is a request by itself (``sheets``). Greetings,
   thanks, "please" and everything below a signature are passed over.
3. Nothing raises: what cannot be carried out is a refusal like any other, and what nobody understands is named.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from core.errors import (
    LearnerFormOnly,
    NoAddresses,
    RunNotChosen,
    StaffDetailsInvalid,
    TooManyRequests,
    UnknownVerb,
    UsherError,
)
from core.given_files import FileUse, addresses_in
from core.progressing import ProgressFile
from core.requests import ALIASES, VERBS, ComposeInvitation, ComposeLearner, Form, Help, Request, read_request
from core.results import NotUnderstood, SheetRecognised
from core.rules.policy import MAIL_COMMAND_LINES
from core.rules.text import clean_name, folded
from core.usecases.mailbox.addresses import OfferRuns
from mail.parsing.attachments import BOOKS
from mail.parsing.parsed import Attachment, ParsedMail
from mail.requests.progress import progress_file, run_of
from mail.requests.reply_words import read_reply
from mail.requests.sheets import (
    SheetAttached,
    attached_sheets,
    file_name,
    is_about_sheets,
    is_too_large,
    taken_files,
    too_large,
    use_of_attached,
)

Wanted = Request | OfferRuns | Help | UsherError | NotUnderstood | SheetRecognised | SheetAttached | ProgressFile

_WORDS: Final = frozenset({*VERBS, *ALIASES, "help", "?"})
_INVITE: Final = "invite"
_SHOWN_CHARACTERS: Final = 120
# A line longer than this is no request; nor are the ones far below.
_LINE_CHARACTERS: Final = 2_000
_LINES: Final = 20_000
_END_CHARACTERS: Final = 40
# Each takes linear time: anchored, and bounded where something repeats.
_REPLY: Final = re.compile(r"(?:re|aw|sv|antw|odp|vs)(?:\[\d{1,3}\])?\s?:\s*", re.IGNORECASE)
_FORWARD: Final = re.compile(r"(?:fwd?|wg|tr)(?:\[\d{1,3}\])?\s?:\s*", re.IGNORECASE)
_TAG: Final = re.compile(r"\[[^\[\]]{0,60}\]\s*")
_GREETING: Final = re.compile(r"(?:hi|hello|hey|dear|hallo|good (?:morning|afternoon|evening|day))\b", re.IGNORECASE)
_GREETED: Final = re.compile(r"(?:\s+(?:usher|there|all|team))?\s*[,;:!.–-]*\s*", re.IGNORECASE)
_POLITE: Final = re.compile(
    r"(?:please|pls|kindly|(?:could|can|would) you(?: please)?|and|then|also|/?usher)\b[\s,:]*", re.IGNORECASE
)
_THANKS: Final = re.compile(
    r"(?:many )?(?:thanks|thank you|thx|cheers|(?:kind|best|warm)(?:est)? (?:regards|wishes)|regards|best|sincerely|"
    r"yours(?: sincerely| truly)?|ta)\b[\w\s,.!-]{0,40}",
    re.IGNORECASE,
)
_LAST_THANKS: Final = re.compile(r"[\s,.;!-]+(?:please|(?:many )?thanks|thank you|cheers|ta)[\s.!]*$", re.IGNORECASE)
_PHONE: Final = re.compile(r"(?:sent from|get outlook for|von meinem|envoyé de)\b", re.IGNORECASE)
_BULLET: Final = re.compile(r"(?:[-*•·–]|\d{1,2}[.)])\s+")
_LISTS: Final = (".csv", ".tsv", ".txt")
_UNREAD_KINDS: Final = frozenset({"pdf", "zip", "other"})
_PROGRAMS_OWN: Final = (".p7s", ".asc", ".sig", ".vcf", ".dat")
_MOST_NAMED: Final = 3


class Asked(Struct, frozen=True):
    """``line`` is what was written, for the one who reads the answer."""

    line: str
    wanted: Wanted


class _Found(Struct):
    """A line that begins with a verb, and what stands below it."""

    line: str
    below: list[str] = []


def read_mail(mail: ParsedMail, *, is_ours: bool = False) -> tuple[Asked, ...]:
    """At least one; of lines and files at most so many, and a refusal of the rest. ``is_ours``: it replies to us."""
    lines = list(body_lines(mail.text))
    subject = "" if is_ours else _subject_line(mail)
    said = [*([subject] if subject else []), *lines]
    is_list = any(map(_invites, said))
    taken, refused = taken_files(mail.attachments)
    large = [Asked(file_name(each), too_large(each)) for each in taken if is_too_large(each)]
    fitting = [each for each in taken if not is_too_large(each)]
    given = [(each, FileUse.ADDRESSES if is_list else use_of_attached(each)) for each in fitting]
    reports = [each for each, use in given if use is FileUse.PROGRESS]
    # The subject may choose how a file is imported, whatever else it says.
    imports = [each for each, use in given if use is FileUse.IMPORT]
    sheets = [Asked(each.name, each) for each in attached_sheets(imports, [_without_manners(mail.subject), *lines])]
    if sheets or reports or large:
        said = [line for line in said if not is_about_sheets(line) and read_reply([line]) is None]
    files, notices = ([], ()) if sheets else _lists([each for each, _ in given if each not in reports])
    found = list(_requests(_without_own(mail, said)))
    asked = [_asked(each, files) for each in found[:MAIL_COMMAND_LINES]]
    if len(found) > MAIL_COMMAND_LINES:
        refusal = TooManyRequests(count=f"{len(found):,}", limit=MAIL_COMMAND_LINES)
        asked.append(Asked(found[MAIL_COMMAND_LINES].line, refusal))
    if reports or large:
        asked = list(_with_reports(reports, asked))
    asked += [Asked("", each) for each in refused]
    return (*notices, *sheets, *large, *asked) or (_not_understood(mail, lines, files),)


def _invites(line: str) -> bool:
    """Then every file is a list of addresses."""
    return _first_word(line) == _INVITE


def _with_reports(reports: Sequence[Attachment], asked: Sequence[Asked]) -> Iterator[Asked]:
    run = run_of([each.wanted for each in asked])
    for each in reports:
        file = progress_file(each, run)
        yield Asked(file.file_name, file)
    # What said of which run they are is not asked by itself: the answer tells of the report.
    yield from (each for each in asked if not (run and run_of([each.wanted]) == run))


def body_lines(text: str) -> Iterator[str]:
    """Those that may say something: without greeting and thanks, up to a signature."""
    for number, line in enumerate(text.split("\n", _LINES)[:_LINES]):
        if line.rstrip("\r") in ("-- ", "--") or _PHONE.match(line.strip()):
            return
        stripped = line.strip()
        if number and _is_farewell(stripped):
            return
        if stripped and (words := _without_manners(stripped)):
            yield words


def _is_farewell(line: str) -> bool:
    """Below it stands a name, and often the writer's own address: nobody whom they want to invite."""
    return len(line.split()) <= 4 and _THANKS.fullmatch(line) is not None and not _begins_with_verb(line)


def _without_manners(line: str) -> str:
    """ "Hi Usher, please invite …, thanks" without what is only polite."""
    words = _BULLET.sub("", line[:_LINE_CHARACTERS], count=1) + line[_LINE_CHARACTERS:]
    if greeting := _GREETING.match(words):
        end = _end_of_greeting(words, greeting.end())
        rest = words[end:]
        # "Dear Max and everybody": a greeting and nothing else. After "Hi Usher," something is said.
        if len(words.split()) <= 5 and "," not in words[:end] and not _begins_with_verb(_polite(rest)):
            return ""
        words = rest
    return _without_thanks(_polite(words)) if len(words) <= _LINE_CHARACTERS else words


def _without_thanks(words: str) -> str:
    """Only the end is looked at: over a whole line of blanks the pattern takes quadratic time."""
    return words[:-_END_CHARACTERS] + _LAST_THANKS.sub("", words[-_END_CHARACTERS:])


def _end_of_greeting(words: str, start: int) -> int:
    greeted = _GREETED.match(words, start)
    return greeted.end() if greeted else start


def _polite(words: str) -> str:
    for _ in range(4):
        match = _POLITE.match(words)
        if match is None or not words[match.end() :]:
            break
        words = words[match.end() :]
    return words.lstrip("`“”\"'/ ")


def _without_own(mail: ParsedMail, lines: Sequence[str]) -> Iterator[str]:
    """A signature need not look like one: a line with nothing but the writer's own address belongs to it."""
    own = {folded(sender) for sender in mail.senders}
    return (line for line in lines if folded(line).strip("<>()[]., ").removeprefix("mailto:") not in own)


def _subject_line(mail: ParsedMail) -> str:
    """Empty where it is no request."""
    words = _subject_words(mail)
    return words if _begins_with_verb(words) else ""


def _subject_words(mail: ParsedMail) -> str:
    """Empty where it is only that of the message which is replied to."""
    subject, is_reply = clean_name(mail.subject, len(mail.subject)), False
    for _ in range(10):
        if match := _REPLY.match(subject):
            is_reply = True
        match = match or _FORWARD.match(subject) or _TAG.match(subject)
        if match is None:
            break
        subject = subject[match.end() :]
    if is_reply and (mail.in_reply_to or mail.references):
        return ""
    return _without_manners(subject)


def _begins_with_verb(words: str) -> bool:
    # "Learners:" above a list of addresses is a heading.
    return _first_word(words) in _WORDS and words.rstrip().lower() != "learners:"


def _first_word(words: str) -> str:
    first = words[:80].split(maxsplit=1)
    return folded(first[0]).rstrip(".,:;!") if first else ""


def _requests(lines: Iterator[str]) -> Iterator[_Found]:
    """Prose between requests is passed over; a line that looks like a mistyped request is not."""
    current: _Found | None = None
    for line in lines:
        if _begins_with_verb(line) or (not _takes_addresses(current) and _is_mistyped(line)):
            if current is not None:
                yield current
            current = _Found(line)
        elif current is not None and _takes_addresses(current) and _may_be_addresses(line):
            current.below.append(line)
    if current is not None:
        yield current


def _takes_addresses(found: _Found | None) -> bool:
    return found is not None and _first_word(found.line) == _INVITE


def _may_be_addresses(line: str) -> bool:
    """A whole sentence is prose; a mistyped address is not, and is named in the preview."""
    return "@" in line or len(line.split()) <= 3


def _is_mistyped(line: str) -> bool:
    first = _first_word(line)
    if len(first) < 4 or len(line.split()) > 6:
        return "@" in line and bool(difflib.get_close_matches(first[:40], VERBS, n=1, cutoff=0.75)) and len(first) >= 4
    return bool(difflib.get_close_matches(first[:40], VERBS, n=1, cutoff=0.75))


# --- What is asked ----------------------------------------------------------------------------------------


def _asked(found: _Found, files: Sequence[str]) -> Asked:
    shown = clean_name(found.line, _SHOWN_CHARACTERS)
    words = _first_word(found.line)
    rest = [*found.line.split(maxsplit=1), ""][1]
    text = f"{words} {rest}"
    if words == _INVITE and (found.below or files) and rest:
        text = _with_addresses(rest, [*found.below, *files])
    return Asked(shown, _wanted(text))


def _with_addresses(rest: str, addresses: Sequence[str]) -> str:
    """The moment stands on the first line, and is read after the last address."""
    run, *more = rest.split(maxsplit=1)
    return "\n".join((f"{_INVITE} {run}", *addresses, *more))


def _wanted(text: str) -> Wanted:
    try:
        wanted = read_request(text)
    except UsherError as refusal:
        # "Help me with the list": help with everything.
        return Help() if _first_word(text) in ("help", "?") else refusal
    return _refusal_of(wanted) if isinstance(wanted, Form) else wanted


def _refusal_of(form: Form) -> UsherError:
    """No form can be opened by mail: what is missing is said instead."""
    if isinstance(form, ComposeLearner):
        return LearnerFormOnly()
    if not isinstance(form, ComposeInvitation):
        return StaffDetailsInvalid(problem="Tell me the address, the role, and the first and last name.")
    return NoAddresses() if form.run else RunNotChosen(verb=_INVITE)


def _not_understood(mail: ParsedMail, lines: Sequence[str], files: Sequence[str]) -> Asked:
    """A mistyped verb in the subject first; addresses alone lack their run; else the likeliest line is named."""
    seen = next(iter(lines), "") or clean_name(mail.subject, _SHOWN_CHARACTERS)
    line = clean_name(seen, _SHOWN_CHARACTERS)
    subject = clean_name(_subject_words(mail), _SHOWN_CHARACTERS)
    if len(subject.split()) > 1 and _is_mistyped(subject):
        return Asked(subject, NotUnderstood(subject, _nearest(subject), _unread(mail)))
    if files or (lines and all("@" in each for each in lines)):
        return Asked(line if not files else "", OfferRuns("\n".join(files or lines), is_file=bool(files)))
    unread = _unread(mail)
    if not line and not unread:
        return Asked("", Help())
    return Asked(line, NotUnderstood(line, _nearest(line), unread))


def _unread(mail: ParsedMail) -> tuple[str, ...]:
    """Documents that somebody may have taken for a list; not what mail programs attach by themselves."""
    return tuple(
        clean_name(each.name, _SHOWN_CHARACTERS)
        for each in mail.attachments
        if each.kind in _UNREAD_KINDS and not each.is_inline and not each.name.lower().endswith(_PROGRAMS_OWN)
    )[:_MOST_NAMED]


def _nearest(line: str) -> str:
    try:
        read_request(_first_word(line))
    except UnknownVerb as unknown:
        return str(unknown.values["nearest"] or "")
    except UsherError:
        return ""
    return ""


# --- Attachments ------------------------------------------------------------------------------------------


def _lists(attachments: Sequence[Attachment]) -> tuple[list[str], tuple[Asked, ...]]:
    """The addresses of attached lists, and what is to be said about the other files."""
    texts: list[str] = []
    notices: list[Asked] = []
    for attached in attachments:
        if not (attached.kind in BOOKS or attached.name.lower().endswith(_LISTS)):
            continue
        name = file_name(attached)
        try:
            content = addresses_in(name, attached.content, is_csv=name.lower().endswith(".csv"))
        except UsherError as refusal:
            notices.append(Asked(name, refusal))
            continue
        if content.sheet is not None:
            notices.append(Asked(name, SheetRecognised(name, content.sheet.columns, content.sheet.rows)))
        texts.append(content.text)
    return [text for text in texts if text.strip()], tuple(notices)
