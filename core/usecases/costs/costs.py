"""What enrolments cost an organisation: by month, by course and run, and under which agreement (LM, View your costs).

A charge is made with its enrolment and stays, whatever becomes of the learner; only an operator waives one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, func, select

from core import access
from core.access import Permission
from core.context import Context
from core.errors import MonthUnclear
from core.model import Charge, Course, CourseRun, Organisation
from core.pages import page_within
from core.rules.months import Month, month_of, read_month
from core.rules.policy import COST_MONTHS, PAGE_ROWS
from core.rules.zones import zone_named
from core.usecases.costs.budgets import AgreementCosts, agreement_costs

_WAIVED: Final = Charge.waived_at.is_not(None)
_IS_DUE: Final = and_(Charge.waived_at.is_(None), Charge.is_prepaid.is_(False))
_IS_PREPAID: Final = and_(Charge.waived_at.is_(None), Charge.is_prepaid.is_(True))


class ShowCosts(Struct, frozen=True):
    """``month`` as typed, in the organisation's zone; empty: this one."""

    month: str = ""
    page: int = 1


class CostSums(Struct, frozen=True):
    """Prepaid and waived enrolments cost nothing more."""

    enrolments: int = 0
    prepaid: int = 0
    waived: int = 0
    to_invoice_pence: int = 0


class MonthCosts(Struct, frozen=True):
    month: Month
    sums: CostSums


class RunCosts(Struct, frozen=True):
    """Enrolments of a run at one price."""

    run_code: str
    course_title: str
    price_pence: int
    sums: CostSums


class CostsShown(Struct, frozen=True):
    organisation: str
    month: Month
    sums: CostSums
    rows: tuple[RunCosts, ...]
    """The dearest first."""
    page: int
    page_count: int
    is_latest: bool
    """Nothing has happened after it yet."""
    months: tuple[MonthCosts, ...]
    """The latest twelve that had enrolments, newest first, up to this moment."""
    agreements: tuple[AgreementCosts, ...]
    """The current ones."""


def show_costs(ctx: Context, command: ShowCosts) -> CostsShown:
    """Raises MonthUnclear."""
    staff = access.require_staff(ctx, Permission.VIEW)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    zone = zone_named(organisation.time_zone)
    this = month_of(ctx.now.astimezone(zone).date())
    month = read_month(command.month, ctx.now.astimezone(zone).date())
    if month is None:
        raise MonthUnclear(words=command.month[:40], example=str(this.moved(-1)))
    begin, end = month.starts(zone), month.moved(1).starts(zone)
    rows = _by_run(ctx, begin, end)
    page, page_count = page_within(command.page, len(rows))
    first = (page - 1) * PAGE_ROWS
    return CostsShown(
        organisation=organisation.name,
        month=month,
        sums=_sum(rows),
        rows=tuple(rows[first : first + PAGE_ROWS]),
        page=page,
        page_count=page_count,
        is_latest=month >= this,
        months=_by_month(ctx, [this.moved(-back) for back in range(COST_MONTHS)], zone),
        agreements=agreement_costs(ctx, staff.organisation_id),
    )


def _sums() -> tuple[ColumnElement[Any], ...]:
    return (
        func.count().label("enrolments"),
        func.count(case((_IS_PREPAID, 1))).label("prepaid"),
        func.count(case((_WAIVED, 1))).label("waived"),
        func.coalesce(func.sum(case((_IS_DUE, Charge.price_pence), else_=0)), 0).label("to_invoice_pence"),
    )


def _read(row: Any) -> CostSums:
    return CostSums(row.enrolments, row.prepaid, row.waived, int(row.to_invoice_pence))


def _by_run(ctx: Context, begin: datetime, end: datetime) -> list[RunCosts]:
    """Grouped before it is joined: a month has many charges and few runs."""
    grouped = (
        select(Charge.run_id, Charge.price_pence, *_sums())
        .where(Charge.charged_at >= begin, Charge.charged_at < end)
        .group_by(Charge.run_id, Charge.price_pence)
        .subquery()
    )
    query = (
        select(CourseRun.code, Course.title, grouped)
        .join(CourseRun, CourseRun.id == grouped.c.run_id)
        .join(Course, Course.id == CourseRun.course_id)
        .order_by(grouped.c.to_invoice_pence.desc(), grouped.c.enrolments.desc(), CourseRun.code, grouped.c.price_pence)
    )
    return [RunCosts(row.code, row.title, row.price_pence, _read(row)) for row in ctx.session.execute(query)]


def _sum(rows: Sequence[RunCosts]) -> CostSums:
    return CostSums(
        enrolments=sum(row.sums.enrolments for row in rows),
        prepaid=sum(row.sums.prepaid for row in rows),
        waived=sum(row.sums.waived for row in rows),
        to_invoice_pence=sum(row.sums.to_invoice_pence for row in rows),
    )


def _by_month(ctx: Context, months: Sequence[Month], zone: ZoneInfo) -> tuple[MonthCosts, ...]:
    """``months``: newest first. A month of the organisation's zone is none of the database's: hence its beginnings."""
    place = case(
        *((Charge.charged_at >= month.starts(zone), number) for number, month in enumerate(months)), else_=len(months)
    ).label("place")
    query = select(place, *_sums()).where(Charge.charged_at >= months[-1].starts(zone)).group_by("place")
    return tuple(
        MonthCosts(months[row.place], _read(row))
        for row in sorted(ctx.session.execute(query), key=lambda row: row.place)
    )
