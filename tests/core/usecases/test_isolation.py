"""No use case does anything for the wrong kind of actor, nor anything on another organisation's rows.

Every use case is found in the modules: a new one without an entry here fails these tests.
"""

import importlib
import inspect
import io
import pkgutil
import typing
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

import core.usecases
from core.app import App
from core.context import Actor, Assurance, Context, Door, LinkHolder, Operator, SlackVisitor, StaffActor, System
from core.errors import NotAllowed, NotFound, NotStaff, PreviewExpired, SenderUnproven, UsherError
from core.jobs import JobKind
from core.letters import AnswerPart
from core.model import Invitation, Organisation, StaffMember
from core.requests import Help
from core.rules.lanes import Lane
from core.rules.links import LinkKind
from core.rules.policy import TERMS_VERSION
from core.rules.progress.records import Batch
from core.rules.ucas.columns import Column
from core.usecases import exports, retention, workers
from core.usecases.catalogue import catalogue, courses, runs
from core.usecases.costs import budgets, costs, waiving
from core.usecases.digests import digests
from core.usecases.digests import settings as digest_settings
from core.usecases.history import history
from core.usecases.imports import (
    answers as import_answers,
)
from core.usecases.imports import (
    applying as import_applying,
)
from core.usecases.imports import (
    checking as import_checking,
)
from core.usecases.imports import (
    copies as import_copies,
)
from core.usecases.imports import (
    corrections as import_corrections,
)
from core.usecases.imports import (
    fixing as import_fixing,
)
from core.usecases.imports import (
    imports,
)
from core.usecases.imports import (
    invitations as import_invitations,
)
from core.usecases.imports import (
    jobs as import_jobs,
)
from core.usecases.imports import (
    mails as import_mails,
)
from core.usecases.imports import (
    orders as import_orders,
)
from core.usecases.imports import (
    receiving as import_receiving,
)
from core.usecases.imports import (
    retention as import_retention,
)
from core.usecases.imports import (
    rows as import_rows,
)
from core.usecases.imports import (
    rules as import_rules,
)
from core.usecases.imports import (
    runs as run_importing,
)
from core.usecases.imports import (
    undoing as import_undoing,
)
from core.usecases.imports.values import Reading
from core.usecases.invitations import (
    answers,
    batches,
    corrections,
    gathering,
    link_requests,
    quiet_hours,
    recall,
    reminder_rules,
    reminders,
    schedules,
    scoreboards,
    undelivered,
)
from core.usecases.invitations import (
    changes as invitation_changes,
)
from core.usecases.invitations import (
    lists as invitation_lists,
)
from core.usecases.invitations import (
    single as invitations,
)
from core.usecases.invitations.changes import Chosen
from core.usecases.learners import (
    cards as learner_cards,
)
from core.usecases.learners import (
    changes as learner_changes,
)
from core.usecases.learners import (
    codes as learner_codes,
)
from core.usecases.learners import (
    erasing as learner_erasing,
)
from core.usecases.learners import (
    ethnicity,
)
from core.usecases.learners import (
    export as learner_export,
)
from core.usecases.learners import (
    lists as learner_lists,
)
from core.usecases.learners import (
    removal as learner_removal,
)
from core.usecases.links import (
    crowds,
    join_requests,
    joining,
    looking,
    places,
    shared_links,
)
from core.usecases.links import (
    lists as link_lists,
)
from core.usecases.links import (
    settings as link_settings,
)
from core.usecases.mailbox import (
    addresses,
    bounces,
    held_mail,
    inbound,
    mailboxes,
    questions,
    received,
    senders,
    stopping,
    suppressions,
    under_way,
)
from core.usecases.mailbox import (
    invitations as mail_invitations,
)
from core.usecases.mailbox import (
    requests as mail_requests,
)
from core.usecases.mailbox import (
    watching as mailbox_watching,
)
from core.usecases.messages import (
    deliveries,
    held,
    lanes,
    letters,
    recovering,
    slack_notes,
)
from core.usecases.progress import (
    at_risk,
    finding,
    follow_ups,
    nudges,
    risk_rules,
)
from core.usecases.progress import (
    attempts as progress_attempts,
)
from core.usecases.progress import (
    confirming as progress_confirming,
)
from core.usecases.progress import (
    figures as progress,
)
from core.usecases.progress import (
    jobs as progress_jobs,
)
from core.usecases.progress import (
    mails as progress_mails,
)
from core.usecases.progress import (
    merging as progress_merging,
)
from core.usecases.progress import (
    naming as progress_naming,
)
from core.usecases.progress import (
    one_learner as progress_cards,
)
from core.usecases.progress import (
    receiving as progress_receiving,
)
from core.usecases.progress import (
    reports as progress_reports,
)
from core.usecases.progress import (
    retention as progress_retention,
)
from core.usecases.progress.reports import ReportReading
from core.usecases.staff import (
    accounts,
    colleagues,
    data_keys,
    homes,
    installations,
    organisations,
    sign_in,
    slack_identity,
    staff,
)
from core.usecases.staff import rules as house_rules
from core.words import FeedKind, ImportWork, MailRule, MailState, OldMail, ReportedAs, Role, Subject
from tests.copies import Copies, PostgresqlCopies, SqliteCopies
from tests.core.usecases.acting import (
    MATHS,
    POETRY,
    change,
    clock_of,
    dump,
    newest,
    only,
    refusal_of,
    token_of,
)
from tests.core.usecases.worlds import BROWSER, MAILBOX, VISITOR, A, B, C, World, make_world
from tests.factories import LEARNER, NOW, OPERATOR, SYSTEM, FixedClock, School, make_school

LANE = Lane("x", timedelta(seconds=1), burst=1)

NO_RUN = "mathz-2026-03"
_CATALOGUE = "course_code,course_title,kind,model,run_code,starts\nx,X,open,upgraded,x-1,2026-05-01"
_RENAMED = ((Column.FIRST_NAME, "Uma"),)
UseCase = Callable[..., object]


@cache
def found() -> dict[str, UseCase]:
    """Public functions that take a context and a command which belongs to core."""
    usecases: dict[str, UseCase] = {}
    for module_info in pkgutil.walk_packages(core.usecases.__path__, "core.usecases."):
        module = importlib.import_module(module_info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_") and _is_usecase(function):
                usecases[name] = function
    return usecases


def _is_usecase(function: UseCase) -> bool:
    parameters = list(inspect.signature(function).parameters)
    return parameters == ["ctx", "command"] and typing.get_type_hints(function)["ctx"] is Context


Beginning = tuple[World, datetime]


def _begin(app: App) -> Beginning:
    return make_world(make_school(app)), clock_of(app).now


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies[Beginning]]:
    """Making one takes longer than most tests."""
    if request.param == "sqlite":
        made: Copies[Beginning] = SqliteCopies(tmp_path_factory.mktemp("worlds"), _begin)
    else:
        made = PostgresqlCopies(request.getfixturevalue("postgresql_server"), _begin)
    yield made
    made.close()


@pytest.fixture
def world(worlds: Copies[Beginning]) -> World:
    worlds.renew()
    world, now = worlds.filling
    return replace(world, school=replace(world.school, app=worlds.app(clock=FixedClock(now))))


def commands(world: World) -> dict[str, tuple[type[Actor], object]]:
    """For each use case the kind of actor it is for, and a command that would work."""
    late = NOW + timedelta(days=9)
    owner = world.school.owner
    held_token = world.school.app.links.token(LinkKind.HELD_MAIL, world.held_id)
    return {
        "show_invitation": (LinkHolder, answers.ShowInvitation(world.token)),
        "accept_invitation": (LinkHolder, answers.AcceptInvitation(world.token, "Bo", "Young")),
        "decline_invitation": (LinkHolder, answers.DeclineInvitation(world.token)),
        "ask_for_link": (LinkHolder, answers.AskForLink(token_of(world.school.app, C))),
        "stop_invitations": (LinkHolder, answers.StopInvitations(world.token)),
        "prepare_invitation": (StaffActor, batches.PrepareInvitation(MATHS, "x@example.org")),
        "invite_learners": (StaffActor, batches.InviteLearners(world.draft_id)),
        "find_invitable": (StaffActor, import_invitations.FindInvitable(world.applied_import)),
        "prepare_import_invitation": (StaffActor, _prepare_import(world)),
        "invite_import_by_mail": (StaffActor, _prepare_import(world)),
        "gather_addresses": (StaffActor, gathering.GatherAddresses("x@example.org")),
        "choose_run": (StaffActor, gathering.ChooseRun(world.gathered_id, POETRY)),
        "invite_by_mail": (StaffActor, batches.PrepareInvitation(MATHS, "x@example.org")),
        "discard_preview": (StaffActor, mail_invitations.DiscardPreview(world.draft_id)),
        "answer_mail": (StaffActor, mail_requests.AnswerMail(world.asking, (AnswerPart("help", Help()),))),
        "close_question": (StaffActor, mail_requests.CloseQuestion(world.answer_id)),
        "confirm_question": (StaffActor, questions.ConfirmQuestion(world.answer_id, 0)),
        "decline_question": (StaffActor, questions.DeclineQuestion(world.answer_id, 0)),
        "find_thread": (StaffActor, mail_requests.FindThread(("<1@example.org>",))),
        "recall_batch": (StaffActor, recall.RecallBatch(world.confirmation_id)),
        "list_scheduled": (StaffActor, schedules.ListScheduled()),
        "send_now": (StaffActor, schedules.SendNow(world.scheduled_id)),
        "show_digest": (StaffActor, digests.ShowDigest()),
        "show_digest_plan": (StaffActor, digest_settings.ShowDigestPlan()),
        "set_digest": (StaffActor, digest_settings.SetDigest(0, 480)),
        "stop_digest": (StaffActor, digest_settings.StopDigest()),
        "show_digest_stop": (LinkHolder, digest_settings.ShowDigestStop(world.digest_token)),
        "stop_digest_mail": (LinkHolder, digest_settings.StopDigestMail(world.digest_token)),
        "show_quiet_hours": (StaffActor, quiet_hours.ShowQuietHours()),
        "set_quiet_hours": (StaffActor, quiet_hours.SetQuietHours("off")),
        "show_import_policy": (StaffActor, import_rules.ShowImportPolicy()),
        "set_import_policy": (StaffActor, import_rules.SetImportPolicy("good-rows")),
        "show_ethnicity": (StaffActor, ethnicity.ShowEthnicity()),
        "show_rules": (StaffActor, house_rules.ShowRules()),
        "store_ethnicity": (StaffActor, ethnicity.StoreEthnicity("Equality monitoring")),
        "stop_ethnicity": (StaffActor, ethnicity.StopEthnicity()),
        "erase_ethnicity": (StaffActor, ethnicity.EraseEthnicity(0)),
        "erase_ethnicity_in": (Operator, ethnicity.EraseEthnicityIn("northfield", 0)),
        "show_reminders": (StaffActor, reminder_rules.ShowReminders(POETRY)),
        "set_reminders": (StaffActor, reminder_rules.SetReminders(POETRY, "off")),
        "list_invitations": (StaffActor, invitation_lists.ListInvitations(POETRY)),
        "offer_runs": (StaffActor, addresses.OfferRuns(A, is_file=False)),
        "list_undelivered": (StaffActor, undelivered.ListUndelivered()),
        "resend_invitation": (StaffActor, invitations.ResendInvitation(world.pending_id)),
        "cancel_invitation": (StaffActor, invitations.CancelInvitation(world.pending_id)),
        "reinvite_learner": (StaffActor, invitations.ReinviteLearner(POETRY, "new@example.org")),
        "resend_invitations": (StaffActor, invitation_changes.ResendInvitations(Chosen(POETRY))),
        "cancel_invitations": (StaffActor, invitation_changes.CancelInvitations(Chosen(POETRY))),
        "restore_invitations": (StaffActor, invitation_changes.RestoreInvitations(world.change_id)),
        "show_correction": (StaffActor, corrections.ShowCorrection(world.pending_id)),
        "correct_address": (StaffActor, corrections.CorrectAddress("right@example.org", world.pending_id)),
        "list_courses": (StaffActor, courses.ListCourses()),
        "show_home": (StaffActor, homes.ShowHome()),
        "keep_home": (StaffActor, homes.KeepHome("digest", NOW)),
        "draw_home_later": (StaffActor, homes.DrawHomeLater()),
        "show_run": (StaffActor, courses.ShowRun(POETRY)),
        "approve_link_request": (StaffActor, link_requests.ApproveLinkRequest(world.request_id)),
        "decline_link_request": (StaffActor, link_requests.DeclineLinkRequest(world.request_id)),
        "list_choosable_runs": (StaffActor, runs.ListChoosableRuns()),
        "show_batch": (StaffActor, scoreboards.ShowBatch(1)),
        "create_shared_link": (StaffActor, shared_links.CreateSharedLink(MATHS)),
        "show_shared_link": (StaffActor, shared_links.ShowSharedLink(world.link_id)),
        "pause_shared_link": (StaffActor, shared_links.PauseSharedLink(world.link_id)),
        "resume_shared_link": (StaffActor, shared_links.ResumeSharedLink(world.link_id)),
        "revoke_shared_link": (StaffActor, shared_links.RevokeSharedLink(world.link_id)),
        "restore_shared_link": (StaffActor, shared_links.RestoreSharedLink(world.link_id)),
        "extend_shared_link": (StaffActor, shared_links.ExtendSharedLink(world.link_id)),
        "change_shared_link": (StaffActor, link_settings.ChangeSharedLink(world.link_id, "5", "", False)),
        "list_shared_links": (StaffActor, link_lists.ListSharedLinks()),
        "look_at_link": (LinkHolder, looking.LookAtLink(world.link_token)),
        "join_by_link": (LinkHolder, joining.JoinByLink(world.link_token, "Bo", "Young", "g@example.org")),
        "join_together": (LinkHolder, crowds.JoinTogether(world.link_token, _presses(world, "gh"))),
        "show_join_request": (LinkHolder, join_requests.ShowJoinRequest(world.wish_token)),
        "confirm_join": (LinkHolder, join_requests.ConfirmJoin(world.wish_token)),
        "stop_mails_of_request": (LinkHolder, places.StopMails(world.wish_token)),
        "show_place": (LinkHolder, places.ShowPlace(world.place_token)),
        "stop_mails_of_place": (LinkHolder, places.StopMails(world.place_token)),
        "import_catalogue": (Operator, catalogue.ImportCatalogue("northfield", _CATALOGUE)),
        "receive_import": (StaffActor, import_receiving.ReceiveImport("l.csv", b"UKPRN")),
        "show_import": (StaffActor, imports.ShowImport(world.held_import)),
        "load_marks": (StaffActor, import_answers.LoadMarks(world.held_import)),
        "import_by_mail": (StaffActor, import_mails.ImportByMail("m.csv", b"UKPRN", world.inbound_id)),
        "copy_by_mail": (StaffActor, import_mails.CopyImport(world.held_import)),
        "leave_import": (StaffActor, import_mails.LeaveImport(world.held_import)),
        "load_report": (StaffActor, import_mails.LoadReport(world.held_import)),
        "undo_import": (StaffActor, import_undoing.UndoImport(world.applied_import)),
        "undo_by_mail": (
            StaffActor,
            import_mails.OrderByMail(world.applied_import, ImportWork.UNDO, world.inbound_id),
        ),
        "order_by_mail": (
            StaffActor,
            import_mails.OrderByMail(world.applied_import, ImportWork.UNDO, world.inbound_id),
        ),
        "show_order": (StaffActor, import_orders.ShowOrder(world.order_id)),
        "order_work": (StaffActor, import_orders.OrderWork(world.applied_import, ImportWork.UNDO)),
        "fulfil_order": (StaffActor, import_orders.FulfilOrder(world.order_id)),
        "list_imports": (StaffActor, imports.ListImports()),
        "list_import_rows": (StaffActor, import_rows.ListImportRows(world.held_import)),
        "find_corrected": (StaffActor, import_corrections.FindCorrected("D1/1.1")),
        "preview_undo": (StaffActor, import_undoing.PreviewUndo(world.applied_import)),
        "order_copy": (StaffActor, import_copies.OrderCopy(world.held_import)),
        "offer_template": (StaffActor, import_copies.OfferTemplate()),
        "show_broken_rows": (StaffActor, import_fixing.ShowBrokenRows(world.held_import)),
        "correct_rows": (StaffActor, import_fixing.CorrectRows(world.held_import, {})),
        "begin_import": (StaffActor, import_checking.BeginImport(world.received_import)),
        "stage_rows": (StaffActor, import_checking.StageRows(world.reading_import, 1, ())),
        "stage_runs": (StaffActor, run_importing.StageRuns(world.reading_import, 1, ())),
        "finish_checking": (StaffActor, import_checking.FinishChecking(world.reading_import, 1, Reading())),
        "apply_import": (StaffActor, import_applying.ApplyImport(world.checked_import)),
        "release_import": (StaffActor, import_applying.ReleaseImport(world.held_import)),
        "list_learners": (StaffActor, learner_lists.ListLearners()),
        "find_learners": (StaffActor, learner_cards.FindLearners("una")),
        "list_managed_providers": (StaffActor, learner_lists.ListManagedProviders()),
        "show_learner": (StaffActor, learner_cards.ShowLearner(world.learner_id)),
        "see_learner_details": (StaffActor, learner_cards.SeeLearnerDetails(world.learner_id)),
        "prepare_learner": (StaffActor, learner_changes.PrepareLearner(_RENAMED, world.learner_id)),
        "save_learner": (StaffActor, learner_changes.SaveLearner(world.prepared_learner_id)),
        "preview_removal": (StaffActor, learner_removal.PreviewRemoval(world.learner_id)),
        "remove_learner": (StaffActor, learner_removal.RemoveLearner(world.learner_id)),
        "undo_learner_change": (StaffActor, learner_removal.UndoLearnerChange(world.learner_change_id)),
        "show_data_page": (StaffActor, learner_export.ShowDataPage(world.learner_id)),
        "export_learner": (StaffActor, learner_export.ExportLearner(world.learner_id)),
        "preview_erasure": (StaffActor, learner_erasing.PreviewErasure(world.learner_id)),
        "erase_learner": (StaffActor, learner_erasing.EraseLearner(world.learner_id, "Una Young")),
        "forget_strangers_mail": (System, learner_erasing.ForgetStrangersMail(world.learner_id)),
        "show_codes_page": (StaffActor, learner_codes.ShowCodesPage()),
        "load_access_codes": (StaffActor, learner_codes.LoadAccessCodes()),
        "receive_progress": (StaffActor, progress_receiving.ReceiveProgress("p.csv", b"x", POETRY)),
        "report_by_mail": (StaffActor, progress_mails.ReportByMail("p.csv", b"x", world.inbound_id, POETRY)),
        "confirm_by_mail": (StaffActor, progress_confirming.ConfirmReport(world.waiting_report)),
        "show_report": (StaffActor, progress_reports.ShowReport(world.waiting_report)),
        "list_reports": (StaffActor, progress_reports.ListReports()),
        "confirm_report": (StaffActor, progress_confirming.ConfirmReport(world.waiting_report)),
        "begin_report": (StaffActor, progress_attempts.BeginReport(world.received_report)),
        "merge_rows": (
            StaffActor,
            progress_merging.MergeRows(world.reading_report, 1, FeedKind.PLATFORM_REPORT, Batch(()), {}),
        ),
        "settle_report": (
            StaffActor,
            progress_attempts.SettleReport(world.reading_report, 1, ReportReading(), FeedKind.PLATFORM_REPORT),
        ),
        "name_in_feed": (StaffActor, progress_naming.NameInFeed("x", B)),
        "show_progress": (StaffActor, progress.ShowProgress(POETRY)),
        "find_progress": (StaffActor, finding.FindProgress(POETRY, "", POETRY)),
        "show_at_risk": (StaffActor, at_risk.ShowAtRisk(POETRY, B)),
        "prepare_nudge": (StaffActor, nudges.PrepareNudge(POETRY, B)),
        "nudge_learner": (StaffActor, nudges.NudgeLearner(POETRY, B)),
        "snooze_learner": (StaffActor, follow_ups.SnoozeLearner(POETRY, B)),
        "note_spoken": (StaffActor, follow_ups.NoteSpoken(POETRY, B)),
        "undo_follow_up": (StaffActor, follow_ups.UndoFollowUp(world.follow_up_id)),
        "set_risk_rule": (StaffActor, risk_rules.SetRiskRule(POETRY, "silent 14")),
        "show_learner_progress": (StaffActor, progress_cards.ShowLearnerProgress(B)),
        "export_progress": (StaffActor, exports.ExportProgress(POETRY)),
        "export_costs": (StaffActor, exports.ExportCosts()),
        "show_history": (StaffActor, history.ShowHistory(Subject.BATCH, "1")),
        "export_history": (StaffActor, exports.ExportHistory(Subject.BATCH, "1")),
        "show_export": (StaffActor, exports.ShowExport(world.export_id)),
        "fetch_export": (StaffActor, exports.FetchExport(world.export_id)),
        "write_export": (StaffActor, exports.WriteExport(world.export_id, io.BytesIO())),
        "list_held": (Operator, held.ListHeld()),
        "show_held": (Operator, held.ShowHeld(newest(world.school.app, A).message_id)),
        "retry_held": (Operator, held.RetryHeld()),
        "create_organisation": (
            Operator,
            organisations.CreateOrganisation("east", "East", "UTC", "E", "E", "east@example.org"),
        ),
        "list_organisations": (Operator, organisations.ListOrganisations()),
        "new_setup_code": (Operator, organisations.NewSetupCode("northfield")),
        "add_provider": (Operator, organisations.AddProvider("northfield", "10000007", "P")),
        "show_costs": (StaffActor, costs.ShowCosts()),
        "show_budgets": (StaffActor, budgets.ShowBudgets()),
        "set_budget": (StaffActor, budgets.SetBudget("southgate", "", 100)),
        "find_charge": (Operator, waiving.FindCharge("northfield", B, POETRY)),
        "waive_charge": (Operator, waiving.WaiveCharge("northfield", B, POETRY, "a mistake")),
        "restore_charge": (Operator, waiving.RestoreCharge("northfield", B, POETRY)),
        "add_agreement": (Operator, organisations.AddAgreement("northfield", "southgate", "", 1, 1, NOW, late)),
        "invite_staff_member": (
            Operator,
            staff.InviteStaffMember("northfield", "F", "L", "f@example.org", Role.VIEWER),
        ),
        "list_suppressions": (Operator, suppressions.ListSuppressions(A)),
        "lift_suppression": (StaffActor, suppressions.LiftSuppression(A)),
        "lift_suppression_in": (Operator, suppressions.LiftSuppressionIn("northfield", A)),
        "list_workers": (Operator, workers.ListWorkers()),
        "check_data_keys": (System, data_keys.CheckDataKeys()),
        "begin_installation": (LinkHolder, installations.BeginInstallation()),
        "check_installation": (LinkHolder, installations.CheckInstallation(world.install_state)),
        "install_app": (
            LinkHolder,
            installations.InstallApp(world.install_state, "", "T1", "N", "xoxb-1", "U", "A", "commands", "U1"),
        ),
        "remove_installation": (System, installations.RemoveInstallation("", "T1", NOW)),
        "ask_to_sign_in": (System, sign_in.AskToSignIn("olive@north.example.org", "")),
        "show_sign_in": (LinkHolder, sign_in.ShowSignIn(world.sign_in_token, "")),
        "sign_in_by_link": (LinkHolder, sign_in.SignInByLink(world.sign_in_token, BROWSER)),
        "sign_in_by_code": (LinkHolder, sign_in.SignInByCode(BROWSER, "12345678")),
        "who_is_signed_in": (LinkHolder, sign_in.WhoIsSignedIn("s" * 43)),
        "sign_out": (LinkHolder, sign_in.SignOut("s" * 43)),
        "show_account": (StaffActor, accounts.ShowAccount()),
        "accept_terms": (StaffActor, accounts.AcceptTerms(TERMS_VERSION)),
        "list_staff": (StaffActor, colleagues.ListStaff()),
        "show_colleague": (StaffActor, colleagues.ShowColleague(world.colleague_id)),
        "list_providers": (StaffActor, colleagues.ListProviders()),
        "invite_colleague": (StaffActor, colleagues.InviteColleague("f@example.org", Role.VIEWER, "F", "L")),
        "change_colleague": (StaffActor, colleagues.ChangeColleague(world.colleague_id, Role.MANAGER, ())),
        "disable_colleague": (
            StaffActor,
            colleagues.DisableColleague(world.colleague_id),
        ),
        "enable_colleague": (StaffActor, colleagues.EnableColleague(world.colleague_id)),
        "reinvite_colleague": (StaffActor, colleagues.ReinviteColleague(world.colleague_id)),
        "disable_staff_member": (Operator, colleagues.DisableStaffMember("northfield", "max@northfield.example.org")),
        "show_staff_invitation": (LinkHolder, staff.ShowStaffInvitation(world.staff_token)),
        "accept_staff_invitation": (LinkHolder, staff.AcceptStaffInvitation(world.staff_token)),
        "turn_over": (System, deliveries.TurnOver("x")),
        "enter_lanes": (System, lanes.EnterLanes((LANE,))),
        "look_in_lane": (System, lanes.LookInLane(LANE)),
        "hold_up_lane": (System, lanes.HoldUpLane(LANE, 1)),
        "release_leases": (System, recovering.ReleaseLeases("x")),
        "hand_back": (System, recovering.HandBack(JobKind.SEND_MAIL, (1,))),
        "refresh_homes": (System, homes.RefreshHomes()),
        "begin_order": (System, import_orders.BeginOrder(1)),
        "refuse_order": (System, import_orders.RefuseOrder(1)),
        "sweep_orders": (System, import_orders.SweepOrders()),
        "sender_of_import": (System, import_jobs.FindSender(1)),
        "reporter_of": (System, progress_jobs.FindReporter(1)),
        "give_up_report": (System, progress_jobs.GiveUpReport(1)),
        "sweep_reports": (System, progress_jobs.SweepReports()),
        "give_up_import": (System, import_jobs.GiveUpImport(1)),
        "sweep_imports": (System, import_jobs.SweepImports()),
        "sweep_due": (System, recovering.SweepDue(timedelta(0))),
        "find_due_reminders": (System, reminders.FindDueReminders()),
        "remind_due": (System, reminders.RemindDue((1,))),
        "find_due_digests": (System, digests.FindDueDigests()),
        "begin_digests": (System, digests.BeginDigests((owner.staff_id,))),
        "collect_due_digests": (System, digests.CollectDueDigests((1,))),
        "write_due_digests": (System, digests.WriteDueDigests(digests.DueDigestsCollected((1,), ()))),
        "receive_mail": (System, inbound.ReceiveMail(b"x", "<1@example.org>", "0" * 64)),
        "receive_mails": (System, inbound.ReceiveMails((inbound.ReceiveMail(b"x", "<1@example.org>", "0" * 64),))),
        "begin_mail": (System, under_way.BeginMail(world.inbound_id)),
        "settle_mail": (
            System,
            inbound.SettleMail(world.inbound_id, MailState.IGNORED, MailRule.UNKNOWN_SENDER),
        ),
        "record_report": (
            System,
            bounces.RecordReport(world.inbound_id, MailRule.BOUNCE, ReportedAs.HARD, tokens=(world.bounce_token,)),
        ),
        "stop_by_mail": (System, stopping.StopByMail(world.inbound_id, tokens=(world.stop_token,))),
        "renew_mails": (System, under_way.RenewMails((world.inbound_id,))),
        "lay_down_mail": (System, under_way.LayDownMail(world.inbound_id)),
        "hold_unread": (System, inbound.HoldUnread(world.mailbox_id, "front 7/1", 9, MailRule.TOO_BIG)),
        "add_mailbox": (Operator, replace(MAILBOX, name="back")),
        "change_mailbox_secret": (Operator, mailboxes.ChangeMailboxSecret("front", MAILBOX.secret)),
        "switch_mailbox": (Operator, mailboxes.SwitchMailbox("front", is_on=False)),
        "decide_old_mail": (Operator, mailboxes.DecideOldMail("front", OldMail.ANSWERED)),
        "remove_mailbox": (Operator, mailboxes.RemoveMailbox("front")),
        "list_mailboxes": (Operator, mailboxes.ListMailboxes()),
        "list_watched": (System, mailbox_watching.ListWatched()),
        "note_connected": (System, mailbox_watching.NoteConnected(world.mailbox_id, 7, 1)),
        "note_watching": (System, mailbox_watching.NoteWatching(world.mailbox_id)),
        "keep_tokens": (System, mailbox_watching.KeepTokens(world.mailbox_id, MAILBOX.secret, MAILBOX.secret)),
        "list_unsettled": (System, inbound.ListUnsettled(timedelta(0))),
        "find_sender": (System, senders.FindSender(("olive@north.example.org",))),
        "resume_waiting": (System, senders.ResumeWaiting()),
        "note_sender": (
            System,
            senders.NoteSender(
                world.inbound_id, "a@b.org", owner.organisation_id, owner.staff_id, Assurance.UNVERIFIED
            ),
        ),
        "note_senders": (System, senders.NoteSenders(())),
        "hold_mail": (System, held_mail.HoldMail(world.inbound_id, MailRule.UNAUTHENTICATED)),
        "show_held_mail": (LinkHolder, held_mail.ShowHeldMail(held_token)),
        "confirm_held_mail": (LinkHolder, held_mail.ConfirmHeldMail(held_token)),
        "deny_held_mail": (LinkHolder, held_mail.DenyHeldMail(held_token)),
        "release_held_mail": (StaffActor, held_mail.ReleaseHeldMail(world.held_id)),
        "refuse_held_mail": (StaffActor, held_mail.RefuseHeldMail(world.held_id)),
        "list_received": (Operator, received.ListReceived()),
        "show_received": (Operator, received.ShowReceived(world.held_id)),
        "run_received": (Operator, received.RunReceived(world.held_id)),
        "release_received": (Operator, received.ReleaseReceived(world.held_id)),
        "ignore_received": (Operator, received.IgnoreReceived(world.held_id)),
        "load_letters": (System, letters.LoadLetters((1,))),
        "load_slack_notes": (System, slack_notes.LoadSlackNotes((1,))),
        "beat": (System, workers.Beat("x")),
        "find_dead": (System, workers.FindDead("x")),
        "report_retention": (Operator, retention.ReportRetention()),
        "erase_overdue": (System, retention.EraseOverdue()),
        "forget_old": (System, retention.ForgetOld()),
        "forget_imports": (System, import_retention.ForgetImports()),
        "erase_report": (System, progress_retention.EraseReport()),
        "show_workspace_token": (System, installations.ShowWorkspaceToken("", "T1")),
        "who_is": (SlackVisitor, slack_identity.WhoIs()),
        "bind_workspace": (SlackVisitor, slack_identity.BindWorkspace(world.setup_code)),
        "ask_for_code": (SlackVisitor, slack_identity.AskForCode()),
        "confirm_code": (SlackVisitor, slack_identity.ConfirmCode(world.slack_code)),
        "unlink_account": (SlackVisitor, slack_identity.UnlinkAccount()),
        "note_person_left": (System, slack_identity.NotePersonLeft("", "T1", "U1")),
        "count_wrong_code": (SlackVisitor, slack_identity.CountWrongCode()),
    }


def _presses(world: World, names: str) -> tuple[joining.JoinByLink, ...]:
    return tuple(joining.JoinByLink(world.link_token, "Bo", "Young", f"{name}@example.org") for name in names)


def _prepare_import(world: World) -> import_invitations.PrepareImportInvitation:
    return import_invitations.PrepareImportInvitation(POETRY, world.applied_import)


def actors(school: School) -> list[Actor]:
    return [school.owner, VISITOR, LEARNER, OPERATOR, SYSTEM]


def may(actor: Actor, wanted: type[Actor]) -> bool:
    """An operator may do by hand what the worker does."""
    return isinstance(actor, wanted) or (wanted is System and isinstance(actor, Operator))


def test_every_use_case_has_an_entry_here(world: World) -> None:
    assert set(commands(world)) == set(found())


def test_every_use_case_refuses_every_other_kind_of_actor_and_changes_nothing(world: World) -> None:
    before = dump(world.school.app, "audit_entry")

    for name, (wanted, command) in commands(world).items():
        for actor in actors(world.school):
            if not may(actor, wanted):
                refusal = refusal_of(world.school.app, found()[name], command, actor)
                assert isinstance(refusal, NotAllowed | NotFound), (name, actor, refusal)

    assert dump(world.school.app, "audit_entry") == before


class Undone(UsherError):
    """It worked; nothing of it is kept."""


def undone(usecase: UseCase) -> UseCase:
    def attempt(ctx: Context, command: object) -> None:
        usecase(ctx, command)
        raise Undone

    return attempt


def test_every_use_case_works_for_the_actor_it_is_for(world: World) -> None:
    """Else the refusals above could be for another reason."""
    for name, (wanted, command) in commands(world).items():
        actor = next(each for each in actors(world.school) if isinstance(each, wanted))
        assert isinstance(refusal_of(world.school.app, undone(found()[name]), command, actor), Undone), name


def _absent(command: object) -> object:
    """The same command about something that nobody has."""
    kind = type(command)
    strange: dict[type, object] = {
        batches.InviteLearners: batches.InviteLearners(12345),
        mail_invitations.DiscardPreview: mail_invitations.DiscardPreview(12345),
        mail_requests.CloseQuestion: mail_requests.CloseQuestion(12345),
        questions.ConfirmQuestion: questions.ConfirmQuestion(12345, 0),
        questions.DeclineQuestion: questions.DeclineQuestion(12345, 0),
        held_mail.ReleaseHeldMail: held_mail.ReleaseHeldMail(12345),
        held_mail.RefuseHeldMail: held_mail.RefuseHeldMail(12345),
        gathering.ChooseRun: gathering.ChooseRun(12345, POETRY),
        recall.RecallBatch: recall.RecallBatch(12345),
        schedules.SendNow: schedules.SendNow(12345),
        invitations.ResendInvitation: invitations.ResendInvitation(12345),
        invitations.CancelInvitation: invitations.CancelInvitation(12345),
        invitation_changes.RestoreInvitations: invitation_changes.RestoreInvitations(12345),
        corrections.ShowCorrection: corrections.ShowCorrection(12345),
        corrections.CorrectAddress: corrections.CorrectAddress("right@example.org", 12345),
        link_requests.ApproveLinkRequest: link_requests.ApproveLinkRequest(12345),
        link_requests.DeclineLinkRequest: link_requests.DeclineLinkRequest(12345),
        scoreboards.ShowBatch: command,
        history.ShowHistory: command,
        exports.ExportHistory: command,
        shared_links.ShowSharedLink: shared_links.ShowSharedLink(12345),
        shared_links.PauseSharedLink: shared_links.PauseSharedLink(12345),
        shared_links.ResumeSharedLink: shared_links.ResumeSharedLink(12345),
        shared_links.RevokeSharedLink: shared_links.RevokeSharedLink(12345),
        shared_links.RestoreSharedLink: shared_links.RestoreSharedLink(12345),
        shared_links.ExtendSharedLink: shared_links.ExtendSharedLink(12345),
        link_settings.ChangeSharedLink: link_settings.ChangeSharedLink(12345, "5", "", False),
        learner_cards.ShowLearner: learner_cards.ShowLearner(12345),
        learner_cards.SeeLearnerDetails: learner_cards.SeeLearnerDetails(12345),
        learner_changes.PrepareLearner: learner_changes.PrepareLearner(_RENAMED, 12345),
        learner_changes.SaveLearner: learner_changes.SaveLearner(12345),
        learner_export.ShowDataPage: learner_export.ShowDataPage(12345),
        learner_export.ExportLearner: learner_export.ExportLearner(12345),
        learner_erasing.PreviewErasure: learner_erasing.PreviewErasure(12345),
        learner_erasing.EraseLearner: learner_erasing.EraseLearner(12345, "Una Young"),
        learner_removal.PreviewRemoval: learner_removal.PreviewRemoval(12345),
        learner_removal.RemoveLearner: learner_removal.RemoveLearner(12345),
        learner_removal.UndoLearnerChange: learner_removal.UndoLearnerChange(12345),
        follow_ups.UndoFollowUp: follow_ups.UndoFollowUp(12345),
        progress_reports.ShowReport: command,
        progress_confirming.ConfirmReport: command,
        progress_attempts.BeginReport: progress_attempts.BeginReport(12345),
        progress_merging.MergeRows: progress_merging.MergeRows(12345, 1, FeedKind.XAPI, Batch(()), {}),
        progress_attempts.SettleReport: progress_attempts.SettleReport(12345, 1, ReportReading(), FeedKind.XAPI),
        progress_naming.NameInFeed: command,
        progress_cards.ShowLearnerProgress: command,
        exports.ShowExport: exports.ShowExport(12345),
        exports.FetchExport: exports.FetchExport(12345),
        exports.WriteExport: exports.WriteExport(12345, io.BytesIO()),
        imports.ShowImport: command,
        import_rows.ListImportRows: command,
        import_undoing.PreviewUndo: command,
        import_copies.OrderCopy: command,
        import_fixing.ShowBrokenRows: command,
        import_fixing.CorrectRows: command,
        import_undoing.UndoImport: command,
        import_orders.OrderWork: command,
        import_mails.OrderByMail: command,
        import_orders.ShowOrder: import_orders.ShowOrder(12345),
        import_answers.LoadMarks: command,
        import_mails.CopyImport: command,
        import_mails.LeaveImport: command,
        import_mails.LoadReport: command,
        import_invitations.FindInvitable: command,
        import_invitations.PrepareImportInvitation: command,
        import_checking.BeginImport: import_checking.BeginImport(12345),
        import_checking.StageRows: import_checking.StageRows(12345, 1, ()),
        run_importing.StageRuns: run_importing.StageRuns(12345, 1, ()),
        import_checking.FinishChecking: import_checking.FinishChecking(12345, 1, Reading()),
        import_applying.ApplyImport: import_applying.ApplyImport(12345),
        import_applying.ReleaseImport: command,
        colleagues.ShowColleague: colleagues.ShowColleague(12345),
        colleagues.ChangeColleague: colleagues.ChangeColleague(12345, Role.MANAGER, ()),
        colleagues.DisableColleague: colleagues.DisableColleague(12345),
        colleagues.EnableColleague: colleagues.EnableColleague(12345),
        colleagues.ReinviteColleague: colleagues.ReinviteColleague(12345),
    }
    return strange[kind]


BY_ID = (
    "invite_learners",
    "choose_run",
    "discard_preview",
    "close_question",
    "confirm_question",
    "decline_question",
    "recall_batch",
    "send_now",
    "resend_invitation",
    "cancel_invitation",
    "restore_invitations",
    "show_correction",
    "correct_address",
    "approve_link_request",
    "decline_link_request",
    "show_batch",
    "show_shared_link",
    "pause_shared_link",
    "resume_shared_link",
    "revoke_shared_link",
    "restore_shared_link",
    "extend_shared_link",
    "change_shared_link",
    "list_import_rows",
    "preview_undo",
    "order_copy",
    "show_broken_rows",
    "correct_rows",
    "show_colleague",
    "change_colleague",
    "disable_colleague",
    "enable_colleague",
    "reinvite_colleague",
    "release_held_mail",
    "refuse_held_mail",
    "show_learner",
    "see_learner_details",
    "prepare_learner",
    "save_learner",
    "show_data_page",
    "export_learner",
    "preview_erasure",
    "erase_learner",
    "preview_removal",
    "remove_learner",
    "undo_learner_change",
    "undo_follow_up",
    "show_import",
    "load_marks",
    "copy_by_mail",
    "leave_import",
    "load_report",
    "find_invitable",
    "prepare_import_invitation",
    "invite_import_by_mail",
    "undo_import",
    "undo_by_mail",
    "order_by_mail",
    "show_order",
    "order_work",
    "begin_import",
    "stage_rows",
    "stage_runs",
    "finish_checking",
    "apply_import",
    "release_import",
    "show_report",
    "confirm_report",
    "confirm_by_mail",
    "begin_report",
    "merge_rows",
    "settle_report",
    "name_in_feed",
    "show_learner_progress",
    "show_export",
    "fetch_export",
    "write_export",
    "show_history",
    "export_history",
)
ABOUT_ONESELF = ("show_account", "accept_terms")
OF_THE_OWN_ORGANISATION = (
    *("list_choosable_runs", "list_courses", "list_staff", "list_providers", "invite_colleague"),
    *("lift_suppression", "receive_import", "import_by_mail", "list_imports", "offer_template", "list_reports"),
    *("show_costs", "show_budgets", "set_budget", "export_costs"),
    *("list_learners", "find_learners", "list_managed_providers", "show_codes_page", "load_access_codes"),
    *("show_import_policy", "set_import_policy", "fulfil_order"),
    *("show_rules", "show_ethnicity", "store_ethnicity", "stop_ethnicity", "erase_ethnicity"),
)
"""They name no row; nor does an address: test_suppressions tries it from another organisation."""
BY_CODE: dict[str, Callable[[str], object]] = {
    "receive_progress": lambda code: progress_receiving.ReceiveProgress("p.csv", b"x", code),
    "report_by_mail": lambda code: progress_mails.ReportByMail("p.csv", b"x", 1, code),
    "show_progress": lambda code: progress.ShowProgress(code),
    "find_progress": lambda code: finding.FindProgress(code, "", code),
    "show_at_risk": lambda code: at_risk.ShowAtRisk(code, B),
    "prepare_nudge": lambda code: nudges.PrepareNudge(code, B),
    "nudge_learner": lambda code: nudges.NudgeLearner(code, B),
    "snooze_learner": lambda code: follow_ups.SnoozeLearner(code, B),
    "note_spoken": lambda code: follow_ups.NoteSpoken(code, B),
    "set_risk_rule": lambda code: risk_rules.SetRiskRule(code, "off"),
    "export_progress": lambda code: exports.ExportProgress(code),
    "invite_by_mail": lambda code: batches.PrepareInvitation(code, A),
    "prepare_invitation": lambda code: batches.PrepareInvitation(code, A),
    "show_reminders": lambda code: reminder_rules.ShowReminders(code),
    "set_reminders": lambda code: reminder_rules.SetReminders(code, "off"),
    "list_invitations": lambda code: invitation_lists.ListInvitations(code),
    "resend_invitation": lambda code: invitations.ResendInvitation(run=code, address=A),
    "cancel_invitation": lambda code: invitations.CancelInvitation(run=code, address=A),
    "resend_invitations": lambda code: invitation_changes.ResendInvitations(Chosen(code)),
    "cancel_invitations": lambda code: invitation_changes.CancelInvitations(Chosen(code)),
    "correct_address": lambda code: corrections.CorrectAddress(B, run=code, address=A),
    "show_run": lambda code: courses.ShowRun(code),
    "reinvite_learner": lambda code: invitations.ReinviteLearner(code, A),
    "create_shared_link": lambda code: shared_links.CreateSharedLink(code),
}


OF_ONE_S_OWN = (
    *("show_digest", "show_digest_plan", "set_digest", "stop_digest"),
    *("show_home", "keep_home", "draw_home_later", "answer_mail", "find_thread"),
)


def test_every_use_case_of_staff_that_names_a_row_is_tried_by_a_stranger(world: World) -> None:
    by_staff = {name for name, (wanted, _) in commands(world).items() if wanted is StaffActor}

    listing = {"list_shared_links", "list_scheduled", "show_quiet_hours", "set_quiet_hours", "gather_addresses"}
    listing |= {"find_corrected", "list_undelivered", "offer_runs"}
    assert by_staff == {*BY_ID, *BY_CODE, *listing, *OF_THE_OWN_ORGANISATION, *OF_ONE_S_OWN, *ABOUT_ONESELF}


def test_another_organisation_s_row_is_answered_like_an_absent_one(world: World) -> None:
    app, stranger = world.school.app, world.school.other_owner
    tried = {name: command for name, (_, command) in commands(world).items() if name in BY_ID}
    before = dump(app, "audit_entry")

    for name, command in tried.items():
        foreign = refusal_of(app, found()[name], command, stranger)
        absent = refusal_of(app, found()[name], _absent(command), stranger)

        assert isinstance(foreign, NotFound | PreviewExpired), (name, foreign)
        assert isinstance(absent, UsherError), (name, absent)
        assert (type(foreign), foreign.message, foreign.hint) == (type(absent), absent.message, absent.hint), name

    assert dump(app, "audit_entry") == before
    for name, command in tried.items():
        assert isinstance(refusal_of(app, undone(found()[name]), command, world.school.owner), Undone), name


def test_another_organisation_s_run_is_answered_like_an_absent_one(world: World) -> None:
    app, stranger = world.school.app, world.school.other_owner
    before = dump(app, "audit_entry")

    for name, command in BY_CODE.items():
        foreign = refusal_of(app, found()[name], command(MATHS), stranger)
        # One letter from the foreign code: were that one known, it would be offered as the nearest.
        absent = refusal_of(app, found()[name], command(NO_RUN), stranger)

        assert isinstance(foreign, NotFound), (name, foreign)
        assert isinstance(absent, NotFound), (name, absent)
        assert type(foreign) is type(absent), name
        assert (foreign.message, foreign.hint) == (absent.message.replace(NO_RUN, MATHS), absent.hint), name

    assert dump(app, "audit_entry") == before


def test_on_a_run_that_both_may_choose_each_sees_its_own_invitations_only(world: World) -> None:
    app, stranger = world.school.app, world.school.other_owner

    mine = app.read(invitation_lists.list_invitations, invitation_lists.ListInvitations(POETRY), world.school.owner)
    theirs = app.read(invitation_lists.list_invitations, invitation_lists.ListInvitations(POETRY), stranger)

    assert (mine.total, theirs.total) == (5, 0)
    assert set(dict(theirs.counts).values()) == {0}
    for usecase, command in (
        (invitations.resend_invitation, invitations.ResendInvitation(run=POETRY, address=A)),
        (invitations.cancel_invitation, invitations.CancelInvitation(run=POETRY, address=A)),
    ):
        assert isinstance(refusal_of(app, usecase, command, stranger), NotFound)
    assert only(app, Invitation, Invitation.id == world.pending_id).answered_at is None


def _claims(school: School) -> dict[str, StaffActor]:
    """Actors that no door should make, and that core does not believe."""
    owner = school.owner
    return {
        "staff of another organisation": StaffActor(school.other_organisation_id, owner.staff_id, Door.SLACK),
        "a staff id that is not there": StaffActor(school.organisation_id, 12345, Door.SLACK),
        "no organisation": StaffActor(0, owner.staff_id, Door.SLACK),
    }


def test_an_actor_that_does_not_fit_together_is_nobody(world: World) -> None:
    by_staff = {name: command for name, (wanted, command) in commands(world).items() if wanted is StaffActor}

    for actor in _claims(world.school).values():
        for name, command in by_staff.items():
            assert isinstance(refusal_of(world.school.app, found()[name], command, actor), NotStaff), (name, actor)


def test_whoever_writes_in_somebody_s_name_sees_and_changes_nothing(world: World) -> None:
    unproven = replace(world.school.owner, door=Door.MAIL, assurance=Assurance.UNVERIFIED)
    by_staff = {name: command for name, (wanted, command) in commands(world).items() if wanted is StaffActor}

    for name, command in by_staff.items():
        assert isinstance(refusal_of(world.school.app, found()[name], command, unproven), SenderUnproven), name


@pytest.mark.parametrize(
    ("model", "values"), [(StaffMember, {"disabled_at": NOW}), (Organisation, {"terms_accepted_at": None})]
)
def test_who_has_left_or_may_not_work_yet_can_do_nothing(world: World, model: Any, values: dict[str, object]) -> None:
    owner = world.school.owner
    change(world.school.app, model, owner.staff_id if model is StaffMember else owner.organisation_id, **values)
    clock_of(world.school.app).advance(seconds=1)

    # An owner finds the terms and accepts them while everything else waits for it.
    way_in = (*ABOUT_ONESELF, "answer_mail") if model is Organisation else ()
    for name, (wanted, command) in commands(world).items():
        if wanted is StaffActor and name not in way_in:
            assert isinstance(refusal_of(world.school.app, found()[name], command, owner), NotAllowed), name


def test_a_viewer_sees_and_changes_nothing(world: World) -> None:
    looks = {
        "list_undelivered",
        "list_invitations",
        "list_choosable_runs",
        "list_courses",
        "show_run",
        "show_batch",
        "show_account",
    }
    seeing = {*looks, *OF_ONE_S_OWN}
    seeing |= {"list_shared_links", "show_shared_link"}
    seeing |= {"show_import", "list_imports", "list_import_rows", "load_report", "show_costs", "show_budgets"}
    seeing |= {"list_learners", "find_learners", "show_learner"}
    seeing |= {"show_import_policy", "show_ethnicity", "show_rules"}
    seeing |= {"show_history"}
    seeing |= {"show_report", "list_reports", "show_progress", "find_progress", "show_learner_progress"}
    seeing |= {"list_scheduled", "show_quiet_hours", "show_reminders"}
    before = dump(world.school.app, "audit_entry")

    for name, (wanted, command) in commands(world).items():
        # Their own home and digest are theirs; what bears their address is theirs to answer for, and is answered.
        own = {"set_digest", "stop_digest", "keep_home", "draw_home_later"}
        own |= {"release_held_mail", "refuse_held_mail", "answer_mail"}
        # An export is for whoever asks for it.
        own |= {"export_progress", "export_costs", "export_history", "show_export", "fetch_export", "write_export"}
        if wanted is StaffActor and name not in own:
            refusal = refusal_of(world.school.app, found()[name], command, world.school.viewer)
            assert (refusal is None) == (name in seeing), (name, refusal)
            assert refusal is None or isinstance(refusal, NotAllowed)

    assert dump(world.school.app, "audit_entry") == before
