"""The buckets of a preview: each address is in exactly one."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.letters import Verdict
from core.model import (
    Invitation,
    Learner,
)
from core.usecases.invitations.batches import (
    InvitationPreviewed,
    InviteLearners,
    PrepareInvitation,
    invite_learners,
    prepare_invitation,
)
from core.usecases.invitations.single import CancelInvitation, cancel_invitation
from core.usecases.invitations.sorting import Bucket
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    SAFETY,
    accept,
    change,
    clock_of,
    decline,
    deliver,
    invite,
    newest,
    only,
)
from tests.factories import NOW, School, make_app, make_engine, make_school
from tests.slow import examples

ADDRESS = "a@example.org"


def preview(school: School, addresses: str, run: str = MATHS, note: str = "") -> InvitationPreviewed:
    return school.app.run(prepare_invitation, PrepareInvitation(run, addresses, note), school.owner)


def counts(previewed: InvitationPreviewed) -> dict[str, int]:
    return {entry.bucket.value: entry.count for entry in previewed.buckets if entry.count}


def _accepted(school: School) -> None:
    invite(school, ADDRESS)
    accept(school.app, ADDRESS)


def _declined(school: School) -> None:
    invite(school, ADDRESS)
    decline(school.app, ADDRESS)


def _bounced(school: School) -> None:
    invite(school, ADDRESS)
    deliver(school.app, Verdict.REFUSED)


def _removed(school: School) -> None:
    _accepted(school)
    change(school.app, Learner, only(school.app, Learner).id, removed_at=NOW)


def _cancelled(school: School) -> None:
    invite(school, ADDRESS)
    school.app.run(cancel_invitation, CancelInvitation(newest(school.app, ADDRESS).id), school.owner)


def _expired(school: School) -> None:
    invite(school, ADDRESS)
    change(school.app, Invitation, newest(school.app, ADDRESS).id, expires_at=NOW)


@pytest.mark.parametrize(
    ("before", "bucket"),
    [
        (lambda school: None, Bucket.NEW),
        (lambda school: invite(school, ADDRESS), Bucket.INVITED),
        (lambda school: invite(school, ADDRESS, run=SAFETY), Bucket.NEW),
        (_accepted, Bucket.ENROLLED),
        (_declined, Bucket.DECLINED),
        (_bounced, Bucket.SUPPRESSED),
        (_removed, Bucket.REMOVED),
        (_cancelled, Bucket.NEW),
        (_expired, Bucket.NEW),
    ],
)
def test_an_address_is_in_the_bucket_of_what_happened_before(
    school: School, before: Callable[[School], object], bucket: Bucket
) -> None:
    before(school)
    clock_of(school.app).advance(seconds=1)

    previewed = preview(school, "A@Example.org")

    assert counts(previewed) == {bucket.value: 1}
    assert previewed.batch_count == (bucket is Bucket.NEW)


def test_what_another_organisation_did_with_an_address_is_its_own_matter(school: School) -> None:
    preview_there = PrepareInvitation(POETRY, ADDRESS)
    draft = school.app.run(prepare_invitation, preview_there, school.other_owner)
    school.app.run(invite_learners, InviteLearners(draft.draft_id), school.other_owner)
    accept(school.app, ADDRESS)

    assert counts(preview(school, ADDRESS, POETRY)) == {"new": 1}


def test_a_list_is_told_apart_into_new_duplicate_and_invalid(school: School) -> None:
    text = 'a@example.org; "Bo, Young" <bo@example.org>\nB.O@gmail.com bo@googlemail.com, bo@gmial.com, nobody, x@'

    previewed = preview(school, text)

    assert counts(previewed) == {"new": 4, "duplicate": 1, "invalid": 2}
    assert previewed.typos == (("bo@gmial.com", "bo@gmail.com"),)
    assert [each.text for each in previewed.invalid] == ["nobody", "x@"]


@pytest.mark.parametrize(("accepted", "shown"), [(3, 3), (7, 5)])
def test_a_bucket_shows_at_most_five_examples(school: School, accepted: int, shown: int) -> None:
    previewed = preview(school, "\n".join(f"a{number}@example.org" for number in range(accepted)))

    (new,) = (entry for entry in previewed.buckets if entry.bucket is Bucket.NEW)

    assert (new.count, len(new.examples)) == (accepted, shown)


@pytest.fixture(scope="module")
def mixed_school(tmp_path_factory: pytest.TempPathFactory) -> School:
    """Everybody of ``_KNOWN`` has a history; previews of any mixture of them change nothing."""
    app = make_app(make_engine(f"sqlite:///{tmp_path_factory.mktemp('mixed')}/usher.db"))
    school = make_school(app)
    invite(school, "enrolled@example.org", "declined@example.org", "removed@example.org", "invited@example.org")
    accept(app, "enrolled@example.org")
    decline(app, "declined@example.org")
    accept(app, "removed@example.org")
    removed = newest(app, "removed@example.org").learner_id
    assert removed is not None
    change(app, Learner, removed, removed_at=NOW)
    invite(school, "suppressed@example.org", run=SAFETY)
    deliver(app, Verdict.REFUSED)
    return school


_KNOWN = ("enrolled", "declined", "removed", "invited", "new1", "new2")
_PIECES = st.sampled_from(
    [f"{known}@example.org" for known in _KNOWN]
    + [f"{known.upper()}@EXAMPLE.org" for known in _KNOWN]
    + [
        "nonsense",
        "two@@example.org",
        "@example.org",
        "x@",
        '"Quoted" <quoted@example.org>',
        "<mailto:m@example.org|m>",
    ]
)


@given(pieces=st.lists(_PIECES, min_size=1, max_size=12))
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_buckets_add_up_to_the_pieces_that_were_given(mixed_school: School, pieces: list[str]) -> None:
    previewed = preview(mixed_school, "\n".join(pieces))

    assert sum(entry.count for entry in previewed.buckets) == len(pieces)
    assert [entry.bucket for entry in previewed.buckets] == list(Bucket)
    assert previewed.cost.places == previewed.count(Bucket.NEW)
