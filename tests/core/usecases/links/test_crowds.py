"""Many who press at a shared link at the same moment."""

import re

import pytest

from core.errors import BudgetSpent
from core.model import Agreement, Enrolment, LearnerAddress, OutboundMessage
from core.usecases.links.crowds import FindJoined, find_joined
from core.usecases.links.shared_links import PauseSharedLink, pause_shared_link
from core.words import MessageKind
from tests.core.usecases.acting import POETRY, change, dump, everything, invite, only, rival_before
from tests.core.usecases.sharing import join, join_many, link_token, presses, settle, share
from tests.factories import LEARNER, School, counted_queries

ADA, BO, CY, DI = (f"{name}@example.org" for name in ("ada", "bo", "cy", "di"))
_ID = re.compile(r"<[0-9a-f]+@|\d{9,}")


def rows_of_joins(school: School) -> set[str]:
    """Without the ids, which are random."""
    tables = dump(school.app)
    names = ("learner", "learner_address", "enrolment", "charge", "outbound_message")
    return {_ID.sub("id", f"{name} {row}") for name in names for row in tables[name]}


def found(school: School, link_id: int, *addresses: str) -> list[bool]:
    command = FindJoined(link_token(school, link_id), presses(school, link_id, *addresses))
    return [answer is not None for answer in school.app.read(find_joined, command, LEARNER).answers]


def test_newcomers_who_join_together_stand_there_as_if_they_had_come_one_after_another(school: School) -> None:
    link = share(school).link_id
    alone = join(school, link, ADA)
    rows = rows_of_joins(school)

    answers = join_many(school, link, BO, CY)

    assert [repr(answer) for answer in answers] == [repr(alone).replace(ADA, address) for address in (BO, CY)]
    assert len(everything(school.app, Enrolment)) == 3
    assert rows_of_joins(school) == {row.replace("ada@", f"{name}@") for row in rows for name in ("ada", "bo", "cy")}


def test_whoever_is_no_newcomer_is_left_as_they_were(school: School) -> None:
    link = share(school, POETRY).link_id
    invite(school, ADA, run=POETRY)
    join(school, link, BO)
    before = rows_of_joins(school)

    answers = join_many(school, link, ADA, BO, "bo", "cy+tag@example.org")
    nobody = rows_of_joins(school)
    twice = join_many(school, link, CY, DI, CY.upper())

    assert answers == (None,) * 4
    assert nobody == before
    assert [answer is not None for answer in twice] == [True, True, False]
    assert {row.address for row in everything(school.app, LearnerAddress)} == {BO, CY, DI}


@pytest.mark.parametrize("state", ["paused", "confirming", "other domains"])
def test_where_they_may_not_join_at_once_nobody_does(school: School, state: str) -> None:
    link = share(school).link_id
    if state == "paused":
        school.app.run(pause_shared_link, PauseSharedLink(link), school.owner)
    settle(school, link, confirm=state == "confirming", domains="north.example.org" if state == "other domains" else "")

    answers = join_many(school, link, ADA, BO)

    assert answers == (None, None)
    assert everything(school.app, Enrolment) == []


def test_no_more_join_together_than_there_is_room_for(school: School) -> None:
    link = share(school).link_id
    settle(school, link, cap="3")
    join(school, link, ADA)

    answers = join_many(school, link, BO, CY, DI)

    assert [answer is not None for answer in answers] == [True, True, False]
    assert join_many(school, link, DI, "ed@example.org") == (None, None)


def test_when_one_cannot_join_nobody_has(school: School) -> None:
    link = share(school, POETRY).link_id
    agreement = only(school.app, Agreement)
    change(school.app, Agreement, agreement.id, prepaid_count=1, price_pence=900, budget_pence=900)
    before = rows_of_joins(school)

    with pytest.raises(BudgetSpent):
        join_many(school, link, ADA, BO, CY)

    assert rows_of_joins(school) == before
    assert join(school, link, ADA).address == ADA


def test_somebody_who_joins_while_a_crowd_does_is_not_joined_twice(school: School) -> None:
    if school.app.settings.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    link = share(school).link_id

    with rival_before(school.app.engine, "INSERT INTO learner", lambda: join(school, link, ADA)):
        answers = join_many(school, link, ADA, BO)

    assert [answer is not None for answer in answers] == [False, True]
    assert len(everything(school.app, Enrolment)) == 2


def test_a_crowd_costs_as_many_statements_as_one(school: School) -> None:
    link = share(school).link_id
    join(school, link, ADA)

    with counted_queries(school.app.engine) as of_one:
        join_many(school, link, BO)
    with counted_queries(school.app.engine) as of_many:
        join_many(school, link, *(f"a{number}@example.org" for number in range(40)))

    assert len(of_many) == len(of_one) <= 16


def test_of_a_crowd_the_first_from_outside_is_told_once(school: School) -> None:
    link = share(school).link_id

    join_many(school, link, "pupil@north.example.org", "a@gmail.com", "b@gmail.com", "c@example.net")

    only(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.OUTSIDE_JOIN)


def test_those_who_press_again_are_found_for_a_while_and_only_by_their_link(school: School) -> None:
    link, other = share(school).link_id, share(school, POETRY).link_id
    join_many(school, link, ADA, BO)

    assert found(school, link, BO, CY, ADA, "ada") == [True, False, True, False]
    assert found(school, other, ADA) == [False]
    settle(school, link, confirm=True)
    assert found(school, link, ADA) == [False]


def test_no_look_for_a_crowd_goes_through_all_who_have_joined_or_are_invited(school: School) -> None:
    if not school.app.settings.is_sqlite:
        pytest.skip("PostgreSQL plans by what is in the tables")
    link = share(school).link_id

    with counted_queries(school.app.engine) as queries:
        join_many(school, link, ADA, BO, CY)
        found(school, link, ADA, BO, CY)

    by_address = [query for query in queries if query.startswith("SELECT") and "address_key IN" in query]
    assert len(by_address) == 3
    with school.app.engine.connect() as connection:
        for query in by_address:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("",) * query.count("?")).all()
            assert "address_key=?" in plan[0][-1]
