"""Small frozen views of rows that several results carry. Values only: no wording, no mapped objects."""

from dataclasses import dataclass
from datetime import datetime

from core.model import CourseRun
from core.rules.benefits import benefits_of
from core.words import AccessModel, Benefit, CourseKind


@dataclass(frozen=True, slots=True)
class RunCard:
    """Moments are UTC; show them in ``time_zone``."""

    run_id: int
    code: str
    course_title: str
    run_title: str
    partner: str
    kind: CourseKind
    model: AccessModel
    benefits: tuple[Benefit, ...]
    starts_at: datetime
    ends_at: datetime | None
    closes_at: datetime | None
    time_zone: str
    step_count: int | None
    join_url: str
    uuid: str


def run_card(run: CourseRun) -> RunCard:
    """``run.course`` must be loaded."""
    course = run.course
    return RunCard(
        run_id=run.id,
        code=run.code,
        course_title=course.title,
        run_title=run.title,
        partner=course.partner,
        kind=course.kind,
        model=course.model,
        benefits=benefits_of(course.model),
        starts_at=run.starts_at,
        ends_at=run.ends_at,
        closes_at=run.closes_at,
        time_zone=run.time_zone,
        step_count=run.step_count,
        join_url=run.join_url,
        uuid=run.uuid,
    )
