"""A query that is built once stops at the organisation as one does that is built where it runs."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core.context import Context
from core.model import Organisation, StaffMember
from core.queries import Query, columns_of, copy_of
from tests.core.test_access_scope import NORTH, STATEMENTS, VISITOR
from tests.factories import LEARNER, OPERATOR, SYSTEM, School, in_context

SOUTH = {"sue@south.example.org"}
WHOLE_ROWS = Query(select(StaffMember))
ROW_AND_COLUMN = Query(
    select(StaffMember, Organisation.name)
    .join(Organisation, Organisation.id == StaffMember.organisation_id)
    .where(StaffMember.email == bindparam("email"))
)


def found(ctx: Context, query: Query[Any], **values: object) -> set[str]:
    return set(query.run(ctx, **values).scalars())


@pytest.mark.parametrize("shape", [shape for shape in STATEMENTS if shape != "union"])
def test_columns_are_those_of_the_own_organisation(school: School, shape: str) -> None:
    statement: Any = STATEMENTS[shape]
    look = partial(found, query=Query(statement))

    assert in_context(school.app, school.owner, look) == NORTH
    assert in_context(school.app, school.other_owner, look) == SOUTH
    assert in_context(school.app, LEARNER, look) == set()
    assert in_context(school.app, VISITOR, look) == set()
    assert in_context(school.app, SYSTEM, look) == NORTH | SOUTH
    assert in_context(school.app, OPERATOR, look) == NORTH | SOUTH


def test_objects_are_those_of_the_own_organisation(school: School) -> None:
    def look(ctx: Context) -> set[str]:
        return {staff.email for staff in WHOLE_ROWS.run(ctx).scalars()}

    assert in_context(school.app, school.owner, look) == NORTH
    assert in_context(school.app, school.other_owner, look) == SOUTH
    assert in_context(school.app, LEARNER, look) == set()
    assert in_context(school.app, SYSTEM, look) == NORTH | SOUTH


def test_a_count_stops_at_the_organisation(school: School) -> None:
    count = Query(select(func.count(StaffMember.id)))

    assert in_context(school.app, school.owner, lambda ctx: count.run(ctx).scalar_one()) == 3
    assert in_context(school.app, SYSTEM, lambda ctx: count.run(ctx).scalar_one()) == 4


def test_what_is_given_does_not_reach_into_another_organisation(school: School) -> None:
    def look(ctx: Context) -> list[str]:
        return [name for _, name in ROW_AND_COLUMN.run(ctx, email="sue@south.example.org", scope=None)]

    assert in_context(school.app, school.owner, look) == []
    assert in_context(school.app, school.other_owner, look) == ["Southgate University"]


def test_an_object_can_be_changed(school: School) -> None:
    def rename(ctx: Context) -> None:
        for staff in WHOLE_ROWS.run(ctx).scalars():
            staff.telephone = "020 7946 0000"

    school.app.run(lambda ctx, _command: rename(ctx), None, school.other_owner)

    rung = Query(select(StaffMember.email).where(StaffMember.telephone != ""))
    assert in_context(school.app, SYSTEM, partial(found, query=rung)) == SOUTH


def test_a_copy_says_what_the_row_says_and_changes_nothing(school: School) -> None:
    columns = Query(select(*columns_of(StaffMember)).where(StaffMember.id == school.owner.staff_id))

    def copied(ctx: Context) -> bool:
        copy = copy_of(StaffMember, columns.run(ctx).one())
        row = ctx.session.get_one(StaffMember, school.owner.staff_id)
        is_same = all(getattr(copy, column.key) == getattr(row, column.key) for column in columns_of(StaffMember))
        with pytest.raises(AttributeError):
            copy.telephone = "020 7946 0000"
        return is_same

    assert school.app.run(lambda ctx, _command: copied(ctx), None, school.owner)
    rung = Query(select(StaffMember.email).where(StaffMember.telephone != ""))
    assert in_context(school.app, SYSTEM, partial(found, query=rung)) == set()


def test_without_a_scope_a_query_does_not_run(school: School) -> None:
    def look(ctx: Context) -> None:
        with Session(ctx.session.connection()) as unscoped:
            ctx.session = unscoped
            WHOLE_ROWS.run(ctx)

    with pytest.raises(KeyError):
        in_context(school.app, school.owner, look)
