"""A school for the tests of e-mail that comes in: made once a test process, copied for each test."""

import pytest
from msgspec.structs import replace

from tests.copies import Copies, SqliteCopies
from tests.factories import FixedClock, School


@pytest.fixture(scope="session")
def copies(sqlite_school: SqliteCopies[School]) -> Copies[School]:
    return sqlite_school


@pytest.fixture
def school(copies: Copies[School]) -> School:
    copies.renew()
    app = copies.app(clock=FixedClock(), mail_inbox="usher@usher.example.org")
    return replace(copies.filling, app=app)
