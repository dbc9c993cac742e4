"""What the use cases of staff say to the database: whose rows they want, and that no table is read from end to end.

Read from the statements themselves, so that a wrong one is found whatever lies in the tables. What SQLite does with
them is its plan without statistics, which is the one that a new database has.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import pytest
from msgspec import Struct
from msgspec.structs import replace

from core.context import StaffActor
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of, refusal_of
from tests.core.usecases.statements import unscoped, whole_tables
from tests.core.usecases.test_isolation import commands, found
from tests.core.usecases.worlds import World, make_world
from tests.factories import FixedClock, counted_queries, make_school, plan_of

_OF_ROWS: Final = ("SELECT", "UPDATE", "DELETE", "WITH")


Beginning = tuple[World, datetime]


class Said(Struct, frozen=True):
    usecase: str
    statement: str
    plan: list[str]


@pytest.fixture(scope="module")
def all_said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Said]]:
    """Each statement of each use case once."""
    copies = SqliteCopies(
        tmp_path_factory.mktemp("worlds"), lambda app: (make_world(make_school(app)), clock_of(app).now)
    )
    names = [name for name, (actor, _) in commands(_world(copies)).items() if actor is StaffActor]
    yield [said for name in names for said in _said(copies, name)]
    copies.close()


def _world(copies: SqliteCopies[Beginning]) -> World:
    copies.renew()
    world, now = copies.filling
    return replace(world, school=replace(world.school, app=copies.app(clock=FixedClock(now))))


def _said(copies: SqliteCopies[Beginning], name: str) -> list[Said]:
    world = _world(copies)
    app, command = world.school.app, commands(world)[name][1]
    with counted_queries(app.engine) as queries:
        refusal = refusal_of(app, found()[name], command, world.school.owner)
    assert refusal is None, (name, refusal)
    looking = (each for each in dict.fromkeys(queries) if each.startswith(_OF_ROWS))
    return [Said(name, each, plan_of(app.engine, each)) for each in looking]


def test_every_statement_names_whose_rows_it_wants(all_said: list[Said]) -> None:
    wrong = {(each.usecase, unscoped(each.statement)) for each in all_said if unscoped(each.statement)}

    assert len(all_said) > 500
    assert not wrong


def test_no_statement_goes_through_a_whole_table(all_said: list[Said]) -> None:
    """By a table without an index that fits, the rows of every organisation are gone through for those of one."""
    through = {(each.usecase, table) for each in all_said for table in whole_tables(each.plan)}

    assert through == set()


# --- How a statement is read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("SELECT id FROM learner WHERE learner.organisation_id = ?", ()),
        ("SELECT id FROM learner WHERE learner.id = ?", ()),
        ("SELECT id FROM learner", ("learner",)),
        ("SELECT id FROM learner WHERE learner.id IN (?, ?)", ("learner",)),
        ("SELECT id FROM organisation", ()),
        ("SELECT 1 FROM learner AS l JOIN enrolment ON l.id = learner_id WHERE l.organisation_id = ?", ("enrolment",)),
        (
            "SELECT 1 FROM learner JOIN enrolment ON enrolment.organisation_id = learner.organisation_id "
            "WHERE learner.organisation_id IN (?)",
            (),
        ),
        (
            "SELECT 1 FROM learner WHERE learner.organisation_id = ? AND EXISTS (SELECT 1 FROM suppression WHERE "
            "suppression.organisation_id = learner.organisation_id)",
            (),
        ),
        (
            "SELECT 1 FROM learner WHERE learner.organisation_id = ? AND EXISTS (SELECT 1 FROM suppression, learner "
            "WHERE suppression.organisation_id = learner.organisation_id)",
            ("suppression", "learner"),
        ),
        ("DELETE FROM learner WHERE learner.email = ?", ("learner",)),
        ("UPDATE learner SET email = ? WHERE learner.email = ? AND learner.organisation_id = ?", ()),
    ],
)
def test_what_a_statement_leaves_open_is_found(statement: str, tables: tuple[str, ...]) -> None:
    assert unscoped(statement) == tables
