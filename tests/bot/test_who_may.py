"""Every listener refuses everybody who is not a confirmed staff member of the workspace's organisation.

Each scenario is then played by a staff member: so a refusal cannot pass because the scenario is broken.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.blocks import draw
from bot.blocks.errors import draw_error
from bot.blocks.follow_ups import follow_up_menu, nudge_view
from bot.blocks.import_corrections import correction_view as rows_view
from bot.blocks.import_invitations import import_invitation_view
from bot.blocks.invitation_changes import correction_view, several_view
from bot.blocks.learner_forms import learner_preview_view, new_learner_view
from bot.blocks.parts import Block, section
from bot.blocks.shared_links import settings_view
from bot.blocks.staff import staff_change_view, staff_invitation_view
from bot.blocks.views import compose_view, preview_view
from core.app import App
from core.errors import RunNotFound
from core.model import Invitation, LinkRequest, MailAnswer
from core.progressing import ProgressFile, take_progress
from core.requests import ComposeLearner, ComposeStaffInvitation, Instead
from core.results import ReplyAwaited
from core.rules.links import LinkKind
from core.usecases.catalogue.courses import ListCourses, ShowRun, list_courses, show_run
from core.usecases.imports.fixing import ShowBrokenRows, show_broken_rows
from core.usecases.imports.invitations import InvitableFound
from core.usecases.invitations.answers import AskForLink, DeclineInvitation, ask_for_link, decline_invitation
from core.usecases.invitations.batches import InviteLearners, PrepareInvitation, invite_learners, prepare_invitation
from core.usecases.invitations.corrections import CorrectionShown
from core.usecases.invitations.gathering import GatherAddresses, gather_addresses
from core.usecases.invitations.lists import ListInvitations, list_invitations
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.invitations.single import CancelInvitation, cancel_invitation
from core.usecases.learners.cards import ShowLearner, show_learner
from core.usecases.learners.changes import LearnerPrepared
from core.usecases.learners.lists import LearnerCard
from core.usecases.links.shared_links import CreateSharedLink, ShowSharedLink, create_shared_link, show_shared_link
from core.usecases.progress.follow_ups import NoteSpoken, note_spoken
from core.usecases.progress.nudges import PrepareNudge, prepare_nudge
from core.usecases.staff.colleagues import InviteColleague, ShowColleague, invite_colleague, show_colleague
from core.usecases.staff.homes import ShowHome, show_home
from core.words import Role
from tests.bot.conftest import RUN, World, bound_school, open_world, words
from tests.copies import SqliteCopies
from tests.core.usecases.holding import hold
from tests.core.usecases.importing import broken, checked, imported_at_once
from tests.core.usecases.managing import prepare, save
from tests.core.usecases.sharing import join
from tests.factories import LEARNER, FixedClock, School
from tests.mail.asking import Writer
from tests.slow import some
from usher.demo.slack.records import Message, User, View
from usher.demo.slack.server import SlackLookalike

REFUSAL = "I cannot tell who you are"
PERSONLESS = {"remove_workspace", "forget_person"}
"""Slack tells these about an installation; nobody asks for anything, and access is only ever taken away."""


class Stage(Struct):
    """A school in which something can be done about everything."""

    world: World
    draft_id: int
    confirmation_id: int
    scheduled_id: int
    invitation_id: int
    change_id: int
    request_id: int
    held_id: int
    question_id: int
    """The answer to an e-mail, which asks back."""
    link_id: int
    import_number: int
    """Applied."""
    held_import: int
    """Its number. Row 3 is broken."""
    learner_id: int
    learner_change_id: int
    """Made, and can be taken back."""
    prepared_learner_id: int
    colleague_id: int
    """Invited, without an answer yet."""
    joined_id: int
    """A learner on the run."""
    follow_up_id: int
    report_number: int
    """Of progress: its columns wait for a yes."""

    def message(self, *blocks: Block) -> Message:
        """Where everybody can press its buttons."""
        return self.world.posted(*blocks)

    def view(self, user: User, view: Block) -> View:
        return self.world.slack.workspace.views.open(self.world.team, user.id, view)


Scenario = Callable[[Stage, User], Awaitable[Any]]


async def slash_command(stage: Stage, user: User) -> Any:
    return await stage.world.driver.command(user, stage.world.channel, "/usher", f"cancel {RUN} bo@example.org")


async def confirm(stage: Stage, user: User) -> Any:
    return await stage.world.driver.press(user, stage.message(*_preview(stage).blocks), "batches_confirm")


async def confirm_in_form(stage: Stage, user: User) -> Any:
    view = preview_view(_prepared(stage))
    return await stage.world.driver.submit(user, stage.view(user, view), {})


async def undo(stage: Stage, user: User) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Undo"}, "action_id": "batches_undo"}
    actions = {"type": "actions", "elements": [{**button, "value": str(stage.confirmation_id)}]}
    return await stage.world.driver.press(user, stage.message(actions), "batches_undo")


async def scoreboard_undo(stage: Stage, user: User) -> Any:
    progress = stage.world.app.read(show_batch, ShowBatch(1), stage.world.school.owner)
    return await stage.world.driver.press(user, stage.message(*draw(progress).blocks), "scoreboards_undo")


async def compose(stage: Stage, user: User) -> Any:
    listed = stage.world.app.read(list_courses, ListCourses(RUN), stage.world.school.owner)
    return await stage.world.driver.press(user, stage.message(*draw(listed).blocks), "invitations_compose")


async def compose_from_menu(stage: Stage, user: User) -> Any:
    return await stage.world.driver.shortcut(user, "invite_learners")


async def invite_from_message(stage: Stage, user: User) -> Any:
    said = stage.world.slack.workspace.post(stage.world.channel, stage.world.vera, "Ask new@example.org, please")
    return await stage.world.driver.message_shortcut(user, said, "invite_addresses")


async def suggest_runs(stage: Stage, user: User) -> Any:
    return await stage.world.driver.suggest(user, stage.view(user, compose_view("", "")), "run", "maths")


async def submit_form(stage: Stage, user: User) -> Any:
    view = stage.view(user, compose_view(RUN, "new@example.org"))
    return await stage.world.driver.submit(user, view, {})


async def invitations_page(stage: Stage, user: User) -> Any:
    return await stage.world.driver.press(user, stage.message(*_list(stage)), "invitations_page:pending")


async def change_invitation(stage: Stage, user: User) -> Any:
    rows = _list(stage, "bo@")
    choice = f"cancel:{stage.invitation_id}"
    return await stage.world.driver.press(user, stage.message(*rows), "invitations_change", choice)


async def resend_all(stage: Stage, user: User) -> Any:
    return await stage.world.driver.press(user, stage.message(*_list(stage)), "invitations_resend_all")


async def cancel_all(stage: Stage, user: User) -> Any:
    return await stage.world.driver.press(user, stage.message(*_list(stage)), "invitations_cancel_all")


async def restore(stage: Stage, user: User) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Undo"}, "value": str(stage.change_id)}
    actions = {"type": "actions", "elements": [{**button, "action_id": "invitations_restore"}]}
    return await stage.world.driver.press(user, stage.message(actions), "invitations_restore")


async def choose_some(stage: Stage, user: User) -> Any:
    return await stage.world.driver.press(user, stage.message(*_list(stage)), "invitations_several")


async def change_some(stage: Stage, user: User) -> Any:
    listed = stage.world.app.read(list_invitations, ListInvitations(RUN, search="bo@"), stage.world.school.owner)
    view = stage.view(user, several_view(listed))
    return await stage.world.driver.submit(user, view, {"chosen": [str(stage.invitation_id)], "change": "cancel"})


async def correct(stage: Stage, user: User) -> Any:
    shown = CorrectionShown(stage.invitation_id, "bo@example.org", "")
    view = stage.view(user, correction_view(shown))
    return await stage.world.driver.submit(user, view, {"address": "right@example.org"})


async def reinvite(stage: Stage, user: User) -> Any:
    return await stage.world.driver.press(user, stage.message(*_list(stage, "ada@")), "invitations_reinvite")


async def reinvite_anyway(stage: Stage, user: User) -> Any:
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Invite"},
        "value": f'["{RUN}","ada@example.org"]',
    }
    actions = {"type": "actions", "elements": [{**button, "action_id": "invitations_reinvite_anyway"}]}
    return await stage.world.driver.press(user, stage.message(actions), "invitations_reinvite_anyway")


async def runs_page(stage: Stage, user: User) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Next"}, "value": '["",1]'}
    actions = {"type": "actions", "elements": [{**button, "action_id": "runs_page:next"}]}
    return await stage.world.driver.press(user, stage.message(actions), "runs_page:next")


async def history_page(stage: Stage, user: User) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Next"}}
    value = f'["link","{stage.link_id}",1]'
    actions = {"type": "actions", "elements": [{**button, "value": value, "action_id": "history_page:next"}]}
    return await stage.world.driver.press(user, stage.message(actions), "history_page:next")


async def costs_page(stage: Stage, user: User) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Before"}, "value": '["2026-02",1]'}
    actions = {"type": "actions", "elements": [{**button, "action_id": "costs_page:before"}]}
    return await stage.world.driver.press(user, stage.message(actions), "costs_page:before")


async def ask_from_home(stage: Stage, user: User) -> Any:
    shown = stage.world.app.read(show_home, ShowHome(), stage.world.school.owner)
    return await stage.world.driver.press(user, stage.message(*draw(shown).blocks), "home_ask:courses")


async def ask_instead(stage: Stage, user: User) -> Any:
    shown = draw_error(RunNotFound(run="x", nearest=(RUN,)), [Instead(RUN, f"run {RUN}")])
    return await stage.world.driver.press(user, stage.message(*shown.blocks), "requests_ask_instead:0")


async def turn_run_page(stage: Stage, user: User) -> Any:
    shown = stage.world.app.read(show_run, ShowRun(RUN), stage.world.school.owner)
    return await stage.world.driver.press(user, stage.message(*draw(shown).blocks), "run_page:pending")


async def suggest_run_for_gathered(stage: Stage, user: User) -> Any:
    return await stage.world.driver.suggest(user, stage.message(*_gathered(stage)), "gathered_run", "maths")


async def choose_run_for_gathered(stage: Stage, user: User) -> Any:
    menu = stage.message(*_gathered(stage))
    await stage.world.driver.suggest(stage.world.olive, menu, "gathered_run", "maths")
    return await stage.world.driver.press(user, menu, "gathered_run", RUN)


async def progress_page(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "progress_page:next", f'["{RUN}","all","",1]')


async def progress_learner(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "progress_learner", '["ada@example.org"]')


async def look_at_nudge(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "follow_ups_nudge", f'[{stage.joined_id},"{RUN}"]')


async def send_nudge(stage: Stage, user: User) -> Any:
    command = PrepareNudge(RUN, learner_id=stage.joined_id)
    letter = stage.world.app.read(prepare_nudge, command, stage.world.school.owner)
    ack = await stage.world.driver.submit(user, stage.view(user, nudge_view(letter)), {})
    await stage.world.background.finish()
    return ack


async def snooze(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "follow_ups_snooze", f'[{stage.joined_id},"{RUN}"]')


async def spoken(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "follow_ups_spoken", f'[{stage.joined_id},"{RUN}"]')


async def choose_follow_up(stage: Stage, user: User) -> Any:
    menu = section("Bo", follow_up_menu(stage.joined_id, RUN, 0))
    message = stage.message(menu)
    value = menu["accessory"]["options"][1]["value"]
    return await stage.world.driver.press(user, message, "follow_ups_menu", value)


async def follow_up_undo(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "follow_ups_undo", f"[{stage.follow_up_id}]")


async def progress_reports(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "progress_reports:next", "[1]")


async def progress_report(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "progress_report", str(stage.report_number))


async def confirm_columns(stage: Stage, user: User) -> Any:
    ack = await _press_value(stage, user, "progress_confirm", str(stage.report_number))
    await stage.world.background.finish()
    return ack


async def links_page(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "links_page:next", '["",1]')


async def link_show(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "links_show", str(stage.link_id))


async def change_link(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "links_change:pause", str(stage.link_id))


async def open_link_settings(stage: Stage, user: User) -> Any:
    return await _press_value(stage, user, "links_settings", str(stage.link_id))


async def save_link_settings(stage: Stage, user: User) -> Any:
    shown = stage.world.app.read(show_shared_link, ShowSharedLink(stage.link_id), stage.world.school.owner)
    return await stage.world.driver.submit(user, stage.view(user, settings_view(shown)), {})


async def send_link_picture(stage: Stage, user: User) -> Any:
    ack = await _press_value(stage, user, "links_picture", str(stage.link_id))
    await stage.world.background.finish()
    return ack


async def turn_schedules_page(stage: Stage, user: User) -> Any:
    return await _press_scheduled(stage, user, "schedules_page:next", "[1]")


async def cancel_scheduled(stage: Stage, user: User) -> Any:
    return await _press_scheduled(stage, user, "schedules_cancel", f'["{stage.scheduled_id}",1]')


async def send_scheduled(stage: Stage, user: User) -> Any:
    return await _press_scheduled(stage, user, "schedules_send", f'["{stage.scheduled_id}",1]')


async def request_approve(stage: Stage, user: User) -> Any:
    return await _press_request(stage, user, "link_requests_approve")


async def request_decline(stage: Stage, user: User) -> Any:
    return await _press_request(stage, user, "link_requests_decline")


async def undelivered_page(stage: Stage, user: User) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Next"}, "value": "[2]"}
    actions = {"type": "actions", "elements": [{**button, "action_id": "invitations_undelivered:next"}]}
    return await stage.world.driver.press(user, stage.message(actions), "invitations_undelivered:next")


async def unreached_list(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "unreached_list", RUN)


async def held_mail_yes(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "held_mail_yes", str(stage.held_id))


async def held_mail_no(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "held_mail_no", str(stage.held_id))


async def mail_question_yes(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "mail_question_yes", f"[{stage.question_id},0]")


async def mail_question_no(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "mail_question_no", f"[{stage.question_id},0]")


async def staff_page(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_page:next", '["",1]')


async def staff_show(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_show", str(stage.world.school.manager.staff_id))


async def staff_disable(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_disable", str(stage.world.school.manager.staff_id))


async def staff_enable(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_enable", str(stage.world.school.manager.staff_id))


async def staff_reinvite(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_reinvite", str(stage.colleague_id))


async def compose_staff(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_compose", '["","","",""]')


async def compose_change(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "staff_change", str(stage.world.school.manager.staff_id))


async def suggest_providers(stage: Stage, user: User) -> Any:
    return await stage.world.driver.suggest(user, stage.view(user, _staff_form()), "providers", "North")


async def submit_staff(stage: Stage, user: User) -> Any:
    return await stage.world.driver.submit(user, stage.view(user, _staff_form()), {})


async def submit_change(stage: Stage, user: User) -> Any:
    command = ShowColleague(stage.world.school.manager.staff_id)
    card = stage.world.app.read(show_colleague, command, stage.world.school.owner).staff
    return await stage.world.driver.submit(user, stage.view(user, staff_change_view(card)), {})


async def import_release(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_release", str(stage.held_import))


async def import_undo(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_undo", str(stage.import_number))


async def import_undo_confirm(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_undo_confirm", str(stage.import_number))


async def correct_some_rows(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_correct", str(stage.held_import))


async def submit_corrections(stage: Stage, user: User) -> Any:
    shown = stage.world.app.read(show_broken_rows, ShowBrokenRows(stage.held_import), stage.world.school.owner)
    view = stage.view(user, rows_view(shown))
    return await stage.world.driver.submit(user, view, {"cell:3:Postcode": "ZZ99 9ZZ"})


async def import_copy(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_copy", f"[{stage.held_import},false]")


async def import_template(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_template", "learners")


async def import_show(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_show:1", str(stage.held_import))


async def import_rows(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_rows", f'[{stage.held_import},"problem",1]')


async def import_rows_page(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_rows_page:next", f'[{stage.held_import},"problem",1]')


async def imports_page(stage: Stage, user: User) -> Any:
    return await _press_import(stage, user, "imports_page:next", '["",1]')


async def import_from_message(stage: Stage, user: User) -> Any:
    said = stage.world.slack.workspace.post(stage.world.channel, stage.world.vera, "These, please")
    said.files = [stage.world.driver.add_file(stage.world.vera, "learners.csv", b"UKPRN,First name\n")]
    return await stage.world.driver.message_shortcut(user, said, "import_sheet")


async def _press_import(stage: Stage, user: User, action_id: str, value: str) -> Any:
    ack = await _press(stage, user, action_id, value)
    await stage.world.background.finish()
    return ack


async def learners_page(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_page:next", '["",false,1]')


async def learners_never(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_never", '["",true,1]')


async def learner_show(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_show", str(stage.learner_id))


async def show_details(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_details", str(stage.learner_id))


async def compose_learner(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_create", '["",""]')


async def compose_edit(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_edit", str(stage.learner_id))


async def suggest_managed(stage: Stage, user: User) -> Any:
    view = stage.view(user, new_learner_view(ComposeLearner()))
    return await stage.world.driver.suggest(user, view, "provider", "sixth")


async def preview_learner(stage: Stage, user: User) -> Any:
    view = stage.view(user, new_learner_view(ComposeLearner("Cy", "Young"), like=_learner_card(stage)))
    return await stage.world.driver.submit(user, view, {"dob": "2010-01-02"})


async def confirm_learner(stage: Stage, user: User) -> Any:
    view = learner_preview_view(LearnerPrepared(stage.prepared_learner_id, 0, "Bo", "bo.young", False, (), ()))
    ack = await stage.world.driver.submit(user, stage.view(user, view), {})
    await stage.world.background.finish()
    return ack


async def learner_ask_remove(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_ask_remove", str(stage.learner_id))


async def learner_remove(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_remove", str(stage.learner_id))


async def learner_undo(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "learners_undo", str(stage.learner_change_id))


def _learner_card(stage: Stage) -> LearnerCard:
    return stage.world.app.read(show_learner, ShowLearner(stage.learner_id), stage.world.school.owner).card


async def compose_for_import(stage: Stage, user: User) -> Any:
    return await _press(stage, user, "imports_invite", str(stage.import_number))


async def submit_for_import(stage: Stage, user: User) -> Any:
    view = import_invitation_view(InvitableFound(1, stage.import_number, 1, 0, 0, 0), RUN)
    return await stage.world.driver.submit(user, stage.view(user, view), {})


async def direct_message(stage: Stage, user: User) -> Any:
    return await stage.world.driver.say_dm(user, f"cancel {RUN} bo@example.org")


async def open_home(stage: Stage, user: User) -> Any:
    return await stage.world.driver.open_home(user)


SCENARIOS: Sequence[Scenario] = (
    slash_command, ask_instead, confirm, confirm_in_form, undo, scoreboard_undo, compose, compose_from_menu,
    invite_from_message, suggest_runs, submit_form, suggest_run_for_gathered, choose_run_for_gathered, invitations_page,
    change_invitation, resend_all, cancel_all, restore, choose_some, change_some, correct, reinvite, reinvite_anyway,
    costs_page, history_page, undelivered_page,
    runs_page, turn_run_page, progress_page, progress_learner, progress_reports, progress_report,
    look_at_nudge, send_nudge, snooze, spoken, choose_follow_up, follow_up_undo,
    confirm_columns, links_page, link_show, change_link, open_link_settings, save_link_settings,
    send_link_picture, ask_from_home, request_approve, request_decline, unreached_list, held_mail_yes, held_mail_no,
    mail_question_yes, mail_question_no,
    turn_schedules_page, cancel_scheduled, send_scheduled, compose_for_import, submit_for_import,
    staff_page, staff_show, staff_disable, staff_enable, staff_reinvite, compose_staff, compose_change,
    suggest_providers,
    submit_staff, submit_change, direct_message, open_home, import_release, import_undo, import_undo_confirm,
    correct_some_rows, submit_corrections, import_copy, import_template, import_show, import_rows,
    import_rows_page, imports_page, import_from_message,
    learners_page, learners_never, learner_show, show_details, compose_learner,
    compose_edit, suggest_managed, preview_learner, confirm_learner, learner_ask_remove, learner_remove, learner_undo,
)  # fmt: skip


OWNERS_SCENARIOS: Sequence[Scenario] = (
    staff_page, staff_show, staff_disable, staff_enable, staff_reinvite, compose_staff, compose_change,
    suggest_providers,
    submit_staff, submit_change,
)  # fmt: skip
MANAGERS_SCENARIOS: Sequence[Scenario] = (
    show_details, compose_learner, compose_edit, suggest_managed, preview_learner, confirm_learner, learner_ask_remove,
    learner_remove, learner_undo,
)  # fmt: skip


def _staff_form() -> Block:
    return staff_invitation_view(ComposeStaffInvitation("bo@north.example.org", Role.OWNER, "Bo", "Young", ()))


async def _press(stage: Stage, user: User, action_id: str, value: str) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "…"}, "action_id": action_id, "value": value}
    return await stage.world.driver.press(user, stage.message({"type": "actions", "elements": [button]}), action_id)


async def _press_scheduled(stage: Stage, user: User, action_id: str, value: str) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "…"}, "value": value}
    actions = {"type": "actions", "elements": [{**button, "action_id": action_id}]}
    return await stage.world.driver.press(user, stage.message(actions), action_id)


async def _press_request(stage: Stage, user: User, action_id: str) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "…"}, "value": str(stage.request_id)}
    actions = {"type": "actions", "elements": [{**button, "action_id": action_id}]}
    return await stage.world.driver.press(user, stage.message(actions), action_id)


async def _press_value(stage: Stage, user: User, action_id: str, value: str) -> Any:
    button = {"type": "button", "text": {"type": "plain_text", "text": "…"}, "action_id": action_id, "value": value}
    return await stage.world.driver.press(user, stage.message({"type": "actions", "elements": [button]}), action_id)


def _prepared(stage: Stage) -> Any:
    command = PrepareInvitation(RUN, "zoe@example.org")
    return stage.world.app.run(prepare_invitation, command, stage.world.school.owner)


def _gathered(stage: Stage) -> tuple[Block, ...]:
    command = GatherAddresses("zoe@example.org")
    return draw(stage.world.app.run(gather_addresses, command, stage.world.school.owner)).blocks


def _preview(stage: Stage) -> Any:
    return draw(_prepared(stage))


def _list(stage: Stage, search: str = "") -> tuple[Block, ...]:
    listed = stage.world.app.read(list_invitations, ListInvitations(RUN, search=search), stage.world.school.owner)
    return draw(listed).blocks


class Beginning(School, frozen=True):
    """What lies in the stage's database."""

    ids: dict[str, int]


def _begin(app: App) -> Beginning:
    """Bo has not answered, Cyd's was cancelled, Ada has declined and asks for a new link after all."""
    school = bound_school(app)
    owner = school.owner
    previewed = app.run(
        prepare_invitation, PrepareInvitation(RUN, "ada@example.org bo@example.org cyd@example.org"), owner
    )
    invited = app.run(invite_learners, InviteLearners(previewed.draft_id), owner)
    later = PrepareInvitation("poetry-2026-03", "cy@example.org", when="2026-03-20 09:00")
    scheduled = app.run(invite_learners, InviteLearners(app.run(prepare_invitation, later, owner).draft_id), owner)
    with Session(app.engine, info={"scope": "every organisation"}) as session:
        ids = {row.address: row.id for row in session.scalars(select(Invitation))}
    cancelled = app.run(cancel_invitation, CancelInvitation(ids["cyd@example.org"]), owner)
    token = app.links.token(LinkKind.INVITATION, ids["ada@example.org"])
    app.run(decline_invitation, DeclineInvitation(token), LEARNER)
    app.run(ask_for_link, AskForLink(token), LEARNER)
    with Session(app.engine, info={"scope": "every organisation"}) as session:
        request = session.scalars(select(LinkRequest)).one()
    command = InviteColleague("nell@north.example.org", Role.VIEWER, "Nell", "New")
    learner = save(app, owner, "Ada")
    found = {
        "draft_id": previewed.draft_id,
        "confirmation_id": invited.confirmation_id,
        "scheduled_id": scheduled.confirmation_id,
        "invitation_id": ids["bo@example.org"],
        "change_id": cancelled.change_id,
        "request_id": request.id,
        "held_id": hold(app, owner),
        "question_id": _question(school),
        "link_id": app.run(create_shared_link, CreateSharedLink(RUN), owner).link_id,
        "import_number": imported_at_once(school, checked(2, "Eve", "eve@example.org")),
        "held_import": imported_at_once(school, checked(2, "Flo"), broken(3, "Gil")),
        "learner_id": learner.card.learner_id,
        "learner_change_id": learner.change_id,
        "prepared_learner_id": prepare(app, owner, "Bo").change_id,
        "report_number": take_progress(
            app, owner, ProgressFile("p.csv", b"Email,Progress\nx@example.org,5%\n", RUN)
        ).card.number,
        "colleague_id": app.run(invite_colleague, command, owner).staff.staff_id,
    }
    join(school, found["link_id"], "fay@example.org")
    noted = app.run(note_spoken, NoteSpoken(RUN, "fay@example.org"), owner)
    found |= {"joined_id": noted.learner_id, "follow_up_id": noted.follow_up.follow_up_id}
    return Beginning(**asdict(school), ids=found)


def _question(school: School) -> int:
    """The id of the answer to an e-mail that wanted the quiet hours to end."""
    asked = Writer(school, school.owner).write("quiet off")
    assert isinstance(asked.result, ReplyAwaited)
    with Session(school.app.engine, info={"scope": "every organisation"}) as session:
        return session.scalars(select(MailAnswer.id)).one()


@pytest.fixture(scope="module")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCopies[Beginning]]:
    copies = SqliteCopies(tmp_path_factory.mktemp("stage"), _begin)
    yield copies
    copies.close()


@pytest.fixture
async def stage(beginnings: SqliteCopies[Beginning], clock: FixedClock, slack: SlackLookalike) -> AsyncIterator[Stage]:
    async with open_world(beginnings, clock, slack) as world:
        yield Stage(world, **beginnings.filling.ids)


async def _begin_anew(stage: Stage, beginnings: SqliteCopies[Beginning]) -> None:
    """For the next scenario; a bot of its own for each would take longer than playing it."""
    world, workspace = stage.world, stage.world.slack.workspace
    await world.background.finish()
    beginnings.renew()
    workspace.views.close_all(world.team, world.olive.id)
    # A stranger may have come into the last one.
    world.channel = workspace.add_channel(world.team, "general", [world.olive, world.vera])


def guest(world: World) -> User:
    user = world.person("Guest", "olive@north.example.org")
    user.is_restricted = True
    return user


def single_channel_guest(world: World) -> User:
    user = world.person("Guest", "olive@north.example.org")
    user.is_ultra_restricted = True
    return user


def stranger(world: World) -> User:
    """Somebody of another workspace in a shared channel."""
    elsewhere = world.slack.workspace.add_team("Elsewhere")
    user = world.slack.workspace.add_user(elsewhere, "Stranger", "olive@north.example.org")
    user.is_stranger = True
    world.channel.members.add(user.id)
    return user


def robot(world: World) -> User:
    user = world.person("Robot", "olive@north.example.org")
    user.is_bot = True
    return user


def leaver(world: World) -> User:
    user = world.person("Leaver", "olive@north.example.org")
    user.deleted = True
    return user


def unconfirmed(world: World) -> User:
    user = world.person("Unconfirmed", "olive@north.example.org")
    user.is_email_confirmed = False
    return user


def unlinked(world: World) -> User:
    """The address of a staff member, and no code that came back: the workspace's word proves nothing."""
    return world.person("Unlinked", "max@northfield.example.org")


def staff_of_another_organisation(world: World) -> User:
    return world.person("Sue South", "sue@south.example.org")


PEOPLE = (
    guest, single_channel_guest, stranger, robot, leaver, unconfirmed, unlinked, staff_of_another_organisation,
)  # fmt: skip


def everything_shown(stage: Stage, user: User) -> str:
    """All that the person can read by now and could not before: messages for them, forms, the home tab."""
    workspace = stage.world.slack.workspace
    own = [message for message in workspace.messages if message.only_for == user.id]
    direct = {channel.id for channel in workspace.channels.values() if channel.im_user_id == user.id}
    told = [message for message in workspace.messages if message.channel_id in direct and message.user_id != user.id]
    homes = [workspace.views.home(team, user.id) for team in workspace.teams.values()]
    stack = workspace.views.stack(stage.world.team, user.id)
    shown: list[Message | View] = [*own, *told, *stack, *(home for home in homes if home is not None)]
    return "\n".join(map(words, shown))


def test_every_listener_has_a_scenario(world: World) -> None:
    listeners = {listener.ack_function.__name__ for listener in world.bolt._async_listeners}

    assert listeners == {scenario.__name__ for scenario in SCENARIOS} | PERSONLESS


async def test_a_viewer_looks_after_neither_staff_nor_learners(
    stage: Stage, beginnings: SqliteCopies[Beginning]
) -> None:
    refusal = "Your role (viewer) does not include this."

    for scenario in (*OWNERS_SCENARIOS, *MANAGERS_SCENARIOS):
        await _begin_anew(stage, beginnings)
        before, shown = stage.world.counts(), everything_shown(stage, stage.world.vera).count(refusal)

        ack = await scenario(stage, stage.world.vera)

        is_told = refusal in str(ack.errors) or everything_shown(stage, stage.world.vera).count(refusal) > shown
        assert ack.ok, scenario.__name__
        assert is_told or ack.body == {"options": []}, scenario.__name__
        assert stage.world.counts() == before, scenario.__name__


@pytest.mark.parametrize("scenarios", [SCENARIOS[first::6] for first in range(6)], ids=range(6))
async def test_every_listener_refuses_everybody_else_and_answers_staff(
    stage: Stage, beginnings: SqliteCopies[Beginning], scenarios: Sequence[Scenario]
) -> None:
    for scenario in scenarios:
        await _begin_anew(stage, beginnings)
        # Who somebody is, is asked in one place for all listeners.
        for person in some(PEOPLE, scenario.__name__, 1):
            await _refuses(stage, scenario, person(stage.world))

        ack = await scenario(stage, stage.world.olive)

        assert ack.ok, (scenario.__name__, ack.problem, ack.body)
        assert not ack.errors, scenario.__name__
        assert REFUSAL not in everything_shown(stage, stage.world.olive), scenario.__name__
        assert "went wrong" not in everything_shown(stage, stage.world.olive), scenario.__name__


async def _refuses(stage: Stage, scenario: Scenario, user: User) -> None:
    who, before = (scenario.__name__, user.real_name), stage.world.counts()

    ack = await scenario(stage, user)

    after = stage.world.counts()
    after["draft"] -= _prepared_by(scenario)
    assert ack.ok, (who, ack.problem, ack.body)
    assert after == before, who
    assert _is_refused(stage, user, ack), who


def _prepared_by(scenario: Scenario) -> int:
    """These scenarios have the owner prepare a preview first."""
    preparing = (confirm, confirm_in_form, suggest_run_for_gathered, choose_run_for_gathered)
    return 1 if scenario in preparing else 0


def _is_refused(stage: Stage, user: User, ack: Any) -> bool:
    seen = everything_shown(stage, user)
    is_told = REFUSAL in seen or any(REFUSAL in text for text in ack.errors.values())
    return is_told or ack.body == {"options": []} or (user.is_bot and not seen)
