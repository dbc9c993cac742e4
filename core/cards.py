"""Small frozen views of rows that several results carry. Values only: no wording, no mapped objects."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Row

from core.model import Course, CourseRun
from core.rules.benefits import benefits_of
from core.rules.expiry import enrolment_end
from core.words import AccessModel, Benefit, CourseKind


class RunCard(Struct, frozen=True):
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


# For lists: a whole row takes four times as long to read as its columns.
CARD_COLUMNS: Final = (
    CourseRun.id,
    CourseRun.code,
    Course.title.label("course_title"),
    CourseRun.title,
    Course.partner,
    Course.kind,
    Course.model,
    CourseRun.starts_at,
    CourseRun.ends_at,
    CourseRun.enrolment_closes_at,
    CourseRun.time_zone,
    CourseRun.step_count,
    CourseRun.join_url,
    CourseRun.uuid,
)


def card_of(row: Row[*tuple[Any, ...]]) -> RunCard:
    """``row`` begins with the CARD_COLUMNS."""
    # Taken apart at once: asked for by name, each column is looked up.
    (
        run_id, code, course_title, run_title, partner, kind, model,
        starts_at, ends_at, enrolment_closes_at, time_zone, step_count, join_url, uuid,
    ) = row[: len(CARD_COLUMNS)]  # fmt: skip
    return RunCard(
        run_id=run_id,
        code=code,
        course_title=course_title,
        run_title=run_title,
        partner=partner,
        kind=kind,
        model=model,
        benefits=benefits_of(model),
        starts_at=starts_at,
        ends_at=ends_at,
        closes_at=enrolment_end(enrolment_closes_at, ends_at),
        time_zone=time_zone,
        step_count=step_count,
        join_url=join_url,
        uuid=uuid,
    )
