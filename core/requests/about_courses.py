"""Courses, their runs, and the links that are shared."""

from typing import Final

from core.errors import RunNotChosen
from core.requests.language import Asker, Mode, OtherUseCases, Verb, first_word, run_and_rest, verb
from core.rules.text import folded
from core.usecases.catalogue.courses import ListCourses, RunList, ShowRun, list_courses, show_run
from core.usecases.links.lists import ListSharedLinks, list_shared_links
from core.usecases.links.shared_links import CreateSharedLink, create_shared_link


def _courses(rest: str) -> ListCourses:
    return ListCourses(search=rest)


def _show_run(rest: str) -> ShowRun | ListCourses:
    run, tail = run_and_rest(rest)
    if not rest:
        return ListCourses()
    if not run:
        raise RunNotChosen(verb="run")
    first, others = first_word(tail)
    shown = RunList(first.lower()) if first.lower() in list(RunList) else None
    return ShowRun(run, shown or RunList.ENROLLED, others if shown else tail)


def _links(rest: str) -> ListSharedLinks | CreateSharedLink:
    """``CODE`` makes or offers one; ``find WORDS`` or nothing lists."""
    first, tail = first_word(rest)
    if not first or folded(first) in ("find", "list"):
        return ListSharedLinks(search=tail)
    return CreateSharedLink(first.strip(",;:"))


VERBS: Final[tuple[Verb, ...]] = (
    verb("courses", Mode.READ, Asker.STAFF, _courses, list_courses),
    verb("run", Mode.READ, Asker.STAFF, _show_run, show_run),
    verb("links", Mode.RUN, Asker.STAFF, _links, list_shared_links),
)
OTHERS: Final[OtherUseCases] = {
    CreateSharedLink: (create_shared_link, Mode.RUN),
    ListSharedLinks: (list_shared_links, Mode.READ),
    ListCourses: (list_courses, Mode.READ),
}
