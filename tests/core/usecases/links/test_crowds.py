"""Many who press at a shared link at the same moment."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from core.errors import BudgetSpent, SharedLinkClosed
from core.model import Agreement, Base, Enrolment, Invitation, Learner, LearnerAddress, OutboundMessage
from core.usecases.links.shared_links import PauseSharedLink, pause_shared_link
from core.words import MessageKind, MessageState
from tests.copies import school_anew
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    accept,
    change,
    clock_of,
    decline,
    dump,
    everything,
    expire,
    invite,
    jobs_of,
    only,
    rival_before,
)
from tests.core.usecases.sharing import join, join_many, settle, share
from tests.factories import NOW, School, counted_queries, plan_of
from tests.slow import examples

ADA, BO, CY, DI = (f"{name}@example.org" for name in ("ada", "bo", "cy", "di"))
_ID = re.compile(r"<[0-9a-f]+@|\d{9,}")


def rows_of_joins(school: School) -> set[str]:
    """Without the ids, which are random."""
    tables = dump(school.app)
    names = ("learner", "learner_address", "enrolment", "charge", "outbound_message")
    return {_ID.sub("id", f"{name} {row}") for name in names for row in tables[name]}


def test_newcomers_who_join_together_stand_there_as_if_they_had_come_one_after_another(school: School) -> None:
    link = share(school).link_id
    alone = join(school, link, ADA)
    rows = rows_of_joins(school)

    answers = join_many(school, link, BO, CY)

    assert [repr(answer) for answer in answers] == [repr(alone).replace(ADA, address) for address in (BO, CY)]
    assert len(everything(school.app, Enrolment)) == 3
    assert rows_of_joins(school) == {row.replace("ada@", f"{name}@") for row in rows for name in ("ada", "bo", "cy")}


def test_whoever_must_prove_something_is_left_as_they_were(school: School) -> None:
    link = share(school, POETRY).link_id
    join(school, link, ADA)
    join(school, link, BO)
    change(school.app, Learner, known_by(school, ADA), removed_at=NOW)
    change(
        school.app, Enrolment, only(school.app, Enrolment, Enrolment.learner_id == known_by(school, BO)).id, left_at=NOW
    )
    before = rows_of_joins(school)

    answers = join_many(school, link, ADA, BO, "bo", "cy+tag@example.org")
    nobody = rows_of_joins(school)
    twice = join_many(school, link, CY, DI, CY.upper())

    assert answers == (None,) * 4
    assert nobody == before
    assert [answer is not None for answer in twice] == [True, True, False]
    assert {row.address for row in everything(school.app, LearnerAddress)} == {ADA, BO, CY, DI}


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


@pytest.mark.parametrize("copies", ["postgresql"], indirect=True)  # SQLite has one writer at a time.
def test_somebody_who_joins_while_a_crowd_does_is_not_joined_twice(school: School) -> None:
    link = share(school).link_id

    with rival_before(school.app.engine, "INSERT INTO learner", lambda: join(school, link, ADA)):
        answers = join_many(school, link, ADA, BO)

    assert None not in answers
    assert len(everything(school.app, Enrolment)) == len(everything(school.app, Learner)) == 2


def test_a_crowd_costs_as_many_statements_as_one(school: School) -> None:
    link = share(school, POETRY).link_id
    join(school, link, ADA)
    people = [f"a{number}@example.org" for number in range(24)]
    for state, address in zip(["new", "known", "known and invited"] * 8, people, strict=True):
        meet(school, state, address)
    change(school.app, Agreement, only(school.app, Agreement).id, prepaid_count=30)

    with counted_queries(school.app.engine) as a_few:
        answers = join_many(school, link, *people[:3])
    with counted_queries(school.app.engine) as many:
        answers += join_many(school, link, *people[3:])

    assert None not in answers
    # Whose the addresses are and how these learners stand are two of them: in one, PostgreSQL may plan badly.
    assert len(many) == len(a_few) <= 26


def test_of_a_crowd_the_first_from_outside_is_told_once(school: School) -> None:
    link = share(school).link_id

    join_many(school, link, "pupil@north.example.org", "a@gmail.com", "b@gmail.com", "c@example.net")

    assert len(everything(school.app, OutboundMessage, OutboundMessage.kind == MessageKind.OUTSIDE_JOIN)) == 1


@pytest.mark.parametrize("copies", ["sqlite"], indirect=True)  # PostgreSQL plans by what is in the tables.
def test_no_look_for_a_crowd_goes_through_all_who_have_joined_or_are_invited(school: School) -> None:
    link = share(school).link_id
    join(school, link, ADA)

    with counted_queries(school.app.engine) as queries:
        join_many(school, link, ADA, BO, CY)

    of_each = [
        query for query in queries if query.startswith("SELECT") and re.search(r"(address_key|learner_id) IN", query)
    ]
    assert len(of_each) == 3
    for query in of_each:
        assert re.search(r"(address_key|learner_id)=\?", plan_of(school.app.engine, query)[0])


# --- As if they had come one after another ----------------------------------------------------------------

STATES = (
    "new",
    "invited",
    "invited elsewhere",
    "expired",
    "declined",
    "known",
    "known and invited",
    "invited at another address",
    "on the run",
    "removed",
    "left",
)


def known_by(school: School, address: str) -> int:
    return only(school.app, LearnerAddress, LearnerAddress.address == address).learner_id


def meet(school: School, state: str, address: str) -> None:
    """``address`` is in this state when its owner presses; "other-..." is another address of the same person."""
    if "known" in state or "another address" in state:
        invite(school, address)
        accept(school.app, address)
    if "another address" in state:
        other, learner_id = f"other-{address}", known_by(school, address)
        row = {"id": learner_id // 2, "organisation_id": school.organisation_id, "learner_id": learner_id}
        with school.app.engine.begin() as connection:
            table = Base.metadata.tables["learner_address"]
            connection.execute(insert(table), {**row, "address": other, "address_key": other})
    if state in ("on the run", "removed", "left"):
        join(school, share(school, POETRY).link_id, address)
    clock_of(school.app).advance(seconds=1)
    if "invited" in state or state in ("expired", "declined"):
        invited = f"other-{address}" if "another address" in state else address
        invite(school, invited, run=MATHS if "elsewhere" in state else POETRY)
    if state == "expired":
        expire(school, address)
    elif state == "declined":
        decline(school.app, address)
    elif state == "removed":
        change(school.app, Learner, known_by(school, address), removed_at=NOW)
    elif state == "left":
        enrolment = only(school.app, Enrolment, Enrolment.learner_id == known_by(school, address))
        change(school.app, Enrolment, enrolment.id, left_at=NOW)


def before_the_crowd(states: list[str], prepaid: int, budget: int | None, cap: str) -> tuple[School, int]:
    school = school_anew()
    link = share(school, POETRY).link_id
    for number, state in enumerate(states):
        meet(school, state, f"a{number}@example.org")
    settle(school, link, cap=cap)
    change(school.app, Agreement, only(school.app, Agreement).id, prepaid_count=prepaid, budget_pence=budget)
    with school.app.engine.begin() as connection:
        scoreboards = OutboundMessage.kind == MessageKind.SCOREBOARD
        connection.execute(update(OutboundMessage).where(scoreboards).values(state=MessageState.SENT))
    return school, link


def what_stands(school: School) -> tuple[list[str], list[str]]:
    """All rows and jobs, with a name in the place of each id."""
    names: dict[str, str] = {}
    for address in sorted(everything(school.app, LearnerAddress), key=lambda row: row.address):
        names.setdefault(str(address.learner_id), f"learner {address.address}")
    for enrolment in everything(school.app, Enrolment):
        names[str(enrolment.id)] = f"enrolment of {names[str(enrolment.learner_id)]}"
    for invitation in everything(school.app, Invitation):
        names[str(invitation.id)] = f"invitation of {invitation.address}"

    def named(found: re.Match[str]) -> str:
        return names.get(found[0], "id")

    tables = dump(school.app, "audit_entry")
    rows = sorted(_ID.sub(named, f"{table} {row}") for table, found in tables.items() for row in found)
    subjects = {_ID.sub(named, repr(row[2:])) for row in dump(school.app)["audit_subject"]}
    jobs = [(job.kind, len(job.ids), job.delay) for job in jobs_of(school.app).jobs]
    return [*rows, *sorted(subjects)], sorted(map(repr, jobs))


@settings(max_examples=examples(40), deadline=None)
@given(data=st.data())
def test_what_stands_after_a_crowd_is_what_stands_after_one_after_another(data: st.DataObject) -> None:
    states = data.draw(st.lists(st.sampled_from(STATES), min_size=2, max_size=6))
    known = [f"a{number}@example.org" for number in range(len(states))]
    known += [f"other-{known[number]}" for number, state in enumerate(states) if "another address" in state]
    pressing = data.draw(st.permutations([*known, "x+tag@example.org", data.draw(st.sampled_from(known)).upper()]))
    budget = data.draw(st.sampled_from([None, None, 4000, 12000]))
    prepaid, cap = data.draw(st.integers(0, 9)), data.draw(st.sampled_from(["", "", "5"]))

    school, link = before_the_crowd(states, prepaid, budget, cap)
    try:
        answers = join_many(school, link, *pressing)
    except BudgetSpent:
        answers = (None,) * len(pressing)
    alone = [address for address, answer in zip(pressing, answers, strict=True) if answer is None]
    together = [address for address in pressing if address not in alone]
    for address in alone:
        with suppress(BudgetSpent, SharedLinkClosed):
            join(school, link, address)
    crowd = what_stands(school)

    school, link = before_the_crowd(states, prepaid, budget, cap)
    for address in [*together, *alone]:
        with suppress(BudgetSpent, SharedLinkClosed):
            join(school, link, address)

    assert crowd == what_stands(school)
