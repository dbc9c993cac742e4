"""Numbers, moments and closed sets in the words of our Slack messages."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.blocks.parts import said
from core import phrases
from core.cards import RunCard
from core.phrases import day_words, last_day_words, zone_named, zone_words
from core.rules.addresses import AddressFault
from core.usecases.answers import LinkState
from core.words import Benefit

BENEFITS: dict[Benefit, str] = {
    Benefit.ONGOING_ACCESS: "ongoing access after the course has ended",
    Benefit.TESTS: "tests",
    Benefit.DIGITAL_CERTIFICATE: "a digital certificate (PDF)",
    Benefit.COURSE_ACCESS: "access to the course while it runs",
}

FAULTS: dict[AddressFault, str] = {
    AddressFault.NO_AT: "it has no @",
    AddressFault.NO_DOMAIN: "nothing stands after the @",
    AddressFault.NO_LOCAL: "nothing stands before the @",
    AddressFault.TWO_AT: "it has more than one @",
    AddressFault.BAD_DOMAIN: "what stands after the @ is no mail domain",
    AddressFault.BAD_LOCAL: "what stands before the @ is not allowed",
    AddressFault.TOO_LONG: "it is too long for an address",
    AddressFault.NOT_ASCII_LOCAL: "mail hosts do not take these letters before the @",
}

LINK_STATES: dict[LinkState, str] = {
    LinkState.OPEN: "is still open",
    LinkState.ACCEPTED: "was accepted",
    LinkState.DECLINED: "was declined",
    LinkState.CANCELLED: "was cancelled",
    LinkState.EXPIRED: "has expired",
    LinkState.CLOSED: "can no longer be used: enrolment has closed",
}


def counted(number: int, noun: str, plural: str = "") -> str:
    """As in "1 learner", "1,001 learners"."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def pounds(pence: int) -> str:
    """As in "£24.50"."""
    return f"£{pence // 100:,}.{pence % 100:02d}"


def batch_name(numbers: Sequence[int]) -> str:
    """As in "B-0041" or "B-0041 to B-0050"."""
    first, last = f"B-{numbers[0]:04d}", f"B-{numbers[-1]:04d}"
    return first if len(numbers) == 1 else f"{first} to {last}"


def percent(part: int, whole: int) -> int:
    """Rounded down, so that 100 means all of them."""
    return part * 100 // whole if whole else 100


def bar(part: int, whole: int, cells: int = 10) -> str:
    """As in "▓▓▓▓░░░░░░ 45 %"."""
    share = percent(part, whole)
    filled = share * cells // 100
    return f"{'▓' * filled}{'░' * (cells - filled)} {share} %"


def moment(at: datetime) -> str:
    """Slack shows it in the reader's own zone; where it cannot, our words name UTC."""
    words = f"{day_words(at, ZoneInfo('UTC'))} at {at.astimezone(ZoneInfo('UTC')):%H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{words}> (your time)"


def until_words(end: datetime, zone_name: str) -> str:
    """As in "the end of Friday 6 March 2026 (London time)": staff may sit in another zone than the run."""
    zone = zone_named(zone_name)
    words = phrases.until_words(end, zone)
    return words if words.endswith(")") else f"{words} ({zone_words(zone)})"


def run_dates(run: RunCard) -> str:
    """As in "Monday 16 March 2026 to Friday 8 May 2026"."""
    zone = zone_named(run.time_zone)
    starts = day_words(run.starts_at, zone)
    return f"{starts} to {last_day_words(run.ends_at, zone)}" if run.ends_at else f"from {starts}"


def run_name(run: RunCard) -> str:
    """The course in bold and the run's code, for mrkdwn."""
    return f"*{said(run.course_title)}* (`{said(run.code, 64)}`)"
