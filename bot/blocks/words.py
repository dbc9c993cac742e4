"""What our Slack messages say of numbers, moments and runs; ``core.wording.results`` has what every door says alike."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.blocks.parts import said
from core.cards import RunCard
from core.wording.phrases import day_words
from core.wording.results import BENEFITS as BENEFITS
from core.wording.results import FAULTS as FAULTS
from core.wording.results import LINK_STATES as LINK_STATES
from core.wording.results import batch_name as batch_name
from core.wording.results import counted as counted
from core.wording.results import percent as percent
from core.wording.results import run_dates as run_dates
from core.wording.results import until_words as until_words


def bar(part: int, whole: int, cells: int = 10) -> str:
    """As in "▓▓▓▓░░░░░░ 45 %"."""
    share = percent(part, whole)
    filled = share * cells // 100
    return f"{'▓' * filled}{'░' * (cells - filled)} {share} %"


def moment(at: datetime) -> str:
    """Slack shows it in the reader's own zone; where it cannot, our words name UTC."""
    words = f"{day_words(at, ZoneInfo('UTC'))} at {at.astimezone(ZoneInfo('UTC')):%H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{words}> (your time)"


def short_moment(at: datetime) -> str:
    """For lists, in the reader's own zone: as in "3 Sep, 09:14"."""
    at = at.astimezone(ZoneInfo("UTC"))
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}}, {{time}}|{at.day} {at:%b %H:%M} UTC>"


def run_name(run: RunCard) -> str:
    """The course in bold and the run's code, for mrkdwn."""
    return f"*{said(run.course_title)}* (`{said(run.code, 64)}`)"
