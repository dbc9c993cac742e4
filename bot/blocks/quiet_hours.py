"""An organisation's quiet hours."""

from bot.blocks.parts import Message, said, section
from core.rules.zones import zone_named
from core.usecases.invitations.quiet_hours import QuietHoursShown
from core.wording.phrases import zone_words
from core.wording.results import QUIET_AFTER, clock_words


def draw_quiet_hours(shown: QuietHoursShown) -> Message:
    zone, now = zone_words(zone_named(shown.time_zone)), " now" if shown.is_changed else ""
    if shown.quiet is None:
        head = f"{said(shown.organisation)} has no quiet hours{now}: reminders go out at any time of the day."
        return Message(head, (section(f"*{head}*\nTo set some, an owner writes “/usher quiet 20:00-07:00”."),))
    hours = f"{clock_words(shown.quiet.from_minute)} to {clock_words(shown.quiet.until_minute)}"
    head = f"Quiet{now} from {hours} ({zone}) at {said(shown.organisation)}."
    change = "An owner changes them with “/usher quiet 20:00-07:00” or ends them with “/usher quiet off”."
    return Message(head, (section(f"*{head}*\n{QUIET_AFTER}\n{change}"),))
