"""What the worker is handed for e-mail, on a real database and a scripted mail server."""

from collections.abc import Sequence
from pathlib import Path

from core.letters import Outcome, Verdict
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from mail.sending.deliverer import MailDeliverer, Unrendered
from mail.sending.rendering import Mail
from tests.factories import RecordedJobs, make_app, make_engine, make_school


class Ledger:
    """Takes everything."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        self.mails += mails
        return [Outcome(mail.message_id, Verdict.ACCEPTED) for mail in mails]

    def close(self) -> None:
        """Nothing is open."""


def test_a_chunk_is_loaded_rendered_and_sent(tmp_path: Path) -> None:
    jobs = RecordedJobs()
    school = make_school(make_app(make_engine(f"sqlite:///{tmp_path}/usher.db"), jobs=jobs))
    preview = school.app.run(
        prepare_invitation, PrepareInvitation("maths-2026-03", "a@example.org b@example.org"), school.owner
    )
    invited = school.app.run(invite_learners, InviteLearners(preview.draft_id), school.owner)
    ids = next(job.ids for job in reversed(jobs.jobs) if job.kind.value == "send_mail")
    ledger = Ledger()
    deliverer = MailDeliverer(ledger, width=4)

    loaded = deliverer.load(school.app, ids)
    outcomes = deliverer.send(list(loaded.items.values()))

    assert {mail.recipient for mail in ledger.mails} == {"a@example.org", "b@example.org"}
    assert loaded.confirmation_ids == (invited.confirmation_id,)
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}


def test_a_letter_that_cannot_be_rendered_does_not_take_its_chunk_down() -> None:
    ledger = Ledger()
    good = Mail(1, "bounces@usher.example.org", "a@example.org", b"Subject: x\r\n\r\nx\r\n")

    outcomes = MailDeliverer(ledger, width=4).send([Unrendered(2, "E-00000001"), good])

    assert {outcome.message_id: outcome.verdict for outcome in outcomes} == {1: Verdict.ACCEPTED, 2: Verdict.LATER}
    assert ledger.mails == [good]
    assert "E-00000001" in outcomes[0].detail
