"""When things go out: reminders, quiet hours, what waits; and all that holds for an organisation."""

from core.rules.zones import zone_named
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.usecases.invitations.reminder_rules import RemindersShown
from core.usecases.invitations.schedules import ScheduledListed
from core.usecases.staff.rules import RulesShown
from core.wording.phrases import day_words, zone_words
from core.wording.results import QUIET_AFTER, batch_name, clock_words, counted, reminders_words
from core.wording.rules import RULES_FOOT, rule_words
from mail.answers.batches import named
from mail.answers.document import Answer, Listing, Row, Teller, page_line


def tell_reminders(shown: RemindersShown, teller: Teller) -> Answer:
    number, code = counted(shown.unanswered, "learner"), shown.run.code
    verb = "has" if shown.unanswered == 1 else "have"
    zone = zone_named(shown.run.time_zone)
    coming = tuple(Row(f"{day_words(at, zone)}: {counted(people, 'learner')}") for at, people in shown.coming)
    none = ("None are planned.",) if not coming and not shown.rule.is_off else ()
    return Answer(
        headline=f"{number} {verb} not answered an invitation to {named(shown.run)} yet.",
        lines=(reminders_words(shown), *none, "Whoever accepts, declines or is cancelled gets no more."),
        lists=(Listing("Next reminders", coming),) if coming and not shown.rule.is_off else (),
        steps=(f"“reminders {code} 5,close-2” changes it; so do “reminders {code} default” and “… off”.",),
    )


def tell_quiet_hours(shown: QuietHoursShown, teller: Teller) -> Answer:
    zone, now = zone_words(zone_named(shown.time_zone)), " now" if shown.is_changed else ""
    if shown.quiet is None:
        head = f"{shown.organisation} has no quiet hours{now}: reminders go out at any time of the day."
        return Answer(head, steps=("To set some, an owner writes “quiet 20:00-07:00”.",))
    hours = f"{clock_words(shown.quiet.from_minute)} to {clock_words(shown.quiet.until_minute)}"
    return Answer(
        headline=f"Quiet{now} from {hours} ({zone}) at {shown.organisation}.",
        lines=(QUIET_AFTER,),
        steps=("An owner changes them with “quiet 20:00-07:00” or ends them with “quiet off”.",),
    )


def tell_rules(shown: RulesShown, teller: Teller) -> Answer:
    told = tuple(Row(each.title, (each.holds, f"“{each.verb}” says how it is changed.")) for each in rule_words(shown))
    return Answer(f"What holds at {shown.organisation}.", lists=(Listing("", told),), steps=(RULES_FOOT,))


def tell_scheduled(listed: ScheduledListed, teller: Teller) -> Answer:
    if not listed.rows:
        step = "Write “at Mon 09:00” after the addresses of an invitation, and it goes out then."
        return Answer("Nothing waits to go out.", steps=(step,))
    rows = tuple(
        Row(
            f"{teller.moment(row.sends_at)}: {counted(row.invited, 'learner')} to {named(row.run)}",
            (f"{batch_name(row.numbers)} · by {row.staff}",),
        )
        for row in listed.rows
    )
    verb = "waits" if listed.total == 1 else "wait"
    return Answer(
        headline=f"{counted(listed.total, 'mailing')} {verb} to go out.",
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),),
        steps=(f"“undo {batch_name(listed.rows[0].numbers[:1])}” takes one back before it goes out.",),
    )
