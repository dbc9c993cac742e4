"""When reminders of the invitations to a run go out."""

from bot.blocks.parts import Message, said, section
from bot.blocks.words import counted, run_name
from core.rules.zones import zone_named
from core.usecases.invitations.reminder_rules import RemindersShown
from core.wording.phrases import day_words
from core.wording.results import reminders_words


def draw_reminders(shown: RemindersShown) -> Message:
    number = counted(shown.unanswered, "learner")
    verb = "has" if shown.unanswered == 1 else "have"
    head = f"*{number}* {verb} not answered an invitation to {run_name(shown.run)} yet."
    lines = [reminders_words(shown), *_coming(shown), _change_words(shown)]
    text = f"{number} {verb} not answered {said(shown.run.course_title)} yet."
    return Message(text, (section(head), section("\n".join(lines))))


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
