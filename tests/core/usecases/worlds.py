"""A school with one row of each kind that a command can name, for the tests of isolation."""

from datetime import timedelta

from msgspec import Struct

from core.context import Assurance, SlackVisitor
from core.letters import AnswerPart, Verdict
from core.model import DigestSetting, Enrolment, LinkRequest, MailAnswer, Mailbox, SignIn, SlackUser
from core.results import ReplyAwaited
from core.rules.links import CodeKind, LinkKind
from core.rules.ucas.problems import Fault, Problem, problem
from core.rules.ucas.rows import LearnerRow
from core.rules.ucas.values import values_of
from core.usecases import exports
from core.usecases.digests.settings import SetDigest, set_digest
from core.usecases.imports import applying as import_applying
from core.usecases.imports import checking as import_checking
from core.usecases.imports import receiving as import_receiving
from core.usecases.imports.orders import OrderWork, order_work
from core.usecases.imports.values import Reading
from core.usecases.invitations import batches, gathering
from core.usecases.invitations import single as invitations
from core.usecases.invitations.answers import AskForLink, ask_for_link
from core.usecases.mailbox import inbound, mailboxes, senders
from core.usecases.mailbox.requests import AnswerMail, Asking, answer_mail
from core.usecases.progress import attempts as progress_attempts
from core.usecases.progress import receiving as progress_receiving
from core.usecases.progress import reports as progress_reports
from core.usecases.progress.follow_ups import NoteSpoken, note_spoken
from core.usecases.staff import (
    installations,
    organisations,
    sign_in,
    slack_identity,
    staff,
)
from core.words import FeedKind, ImportWork, MailboxAuth, MailboxSecurity, ReportReason, Role
from tests.core.usecases import managing
from tests.core.usecases.acting import (
    POETRY,
    SAFETY,
    accept,
    decline,
    deliver,
    invite,
    newest,
    only,
    token_of,
)
from tests.core.usecases.holding import hold
from tests.core.usecases.importing import line, sheet
from tests.core.usecases.sharing import join, link_token, request_token, settle, share
from tests.factories import LEARNER, OPERATOR, SYSTEM, School

A, B, C, D = "a@example.org", "b@example.org", "c@example.org", "d@example.org"
BROWSER = "b" * 43
VISITOR = SlackVisitor("", "T1", "U1", "olive@north.example.org")

MAILBOX = mailboxes.AddMailbox(
    "front",
    "usher@example.org",
    "imap.example.org",
    993,
    MailboxSecurity.TLS,
    MailboxAuth.PASSWORD,
    "usher",
    mailboxes.MailboxSecret(password="secret"),
)


class World(Struct, frozen=True):
    school: School
    draft_id: int
    gathered_id: int
    confirmation_id: int
    scheduled_id: int
    pending_id: int
    change_id: int
    request_id: int
    link_id: int
    token: str
    link_token: str
    place_token: str
    wish_token: str
    staff_token: str
    digest_token: str
    slack_code: str
    setup_code: str
    colleague_id: int
    install_state: str
    sign_in_token: str
    inbound_id: int
    asking: Asking
    """The message that is ``inbound_id``."""
    answer_id: int
    """What another message was answered with."""
    bounce_token: str
    stop_token: str
    held_id: int
    mailbox_id: int
    received_import: int
    reading_import: int
    checked_import: int
    held_import: int
    learner_id: int
    learner_change_id: int
    """Made, and can be taken back."""
    prepared_learner_id: int
    applied_import: int
    order_id: int
    """These two are numbers, the others ids."""
    received_report: int
    reading_report: int
    waiting_report: int
    """A number; the others are ids."""
    export_id: int
    follow_up_id: int


def make_world(school: School) -> World:
    """Everything is about Southgate's course, which both organisations may choose."""
    invited = invite(school, A, B, C, D, run=POETRY)
    deliver(school.app, Verdict.ACCEPTED)
    accept(school.app, B)
    decline(school.app, C)
    cancelling = invitations.CancelInvitation(run=POETRY, address=D)
    cancelled = school.app.run(invitations.cancel_invitation, cancelling, school.owner)
    school.app.run(ask_for_link, AskForLink(token_of(school.app, C)), LEARNER)
    preview = school.app.run(
        batches.prepare_invitation, batches.PrepareInvitation(POETRY, "z@example.org"), school.owner
    )
    gathered = school.app.run(gathering.gather_addresses, gathering.GatherAddresses("y@example.org"), school.owner)
    school.app.run(slack_identity.bind_workspace, slack_identity.BindWorkspace(school.setup_code), VISITOR)
    school.app.run(slack_identity.ask_for_code, slack_identity.AskForCode(), VISITOR)
    user = only(school.app, SlackUser)
    setup = school.app.run(organisations.new_setup_code, organisations.NewSetupCode("northfield"), OPERATOR)
    command = staff.InviteStaffMember("northfield", "New", "Person", "new@north.example.org", Role.VIEWER)
    colleague = school.app.run(staff.invite_staff_member, command, OPERATOR)
    link, strict = share(school, POETRY), share(school, SAFETY)
    settle(school, strict.link_id, confirm=True)
    join(school, link.link_id, "e@example.org")
    join(school, strict.link_id, "f@example.org")
    enrolment = only(school.app, Enrolment, Enrolment.shared_link_id == link.link_id)
    begun = school.app.read(installations.begin_installation, installations.BeginInstallation(), LEARNER)
    school.app.run(sign_in.ask_to_sign_in, sign_in.AskToSignIn("olive@north.example.org", BROWSER), SYSTEM)
    school.app.run(mailboxes.add_mailbox, MAILBOX, OPERATOR)
    arrived = inbound.ReceiveMail(b"Subject: help\r\n\r\n", "<help@example.org>", "1" * 64)
    received = school.app.run(inbound.receive_mail, arrived, SYSTEM)
    _from_the_owner(school, received.inbound_id)
    made = managing.save(school.app, school.owner, "Una")
    return World(
        school=school,
        draft_id=preview.draft_id,
        gathered_id=gathered.draft_id,
        confirmation_id=invited.confirmation_id,
        scheduled_id=_schedule(school).confirmation_id,
        pending_id=newest(school.app, A).id,
        change_id=cancelled.change_id,
        request_id=only(school.app, LinkRequest).id,
        link_id=link.link_id,
        token=token_of(school.app, A),
        link_token=link_token(school, link.link_id),
        place_token=school.app.links.token(LinkKind.PLACE, enrolment.id),
        wish_token=request_token(school, "f@example.org"),
        staff_token=colleague.token,
        digest_token=_digest_token(school),
        slack_code=school.app.links.code(CodeKind.SLACK_LINK, user.id, user.generation),
        setup_code=setup.setup_code,
        learner_id=made.card.learner_id,
        follow_up_id=school.app.run(note_spoken, NoteSpoken(POETRY, B), school.owner).follow_up.follow_up_id,
        learner_change_id=made.change_id,
        prepared_learner_id=managing.prepare(school.app, school.owner, "Vic").change_id,
        colleague_id=colleague.staff_id,
        install_state=begun.state,
        sign_in_token=school.app.links.token(LinkKind.SIGN_IN, only(school.app, SignIn).id),
        inbound_id=received.inbound_id,
        asking=_asking(received.inbound_id),
        answer_id=_answer(school),
        bounce_token=school.app.links.bounce_token(newest(school.app, A).message_id),
        stop_token=school.app.links.stop_token(newest(school.app, A).message_id),
        held_id=hold(school.app, school.owner, 2),
        mailbox_id=only(school.app, Mailbox).id,
        received_import=_import(school, "r@example.org"),
        reading_import=_begun(school, "s@example.org", ()),
        checked_import=_begun(school, "t@example.org", (_row(2),)),
        held_import=_held(school),
        applied_import=(applied := _applied(school)),
        order_id=school.app.run(order_work, OrderWork(applied, ImportWork.UNDO), school.owner).order_id,
        received_report=_report(school, b"1"),
        reading_report=_report(school, b"2", is_begun=True),
        waiting_report=_waiting(school),
        export_id=school.app.run(exports.export_progress, exports.ExportProgress(POETRY), school.owner).export_id,
    )


def _digest_token(school: School) -> str:
    school.app.run(set_digest, SetDigest(by_mail=True), school.owner)
    return school.app.links.token(LinkKind.DIGEST, only(school.app, DigestSetting).id)


def _schedule(school: School) -> batches.LearnersInvited:
    command = batches.PrepareInvitation(POETRY, "y@example.org", when="noon")
    preview = school.app.run(batches.prepare_invitation, command, school.owner)
    return school.app.run(batches.invite_learners, batches.InviteLearners(preview.draft_id), school.owner)


def _asking(inbound_id: int) -> Asking:
    return Asking(inbound_id, "help", "<help@example.org>", ("<help@example.org>",))


def _from_the_owner(school: School, inbound_id: int) -> None:
    who = (school.owner.organisation_id, school.owner.staff_id)
    sender = senders.NoteSender(inbound_id, "olive@north.example.org", *who, Assurance.VERIFIED)
    school.app.run(senders.note_sender, sender, SYSTEM)


def _answer(school: School) -> int:
    arrived = inbound.ReceiveMail(b"Subject: courses\r\n\r\n", "<courses@example.org>", "2" * 64)
    received = school.app.run(inbound.receive_mail, arrived, SYSTEM)
    _from_the_owner(school, received.inbound_id)
    until = school.app.clock() + timedelta(days=1)
    question = ReplyAwaited("SetQuietHours", '{"hours": "off"}', "QuestionClosed", "{}", until)
    command = AnswerMail(_asking(received.inbound_id), (AnswerPart("quiet off", question),))
    school.app.run(answer_mail, command, school.owner)
    return only(school.app, MailAnswer).id


def _import(school: School, name: str) -> int:
    command = import_receiving.ReceiveImport(f"{name}.csv", sheet(line(name)))
    return school.app.run(import_receiving.receive_import, command, school.owner).import_id


def _begun(school: School, name: str, rows: tuple[import_checking.StagedRow, ...]) -> int:
    """Checked, where there are rows. No child process is started for it."""
    import_id = _import(school, name)
    app, owner = school.app, school.owner
    begun = app.run(import_checking.begin_import, import_checking.BeginImport(import_id), owner)
    if rows:
        app.run(import_checking.stage_rows, import_checking.StageRows(import_id, begun.attempt, rows), owner)
        finish = import_checking.FinishChecking(
            import_id, begun.attempt, Reading(), str(import_id).encode(), row_count=len(rows)
        )
        app.run(import_checking.finish_checking, finish, owner)
    return import_id


def _held(school: School) -> int:
    broken = _row(3, problem(Fault.POSTCODE_SHAPE, "Postcode", "nowhere"))
    import_id = _begun(school, "u@example.org", (_row(2), broken))
    return school.app.run(import_applying.apply_import, import_applying.ApplyImport(import_id), school.owner).number


def _applied(school: School) -> int:
    import_id = _begun(school, "v@example.org", (_row(4),))
    return school.app.run(import_applying.apply_import, import_applying.ApplyImport(import_id), school.owner).number


def _row(number: int, *problems: Problem) -> import_checking.StagedRow:
    learner = LearnerRow("10000001", None, "Ada", f"Young{number}", *(None,) * 13)
    return import_checking.StagedRow(number, values_of(learner), problems)


def _report(school: School, content: bytes, *, is_begun: bool = False) -> int:
    command = progress_receiving.ReceiveProgress("r.csv", content, POETRY)
    received = school.app.run(progress_receiving.receive_progress, command, school.owner)
    if is_begun:
        begin = progress_attempts.BeginReport(received.report_id)
        school.app.run(progress_attempts.begin_report, begin, school.owner)
    return received.report_id


def _waiting(school: School) -> int:
    report_id = _report(school, b"3", is_begun=True)
    reading = progress_reports.ReportReading(headings=("Email", "Progress"))
    command = progress_attempts.SettleReport(report_id, 1, reading, FeedKind.MAPPED_SHEET, ReportReason.COLUMNS)
    school.app.run(progress_attempts.settle_report, command, school.owner)
    shown = progress_reports.ShowReport(report_id=report_id)
    return school.app.read(progress_reports.show_report, shown, school.owner).card.number
