"""What the use cases of staff say to the database: whose rows they want, and that no table is read from end to end.

Read from the statements themselves, so that a wrong one is found whatever lies in the tables. What SQLite does with
them is its plan without statistics, which is the one that a new database has.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import pytest
from msgspec import Struct
from msgspec.structs import replace

from core.context import Actor, LinkHolder, SlackVisitor, StaffActor
from tests.copies import SqliteCopies
from tests.core.usecases.acting import clock_of, refusal_of
from tests.core.usecases.statements import OF_ROWS, unscoped, whole_tables
from tests.core.usecases.test_isolation import actors, commands, found
from tests.core.usecases.worlds import World, make_world
from tests.factories import FixedClock, counted_queries, make_school, plan_of

Beginning = tuple[World, datetime]


class Said(Struct, frozen=True):
    usecase: str
    actor: type[Actor]
    statement: str
    plan: Sequence[str]


_ERASING: Final = "what may bear a learner's words is looked through, once, for whoever is erased or wants their data"
_ONCE_A_DAY: Final = "once a day, and for an operator who asks"
WHOLE: Final = {
    **{
        ("erase_learner", table): _ERASING
        for table in ("import_row", "draft", "mail_answer", "progress_problem", "digest", "link_request")
    },
    **{("list_organisations", table): "an operator counts everybody's" for table in ("staff_member", "learner")},
    ("show_digest", "progress"): "the median of each run, from an index that has all that it needs",
    ("write_export", "enrolment"): "the runs of an export of all, in the background, from an index",
    ("list_held", "outbound_message"): "an operator's look at what came back from staff",
    ("find_due_digests", "staff_member"): "owners without a digest yet; a table of some thousands at most",
    ("erase_overdue", "learner_change"): _ONCE_A_DAY,
    ("erase_overdue", "draft"): _ONCE_A_DAY,
    **{("report_retention", table): _ONCE_A_DAY for table in ("import", "learner_change", "draft", "progress_report")},
}
"""Use cases that go through a whole table, and why they may."""
for _same in ("export_learner", "preview_erasure"):
    WHOLE.update({(_same, table): why for (usecase, table), why in WHOLE.items() if usecase == "erase_learner"})


@pytest.fixture(scope="module")
def all_said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Said]]:
    """Each statement of each use case once."""
    copies = SqliteCopies(
        tmp_path_factory.mktemp("worlds"), lambda app: (make_world(make_school(app)), clock_of(app).now)
    )
    names = list(commands(_world(copies)))
    yield [said for name in names for said in _said(copies, name)]
    copies.close()


def _world(copies: SqliteCopies[Beginning]) -> World:
    copies.renew()
    world, now = copies.filling
    return replace(world, school=replace(world.school, app=copies.app(clock=FixedClock(now))))


def _said(copies: SqliteCopies[Beginning], name: str) -> list[Said]:
    world = _world(copies)
    app, (kind, command) = world.school.app, commands(world)[name]
    actor = next(each for each in actors(world.school) if isinstance(each, kind))
    values: dict[str, Sequence[Any]] = {}
    with counted_queries(app.engine, values):
        refusal = refusal_of(app, found()[name], command, actor)
    assert refusal is None, (name, refusal)
    looking = ((each, given) for each, given in values.items() if each.startswith(OF_ROWS))
    return [Said(name, kind, each, plan_of(app.engine, each, given)) for each, given in looking]


def test_every_statement_names_whose_rows_it_wants(all_said: list[Said]) -> None:
    of_staff = [each for each in all_said if each.actor is StaffActor]
    wrong = {(each.usecase, unscoped(each.statement)) for each in of_staff if unscoped(each.statement)}

    assert len(of_staff) > 500
    assert not wrong


def test_whoever_comes_from_outside_is_looked_for_everywhere_and_nothing_else_is(all_said: list[Said]) -> None:
    found = {
        actor: {table for each in all_said if each.actor is actor for table in unscoped(each.statement)}
        for actor in (LinkHolder, SlackVisitor)
    }

    assert found == {
        LinkHolder: {"sign_in", "staff_session", "staff_member"},
        SlackVisitor: {"slack_user", "slack_workspace", "staff_member"},
    }


def test_no_statement_goes_through_a_whole_table(all_said: list[Said]) -> None:
    """Without an index that fits, the rows of every organisation are gone through for those of one."""
    through = {(each.usecase, table) for each in all_said for table in whole_tables(each.plan)}

    assert sorted(through - set(WHOLE)) == []
    assert sorted(set(WHOLE) - through) == [], "they need no leave any longer"


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
