"""One learner prepared and saved by hand."""

from core.app import App
from core.context import Actor
from core.rules.ucas.columns import Column
from core.usecases.learners.changes import (
    LearnerPrepared,
    LearnerSaved,
    PrepareLearner,
    SaveLearner,
    prepare_learner,
    save_learner,
)

FILLED = {Column.UKPRN: "10000001", Column.LAST_NAME: "Young", Column.DOB: "2010-01-02", Column.YEAR_GROUP: "Year 11"}


def typed(first: str, **changes: str) -> tuple[tuple[Column, str], ...]:
    """``changes`` by the column's name in ``Column``."""
    cells = {**FILLED, Column.FIRST_NAME: first, **{Column[name.upper()]: value for name, value in changes.items()}}
    return tuple(cells.items())


def prepare(
    app: App, by: Actor, first: str, learner_id: int = 0, username: str = "", **changes: str
) -> LearnerPrepared:
    return app.run(prepare_learner, PrepareLearner(typed(first, **changes), learner_id, username), by)


def save(app: App, by: Actor, first: str, learner_id: int = 0, username: str = "", **changes: str) -> LearnerSaved:
    prepared = prepare(app, by, first, learner_id, username, **changes)
    return app.run(save_learner, SaveLearner(prepared.change_id), by)
