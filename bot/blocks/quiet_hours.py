"""An organisation's quiet hours."""

from bot.blocks.parts import Message, said, section
from core.phrases import zone_named, zone_words
from core.usecases.quiet_hours import QuietHoursShown

_AFTER = (
    "Reminders wait for their end, and so does what is scheduled into them. "
    "Invitations that somebody confirms go out at once, whatever the hour."
)


def draw_quiet_hours(shown: QuietHoursShown) -> Message:
    zone, now = zone_words(zone_named(shown.time_zone)), " now" if shown.is_changed else ""
    if shown.quiet is None:
        head = f"{said(shown.organisation)} has no quiet hours{now}: reminders go out at any time of the day."
        return Message(head, (section(f"*{head}*\nTo set some, an owner writes “/usher quiet 20:00-07:00”."),))
    hours = f"{clock_words(shown.quiet.from_minute)} to {clock_words(shown.quiet.until_minute)}"
    head = f"Quiet{now} from {hours} ({zone}) at {said(shown.organisation)}."
    change = "An owner changes them with “/usher quiet 20:00-07:00” or ends them with “/usher quiet off”."
    return Message(head, (section(f"*{head}*\n{_AFTER}\n{change}"),))


def clock_words(minute: int) -> str:
    """As in "07:00"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
