"""``progress`` and words: a run and what is searched in it, or a learner by name."""

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import LearnerNotFound, RunNotFound, RunOrLearnerNotFound
from core.usecases.learners.naming import learner_named
from core.usecases.progress.figures import ProgressShown, ShowProgress, show_progress
from core.usecases.progress.one_learner import LearnerProgressShown, ShowLearnerProgress, show_learner_progress


class FindProgress(Struct, frozen=True):
    """``who`` is all that was typed, should its first word be no run."""

    run: str
    search: str
    who: str


def find_progress(ctx: Context, command: FindProgress) -> ProgressShown | LearnerProgressShown:
    """A run goes first. Raises ProviderNotGranted, LearnerUnclear, and RunOrLearnerNotFound with what is nearest."""
    staff = access.require_staff(ctx, Permission.VIEW)
    try:
        return show_progress(ctx, ShowProgress(command.run, search=command.search))
    except RunNotFound as no_run:
        try:
            learner = learner_named(ctx, staff, command.who)
        except LearnerNotFound as nobody:
            raise RunOrLearnerNotFound(who=command.who, runs=no_run.nearest, choices=nobody.choices) from no_run
    return show_learner_progress(ctx, ShowLearnerProgress(learner_id=learner.id))
