"""Progress: of a run, of a learner, and the reports that tell of it."""

import re
from typing import Final

from core.errors import NobodyChosen, ReportNotFound, RunNotChosen
from core.requests.language import (
    Asker,
    Mode,
    OtherUseCases,
    Request,
    Verb,
    bare_address,
    first_word,
    run_and_rest,
    verb,
)
from core.rules.text import folded
from core.usecases.progress.confirming import ConfirmReport, confirm_report
from core.usecases.progress.figures import ShowProgress, show_progress
from core.usecases.progress.finding import FindProgress, find_progress
from core.usecases.progress.follow_ups import NoteSpoken, SnoozeLearner, note_spoken, snooze_learner
from core.usecases.progress.naming import NameInFeed, name_in_feed
from core.usecases.progress.nudges import PrepareNudge, prepare_nudge
from core.usecases.progress.one_learner import ShowLearnerProgress, show_learner_progress
from core.usecases.progress.reports import ListReports, ShowReport, list_reports, show_report
from core.usecases.progress.risk_rules import SetRiskRule, set_risk_rule
from core.usecases.progress.run_statements import ProgressList

_REPORT: Final = re.compile(r"p-?[0-9]{1,9}", re.IGNORECASE)
_Command = FindProgress | ShowProgress | ShowLearnerProgress | ListReports | ShowReport | ConfirmReport | NameInFeed


def _progress(rest: str) -> _Command:
    first, tail = first_word(rest)
    if not first:
        return ListReports()
    if first.lower() == "match":
        return _match(tail)
    if _REPORT.fullmatch(first):
        return _report(int(first.lstrip("Pp-")), tail)
    if "@" in first:
        return ShowLearnerProgress(bare_address(first))
    run, tail = run_and_rest(rest)
    shown, others = first_word(tail)
    if shown.lower() in list(ProgressList):
        return ShowProgress(run, ProgressList(shown.lower()), others)
    return FindProgress(run, tail, rest)


def _report(number: int, tail: str) -> ShowReport | ConfirmReport:
    if not number:
        raise ReportNotFound(number="P-0000")
    word, rest = first_word(tail)
    if word.lower() not in ("yes", "confirm", "ok"):
        return ShowReport(number)
    run, is_month_first, are_fractions = "", None, None
    while rest and "=" not in (word := first_word(rest)[0]):
        match word.lower().strip(",;"):
            case "month-first":
                is_month_first = True
            case "day-first":
                is_month_first = False
            case "fractions":
                are_fractions = True
            case "percent":
                are_fractions = False
            case other:
                run = other
        rest = first_word(rest)[1]
    pairs = (each.partition("=") for each in re.split(r"[,;\n]", rest) if "=" in each)
    columns = tuple((name.strip(), heading.strip()) for name, _, heading in pairs)
    return ConfirmReport(number, run, columns, are_fractions, is_month_first)


def _at_risk(rest: str) -> ShowProgress | SetRiskRule:
    run, tail = run_and_rest(rest)
    if not run:
        raise RunNotChosen(verb="at-risk")
    if folded(tail).replace(" ", "-") in ("", ProgressList.SET_ASIDE):
        return ShowProgress(run, ProgressList.SET_ASIDE if tail else ProgressList.AT_RISK)
    return SetRiskRule(run, tail)


def _nudge(rest: str) -> PrepareNudge:
    run, who, words = _learner_on_run(rest, "nudge")
    return PrepareNudge(run, who, words=words)


def _snooze(rest: str) -> SnoozeLearner:
    run, who, until = _learner_on_run(rest, "snooze")
    return SnoozeLearner(run, who, until=until)


def _spoken(rest: str) -> NoteSpoken:
    run, who, _ = _learner_on_run(rest, "spoken")
    return NoteSpoken(run, who)


def _learner_on_run(rest: str, verb: str) -> tuple[str, str, str]:
    """(run, who, words): of a name only who is on the run says where it ends, so then the words are still in ``who``.

    Raises RunNotChosen, NobodyChosen.
    """
    run, tail = run_and_rest(rest)
    if not run:
        raise RunNotChosen(verb=verb)
    who, words = first_word(tail)
    if not who:
        raise NobodyChosen(verb=verb, run=run[:60])
    return (run, bare_address(who).strip(",;:"), words) if "@" in who else (run, tail, "")


def run_of_report(wanted: object) -> str:
    """Beside a file “progress RUN” says of which run the report is. Empty: something else is wanted."""
    command = wanted.command if isinstance(wanted, Request) else None
    return command.run if isinstance(command, FindProgress | ShowProgress) else ""


def _match(rest: str) -> NameInFeed:
    """The last word is who or which it is; all before it is the feed's name."""
    name, _, target = rest.rpartition(" ")
    if not name.strip():
        raise RunNotChosen(verb="progress match NAME")
    return NameInFeed(bare_address(name.strip().strip("“”\"'")), bare_address(target))


VERBS: Final[tuple[Verb, ...]] = (
    verb("progress", Mode.READ, Asker.STAFF, _progress, find_progress),
    verb("at-risk", Mode.READ, Asker.STAFF, _at_risk, show_progress),
    verb("nudge", Mode.READ, Asker.STAFF, _nudge, prepare_nudge),
    verb("snooze", Mode.RUN, Asker.STAFF, _snooze, snooze_learner),
    verb("spoken", Mode.RUN, Asker.STAFF, _spoken, note_spoken),
)
OTHERS: Final[OtherUseCases] = {
    ShowProgress: (show_progress, Mode.READ),
    ShowLearnerProgress: (show_learner_progress, Mode.READ),
    ListReports: (list_reports, Mode.READ),
    ShowReport: (show_report, Mode.READ),
    ConfirmReport: (confirm_report, Mode.RUN),
    SetRiskRule: (set_risk_rule, Mode.RUN),
    NameInFeed: (name_in_feed, Mode.RUN),
}
