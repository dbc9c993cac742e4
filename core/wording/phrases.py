"""What every door says alike: days, benefits and roles in words."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.rules.expiry import start_of_day
from core.words import Benefit, Role

# Not strftime: its names change with the locale of the process.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

BENEFITS: dict[Benefit, tuple[str, str]] = {
    Benefit.ONGOING_ACCESS: ("Ongoing access", "you can come back after the course has ended."),
    Benefit.TESTS: ("Tests", "you can check what you have learned."),
    Benefit.DIGITAL_CERTIFICATE: (
        "A digital certificate",
        "a PDF for you to download when you finish. No paper certificate is posted.",
    ),
    Benefit.COURSE_ACCESS: ("Access to the course", "all of it, while it runs."),
}
"""What is promised, and what it means (LM, Learners get the upgraded experience)."""

ROLES: dict[Role, str] = {
    Role.OWNER: "You can invite learners and follow their progress, and you look after staff and costs.",
    Role.MANAGER: "You can invite learners and follow their progress.",
    Role.VIEWER: "You can follow the progress of learners.",
}


def size_words(count: int) -> str:
    """As in "300 bytes", "12 KB" or "1.4 MB"."""
    if count < 1000:
        return f"{count} bytes"
    return f"{round(count / 1000)} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def day_words(moment: datetime, zone: ZoneInfo) -> str:
    """As in "Monday 2 March 2026"."""
    local = moment.astimezone(zone)
    return f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"


def moment_words(moment: datetime, zone: ZoneInfo) -> str:
    """As in "Monday 2 March 2026 at 09:00 (London time)"."""
    return f"{day_words(moment, zone)} at {moment.astimezone(zone):%H:%M} ({zone_words(zone)})"


def last_day_words(end: datetime, zone: ZoneInfo) -> str:
    """The last day of something that ends at that moment: an end at midnight belongs to the day before."""
    return day_words(end - end.resolution, zone) if _is_midnight(end, zone) else day_words(end, zone)


@lru_cache(maxsize=256)
def until_words(end: datetime, zone: ZoneInfo) -> str:
    """As in "the end of Friday 6 March 2026" or "17:00 on Friday 6 March 2026 (London time)"."""
    if _is_midnight(end, zone):
        return f"the end of {last_day_words(end, zone)}"
    return f"{end.astimezone(zone):%H:%M} on {day_words(end, zone)} ({zone_words(zone)})"


def _is_midnight(moment: datetime, zone: ZoneInfo) -> bool:
    # Not a comparison with 00:00: where clocks go forward at midnight, the day begins at 01:00.
    return start_of_day(moment.astimezone(zone).date(), zone) == moment


def zone_words(zone: ZoneInfo) -> str:
    """As in "London time"."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    return city if city == "UTC" else f"{city} time"


def pounds(pence: int) -> str:
    """As in "£24.50"."""
    return f"£{pence // 100:,}.{pence % 100:02d}"
