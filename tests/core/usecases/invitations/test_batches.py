"""Preview, confirm."""

from datetime import datetime, timedelta

import pytest

from core.errors import (
    NoAddresses,
    NoteHasLink,
    NoteTooLong,
    NothingToSend,
    NotYourPreview,
    PreviewExpired,
    RunNotChoosable,
)
from core.model import (
    Agreement,
    CourseRun,
    Draft,
    Invitation,
    InvitationBatch,
    Organisation,
    OutboundMessage,
    Suppression,
)
from core.usecases.invitations.batches import (
    InvitationPreviewed,
    InviteLearners,
    LearnersInvited,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.sorting import Bucket
from core.words import InvitationState, MessageKind
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    at_once,
    change,
    clock_of,
    dump,
    everything,
    expire,
    invite,
    jobs_of,
    newest,
    only,
    rival_before,
)
from tests.factories import NOW, School

ADDRESS = "a@example.org"
POSTGRESQL = pytest.mark.parametrize("copies", ["postgresql"], indirect=True)


def preview(school: School, addresses: str, run: str = MATHS, note: str = "") -> InvitationPreviewed:
    return school.app.run(prepare_invitation, PrepareInvitation(run, addresses, note), school.owner)


def counts(previewed: InvitationPreviewed) -> dict[str, int]:
    return {entry.bucket.value: entry.count for entry in previewed.buckets if entry.count}


# --- Preview ----------------------------------------------------------------------------------------------


def test_a_preview_changes_nothing_but_its_own_draft(school: School) -> None:
    invite(school, ADDRESS)
    clock_of(school.app).advance(days=200)
    before = dump(school.app, "draft", "audit_entry")
    drafts, enqueued = len(everything(school.app, Draft)), len(jobs_of(school.app).jobs)

    preview(school, f"{ADDRESS}, new@example.org, nonsense", "safety-2026-10")

    assert dump(school.app, "draft", "audit_entry") == before
    assert len(everything(school.app, Draft)) == drafts + 1
    assert len(jobs_of(school.app).jobs) == enqueued


def test_a_refused_preview_leaves_no_draft(school: School) -> None:
    with pytest.raises(NoteHasLink):
        preview(school, ADDRESS, note="Look at www.example.org")

    assert everything(school.app, Draft) == []


@pytest.mark.parametrize(
    ("run", "expires"),
    [
        # The enrolment closes at the end of 10 April in London, where summer time has begun.
        (MATHS, "2026-04-10T23:00:00Z"),
        (SAFETY, "2026-06-01T23:00:00Z"),
        # Six months later is before the enrolment close; the whole of 2 September counts.
        ("safety-2026-10", "2026-09-02T23:00:00Z"),
    ],
)
def test_a_preview_states_the_expiry_that_the_invitation_will_have(school: School, run: str, expires: str) -> None:
    previewed = preview(school, ADDRESS, run)
    school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    assert previewed.expires_at == datetime.fromisoformat(expires)
    assert newest(school.app, ADDRESS).expires_at == previewed.expires_at


def test_a_preview_states_the_price_of_an_own_course(school: School) -> None:
    cost = preview(school, "a@example.org, b@example.org").cost

    assert (cost.places, cost.price_pence, cost.prepaid_used, cost.to_invoice_pence) == (2, 2450, 0, 4900)


def test_a_preview_draws_prepaid_places_first_and_invoices_the_rest_at_the_agreed_price(school: School) -> None:
    addresses = ", ".join(f"a{number}@example.org" for number in range(5))
    agreement = only(school.app, Agreement)

    fresh = preview(school, addresses, POETRY).cost
    change(school.app, Agreement, agreement.id, prepaid_used=2)
    used = preview(school, addresses, POETRY).cost

    assert (fresh.price_pence, fresh.prepaid_left, fresh.prepaid_used, fresh.to_invoice_pence) == (2000, 3, 3, 4000)
    assert (used.prepaid_left, used.prepaid_used, used.to_invoice_pence) == (1, 1, 8000)


@pytest.mark.parametrize("text", ["", " \n ,;", "\x00"])
def test_a_list_without_addresses_is_refused(school: School, text: str) -> None:
    with pytest.raises(NoAddresses):
        preview(school, text)


def test_a_note_fits_up_to_500_characters(school: School) -> None:
    with pytest.raises(NoteTooLong) as refused:
        preview(school, ADDRESS, note="x" * 503)

    assert "503" in refused.value.message
    assert refused.value.hint == "Shorten it by 3."
    assert preview(school, ADDRESS, note=f"  {'x' * 500}\n").note == "x" * 500


@pytest.mark.parametrize("note", ["see https://example.org/x", "www.example.org", "go to example.com now"])
def test_a_note_with_a_link_is_refused(school: School, note: str) -> None:
    with pytest.raises(NoteHasLink):
        preview(school, ADDRESS, note=note)

    assert preview(school, ADDRESS, note="Write to bo@example.com. See you").note == "Write to bo@example.com. See you"


# --- Confirm ----------------------------------------------------------------------------------------------


def test_confirming_writes_invitations_messages_a_scoreboard_and_their_jobs(school: School) -> None:
    enqueued = len(jobs_of(school.app).jobs)

    invited = invite(school, '"Bo" <bo@example.org>', ADDRESS, note="Welcome!")

    batch = only(school.app, InvitationBatch)
    assert (invited.numbers, invited.invited, invited.sends_at) == ((1,), 2, NOW + timedelta(seconds=60))
    assert (batch.size, batch.note, batch.confirmation_id) == (2, "Welcome!", invited.confirmation_id)
    assert newest(school.app, "bo@example.org").name == "Bo"
    messages = everything(school.app, OutboundMessage, OutboundMessage.about_id == newest(school.app, ADDRESS).id)
    assert [(each.kind, each.not_before) for each in messages] == [(MessageKind.INVITATION, invited.sends_at)]
    mail, slack = sorted(jobs_of(school.app).jobs[enqueued:], key=lambda job: job.kind)
    assert (mail.kind, len(mail.ids), mail.delay) == ("send_mail", 2, timedelta(seconds=60))
    assert (slack.kind, len(slack.ids), slack.delay) == ("send_slack", 1, timedelta(0))


def test_confirming_twice_starts_one_batch(school: School) -> None:
    previewed = preview(school, ADDRESS)

    first = school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)
    clock_of(school.app).advance(hours=1)
    second = school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    assert previewed.count(Bucket.NEW) == 1
    assert first == second
    assert first.numbers == (1,)
    assert only(school.app, Draft).addresses == "[]"


def test_confirming_twice_at_once_starts_one_batch_and_gives_one_answer(school: School) -> None:
    previewed = preview(school, "a@example.org, b@example.org")

    def confirm() -> LearnersInvited:
        return school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    first, second, third = at_once(confirm, confirm, confirm)

    assert first == second == third
    assert isinstance(first, LearnersInvited)
    assert len(everything(school.app, Invitation)) == 2
    assert len(everything(school.app, InvitationBatch)) == 1


@POSTGRESQL
def test_a_confirmation_that_was_overtaken_by_its_double_gives_the_same_answer(school: School) -> None:
    previewed = preview(school, ADDRESS)

    def confirm() -> LearnersInvited:
        return school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    with rival_before(school.app.engine, "SELECT course.id", confirm) as rival:
        mine = confirm()

    assert rival == [mine]


def test_only_the_person_who_prepared_a_preview_confirms_it(school: School) -> None:
    previewed = preview(school, ADDRESS)

    with pytest.raises(NotYourPreview):
        school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.manager)

    assert school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner).invited == 1


def test_a_preview_of_another_organisation_is_not_there(school: School) -> None:
    previewed = preview(school, ADDRESS, POETRY)

    with pytest.raises(PreviewExpired):
        school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.other_owner)

    assert everything(school.app, Invitation) == []
    assert school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner).invited == 1


def test_a_preview_ends_after_fifteen_minutes(school: School) -> None:
    early, late = preview(school, ADDRESS), preview(school, "b@example.org")

    clock_of(school.app).now = early.valid_until - timedelta(microseconds=1)
    school.app.run(invite_learners, InviteLearners(early.draft_id), school.owner)
    clock_of(school.app).now = late.valid_until

    assert late.valid_until == NOW + timedelta(minutes=15)
    with pytest.raises(PreviewExpired):
        school.app.run(invite_learners, InviteLearners(late.draft_id), school.owner)


def test_a_run_that_closed_after_the_preview_takes_nobody(school: School) -> None:
    closes_at = datetime.fromisoformat("2026-04-10T23:00:00Z")
    clock_of(school.app).now = closes_at - timedelta(minutes=5)
    previewed = preview(school, ADDRESS)

    clock_of(school.app).now = closes_at

    with pytest.raises(RunNotChoosable):
        school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)
    assert everything(school.app, Invitation) == []


def test_a_run_whose_close_was_moved_after_the_preview_takes_nobody(school: School) -> None:
    previewed = preview(school, ADDRESS)
    change(school.app, CourseRun, previewed.run.run_id, enrolment_closes_at=NOW)

    with pytest.raises(RunNotChoosable):
        school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)


def test_confirming_counts_anew(school: School) -> None:
    previewed = preview(school, "a@example.org, b@example.org")
    invite(school, "b@example.org", by=school.manager)

    invited = school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    assert previewed.count(Bucket.NEW) == 2
    assert invited.invited == 1
    assert len(everything(school.app, Invitation)) == 2


def test_when_nobody_is_left_nothing_is_sent_and_the_preview_stays_open(school: School) -> None:
    previewed = preview(school, ADDRESS)
    number = only(school.app, Organisation, Organisation.slug == "northfield").batch_count
    suppression = {"id": 1, "organisation_id": school.organisation_id, "address_key": ADDRESS}
    with school.app.engine.begin() as connection:
        connection.execute(
            Suppression.metadata.tables["suppression"].insert(),
            {**suppression, "reason": "bounced", "suppressed_at": NOW},
        )

    with pytest.raises(NothingToSend):
        school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner)

    assert only(school.app, Draft).confirmed_at is None
    assert only(school.app, Organisation, Organisation.slug == "northfield").batch_count == number
    change(school.app, Suppression, 1, address_key="other@example.org")
    assert school.app.run(invite_learners, InviteLearners(previewed.draft_id), school.owner).invited == 1


def test_an_expired_invitation_is_replaced_by_the_new_one(school: School) -> None:
    invite(school, ADDRESS)
    expire(school, ADDRESS)
    old = newest(school.app, ADDRESS)
    clock_of(school.app).advance(seconds=1)

    invite(school, ADDRESS)

    states = {row.id: (row.state, row.replaced_at is None) for row in everything(school.app, Invitation)}
    new = newest(school.app, ADDRESS)
    assert new.id != old.id
    assert states == {old.id: (InvitationState.PENDING, False), new.id: (InvitationState.PENDING, True)}
