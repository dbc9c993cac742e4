"""A reply that says of which run a progress report is: its code, or a yes and the code, as people write it.

Only reports of which the thread told are meant, and a bare code means one that waits for nothing else.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from core.errors import ReplyUnclear
from core.requests import ALIASES, VERBS
from core.rules.text import folded
from core.usecases.mailbox.requests import ThreadFound
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.reports import ReportInThread, report_ref
from mail.requests.reply_words import FILLING, Reply, Word, read_reply
from mail.requests.tasks import Task

_FILLING: Final = FILLING | {"of", "for", "run", "is", "it's", "it’s", "its", "code", "report", "progress", "with"}
_AROUND: Final = ".,;:!?\"“”'‘’()"
_REPORT: Final = re.compile(r"p-?0*(\d{1,9})", re.IGNORECASE)
_CODE: Final = re.compile(r"[^\W_][\w.-]{0,63}")
_CHARACTERS: Final = 80


class RunNamed(Struct, frozen=True):
    """``run`` or ``number``, the report's, may be missing, not both. ``is_yes``: its columns are right, too."""

    run: str
    number: int
    is_yes: bool


def read_run(lines: Sequence[str]) -> RunNamed | None:
    """The first line; or a yes in the first, and below it a code with a digit: a name stands there more often."""
    if not lines or len(lines[0]) > _CHARACTERS:
        return None
    named = _read(lines[0])
    if named is None and len(lines) > 1 and any(map(str.isdigit, lines[1][:_CHARACTERS])):
        named = _read(f"{lines[0]} {lines[1][:_CHARACTERS]}")
        return named if named is not None and named.is_yes else None
    return named


def _read(line: str) -> RunNamed | None:
    words = [bare for word in line.split() if (bare := word.strip(_AROUND))]
    if not words or folded(words[0]) in (VERBS.keys() | ALIASES.keys() | {"help"}):
        return None
    words = [word for word in words if folded(word) not in _FILLING]
    is_yes = bool(words) and read_reply(words[:1]) == Reply(Word.YES)
    named, number = words[is_yes:], 0
    if named and (found := _REPORT.fullmatch(named[0])):
        number, named = int(found[1]), named[1:]
    if len(named) > 1 or not (named or (is_yes and number)):
        return None
    run = named[0] if named else ""
    return RunNamed(run, number, is_yes) if not run or _CODE.fullmatch(run) else None


def named_run(lines: Sequence[str], thread: ThreadFound) -> Task | None:
    """None: no report of the thread is meant. Raises ReplyUnclear."""
    named = read_run(lines) if thread.reports else None
    return _task(named, thread.reports) if named is not None else None


def _task(named: RunNamed, reports: Sequence[ReportInThread]) -> Task | None:
    told = [each for each in reports if named.number in (0, each.number)]
    meant = [each for each in told if each.needs_run] or (told if named.is_yes else [])
    if not meant:
        return None
    if len(meant) > 1:
        step = f"It was about more than one report. Name it, as in “yes {report_ref(meant[0].number)} {named.run}”."
        raise ReplyUnclear(word=named.run, next_step=step)
    return _confirmed(named, meant[0])


def _confirmed(named: RunNamed, report: ReportInThread) -> Task:
    if not (named.is_yes or report.is_sure):
        step = f"If its columns are right as they are shown, reply “yes {named.run}”."
        raise ReplyUnclear(word=named.run, next_step=step)
    return Task(confirm_report, ConfirmReport(report.number, named.run))
