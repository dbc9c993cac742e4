"""A school for the tests of e-mail that comes in: made once, copied for each test."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.copies import Copies, SqliteCopies
from tests.factories import FixedClock, School, make_school


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies[School]]:
    made = SqliteCopies(tmp_path_factory.mktemp("schools"), make_school)
    yield made
    made.close()


@pytest.fixture
def school(copies: Copies[School]) -> School:
    copies.renew()
    app = copies.app(clock=FixedClock(), mail_inbox="usher@usher.example.org")
    return replace(copies.filling, app=app)
