"""PostgreSQL itself keeps organisations apart: what a forgotten scope, or an injected statement, would not reach."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from core import access
from core.context import Actor, Context
from core.database import open_engine
from core.model import Base, OrganisationOwned
from migrations.walls import WALLS, Wall
from tests.copies import PostgresqlCopies
from tests.factories import LEARNER, OPERATOR, SYSTEM, School
from tests.servers.postgresql import PostgreSQL
from usher.migrating import upgrade

NO_WALL = {"idempotency_record", "slack_install_state", "speech_lane", "worker_beat"}
"""Of no organisation, found by keys that nobody guesses, and without anything that is about a person."""


@pytest.fixture
def migrated(postgresql_server: PostgreSQL) -> Iterator[Engine]:
    name = postgresql_server.create_database()
    engine = open_engine(postgresql_server.url(name))
    upgrade(engine)
    yield engine
    engine.dispose()
    postgresql_server.drop_database(name)


@pytest.fixture
def school(postgresql_school: PostgresqlCopies[School]) -> School:
    postgresql_school.renew()
    return replace(postgresql_school.filling, app=postgresql_school.app())


def run(school: School, actor: Actor, statement: str, **values: Any) -> Any:
    """Past ORM and scope, inside a transaction of this actor: (count of rows, the rows if there are any)."""

    def raw(ctx: Context, _command: None) -> Any:
        done = ctx.session.connection().execute(text(statement), values)
        return done.all() if done.returns_rows else done.rowcount

    return school.app.run(raw, None, actor)


def test_each_table_of_ours_has_its_wall_and_each_wall_binds_the_owner(migrated: Engine) -> None:
    named = {table: wall for walls in WALLS.values() for table, wall in walls.items()}
    owned = {str(each.local_table) for each in Base.registry.mappers if issubclass(each.class_, OrganisationOwned)}
    with migrated.connect() as connection:
        walled = connection.execute(
            text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'")
        ).scalars()
        policies = connection.execute(text("SELECT tablename, count(*) FROM pg_policies GROUP BY 1")).all()

        assert set(walled) == set(named) == set(Base.metadata.tables) - NO_WALL
    assert {table for table, wall in named.items() if wall is Wall.OWN} >= owned
    two = {Wall.ITSELF, Wall.LENT, Wall.AGREED}
    assert {row[0]: row[1] for row in policies} == {name: 1 + (wall in two) for name, wall in named.items()}


def test_a_raw_statement_of_one_organisation_reaches_no_row_of_another(school: School) -> None:
    south = {"south": school.other_organisation_id}
    count = "SELECT count(*) FROM staff_member WHERE organisation_id = :south"

    assert run(school, SYSTEM, count, **south) == [(1,)]
    assert run(school, school.owner, count, **south) == [(0,)]
    assert run(school, school.owner, "SELECT DISTINCT organisation_id FROM staff_member") == [(school.organisation_id,)]
    # Southgate lends a course to Northfield, which sees its name; Northfield lends nothing.
    assert set(run(school, school.owner, "SELECT slug FROM organisation")) == {("northfield",), ("southgate",)}
    assert run(school, school.other_owner, "SELECT slug FROM organisation") == [("southgate",)]
    assert run(school, school.owner, "SELECT count(*) FROM mailbox, slack_installation") == [(0,)]
    for changing in (
        "UPDATE staff_member SET role = 'viewer' WHERE organisation_id = :south",
        "UPDATE course SET price_pence = 0 WHERE organisation_id = :south",
        "UPDATE organisation SET name = 'Mine' WHERE id = :south",
        "DELETE FROM course_run WHERE organisation_id = :south",
    ):
        assert run(school, school.owner, changing, **south) == 0
    assert run(school, school.owner, "SELECT count(*) FROM course WHERE organisation_id = :south", **south) == [(2,)]


@pytest.mark.parametrize(
    "writing",
    [
        "INSERT INTO provider (id, organisation_id, ukprn, name) VALUES (1, :south, '10000099', 'Example')",
        "UPDATE provider SET organisation_id = :south",
        "INSERT INTO audit_entry (id, actor, door, action, subject, outcome, at)"
        " VALUES (1, 'x', 'web', 'x', '', 'done', now())",
        "INSERT INTO course SELECT 1, organisation_id, NULL, 'mine', uuid, title, partner, kind, model, 0"
        " FROM course WHERE organisation_id = :south",
    ],
)
def test_a_raw_statement_of_one_organisation_writes_no_row_of_another(school: School, writing: str) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        run(school, school.owner, writing, south=school.other_organisation_id)


def test_a_transaction_without_a_scope_sees_nothing_and_writes_nothing(school: School) -> None:
    url = school.app.engine.url.render_as_string(hide_password=False)
    engine = open_engine(url, pool_size=1)

    with engine.connect() as connection:
        for table in sorted(Base.metadata.tables.keys() - NO_WALL):
            assert connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one() == 0, table
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(
                text("INSERT INTO provider (id, organisation_id, ukprn, name) VALUES (1, :north, '10000099', 'X')"),
                {"north": school.organisation_id},
            )
    # Nor does the next one of a connection that had a scope.
    with engine.execution_options(usher_scope=school.organisation_id).begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM staff_member")).scalar_one() == 3
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM staff_member")).scalar_one() == 0
    engine.dispose()


def test_who_entered_an_organisation_by_a_link_reaches_only_that_one(school: School) -> None:
    def enter(ctx: Context, _command: None) -> tuple[int, int]:
        count = text("SELECT count(DISTINCT organisation_id) FROM staff_member")
        before = ctx.session.connection().execute(count).scalar_one()
        access.enter_organisation(ctx, school.organisation_id)
        return before, ctx.session.connection().execute(count).scalar_one()

    assert school.app.read(enter, None, LEARNER) == (2, 1)
    assert school.app.run(enter, None, LEARNER) == (2, 1)
    assert run(school, OPERATOR, "SELECT count(DISTINCT organisation_id) FROM staff_member") == [(2,)]
