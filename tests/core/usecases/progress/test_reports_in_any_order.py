"""Whatever mail servers report and learners answer, in whatever order, these hold:

1. An invitation that was answered keeps its answer.
2. A message that has bounced or was dropped stays so; one that was sent is sent again after a soft bounce only.
3. What is not proven changes nothing but a remark.
4. An address is suppressed for a reason that was given; what its owner wants is never outweighed.
5. Nothing leaves for a suppressed address.
6. Every report is settled once; the inviter has one note a confirmation, and a learner one answer.
7. The counts of scoreboard, list and note add up.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.letters import Verdict
from core.model import InboundMessage, Invitation, OutboundMessage, Suppression
from core.usecases.invitations.answers import StopInvitations, stop_invitations
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.invitations.unreached import unreached
from core.usecases.mailbox.bounces import RecordReport, record_report
from core.words import InvitationState, MailRule, MailState, MessageKind, MessageState, ReportedAs, SuppressReason
from tests.copies import school_anew
from tests.core.usecases.acting import (
    MATHS,
    accept,
    clock_of,
    decline,
    deliver,
    everything,
    invite,
    link_state,
    message_of,
    newest,
    token_of,
)
from tests.core.usecases.reporting import arrived, reply_stop
from tests.factories import LEARNER, SYSTEM, in_context

PEOPLE = ("ada@example.org", "bo@example.org")
people = st.sampled_from(PEOPLE)


class Reports(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.school = school_anew()
        self.app = self.school.app
        self.confirmation_id = invite(self.school, *PEOPLE).confirmation_id
        self.reports = 0
        self.nobody: set[str] = set()
        self.soft: dict[str, int] = dict.fromkeys(PEOPLE, 0)
        self.wishes: dict[str, SuppressReason] = {}
        self.answers: dict[int, InvitationState] = {}
        self.over: dict[int, MessageState] = {}

    @rule()
    def deliver_all(self) -> None:
        suppressed = self._suppressed()
        claimed = set(deliver(self.app, Verdict.ACCEPTED))
        to = {each.recipient_key for each in self._mails() if each.id in claimed and each.kind == "invitation"}
        assert to.isdisjoint(suppressed)

    @rule(hours=st.sampled_from((1, 25)))
    def wait(self, hours: int) -> None:
        clock_of(self.app).advance(hours=hours)

    def _report(
        self, person: str, reported_as: ReportedAs, *, is_no_mailbox: bool, **proof: tuple[str, ...]
    ) -> MailState:
        self.reports += 1
        command = RecordReport(
            arrived(self.app, f"report {self.reports}"),
            MailRule.BOUNCE,
            reported_as,
            recipients=(person,),
            detail="words",
            is_no_mailbox=is_no_mailbox,
            **proof,
        )
        state = self.app.run(record_report, command, SYSTEM).state
        assert self.app.run(record_report, command, SYSTEM).state is state
        return state

    @precondition(lambda self: any(each.state is MessageState.SENT for each in self._mails()))
    @rule(person=people, reported_as=st.sampled_from(ReportedAs), is_no_mailbox=st.booleans(), by_ref=st.booleans())
    def report(self, person: str, reported_as: ReportedAs, is_no_mailbox: bool, by_ref: bool) -> None:
        message = message_of(self.app, person)
        if message.sent_at is None:
            return
        proof = {"refs": (message.message_ref,)} if by_ref else {"tokens": (self.app.links.bounce_token(message.id),)}
        if reported_as is ReportedAs.COMPLAINT:
            self.wishes.setdefault(person, SuppressReason.COMPLAINED)
        if reported_as is ReportedAs.HARD and is_no_mailbox:
            self.nobody.add(person)
        assert self._report(person, reported_as, is_no_mailbox=is_no_mailbox, **proof) is MailState.PROCESSED
        after = message_of(self.app, person).state
        if reported_as is ReportedAs.HARD:
            assert after in (MessageState.BOUNCED, MessageState.DROPPED)

    @rule(person=people, reported_as=st.sampled_from(ReportedAs))
    def forged_report(self, person: str, reported_as: ReportedAs) -> None:
        before = [(each.id, each.state) for each in self._mails()], self._suppressed()
        self._report(person, reported_as, is_no_mailbox=True, tokens=("a" * 26,), refs=("<1@usher.example.org>",))
        assert ([(each.id, each.state) for each in self._mails()], self._suppressed()) == before

    @rule(person=people, does_accept=st.booleans())
    def answer(self, person: str, does_accept: bool) -> None:
        if link_state(self.school, person) == "open":
            (accept if does_accept else decline)(self.app, person)

    @rule(person=people, by_mail=st.booleans())
    def stop(self, person: str, by_mail: bool) -> None:
        self.wishes.setdefault(person, SuppressReason.ASKED)
        if by_mail:
            self.reports += 1
            reply_stop(self.school, message_of(self.app, person), name=f"stop {self.reports}")
        else:
            self.app.run(stop_invitations, StopInvitations(token_of(self.app, person)), LEARNER)
        assert newest(self.app, person).state is not InvitationState.PENDING

    # --- What holds ---------------------------------------------------------------------------------------

    def _mails(self) -> list[OutboundMessage]:
        kinds = OutboundMessage.kind.in_((MessageKind.INVITATION, MessageKind.WELCOME))
        return sorted(everything(self.app, OutboundMessage, kinds), key=lambda each: each.id)

    def _suppressed(self) -> dict[str, SuppressReason]:
        return {each.address_key: each.reason for each in everything(self.app, Suppression)}

    @invariant()
    def answers_stand(self) -> None:
        for each in everything(self.app, Invitation):
            assert self.answers.get(each.id, each.state) is each.state
            if each.state is not InvitationState.PENDING:
                self.answers[each.id] = each.state

    @invariant()
    def what_is_over_stays_over(self) -> None:
        for each in self._mails():
            assert self.over.get(each.id, each.state) is each.state
            if each.state in (MessageState.BOUNCED, MessageState.DROPPED):
                self.over[each.id] = each.state

    @invariant()
    def suppressed_for_a_reason(self) -> None:
        suppressed = self._suppressed()
        for person, wish in self.wishes.items():
            assert suppressed[person] is wish
        assert suppressed.keys() <= self.wishes.keys() | self.nobody

    @invariant()
    def all_is_settled(self) -> None:
        states = [each.state for each in everything(self.app, InboundMessage)]
        assert len(states) == self.reports
        assert MailState.RECEIVED not in states

    @invariant()
    def nobody_is_told_twice(self) -> None:
        mails = everything(self.app, OutboundMessage)
        notes = [each for each in mails if each.kind is MessageKind.UNREACHED]
        confirmations = [each.recipient_key for each in mails if each.kind is MessageKind.STOPPED]
        assert len(notes) <= 1
        assert len(confirmations) == len(set(confirmations))

    @invariant()
    def counts_add_up(self) -> None:
        board = self.app.read(show_batch, ShowBatch(confirmation_id=self.confirmation_id), self.school.owner).counts
        listed = self.app.read(list_invitations, ListInvitations(MATHS), self.school.owner)
        note = in_context(self.app, SYSTEM, lambda ctx: unreached(ctx, self.confirmation_id))
        parts = (board.accepted, board.declined, board.cancelled, board.bounced, board.queued, board.sent)
        assert sum(parts) == board.total == sum(number for _, number in listed.counts) == len(PEOPLE)
        assert dict(listed.counts)[ListedState.BOUNCED] == board.bounced
        assert board.bounced <= note.total <= len(PEOPLE)
        assert len(note.learners) == note.total


TestReports = Reports.TestCase
# An example is a whole story on a database.
TestReports.settings = settings(max_examples=max(2, settings().max_examples // 16), stateful_step_count=14)
