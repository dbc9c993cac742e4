"""Addresses that are not written to: listed, and lifted."""

import pytest

from core.errors import NeedsConfirmation, NoAddresses, OrganisationNotFound
from core.letters import Verdict
from core.model import AuditEntry, Suppression
from core.usecases.invitations.answers import StopInvitations, stop_invitations
from core.usecases.mailbox.suppressions import (
    LiftSuppression,
    LiftSuppressionIn,
    ListSuppressions,
    SuppressionLifted,
    lift_suppression,
    lift_suppression_in,
    list_suppressions,
)
from core.words import SuppressReason
from tests.core.usecases.acting import POETRY, clock_of, deliver, everything, invite, only, token_of
from tests.factories import LEARNER, NOW, OPERATOR, School

A = "a@example.org"


def bounced(school: School) -> None:
    invite(school, A)
    deliver(school.app, Verdict.REFUSED)


def stopped(school: School) -> None:
    invite(school, A)
    school.app.run(stop_invitations, StopInvitations(token_of(school.app, A)), LEARNER)


def lift(school: School, *, is_confirmed: bool = False) -> SuppressionLifted:
    return school.app.run(lift_suppression, LiftSuppression(A.upper(), is_confirmed), school.manager)


def test_an_address_is_listed_with_organisation_reason_and_moment(school: School) -> None:
    stopped(school)

    (row,) = school.app.read(list_suppressions, ListSuppressions(A.upper()), OPERATOR).rows
    nobody = school.app.read(list_suppressions, ListSuppressions("b@example.org"), OPERATOR).rows

    assert (row.organisation, row.reason, row.suppressed_at) == ("northfield", SuppressReason.ASKED, NOW)
    assert nobody == ()


def test_an_address_that_bounced_can_be_invited_again_once_a_manager_lifts_it(school: School) -> None:
    bounced(school)

    first, second = lift(school), lift(school)
    clock_of(school.app).advance(seconds=1)
    invite(school, A, run=POETRY)

    assert (first.was_suppressed, second.was_suppressed) == (True, False)
    assert len(deliver(school.app, Verdict.ACCEPTED)) == 1


def test_who_asked_for_no_more_is_written_to_only_after_a_second_thought(school: School) -> None:
    stopped(school)

    with pytest.raises(NeedsConfirmation):
        lift(school)
    still = everything(school.app, Suppression)

    assert len(still) == 1
    assert lift(school, is_confirmed=True).was_suppressed
    assert everything(school.app, Suppression) == []


def test_a_manager_lifts_in_the_own_organisation_only(school: School) -> None:
    bounced(school)

    theirs = school.app.run(lift_suppression, LiftSuppression(A), school.other_owner)

    assert not theirs.was_suppressed
    assert only(school.app, Suppression).organisation_id == school.organisation_id


def test_an_operator_lifts_in_one_organisation_and_the_audit_keeps_it_without_the_address(school: School) -> None:
    bounced(school)

    other = school.app.run(lift_suppression_in, LiftSuppressionIn("southgate", A), OPERATOR)
    own = school.app.run(lift_suppression_in, LiftSuppressionIn("northfield", A), OPERATOR)

    assert (other.was_suppressed, own.was_suppressed) == (False, True)
    entries = everything(school.app, AuditEntry, AuditEntry.action == "lift_suppression_in")
    assert [entry.outcome for entry in entries] == ["done", "done"]
    assert all(A not in entry.subject for entry in entries)


def test_what_is_no_address_or_no_organisation_is_said(school: School) -> None:
    with pytest.raises(NoAddresses):
        school.app.run(lift_suppression_in, LiftSuppressionIn("northfield", "nobody"), OPERATOR)
    with pytest.raises(OrganisationNotFound):
        school.app.run(lift_suppression_in, LiftSuppressionIn("nowhere", A), OPERATOR)
