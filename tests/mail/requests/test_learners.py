"""Learners by e-mail: found, shown, removed after a yes, and back again. What is stored encrypted is never mailed."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.model import Learner, MailAnswer
from core.results import ReplyAwaited, RequestRefused
from core.usecases.learners.cards import LearnerShown
from core.usecases.learners.lists import LearnersListed
from core.usecases.learners.removal import LearnerChangeUndone, LearnerRemoved
from tests.core.usecases.acting import accept, invite, only
from tests.core.usecases.importing import ULNS, import_sheet, line
from tests.factories import School
from tests.mail.asking import Writer


@pytest.fixture
def olive(school: School) -> Writer:
    return Writer(school, school.owner)


def test_story_somebody_is_found_removed_after_a_yes_and_taken_back(school: School, olive: Writer) -> None:
    import_sheet(school, line("Ada", ULN=ULNS[0], Dob="2010-03-31"), line("Bo"))

    listed = olive.write("learners young")
    shown = olive.write(f"learners {ULNS[0]}")
    asked = olive.write("learners remove ada.young")
    before = only(school.app, Learner, Learner.first_name == "Ada").removed_at
    removed = olive.reply(asked, "yes")
    missing = olive.write("learners show ada.young")
    undone = olive.reply(removed, "undo")

    assert isinstance(listed.result, LearnersListed)
    assert "2 learners that fit “young”." in listed.text
    assert isinstance(shown.result, LearnerShown)
    assert "Ada Young: never signed in, access code ready." in shown.text
    assert isinstance(asked.result, ReplyAwaited)
    assert before is None
    assert "Remove Ada Young from your organisation?" in asked.text
    assert isinstance(removed.result, LearnerRemoved)
    assert isinstance(missing.result, RequestRefused)
    assert isinstance(undone.result, LearnerChangeUndone)
    assert "Ada Young is back" in undone.text
    for answered in (listed, shown, asked, removed):
        assert "2010-03-31" not in answered.text + answered.html


def test_whoever_joined_by_an_invitation_is_shown_with_the_address_they_joined_with(
    school: School, olive: Writer
) -> None:
    import_sheet(school, line("Ada", **{"Email address": "ada@school.example.org"}))
    invite(school, "bo@example.org", "ada@school.example.org")
    accept(school.app, "bo@example.org", "Bo Young")

    listed = olive.write("learners young")
    searched = olive.write("learners bo@exam")
    shown = olive.write("learners bo@example.org")

    assert "Bo Young · bo@example.org" in listed.text
    assert "Ada Young · ada.young · ada@school.example.org" in listed.text
    assert "Bo Young · bo@example.org" in searched.text
    assert "“learners bo@example.org” shows one of them." in searched.text
    assert shown.text.count("Also known by") == 0
    assert "“learners remove bo@example.org” removes them" in shown.text


def test_lists_go_on_with_more(school: School, olive: Writer) -> None:
    import_sheet(school, *(line(f"Ada{number:02}", f"Young{number:02}") for number in range(12)))

    first = olive.write("learners never")
    second = olive.reply(first, "more")

    assert "Page 1 of 2." in first.text
    assert "Young11" in second.text
    assert "who never signed in" in second.text


def test_codes_are_a_link_and_one_is_created_elsewhere(school: School, olive: Writer) -> None:
    import_sheet(school, line("Ada"))

    never = olive.write("learners never")
    create = olive.write("learners create Bo Young")

    assert "https://usher.example.org/learners/codes" in never.text
    assert isinstance(create.result, RequestRefused)
    assert create.result.code == "learner_form_only"
    assert "a sheet with one row" in create.text
    assert "no learner" in olive.write("learners show nobody").text
    assert "which learner you mean" in olive.write("learners remove").text


def test_no_answer_that_is_kept_has_what_is_stored_encrypted(school: School, olive: Writer) -> None:
    import_sheet(school, line("Ada", ULN=ULNS[0], Dob="2010-03-31", Town="Whitby"))

    olive.write("learners ada.young")

    with Session(school.app.engine, info={"scope": "every organisation"}) as session:
        (kept,) = session.scalars(select(MailAnswer))
    assert "ada.young" in kept.result
    assert not any(secret in kept.result for secret in (ULNS[0], "2010-03-31", "Whitby"))


def test_a_heading_is_no_request(olive: Writer) -> None:
    answered = olive.write("", "invite maths-2026-03\nLearners:\nada@example.org")

    assert "1 learner of 2 invited to Maths" in answered.text
    assert len(answered.parts) == 1
