"""What ``usher doctor`` finds in a database."""

from dataclasses import replace

import pytest

from core.context import system_clock
from core.database import open_engine
from tests.factories import SETTINGS
from tests.servers.postgresql import SUPERUSER, USHER, PostgreSQL
from usher.checkup import Finding, Health, check_up
from usher.migrating import upgrade


def database(url: str) -> Finding:
    quiet = replace(SETTINGS, database_url=url, slack_signing_secret="", slack_bot_token="")
    return next(each for each in check_up(quiet, system_clock) if each.about == "database")


@pytest.mark.postgresql
def test_doctor_tells_when_the_role_is_not_bound_by_row_level_security(postgresql_server: PostgreSQL) -> None:
    name = postgresql_server.create_database()
    engine = open_engine(postgresql_server.url(name))
    upgrade(engine)
    engine.dispose()

    bound = database(postgresql_server.url(name, role=USHER))
    unbound = database(postgresql_server.url(name, role=SUPERUSER))

    assert bound.health is Health.GOOD
    assert unbound.health is Health.LOOK
    assert "row-level security" in unbound.says
    assert "NOBYPASSRLS" in unbound.advice
    postgresql_server.drop_database(name)
