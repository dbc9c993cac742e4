"""The charges of a month, line by line, as ``costs`` adds them up. No line tells who the learner is."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select

from core.context import Context
from core.model import Agreement, Charge, Course, CourseRun, Enrolment, Organisation
from core.queries import Query
from core.rules.months import Month
from core.words import JoinedBy

_ROWS_AT_ONCE: Final = 1000


class CostLine(NamedTuple):
    """``day`` in the organisation's zone. ``owner``: whose course it is, where an agreement led there."""

    day: str
    course_code: str
    course_title: str
    run_code: str
    price_pence: int
    is_prepaid: bool
    is_waived: bool
    reason: str
    joined_by: JoinedBy
    owner: str


_OF_MONTH: Final = (Charge.charged_at >= bindparam("begin"), Charge.charged_at < bindparam("end"))
_COUNT: Final = Query(select(func.count()).select_from(Charge).where(*_OF_MONTH))
_LINES: Final = Query(
    select(
        Charge.charged_at, Course.code, Course.title, CourseRun.code, Charge.price_pence, Charge.is_prepaid,
        Charge.waived_at, Charge.waived_reason, Enrolment.joined_by, Organisation.name,
    )
    .select_from(Charge)
    .join(Enrolment, Enrolment.id == Charge.enrolment_id)
    .join(CourseRun, CourseRun.id == Charge.run_id)
    .join(Course, Course.id == CourseRun.course_id)
    .outerjoin(Agreement, Agreement.id == Charge.agreement_id)
    .outerjoin(Organisation, Organisation.id == Agreement.owner_id)
    .where(*_OF_MONTH)
    .order_by(Charge.charged_at, Charge.id)
)  # fmt: skip


def count_cost_rows(ctx: Context, month: Month, zone: ZoneInfo) -> int:
    count: int = _COUNT.run(ctx, begin=month.starts(zone), end=month.moved(1).starts(zone)).scalar_one()
    return count


def cost_rows(ctx: Context, month: Month, zone: ZoneInfo) -> Iterator[Sequence[CostLine]]:
    """Piece by piece. The caller has authorised."""
    lines = _LINES.stream(ctx, begin=month.starts(zone), end=month.moved(1).starts(zone))
    for piece in lines.partitions(_ROWS_AT_ONCE):
        yield [_line(row, zone) for row in piece]


def _line(row: Any, zone: ZoneInfo) -> CostLine:
    charged_at, course_code, title, run_code, price, is_prepaid, waived_at, reason, joined_by, owner = row
    day = charged_at.astimezone(zone).date().isoformat()
    is_waived = waived_at is not None
    return CostLine(
        day, course_code, title, run_code, price, is_prepaid, is_waived, reason if is_waived else "", joined_by,
        owner or "",
    )  # fmt: skip
