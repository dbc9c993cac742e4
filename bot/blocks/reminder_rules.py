"""When the invitations to a run are reminded of."""

from bot.blocks.parts import Message, said, section
from bot.blocks.words import counted, run_name
from core.rules.policy import REMINDERS
from core.usecases.invitations.reminder_rules import RemindersShown
from core.wording.phrases import day_words, zone_named
from core.wording.results import days_words


def draw_reminders(shown: RemindersShown) -> Message:
    number = counted(shown.unanswered, "learner")
    verb = "has" if shown.unanswered == 1 else "have"
    head = f"*{number}* {verb} not answered an invitation to {run_name(shown.run)} yet."
    lines = [_rule_words(shown), *_coming(shown), _change_words(shown)]
    text = f"{number} {verb} not answered {said(shown.run.course_title)} yet."
    return Message(text, (section(head), section("\n".join(lines))))


def _rule_words(shown: RemindersShown) -> str:
    now = " now" if shown.is_changed else ""
    if shown.rule.is_off:
        return f"Nobody is reminded{now}: reminders are off for this run."
    whose = "the default" if shown.is_default else "set for this run"
    return f"Reminders{now} go out {days_words(shown.rule)}, at most {REMINDERS} to each ({whose})."


def _coming(shown: RemindersShown) -> list[str]:
    zone = zone_named(shown.run.time_zone)
    if shown.rule.is_off:
        return []
    if not shown.coming:
        return ["None are planned."]
    return ["Next:", *(f"• {day_words(at, zone)}: {counted(number, 'learner')}" for at, number in shown.coming)]


def _change_words(shown: RemindersShown) -> str:
    code = said(shown.run.code, 64)
    return (
        "Whoever accepts, declines or is cancelled gets no more.\n"
        f"To change it: “/usher reminders {code} 5,close-2”, “… default” or “… off”."
    )
