"""From rows to what is said in Slack: the content that the bot draws, and whom it reaches."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, and_, select

from core import access
from core.confidential import Confidential
from core.context import Context
from core.model import Import, ProgressReport, SlackInstallation, SlackUser, SlackWorkspace, StaffMember
from core.usecases.digests.letters import digests_in_slack
from core.usecases.digests.news import DigestShown
from core.usecases.exports import ExportCopy, export_copy
from core.usecases.imports.copies import ImportCopy, TemplateCopy, copy_of
from core.usecases.imports.imports import ImportShown, import_shown
from core.usecases.imports.orders import OrderShown, order_shown
from core.usecases.invitations.link_requests import LinkRequestShown, link_request_shown
from core.usecases.invitations.scoreboards import BatchProgress, batch_progress
from core.usecases.invitations.unreached import UnreachedShown, unreached
from core.usecases.links.outside_joins import OutsideJoin, outside_join
from core.usecases.mailbox.held_mail import HeldMailShown, held_mail_shown
from core.usecases.mailbox.questions import MailQuestionsShown, questions_shown
from core.usecases.messages.letters import waiting
from core.usecases.progress.reports import ReportShown, report_shown
from core.usecases.staff.homes import HomeShown, home_of
from core.usecases.staff.installations import clear_token
from core.words import Channel, ImportSubject, MessageKind, MessageState


class LoadSlackNotes(Struct, frozen=True):
    """Draw once more after claiming: what happened between a drawing and its claim would be shown by nobody."""

    message_ids: tuple[int, ...]


Content = (
    BatchProgress
    | LinkRequestShown
    | OutsideJoin
    | HomeShown
    | HeldMailShown
    | MailQuestionsShown
    | UnreachedShown
    | ImportShown
    | OrderShown
    | ReportShown
    | ExportCopy
    | ImportCopy
    | TemplateCopy
    | DigestShown
)


class SlackNote(Confidential, frozen=True):
    """``content`` is a result that the bot draws by its class. ``ref`` is ``channel/ts`` when it was posted before."""

    message_id: int
    kind: MessageKind
    generation: int
    ref: str
    user_id: str
    team_id: str
    enterprise_id: str
    token: str
    """Empty: the settings' token serves."""
    content: Content


class SlackNotesLoaded(Struct, frozen=True):
    notes: tuple[SlackNote, ...]
    unreachable_ids: tuple[int, ...]
    """Their staff member has no confirmed Slack account (any more), or wants no more of it."""


def load_slack_notes(ctx: Context, command: LoadSlackNotes) -> SlackNotesLoaded:
    access.require_system(ctx)
    rows = waiting(ctx, Channel.SLACK, command.message_ids, (MessageState.PENDING, MessageState.SENDING))
    staff_ids = {row.id: int(row.recipient.removeprefix("staff:")) for row in rows}
    reached = _slack_accounts(ctx, set(staff_ids.values()))
    digest_ids = {row.about_id for row in rows if row.kind is MessageKind.DIGEST}
    digests = digests_in_slack(ctx, digest_ids) if digest_ids else {}
    wanted = [
        row
        for row in rows
        if staff_ids[row.id] in reached and (row.kind is not MessageKind.DIGEST or row.about_id in digests)
    ]
    notes = [
        _note(
            row,
            reached[staff_ids[row.id]],
            clear_token(ctx, reached[staff_ids[row.id]].token),
            digests.get(row.about_id) or _content(ctx, row),
        )
        for row in wanted
    ]
    told = {note.message_id for note in notes}
    unreachable = tuple(row.id for row in rows if row.id not in told)
    return SlackNotesLoaded(tuple(notes), unreachable)


class _Account(Struct, frozen=True):
    """``token`` is encrypted; empty where the settings' token serves."""

    user: SlackUser
    workspace: SlackWorkspace
    token: str


def _slack_accounts(ctx: Context, staff_ids: set[int]) -> dict[int, _Account]:
    is_same_place = and_(
        SlackInstallation.enterprise_id == SlackWorkspace.enterprise_id,
        SlackInstallation.team_id == SlackWorkspace.team_id,
    )
    query = (
        select(SlackUser, SlackWorkspace, SlackInstallation.bot_token)
        .join(SlackWorkspace, SlackWorkspace.id == SlackUser.workspace_id)
        .outerjoin(SlackInstallation, is_same_place)
        .join(StaffMember, StaffMember.id == SlackUser.staff_id)
        .where(
            SlackUser.staff_id.in_(staff_ids),
            SlackUser.confirmed_at.is_not(None),
            SlackWorkspace.removed_at.is_(None),
            StaffMember.disabled_at.is_(None),
        )
        .order_by(SlackUser.confirmed_at)
    )
    return {
        row.SlackUser.staff_id: _Account(row.SlackUser, row.SlackWorkspace, row.bot_token or "")
        for row in ctx.session.execute(query)
    }


def _note(row: Row[Any], account: _Account, token: str, content: Content) -> SlackNote:
    return SlackNote(
        message_id=row.id,
        kind=row.kind,
        generation=row.generation,
        ref=row.message_ref,
        user_id=account.user.user_id,
        team_id=account.workspace.team_id,
        enterprise_id=account.workspace.enterprise_id,
        token=token,
        content=content,
    )


def _content(ctx: Context, row: Row[Any]) -> Content:
    if row.kind in _COPIES:
        return copy_of(ctx, row.about_id, row, is_full=row.kind is MessageKind.IMPORT_FULL_COPY)
    return _CONTENTS[row.kind](ctx, row.about_id)


def _import_of_sender(ctx: Context, import_id: int) -> ImportShown:
    found = ctx.session.get_one(Import, import_id)
    return import_shown(ctx, ctx.session.get_one(StaffMember, found.staff_id), found)


def _report_of_sender(ctx: Context, report_id: int) -> ReportShown:
    found = ctx.session.get_one(ProgressReport, report_id)
    return report_shown(ctx, ctx.session.get_one(StaffMember, found.staff_id), found)


_COPIES = (MessageKind.IMPORT_COPY, MessageKind.IMPORT_FULL_COPY)
_CONTENTS: dict[MessageKind, Callable[[Context, int], Content]] = {
    MessageKind.SCOREBOARD: batch_progress,
    MessageKind.LINK_REQUEST: link_request_shown,
    MessageKind.OUTSIDE_JOIN: outside_join,
    MessageKind.HELD_MAIL: held_mail_shown,
    MessageKind.MAIL_QUESTION: questions_shown,
    MessageKind.UNREACHED: unreached,
    MessageKind.EXPORT: export_copy,
    MessageKind.IMPORT: _import_of_sender,
    MessageKind.IMPORT_ORDER: order_shown,
    MessageKind.REPORT: _report_of_sender,
    MessageKind.IMPORT_TEMPLATE: lambda ctx, staff_id: TemplateCopy(),
    MessageKind.RUN_TEMPLATE: lambda ctx, staff_id: TemplateCopy(ImportSubject.CATALOGUE),
    MessageKind.HOME: lambda ctx, staff_id: home_of(ctx, ctx.session.get_one(StaffMember, staff_id)),
}
