"""Learners at risk: their pages, the letter of a nudge, and what was done about one."""

from urllib.parse import quote

from core.usecases.progress.follow_ups import FollowUpNoted, FollowUpUndone
from core.usecases.progress.nudges import LearnerNudged, NudgePreviewed
from core.wording.risk import UNDONE, letter_lines, noted_after, noted_what, nudge_way_words, risk_words
from mail.answers.document import Answer, Listing, Row, Teller, some


def at_risk_url(teller: Teller, run_code: str, learner_id: int) -> str:
    """Of one learner, where there are buttons for whoever is signed in and may press them."""
    return f"{_whole_list(teller, run_code)}/{learner_id}"


def whole_list(teller: Teller, run_code: str) -> Row:
    """Of a run, below the names that an e-mail has."""
    return Row(f"Everybody at risk in {run_code}", url=_whole_list(teller, run_code))


def _whole_list(teller: Teller, run_code: str) -> str:
    return f"{teller.base_url}/at-risk/{quote(run_code, safe='')}"


def follow_up_steps(run_code: str, address: str) -> tuple[str, ...]:
    """What to reply about one of them."""
    what = f"{run_code} {address}"
    return (
        f"Reply “nudge {what}”, and I show you a letter before it goes out.",
        f"“snooze {what}” hides the name for a week; “spoken {what}” notes that you have talked.",
    )


def tell_nudge(letter: NudgePreviewed, teller: Teller) -> Answer:
    return Answer(
        headline=f"A nudge to {letter.name}. Nothing is sent yet.",
        lines=nudge_consequences(letter, teller),
        lists=(the_letter(letter),),
    )


def the_letter(letter: NudgePreviewed) -> Listing:
    return Listing("The letter", tuple(Row(line) for line in letter_lines(letter)))


def nudge_consequences(letter: NudgePreviewed, teller: Teller) -> tuple[str, ...]:
    words = f"For words of your own, write them behind “nudge {letter.run.code} {letter.address}”, in one line."
    return some(
        f"At risk: {risk_words(letter.risks)}." if letter.risks else "",
        nudge_way_words(letter, teller.moment),
        words,
    )


def tell_nudged(result: LearnerNudged, teller: Teller) -> Answer:
    return Answer(
        headline=f"{result.letter.name} gets your nudge.",
        lines=(nudge_way_words(result.letter, teller.moment),),
        lists=(the_letter(result.letter),),
        steps=(
            "Reply “undo” to take it back, as long as it has not left.",
            f"Nobody can nudge them again before {teller.moment(result.next_from)}.",
        ),
    )


def tell_noted(result: FollowUpNoted, teller: Teller) -> Answer:
    return Answer(
        headline=f"{result.name}, {result.run_code}: {noted_what(result, teller.moment)}.",
        lines=(noted_after(result, teller.moment),),
        steps=("Reply “undo” to take it back.",),
    )


def tell_undone(result: FollowUpUndone, _teller: Teller) -> Answer:
    return Answer(UNDONE[result.deed].format(name=result.name, run=result.run_code))
