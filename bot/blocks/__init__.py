"""Block Kit builders: one pure function a result, found by the result's class name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.blocks.batches import draw_invited, draw_preview, draw_recalled
from bot.blocks.courses import draw_courses, draw_run
from bot.blocks.help import draw_compose, draw_help
from bot.blocks.home import draw_home
from bot.blocks.invitation_changes import (
    draw_cancelled_several,
    draw_corrected,
    draw_resent_several,
    draw_restored,
)
from bot.blocks.invitations import draw_cancelled, draw_list, draw_resent
from bot.blocks.link_requests import draw_approved, draw_declined, draw_request
from bot.blocks.parts import Block, Message
from bot.blocks.quiet_hours import draw_quiet_hours
from bot.blocks.reminder_rules import draw_reminders
from bot.blocks.schedules import draw_scheduled
from bot.blocks.scoreboards import draw_scoreboard
from bot.blocks.slack_identity import draw_bound, draw_linked, draw_mailed

__all__ = ["BUILDERS", "Block", "Message", "draw"]

BUILDERS: Mapping[str, Callable[[Any], Message]] = MappingProxyType(
    {
        "AddressCorrected": draw_corrected,
        "BatchProgress": draw_scoreboard,
        "BatchRecalled": draw_recalled,
        "CodeMailed": draw_mailed,
        "ComposeInvitation": draw_compose,
        "CoursesListed": draw_courses,
        "Help": draw_help,
        "HomeShown": draw_home,
        "InvitationCancelled": draw_cancelled,
        "InvitationPreviewed": draw_preview,
        "InvitationResent": draw_resent,
        "InvitationsCancelled": draw_cancelled_several,
        "InvitationsListed": draw_list,
        "InvitationsResent": draw_resent_several,
        "InvitationsRestored": draw_restored,
        "LearnersInvited": draw_invited,
        "LinkRequestApproved": draw_approved,
        "LinkRequestDeclined": draw_declined,
        "LinkRequestShown": draw_request,
        "QuietHoursShown": draw_quiet_hours,
        "RemindersShown": draw_reminders,
        "RunShown": draw_run,
        "ScheduledListed": draw_scheduled,
        "StaffLinked": draw_linked,
        "WorkspaceBound": draw_bound,
    }
)


def draw(result: object) -> Message:
    return BUILDERS[type(result).__name__](result)
