"""Who is erased is found nowhere any more: not in a column, not in what is encrypted, not as a hash."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, update

from core.app import App
from core.context import Assurance, Context, Door
from core.crypto import Vault
from core.database import metadata
from core.errors import ErasureUnconfirmed, LearnerNotFound, RoleMissing, UsherError
from core.letters import AnswerPart, Verdict
from core.model import (
    Charge,
    Digest,
    DigestSetting,
    Enrolment,
    FollowUp,
    InboundMessage,
    Invitation,
    InvitationBatch,
    Learner,
    OutboundMessage,
    Progress,
    ProgressName,
    ProgressProblem,
    ProgressReport,
)
from core.results import RequestRefused
from core.rules.personal_data import PERSONAL
from core.rules.policy import DIGEST_FIRST
from core.rules.progress.faults import ProgressFault
from core.usecases.imports.values import Before, Keeper, Reading, StoredProblem, keeper
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.learners.changes import WANTED_PLACE, WAS_PLACE
from core.usecases.learners.erasing import (
    EraseLearner,
    ForgetStrangersMail,
    PreviewErasure,
    erase_learner,
    forget_strangers_mail,
    preview_erasure,
)
from core.usecases.learners.export import ExportLearner, as_json, export_learner
from core.usecases.learners.traces import ERASED_LAST, is_one_of, trace_of
from core.usecases.mailbox.inbound import ReceiveMail, receive_mail
from core.usecases.mailbox.raw_mail import PIECE_PLACE, keep_pieces
from core.usecases.mailbox.requests import AnswerMail, Asking, answer_mail
from core.usecases.mailbox.senders import NoteSender, note_sender
from core.words import (
    DigestRhythm,
    FeedKind,
    FollowUpDeed,
    InvitationState,
    MailState,
    MessageState,
    NamedKind,
    ReportState,
)
from tests.core.usecases.acting import accept, change, clock_of, deliver, everything, invite
from tests.core.usecases.importing import ULNS, import_sheet, learners, line
from tests.core.usecases.managing import save
from tests.core.usecases.reporting import hard
from tests.core.usecases.sharing import join, settle, share
from tests.factories import OPERATOR, SYSTEM, School, in_context

MARK = "zqx"
MARKED_YEAR = 4711
ADA = "zqxada@zqx.example.org"
SECRET = ("York-zqx", "ZQX Lane")
MATHS, SAFETY, POETRY = "maths-2026-03", "safety-2026-03", "poetry-2026-03"
_PLACES = (
    *PERSONAL,
    "report.file_name",
    "report.content",
    "report.reading",
    "report.value",
    WANTED_PLACE,
    WAS_PLACE,
    "import_row.content",
    "organisation.match_key",
    PIECE_PLACE,
)


@pytest.fixture
def ada(school: School) -> int:
    """Imported with a neighbour in the same file, changed by hand, on two runs, invited to a third, and more."""
    import_sheet(
        school,
        line("Zqxada", "Zqxyoung", **{"Email address": ADA, "ULN": ULNS[0], "Dob": "2010-01-02", "Town": SECRET[0]}),
        line(
            "Bo", "Young", **{"Email address": "bo@example.org", "ULN": ULNS[1], "Dob": "2010-03-04", "Town": "Leeds"}
        ),
    )
    learner_id = learners(school)["Zqxada"].id
    save(school.app, school.owner, "Zqxada", learner_id, last_name="Zqxyoung", street=SECRET[1])
    for run in (MATHS, SAFETY):
        clock_of(school.app).advance(seconds=1)
        invite(school, f"Zqxada <{ADA}>", run=run)
        accept(school.app, ADA)
    _by_other_doors(school)
    _plant(school, learner_id)
    return learner_id


def _by_other_doors(school: School) -> None:
    clock_of(school.app).advance(seconds=1)
    invite(school, ADA, run=POETRY)
    strict = share(school, SAFETY)
    settle(school, strict.link_id, confirm=True)
    join(school, strict.link_id, ADA)
    command = PrepareInvitation(MATHS, f"{ADA}, other@example.org", f"Dear {MARK}")
    school.app.run(prepare_invitation, command, school.owner, key="preview")
    deliver(school.app, Verdict.ACCEPTED)
    hard(school, ADA, name=f"{MARK}-bounce")
    _mail(school, 1, "olive@north.example.org", is_staff=True)
    _mail(school, 2, ADA)


def _mail(school: School, number: int, sender: str, *, is_staff: bool = False) -> None:
    raw = f"Subject: {MARK}\r\n\r\nabout {ADA}".encode()
    ref = f"<{number}@example.org>" if is_staff else f"<{number}.{MARK}@example.org>"
    arrived = ReceiveMail(raw, ref, str(number) * 64, envelope_from=sender)
    inbound_id = school.app.run(receive_mail, arrived, SYSTEM).inbound_id
    if is_staff:
        who = (school.owner.organisation_id, school.owner.staff_id)
        school.app.run(note_sender, NoteSender(inbound_id, sender, *who, Assurance.VERIFIED), SYSTEM)
        asking = Asking(inbound_id, f"Re: {MARK}", "<1@example.org>", ("<1@example.org>",))
        part = AnswerPart("courses", RequestRefused("RunNotFound", "x", f"Not {ADA}", ""))
        school.app.run(answer_mail, AnswerMail(asking, (part,)), school.owner)
        return

    change(school.app, InboundMessage, inbound_id, state=MailState.IGNORED, sender=sender)


def _plant(school: School, learner_id: int) -> None:
    """Into the columns that no flow above fills."""
    for batch in everything(school.app, InvitationBatch):
        change(school.app, InvitationBatch, batch.id, note=f"Dear {MARK}")

    def fill(ctx: Context, command: None) -> None:
        _report(ctx, school, learner_id)
        _digest(ctx, school)
        for inbound_id in _trace(ctx, school, learner_id).rows[InboundMessage]:
            keep_pieces(ctx, inbound_id, iter((MARK.encode(),)))
        planted = _planted(keeper(ctx))
        for model, ids in _trace(ctx, school, learner_id).rows.items():
            values = {name: value for (table, name), value in planted.items() if table == model.__tablename__}
            if values and ids:
                statement = update(model).where(is_one_of(model, ids)).values(values)
                ctx.session.execute(statement, execution_options={"synchronize_session": False})

    school.app.run(fill, None, school.owner)


def _digest(ctx: Context, school: School) -> None:
    org, staff_id = school.organisation_id, school.owner.staff_id
    setting = DigestSetting(
        id=1, organisation_id=org, staff_id=staff_id, rhythm=DigestRhythm.WEEKLY, weekday=0, minute=480,
        time_zone="Europe/London", by_mail=True, in_slack=False, only_changes=False, next_at=ctx.now,
        since_at=ctx.now,
    )  # fmt: skip
    ctx.session.add(setting)
    ctx.session.flush()
    news = {"id": 1, "organisation_id": org, "setting_id": 1, "staff_id": staff_id, "period": "2026-03-02"}
    ctx.session.add(Digest(**news, since_at=ctx.now, until_at=ctx.now, content=f'{{"who": "{ADA}"}}'))


def _report(ctx: Context, school: School, learner_id: int) -> None:
    """Progress: of the learner, and a row of the report that is nobody's."""
    vault, org = keeper(ctx).vault, school.organisation_id
    run_id = ctx.session.scalars(select(Enrolment.run_id).where(Enrolment.learner_id == learner_id)).first()
    report = ProgressReport(
        id=1, organisation_id=org, number=1, staff_id=school.owner.staff_id, door=Door.MAIL,
        source=FeedKind.PLATFORM_REPORT,
        state=ReportState.MERGED, attempt=1, file_name=vault.encrypt(MARK, "report.file_name"),
        content=vault.encrypt_bytes(MARK.encode(), "report.content"), file_hash="1" * 64,
        reading=vault.encrypt_bytes(MARK.encode(), "report.reading"), as_of=ctx.now, received_at=ctx.now,
        ends_at=ctx.now, settled_at=ctx.now, busy_until=ctx.now,
    )  # fmt: skip
    ctx.session.add(report)
    ctx.session.flush()
    value = vault.encrypt_bytes(ADA.encode(), "report.value")
    ctx.session.add_all((
        ProgressProblem(
            id=2, organisation_id=org, report_id=1, number=2, fault=next(iter(ProgressFault)), column="x", value=value
        ),
        Progress(
            id=3, organisation_id=org, learner_id=learner_id, run_id=run_id, membership_id=MARK, profile_url=MARK
        ),
        ProgressName(
            id=4, organisation_id=org, kind=next(iter(NamedKind)), name_hash=MARK.encode().ljust(16),
            learner_id=learner_id, staff_id=school.owner.staff_id, named_at=ctx.now,
        ),
        FollowUp(
            id=5, organisation_id=org, learner_id=learner_id, run_id=run_id, staff_id=school.owner.staff_id,
            door=Door.SLACK, deed=FollowUpDeed.NUDGED, at=ctx.now, until_at=ctx.now + DIGEST_FIRST, reasons=1,
            words=MARK, message_id=6,
        ),
    ))  # fmt: skip
    ctx.session.flush()


def _planted(kept: Keeper) -> dict[tuple[str, str], object]:
    problem = StoredProblem("NAME_NO_LETTER", "First name", MARK, "is odd", "", ())
    hash_ = MARK.encode().ljust(16)
    values = {
        "charge.waived_reason": MARK,
        "outbound_message.problem": MARK,
        "delivery_report.detail": MARK,
        "inbound_message.detail": MARK,
        "inbound_message.server": MARK,
        "inbound_message.envelope_to": MARK,
        "inbound_message.subject": kept.vault.encrypt(MARK, "inbound_message.subject"),
        "join_request.first_name": MARK,
        "join_request.last_name": MARK,
        "import.file_name": kept.vault.encrypt(MARK, "import.file_name"),
        "import.reading": kept.pack(Reading(sheet=MARK), "import.reading"),
        "import_row.problems": kept.pack([problem], "import_row.problems"),
        "import_row.match_problem": kept.pack([problem], "import_row.problems"),
        "import_row.before": kept.pack(Before([MARK] * 18, None, None, None, True), "import_row.before"),
        "import_row.changes": MARK,
        "import_row.ukprn": f"{MARK}00001",
        "learner.year_group": MARK,
        "learner.academic_year": MARKED_YEAR,
        "learner.access_code": kept.vault.encrypt(MARK, "learner.access_code"),
        "learner.upn_hash": hash_,
        "learner.ccis_hash": hash_,
        **{f"import_row.{name}_hash": hash_ for name in ("row", "applied", "upn", "ccis")},
    }
    return {(name.partition(".")[0], name.partition(".")[2]): value for name, value in values.items()}


def _trace(ctx: Any, school: School, learner_id: int) -> Any:
    from core.model import StaffMember

    staff = ctx.session.get(StaffMember, school.owner.staff_id)
    return trace_of(ctx, staff, ctx.session.get(Learner, learner_id))


def cells(app: App) -> Iterator[tuple[str, object]]:
    """Every value of the whole database."""

    def look(ctx: Any) -> list[tuple[str, object]]:
        return [
            (f"{table.name}.{name}", value)
            for table in metadata.sorted_tables
            for row in ctx.session.execute(select(table)).mappings()
            for name, value in row.items()
            if value is not None
        ]

    found: list[tuple[str, object]] = in_context(app, OPERATOR, look)
    yield from found


def opened(app: App, value: object) -> list[str]:
    """What a value says, and what it hides."""
    raw = value if isinstance(value, bytes) else _unbased(str(value))
    said = [str(value)]
    if raw:
        vault = Vault(app.settings.data_key, app.tokens.nonce)
        for place in _PLACES:
            try:
                said.append(vault.decrypt_bytes(raw, place).decode("utf-8", "replace"))
            except (InvalidTag, ValueError, UsherError):
                continue
    return said


def _unbased(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def traces_left(app: App, hashes: set[bytes]) -> list[str]:
    return [
        place
        for place, value in cells(app)
        if value in hashes
        or value == MARKED_YEAR
        or any(MARK in text.lower() or ULNS[0] in text for text in opened(app, value))
    ]


def hashes_of(school: School) -> set[bytes]:
    row = learners(school)["Zqxada"]
    found = {row.uln_hash, row.person_hash, row.detail_hash}
    return {each for each in found if each}


def erase(school: School, learner_id: int, typed: str = "zqxada ZQXYOUNG") -> None:
    school.app.run(forget_strangers_mail, ForgetStrangersMail(learner_id), SYSTEM)
    school.app.run(erase_learner, EraseLearner(learner_id, typed), school.owner)


def test_nothing_of_who_is_erased_is_left_but_what_they_cost_and_no_other_is_touched(school: School, ada: int) -> None:
    hashes = hashes_of(school)
    before = traces_left(school.app, hashes)
    bo, charges = of_bo(school), costs(school)

    erase(school, ada)

    assert set(PERSONAL) - set(before) == {"inbound_message.content_digest"}
    assert traces_left(school.app, hashes) == []
    assert of_bo(school) == bo
    assert costs(school) == charges
    assert [each.first_name for each in everything(school.app, Learner, Learner.last_name == ERASED_LAST)] == [""]
    assert not everything(school.app, Invitation, Invitation.state == InvitationState.PENDING)
    is_theirs = OutboundMessage.recipient_key.startswith("erased:")
    assert not everything(school.app, OutboundMessage, OutboundMessage.state == MessageState.PENDING, is_theirs)
    with pytest.raises(LearnerNotFound):
        school.app.read(preview_erasure, PreviewErasure(ada), school.owner)


def costs(school: School) -> list[object]:
    return [(each.price_pence, each.charged_at, each.waived_at) for each in everything(school.app, Charge)]


def of_bo(school: School) -> list[object]:
    """Of the same file. That file, and answers in which both are named, are about more than one."""
    learner_id = learners(school)["Bo"].id
    tables = json.loads(as_json(school.app.run(export_learner, ExportLearner(learner_id), school.owner)))["tables"]
    assert tables["import_row"]["count"] == 1
    return [tables[name] for name in ("learner", "learner_address", "import_row", "invitation", "outbound_message")]


def test_the_preview_counts_and_changes_nothing(school: School, ada: int) -> None:
    before = list(cells(school.app))

    preview = school.app.read(preview_erasure, PreviewErasure(who=ADA), school.owner)

    assert (preview.learner_id, preview.name, preview.charges, preview.files) == (ada, "Zqxada Zqxyoung", 2, 1)
    assert (preview.invitations, preview.import_rows, preview.mails, preview.shared) == (3, 1, 2, 0)
    assert preview.url.endswith(f"/learners/{ada}/data")
    assert list(cells(school.app)) == before


def test_only_the_whole_name_confirms_and_only_for_who_may(school: School, ada: int) -> None:
    with pytest.raises(ErasureUnconfirmed):
        erase(school, ada, "Zqxada")
    with pytest.raises(RoleMissing):
        school.app.run(erase_learner, EraseLearner(ada, "Zqxada Zqxyoung"), school.viewer)
    with pytest.raises(LearnerNotFound):
        school.app.run(erase_learner, EraseLearner(ada, "Zqxada Zqxyoung"), school.manager)

    assert learners(school)["Zqxada"].removed_at is None


def test_an_address_of_two_learners_stays_with_the_other(school: School) -> None:
    import_sheet(
        school,
        line("Ann", "Young", **{"Email address": "home@example.org", "Dob": "2010-01-02"}),
        line("Bob", "Young", **{"Email address": "home@example.org", "Dob": "2011-01-02"}),
    )
    ann = learners(school)["Ann"].id

    preview = school.app.read(preview_erasure, PreviewErasure(ann), school.owner)
    erase(school, ann, "Ann Young")

    assert preview.shared == 1
    assert learners(school)["Bob"].email == "home@example.org"


def test_the_export_has_what_is_stored_and_no_secret_of_others(school: School, ada: int) -> None:
    exported = school.app.run(export_learner, ExportLearner(who=ADA), school.owner)

    text = as_json(exported).decode()
    tables = json.loads(text)["tables"]
    assert SECRET[0] in text
    assert SECRET[1] in text
    assert ULNS[0] in text
    assert {row["Run"] for row in tables["enrolment"]["rows"]} == {MATHS, SAFETY}
    assert {row["Price"][0] for row in tables["charge"]["rows"]} == {"£"}
    assert {row["Kind"] for row in tables["outbound_message"]["rows"]} >= {"invitation"}
    assert not any("Idempotency key" in row for row in tables["outbound_message"]["rows"])
    assert tables["mail_answer"]["count"] == 1
    assert "bo@example.org" not in text
    assert "Leeds" not in text
