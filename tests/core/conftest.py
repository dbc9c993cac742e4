"""An app on each database. SQLite is a file, as in production. Whoever asks for the school finds it there."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from core.app import App
from tests.copies import Copies
from tests.factories import School


@pytest.fixture(params=["sqlite", "postgresql"])
def copies(request: pytest.FixtureRequest) -> Copies[Any]:
    beginning = "school" if "school" in request.fixturenames else "bare"
    found: Copies[Any] = request.getfixturevalue(f"{request.param}_{beginning}")
    found.renew()
    return found


@pytest.fixture
def engine(copies: Copies[Any]) -> Engine:
    return copies.engine


@pytest.fixture
def app(copies: Copies[Any]) -> App:
    return copies.app()


@pytest.fixture
def school(app: App, copies: Copies[School]) -> School:
    return replace(copies.filling, app=app)
