"""Whatever staff, learners, mail servers and time do in whatever order, these hold:

1. At most one live invitation per organisation, run and address.
2. Where a re-invitation is allowed it ends in a working link; where it is not, the answer says why.
3. At most one enrolment per learner and run, and one charge per enrolment; prepaid places are never over-drawn.
4. The counts of every scoreboard and of every list add up.
5. Expired is derived: no row says so.
6. Nothing goes to an address that must not be written to, and nothing fails in an unexpected way.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import (
    InvitationClosed,
    InvitationNotFound,
    NeedsConfirmation,
    NothingToSend,
    RunNotChoosable,
    UsherError,
)
from core.letters import Outcome, Verdict
from core.model import (
    Agreement,
    Charge,
    CourseRun,
    Enrolment,
    Invitation,
    InvitationBatch,
    Learner,
    LinkRequest,
    OutboundMessage,
    Suppression,
)
from core.rules.links import LinkKind
from core.usecases.invitations.answers import (
    AcceptInvitation,
    AskForLink,
    DeclineInvitation,
    LinkState,
    ShowInvitation,
    StopInvitations,
    accept_invitation,
    ask_for_link,
    decline_invitation,
    show_invitation,
    stop_invitations,
)
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.link_requests import ApproveLinkRequest, approve_link_request
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.invitations.single import (
    CancelInvitation,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.messages.deliveries import TurnOver, turn_over
from core.usecases.messages.letters import LoadLetters, load_letters
from core.words import InvitationState, MessageKind, MessageState, RequestState
from tests.copies import school_anew
from tests.core.usecases.acting import MATHS, POETRY, change, clock_of, everything, only
from tests.factories import LEARNER, SYSTEM

RUNS = (MATHS, POETRY)
PEOPLE = tuple(f"{name}@example.org" for name in ("ada", "bo", "cy"))

runs = st.sampled_from(RUNS)
people = st.sampled_from(PEOPLE)


class Invitations(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.school = school_anew()
        self.app = self.school.app
        self.staff = self.school.owner

    # --- What people do -----------------------------------------------------------------------------------

    def _do(self, usecase: Callable[..., object], command: object, actor: object) -> UsherError | None:
        """Every act takes a moment. A refusal has words; anything else that is raised fails the test."""
        clock_of(self.app).advance(seconds=1)
        try:
            self.app.run(usecase, command, actor)  # type: ignore[arg-type]  # Each with its own.
        except UsherError as refused:
            refusal: UsherError | None = refused
        else:
            refusal = None
        assert refusal is None or (refusal.message and refusal.hint)
        return refusal

    def _newest(self, run: str, person: str) -> Invitation | None:
        found = [each for each in self._of(run) if each.address == person]
        return max(found, key=lambda each: (each.replaced_at is None, each.created_at), default=None)

    def _of(self, run: str) -> list[Invitation]:
        return everything(self.app, Invitation, Invitation.run_id == self._run(run).id)

    def _run(self, code: str) -> CourseRun:
        return only(self.app, CourseRun, CourseRun.code == code)

    def _token(self, invitation: Invitation) -> str:
        return self.app.links.token(LinkKind.INVITATION, invitation.id, invitation.generation)

    @rule(run=runs, addresses=st.lists(people, min_size=1, max_size=3))
    def invite(self, run: str, addresses: list[str]) -> None:
        clock_of(self.app).advance(seconds=1)
        try:
            command = PrepareInvitation(run, ", ".join(addresses))
            preview = self.app.run(prepare_invitation, command, self.staff)
        except RunNotChoosable:
            return
        assert sum(entry.count for entry in preview.buckets) == len(addresses)
        refusal = self._do(invite_learners, InviteLearners(preview.draft_id), self.staff)
        assert isinstance(refusal, NothingToSend) == (preview.cost.places == 0)

    @rule(run=runs, person=people, is_confirmed=st.booleans())
    def reinvite(self, run: str, person: str, is_confirmed: bool) -> None:
        expected = self._expected_refusal(run, person, is_confirmed=is_confirmed)

        refusal = self._do(reinvite_learner, ReinviteLearner(run, person, is_confirmed), self.staff)

        assert type(refusal) is (expected or type(None)), (refusal, expected)
        if expected is None:
            newest = self._newest(run, person)
            assert newest is not None
            shown = self.app.read(show_invitation, ShowInvitation(self._token(newest)), LEARNER)
            assert shown.state is LinkState.OPEN

    def _expected_refusal(self, run: str, person: str, *, is_confirmed: bool) -> type[UsherError] | None:
        now = clock_of(self.app).now + timedelta(seconds=1)
        newest, learner = self._newest(run, person), self._learner(person)
        if self._run(run).is_closed(now):
            return RunNotChoosable
        if learner and not learner.removed_at and self._is_enrolled(run, learner):
            return InvitationClosed
        is_live = newest and newest.state is InvitationState.PENDING and newest.expires_at > now
        is_removed = learner is not None and learner.removed_at is not None
        if self._is_suppressed(person) or (is_live and not is_removed):
            return InvitationClosed
        is_declined = newest is not None and newest.state is InvitationState.DECLINED
        return NeedsConfirmation if (is_removed or is_declined) and not is_confirmed else None

    def _learner(self, person: str) -> Learner | None:
        ids = {each.learner_id for each in everything(self.app, Invitation) if each.address == person} - {None}
        return only(self.app, Learner, Learner.id == ids.pop()) if ids else None

    def _is_enrolled(self, run: str, learner: Learner) -> bool:
        found = everything(self.app, Enrolment, Enrolment.learner_id == learner.id)
        return any(each.run_id == self._run(run).id and each.left_at is None for each in found)

    def _is_suppressed(self, person: str) -> bool:
        return any(each.address_key == person for each in everything(self.app, Suppression))

    @rule(run=runs, person=people)
    def resend(self, run: str, person: str) -> None:
        before = self._newest(run, person)
        refusal = self._do(resend_invitation, ResendInvitation(run=run, address=person), self.staff)
        assert isinstance(refusal, InvitationNotFound) == (before is None)
        if before is not None and refusal is None:
            after = self._newest(run, person)
            assert after is not None
            assert (after.id, after.generation, after.expires_at) == (before.id, before.generation, before.expires_at)

    @rule(run=runs, person=people)
    def cancel(self, run: str, person: str) -> None:
        before = self._newest(run, person)
        refusal = self._do(cancel_invitation, CancelInvitation(run=run, address=person), self.staff)
        is_pending = before is not None and before.state is InvitationState.PENDING
        assert (refusal is None) == is_pending

    @rule(number=st.integers(1, 6))
    def recall(self, number: int) -> None:
        self._do(recall_batch, RecallBatch(number=number), self.staff)

    @rule(run=runs, person=people)
    def accept(self, run: str, person: str) -> None:
        for invitation in self._by_link(run, person):
            command = AcceptInvitation(self._token(invitation), "Ada", "Example")
            state = self._link_state(invitation)
            refusal = self._do(accept_invitation, command, LEARNER)
            assert (refusal is None) == (state in (LinkState.OPEN, LinkState.ACCEPTED))

    @rule(run=runs, person=people)
    def decline(self, run: str, person: str) -> None:
        for invitation in self._by_link(run, person):
            state = self._link_state(invitation)
            refusal = self._do(decline_invitation, DeclineInvitation(self._token(invitation)), LEARNER)
            assert (refusal is None) == (state in (LinkState.OPEN, LinkState.DECLINED))

    @rule(run=runs, person=people)
    def ask_and_approve(self, run: str, person: str) -> None:
        for invitation in self._by_link(run, person):
            if self._do(ask_for_link, AskForLink(self._token(invitation)), LEARNER) is None:
                (waiting,) = [each for each in self._requests() if each[1] == invitation.id]
                self._do(approve_link_request, ApproveLinkRequest(waiting[0]), self.staff)

    def _requests(self) -> list[tuple[int, int]]:
        waiting = everything(self.app, LinkRequest, LinkRequest.state == RequestState.WAITING)
        return [(request.id, request.invitation_id) for request in waiting]

    @rule(run=runs, person=people)
    def stop(self, run: str, person: str) -> None:
        for invitation in self._by_link(run, person):
            self._do(stop_invitations, StopInvitations(self._token(invitation)), LEARNER)

    def _by_link(self, run: str, person: str) -> list[Invitation]:
        """Any link ever mailed may be pressed; the oldest and the newest are the interesting ones."""
        found = sorted((each for each in self._of(run) if each.address == person), key=lambda each: each.created_at)
        return found[:1] + found[1:][-1:]

    def _link_state(self, invitation: Invitation) -> LinkState:
        clock_of(self.app).advance(seconds=1)
        return self.app.read(show_invitation, ShowInvitation(self._token(invitation)), LEARNER).state

    # --- What happens -------------------------------------------------------------------------------------

    @rule(verdict=st.sampled_from(Verdict))
    def deliver(self, verdict: Verdict) -> None:
        clock_of(self.app).advance(hours=2)
        waiting = everything(self.app, OutboundMessage, OutboundMessage.state == MessageState.PENDING)
        ids = tuple(each.id for each in waiting if each.kind in (MessageKind.INVITATION, MessageKind.WELCOME))
        loaded = self.app.read(load_letters, LoadLetters(ids), SYSTEM)
        worthy = tuple(letter.head.message_id for letter in loaded.letters)
        command = TurnOver("test", claim_ids=worthy, unworthy_ids=loaded.unworthy_ids)
        claimed = self.app.run(turn_over, command, SYSTEM).claimed_ids
        suppressed = {each.address_key for each in everything(self.app, Suppression)}
        invitations = [each for each in waiting if each.id in claimed and each.kind is MessageKind.INVITATION]
        assert suppressed.isdisjoint(each.recipient_key for each in invitations)
        outcomes = tuple(Outcome(message_id, verdict) for message_id in claimed)
        self.app.run(turn_over, TurnOver("test", outcomes, confirmation_ids=loaded.confirmation_ids), SYSTEM)

    @rule(days=st.sampled_from((0.1, 3, 20)))
    def wait(self, days: float) -> None:
        clock_of(self.app).advance(days=days)

    @rule(run=runs, person=people)
    def expire(self, run: str, person: str) -> None:
        newest = self._newest(run, person)
        if newest is not None:
            change(self.app, Invitation, newest.id, expires_at=clock_of(self.app).now)

    @rule(run=runs)
    def close(self, run: str) -> None:
        change(self.app, CourseRun, self._run(run).id, enrolment_closes_at=clock_of(self.app).now)

    @rule(run=runs)
    def reopen(self, run: str) -> None:
        later = clock_of(self.app).now + timedelta(days=60)
        change(self.app, CourseRun, self._run(run).id, enrolment_closes_at=later, ends_at=later)

    @rule(person=people)
    def remove(self, person: str) -> None:
        learner = self._learner(person)
        if learner is not None:
            change(self.app, Learner, learner.id, removed_at=clock_of(self.app).now)

    @rule(run=runs, person=people)
    def leave(self, run: str, person: str) -> None:
        learner = self._learner(person)
        for enrolment in everything(self.app, Enrolment):
            if learner and enrolment.learner_id == learner.id and enrolment.run_id == self._run(run).id:
                change(self.app, Enrolment, enrolment.id, left_at=clock_of(self.app).now)

    # --- What holds ---------------------------------------------------------------------------------------

    @invariant()
    def one_live_invitation(self) -> None:
        live = Counter(
            (each.organisation_id, each.run_id, each.address_key)
            for each in everything(self.app, Invitation)
            if each.state is InvitationState.PENDING and each.replaced_at is None
        )
        assert set(live.values()) <= {1}

    @invariant()
    def one_enrolment_and_one_charge(self) -> None:
        enrolments = everything(self.app, Enrolment)
        charges = everything(self.app, Charge)
        assert len({(each.learner_id, each.run_id) for each in enrolments}) == len(enrolments)
        assert Counter(charge.enrolment_id for charge in charges) == Counter(each.id for each in enrolments)
        agreement = only(self.app, Agreement)
        assert agreement.prepaid_used == sum(charge.is_prepaid for charge in charges) <= agreement.prepaid_count

    @invariant()
    def one_learner_per_address(self) -> None:
        joined = {(each.address_key, each.learner_id) for each in everything(self.app, Invitation) if each.learner_id}
        assert len({address for address, _ in joined}) == len(joined)

    @invariant()
    def scoreboards_add_up(self) -> None:
        for batch in everything(self.app, InvitationBatch):
            counts = self.app.read(show_batch, ShowBatch(batch.number), self.staff).counts
            parts = (
                counts.accepted, counts.declined, counts.cancelled, counts.bounced, counts.queued, counts.sent
            )  # fmt: skip
            assert counts.total == sum(parts) == batch.size

    @invariant()
    def lists_add_up_and_expiry_is_derived(self) -> None:
        now = clock_of(self.app).now
        for run in RUNS:
            listed = self.app.read(list_invitations, ListInvitations(run), self.staff)
            current = [each for each in self._of(run) if each.replaced_at is None]
            assert listed.total == sum(dict(listed.counts).values()) == len(current)
            is_closed = self._run(run).is_closed(now)
            over = {
                each.id
                for each in current
                if each.state is InvitationState.PENDING and (is_closed or each.expires_at <= now)
            }
            assert dict(listed.counts)[ListedState.EXPIRED] == len(over)
            assert over >= {row.invitation_id for row in listed.rows if row.state is ListedState.EXPIRED}


TestInvitations = Invitations.TestCase
# An example is a whole story on a database.
TestInvitations.settings = settings(max_examples=max(2, settings().max_examples // 16), stateful_step_count=25)
